import gzip
import io
import os
import stat
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnn_digits.files import (
    check_writable,
    damage_named,
    folder_written_whole,
    opened,
    remove_unfinished,
    writable_folder,
    written_whole,
)

is_root = hasattr(os, "geteuid") and os.geteuid() == 0
needs_permissions = pytest.mark.skipif(
    os.name == "nt" or is_root, reason="nothing is forbidden to root, nor like this on Windows"
)


class TestWrittenWhole:
    def test_new_and_old(self, tmp_path):
        for content in (b"first", b"second"):
            with written_whole(tmp_path / "file") as file:
                file.write(content)
            assert (tmp_path / "file").read_bytes() == content
            assert os.listdir(tmp_path) == ["file"]

    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    @pytest.mark.parametrize("is_there", [False, True])
    def test_error_leaves_everything_as_it_was(self, tmp_path, error, is_there):
        if is_there:
            (tmp_path / "file").write_text("before")
        with pytest.raises(error), written_whole(tmp_path / "file") as file:  # noqa: PT012
            file.write(b"half")
            raise error
        assert [path.read_text() for path in tmp_path.iterdir()] == ["before"] * is_there

    def test_old_file_stays_until_the_end(self, tmp_path):
        (tmp_path / "file").write_text("before")
        with written_whole(tmp_path / "file") as file:
            file.write(b"after")
            file.flush()
            assert (tmp_path / "file").read_text() == "before"

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
    def test_permissions(self, tmp_path):
        def mode(name):
            return stat.S_IMODE((tmp_path / name).stat().st_mode)

        (tmp_path / "any").write_text("")
        (tmp_path / "private").write_text("")
        (tmp_path / "private").chmod(0o600)
        for name in ("new", "private"):
            with written_whole(tmp_path / name) as file:
                file.write(b"")
        assert mode("new") == mode("any")
        assert mode("private") == 0o600

    @pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
    def test_link_is_followed(self, tmp_path):
        folder = tmp_path / "folder"
        folder.mkdir()
        (tmp_path / "link").symlink_to(folder / "file")
        with written_whole(tmp_path / "link") as file:
            file.write(b"content")
        assert (tmp_path / "link").is_symlink()
        assert (folder / "file").read_text() == "content"
        assert os.listdir(folder) == ["file"]

    def test_longest_name(self, tmp_path):
        with written_whole(tmp_path / ("x" * 255)) as file:
            file.write(b"content")
        assert (tmp_path / ("x" * 255)).read_bytes() == b"content"

    def test_what_a_killed_writer_has_left_is_removed_by_the_next(self, tmp_path):
        code = (
            "import os, signal, sys\n"
            "from cnn_digits.files import written_whole\n"
            "with written_whole(sys.argv[1]) as file:\n"
            "    file.write(b'half')\n"
            "    file.flush()\n"
            "    os.kill(os.getpid(), signal.SIGTERM)\n"
        )
        for _ in range(2):
            subprocess.run([sys.executable, "-c", code, tmp_path / "file"], check=False)
        assert [path.name for path in tmp_path.iterdir()] != []
        (tmp_path / ".hidden").write_text("somebody else's")
        with written_whole(tmp_path / "other") as file:
            file.write(b"content")
        assert sorted(os.listdir(tmp_path)) == [".hidden", "other"]

    def test_what_a_living_writer_has_written_so_far_stays(self, tmp_path):
        with written_whole(tmp_path / "slow") as slow:
            slow.write(b"first")
            with written_whole(tmp_path / "quick") as file:
                file.write(b"content")
            slow.write(b" and last")
        assert (tmp_path / "slow").read_bytes() == b"first and last"
        assert sorted(os.listdir(tmp_path)) == ["quick", "slow"]

    def test_several_at_once(self, tmp_path):
        def write(number):
            for _ in range(10):
                with written_whole(tmp_path / f"{number % 3}") as file:
                    file.write(b"%d" % number * 1000)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(write, range(6)))
        assert sorted(os.listdir(tmp_path)) == ["0", "1", "2"]
        for path in tmp_path.iterdir():
            assert len(set(path.read_bytes())) == 1

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
    def test_full_disk(self, tmp_path):
        import resource

        (tmp_path / "file").write_text("before")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            message = r"/file can't be written: File too large\.$"
            with pytest.raises(OSError, match=message), written_whole(tmp_path / "file") as file:
                file.write(bytes(5000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert os.listdir(tmp_path) == ["file"]
        assert (tmp_path / "file").read_text() == "before"

    def test_nothing_is_tried_where_nothing_can_be_written(self, tmp_path):
        with pytest.raises(IsADirectoryError), written_whole(tmp_path):
            pytest.fail("the block must not run")


class TestRemoveUnfinished:
    def test_only_what_is_being_written(self, tmp_path):
        with written_whole(tmp_path / "whole") as file:
            file.write(b"content")
        with pytest.raises(FileNotFoundError), written_whole(tmp_path / "half"):  # noqa: PT012
            remove_unfinished()
            assert os.listdir(tmp_path) == ["whole"]
        remove_unfinished()
        assert os.listdir(tmp_path) == ["whole"]


class TestCheckWritable:
    def test_writes_nothing(self, tmp_path):
        check_writable(tmp_path / "file")
        assert os.listdir(tmp_path) == []

    def test_folder(self, tmp_path):
        with pytest.raises(IsADirectoryError, match=r"is a folder; expected the name of a file"):
            check_writable(tmp_path)

    def test_no_folder(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
            check_writable(tmp_path / "missing" / "file")

    def test_file_for_a_folder(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(FileNotFoundError, match="there is no folder"):
            check_writable(tmp_path / "file" / "file")

    @pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
    def test_links_in_a_circle(self, tmp_path):
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
        for path in (tmp_path / "a", tmp_path / "a" / "file"):
            with pytest.raises(OSError, match=r"a(/file)? can't be written: Too many levels"):
                check_writable(path)
        assert (tmp_path / "a").is_symlink()

    def test_name_that_is_too_long(self, tmp_path):
        with pytest.raises(OSError, match=r"xxx can't be written: "):
            check_writable(tmp_path / ("x" * 1000))

    @pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no devices as files")
    def test_device_is_not_replaced(self):
        with pytest.raises(OSError, match=r"/dev/null can't be written"):
            check_writable("/dev/null")

    @pytest.mark.skipif(not os.path.exists("/proc/self"), reason="no folder that only seems to be")
    def test_folder_that_takes_no_files_though_permissions_allow_it(self):
        with pytest.raises(OSError, match="no file can be written in /proc"):
            check_writable("/proc/file")

    @needs_permissions
    def test_protected_folder(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match=r"no file can be .*Permission denied"):
            check_writable(tmp_path / "file")
        tmp_path.chmod(0o700)

    @needs_permissions
    def test_protected_file(self, tmp_path):
        (tmp_path / "file").write_text("")
        (tmp_path / "file").chmod(0o400)
        with pytest.raises(PermissionError, match="write-protected"):
            check_writable(tmp_path / "file")


class TestWritableFolder:
    def test_is_made(self, tmp_path):
        for _ in range(2):
            assert writable_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
            assert (tmp_path / "a" / "b").is_dir()

    def test_file(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(NotADirectoryError, match="is a file; expected a folder"):
            writable_folder(tmp_path / "file")
        with pytest.raises(NotADirectoryError):
            writable_folder(tmp_path / "file" / "below")

    @needs_permissions
    def test_protected(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match=r"no file can be .*Permission denied"):
            writable_folder(tmp_path)
        tmp_path.chmod(0o700)


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class TestOpened:
    @pytest.mark.parametrize(
        "data",
        [
            b"content",
            gzip.compress(b"content"),
            gzip.compress(b"con") + gzip.compress(b"tent"),
            zipped(file=b"content"),
            zipped(**{"folder/": b"", "folder/file": b"content", "__MACOSX/._file": b"x"}),
        ],
    )
    def test_content(self, tmp_path, data):
        (tmp_path / "any-name").write_bytes(data)
        with opened(tmp_path / "any-name") as file:
            assert file.read() == b"content"

    def test_empty(self, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        with opened(tmp_path / "file") as file:
            assert file.read() == b""

    @pytest.mark.parametrize("files", [{"folder/": b""}, {"a": b"1", "b": b"2"}])
    def test_zip_of_other_than_one_file(self, tmp_path, files):
        path = tmp_path / "file"
        path.write_bytes(zipped(**files))
        with pytest.raises(ValueError, match="expected a zip of one file"), opened(path):
            pass

    @pytest.mark.parametrize("by_name", [False, True])
    def test_pipe(self, by_name):
        # As a shell's <(...) has it: nothing to go back in.
        if by_name and not os.path.exists("/dev/fd"):
            pytest.skip("no names of what is open")
        end, other = os.pipe()
        os.write(other, b"content")
        os.close(other)
        with opened(f"/dev/fd/{end}" if by_name else end) as file:
            assert file.read() == b"content"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files")
    def test_pipe_that_may_have_nobody_at_its_other_end(self, tmp_path):
        os.mkfifo(tmp_path / "file")
        with pytest.raises(ValueError, match="it is a pipe"), opened(tmp_path / "file"):
            pass


class TestDamageNamed:
    @pytest.mark.parametrize(
        "error",
        [
            EOFError("too short"),
            KeyError("too short"),
            OSError("too short"),
            ValueError("too\n  short"),
        ],
    )
    def test_becomes_one_line(self, error):
        expected = r"^a/b can't be read: '?too short'?$"
        with pytest.raises(ValueError, match=expected), damage_named("a/b"):
            raise error

    def test_error_without_text(self):
        message = r"read: it is damaged \(EOFError\)\.$"
        with pytest.raises(ValueError, match=message), damage_named("file"):
            raise EOFError

    def test_no_bare_word(self):
        message = r"read: it is damaged \(KeyError: 'dtype'\)\.$"
        with pytest.raises(ValueError, match=message), damage_named("file"):
            raise KeyError("dtype")

    @pytest.mark.parametrize(("text", "end"), [((), ""), (("3 GB",), " 3 GB")])
    def test_too_little_memory(self, text, end):
        message = rf"read: it takes more memory than there is\.{end}$"
        with pytest.raises(ValueError, match=message), damage_named("file"):
            raise MemoryError(*text)

    def test_missing_file_stays_one(self, tmp_path):
        path = tmp_path / "missing"
        with pytest.raises(FileNotFoundError, match="missing"), damage_named(path):
            path.read_bytes()

    def test_interrupt_is_no_damage(self):
        with pytest.raises(KeyboardInterrupt), damage_named("file"):
            raise KeyboardInterrupt


class TestFolders:
    def write(self, path, text):
        with folder_written_whole(path) as folder:
            folder.mkdir()
            (folder / "file").write_text(text)

    def test_replaced_as_a_whole(self, tmp_path):
        self.write(tmp_path / "folder", "before")
        (tmp_path / "folder" / "other").write_text("")
        self.write(tmp_path / "folder", "after")
        assert [path.name for path in tmp_path.rglob("*")] == ["folder", "file"]
        assert (tmp_path / "folder" / "file").read_text() == "after"

    def test_after_an_error_it_is_as_it_was(self, tmp_path):
        self.write(tmp_path / "folder", "before")
        with pytest.raises(KeyboardInterrupt), folder_written_whole(tmp_path / "folder") as folder:  # noqa: PT012
            folder.mkdir()
            raise KeyboardInterrupt
        # Nothing was made that could be moved into its place.
        with pytest.raises(FileNotFoundError), folder_written_whole(tmp_path / "folder"):
            pass
        assert [path.name for path in tmp_path.rglob("*")] == ["folder", "file"]
        assert (tmp_path / "folder" / "file").read_text() == "before"
