"""Circle: embeddings of one class close together, those of different classes apart."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.losses.base import FunctionLoss


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """The circle loss of each embedding against references.

    Args:
        y_true: classes, (batch,) integers.
        y_pred: embeddings of length 1, (batch, features).
        ref_labels: classes of the references; `y_true` by default.
        ref_embeddings: the references; `y_pred` by default.
        remove_diagonal: do not compare an embedding with itself.
        gamma: scale of the similarities.
        margin: how far similar and dissimilar pairs are kept from the middle.
    Returns: one value per embedding.
    Source: Sun et al. 2020, arXiv:2002.10857.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
    others = labels if ref_labels is None else ops.reshape(ops.cast(ref_labels, "int32"), (-1, 1))
    references = y_pred if ref_embeddings is None else ops.convert_to_tensor(ref_embeddings)
    distance = ops.maximum(ops.subtract(1.0, ops.matmul(y_pred, ops.transpose(references))), 0.0)
    same = ops.equal(labels, ops.transpose(others))
    different = ops.logical_not(same)
    if remove_diagonal:
        itself = ops.eye(labels.shape[0], others.shape[0], dtype="bool")
        same = ops.logical_and(same, ops.logical_not(itself))
    near = ops.multiply(ops.add(distance, margin), ops.subtract(distance, margin))
    far = ops.multiply(ops.maximum(ops.subtract(1.0 + margin, distance), 0.0), ops.subtract(1.0 - margin, distance))
    pull = ops.logsumexp(ops.where(same, ops.multiply(near, gamma), float("-inf")), axis=1)
    push = ops.logsumexp(ops.where(different, ops.multiply(far, gamma), float("-inf")), axis=1)
    loss = ops.softplus(ops.add(pull, push))
    loss._keras_mask = ops.greater(loss, 0)
    return loss


class Circle(FunctionLoss):
    """Circle loss; see `circle` and, for reduction, name and dtype, `Loss`."""

    function = circle
    saved = ("gamma", "margin", "remove_diagonal")
    target_dtype = "int32"

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
