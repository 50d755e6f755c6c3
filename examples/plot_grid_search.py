"""
Grid search as a heat map
=========================

:class:`~sklearn.model_selection.GridSearchCV` takes :class:`~cnn_digits.CNNDigitClassifier` like
any other classifier. Here it tries learning rates and batch sizes together, two parameters that
can't be judged one without the other, and a heat map shows all results, not the best one alone.
"""

# %%
# Search
# ------
#
# Twelve pairs of values, each trained on one half of the images and measured on the other, and
# then the other way round. Two workers train at the same time. Each gets its share of the
# cores, so that they don't fight for them.
#
# Five epochs are few, on purpose: what is badly set shows, and it is over sooner.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from cnn_digits import CNNDigitClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

grid = {"learning_rate": [0.001, 0.003, 0.01, 0.03], "batch_size": [16, 64, 256]}
search = GridSearchCV(
    CNNDigitClassifier(epochs=5, random_state=0), grid, cv=2, n_jobs=2
)
search.fit(X_train, y_train)
print(f"best: {search.best_params_}, {search.best_score_:.1%}")

# %%
# Look at all of it
# -----------------
#
# ``cv_results_`` has a row for each pair; a pivot table has a cell.

table = pd.DataFrame(search.cv_results_).pivot(
    index="param_learning_rate", columns="param_batch_size", values="mean_test_score"
)
table = table.sort_index(ascending=False)

_, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
picture = ax.imshow(table, aspect="auto")
middle = (table.to_numpy().min() + table.to_numpy().max()) / 2
for (row, column), value in np.ndenumerate(table):
    colour = "black" if value > middle else "white"
    ax.text(column, row, f"{value:.1%}", ha="center", va="center", color=colour)
ax.set_xticks(range(table.shape[1]), labels=table.columns)
ax.set_yticks(range(table.shape[0]), labels=table.index)
ax.set(
    title="Accuracy in cross-validation, five epochs",
    xlabel="batch_size",
    ylabel="learning_rate",
)
ax.figure.colorbar(picture, ax=ax)
plt.show()
# sphinx_gallery_start_ignore
assert table.loc[0.001, 256] == table.to_numpy().min() < 0.9
# sphinx_gallery_end_ignore

# %%
# What follows
# ------------
#
# Look at the corner at the bottom on the right: large batches and a low rate. Larger batches mean
# fewer steps in the same number of epochs, and each of these steps is short: the network has not
# got far. Then look along the rows and columns: what is lost by a larger batch, a higher rate gains
# back in part. That is why the two are searched together, and why ``learning_rate="auto"`` grows
# with the batch size, with its square root.
#
# What does not follow
# --------------------
#
# That the best cell is the best setting. Each accuracy was measured on all training images, once,
# and has a standard error of its own. All cells that are as good as the best one within twice that
# error:

best = search.best_score_
error = np.sqrt(best * (1 - best) / len(y_train))
alike = table.stack()[lambda scores: scores > best - 2 * error]
print(f"{len(alike)} of {table.size} pairs are within {2 * error:.1%} of the best:")
print(alike.round(3).to_string())

# %%
# Nor that large batches are bad: with as many *steps* instead of as many epochs the map would look
# different.
#
# The score of the search is that of the best of twelve tries, and flatters a little. The images
# that took no part in it say how good the chosen network is; ``refit`` has trained it on all
# training images.

print(f"on unseen digits: {search.score(X_test, y_test):.1%}")

# %%
# What is worth a search, and how to make one short, is told in :ref:`tuning <tuning>`.
