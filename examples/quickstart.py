"""The first model on real data: 1,797 handwritten digits, 8x8 pixels each, read from scikit-learn.

    make quickstart            or: python examples/quickstart.py [--epochs 40]

Clean the scans, standardise them, bring 64 pixels down to 32 principal components, train the classic multi-layer
perceptron, look at what it gets wrong, and save it.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from digits import load_clean_digits, principal_components

import headwater as tf
from headwater import keras
from headwater.keras import layers

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after the choice of a backend that needs no screen

OUTPUT = Path(__file__).parent / "output"


def classifier():
    """The classic: 32 features, two hidden layers of 64, ten classes."""
    model = keras.Sequential(
        [
            layers.Dense(64, activation="relu", input_shape=(32,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def draw(curves, images, labels, predicted, path):
    """Save one picture: how training went on the left, the misread digits on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5))
    epochs = range(1, len(curves["accuracy"]) + 1)
    left.plot(epochs, curves["accuracy"], label="training")
    left.plot(epochs, curves["val_accuracy"], label="validation")
    left.axvline(5, color="grey", linewidth=0.8, linestyle=":")
    left.set(xlabel="epoch", ylabel="accuracy", title="Training")
    left.legend(loc="lower right")
    right.set_title(f"Misread: {np.sum(predicted != labels)} of {len(labels)} held-back digits")
    right.axis("off")
    for place, index in enumerate(np.flatnonzero(predicted != labels)[:16]):
        tile = right.inset_axes([0.25 * (place % 4), 0.75 - 0.25 * (place // 4), 0.23, 0.19])
        tile.imshow(images[index].reshape(8, 8), cmap="gray_r")
        tile.set_title(f"{labels[index]}, read as {predicted[index]}", fontsize=8, pad=2)
        tile.set(xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(more_epochs):
    keras.utils.set_random_seed(7)
    images, labels = load_clean_digits()
    order = np.random.default_rng(7).permutation(len(images))
    train, validation, test = np.split(order, [int(0.75 * len(order)), int(0.85 * len(order))])

    mean, scale, directions, explained = principal_components(tf.constant(images[train]), 32)
    features = tf.matmul((tf.constant(images) - mean) / scale, directions).numpy()
    print(f"{len(images)} digits; 32 components keep {explained:.1%} of the variance of 64 pixels")

    model = classifier()
    model.summary()
    held = (features[validation], labels[validation])
    first = model.fit(features[train], labels[train], epochs=5, batch_size=32, validation_data=held)
    on = model.fit(features[train], labels[train], epochs=more_epochs, batch_size=32, validation_data=held, verbose=0)
    curves = {name: first.history[name] + on.history[name] for name in ("accuracy", "val_accuracy")}

    loss, accuracy = model.evaluate(features[test], labels[test], verbose=0)
    predicted = model.predict(features[test], verbose=0).argmax(axis=1)
    print(f"held-back digits: {accuracy:.2%} right, loss {loss:.3f}, after {5 + more_epochs} epochs")

    OUTPUT.mkdir(exist_ok=True)
    draw(curves, images[test], labels[test], predicted, OUTPUT / "quickstart.png")
    model.save(OUTPUT / "digits.keras")
    print(f"""saved quickstart.png and digits.keras to {OUTPUT}
What to try next:
  - layers.Dropout(0.3) between the hidden layers, or optimizer=keras.optimizers.SGD(0.1, momentum=0.9)
  - 16 components instead of 32: how much accuracy do they cost?
  - keras.models.load_model("examples/output/digits.keras") in a new session: the same predictions
  - examples/by_hand.py: the same network without keras, from variables and a GradientTape""")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a perceptron on handwritten digits.")
    parser.add_argument("--epochs", type=int, default=35, help="epochs after the first five (default 35)")
    main(parser.parse_args().epochs)
