"""CTC: labels of a sequence without knowing where each of them is."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras.losses.base import FunctionLoss


def ctc(y_true: Any, y_pred: Any) -> Any:
    """Connectionist temporal classification; class 0 is the blank, and pads the labels.

    Args:
        y_true: labels, (batch, length) integers.
        y_pred: logits, (batch, time, classes).
    Returns: one value per sequence.
    Raises: ShapeError if the ranks differ from these.
    Source: Graves et al. 2006, "Connectionist temporal classification".
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) != 2 or len(y_pred.shape) != 3:
        raise ShapeError(
            f"ctc of labels {tuple(y_true.shape)} and logits {tuple(y_pred.shape)}.",
            fix="give labels of (batch, length) and logits of (batch, time, classes).",
        )
    batch, time = y_pred.shape[0], y_pred.shape[1]
    label_length = ops.sum(ops.cast(ops.not_equal(y_true, 0), "int32"), axis=-1)
    input_length = ops.full((batch,), time, dtype="int32")
    return ops.ctc_loss(ops.cast(y_true, "int32"), y_pred, label_length, input_length, mask_index=0)


class CTC(FunctionLoss):
    """Connectionist temporal classification; see `ctc` and, for the arguments, `Loss`."""

    function = ctc
    target_dtype = "int32"

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)
