"""How the scripts of this folder train, as the other applications do, and what they get wrong."""

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import finished, output_of, place, plt, report, start, train

__all__ = ["OUTPUT", "draw", "finished", "place", "report", "start", "train"]

OUTPUT = output_of(Path(__file__).parent.name)


def draw(curves, labels, predicted, groups, path):
    """Accuracy by epoch on the left; on the right which groups are taken for which, row by row in percent."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(14, 7), gridspec_kw={"width_ratios": [1, 1.5]})
    for color, (name, columns) in enumerate(curves.items()):
        epochs = np.arange(1, len(columns["accuracy"]) + 1)
        left.plot(epochs, columns["accuracy"], f"C{color}--", alpha=0.6, label=f"{name}, training")
        left.plot(epochs, columns["val_accuracy"], f"C{color}o-", label=f"{name}, validation")
    left.set(xlabel="epoch", title="Accuracy")
    left.grid(alpha=0.3)
    left.legend(loc="lower right")
    table = np.zeros((len(groups), len(groups)))
    np.add.at(table, (labels, predicted), 1)
    table = 100 * table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    right.imshow(table, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.argwhere(table.round() >= 1):
        dark = "white" if table[row, column] > 50 else "black"
        right.text(column, row, f"{table[row, column]:.0f}", ha="center", va="center", fontsize=7, color=dark)
    right.set_xticks(range(len(groups)), groups, rotation=90, fontsize=8)
    right.set_yticks(range(len(groups)), groups, fontsize=8)
    right.set(xlabel="taken for", title=f"The {list(curves)[-1]}'s answers: percent of each group's test posts")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
