"""
From a CSV to a Kaggle submission
=================================

Kaggle's Digit Recognizer comes as two tables: ``train.csv`` with a label and the pixels of an image
in each row, and ``test.csv`` with the pixels alone. What it wants back is a third one, with the
number and the label of each image of the second. This example goes all the way.

The tables are written here from scikit-learn's digits, in the same form, so that nothing has to be
downloaded. With Kaggle's own only the names of the files change, see :ref:`Kaggle <kaggle>`.
"""

# %%
# Two tables as Kaggle has them
# -----------------------------

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_digits import (
    ClassDistributionDisplay,
    CNNDigitClassifier,
    DigitGridDisplay,
    read_csv,
    summary,
    write_submission,
)

temporary = TemporaryDirectory()
folder = Path(temporary.name)

digits = load_digits()
pixels = pd.DataFrame(digits.data.astype(int)).add_prefix("pixel")
train, test, labels, solution = train_test_split(
    pixels, digits.target, stratify=digits.target, random_state=0
)
train.insert(0, "label", labels)
train.to_csv(folder / "train.csv", index=False)
test.to_csv(folder / "test.csv", index=False)

print(train.iloc[:3, :6].to_string(index=False))

# %%
# Read
# ----
#
# :func:`~cnn_digits.read_csv` finds the column of labels by its name and returns pixels as
# ``uint8``. A missing or impossible value is an error that names its row and column, so that what
# has been read is complete. :func:`~cnn_digits.summary` says what it is like.

X_train, y_train = read_csv(folder / "train.csv")
print(summary(X_train, y_train))

ClassDistributionDisplay.from_labels(y_train)
plt.show()

# %%
# Look whether the bars are about equally long. They are, and nothing has to be done about it. If
# some digits were rare, accuracy would say little about them; see :ref:`weights <weights>`.

# %%
# Train, and ask how good it is
# -----------------------------
#
# Submissions are limited, and what is chosen by their scores is chosen on the test images. A tenth
# of the training images, set aside, gives an answer of your own. It is an estimate: with 135 images
# it is good to a point or so, with a tenth of Kaggle's 42,000 to a tenth of a point.

clf = CNNDigitClassifier(validation_fraction=0.1, random_state=0).fit(X_train, y_train)
print(f"validation accuracy: {clf.history_['val_accuracy'][-1]:.1%}")

# %%
# For the last submission train on all of them: leave ``validation_fraction`` out.

# %%
# Predict, and look before you submit
# -----------------------------------
#
# ``test.csv`` has no labels: the second value is None.

X_test, y_test = read_csv(folder / "test.csv")
print(y_test)
y_pred = clf.predict(X_test)

_, ax = plt.subplots(figsize=(11, 5), layout="constrained")
ax.set_title("The first images of test.csv, and what goes into the submission")
DigitGridDisplay.from_predictions(
    X_test, None, y_pred, clf.predict_proba(X_test), n_images=24, ax=ax
)
plt.show()

# %%
# Look whether what stands below the images is what is on them. It is a rough check, but it finds
# the mistakes that ruin a submission: pixels in another order, a wrong model. Whether 98 or 99 in a
# hundred are right it does not show.

# %%
# Write
# -----
#
# :func:`~cnn_digits.write_submission` numbers the images from 1. With ``n_images`` it refuses to
# write a file that is too short or too long; for Kaggle's ``test.csv`` that is 28,000.

write_submission(folder / "submission.csv", y_pred, n_images=len(X_test))
submission = pd.read_csv(folder / "submission.csv")
print(submission.head().to_string(index=False))

# %%
# Here, and only here, the solution is known.

print(f"right: {(submission['Label'] == solution).sum()} of {len(solution)}")
temporary.cleanup()
# sphinx_gallery_start_ignore
assert (submission["Label"] == solution).mean() > 0.97
# sphinx_gallery_end_ignore

# %%
# On the command line the same takes two lines, ``cnn-digits train`` and ``cnn-digits predict``: see
# :ref:`the command line <command_line>`.
