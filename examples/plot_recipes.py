"""
Five published recipes in miniature
===================================

Many notebooks read MNIST with a network in Keras. Five of them, as published, are five settings of
one classifier. Each is built and trained here on small images, and the default beside them.

The picture shows which of their ingredients to leave out: the mirror.
"""

# %%
# The recipes
# -----------
#
# 1. The five-layer network of many Kaggle notebooks (after Y. Ghouzam, 2017) with RMSprop, its rate
#    halved when the validation loss stops falling. Published for MNIST: 98.64 % without and 99.02 %
#    with random rotation, zoom and shift.
# 2. The network of Keras's own MNIST example with Adam at a constant rate.
# 3. The same network with RMSprop, the rate halved as above, random rotation, zoom and shift.
# 4. As the second, from Kaggle's CSV to a submission. Published: 98.96 %.
# 5. LeNet-5 (LeCun et al., 1998) with RMSprop, the rate halved, rotation and zoom, and both flips.
#
# Common to all of them are ten epochs and Keras's usual rate of 0.001. Their batches of 128 images
# are made smaller here, 32: a thousand images would otherwise give eleven steps an epoch, where
# MNIST gives four hundred, and the networks would be stopped on their way.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_digits import Augment, CNNDigitClassifier, read_csv, write_submission

common = {
    "epochs": 10,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "label_smoothing": 0.0,
    "random_state": 0,
}
plateau = {
    "schedule": "reduce_on_plateau",
    "validation_fraction": 0.1,
    "n_iter_no_change": 4,
}
moved = Augment(rotation=10, zoom=0.1, shift=0.1)
turned = Augment(rotation=10, zoom=0.1, shift=0)
mirrored = Augment(
    rotation=10, zoom=0.1, shift=0, horizontal_flip=True, vertical_flip=True
)

deep = {"architecture": "deep", "optimizer": "rmsprop", **common, **plateau}
simple = {"architecture": "simple", **common}
lenet5 = {"architecture": "lenet5", "optimizer": "rmsprop", **common, **plateau}

recipes = {
    "1  deep, RMSprop": CNNDigitClassifier(**deep, augment=None),
    "1  the same, augmented": CNNDigitClassifier(**deep, augment=moved),
    "2  simple, Adam": CNNDigitClassifier(**simple, schedule="constant", augment=None),
    "3  simple, RMSprop, augmented": CNNDigitClassifier(
        **simple, **plateau, optimizer="rmsprop", augment=moved
    ),
    "4  as 2, from CSV to CSV": CNNDigitClassifier(
        **simple, schedule="constant", augment=None
    ),
    "5  lenet5, rotation and zoom": CNNDigitClassifier(**lenet5, augment=turned),
    "5  the same, mirrored too": CNNDigitClassifier(**lenet5, augment=mirrored),
    "CNNDigitClassifier()": CNNDigitClassifier(random_state=0),
}

# %%
# Train them
# ----------
#
# The fourth goes the whole way on files, as :ref:`sphx_glr_auto_examples_plot_kaggle.py` does step
# by step.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X.astype(np.uint8), y, stratify=y, random_state=0
)


def through_files(clf):
    """Predictions of the test images, by way of tables as Kaggle has them."""
    with TemporaryDirectory() as folder:
        train, test, result = (
            Path(folder) / f"{name}.csv" for name in ("train", "test", "result")
        )
        pd.DataFrame(X_train).add_prefix("pixel").assign(label=y_train).to_csv(
            train, index=False
        )
        pd.DataFrame(X_test).add_prefix("pixel").to_csv(test, index=False)

        clf.fit(*read_csv(train))
        images, _ = read_csv(test)
        write_submission(result, clf.predict(images), n_images=len(images))
        return pd.read_csv(result)["Label"].to_numpy()


accuracies = {}
for name, clf in recipes.items():
    y_pred = (
        through_files(clf)
        if "CSV" in name
        else clf.fit(X_train, y_train).predict(X_test)
    )
    accuracies[name] = 100 * np.mean(y_pred == y_test)
    print(
        f"{name:<32}{clf.model_.count_params():>9,} parameters{accuracies[name]:>8.1f} %"
    )

# %%
# Compare them
# ------------
#
# A point with its standard error, as far as it comes from the choice of 450 test images.

values = np.array(list(accuracies.values()))
errors = np.sqrt(values * (100 - values) / len(y_test))
rows = np.arange(len(values))

_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.errorbar(values, rows, xerr=errors, fmt="o", capsize=3)
ax.set_yticks(rows, labels=accuracies)
ax.invert_yaxis()
ax.set(title="The recipes on 450 small digits", xlabel="Accuracy [%]")
ax.grid(axis="x", alpha=0.3)
plt.show()
# sphinx_gallery_start_ignore
assert min(accuracies, key=accuracies.get) == "5  the same, mirrored too"
assert accuracies["2  simple, Adam"] == accuracies["4  as 2, from CSV to CSV"]
# sphinx_gallery_end_ignore

# %%
# Look at the two rows of the fifth recipe, which differ in the flips alone. It was published with
# them; they are customary with photographs. But a digit in the mirror is no digit, and one that is
# mirrored both ways may be another: a 6 is a 9. That is why they are off unless they are asked for.
#
# The second recipe and the fourth are the same training, and come out the same: nothing is lost on
# the way through the files.
#
# What does not follow is the order of the others. There was one seed and one split, and networks
# that were made for 28 × 28 pixels are trained here on 8 × 8, for a tenth of the steps. A shift
# by a tenth of the side, for example, leaves MNIST's digits whole, which have a margin, and may
# cut these. How accurate the recipes are on MNIST at their own settings, and how long each takes,
# is measured by ``benchmarks/recipes.py`` in the repository.
