"""NumberReader: reads numbers on pictures, in scikit-learn's manner.

Checks what comes in and says what comes out; all that needs Keras is done elsewhere, and loaded
when it is first needed, because that takes seconds.
"""

# Over 400 lines, because most of them document the parameters, attributes and methods.

import functools
import json
import os
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metadata_routing import UNUSED

from cnn_digits.onnx_network import OnnxNetwork, is_available
from cnn_digits.pretrained import light_reader_names, packaged_network, reader_names
from cnn_digits.reading.calibration import Calibration
from cnn_digits.reading.examination import Examiner
from cnn_digits.reading.labels import LONGEST, digits_of, texts_of
from cnn_digits.reading.line_reader import LineReader
from cnn_digits.reading.pictures import pictures_of

_AUTO = StrOptions({"auto"})


class NumberReader(BaseEstimator):
    """Read numbers on pictures: photos, scans, fields of a form, whole pages.

    Finds lines of writing, and reads each with a convolutional network trained by connectionist
    temporal classification [1]_, which takes a line as a whole: digits may touch or overlap. Paper
    may be white, ruled, boxed or patterned, and ink darker or lighter than it.

    Works as it is, without `fit`, by a network that comes with the package. `fit` goes on from
    there with pictures of your own.

    Read more in the user guide: :ref:`numbers`.

    Parameters
    ----------
    network : str or path-like, default="numbers"
        Which network reads, and which `fit` goes on from: the name of one that comes with the
        package, or a file that `save` has written.

    lines : "auto" or 1, default="auto"
        How many lines of writing are on a picture. "auto" looks for them; 1 takes each picture for
        the field of one line, cut out of a form.

    separators : bool, default=False
        Whether what groups the digits of a number is kept: dots, commas, hyphens, strokes, currency
        signs and spaces. Without, "1,250.-" is read as "1250".

    rotate : "auto" or None, default=None
        "auto" reads each picture as it lies, on either side and upside down, and keeps what reads
        best, in four times the time.

    epochs : int or "auto", default="auto"
        Passes over the pictures in `fit`. "auto" takes more of few.

    learning_rate : float or "auto", default="auto"
        Highest rate of Adam in `fit`, which climbs to it and descends to zero along a cosine.

    batch_size : int or "auto", default="auto"
        Lines of writing per gradient step in `fit`.

    random_state : int, RandomState instance or None, default=None
        Seeds order and distortion in `fit`. The same int gives the same weights bit for bit on the
        same machine with the same number of threads.

    verbose : int, default=0
        1 prints a line for each epoch of `fit`.

    Attributes
    ----------
    network_ : keras.Model
        After `fit` or `load`: from strips of writing, 24 pixels high, to logits of blank and
        symbols, one for each second column.

    history_ : dict of lists
        After `fit` or `load`: for each epoch "loss" and "learning_rate".

    See Also
    --------
    CNNDigitClassifier : Reads images of one digit each.
    NumbersDisplay : Draws what was read where it stands.
    read_images : Reads pictures into memory; needed by others, not by this.

    References
    ----------
    .. [1] A. Graves, S. Fernández, F. Gomez and J. Schmidhuber, "Connectionist temporal
       classification: labelling unsegmented sequence data with recurrent neural networks", ICML
       2006.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> from cnn_digits import NumberReader
    >>> paper = Image.new("L", (190, 100), 230)
    >>> pen = ImageDraw.Draw(paper)
    >>> for stroke in (
    ...     [(30, 22), (62, 20), (42, 78)],
    ...     [(92, 20), (78, 54), (116, 52)],
    ...     [(106, 36), (102, 78)],
    ...     [(145, 22), (142, 78)],
    ... ):
    ...     pen.line(stroke, fill=40, width=7, joint="curve")
    >>> reader = NumberReader()
    >>> reader.predict([paper])
    array(['741'], dtype='<U3')
    >>> digit = reader.read([paper])[0].numbers[0].digits[2]
    >>> digit.label, digit.box
    ('1', (138, 20, 11, 60))
    """

    _parameter_constraints = {
        "network": [str, os.PathLike],
        "lines": [_AUTO, Options(Integral, {1})],
        "separators": ["boolean"],
        "rotate": [_AUTO, None],
        "epochs": [Interval(Integral, 1, None, closed="left"), _AUTO],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), _AUTO],
        "batch_size": [Interval(Integral, 1, None, closed="left"), _AUTO],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Pictures and numbers are what others call X and y: no metadata to be asked for.
    __metadata_request__fit = __metadata_request__score = {"pictures": UNUSED, "numbers": UNUSED}
    __metadata_request__predict = {"pictures": UNUSED}

    # What opens the network of the parameter, once it was needed: (network, FittedReader, answers).
    _opened = None

    # What reads with the network of a fit or a file.
    _answers = None

    def __init__(
        self,
        network="numbers",
        *,
        lines="auto",
        separators=False,
        rotate=None,
        epochs="auto",
        learning_rate="auto",
        batch_size="auto",
        random_state=None,
        verbose=0,
    ):
        self.network = network
        self.lines = lines
        self.separators = separators
        self.rotate = rotate
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose

    def read(self, pictures):
        """Read what is written, with places and probabilities.

        Parameters
        ----------
        pictures : list of paths, of Pillow's images or of arrays, or array of shape (n, h, w[, c])
            Arrays have the shape (h, w), (h, w, 3) or (h, w, 4), whose fourth channel is opacity;
            any real dtype, any scale. Their sizes may differ. A single one will do.

        Returns
        -------
        readings : list of Reading
            One for each picture: its lines, their numbers, the digits of these; empty where no
            number was found. See :class:`~cnn_digits.reading.results.Reading`.

        Raises
        ------
        TypeError, ValueError
            If something is no picture, or a file is damaged or so large that it may be an attack on
            the memory (see :ref:`bounds`); it is named.
        FileNotFoundError, IsADirectoryError
            If there is no such file, or it is a folder.
        RuntimeError
            In a process that was forked from one in which Keras had computed, where it would
            wait for ever; see :ref:`fork`.

        Warns
        -----
        UserWarning
            If no number was found on some pictures; if some are likely upside down or on their
            side; if a number is longer than 40 digits.
        """
        return self._read(pictures_of(pictures))

    def predict(self, pictures):
        """Read the numbers.

        Parameters
        ----------
        pictures : list or array
            As for `read`, with its errors and warnings.

        Returns
        -------
        numbers : ndarray of str, shape (n,)
            Leading zeros are kept. Of several numbers on a picture, those of a line have a space
            between them, and lines a newline. "" where no number was found.
        """
        return np.array([reading.text for reading in self._read(pictures_of(pictures))], dtype=str)

    def confidence(self, pictures):
        """Probability that all that `predict` says of a picture is right.

        Parameters
        ----------
        pictures : list or array
            As for `read`, with its errors and warnings.

        Returns
        -------
        confidence : ndarray of float64, shape (n,)
            0 where no number was found.
        """
        return np.array([reading.confidence for reading in self._read(pictures_of(pictures))])

    def score(self, pictures, numbers):
        """Share of the pictures that are read right, each as a whole.

        Parameters
        ----------
        pictures : list or array
            As for `read`, with its errors and warnings.

        numbers : array-like of shape (n,)
            What is written on them: texts, as `predict` returns them. Whole numbers will do where
            none has leading zeros.

        Returns
        -------
        score : float
        """
        pictures = pictures_of(pictures)
        texts = texts_of(numbers, len(pictures))
        read = [reading.text for reading in self._read(pictures)]
        return float(np.mean([a == b for a, b in zip(read, texts, strict=True)]))

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, pictures, numbers):
        """Go on from the network with pictures of your own and what is written on them.

        No digit needs a box. A few hundred pictures are enough to gain.

        Parameters
        ----------
        pictures : list or array
            As for `read`.

        numbers : array-like of shape (n,)
            The digits on each, texts, in the form that `predict` returns; without separators.

        Returns
        -------
        self : NumberReader

        Raises
        ------
        TypeError, ValueError
            As for `read`; if there are not as many numbers as pictures, one holds anything else
            than digits or has more than 40, or there is nothing to learn from. A network fitted
            before stays as it was.
        FileNotFoundError, IsADirectoryError, RuntimeError
            As for `read`.

        Warns
        -----
        UserWarning
            Of pictures that are left out: without ink, too narrow for their number, or of more or
            fewer lines than it has.
        """
        from cnn_digits.reading import tuning

        pictures = pictures_of(pictures)
        digits = digits_of(texts_of(numbers, len(pictures)))
        start = self._packaged()[0]
        samples, left_out = tuning.samples_of(pictures, digits, self.lines)
        _warn_of(left_out, pictures, "Nothing is learnt from {}: left out.", stacklevel=3)
        if not samples:
            raise ValueError("There is nothing to learn from: no picture has digits on it.")
        settings = tuning.settings_for(
            len(samples), self.epochs, self.learning_rate, self.batch_size, self.verbose
        )
        self._adopt(tuning.tuned(start, samples, settings, seed=_draw_seed(self.random_state)))
        return self

    def save(self, path):
        """Write the reader to a file that is safe to open: its parameters and its network.

        Read more in the user guide: :ref:`saving`.

        Parameters
        ----------
        path : str or path-like
            Replaced if it exists; never left half-written.

        Raises
        ------
        ValueError
            If parameters are not valid.
        OSError
            If the file can't be written.
        RuntimeError
            As for `read`.
        """
        from cnn_digits.reading import reader_file

        self._validate_params()
        reader_file.save(path, self._plain_parameters(), self._in_use()[0])

    @classmethod
    def load(cls, path):
        """Open a reader that `save` has written.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        reader : NumberReader

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is none of `save`, damaged, or of a later version.
        RuntimeError
            As for `read`.
        """
        from cnn_digits.reading import reader_file

        with reader_file.loaded(path) as (parameters, fitted):
            reader = cls(**parameters)
            reader._validate_params()
            reader._adopt(fitted)
        return reader

    def _read(self, pictures):
        """Readings of checked pictures; warns, for methods that users call."""
        self._validate_params()
        answers, calibration = self._answering()
        examiner = Examiner(answers, calibration, self.lines, self.separators)
        if self.rotate == "auto":
            readings = examiner.read_turned(pictures)
        else:
            readings = examiner.read(pictures)
            _warn_of_turned(pictures, examiner.lying_otherwise(pictures, readings))
        _warn_of(
            {i: "" for i, reading in enumerate(readings) if not reading.lines},
            pictures,
            "No number was found on {}: their readings are empty.",
        )
        _warn_of(
            {
                i: f"{len(number.digits)} digits"
                for i, reading in enumerate(readings)
                for number in reading.numbers
                if len(number.digits) > LONGEST
            },
            pictures,
            f"What was read on {{}} is longer than any number of {LONGEST} digits: it may be a "
            "pattern, or text.",
        )
        return readings

    def _answering(self):
        """What answers for strips, and how far it is to be believed.

        One of the package's by ONNX Runtime where that is installed: it loads in a tenth of the
        time that TensorFlow takes, and reads a quarter faster.
        """
        if self._answers is None and is_available() and self.network in light_reader_names():
            return _light(self.network)
        fitted, answers = self._in_use()
        return answers, fitted.calibration

    def _in_use(self):
        """The network of a fit or a file, or else that of the parameter, and what reads with it."""
        from cnn_digits.devices import check_alive

        check_alive()
        return self._packaged() if self._answers is None else (self._fitted, self._answers)

    def _packaged(self):
        """The network of the parameter, with what belongs to it."""
        if self._opened is None or self._opened[0] != self.network:
            self._opened = (self.network, *_opened(os.fspath(self.network)))
        return self._opened[1:]

    def _adopt(self, fitted):
        self._fitted, self._answers = fitted, _by_keras(fitted.network)
        self.network_, self.history_ = fitted.network, fitted.history

    def _plain_parameters(self):
        parameters = self.get_params()
        parameters["network"] = os.fspath(self.network)
        if isinstance(self.random_state, np.random.RandomState):
            parameters["random_state"] = None
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in parameters.items()
        }

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_opened", None)
        if state.pop("_answers", None) is not None:
            from cnn_digits.reading.reader_file import values_of

            del state["network_"], state["history_"]
            fitted = state.pop("_fitted")
            state["_packed"] = (values_of(fitted.network), fitted.calibration, fitted.history)
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "_packed" in state:
            from cnn_digits.devices import is_lifeless_fork

            # Left packed there, for every method to say so.
            if not is_lifeless_fork():
                from cnn_digits.reading.reader_file import FittedReader, new_network

                values, calibration, history = vars(self).pop("_packed")
                self._adopt(FittedReader(new_network(values), calibration, history))

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.target_tags.required = False
        return tags


@functools.lru_cache(maxsize=4)
def _light(name):
    """A network that comes with the package, by ONNX Runtime; shared by all who use it."""
    with packaged_network(name, light_reader_names(), ".onnx") as path:
        network = OnnxNetwork(path)
    calibration = Calibration(**json.loads(network.metadata["calibration"]))
    return LineReader(network), calibration


@functools.lru_cache(maxsize=4)
def _packaged(name):
    """A network that comes with the package, and what reads with it; shared by all who use it."""
    with packaged_network(name, reader_names()) as path:
        return _from_file(path)


def _from_file(path):
    from cnn_digits.reading import reader_file

    with reader_file.loaded(path) as (_, fitted):
        return fitted, _by_keras(fitted.network)


def _by_keras(network):
    from cnn_digits.reading.line_network import compiled_network

    return LineReader(compiled_network(network))


def _opened(network):
    """What reads with a network that is named, or in a file."""
    if os.path.isfile(network) and network not in reader_names():
        return _from_file(network)
    try:
        return _packaged(network)
    except ValueError as error:
        if network in reader_names():
            raise
        raise ValueError(
            f"network={network!r} is neither a file nor a network that comes with cnn-digits and "
            f"reads numbers: {', '.join(map(repr, reader_names()))}."
        ) from error


def _warn_of_turned(pictures, turned):
    """Warn of pictures that read better lying another way, with these readings."""
    found = {}
    for i, better in turned.items():
        how = "upside down" if better.turned == 180 else "on their side"
        found.setdefault(how, {})[i] = f"{better.text!r} if turned by {better.turned}°"
    for how, places in found.items():
        _warn_of(
            places,
            pictures,
            f"{{}} are likely {how}. rotate='auto' reads them as they should lie.",
            stacklevel=5,
        )


def _warn_of(found, pictures, message, stacklevel=4):
    """Warn of some pictures, if there are any: how many, and which are the first."""
    if found:
        names = [
            f"{pictures[i].name} ({why})" if why else pictures[i].name for i, why in found.items()
        ]
        first = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        warnings.warn(
            message.format(f"{len(found):,} of {len(pictures):,} pictures ({first})"),
            UserWarning,
            stacklevel=stacklevel,
        )


def _draw_seed(random_state):
    """The int itself, or one drawn, as scikit-learn does: exactly one."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
