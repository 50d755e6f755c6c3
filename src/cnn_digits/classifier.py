"""CNNDigitClassifier: a convolutional network with the face of a scikit-learn classifier.

Validates, encodes labels, resolves "auto", and delegates: networks to `architectures`,
training to `training`, prediction to `inference`, files and pickles to `persistence`.
"""

import math
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from cnn_digits.architectures import (
    ARCHITECTURES,
    build_network,
    check_probabilities,
    look_up,
)
from cnn_digits.images import (
    border_median,
    check_image_shape,
    check_images,
    check_same_shape,
    infer_image_shape,
    sample_rows,
    to_image_shape,
)
from cnn_digits.transformers import Augment, AugmentedImages

# Peak learning rates relative to Adam's, by name; other optimizers keep their own.
_RATE_RELATIVE_TO_ADAM = {"adam": 1, "adamw": 1, "nadam": 1, "rmsprop": 0.3, "sgd": 20}

# Gradient steps that a fit should take at least, however little data there is.
_MIN_STEPS = 900
_MAX_AUTO_EPOCHS = 100

# The shorter side from which on "auto" augments, and from which on as much as suits MNIST:
# smaller digits fill their frame, and a shift cuts them.
_MIN_AUGMENTED_SIDE = 8
_FULLY_AUGMENTED_SIDE = 16

# A single epoch sees each image once and hardly overfits: distortion has nothing to cure
# there, and costs time.
_MIN_AUGMENTED_EPOCHS = 2

# Predicting on pixels whose range is this many times smaller or larger than in fit is
# more likely a forgotten scaling than a faint image.
_RANGE_FACTOR = 10

_AUTO = StrOptions({"auto"})


class CNNDigitClassifier(ClassifierMixin, BaseEstimator):
    """Convolutional neural network for images of handwritten digits.

    Takes images as they come: flat rows or pictures, grey or colour, of any size and any
    pixel scale, with labels of any kind. Works wherever scikit-learn takes a classifier.

    Read more in the user guide: :ref:`architectures`, :ref:`training`.

    Parameters
    ----------
    architecture : {"compact", "accurate", "lenet5", "simple", "deep"} or callable
        The network, default="compact". "compact" is the fastest, "accurate" the most
        accurate and takes seven times as long; the others are known from textbooks and
        notebooks. A callable is `f(image_shape, n_classes) -> keras.Model`, from
        standardised images of shape (height, width, channels) to `n_classes`
        probabilities.

    epochs : int or "auto", default="auto"
        Passes over the training images: the one dial between speed and accuracy; the
        learning-rate schedule spans exactly these. "auto" is the architecture's own
        number, 10, and more on small data, so that 900 gradient steps are taken (100
        epochs at most).

    batch_size : int or "auto", default="auto"
        Images per gradient step. "auto" grows with the data, from 16 to 512 for "compact",
        256 for "accurate" and 128 for the others.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Keras's name of an optimizer, or an instance, which is copied. Given by name, Adam
        and its kin forget faster with "compact" and "accurate" than in Keras: beta_1=0.5,
        beta_2=0.9.

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
        own, 0.1 for "compact" and "accurate" and 0 for the others; then logits are doubled
        in prediction, which makes up for it: probabilities come out calibrated [3]_ rather
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
        The objects themselves are used, and detached from the network after the fit.

    dtype_policy : {"auto", "float32", "mixed_bfloat16", "mixed_float16"}, default="auto"
        Precision of the network's arithmetic; weights are float32 in any case. "auto" is
        "float32", but `fit` computes in bfloat16 where that is known to be faster at the same
        accuracy: for all named architectures but "lenet5", on 10,000 images and more, on a
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
        "architecture": [StrOptions(set(ARCHITECTURES)), callable],
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
            If data or parameters don't fit, before any training. A network fitted before
            stays as it was.

        Warns
        -----
        UserWarning
            If flat rows are no square images and have to be zero-padded.
        """
        validation = None
        if X_val is not None or y_val is not None:
            if X_val is None or y_val is None:
                missing = "X_val" if X_val is None else "y_val"
                raise ValueError(f"X_val and y_val belong together; {missing} is None.")
            validation = (X_val, y_val, sample_weight_val)
        elif sample_weight_val is not None:
            raise ValueError("sample_weight_val is given, but X_val and y_val are None.")
        resume = self.warm_start and hasattr(self, "model_")
        return self._fit(X, y, sample_weight, validation, resume=resume)

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
        ValueError, TypeError
            If data or parameters don't fit, before any training.
        """
        resume = hasattr(self, "model_")
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit: a piece does not tell "
                "the frequencies of the whole. Use compute_class_weight('balanced', "
                "classes=classes, y=y) on all labels and pass the result as a dict."
            )
        if classes is None and not resume:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None:
            classes = np.unique(classes)
            if resume and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes={classes} is not the same as on the last call to partial_fit or "
                    f"fit, which was {self.classes_}."
                )
        return self._fit(X, y, sample_weight, resume=resume, classes=classes, piece=True)

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of the shape seen in `fit`, flat or not.

        Returns
        -------
        proba : ndarray of shape (n, n_classes), float32
            Columns in the order of `classes_`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            If X is empty, sparse, ragged, not numeric, not finite, or of another shape
            than in `fit`.

        Warns
        -----
        UserWarning
            If the range of the pixels is far from that seen in `fit`, as when one of the
            two was scaled and the other was not.
        """
        check_is_fitted(self)
        images = check_images(self, _originals(X), reset=False)
        check_same_shape(self, images, self.image_shape_)
        self._warn_of_other_scale(images)
        return self._predictor(images)

    def predict(self, X):
        """Predict the class of each image.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            As for `predict_proba`, with its errors and its warning.

        Returns
        -------
        y_pred : ndarray of shape (n,)
            Labels out of `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

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
            your own, say. Pickle the classifier then.
        OSError
            If the file can't be written.

        Notes
        -----
        A zip of JSON and arrays: parameters, labels, history, weights and the state of the
        optimizer. Left out are `callbacks`, a RandomState, and the code of an architecture of
        your own.
        """
        from cnn_digits import persistence

        check_is_fitted(self)
        persistence.save(self, path)

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
        """
        from cnn_digits import persistence
        from cnn_digits.inference import Predictor

        clf = persistence.load(cls(), path, architecture)
        clf._predictor = Predictor(clf.model_, clf.image_shape_)
        clf._trainer = None
        return clf

    def _fit(self, X, y, sample_weight, validation=None, *, resume, classes=None, piece=False):
        before = dict(vars(self))
        variables = [*self.model_.weights, *self.model_.optimizer.variables] if resume else []
        values = [variable.numpy() for variable in variables]
        try:
            interrupt = self._validate_and_train(
                X, y, sample_weight, validation, resume=resume, classes=classes, piece=piece
            )
        except BaseException:
            # An error must not cost the network that was fitted before, nor change it.
            vars(self).clear()
            vars(self).update(before)
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            raise
        if interrupt is not None:
            raise interrupt
        return self

    def _validate_and_train(self, X, y, sample_weight, validation, *, resume, classes, piece):
        """Everything between arguments and fitted attributes, which are set last.

        Returns
        -------
        interrupt : KeyboardInterrupt or None
            The user's, if what was learnt up to it is kept.
        """
        check_image_shape(self.image_shape)
        images = check_images(self, _originals(X), reset=not resume)
        if resume:
            image_shape = self.image_shape_
            check_same_shape(self, images, image_shape)
        else:
            image_shape = infer_image_shape(images, self.image_shape)
        y, classes = self._encode(y, self.classes_ if resume else classes)
        check_consistent_length(images, y)
        weights = self._weights(sample_weight, images, y, classes)

        # Only now, because it takes seconds to load Keras.
        from cnn_digits import training
        from cnn_digits.inference import Predictor

        training.check_components(self.optimizer, self.loss, self.callbacks)
        history = {key: list(values) for key, values in self.history_.items()} if resume else {}
        entropy = [_draw_seed(self.random_state), len(history.get("loss", ()))]
        build_seed, split_seed, train_seed = np.random.SeedSequence(entropy).spawn(3)

        rows = np.arange(len(y)) if weights is None else np.flatnonzero(weights)
        held_out = None
        if validation is not None:
            held_out = self._validation_rows(*validation, image_shape, classes)
        elif not piece and (self.early_stopping or self.validation_fraction is not None):
            rows, rows_val = self._split(y, rows, classes, split_seed)
            held_out = training.Rows(images, y, weights, rows_val)
        data = training.Rows(images, y, weights, rows)
        sample = to_image_shape(images[sample_rows(rows)], image_shape)
        settings = self._resolve(X, len(rows), image_shape, piece)
        if resume:
            network = self.model_
        else:
            architecture = look_up(self.architecture)
            is_smoothed = self.label_smoothing == "auto"
            building = {
                "architecture": self.architecture,
                "dropout": self.dropout,
                "mean": float(sample.mean(dtype=np.float64)),
                "std": float(sample.std(dtype=np.float64)) or 1.0,
                "sharpness": architecture.sharpness if is_smoothed else 1.0,
            }
            with training.seeded_build(build_seed, settings.dtype_policy):
                network = build_network(image_shape, len(classes), **building)
                if callable(self.architecture):
                    check_probabilities(network, sample[:8], self.architecture)
                training.compile_network(
                    network, optimizer=self.optimizer, loss=self.loss, betas=architecture.betas
                )

        trainer, interrupt = training.train(
            network,
            data,
            held_out,
            settings,
            trainer=self._trainer if resume else None,
            image_shape=image_shape,
            background=border_median(sample),
            seed=train_seed,
            history=history,
        )
        if interrupt is not None and not (self.warm_start or piece):
            raise interrupt

        if not resume:
            self.classes_ = classes
            self.image_shape_ = image_shape
            self.model_ = network
            # What `save` needs; the parameters may be changed after the fit.
            self._building = {**building, "dtype_policy": settings.dtype_policy}
            self._pixel_range = float(sample.min()), float(sample.max())
            self._predictor = Predictor(network, image_shape)
        self._trainer = trainer
        self.history_ = history
        self.n_iter_ = len(history.get("loss", ()))
        return interrupt

    def _resolve(self, X, n_rows, image_shape, piece):
        """Put a value in the place of every "auto"; `piece` is for `partial_fit`."""
        from cnn_digits import training

        architecture = look_up(self.architecture)

        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = _auto_batch_size(n_rows, architecture.batch_size)

        epochs = 1 if piece else self.epochs
        if epochs == "auto":
            steps = math.ceil(n_rows / batch_size)
            epochs = max(architecture.epochs, min(_MAX_AUTO_EPOCHS, math.ceil(_MIN_STEPS / steps)))

        schedule = "constant" if piece else self.schedule
        own_rate = training.learning_rate_of(self.optimizer)
        has_own_schedule = own_rate is None
        if schedule == "auto":
            if has_own_schedule:
                schedule = "constant"
            else:
                schedule = "reduce_on_plateau" if self.early_stopping else "one_cycle"
        if has_own_schedule and (schedule != "constant" or self.learning_rate != "auto"):
            raise ValueError(
                "The optimizer has a learning-rate schedule of its own; schedule must be 'auto' or "
                f"'constant' and learning_rate 'auto'. Got schedule={self.schedule!r}, "
                f"learning_rate={self.learning_rate!r}."
            )

        learning_rate = self.learning_rate
        if learning_rate == "auto":
            learning_rate = own_rate
            if isinstance(self.optimizer, str) and self.optimizer.lower() in _RATE_RELATIVE_TO_ADAM:
                learning_rate = architecture.learning_rate * math.sqrt(batch_size / 128)
                learning_rate *= _RATE_RELATIVE_TO_ADAM[self.optimizer.lower()]
                if schedule != "one_cycle":
                    # A cycle is at its peak for a moment only.
                    learning_rate /= 4

        label_smoothing = self.label_smoothing
        if label_smoothing == "auto":
            label_smoothing = architecture.label_smoothing

        augment = self.augment
        if augment is not None and isinstance(X, AugmentedImages):
            augment = X.augment
        elif augment == "auto":
            side = min(image_shape[:2])
            is_padded = self.n_features_in_ < math.prod(image_shape)
            is_short = epochs < _MIN_AUGMENTED_EPOCHS and not piece
            if is_padded or is_short or side < _MIN_AUGMENTED_SIDE:
                augment = None
            elif side < _FULLY_AUGMENTED_SIDE:
                augment = Augment(rotation=8, zoom=0.08, shift=0.03)
            else:
                augment = Augment(zoom=0.15, shift=0.05, shear=8)
        if augment is not None:
            augment._validate_params()  # which its own fit would do

        is_auto = self.dtype_policy == "auto"
        is_large = architecture.bfloat16 and n_rows >= 10_000

        return training.Settings(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            schedule=schedule,
            label_smoothing=label_smoothing,
            augment=augment,
            dtype_policy="float32" if is_auto else self.dtype_policy,
            bfloat16=is_auto and is_large and training.bfloat16_pays(),
            early_stopping=self.early_stopping and not piece,
            patience=self.n_iter_no_change,
            callbacks=list(self.callbacks or ()),
            verbose=int(self.verbose),
        )

    def _encode(self, y, classes):
        """Class numbers of labels, and the classes: those given, or those in y."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=self)
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"y has shape {y.shape}; expected one label per image, shape ({len(y)},). For "
                "one-hot labels pass y.argmax(axis=1)."
            )
        y = column_or_1d(y, warn=True)
        if y.dtype == object and None in y.tolist():
            raise ValueError(f"y[{y.tolist().index(None)}] is None; expected a label per image.")
        check_classification_targets(y)
        if classes is None:
            encoder = LabelEncoder().fit(y)
            return encoder.transform(y), encoder.classes_
        unseen = np.setdiff1d(y, classes)
        if unseen.size:
            raise ValueError(f"y has labels {unseen.tolist()}, which are not in classes {classes}.")
        return np.searchsorted(classes, y), classes

    def _weights(self, sample_weight, images, y, classes):
        """Weights of samples times those of classes, or None if all are one."""
        if sample_weight is None and self.class_weight is None:
            return None
        weights = _check_sample_weight(sample_weight, images, dtype=np.float64)
        if weights.min() < 0:
            row = int(weights.argmin())
            raise ValueError(
                f"sample_weight[{row}] is {weights[row]}; negative weights are not supported."
            )
        if self.class_weight is not None:
            of_class = dict.fromkeys(classes, 1.0)
            if self.class_weight == "balanced":
                present = np.unique(y)
                balanced = compute_class_weight("balanced", classes=present, y=y)
                of_class.update(zip(classes[present], balanced, strict=True))
            else:
                unknown = set(self.class_weight) - set(of_class)
                if unknown:
                    raise ValueError(
                        f"class_weight has the labels {sorted(unknown)}, which are not in y; "
                        f"classes are {classes.tolist()}."
                    )
                of_class.update(self.class_weight)
            of_class = np.array([of_class[label] for label in classes], dtype=np.float64)
            if of_class.min() < 0 or not np.isfinite(of_class).all():
                raise ValueError(
                    f"class_weight={self.class_weight!r}; expected finite weights, none negative."
                )
            weights = weights * of_class[y]
        if not weights.any():
            raise ValueError("All weights are zero: there is no image left to learn from.")
        return weights.astype(np.float32)

    def _split(self, y, rows, classes, seed):
        """Rows to train and rows to validate on, drawn at random within each class."""
        fraction = 0.1 if self.validation_fraction is None else self.validation_fraction
        present, counts = np.unique(y[rows], return_counts=True)
        n_val = math.ceil(fraction * len(rows))
        scarce = [f"{classes[c]!r} ({n})" for c, n in zip(present, counts, strict=True) if n < 2]
        reason = None
        if scarce:
            reason = f"labels with a single image: {', '.join(scarce)}"
        elif n_val < len(present) or len(rows) - n_val < len(present):
            reason = f"{n_val} of {len(rows)} images for {len(present)} classes"
        else:
            split = train_test_split(
                rows,
                test_size=fraction,
                stratify=y[rows],
                random_state=int(seed.generate_state(1)[0] >> 1),
            )
            for part, name in zip(split, ("training", "validation"), strict=True):
                missing = np.setdiff1d(present, y[part])
                if missing.size:
                    labels = ", ".join(repr(label) for label in classes[missing])
                    reason = f"no {name} image of {labels}"
        if reason is not None:
            raise ValueError(
                f"validation_fraction={fraction} leaves a class out: {reason}. Give more images, "
                "another fraction, or validation images of your own (X_val, y_val)."
            )
        return split

    def _validation_rows(self, X_val, y_val, sample_weight_val, image_shape, classes):
        from cnn_digits.training import Rows

        try:
            images = check_images(self, _originals(X_val), reset=False)
            check_same_shape(self, images, image_shape)
            y, _ = self._encode(y_val, classes)
            check_consistent_length(images, y)
            weights = None
            if sample_weight_val is not None:
                weights = _check_sample_weight(sample_weight_val, images, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise type(error)(f"Validation data (X_val, y_val): {error}") from error
        return Rows(images, y, weights, np.arange(len(y)))

    def _warn_of_other_scale(self, images):
        low, high = self._pixel_range
        new_low, new_high = float(images.min()), float(images.max())
        span, new_span = high - low, new_high - new_low
        # Blank images, and a fit on blank images, have no scale to compare.
        if span and new_span and not 1 / _RANGE_FACTOR <= new_span / span <= _RANGE_FACTOR:
            warnings.warn(
                f"Pixels in X range from {new_low:g} to {new_high:g}, but from {low:g} to {high:g} "
                "in fit. Scale both alike, for example by a Normalize step in a Pipeline.",
                UserWarning,
                stacklevel=3,
            )

    def __getstate__(self):
        state = dict(super().__getstate__())
        if "model_" in state:
            from cnn_digits.persistence import network_state

            state["model_"] = network_state(state["model_"])
            del state["_predictor"], state["_trainer"]
        return state

    def __setstate__(self, state):
        if "model_" in state:
            from cnn_digits.inference import Predictor
            from cnn_digits.persistence import network_from_state

            network = network_from_state(state["model_"])
            predictor = Predictor(network, state["image_shape_"])
            state = {**state, "model_": network, "_predictor": predictor, "_trainer": None}
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _originals(X):
    return X.originals() if isinstance(X, AugmentedImages) else X


def _draw_seed(random_state):
    """The int itself, or one drawn, as scikit-learn does: exactly one."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _auto_batch_size(n_rows, largest):
    """Power of two that gives at least 64 steps an epoch, between 16 and `largest`."""
    return min(largest, max(16, 2 ** int(math.log2(max(1, n_rows / 64)))))
