"""
A first classifier
==================

:class:`~cnn_digits.CNNDigitClassifier` is used like any classifier of scikit-learn: ``fit``,
``predict``, ``predict_proba``, ``score``. Here it learns to read the digits that come with
scikit-learn. The picture shows what it makes of some that it has not seen.
"""

# %%
# Images and labels
# -----------------
#
# 1,797 images of 8 × 8 pixels, each a flat row of 64 values from 0 to 16. They go in as they
# are: a row of 64 values is taken for a square, and ``fit`` learns the scale of the pixels. Other
# shapes are described in :ref:`images in, labels out <data>`.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

from cnn_digits import CNNDigitClassifier, DigitGridDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"{len(X_train):,} images to train on, {len(X_test)} to measure on")

# %%
# Fit
# ---
#
# Nothing has to be set. With ``random_state`` the same machine trains the same network again.
# What the classifier chose for itself can be read off it afterwards: the number of epochs, which
# are passes over the training images, and the network.

clf = CNNDigitClassifier(random_state=0).fit(X_train, y_train)
print(f"{clf.n_iter_} epochs; images of {clf.image_shape_}; classes {clf.classes_}")
print(f"network {clf.model_.name!r} of {clf.model_.count_params():,} parameters")

# %%
# Predict
# -------
#
# scikit-learn's own report takes the predictions. Below it stands the accuracy with its standard
# error: 450 images are few, and a single one of them is 0.2 points.

y_pred = clf.predict(X_test)
print(classification_report(y_test, y_pred, digits=3))

accuracy = clf.score(X_test, y_test)
error = np.sqrt(accuracy * (1 - accuracy) / len(y_test))
print(f"accuracy: {accuracy:.1%} ± {error:.1%}")
# sphinx_gallery_start_ignore
assert accuracy > 0.97
# sphinx_gallery_end_ignore

# %%
# Look at some
# ------------
#
# The first 24 images of the test set. Below each stand its label, what was read, and the
# probability that ``predict_proba`` gives to it. A wrong one would have a frame.
#
# Look at the probabilities: nearly all are close to 100 %. What such a number is worth is shown by
# :ref:`sphx_glr_auto_examples_plot_calibration.py`, and the digits at which it is low by
# :ref:`sphx_glr_auto_examples_plot_mistakes.py`.

_, ax = plt.subplots(figsize=(11, 5.5), layout="constrained")
ax.set_title("Digits that the network has not seen, and what it read")
DigitGridDisplay.from_predictions(
    X_test, y_test, y_pred, clf.predict_proba(X_test), n_images=24, ax=ax
)
plt.show()

# %%
# What follows, and what does not
# -------------------------------
#
# The network reads digits of these writers. It does not follow that it reads those of others as
# well: thirteen people wrote these digits, and the random split has put each of them on both sides.
# :ref:`sphx_glr_auto_examples_plot_mistakes.py` keeps writers apart, as far as that can be done.
#
# Nor does it follow that it reads photographs: those look different, and have to be brought into
# the same frame first, see :ref:`sphx_glr_auto_examples_plot_own_digits.py`.
