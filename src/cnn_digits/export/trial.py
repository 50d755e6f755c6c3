"""Whether an exported file says what the network says."""

import numpy as np

# Of probabilities in float32, and the share of labels in int8 that must be the same.
LARGEST_DIFFERENCE, EQUAL_LABELS = 1e-4, 0.99

# Images to try a file on: more tell no more, and take time.
N_IMAGES = 1_000


def check_file(call, expected, images, *, quantized):
    """Raise ValueError, a sentence, unless a file says what is expected.

    Parameters
    ----------
    call : callable
        From images to probabilities, by the runtime that will read the file.
    expected : ndarray of shape (n, n_classes)
        Probabilities.
    images : ndarray of shape (n, h, w, c)
        Of the dtype that the file takes.
    quantized : bool
        Whether it computes in int8: then labels are compared.
    """
    # Alone, and together: any number of images has to do.
    found = np.concatenate([call(images[:1]), call(images)])
    expected = np.concatenate([expected[:1], expected])
    if not np.isfinite(found).all():
        raise ValueError("it says NaN or infinity; expected probabilities.")
    if quantized:
        equal = np.mean(found.argmax(axis=1) == expected.argmax(axis=1))
        if equal < EQUAL_LABELS:
            raise ValueError(
                f"in int8 only {equal:.1%} of {len(images):,} images get the same label; expected "
                f"{EQUAL_LABELS:.0%}. Give images like those it was trained on, some hundred."
            )
        return
    difference = np.abs(found - expected).max()
    if difference > LARGEST_DIFFERENCE:
        raise ValueError(
            f"its probabilities differ by up to {difference:.2g} from the network's; expected at "
            f"most {LARGEST_DIFFERENCE:g}."
        )


def noise(image_shape, pixel_range, n=16):
    """Images to try a file on where none are given; float32, (n, h, w, c)."""
    rng = np.random.default_rng(0)
    images = rng.uniform(*pixel_range, size=(n, *image_shape)).astype(np.float32)
    # Noise all looks alike to a network; large patches don't.
    for image in images[n // 2 :]:
        row, column = (rng.integers(side) for side in image_shape[:2])
        image[:row, :column] = pixel_range[0]
    return images
