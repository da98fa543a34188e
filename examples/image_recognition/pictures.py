"""What the network got wrong, and where it looked: pictures for the eye, by matplotlib."""

import matplotlib
import numpy as np
from clothes import CLASSES

from headwater import keras

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after the choice of a backend that needs no screen


def activation_maps(model, images, classes):
    """For each picture a map (28, 28): how much each place speaks for the class (Zhou et al. 2016, arXiv:1512.04150).

    The logit of a class is a weighted sum of the means of maps; the same weights, without the mean, show the place.
    """
    maps = keras.Model(model.inputs, model.get_layer("maps").output).predict(images, verbose=0)
    kernel = np.asarray(model.get_layer("logits").kernel)
    weighed = np.einsum("nhwc,cn->nhw", maps, kernel[:, classes])[..., None]
    return np.asarray(keras.ops.image.resize(weighed, images.shape[1:3], interpolation="bicubic"))[..., 0]


def draw_misread(images, labels, probabilities, path, count=24):
    """The pictures that the model was surest of and wrong about, with both names."""
    read = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(read != labels)
    wrong = wrong[np.argsort(-probabilities[wrong, read[wrong]])][:count]
    figure, tiles = plt.subplots(3, 8, figsize=(11, 5))
    for tile in tiles.flat:
        tile.axis("off")
    for tile, index in zip(tiles.flat, wrong):
        tile.imshow(images[index, ..., 0], cmap="gray_r")
        tile.set_title(f"{CLASSES[labels[index]]}\nread as {CLASSES[read[index]]}", fontsize=8)
    _save(figure, path)


def draw_activation_maps(model, images, labels, path):
    """One picture of each class with the map of the class that the model chose: warm colours spoke for it."""
    chosen = np.array([np.flatnonzero(labels == label)[0] for label in np.unique(labels)])
    read = model.predict(images[chosen], verbose=0).argmax(axis=1)
    heat = activation_maps(model, images[chosen], read)
    figure, tiles = plt.subplots(2, len(chosen), figsize=(1.2 * len(chosen), 3), squeeze=False)
    for column, index in enumerate(chosen):
        for row in range(2):
            tiles[row, column].imshow(images[index, ..., 0], cmap="gray_r")
            tiles[row, column].axis("off")
        limit = np.abs(heat[column]).max()
        tiles[1, column].imshow(heat[column], cmap="coolwarm", alpha=0.6, vmin=-limit, vmax=limit)
        tiles[0, column].set_title(CLASSES[read[column]], fontsize=9)
    _save(figure, path)


def draw_model(model, path):
    """The layers of a model."""
    keras.utils.plot_model(model, path, show_shapes=True, dpi=60)


def _save(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
