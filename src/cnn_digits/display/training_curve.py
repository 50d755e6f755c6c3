"""TrainingCurveDisplay: how a fit went."""

from sklearn.utils.validation import check_is_fitted


class TrainingCurveDisplay:
    """Loss, accuracy and learning rate of a fit, epoch by epoch.

    Best made by `from_estimator`.

    Read more in the user guide: :ref:`training`.

    Parameters
    ----------
    history : dict of lists
        `history_` of a fitted CNNDigitClassifier.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes, shape (3,)
        Axes of loss, accuracy and learning rate.

    figure_ : matplotlib.figure.Figure

    lines_ : list of matplotlib.lines.Line2D

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import CNNDigitClassifier, TrainingCurveDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNDigitClassifier(epochs=3, validation_fraction=0.2, random_state=0).fit(X, y)
    >>> display = TrainingCurveDisplay.from_estimator(clf)
    >>> plt.show()
    """

    # Key of the history, label of its axis.
    _CURVES = (("loss", "Loss"), ("accuracy", "Accuracy"), ("learning_rate", "Learning rate"))

    def __init__(self, history):
        self.history = history

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the curves of a fitted classifier.

        Parameters
        ----------
        estimator : CNNDigitClassifier
            Fitted.

        ax : array of three matplotlib.axes.Axes or None, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        """
        check_is_fitted(estimator)
        return cls(estimator.history_).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : array of three matplotlib.axes.Axes or None, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        self : TrainingCurveDisplay
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
        if len(ax) != len(self._CURVES):
            raise ValueError(f"ax has {len(ax)} axes; expected {len(self._CURVES)}.")
        epochs = range(1, len(self.history["loss"]) + 1)
        self.lines_ = []
        for axes, (key, label) in zip(ax, self._CURVES, strict=True):
            for name, legend, style in (
                (key, "training", {"color": "C0", "marker": "o"}),
                (f"val_{key}", "validation", {"color": "C1", "marker": "s", "linestyle": "--"}),
            ):
                if name in self.history:
                    self.lines_ += axes.plot(
                        epochs, self.history[name], label=legend, markersize=4, **style
                    )
            axes.set(xlabel="Epoch", ylabel=label)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            if f"val_{key}" in self.history:
                axes.legend()
        self.ax_ = ax
        self.figure_ = ax[0].figure
        return self
