"""
Training curves and early stopping
==================================

How many epochs? There are two ways to go without an answer. Early stopping watches images that
are set aside, and ends when they are no longer read better. The default decides beforehand, and
lowers the learning rate so that it reaches zero in the last epoch.

:class:`~cnn_digits.TrainingCurveDisplay` draws both.
"""

# %%
# Stop when it no longer helps
# ----------------------------
#
# ``early_stopping`` sets a part of the training images aside, here a fifth. When the loss on them
# has not fallen for five epochs, training ends, and the network is given back the weights of its
# best epoch.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_digits import CNNDigitClassifier, TrainingCurveDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

stopped = CNNDigitClassifier(
    epochs=40,
    early_stopping=True,
    validation_fraction=0.2,
    n_iter_no_change=5,
    random_state=0,
)
stopped.fit(X_train, y_train)
best_epoch = int(np.argmin(stopped.history_["val_loss"])) + 1
print(f"{stopped.n_iter_} of at most 40 epochs; the best one was epoch {best_epoch}")

display = TrainingCurveDisplay.from_estimator(stopped)
display.ax_[0].set_yscale("log")
for ax in display.ax_:
    ax.axvline(best_epoch, color="0.4", linestyle=":")
display.figure_.suptitle("Early stopping; the dotted line is the best epoch")
plt.show()
# sphinx_gallery_start_ignore
assert best_epoch < stopped.n_iter_ < 40
# sphinx_gallery_end_ignore

# %%
# Look at the loss of the images that were set aside, the dashed line to the left; the axis is
# logarithmic. It falls steeply at first, and then goes up and down by chance. What is to the right
# of the dotted line was waited for in vain.
#
# The learning rate, in the picture to the right, stays as it is, and is halved when that loss has
# not fallen for two epochs.
#
# The two losses are not to be compared with each other. That in training is the loss of smoothed
# labels, which for ten classes can't fall below 0.50; that in validation is the loss of the labels
# themselves. A validation loss below that of training is no error.

# %%
# Or decide beforehand
# --------------------
#
# The default schedule, ``"one_cycle"``, spans exactly the epochs that are asked for. The same
# images are set aside, only to look at: they change nothing in training.

planned = CNNDigitClassifier(epochs=12, validation_fraction=0.2, random_state=0)
planned.fit(X_train, y_train)

display = TrainingCurveDisplay.from_estimator(planned)
display.ax_[0].set_yscale("log")
display.figure_.suptitle("The default: one cycle of the learning rate, 12 epochs")
plt.show()

# %%
# Look at the three pictures together. The rate climbs for a quarter of the epochs; while it is
# high, the validation loss is high or jumps. It settles as the rate goes down. The last epochs are
# the best ones, by design.
#
# That is why this schedule is not stopped early: in the middle of the cycle it has a network that
# is still on its way. ``early_stopping=True`` changes the schedule to ``"reduce_on_plateau"``
# unless another is asked for.

# %%
# Which of the two?
# -----------------

for name, clf, kept in (
    ("early stopping", stopped, best_epoch),
    ("one cycle", planned, 12),
):
    print(
        f"{name}: {clf.n_iter_} epochs, validation loss {clf.history_['val_loss'][kept - 1]:.3f}, "
        f"{clf.score(X_test, y_test):.1%} of unseen digits right"
    )

# %%
# If you know what a fit may cost, say so by ``epochs`` and leave the schedule alone. Early stopping
# is for networks and data that you know nothing about, and costs the images that are set aside,
# and the epochs that are waited for.
#
# These two lines do not say which of them is more accurate: 450 test digits can't tell apart what
# differs by a few of them. Nor are the validation figures those of unseen images: with early
# stopping they have chosen the epoch. That is what the test set is for. More is in
# :ref:`the chapter on training <training>`.
