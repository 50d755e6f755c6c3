import pytest

import cnn_digits


def test_import_loads_nothing_heavy(run_python):
    heavy = "{'tensorflow', 'keras', 'scikeras', 'pandas', 'matplotlib'}"
    assert run_python(f"import sys, cnn_digits; print({heavy} & set(sys.modules))") == "set()"


def test_estimators_load_without_keras(run_python):
    code = (
        "import sys; from cnn_digits import Augment, CNNDigitClassifier, Normalize, Reshape;"
        "from cnn_digits import load_pretrained; CNNDigitClassifier();"
        "print({'tensorflow', 'keras', 'scikeras'} & set(sys.modules))"
    )
    assert run_python(code) == "set()"


def test_every_public_name_exists():
    for name in cnn_digits.__all__:
        assert getattr(cnn_digits, name) is not None
    assert dir(cnn_digits) == sorted(cnn_digits.__all__)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'CNN'"):
        cnn_digits.CNN  # noqa: B018
