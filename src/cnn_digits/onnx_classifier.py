"""OnnxDigitClassifier: reads digits by ONNX Runtime, which loads in a tenth of the time.

NumPy and ONNX Runtime alone: scikit-learn takes longer to load than to read a picture, so that the
few methods that its tools ask for are written out.
"""

import os
from functools import cached_property

import numpy as np

from cnn_digits.files import damage_named
from cnn_digits.image_classifier import PredictionMixin
from cnn_digits.metadata import Metadata
from cnn_digits.onnx_network import OnnxNetwork
from cnn_digits.pretrained import light_names, packaged_network

# Images that go through the network together; more is not faster.
_PER_CALL = 1024


class OnnxDigitClassifier(PredictionMixin):
    """Classifier that reads a file of `CNNDigitClassifier.export` by ONNX Runtime.

    Predicts as the classifier that was exported does, with its warnings, and loads neither
    Keras, TensorFlow nor scikit-learn: where only reading is wanted, a program starts in a tenth of
    the time. Stands at the end of a pipeline as any other. Takes `pip install "cnn-digits[onnx]"`.

    Read more in the user guide: :ref:`deployment`.

    Parameters
    ----------
    network : str or path-like, default="digits"
        A file that `CNNDigitClassifier.export` has written, `.onnx`, or "digits", the network of
        `load_pretrained`. Opened when it is first needed.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels; the columns of `predict_proba`.

    image_shape_ : tuple of three ints
        Height, width, channels.

    n_features_in_ : int
        Values per image in X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a DataFrame with string columns.

    See Also
    --------
    CNNDigitClassifier.export : Writes such a file.
    FrameDigits : Makes frames of pictures, for networks that were trained on them.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import CNNDigitClassifier, OnnxDigitClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNDigitClassifier(epochs=5, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     clf.export(Path(folder) / "digits.onnx")
    ...     light = OnnxDigitClassifier(Path(folder) / "digits.onnx").fit()
    >>> light.predict(X[:5])
    array([0, 1, 2, 3, 4])
    """

    def __init__(self, network="digits"):
        self.network = network

    def fit(self, X=None, y=None):
        """Open the file; nothing is learnt, the network is fitted.

        Parameters
        ----------
        X, y : Ignored
            For pipelines.

        Returns
        -------
        self : OnnxDigitClassifier

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or none of `CNNDigitClassifier.export`.
        ImportError
            If ONNX Runtime is missing, or can't be imported.
        """
        vars(self).pop("_opened", None)
        self._opened  # noqa: B018, which opens the file
        return self

    @property
    def classes_(self):
        return self._opened[1].classes

    @property
    def image_shape_(self):
        return self._opened[1].image_shape

    @property
    def n_features_in_(self):
        return self._opened[1].n_features_in

    @property
    def feature_names_in_(self):
        names = self._opened[1].feature_names_in
        if names is None:
            raise AttributeError("it was fitted without feature names")
        return np.array(names, dtype=object)

    @property
    def _pixel_range(self):
        return self._opened[1].pixel_range

    @property
    def _framed(self):
        return self._opened[1].framed

    @property
    def _knows_blank(self):
        return self._opened[1].knows_blank

    @cached_property
    def _opened(self):
        return _opened(os.fspath(self.network))

    def score(self, X, y, sample_weight=None):
        """Share of the images that are read right.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            As for `predict_proba`.

        y : array-like of shape (n,)
            Labels.

        sample_weight : array-like of shape (n,) or None, default=None
            What each image counts.

        Returns
        -------
        score : float
        """
        return float(np.average(self.predict(X) == np.asarray(y), weights=sample_weight))

    def get_params(self, deep=True):
        """Get parameters, as scikit-learn's estimators do.

        Parameters
        ----------
        deep : bool, default=True
            Without effect.

        Returns
        -------
        params : dict
            `network`.
        """
        return {"network": self.network}

    def set_params(self, **params):
        """Set parameters, as scikit-learn's estimators do; another file is opened.

        Parameters
        ----------
        **params : dict
            `network`.

        Returns
        -------
        self : OnnxDigitClassifier
        """
        unknown = sorted(set(params) - {"network"})
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no parameter; expected 'network'.")
        vars(self).pop("_opened", None)
        vars(self).update(params)
        return self

    def _given(self, X):
        return X

    def _probabilities(self, images):
        network = self._opened[0]
        dtype = np.uint8 if network.dtype == "uint8" else np.float32
        pixels = images.astype(dtype)
        if dtype == np.uint8 and not np.array_equal(pixels, images):
            raise ValueError(
                f"X has pixels that are no whole numbers from 0 to 255, but {self.network} takes "
                "uint8. Export it with dtype='float32', or give them as they were in fit."
            )
        starts = range(0, len(pixels), _PER_CALL)
        return np.concatenate([network(pixels[i : i + _PER_CALL]) for i in starts])

    def __getstate__(self):
        return self.get_params()  # a network at work can't be pickled

    def __repr__(self):
        return f"OnnxDigitClassifier({self.network!r})"

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        # Asked for by scikit-learn, which then is loaded.
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(three_d_array=True),
            requires_fit=False,
        )


def _opened(network):
    """A network that is named, or in a file, and its metadata."""
    if os.path.isfile(network) and network not in light_names():
        return _from_file(network)
    if network in light_names():
        with packaged_network(network, light_names(), ".onnx") as path:
            return _from_file(path)
    raise FileNotFoundError(
        f"network={network!r} is neither a file nor a network that comes with cnn-digits in this "
        f"form: {', '.join(map(repr, light_names()))}."
    )


def _from_file(path):
    network = OnnxNetwork(path)
    with damage_named(path):
        return network, Metadata.from_entries(network.metadata)
