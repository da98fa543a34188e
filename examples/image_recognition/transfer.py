"""What was learned on clothes, put to use on handwritten digits of which only a few are labelled.

    python examples/image_recognition/transfer.py [--labelled 200] [--short]

The convolutions of the network that `cnn.py` saved become a part of a new model. First they are frozen and only a new
dense layer learns; then all of it learns on, slowly. The same network from random weights shows what that was worth.
"""

import time

import numpy as np
from clothes import OUTPUT, place, report, start, train
from cnn import main as train_on_clothes

from headwater import datasets, keras
from headwater.keras import layers


def load_digits(labelled):
    """(pictures, digits) of MNIST: `labelled` to learn from, as many of each digit; 1,000 to be tested on."""
    data = datasets.load("mnist_5k")
    images, digits = data["train"]["image"][..., None], data["train"]["label"].astype("int32")
    chosen = np.concatenate([np.flatnonzero(digits == digit)[: labelled // 10] for digit in range(10)])
    test = data["test"]["image"][..., None], data["test"]["label"].astype("int32")
    return (images[chosen], digits[chosen]), test


def body_of(model):
    """The part of a classifier of clothes that is worth keeping: from scaled pixels to features, nothing mirrored."""
    return keras.Model(model.get_layer("random_translation").output, model.get_layer("features").output, name="body")


def build_transfer(body, learn_body, rate):
    """A model of digits on top of `body`, which learns too if `learn_body`.

    A body that was trained before keeps its statistics (`training=False`): batches of a small set would spoil them.
    """
    body.trainable = learn_body
    pixels = keras.Input((28, 28, 1))
    features = body(layers.Rescaling(1 / 255)(pixels), training=False)
    model = keras.Model(pixels, layers.Dense(10, name="logits")(features))
    return compiled(model, rate)


def build_from_nothing(body, rate=1e-3):
    """The same layers with weights of their own, drawn at random."""
    pixels = keras.Input((28, 28, 1))
    features = keras.models.clone_model(body)(layers.Rescaling(1 / 255)(pixels))
    return compiled(keras.Model(pixels, layers.Dense(10, name="logits")(features)), rate)


def compiled(model, rate):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def main(labelled=200, short=False, output=OUTPUT):
    """Train three models of digits; returns what each reads right of the test pictures."""
    started = time.perf_counter()
    keras.utils.set_random_seed(1)
    folder, epochs = place(output, short), 3 if short else 40
    if not (folder / "cnn" / "model.keras").exists():
        train_on_clothes(short=short, output=output)
    body = body_of(keras.models.load_model(folder / "cnn" / "model.keras"))
    data, test = load_digits(labelled)
    folder = folder / "transfer"

    scratch = build_from_nothing(body)
    train(scratch, data, None, epochs, folder / "scratch", batch=20)
    frozen = build_transfer(body, learn_body=False, rate=1e-2)
    _, watch = train(frozen, data, None, epochs, folder / "frozen", batch=20)
    accuracy = {"from nothing": scratch.evaluate(*test, verbose=0)[1], "frozen": frozen.evaluate(*test, verbose=0)[1]}

    tuned = build_transfer(body, learn_body=True, rate=3e-4)
    tuned.get_layer("logits").set_weights(frozen.get_layer("logits").get_weights())
    train(tuned, data, None, epochs // 2, folder / "tuned", batch=20)
    accuracy["tuned"] = tuned.evaluate(*test, verbose=0)[1]
    tuned.save(folder / "model.keras")
    for name, value in accuracy.items():
        print(f"{name:13} {value:.1%} of {len(test[1]):,} digits are read right, after {labelled} labelled ones")
    figures = {f"test accuracy, {name}": (value, None) for name, value in accuracy.items()}
    report("image_recognition/transfer", figures, watch.step_ms, started)
    return accuracy


if __name__ == "__main__":
    start(main, labelled="labelled digits to learn from (default 200)")
