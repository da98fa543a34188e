"""What the four generators have in common: the pictures, a contact sheet, and what all applications share."""

import sys
from pathlib import Path

import numpy as np

from headwater import datasets

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import output_of, place, plt, report, start, train

__all__ = [
    "BATCH",
    "CLASSES",
    "OUTPUT",
    "contact_sheet",
    "draw_curves",
    "load_clothes",
    "place",
    "report",
    "start",
    "train",
]

CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot")
OUTPUT = output_of("generators")
BATCH = 128
SHORT = 512  # pictures of a run that is to show only that all works


def load_clothes(split="train", low=0.0, short=False):
    """Pictures of Fashion-MNIST, (count, 28, 28, 1), float32 from `low` to 1, and their classes."""
    columns = datasets.load("fashion_mnist")[split]
    count = SHORT if short else None
    images, labels = columns["image"][:count, ..., None], columns["label"][:count].astype("int32")
    return (low + images * ((1 - low) / 255)).astype("float32"), labels


def contact_sheet(images, path, columns=16, low=0.0, scale=2):
    """Save pictures side by side as one grey picture, dark on white, as clothes are seen in a catalogue."""
    rows = len(images) // columns
    grey = np.clip((np.asarray(images[: rows * columns])[..., 0] - low) / (1 - low), 0, 1)
    framed = np.pad(grey, ((0, 0), (2, 2), (2, 2))).reshape(rows, columns, 32, 32).transpose(0, 2, 1, 3)
    sheet = framed.reshape(rows * 32, columns * 32).repeat(scale, 0).repeat(scale, 1)
    plt.imsave(path, 1 - sheet, cmap="gray", vmin=0, vmax=1)


def draw_curves(curves, path):
    """One panel, a line for each value that was logged."""
    figure, panel = plt.subplots(figsize=(6, 3.4))
    for name, values in curves.items():
        if name != "epoch":
            panel.plot(np.arange(1, len(values) + 1), values, "o-", markersize=3, label=name.replace("_", " "))
    panel.set(xlabel="epoch", title=f"Training of the {Path(path).parent.name} generator")
    panel.grid(alpha=0.3)
    panel.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
