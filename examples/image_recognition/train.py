"""What piece of clothing is this? A convolutional network learns it from 55,000 pictures of Fashion-MNIST.

    python examples/image_recognition/train.py [--model cnn|resnet] [--epochs 10] [--short]

Raw pixels go in; scaling, mirroring and shifting are layers of the model and are saved with it. When training is over,
pictures of its errors are drawn, and of the places in a picture that made it decide.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from clothes import BATCH, load_clothes, report, train
from models import build_cnn, build_resnet
from pictures import draw_activation_maps, draw_curves, draw_misread, draw_model

from headwater import keras

OUTPUT = Path(__file__).resolve().parents[1] / "output" / "image_recognition"
BUILDERS = {"cnn": build_cnn, "resnet": build_resnet}


def main(kind="cnn", epochs=10, short=False, output=OUTPUT):
    """Train one of the networks, draw, save. Returns the accuracy on test pictures."""
    started = time.perf_counter()
    keras.utils.set_random_seed(1)
    training, validation, (images, labels) = load_clothes(short)
    epochs = 1 if short else epochs
    model = BUILDERS[kind](steps=epochs * -(-len(training[0]) // BATCH))
    model.summary()
    folder = Path(output) / kind
    curves, watch = train(model, training, validation, epochs, folder)

    model.save(folder / "model.keras")
    logits = model.predict(images, batch_size=256, verbose=0)
    accuracy = np.mean(logits.argmax(axis=1) == labels)
    draw_curves(curves, folder / "curves.png")
    draw_misread(images, labels, np.asarray(keras.ops.softmax(logits)), folder / "misread.png")
    draw_activation_maps(model, images, labels, folder / "activation_maps.png")
    draw_model(model, folder / "model.svg")
    print(f"{accuracy:.2%} of {len(labels):,} test pictures are named right; see {folder}")
    target = ">= 0.93" if kind == "cnn" else None
    report(f"image_recognition/{kind}", {"test accuracy": (accuracy, target)}, watch.step_ms, started)
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", dest="kind", choices=list(BUILDERS), default="cnn")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--short", action="store_true", help="a slice of the data, one epoch: to see that all works")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    main(**vars(parser.parse_args()))
