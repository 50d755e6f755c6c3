"""
How many images are enough?
===========================

Before somebody labels another thousand digits, it is worth asking what they would bring.
scikit-learn's :class:`~sklearn.model_selection.LearningCurveDisplay` trains on more and more of the
images that are there, and draws how accuracy grows with their number.
"""

# %%
# Four sizes, three splits
# ------------------------
#
# From 50 images, about five of each digit, to 1,290; each size is three times that before it, or
# nearly. Each is tried on three random splits, measured on 500 images that took no part in
# training.
#
# The number of epochs is left at ``"auto"``. It grows when images become fewer, up to a hundred,
# so that small sets are trained about as long as large ones. With the same number of epochs for
# all of them the curve would show how long the network was trained as much as what it was trained
# on.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import LearningCurveDisplay, StratifiedShuffleSplit

from cnn_digits import CNNDigitClassifier

X, y = load_digits(return_X_y=True)
sizes = [50, 150, 450, 1290]

_, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
display = LearningCurveDisplay.from_estimator(
    CNNDigitClassifier(random_state=0),
    X,
    y,
    train_sizes=sizes,
    cv=StratifiedShuffleSplit(n_splits=3, test_size=500, random_state=0),
    n_jobs=2,
    score_name="Accuracy",
    line_kw={"marker": "o"},
    fill_between_kw={"alpha": 0.2},
    ax=ax,
)
ax.set(title="Accuracy against number of training images", xlabel="Training images")
ax.set_xscale("log")
ax.set_xticks(sizes, labels=sizes)
ax.minorticks_off()
ax.grid(alpha=0.3)
plt.show()

# %%
# The same in numbers, as errors: those are easier to compare near 100 %. Behind them is the
# standard deviation over the three splits.

for size, scores in zip(display.train_sizes, display.test_scores, strict=True):
    print(f"{size:>5} images: {1 - scores.mean():6.1%} wrong, ± {scores.std():.2%}")
# sphinx_gallery_start_ignore
means = list(display.test_scores.mean(axis=1))
assert means == sorted(set(means))  # each higher than the one before
assert display.train_scores.min() > 0.99
# sphinx_gallery_end_ignore

# %%
# What follows
# ------------
#
# Look at two things. The first is the gap between the two lines. The network reads the images that
# it was trained on right, however few they are: it is large enough to learn any of these sets. What
# it lacks is not size but examples. The gap closes as they become more.
#
# The second is the slope at the right end. The number of images grows by a factor from point to
# point, so that equal steps to the right cost more and more work. The first images bring most.
# Where the line is still rising, more are worth their price; where it is flat, something else is
# the limit.
#
# What does not follow
# --------------------
#
# How many images are needed for, say, 99.9 %: a curve can be read, but not far beyond its end.
#
# Nor that 1,290 images are enough for all writers: those measured on are by the same thirteen
# people as those trained on. A thousand digits by a hundred people teach more than a thousand by
# thirteen, and this curve can't show it.
#
# Whether more images or better settings are worth more is a question of :ref:`tuning <tuning>`.
