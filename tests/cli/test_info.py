import json

from cnn_digits import __version__
from cnn_digits.cli import main


def test_text(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    for word in ("tensorflow", "keras", "cpu:0", "precision", __version__):
        assert word in out


def test_json(capsys):
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cnn-digits"] == __version__
