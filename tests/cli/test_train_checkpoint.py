import os

import numpy as np
import pytest

from cnn_digits import CNNDigitClassifier
from cnn_digits.cli import main


@pytest.fixture
def argv(digits, tmp_path):
    """A short training with a checkpoint."""
    np.savez(tmp_path / "digits.npz", X=digits[0][:300], y=digits[2][:300])
    argv = ["train", f"{tmp_path}/digits.npz", "--model", f"{tmp_path}/m", "--epochs", "2"]
    return [*argv, "--architecture", "lenet5", "--checkpoint", f"{tmp_path}/backup"]


def test_a_disk_without_room(argv, tmp_path, capsys):
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        assert main(argv) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    err = capsys.readouterr().err
    assert err.startswith(f"cnn-digits: Epoch 1 can't be backed up in {tmp_path}/backup")
    assert err.count("\n") == 1
    assert not (tmp_path / "m").exists()
    assert os.listdir(tmp_path / "backup" / "cnn-digits-backup") == []
    assert main(argv) == 0
    assert CNNDigitClassifier.load(tmp_path / "m").n_iter_ == 2
    assert os.listdir(tmp_path / "backup") == []


def test_a_damaged_backup_is_told(argv, tmp_path, capsys):
    folder = tmp_path / "backup" / "cnn-digits-backup"
    folder.mkdir(parents=True)
    (folder / "epoch-1.npz").write_text("no backup")
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err.startswith(f"cnn-digits: warning: {folder}/epoch-1.npz can't be read: ")
    assert err.endswith("Training begins anew.\n")
    assert "Going on" not in out
    assert not folder.exists()


def test_what_another_version_has_left(argv, tmp_path, capsys):
    folder = tmp_path / "backup" / "cnn-digits-backup"
    folder.mkdir(parents=True)
    (folder / "training_metadata.json").write_text('{"epoch": 3}')
    assert main(argv) == 2
    assert "Remove the folder to begin anew" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()
