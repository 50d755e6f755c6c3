"""
What the network has learnt
===========================

``clf.model_`` is a plain Keras model that takes raw images. Whatever can be done with such a model
can be done with it. Here it is opened: first its filters and what they make of a digit, then the
input of its last linear layer, the *embedding*, where images of the same digit should lie close
together.
"""

# %%
# Train, and look at the layers
# -----------------------------

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from sklearn.model_selection import train_test_split

from cnn_digits import CNNDigitClassifier

# sphinx_gallery_thumbnail_number = 2

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
clf = CNNDigitClassifier(random_state=0).fit(X_train, y_train)

for layer in clf.model_.layers:
    print(f"{layer.name:<15}{type(layer).__name__:<20}{layer.output.shape[1:]}")

# %%
# The first filters
# -----------------
#
# "conv1" has 32 filters of 3 × 3 weights. Each is laid upon every place of the image; where pixels
# and weights agree, the result is high. To the left the filters: weights above zero are red, those
# below are blue. To the right what each of them makes of a seven, in the same order. For this the
# model is cut off behind the layer: a Keras model from the same input to an inner layer shares all
# weights with the whole.


def tiled(images, n_columns=8):
    """One picture of many, of shape (n, h, w), in rows with a gap between them."""
    framed = np.pad(images, ((0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    n, height, width = framed.shape
    rows = framed.reshape(n // n_columns, n_columns, height, width)
    return rows.swapaxes(1, 2).reshape(-1, n_columns * width)[:-1, :-1]


convolution = clf.model_.get_layer("conv1")
filters = np.moveaxis(convolution.get_weights()[0][:, :, 0], -1, 0)

images = X_test.reshape(-1, *clf.image_shape_)
seven = images[y_test == 7][:1]
inner = keras.Model(clf.model_.input, convolution.output)
maps = np.moveaxis(inner.predict(seven, verbose=0)[0], -1, 0)

colours = plt.get_cmap("RdBu_r").with_extremes(bad="0.8")  # grey between the tiles
_, axes = plt.subplots(
    1, 3, figsize=(11, 3.4), width_ratios=[2, 1, 2], layout="constrained"
)
for ax, picture, title in zip(
    axes,
    (tiled(filters), seven[0, :, :, 0], tiled(maps)),
    ("32 filters", "A digit", "What each filter makes of it"),
    strict=True,
):
    # White is zero, in all three.
    extreme = np.nanmax(np.abs(picture))
    ax.imshow(picture, cmap=colours, vmin=-extreme, vmax=extreme)
    ax.set_title(title)
    ax.set_axis_off()
plt.show()

# %%
# Look for filters that are red on one side and blue on the other: they find edges, and their maps
# show that edge of the stroke, at one side in red and at the other in blue. Red or blue all over
# is a blur. Many look like nothing in particular.
#
# It is tempting to give each a meaning. Don't: another seed gives 32 others that read as well, and
# what counts is what the next layers make of all of them.

# %%
# The embedding
# -------------
#
# The layer "logits" is a linear classifier; what comes after it only makes probabilities of its
# outputs. All that comes before it prepares its input: 128 numbers for each image. If that has
# succeeded, digits of a kind are together in these numbers, and apart from the others, so that a
# line can part them.

embedding = keras.Model(clf.model_.input, clf.model_.get_layer("logits").input)
features = embedding.predict(images, verbose=0)

for name, values in (("pixels", X_test), ("embedding", features)):
    variance = PCA(2).fit(values).explained_variance_ratio_.sum()
    print(
        f"{name}: {values.shape[1]} values an image; two components hold {variance:.0%} of their "
        f"variance; silhouette {silhouette_score(values, y_test):.2f}"
    )
# sphinx_gallery_start_ignore
assert silhouette_score(features, y_test) > 2 * silhouette_score(X_test, y_test)
# sphinx_gallery_end_ignore

# %%
# The silhouette compares distances to one's own kind with those to the next other kind: 1 if each
# digit is a tight group far from the others, 0 if they touch, below 0 if they are mixed. It is
# computed in all dimensions, and does not depend on how they are drawn.
#
# To see 64 or 128 dimensions they have to be brought down to two. PCA shows the plane in which the
# points are spread most, and nothing is bent. t-SNE tries to keep neighbours together, and bends
# whatever is in its way. A circle is a digit that the network reads wrong.

is_wrong = clf.predict(X_test) != y_test
panels = {
    "PCA of the pixels": PCA(2).fit_transform(X_test),
    "PCA of the embedding": PCA(2).fit_transform(features),
    "t-SNE of the embedding": TSNE(random_state=0).fit_transform(features),
}
_, axes = plt.subplots(1, 3, figsize=(12, 4.3), layout="constrained")
for ax, (title, points) in zip(axes, panels.items(), strict=True):
    for digit in range(10):
        of_kind = points[y_test == digit]
        style = {
            "marker": f"${digit}$",
            "color": plt.cm.tab10(digit),
            "linewidths": 0.3,
        }
        ax.scatter(of_kind[:, 0], of_kind[:, 1], s=30, **style)
    ax.scatter(*points[is_wrong].T, s=150, facecolors="none", edgecolors="black")
    ax.set(title=title, xticks=[], yticks=[])
plt.show()

# %%
# Look at the first two panels, which are made in the same way. In the pixels the digits overlap. In
# the embedding they have drawn together. Some still lie upon each other there, because ten groups
# do not fit side by side into one plane; in the other dimensions they are apart, as the silhouette
# says. The third panel shows about as many islands as there are digits. Look where the circles are,
# if there are any: at the border of an island, or in a wrong one.
#
# What does not follow: t-SNE makes islands of any groups, and neither their sizes nor the distances
# between them mean anything. That two islands are neighbours does not say that these digits are
# confused; that is what :ref:`a confusion matrix <sphx_glr_auto_examples_plot_mistakes.py>` is for.
