"""plot_confusion_matrix: which classes are taken for which."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import RangeError, ShapeError
from headwater.keras.visualization.figures import finished, new_figure

_CELL = 0.42  # inches


def plot_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    labels: Sequence[str] | None = None,
    normalize: bool = False,
    to_file: str | os.PathLike | None = None,
) -> Any:
    """Draw how often each class was taken for each: a row for each true class, a column for each predicted one.

    Args:
        y_true: the classes, whole numbers of shape (samples,), or one-hot of shape (samples, classes).
        y_pred: the predicted classes, or scores of shape (samples, classes), whose largest counts.
        labels: names of the classes.
        normalize: whether cells hold shares of their row instead of counts.
        to_file: where to save the picture, if at all.
    Returns: the matplotlib figure.
    Raises: ShapeError if the two are not of one length, or empty; RangeError for a negative class or one without a
        label; UnsupportedError without matplotlib.
    Example:
        >>> figure = plot_confusion_matrix([0, 1, 1], [0, 1, 0], labels=["cat", "dog"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1', '1', '1']
    """
    true, predicted = _classes(y_true), _classes(y_pred)
    if true.shape != predicted.shape or true.size == 0:
        raise ShapeError(
            f"y_true has {true.size} samples and y_pred {predicted.size}.", fix="pass one class for each sample."
        )
    count = len(labels) if labels is not None else int(max(true.max(), predicted.max())) + 1
    outside = [value for value in (true.min(), predicted.min(), true.max(), predicted.max()) if not 0 <= value < count]
    if outside:
        raise RangeError(f"class {outside[0]} is not one of 0 to {count - 1}.", fix="number classes from 0.")
    matrix = np.zeros((count, count), np.int64)
    np.add.at(matrix, (true, predicted), 1)
    return finished(_drawn(matrix, labels or [str(index) for index in range(count)], normalize), to_file)


def _classes(values: Any) -> np.ndarray:
    array = np.asarray(ops.convert_to_numpy(values))
    if array.ndim > 1 and array.shape[-1] > 1:
        array = array.argmax(axis=-1)
    return array.reshape(-1).astype(np.int64)


def _drawn(matrix: np.ndarray, labels: Sequence[str], normalize: bool) -> Any:
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = 2.0 + _CELL * len(labels)
    figure = new_figure(figsize=(size + 0.6, size), layout="tight")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(labels))
    axes.set_xticks(ticks, labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, labels)
    axes.set(xlabel="predicted", ylabel="true")
    for row, column in zip(*np.nonzero(matrix)):
        text = f"{100 * shares[row, column]:.0f}%" if normalize else str(matrix[row, column])
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=7)
    return figure
