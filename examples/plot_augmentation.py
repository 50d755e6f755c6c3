"""
A pipeline that distorts its training images
============================================

Digits that are tilted, larger or moved a little are still the same digits. A network knows that
only if it has seen it. :class:`~cnn_digits.Augment` shows it: each training image is distorted at
random, in another way in each epoch. Images that are predicted on are left alone.

The first picture shows what the network sees in training. The second shows what it has learnt
from it: how well it reads test digits that are turned by some angle.
"""

# %%
# What the network sees
# ---------------------
#
# In the first column stand the images, to the right of them eight random distortions of each. As
# an array, ``fit_transform`` of :class:`~cnn_digits.Augment` is one draw, which depends on its
# ``random_state``. :class:`~cnn_digits.CNNDigitClassifier` draws distortions of the same kind,
# but new ones for each batch.

import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from cnn_digits import Augment, CNNDigitClassifier, Normalize, Reshape

# sphinx_gallery_thumbnail_number = 2

digits = load_digits()
some = digits.images[[2, 4, 6, 7]]
augment = Augment(rotation=30, zoom=0.1, shift=0.05)
draws = [
    np.asarray(clone(augment).set_params(random_state=seed).fit_transform(some))
    for seed in range(8)
]

fig, axes = plt.subplots(len(some), 9, figsize=(9, 4.4), layout="constrained")
fig.suptitle("Four digits, and what the network sees of them in eight epochs")
for row, image in enumerate(some):
    for ax, shown in zip(
        axes[row], [image, *(draw[row] for draw in draws)], strict=True
    ):
        ax.imshow(shown, cmap="gray", vmin=0, vmax=16)
        ax.set_axis_off()
axes[0, 0].set_title("image", fontsize=9)
for epoch, ax in enumerate(axes[0, 1:], start=1):
    ax.set_title(f"epoch {epoch}", fontsize=9)
plt.show()

# %%
# Look whether *you* can still read them all. If not, the distortion is too strong: the network
# would learn that such a shape is a 2, and take something else for one. For the same reason digits
# are not mirrored, though ``horizontal_flip`` and ``vertical_flip`` exist: both together make a 9
# of a 6.

# %%
# Two pipelines
# -------------
#
# :class:`~cnn_digits.Augment` stands last before the classifier. Other steps may come before it:
# :class:`~cnn_digits.Normalize` and :class:`~cnn_digits.Reshape` do what their names say, and the
# classifier would do as well without them.
#
# The second pipeline is the same without distortion: ``augment=None`` in the classifier turns off
# both its own and that of the step. So the two differ in this alone, and in a grid search
# ``cnn__augment`` can be a parameter.

turned = Pipeline(
    [
        ("normalize", Normalize()),
        ("reshape", Reshape()),
        ("augment", augment),
        ("cnn", CNNDigitClassifier(epochs=15, random_state=0)),
    ]
)
upright = clone(turned).set_params(cnn__augment=None)

X_train, X_test, y_train, y_test = train_test_split(
    digits.images, digits.target, stratify=digits.target, random_state=0
)
for pipe in (turned, upright):
    pipe.fit(X_train, y_train)

# %%
# What it has learnt from it
# --------------------------
#
# Both read the same test images, turned by angles from −60° to 60°.

angles = np.arange(-60, 61, 10)
tilted = [
    ndimage.rotate(X_test, angle, axes=(2, 1), reshape=False, order=1)
    for angle in angles
]
accuracies = {
    "without distortion": [upright.score(images, y_test) for images in tilted],
    "rotated by up to 30° in training": [
        turned.score(images, y_test) for images in tilted
    ],
}

_, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.axvspan(-30, 30, color="0.92", label="angles in training")
for (name, values), style in zip(accuracies.items(), ("s--", "o-"), strict=True):
    ax.plot(angles, values, style, label=name)
    print(
        f"{name}: {values[len(angles) // 2]:.1%} upright, {np.mean(values):.1%} on average"
    )
ax.set(
    title="Reading digits that are turned",
    xlabel="Angle of the test images [°]",
    ylabel="Accuracy on 450 digits",
    xticks=angles,
)
ax.grid(alpha=0.3)
ax.legend(loc="lower center")
plt.show()
# sphinx_gallery_start_ignore
# In the grey band, and where it ends.
assert min(accuracies["rotated by up to 30° in training"][3:10]) > 0.9
assert max(accuracies["without distortion"][i] for i in (3, 9)) < 0.9
# sphinx_gallery_end_ignore

# %%
# Look at the grey band: there the pipeline that was trained on turned digits hardly cares for the
# angle, and the other one falls off on both sides. Outside the band both fall.
#
# So distortion teaches what it shows, and nothing else. It makes sense to distort as the images
# that will come are distorted. It does not follow that more is better: upright digits gain nothing
# from 30°, and a network that has to be good for all angles needs more epochs. How much suits your
# images is a parameter like others, ``augment__rotation``, see :ref:`tuning <tuning>`.
#
# Without an Augment step the classifier distorts a little by itself, as much as is known to suit
# images of that size; see its parameter ``augment``.
