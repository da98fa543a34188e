"""What piece of clothing is this? A convolutional network learns it from 55,000 pictures of Fashion-MNIST.

    python examples/image_recognition/cnn.py [--epochs 12] [--short]

Raw pixels go in; scaling, mirroring and shifting are layers of the model and are saved with it. When training is over,
pictures of its errors are drawn, and of the places in a picture that made it decide.
"""

import time

import numpy as np
from clothes import BATCH, OUTPUT, draw_curves, load_clothes, place, report, start, train
from models import build_cnn
from pictures import draw_activation_maps, draw_misread, draw_model

from headwater import keras

TARGET = ">= 0.93"


def recognise(build, epochs, short, output, target):
    """Train the network that `build` makes, draw, save. Returns the accuracy on test pictures."""
    started = time.perf_counter()
    keras.utils.set_random_seed(1)
    training, validation, (images, labels) = load_clothes(short)
    epochs = 1 if short else epochs
    model = build(steps=epochs * -(-len(training[0]) // BATCH))
    model.summary()
    folder = place(output, short) / model.name
    curves, watch = train(model, training, validation, epochs, folder, BATCH)

    model.save(folder / "model.keras")
    logits = model.predict(images, batch_size=256, verbose=0)
    accuracy = np.mean(logits.argmax(axis=1) == labels)
    draw_curves(curves, ["loss", "accuracy"], folder / "curves.png")
    draw_misread(images, labels, np.asarray(keras.ops.softmax(logits)), folder / "misread.png")
    draw_activation_maps(model, images, labels, folder / "activation_maps.png")
    draw_model(model, folder / "model.svg")
    print(f"{accuracy:.2%} of {len(labels):,} test pictures are named right; see {folder}")
    report(f"image_recognition/{model.name}", {"test accuracy": (accuracy, target)}, watch.step_ms, started)
    return accuracy


def main(epochs=12, short=False, output=OUTPUT):
    return recognise(build_cnn, epochs, short, output, TARGET)


if __name__ == "__main__":
    start(main)
