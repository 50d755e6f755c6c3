"""
How sure is it? Calibration, and a reject option
================================================

``predict_proba`` says how probable each digit is. Are nine in ten right of those that it is 90 %
sure of? If so, a threshold can be put on it: what is less sure is left to a person.

The first picture compares probabilities with what came true. The second shows what a person
would have to read for which accuracy.
"""

# %%
# A network that errs
# -------------------
#
# To judge probabilities one needs mistakes, and the default on all images makes next to none. So
# networks are trained on 200 images only, and measured on the 1,597 others. They differ in
# ``label_smoothing`` alone:
#
# - ``label_smoothing=0``: the plain labels. The network is rewarded for being ever surer of the
#   images that it is trained on.
# - ``label_smoothing=0.1``: a tenth of each label is spread over all digits. The network learns to
#   be cautious.
# - ``"auto"``, the default: the same training as with a tenth, but in prediction the logits are
#   doubled, which makes up for the caution.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from cnn_digits import CNNDigitClassifier

# sphinx_gallery_thumbnail_number = 2

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=200, stratify=y, random_state=0
)
probabilities = {
    smoothing: CNNDigitClassifier(label_smoothing=smoothing, random_state=0)
    .fit(X_train, y_train)
    .predict_proba(X_test)
    for smoothing in (0, 0.1, "auto")
}

# %%
# Are the probabilities true?
# ---------------------------
#
# :class:`~sklearn.calibration.CalibrationDisplay` is made for two classes. There are two: the
# prediction is right, or it is wrong, and the highest probability of each row says how probable it
# is that it is right.
#
# A point stands for all predictions of about the same confidence. On the diagonal confidence is
# what it claims to be. Below it the network is too sure of itself, above it too cautious.

_, (ax, counts) = plt.subplots(
    2, 1, figsize=(6, 7), sharex=True, height_ratios=[3, 1], layout="constrained"
)
for (smoothing, proba), marker in zip(probabilities.items(), "sov", strict=True):
    is_right = proba.argmax(axis=1) == y_test
    confidence = proba.max(axis=1).clip(max=1)  # which rounding may exceed
    name = f"label_smoothing={smoothing!r}"
    CalibrationDisplay.from_predictions(
        is_right, confidence, n_bins=5, name=name, marker=marker, ax=ax
    )
    counts.hist(confidence, bins=np.linspace(0, 1, 21), histtype="step", linewidth=1.5)
    print(
        f"{name}: {is_right.mean():.1%} right, {confidence.mean():.1%} sure on average, "
        f"log loss {log_loss(y_test, proba):.3f}"
    )
ax.set(
    title="Confidence, and how much of it comes true",
    xlabel="",
    ylabel="Share that is right",
)
counts.set(xlabel="Probability of the prediction", ylabel="Images", yscale="log")
plt.show()
# sphinx_gallery_start_ignore
assert probabilities[0.1].max(axis=1).mean() < probabilities["auto"].max(axis=1).mean()
losses = {name: log_loss(y_test, proba) for name, proba in probabilities.items()}
assert min(losses, key=losses.get) == "auto"
# sphinx_gallery_end_ignore

# %%
# Look at which side of the diagonal each line runs, and at the printed averages: the share that is
# right and the mean confidence should be the same. All are about equally accurate. They differ in
# what they say of themselves.
#
# The lower picture says how many images a point rests on; its axis is logarithmic. Most are at the
# right end. Points further left rest on a few dozen images each, and may be far off the diagonal by
# chance.
#
# It does not follow that doubling suits every data set. It was chosen on MNIST. On few or
# unusual images check it as here, and if need be correct it with scikit-learn's
# :class:`~sklearn.calibration.CalibratedClassifierCV`.

# %%
# What to leave to a person
# -------------------------
#
# Now sort the images by confidence and let a person read the least sure ones. How accurate is the
# network on the rest?

proba = probabilities["auto"]
is_right, confidence = proba.argmax(axis=1) == y_test, proba.max(axis=1)
n_kept = np.arange(1, len(y_test) + 1)
accuracy = np.cumsum(is_right[np.argsort(-confidence)]) / n_kept
share_left = 1 - n_kept / len(y_test)

_, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.plot(100 * share_left, 100 * accuracy)
for threshold, marker in zip((0.5, 0.8, 0.9, 0.99), "osvD", strict=True):
    is_sure = confidence >= threshold
    left, right = 100 * (1 - is_sure.mean()), 100 * is_right[is_sure].mean()
    label = f"reject below {threshold}: {left:.1f} % left, {right:.1f} % right"
    ax.plot(left, right, marker, markersize=8, label=label)
ax.set(
    title="Accuracy against the share of digits left to a person",
    xlabel="Left to a person [%]",
    ylabel="Right among the others [%]",
    xlim=(-1, 50),
    ylim=(100 * accuracy[-1] - 1, 100.3),
)
ax.grid(alpha=0.3)
ax.legend(loc="lower right")
plt.show()

# %%
# Look at the left end, where the line is steepest: the first few digits that are handed over hold
# most of the mistakes. Further right each one costs more digits that would have been read right.
# Where to stop is no matter of statistics: it depends on what a mistake costs, and what a person.
#
# A threshold is chosen on images that the network was not trained on, and judged on others again.
# It holds for images like those it was chosen on: a network may be very sure of a letter, a smudge
# or a digit upside down, and no threshold helps against what it has never seen.
#
# On the command line the same is ``--reject``, see :ref:`the command line <command_line>`.
