"""Labels that are no class must not go unnoticed: an error where values can be seen, NaN where they can't."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import RangeError
from headwater.frontend.tracing import is_tracing

_CHECKED_EAGERLY = 1 << 16  # labels; beyond, looking at each would be felt


def check_labels(loss: Any, y_true: Any, num_classes: int | None) -> None:
    """Check, on the host, the labels of data that training is about to see.

    Args:
        loss: a `Loss` or loss function; only those of integer classes are checked.
        y_true: labels, an array.
        num_classes: size of the axis of classes of the predictions; None if unknown.
    Raises: RangeError if a label is no class.
    """
    from headwater.keras.losses import crossentropy

    function = getattr(loss, "fn", loss)
    sparse = (crossentropy.sparse_categorical_crossentropy, crossentropy.categorical_generalized_cross_entropy)
    if function not in sparse or num_classes is None or y_true is None:
        return
    options = getattr(loss, "_fn_kwargs", {})
    _check(np.asarray(y_true), num_classes, options.get("ignore_class"))


def check_eager_labels(y_true: Any, num_classes: int | None, ignore_class: int | None) -> None:
    """Check the labels of an eager tensor, unless there are very many; do nothing while a function is traced.

    Raises: RangeError if a label is no class.
    """
    if num_classes is not None and not is_tracing() and y_true.size <= _CHECKED_EAGERLY:
        _check(y_true.numpy(), num_classes, ignore_class)


def _check(labels: Any, num_classes: int, ignore_class: int | None) -> None:
    labels = np.asarray(labels)
    if labels.size == 0 or labels.dtype.kind not in "iuf":
        return
    low, high = labels.min(), labels.max()
    if low >= 0 and high < num_classes:
        return
    wrong = (labels < 0) | (labels >= num_classes)
    if ignore_class is not None:
        wrong &= labels != ignore_class
    if not wrong.any():
        return
    example = labels[wrong].flat[0]
    shown = int(example) if float(example).is_integer() else float(example)
    hint = "" if shown >= 0 else f", or pass ignore_class={shown} if it marks what must not count"
    raise RangeError(
        f"label {shown} is no class: predictions have {num_classes} classes, 0 to {num_classes - 1} "
        f"({int(wrong.sum())} of {labels.size} labels are out of range).",
        fix=f"number the labels from 0, or give the last layer {max(int(high) + 1, 2)} units{hint}."
        if shown >= num_classes
        else f"number the labels from 0{hint}.",
    )


def without_impossible(loss: Any, labels: Any, num_classes: int | None) -> Any:
    """Inside a traced function, NaN where a label is no class: wrong labels must not pass for a small loss."""
    if num_classes is None or not is_tracing():
        return loss
    possible = ops.logical_and(ops.greater_equal(labels, 0), ops.less(labels, num_classes))
    return ops.where(possible, loss, float("nan"))
