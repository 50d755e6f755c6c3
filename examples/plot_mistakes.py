"""
Where it errs: confusion matrix and mistakes
============================================

An accuracy says how often a network is wrong, not where. Two pictures say more: the confusion
matrix, which counts what is taken for what, and the mistakes themselves, the most confident ones
first.
"""

# %%
# Read each digit once
# --------------------
#
# :func:`~sklearn.model_selection.cross_val_predict` trains three networks, each on two thirds of
# the images, and lets each read the third that it has not seen. So there is a prediction for all
# 1,797, and all mistakes can be looked at.
#
# Thirteen people wrote these digits, and their forms seem to stand one after the other: nearly the
# same row of some 130 labels comes fourteen times. ``cv=3`` does not shuffle. Each network is
# therefore measured, in the main, on other hands than it was trained on, which is harder than a
# random split, and closer to what happens in use.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import cross_val_predict

from cnn_digits import CNNDigitClassifier, MisclassifiedDisplay

# sphinx_gallery_thumbnail_number = 2

X, y = load_digits(return_X_y=True)
clf = CNNDigitClassifier(epochs=8, random_state=0)
proba = cross_val_predict(clf, X, y, cv=3, method="predict_proba")
y_pred = proba.argmax(axis=1)  # the columns are the digits 0 to 9, in this order
print(
    f"{(y_pred != y).sum()} of {len(y):,} digits are read wrong ({(y_pred != y).mean():.1%})"
)
# sphinx_gallery_start_ignore
assert 0.005 < (y_pred != y).mean() < 0.05
# sphinx_gallery_end_ignore

# %%
# What is taken for what
# ----------------------
#
# To the left the confusion matrix as it comes. Its diagonal, what is right, outshines everything
# else. To the right the same without the diagonal, so that the colours serve the mistakes.

matrix = confusion_matrix(y, y_pred)
mistakes = matrix.copy()
np.fill_diagonal(mistakes, 0)

_, (left, right) = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained")
ConfusionMatrixDisplay(matrix).plot(ax=left, cmap="Blues", colorbar=False)
left.set_title("All digits")
display = ConfusionMatrixDisplay(mistakes).plot(
    ax=right, cmap="Oranges", colorbar=False
)
right.set_title("Mistakes alone")
for text in display.text_.flat:
    text.set_visible(text.get_text() != "0")
plt.show()

# %%
# Look along the rows on the right for digits that are often misread, and along the columns for
# those that others are often taken for. A pair that is dark on both sides of the diagonal is
# confused in both directions.
#
# A cell with 1 or 2 in it says nothing: another seed moves it elsewhere. Only what is darker by far
# than its neighbours is worth a thought.

# %%
# The mistakes themselves
# -----------------------
#
# The 25 most confident ones, with the label, what was read and its probability. Beside them the
# pairs that are confused most often.

_, ax = plt.subplots(figsize=(10, 8), layout="constrained")
ax.set_title("The most confident mistakes")
display = MisclassifiedDisplay.from_predictions(X, y, y_pred, proba, n_images=25, ax=ax)
plt.show()

# %%
# Look at each of them and ask which of three it is.
#
# - The label is wrong, or the digit could be either. More training will not help; such images set
#   the limit of what can be reached.
# - The digit is plain to you, but of a shape that is rare here: a 7 with a bar, a 1 with a foot, a
#   9 like a 4. More examples of it will help, or distortion that makes them,
#   see :ref:`sphx_glr_auto_examples_plot_augmentation.py`.
# - The digit is cut off, moved or turned. Then it is the images that want work, see
#   :ref:`your own images <own_images>`.
#
# The confident ones come first because no threshold on the probability finds them. Of the others it
# finds most: :ref:`sphx_glr_auto_examples_plot_calibration.py` shows how.
#
# It does not follow from these pictures which digits are hard as such. They are the mistakes of
# networks that were trained for eight epochs on 8 × 8 pixels by nine hands or so; on MNIST they are
# others.
