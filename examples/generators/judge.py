"""How far are generated pictures from real ones? A small classifier's features say so.

The Fréchet distance between two sets of features, each taken for a normal distribution: |m1 - m2|^2 + tr(S1 + S2 -
2 (S1 S2)^(1/2)). With features of a large network for photographs it is known as FID (Heusel et al. 2017,
arXiv:1706.08500); ours knows clothes, so its numbers can be compared with each other only.
"""

import numpy as np
from clothes import BATCH, load_clothes, train

from headwater import keras
from headwater.keras import layers


def build_judge():
    """A classifier of clothes whose 64 features, before its last layer, are what is compared."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(64, activation="relu", name="features"),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    return model


class Judge:
    """Measures generated pictures against the test pictures, by a classifier that is trained once and then kept."""

    def __init__(self, output, short=False):
        file = output / "judge" / "model.keras"
        if file.exists():
            model = keras.models.load_model(file)
        else:
            model = build_judge()
            images, labels = load_clothes(short=short)
            train(model, (images, labels), None, 1 if short else 3, output / "judge", BATCH)
            model.save(file)
        self.classifier = model
        self.features = keras.Model(model.inputs, model.get_layer("features").output)
        self.real = self._moments(load_clothes("test", short=short)[0])

    def _moments(self, images):
        features = self.features.predict(images, batch_size=256, verbose=0).astype("float64")
        return features.mean(axis=0), np.cov(features, rowvar=False)

    def distance(self, images):
        """The Fréchet distance of pictures (count, 28, 28, 1), 0..1, from the test pictures; 0 is the best."""
        (m1, s1), (m2, s2) = self.real, self._moments(images)
        values, vectors = np.linalg.eigh(s1)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T  # of the trace of a product's root, the symmetric form
        cross = np.sqrt(np.linalg.eigvalsh(root @ s2 @ root).clip(0)).sum()
        return float(np.sum((m1 - m2) ** 2) + np.trace(s1) + np.trace(s2) - 2 * cross)

    def of_real(self, count=2_000, short=False):
        """The distance of real training pictures: nothing generated can be expected to come closer."""
        return self.distance(load_clothes(short=short)[0][:count])

    def sureness(self, images):
        """The share of pictures that the classifier names with more than nine parts in ten of its belief."""
        logits = self.classifier.predict(images, batch_size=256, verbose=0)
        return float(np.mean(np.max(np.asarray(keras.ops.softmax(logits)), axis=1) > 0.9))
