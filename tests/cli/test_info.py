import json

from cnn_digits import __version__
from cnn_digits.cli import main
from cnn_digits.pretrained import network_names


def test_text(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    for word in ("tensorflow", "keras", "cpu:0", "precision", "digits", __version__):
        assert word in out


def test_json(capsys):
    assert main(["info", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cnn-digits"] == __version__
    assert found["pretrained"] == network_names()


def test_card(capsys, refused):
    for name in network_names():
        assert main(["info", "--card", name]) == 0
        assert capsys.readouterr().out.startswith(f"# Model card: {name}\n")
    refused(["info", "--card", "letters"], "'letters'", "'digits'")
