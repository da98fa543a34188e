"""Fashion-MNIST as the scripts of this folder use it, and what they share with the other applications."""

import sys
from pathlib import Path

from headwater import datasets

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import draw_curves, output_of, place, report, start, train

__all__ = ["BATCH", "CLASSES", "OUTPUT", "draw_curves", "load_clothes", "place", "report", "start", "train"]

CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot")
HELD_OUT = 5_000  # training pictures that are kept for validation
BATCH = 128
OUTPUT = output_of("image_recognition")


def load_clothes(short=False):
    """Pictures (count, 28, 28, 1) of 0..255 and their classes, as three pairs: training, validation, test."""
    data = datasets.load("fashion_mnist")
    images, labels = data["train"]["image"][..., None], data["train"]["label"].astype("int32")
    train, validation = (images[:-HELD_OUT], labels[:-HELD_OUT]), (images[-HELD_OUT:], labels[-HELD_OUT:])
    test = data["test"]["image"][..., None], data["test"]["label"].astype("int32")
    if short:
        return tuple((x[:count], y[:count]) for (x, y), count in ((train, 768), (validation, 256), (test, 512)))
    return train, validation, test
