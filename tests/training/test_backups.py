import json
import os
import re
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest

from cnn_digits.training.backups import Backups


@pytest.fixture
def backups(tmp_path):
    """Backups after three epochs, of which two are kept."""
    backups = Backups(tmp_path / "backup")
    for epoch in (1, 2, 3):
        backups.write(epoch, {"epoch": epoch}, {"a": [np.full(5, epoch)], "b": [np.eye(2)] * 11})
    return backups


def epoch_of(found):
    """The epoch of a backup whose values and arrays must be those of one."""
    values, arrays = found
    np.testing.assert_array_equal(arrays["a"], [[values["epoch"]] * 5])
    return values["epoch"]


class TestBackups:
    def test_what_is_written_is_read(self, backups, tmp_path):
        values, arrays = Backups(tmp_path / "backup").newest()
        assert values == {"epoch": 3}
        assert arrays["a"][0].dtype == np.full(5, 3).dtype
        assert len(arrays["b"]) == 11
        assert epoch_of((values, arrays)) == 3

    def test_values_of_any_kind(self, tmp_path):
        values = {"infinite": [float("inf"), 0.1 + 0.2], "none": None, "name": "Ziffer ½"}
        arrays = {"a": [np.array(3, np.uint32), np.zeros((0, 2), np.float16), np.eye(3).T[::2]]}
        Backups(tmp_path).write(1, values, arrays)
        found, found_arrays = Backups(tmp_path).newest()
        assert found == values
        for one, other in zip(arrays["a"], found_arrays["a"], strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)

    def test_the_last_two_are_kept(self, backups, tmp_path):
        assert sorted(os.listdir(tmp_path / "backup")) == ["epoch-2.npz", "epoch-3.npz"]

    def test_the_tenth_is_newer_than_the_ninth(self, tmp_path):
        for epoch in (9, 10):
            Backups(tmp_path).write(epoch, {"epoch": epoch}, {"a": [np.full(5, epoch)]})
        assert epoch_of(Backups(tmp_path).newest()) == 10

    @pytest.mark.parametrize("folder", ["missing", "empty"])
    def test_nothing(self, tmp_path, folder):
        (tmp_path / "empty").mkdir()
        assert Backups(tmp_path / folder).newest() is None
        Backups(tmp_path / folder).remove()

    def test_any_damage_is_noticed_and_the_one_before_is_used(self, backups, tmp_path):
        path = tmp_path / "backup" / "epoch-3.npz"
        whole = path.read_bytes()
        cut = [whole[:n] for n in np.linspace(0, len(whole) - 1, 20).astype(int)]
        for content in [*cut, b"\0" * len(whole)]:
            path.write_bytes(content)
            with pytest.warns(UserWarning, match=r"epoch-3\.npz can't be read: .* before it"):
                assert epoch_of(backups.newest()) == 2

    @pytest.mark.filterwarnings("ignore:.*can't be read:UserWarning")
    def test_flipped_bits_never_give_other_values(self, backups, tmp_path):
        path = tmp_path / "backup" / "epoch-3.npz"
        whole = path.read_bytes()
        rng = np.random.default_rng(0)
        for position in rng.integers(0, len(whole), 200):
            content = bytearray(whole)
            content[position] ^= 1 << rng.integers(8)
            path.write_bytes(content)
            assert epoch_of(backups.newest()) in (2, 3)

    @pytest.mark.filterwarnings("ignore:.*The one before it:UserWarning")
    def test_nothing_whole_is_to_begin_anew(self, backups, tmp_path):
        for path in (tmp_path / "backup").iterdir():
            path.write_bytes(b"")
        with pytest.warns(UserWarning, match=r"epoch-2\.npz can't be read: .*begins anew"):
            assert backups.newest() is None
        # What was damaged does not stand in the way of what comes.
        backups.write(1, {"epoch": 1}, {"a": [np.full(5, 1)]})
        assert os.listdir(tmp_path / "backup") == ["epoch-1.npz"]
        assert epoch_of(backups.newest()) == 1

    @pytest.mark.parametrize("name", ["state.json", "latest.weights.h5", "notes"])
    def test_something_else_in_the_folder_is_refused(self, tmp_path, name):
        (tmp_path / name).write_text("{}")
        with pytest.raises(ValueError, match=rf"holds {re.escape(name)}.*Remove the folder"):
            Backups(tmp_path).newest()
        Backups(tmp_path).remove()
        assert os.listdir(tmp_path) == [name]

    @pytest.mark.parametrize("values", [{"format": 2}, {}, [], None])
    def test_another_version_is_refused(self, tmp_path, values):
        with zipfile.ZipFile(tmp_path / "epoch-1.npz", "w") as archive:
            archive.writestr("values.json", json.dumps(values))
        with pytest.raises(ValueError, match="can't be used, it was written by another version"):
            Backups(tmp_path).newest()

    def test_remove(self, backups, tmp_path):
        (tmp_path / "backup" / ".cnn-digits.abc").write_text("of a process that was killed")
        backups.remove()
        backups.remove()
        assert os.listdir(tmp_path) == []

    def test_a_folder_that_was_removed_meanwhile(self, backups, tmp_path):
        backups.remove()
        backups.write(4, {"epoch": 4}, {"a": [np.full(5, 4)]})
        assert epoch_of(backups.newest()) == 4


@contextmanager
def small_files():
    """No file may grow beyond 20 kB."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestNoSpace:
    def test_one_line_and_what_was_there_stays(self, backups, tmp_path):
        folder = tmp_path / "backup"
        with small_files(), pytest.raises(OSError, match="too large") as error:
            backups.write(4, {"epoch": 4}, {"a": [np.zeros(5_000)]})
        message = str(error.value)
        assert message.startswith(f"Epoch 4 can't be backed up in {folder}: ")
        assert message.endswith("too large. Training ends; next time it goes on after epoch 3.")
        assert sorted(os.listdir(folder)) == ["epoch-2.npz", "epoch-3.npz"]
        assert epoch_of(backups.newest()) == 3

    def test_the_first(self, tmp_path):
        backups = Backups(tmp_path / "backup")
        with small_files(), pytest.raises(OSError, match=r"next time it begins anew\.$"):
            backups.write(1, {"epoch": 1}, {"a": [np.zeros(5_000)]})
        assert os.listdir(tmp_path / "backup") == []
        assert backups.newest() is None

    def test_a_file_for_a_folder(self, tmp_path):
        (tmp_path / "backup").write_text("")
        with pytest.raises(OSError, match=r"can't be backed up in .*: File exists\."):
            Backups(tmp_path / "backup").write(1, {}, {})
