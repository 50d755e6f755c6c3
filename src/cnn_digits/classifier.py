"""CNNDigitClassifier: a convolutional network with the face of a scikit-learn classifier.

Checks what comes in and says what comes out; all that needs Keras is done elsewhere, and
loaded when it is first needed, because that takes seconds.
"""

# Over 400 lines, because most of them document the parameters, attributes and methods.

import math
import warnings
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from cnn_digits.augmentation import Augment, AugmentedImages
from cnn_digits.augmentation.augmented_images import originals
from cnn_digits.blank import is_blank
from cnn_digits.image_classifier import PredictionMixin
from cnn_digits.images import (
    ImageInputMixin,
    border_median,
    pictures_as_in_fit,
    pictures_in_fit,
    sample_rows,
)
from cnn_digits.layouts import check_one_label_each
from cnn_digits.scale import is_other_scale, pixel_range
from cnn_digits.targets import LabelledImages, check_labels, encode, split, total_weights

_ROUTING = (
    "Steps of a pipeline before the classifier don't see X_val, unless it is told: "
    "sklearn.set_config(enable_metadata_routing=True), the classifier's "
    "set_fit_request(X_val=True, y_val=True), Pipeline(steps, transform_input=['X_val']) and "
    "fit(X, y, X_val=X_val, y_val=y_val)."
)

_AUTO = StrOptions({"auto"})

_ARCHITECTURES = {"compact", "medium", "accurate", "lenet5", "simple", "deep"}


class CNNDigitClassifier(PredictionMixin, ImageInputMixin, ClassifierMixin, BaseEstimator):
    """Convolutional neural network for images of handwritten digits.

    Takes images as they come: flat rows or pictures, grey or colour, of any size and any
    pixel scale, with labels of any kind. Works wherever scikit-learn takes a classifier.

    Read more in the user guide: :ref:`architectures`, :ref:`training`.

    Parameters
    ----------
    architecture : {"compact", "medium", "accurate", "lenet5", "simple", "deep"} or callable
        The network, default="compact". "compact" is the fastest, "accurate" the most
        accurate and takes seven times as long, "medium" stands between them and is that of the
        network in the package (`load_pretrained`); the others are known from textbooks and
        notebooks. A callable is `f(image_shape, n_classes) -> keras.Model`, a new model
        in each call, from standardised images of shape (height, width, channels) to
        `n_classes` probabilities.

    epochs : int or "auto", default="auto"
        Passes over the training images: the one dial between speed and accuracy; the
        learning-rate schedule spans exactly these. "auto" is the architecture's own
        number, 10, and more on small data, so that 900 gradient steps are taken (100
        epochs at most).

    batch_size : int or "auto", default="auto"
        Images per gradient step. "auto" grows with the data, from 16 to 512 for "compact",
        256 for "medium" and "accurate" and 128 for the others.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Keras's name of an optimizer, or an instance, which is copied. Given by name, Adam
        and its kin forget faster with "compact", "medium" and "accurate" than in Keras:
        beta_1=0.5, beta_2=0.9.

    learning_rate : float or "auto", default="auto"
        Highest rate of the schedule. "auto" suits architecture, optimizer, schedule and
        batch size for "adam", "adamw", "nadam", "rmsprop" and "sgd"; others, and an optimizer
        given as an instance, keep their own.

    schedule : {"auto", "one_cycle", "reduce_on_plateau", "constant"}, default="auto"
        How the learning rate changes: up and down again along the whole fit [1]_, halved
        whenever the loss (of the validation images, if there are any) stops falling, or
        not at all. "auto" is "one_cycle", and "reduce_on_plateau" with `early_stopping`,
        which could end a cycle at a high rate.

    loss : str, keras.losses.Loss or callable, default="categorical_crossentropy"
        A Keras loss of one-hot targets and probabilities.

    label_smoothing : float in [0, 1) or "auto", default="auto"
        Share of the target spread evenly over all classes [2]_. "auto": the architecture's
        own, 0.1 for "compact", "medium" and "accurate" and 0 for the others; then logits are
        doubled in prediction, which makes up for it: probabilities come out calibrated [3]_ rather
        than cautious.

    dropout : float in [0, 1) or None, default=None
        Rate of the last dropout layer. None: the architecture's own. Without effect on a
        callable architecture.

    augment : Augment, None or "auto", default="auto"
        Random distortion of the training images, drawn anew in each epoch. "auto" is
        `Augment(rotation=10, zoom=0.15, shift=0.05, shear=8)` for images of 16 × 16 and
        more, which suits digits that are centred as MNIST's are; less of it down to 8 × 8;
        and None for smaller ones, for rows that had to be padded to a square, and in a fit
        of a single epoch, which is too short to gain by it. An `Augment` step before the
        classifier in a pipeline takes the place of either; None turns off both.

    image_shape : (height, width), (height, width, channels) or None, default=None
        None infers it. Needed for flat images that are not square or not grey.

    validation_fraction : float in (0, 1) or None, default=None
        Share of the training images set aside to measure `val_loss` and `val_accuracy`,
        drawn at random from each class. None sets none aside, or 0.1 with
        `early_stopping`. Without effect if `fit` is given `X_val`.

    early_stopping : bool, default=False
        Stop when the validation loss has not fallen for `n_iter_no_change` epochs, and
        return to the weights of the best epoch.

    n_iter_no_change : int, default=5
        Patience of `early_stopping`, in epochs; "reduce_on_plateau" waits half as long.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, {label: weight}, multiplied into the sample weights;
        "balanced" weighs each class by the inverse of its frequency.

    callbacks : list of keras.callbacks.Callback or None, default=None
        They see `model_` while it is learning, so they can save it. The objects themselves are
        used, and detached from the network after the fit.

    dtype_policy : {"auto", "float32", "mixed_bfloat16", "mixed_float16"}, default="auto"
        Precision of the network's arithmetic; weights are float32 in any case. "auto" is
        "float32", but `fit` computes in bfloat16 where that is known to be faster at the same
        accuracy: for "compact", "accurate", "simple" and "deep", on 10,000 images and more, on a
        machine that a short probe finds faster in it.

    warm_start : bool, default=False
        Whether a further `fit` goes on from the fitted network instead of a new one.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, order, dropout, augmentation and split. The same int gives the same
        weights bit for bit on the same machine with the same number of threads.

    verbose : {0, 1, 2}, default=0
        Nothing, a progress bar, or a line for each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels; the columns of `predict_proba`.

    model_ : keras.Model
        The fitted network, a plain Keras model of standard layers: raw images of shape
        (n, height, width, channels), uint8 or float, in; probabilities out.

    history_ : dict of lists
        For each epoch "loss", "accuracy" and "learning_rate" (at its end), and "val_loss"
        and "val_accuracy" if there were validation images. Goes on with `partial_fit` and
        `warm_start`. With label smoothing, "loss" is that of the smoothed targets, which for
        ten classes and 0.1 can't fall below 0.50; "val_loss" is that of the labels.

    n_iter_ : int
        Epochs run, those of `partial_fit` and `warm_start` added up.

    image_shape_ : tuple of three ints
        Height, width, channels.

    n_features_in_ : int
        Values per image in X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a DataFrame with string columns.

    See Also
    --------
    load_pretrained : A fitted classifier that comes with the package.
    Augment : Augmentation as a step of a pipeline.
    sklearn.neural_network.MLPClassifier : Network without convolutions.

    References
    ----------
    .. [1] L. N. Smith and N. Topin, "Super-convergence: very fast training of neural
       networks using large learning rates", 2018, arXiv:1708.07120.
    .. [2] C. Szegedy et al., "Rethinking the Inception architecture for computer vision",
       2016, arXiv:1512.00567.
    .. [3] C. Guo et al., "On calibration of modern neural networks", 2017,
       arXiv:1706.04599.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from cnn_digits import CNNDigitClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> clf = CNNDigitClassifier(epochs=10, random_state=0).fit(X_train, y_train)
    >>> clf.predict(X_test[:5])
    array([2, 8, 2, 6, 6])
    >>> clf.score(X_test, y_test) > 0.97
    True
    """

    _parameter_constraints = {
        "architecture": [StrOptions(_ARCHITECTURES), callable],
        "epochs": [Interval(Integral, 1, None, closed="left"), _AUTO],
        "batch_size": [Interval(Integral, 1, None, closed="left"), _AUTO],
        "optimizer": "no_validation",  # by Keras, which knows the names
        "learning_rate": [Interval(Real, 0, None, closed="neither"), _AUTO],
        "schedule": [StrOptions({"auto", "one_cycle", "reduce_on_plateau", "constant"})],
        "loss": "no_validation",  # by Keras, which knows the names
        "label_smoothing": [Interval(Real, 0, 1, closed="left"), _AUTO],
        "dropout": [Interval(Real, 0, 1, closed="left"), None],
        "augment": [Augment, _AUTO, None],
        "image_shape": [tuple, list, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "early_stopping": ["boolean"],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "callbacks": [list, tuple, None],
        "dtype_policy": [StrOptions({"auto", "float32", "mixed_bfloat16", "mixed_float16"})],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # The network as it was trained last, which need not be traced again.
    _twin = None

    def __init__(
        self,
        architecture="compact",
        *,
        epochs="auto",
        batch_size="auto",
        optimizer="adam",
        learning_rate="auto",
        schedule="auto",
        loss="categorical_crossentropy",
        label_smoothing="auto",
        dropout=None,
        augment="auto",
        image_shape=None,
        validation_fraction=None,
        early_stopping=False,
        n_iter_no_change=5,
        class_weight=None,
        callbacks=None,
        dtype_policy="auto",
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.architecture = architecture
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.augment = augment
        self.image_shape = image_shape
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.dtype_policy = dtype_policy
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train a network on images and labels.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of any real dtype and pixel scale. uint8 is cheapest; a memmap is read
            batch by batch. Flat rows are taken as square grey images unless `image_shape`
            says otherwise.

        y : array-like of shape (n,)
            Labels: numbers, strings, anything scikit-learn takes for classes.

        sample_weight : array-like of shape (n,) or None, default=None
            Not negative. Images of weight zero are left out.

        X_val, y_val : array-like or None, default=None
            Validation images and their labels, in place of `validation_fraction`.

        sample_weight_val : array-like or None, default=None
            Weights in the validation loss.

        Returns
        -------
        self : CNNDigitClassifier

        Raises
        ------
        ValueError, TypeError
            If data or parameters don't fit, before any training; ValueError if training
            diverges, so that the loss is infinite or NaN. A network fitted before stays as it
            was.
        RuntimeError
            In a process that was forked from one in which Keras had computed, where it would
            wait for ever; see :ref:`fork`.

        Warns
        -----
        UserWarning
            If flat rows are no square images and have to be zero-padded; if pixels of X_val show
            that it was not prepared as X was, by the steps of a pipeline for example; if a
            callback sets the learning rate, but `schedule` does so at every step.
        """
        if X_val is None and y_val is None:
            if sample_weight_val is not None:
                raise ValueError("sample_weight_val is given, but X_val and y_val are None.")
            return self._fit(X, y, sample_weight)
        if X_val is None or y_val is None:
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"X_val and y_val belong together; {missing} is None.")
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on a piece of the data, at a constant learning rate.

        Read more in the user guide: :ref:`large_data`.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            The first piece settles shape and pixel scale of all.

        y : array-like of shape (n,)
            Labels, each one of `classes`.

        classes : array-like of shape (n_classes,) or None, default=None
            All labels there will be. Required in the first call.

        sample_weight : array-like of shape (n,) or None, default=None
            Not negative. Images of weight zero are left out.

        Returns
        -------
        self : CNNDigitClassifier

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As for `fit`.

        Warns
        -----
        UserWarning
            If pixels in X are on another scale than those before, or X is not framed as those
            were, as for `predict_proba`.
        """
        is_first = not hasattr(self, "model_")
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit: a piece does not tell "
                "the frequencies of the whole. Use compute_class_weight('balanced', "
                "classes=classes, y=y) on all labels and pass the result as a dict."
            )
        if classes is None and is_first:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None:
            classes = np.unique(classes)
            if not is_first and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes={classes} is not the same as on the last call to partial_fit or "
                    f"fit, which was {self.classes_}."
                )
        return self._fit(X, y, sample_weight, classes=classes, is_partial=True)

    def save(self, path):
        """Write the fitted classifier to a file that is safe to open.

        Read more in the user guide: :ref:`saving`.

        Parameters
        ----------
        path : str or path-like
            Replaced if it exists; never left half-written.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If an optimizer, a loss or labels can't be written as text: a loss function of
            your own, say. Pickle the classifier then. If parameters are not valid, or
            weights not finite: `load` would refuse the file.
        OSError
            If the file can't be written.
        RuntimeError
            As for `predict_proba`.

        Notes
        -----
        A zip of JSON and arrays: parameters, labels, history, weights and the state of the
        optimizer. Left out are `callbacks`, a RandomState, and the code of an architecture of
        your own.
        """
        from cnn_digits import persistence

        check_is_fitted(self)
        self._validate_params()  # as `load` will
        _check_process()
        fitted = self._fitted(self.model_, self._blueprint)
        persistence.save(path, self._parameters(), fitted)

    @classmethod
    def load(cls, path, *, architecture=None):
        """Read a classifier that `save` has written.

        Read more in the user guide: :ref:`saving`.

        Parameters
        ----------
        path : str or path-like
            The file.

        architecture : callable or None, default=None
            The function that built the network, if it was one of your own: files hold no
            code. Must be None otherwise.

        Returns
        -------
        clf : CNNDigitClassifier
            Fitted; `partial_fit` and `warm_start` go on where it was.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is none of `save`, damaged, or of a later version, or if
            `architecture` is missing.
        RuntimeError
            As for `predict_proba`.
        """
        from cnn_digits import persistence

        _check_process()
        with (
            _float32_by_default(),
            persistence.loaded(path, architecture) as (parameters, fitted),
        ):
            CNNDigitClassifier(**parameters)._validate_params()
            # A subclass may take fewer.
            own = set(parameters) & set(cls._get_param_names())
            clf = cls(**{name: parameters[name] for name in own})
            clf._adopt(fitted)
        return clf

    def export(self, path, format=None, *, dtype="float32", images=None, quantize=False):
        """Write the fitted network to a file that runs without this package.

        Read more in the user guide: :ref:`deployment`.

        Parameters
        ----------
        path : str or path-like
            Replaced if it exists; never left half-written.

        format : {"onnx", "litert", "keras", "saved_model"} or None, default=None
            None goes by the ending: `.onnx`, `.tflite`, `.keras`, and none for the folder of a
            SavedModel. The first two take `pip install "cnn-digits[export]"`.

        dtype : {"float32", "uint8"}, default="float32"
            Of the images that the file takes, of shape (n, height, width, channels) and on the
            pixel scale of `fit`, any number of them. A `.keras` file takes either.

        images : array-like of shape (n, features), (n, h, w) or (n, h, w, c), default=None
            Images, as for `predict`, on which the file is tried; at most 1,000 are. None tries it
            on noise. With `quantize`, activations are measured on them: needed then, some hundred.

        quantize : bool, default=False
            Whether a LiteRT file computes in int8: a quarter of the size.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            If the ending stands for no format, images don't fit, `dtype` does not suit the pixels
            in `fit`, or the network has a layer that the format can't express, which is named. If
            the runtime of the format, where it is installed, reads the file and finds probabilities
            that differ from the network's by more than 1e-4, or in int8 other labels for more than
            one image in a hundred: nothing is written then.
        ModuleNotFoundError
            If a package is missing that writes this format.
        OSError
            If the file can't be written.
        RuntimeError
            As for `predict_proba`; if Keras does not run on TensorFlow, but for `.keras`.

        See Also
        --------
        OnnxDigitClassifier : Reads images with an ONNX file, without TensorFlow.
        save : Writes a file that `load` opens, to go on training for example.

        Notes
        -----
        The file computes in float32, whatever `dtype_policy` is. Labels, image shape, pixel range
        and whether the network expects frames, as `FrameDigits` makes them, are told in the
        metadata of an ONNX file, and in `cnn_digits.json` in the others: in a SavedModel's folder
        `assets.extra`, in the zip that a `.keras` file is, and that a `.tflite` file has at its
        end. Framing itself is in none of them.
        """
        from cnn_digits.export import export
        from cnn_digits.metadata import Metadata

        check_is_fitted(self)
        _check_process()
        if images is not None:
            images = self._images_as_in_fit(images, stacklevel=3)
        names = getattr(self, "feature_names_in_", None)
        metadata = Metadata(
            classes=self.classes_,
            image_shape=self.image_shape_,
            n_features_in=self.n_features_in_,
            feature_names_in=None if names is None else names.tolist(),
            pixel_range=self._pixel_range,
            framed=self._framed,
            knows_blank=self._knows_blank,
        )
        fitted = self._fitted(self.model_, self._blueprint)
        with _float32_by_default():
            export(
                fitted,
                metadata,
                path,
                format=format,
                dtype=dtype,
                images=images,
                quantize=quantize,
            )

    def _given(self, X):
        check_is_fitted(self)
        _check_process()
        return originals(X)

    def _probabilities(self, images):
        return self._predictor(images)

    def _fit(self, X, y, sample_weight, validation=None, *, classes=None, is_partial=False):
        """What `fit` and `partial_fit` have in common."""
        if hasattr(self, "model_"):
            _check_process()
        goes_on = (is_partial or self.warm_start) and hasattr(self, "model_")
        with self._undone_by_an_error(keeps_interrupted=is_partial or self.warm_start):
            X, augment = _unwrapped(X, self.augment)
            data, classes = self._prepare(X, y, sample_weight, classes, goes_on)
            with _float32_by_default():
                settings = self._settings(data, augment, validation is not None, is_partial)
                build_seed, split_seed, train_seed = self._seeds(goes_on)
                data, held_out = self._hold_out(data, classes, validation, settings, split_seed)
                if goes_on:
                    fitted = self._fitted(self.model_, self._blueprint)
                else:
                    fitted = self._build(data, classes, settings, build_seed)
                if not fitted.knows_blank and is_blank(data.images)[data.rows].any():
                    fitted = replace(fitted, knows_blank=True)
                try:
                    self._train(fitted, data, held_out, settings, train_seed)
                finally:
                    # Also if that was interrupted; after an error it is undone again.
                    self._adopt(fitted)
        return self

    def _prepare(self, X, y, sample_weight, classes, goes_on):
        """Images of shape (n, h, w, c) with class numbers and weights, and the classes."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        if goes_on:
            images, classes = self._images_as_in_fit(X, stacklevel=6), self.classes_
        else:
            images = pictures_in_fit(self, X, self.image_shape)
        y = check_labels(y, n_images=len(images), estimator=self)
        check_one_label_each(images, y)
        y, classes = encode(y, classes)
        weights = total_weights(sample_weight, self.class_weight, images, y, classes)
        rows = np.arange(len(y)) if weights is None else np.flatnonzero(weights)
        return LabelledImages(images, y, weights, rows), classes

    def _settings(self, data, augment, has_validation, is_partial):
        """The parameters without any "auto"."""
        from cnn_digits import auto, blueprint
        from cnn_digits.training.user_callbacks import check_callbacks, warn_of_no_effect

        blueprint.check_components(self.optimizer, self.loss)
        check_callbacks(self.callbacks)
        if isinstance(augment, Augment):
            augment._validate_params()  # which its own fit would do
        image_shape = data.images.shape[1:]
        settings = auto.resolve(
            self._parameters() | {"augment": augment},
            len(data),
            image_shape,
            is_padded=self.n_features_in_ < math.prod(image_shape),
            has_validation=has_validation,
            is_partial=is_partial,
        )
        warn_of_no_effect(settings.callbacks, settings.schedule)
        return settings

    def _parameters(self):
        """All parameters, of a subclass that takes only some of them too."""
        return {name: getattr(self, name) for name in CNNDigitClassifier._get_param_names()}

    def _seeds(self, goes_on):
        """Seeds of network, split and training; others in each fit that goes on."""
        n_epochs = self.n_iter_ if goes_on else 0
        return np.random.SeedSequence([_draw_seed(self.random_state), n_epochs]).spawn(3)

    def _hold_out(self, data, classes, validation, settings, seed):
        """Images to train and, or None, to validate on."""
        if validation is not None:
            return data, self._validation_images(*validation, data, classes)
        fraction = settings.validation_fraction
        if not fraction:
            return data, None
        seed = int(seed.generate_state(1)[0] >> 1)
        parts = split(data.classes, data.rows, classes, fraction, seed)
        return tuple(replace(data, rows=rows) for rows in parts)

    def _validation_images(self, X_val, y_val, sample_weight_val, data, classes):
        try:
            images = pictures_as_in_fit(self, originals(X_val), data.images.shape[1:])
        except (TypeError, ValueError) as error:
            raise type(error)(f"Validation data (X_val): {error} {_ROUTING}") from error
        try:
            y = check_labels(y_val, n_images=len(images), estimator=self)
            check_one_label_each(images, y)
            y, _ = encode(y, classes)
            weights = None
            if sample_weight_val is not None:
                weights = _check_sample_weight(sample_weight_val, images, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise type(error)(f"Validation data (X_val, y_val): {error}") from error
        _warn_of_skipped_steps(images, data)
        return LabelledImages(images, y, weights, np.arange(len(y)))

    def _build(self, data, classes, settings, seed):
        """A new network for these images and classes."""
        from cnn_digits.blueprint import Blueprint
        from cnn_digits.own_networks import check_probabilities

        sample = _sample(data)
        blueprint = Blueprint(
            architecture=self.architecture,
            dropout=settings.dropout,
            mean=float(sample.mean(dtype=np.float64)),
            std=float(sample.std(dtype=np.float64)) or 1.0,
            sharpness=settings.sharpness,
            dtype_policy=settings.dtype_policy,
            optimizer=self.optimizer,
            loss=self.loss,
            seed=int(seed.generate_state(1)[0]),
        )
        network = blueprint.build(sample.shape[1:], len(classes))
        if callable(self.architecture):
            check_probabilities(network, sample[:8], self.architecture)
        self.classes_, self.history_ = classes, {}
        self._framed, self._knows_blank = None, False
        self._pixel_range = pixel_range(sample)
        return self._fitted(network, blueprint)

    def _train(self, fitted, data, held_out, settings, seed):
        """Train the network and extend the history, in place."""
        from cnn_digits.training.loop import train
        from cnn_digits.training.stand_ins import TrainingTwin

        if self._twin is None or not self._twin.suits(fitted.network, settings):
            background = border_median(_sample(data))
            self._twin = TrainingTwin(fitted.network, settings, background)
        train(self._twin, data, held_out, settings, seed=seed, history=fitted.history)

    def _adopt(self, fitted):
        """Make a network, trained or read, the classifier's own."""
        from cnn_digits.prediction import Predictor

        if fitted.network is not getattr(self, "model_", None):
            self._predictor = Predictor(fitted.network)
        self.model_ = fitted.network
        self._blueprint = fitted.blueprint
        self.image_shape_ = fitted.network.input_shape[1:]
        self.classes_ = fitted.classes
        self._pixel_range = fitted.pixel_range
        self.history_ = fitted.history
        self.n_iter_ = len(fitted.history.get("loss", ()))
        self.n_features_in_ = fitted.n_features_in
        self._framed, self._knows_blank = fitted.framed, fitted.knows_blank
        if fitted.feature_names_in is not None:
            self.feature_names_in_ = fitted.feature_names_in

    def _fitted(self, network, blueprint):
        """What `_adopt` makes attributes of, with a history of its own."""
        from cnn_digits.persistence import Fitted

        return Fitted(
            network=network,
            blueprint=blueprint,
            classes=self.classes_,
            pixel_range=self._pixel_range,
            history={key: list(values) for key, values in self.history_.items()},
            n_features_in=self.n_features_in_,
            feature_names_in=getattr(self, "feature_names_in_", None),
            framed=self._framed,
            knows_blank=self._knows_blank,
        )

    @contextmanager
    def _undone_by_an_error(self, *, keeps_interrupted):
        """An error must not cost the network that was fitted before, nor change it."""
        before = dict(vars(self))
        network = before.get("model_")
        variables = [] if network is None else [*network.variables, *network.optimizer.variables]
        values = [variable.numpy() for variable in variables]
        try:
            yield
        except BaseException as error:
            is_kept = keeps_interrupted and isinstance(error, KeyboardInterrupt)
            if is_kept and self._is_finite():
                raise
            vars(self).clear()
            vars(self).update(before)
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            raise

    def _is_finite(self):
        from cnn_digits.training.divergence import has_finite_weights

        return not hasattr(self, "model_") or has_finite_weights(self.model_)

    def __getstate__(self):
        state = dict(super().__getstate__())
        if "_predictor" in state:
            from cnn_digits.persistence import packed_network

            state["model_"] = packed_network(state["model_"], state.pop("_blueprint"))
            del state["_predictor"]
            state.pop("_twin", None)
        own = _users_own(state)
        if own:
            from cnn_digits.persistence import custom_objects

            # First, because the rest may need them to be opened.
            state = {"_custom_objects": custom_objects(own), **state}
        return state

    def __setstate__(self, state):
        state = dict(state)
        state.pop("_custom_objects", None)  # to have opened them was enough
        if "model_" in state:
            from cnn_digits.devices import is_lifeless_fork

            if not is_lifeless_fork():
                self._set_fitted_state(state)
                return
            # Left packed, for every method to say so: a worker that can't even open what it is
            # given dies of it, and the pool waits for ever.
        super().__setstate__(state)

    def _set_fitted_state(self, state):
        from cnn_digits import persistence

        packed, building = state.pop("model_"), state.pop("_building", None)
        super().__setstate__(state)
        if building is not None:
            packed = persistence.packed_by_former_version(packed, building)
        with _float32_by_default():
            network, blueprint = persistence.unpacked_network(
                packed, self.image_shape_, len(self.classes_)
            )
        self._adopt(self._fitted(network, blueprint))

    def __sklearn_clone__(self):
        try:
            return super().__sklearn_clone__()
        except Exception:  # what a callback's own copying raises is up to its author
            _check_copies(self.callbacks)
            raise


def _float32_by_default():
    """A block in which Keras's default dtype does not matter."""
    from cnn_digits.devices import float32_by_default

    return float32_by_default


def _check_process():
    """Raise in a process in which a network would wait for ever."""
    from cnn_digits.devices import check_alive

    check_alive()


def _check_copies(callbacks):
    """Raise TypeError that names a callback that can't be copied, if there is one."""
    for i, callback in enumerate(callbacks or ()):
        try:
            deepcopy(callback)
        except Exception as error:  # a callback's own code; goes on with the callback's place
            raise TypeError(
                f"callbacks[{i}] is {callback!r}, which can't be copied, as searches and "
                f"cross-validation have to: {error}. Let it make what it can't copy in "
                "on_train_begin."
            ) from error


def _unwrapped(X, augment):
    """Images as they were before a step that distorts them, and the distortion that counts."""
    if isinstance(X, AugmentedImages):
        return X.originals(), None if augment is None else X.augment
    return X, augment


def _warn_of_skipped_steps(images, data):
    """Warn if validation images don't look like what the classifier is trained on."""
    sample, images = _sample(data), sample_rows(images)
    if is_other_scale(sample, images):
        warnings.warn(
            "Pixels in X_val range from {:g} to {:g}, with a mean of {:.3g}, but in X from {:g} to "
            "{:g}, with a mean of {:.3g}: validation images have to be prepared as the training "
            "images are. {}".format(
                *pixel_range(images), images.mean(), *pixel_range(sample), sample.mean(), _ROUTING
            ),
            UserWarning,
            stacklevel=7,
        )


def _sample(data):
    """Some of the images, to learn scale and background from."""
    return data.images[sample_rows(data.rows)]


def _users_own(state):
    """What a state to be pickled holds of objects and functions that are not this package's."""
    blueprint = state["model_"]["blueprint"] if "model_" in state else {}
    own = {
        name: [
            values[name]
            for values in (state, blueprint)
            if not isinstance(values.get(name), (str, type(None)))
        ]
        for name in ("architecture", "optimizer", "loss", "callbacks")
    }
    return {name: values for name, values in own.items() if values}


def _draw_seed(random_state):
    """The int itself, or one drawn, as scikit-learn does: exactly one."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
