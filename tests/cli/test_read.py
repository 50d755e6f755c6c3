"""Numbers on pictures, read by the network that comes with the package."""

import io
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnn_digits import NumberReader
from cnn_digits.cli import main
from cnn_digits.cli.handwriting import write_photo
from cnn_digits.cli.read import NO_NUMBER

NUMBERS = {"code.jpg": "3268", "Sum.jpg": "95", "zero.jpg": "04271"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photos of numbers, one that is blank, and a page of two lines."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name, number in NUMBERS.items():
        write_photo(folder / name, list(map(int, number)), rng)
    lines = [Image.open(folder / name).convert("L").resize((700, 300)) for name in NUMBERS]
    Image.fromarray(np.vstack(lines[:2])).save(folder / "page.png")
    Image.fromarray(np.full((90, 60), 230, np.uint8)).save(folder / "blank.png")
    return folder


@pytest.fixture(scope="module")
def found(photos):
    """What is printed of them for machines."""
    with redirect_stdout(io.StringIO()) as out:
        assert main(["read", str(photos), "--json"]) == 0
    return {
        Path(picture["file"]).name: picture for picture in json.loads(out.getvalue())["pictures"]
    }


def read(photos, *argv, names=NUMBERS):
    return main(["read", *(str(photos / name) for name in names), *argv])


class TestPrinted:
    def test_a_line_for_each_number(self, photos, capsys):
        assert read(photos, names=[*NUMBERS, "blank.png", "page.png"]) == 0
        out, err = capsys.readouterr()
        lines = [line.split() for line in out.splitlines()]
        assert lines[0] == ["file", "line", "number", "confidence"]
        for line, (name, number) in zip(lines[1:4], NUMBERS.items(), strict=True):
            assert line[:3] == [str(photos / name), "1", number]
            assert 0 < float(line[3].rstrip("%")) <= 100
        assert lines[4] == [f"{photos}/blank.png", "none", *NO_NUMBER.split()]
        assert [line[1:3] for line in lines[5:]] == [["1", "3268"], ["2", "95"]]
        assert err.splitlines() == [
            f"cnn-digits: no number was found on {photos}/blank.png",
            "cnn-digits: read by the network 'numbers', which comes with cnn-digits, as there is "
            "no --model; 'cnn-digits info --card numbers' tells of it",
        ]

    def test_what_is_doubtful(self, photos, found, capsys):
        sure = {name: found[name]["lines"][0]["numbers"][0]["confidence"] for name in NUMBERS}
        reject = sorted(sure.values())[1]
        assert read(photos, "--reject", f"{reject:.17g}") == 0
        *lines, last = capsys.readouterr().out.splitlines()[1:]
        marked = [name for name, line in zip(NUMBERS, lines, strict=True) if " ? " in line]
        assert marked == [name for name in NUMBERS if sure[name] < reject]
        assert len(marked) == 1
        assert last.startswith("1 of 3 doubtful: below 0.")

    def test_json(self, photos, found, tmp_path, capsys):
        assert found["blank.png"]["lines"] == []
        for name, number in NUMBERS.items():
            read_number = found[name]["lines"][0]["numbers"][0]
            assert (
                read_number["text"] == "".join(d["label"] for d in read_number["digits"]) == number
            )
            assert "doubtful" not in read_number
        argv = ["--json", "--reject", "1", "--out", f"{tmp_path}/o.csv", "--plots", f"{tmp_path}"]
        assert read(photos, *argv, names=["code.jpg"]) == 0
        one = json.loads(capsys.readouterr().out)
        assert one["pictures"][0]["lines"][0]["numbers"][0]["doubtful"] is True
        assert one["model"] is None
        assert one["pretrained"] == "numbers"
        assert one["out"] == f"{tmp_path}/o.csv"
        assert one["plots"] == [f"{tmp_path}/code-numbers.png"]

    def test_a_bar_on_a_terminal_alone(self, photos, capsys, monkeypatch):
        assert read(photos) == 0
        out, err = capsys.readouterr()
        assert "3/3" not in out + err
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        assert read(photos) == 0
        with_bar, bar = capsys.readouterr()
        assert with_bar == out
        assert "3/3" in bar
        assert bar.endswith(err)
        # One picture needs none.
        assert read(photos, names=["code.jpg"]) == 0
        assert "1/1" not in capsys.readouterr().err


class TestOptions:
    def test_lines_separators_and_rotate_are_the_readers_own(self, photos, tmp_path, capsys):
        Image.open(photos / "code.jpg").rotate(180).save(tmp_path / "turned.png")
        argv = ["read", f"{tmp_path}/turned.png", "--lines", "1", "--json"]
        assert main([*argv, "--rotate", "auto", "--separators"]) == 0
        found = json.loads(capsys.readouterr().out)["pictures"][0]
        assert found["text"] == "3268"
        assert found["turned"] == 180
        reader = NumberReader(lines=1, rotate="auto", separators=True)
        assert reader.read([found.pop("file")])[0].to_dict() == found

    def test_a_reader_from_a_file(self, photos, tmp_path, capsys, refused):
        NumberReader(lines=1).save(tmp_path / "own.cnn")
        argv = ["--model", f"{tmp_path}/own.cnn"]
        assert read(photos, *argv, "--json", names=["page.png", "zero.jpg"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        found = json.loads(out)
        assert found["model"] == f"{tmp_path}/own.cnn"
        # As it was saved, unless the command says otherwise.
        assert len(found["pictures"][0]["lines"]) <= 1
        assert found["pictures"][1]["text"] == "04271"
        assert read(photos, *argv, "--json", "--lines", "auto", names=["page.png"]) == 0
        assert len(json.loads(capsys.readouterr().out)["pictures"][0]["lines"]) == 2


class TestFiles:
    def test_table(self, photos, tmp_path, capsys):
        argv = ["--out", f"{tmp_path}/out.csv", "--reject", "0.0001"]
        assert read(photos, *argv, names=["zero.jpg", "blank.png", "page.png"]) == 0
        assert f"Wrote 3 numbers to {tmp_path}/out.csv" in capsys.readouterr().out
        table = pd.read_csv(tmp_path / "out.csv", dtype={"number": str})
        columns = "file line number confidence left top width height doubtful note"
        assert table.columns.tolist() == columns.split()
        assert table["number"].fillna("").tolist() == ["04271", "", "3268", "95"]
        assert table["doubtful"].tolist() == [False, True, False, False]
        assert table["note"].fillna("").tolist() == ["", "no number was found", "", ""]
        assert table["line"].dropna().tolist() == [1, 1, 2]
        # The box is that of the ink.
        red = np.asarray(Image.open(photos / "zero.jpg"))[..., 0]
        rows, columns = np.nonzero(red < 90)
        left, top, width, height = table.loc[0, "left":"height"]
        assert left == pytest.approx(columns.min(), abs=15)
        assert left + width == pytest.approx(columns.max(), abs=15)
        assert top == pytest.approx(rows.min(), abs=15)
        assert top + height == pytest.approx(rows.max(), abs=15)

    def test_plots_of_pictures_of_one_name(self, photos, tmp_path):
        for name in ("a/1.jpg", "b/1.png", "b/1.jpg", "c/1-NUMBERS.png", "c/" + "x" * 200 + ".jpg"):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            Image.open(photos / "code.jpg").save(path)
        folders = [f"{tmp_path}/{name}" for name in "abc"]
        assert main(["read", *folders, "--plots", f"{tmp_path}/plots"]) == 0
        names = sorted(path.name for path in (tmp_path / "plots").iterdir())
        assert names == [
            "1-NUMBERS-numbers.png",
            "1-numbers-2.png",
            "1-numbers-3.png",
            "1-numbers.png",
            "x" * 50 + "-numbers.png",
        ]
        for name in names:
            assert matplotlib.image.imread(tmp_path / "plots" / name).std() > 0

    @pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="no such names there")
    def test_names_of_any_bytes(self, photos, tmp_path, capsys):
        name = os.fsdecode(b"caf\xe9\n$x$.jpg")
        os.link(photos / "code.jpg", tmp_path / name)
        argv = [
            "read",
            f"{tmp_path}/{name}",
            "--plots",
            f"{tmp_path}",
            "--out",
            f"{tmp_path}/o.csv",
        ]
        assert main(argv) == 0
        assert r"\udce9\n$x$.jpg" in capsys.readouterr().out.splitlines()[1]
        assert b"caf\xe9\n$x$.jpg" in (tmp_path / "o.csv").read_bytes()
        assert (tmp_path / os.fsdecode(b"caf\xe9\n$x$-numbers.png")).is_file()


class TestBadInput:
    def test_pictures(self, photos, tmp_path, refused):
        refused(["read", f"{photos}/code.jpg", f"{tmp_path}/no.png"], "no file or folder", "no.png")
        refused(["read", f"{tmp_path}"], "holds no pictures")
        (tmp_path / "bad.png").write_bytes(b"bad")
        refused(["read", f"{photos}/code.jpg", f"{tmp_path}/bad.png"], "bad.png can't be read")
        refused(["read", f"{tmp_path}/bad.png", "--skip-bad"], "None of 1 pictures can be read")

    def test_bad_ones_are_left_out(self, photos, tmp_path, capsys):
        (tmp_path / "bad.png").write_bytes(b"bad")
        argv = [
            "read",
            f"{photos}/code.jpg",
            f"{tmp_path}/bad.png",
            f"{photos}/Sum.jpg",
            "--skip-bad",
        ]
        assert main([*argv, "--json", "--plots", f"{tmp_path}/plots"]) == 0
        out, err = capsys.readouterr()
        assert err.startswith(f"cnn-digits: left out: {tmp_path}/bad.png can't be read: ")
        found = json.loads(out)
        assert [picture["text"] for picture in found["pictures"]] == ["3268", "95"]
        assert len(found["skipped"]) == 1
        assert [Path(path).name for path in found["plots"]] == [
            "code-numbers.png",
            "Sum-numbers.png",
        ]

    def test_networks(self, photos, tmp_path, refused):
        argv = ["read", f"{photos}/code.jpg", "--model", f"{tmp_path}/own.cnn"]
        refused(argv, f"There is no file {tmp_path}/own.cnn", "NumberReader.save")
        (tmp_path / "own.cnn").write_text("")
        refused(argv, "own.cnn")

    def test_outputs_are_checked_before_anything_is_read(self, photos, tmp_path, refused):
        (tmp_path / "bad.png").write_bytes(b"bad")
        argv = ["read", f"{tmp_path}/bad.png"]
        refused([*argv, "--out", f"{tmp_path}"], "is a folder")
        refused([*argv, "--out", f"{tmp_path}/bad.png"], "--out", "would replace")
        refused(
            ["read", f"{tmp_path}", "--plots", f"{tmp_path}/new"], "--plots", "taken for one of"
        )
        os.rename(tmp_path / "bad.png", tmp_path / "a-numbers.png")
        (tmp_path / "a.png").write_bytes(b"bad")
        argv = ["read", f"{tmp_path}/a.png", f"{tmp_path}/a-numbers.png", "--plots", f"{tmp_path}"]
        refused(argv, "--plots", "would replace")
        argv = ["read", f"{tmp_path}/a.png", "--plots", f"{tmp_path}/new"]
        refused([*argv, "--out", f"{tmp_path}/new/a-numbers.png"], "would both write")

    @pytest.mark.parametrize("option", [["--lines", "2"], ["--rotate", "90"], ["--reject", "90"]])
    def test_options(self, option, capsys):
        with pytest.raises(SystemExit):
            main(["read", "a.png", *option])
        assert "usage: cnn-digits read" in capsys.readouterr().err
