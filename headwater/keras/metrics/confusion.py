"""Counting right and wrong "yes" and "no" at many thresholds at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater import ops
from headwater.errors import RangeError, ShapeError
from headwater.keras import settings
from headwater.keras.losses.base import match_ranks

NEVER = -1e10  # below any threshold: a prediction that says no


class Counts(NamedTuple):
    """What a batch adds, each of shape (thresholds,) or (thresholds, labels)."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


def thresholds_from(thresholds: Any, default: float) -> list[float]:
    """Thresholds as a list; `default` alone for None.

    Raises: RangeError if one is not in [0, 1].
    """
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    wrong = [threshold for threshold in found if threshold is None or not 0 <= threshold <= 1]
    if wrong:
        raise RangeError(f"thresholds {wrong} are not between 0 and 1.", fix="pass shares of 1.")
    return found


def are_even(thresholds: Sequence[float]) -> bool:
    """True for three or more thresholds in even steps from 0 to 1, give or take epsilon."""
    count = len(thresholds)
    return count >= 3 and bool(
        np.allclose(thresholds, np.linspace(0, 1, count, dtype=np.float32), atol=settings.epsilon())
    )


def even_thresholds(count: int) -> list[float]:
    """`count` thresholds in even steps from 0 to 1."""
    return [0.0, *((i + 1) / (count - 1) for i in range(count - 2)), 1.0]


def count(
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    *,
    dtype: Any,
    even: bool = False,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
    multi_label: bool = False,
    label_weights: Any = None,
) -> Counts:
    """Right and wrong decisions of `y_pred > threshold`, for each threshold.

    Args:
        y_true: truth; whatever is not 0 means yes.
        y_pred: predictions.
        thresholds: the thresholds.
        dtype: dtype of the counts.
        even: whether the thresholds go from 0 to 1 in even steps, which needs one pass whatever their number.
        top_k: let all but the `top_k` largest predictions of a row say no.
        class_id: count one class of the last axis alone.
        sample_weight: how much each sample, or each prediction, counts.
        multi_label: keep the labels of the last axis apart.
        label_weights: how much each label counts.
    """
    y_true, y_pred = ops.cast(y_true, dtype), ops.cast(y_pred, dtype)
    y_pred, y_true = match_ranks(y_pred, y_true)
    weight = _weights(y_true, sample_weight, dtype)
    if top_k is not None:
        y_pred = _only_top(y_pred, top_k)
    if class_id is not None:
        if len(y_pred.shape) == 1:
            raise ShapeError(
                f"predictions of shape {tuple(y_pred.shape)} have no axis of classes.", fix="leave class_id out."
            )
        y_true, y_pred = y_true[..., class_id : class_id + 1], y_pred[..., class_id : class_id + 1]
    truth = ops.cast(ops.not_equal(y_true, 0), dtype)
    if label_weights is not None:
        weight = ops.multiply(1.0 if weight is None else weight, ops.cast(label_weights, dtype))
    positive, negative = truth, ops.subtract(1.0, truth)
    if weight is not None:
        weight = ops.broadcast_to(weight, truth.shape)
        positive, negative = ops.multiply(positive, weight), ops.multiply(negative, weight)
    columns = truth.shape[-1] if multi_label else 1
    positive, negative, y_pred = (ops.reshape(x, (-1, columns)) for x in (positive, negative, y_pred))
    at_thresholds = _by_buckets if even else _by_comparison
    true_positives, false_positives = at_thresholds(y_pred, positive, negative, thresholds)
    found = Counts(
        true_positives,
        false_positives,
        ops.subtract(ops.sum(negative, axis=0), false_positives),
        ops.subtract(ops.sum(positive, axis=0), true_positives),
    )
    return found if multi_label else Counts(*(ops.reshape(counts, (len(thresholds),)) for counts in found))


def _weights(y_true: Any, sample_weight: Any, dtype: Any) -> Any:
    if sample_weight is None:
        return None
    weight = ops.expand_dims(ops.cast(sample_weight, dtype), axis=-1)
    return match_ranks(y_true, weight, expand_rank_1=False)[1]


def _only_top(y_pred: Any, k: int) -> Any:
    _, places = ops.top_k(y_pred, k)
    kept = ops.sum(ops.one_hot(places, y_pred.shape[-1], dtype=y_pred.dtype), axis=-2)
    return ops.where(ops.greater(kept, 0), y_pred, NEVER)


def _by_comparison(y_pred: Any, positive: Any, negative: Any, thresholds: Sequence[float]) -> tuple[Any, Any]:
    bounds = ops.reshape(ops.convert_to_tensor(np.asarray(thresholds, dtype="float32"), dtype=y_pred.dtype), (-1, 1, 1))
    says_yes = ops.greater(ops.expand_dims(y_pred, 0), bounds)
    return tuple(ops.sum(ops.where(says_yes, ops.expand_dims(x, 0), 0.0), axis=1) for x in (positive, negative))  # type: ignore[return-value]


def _by_buckets(y_pred: Any, positive: Any, negative: Any, thresholds: Sequence[float]) -> tuple[Any, Any]:
    """Each prediction falls into the bucket of the highest threshold below it; sums from the right give all
    thresholds."""
    number, columns = len(thresholds), y_pred.shape[-1]
    bucket = ops.subtract(ops.ceil(ops.multiply(ops.clip(y_pred, 0.0, 1.0), float(number - 1))), 1.0)
    if thresholds[0] < 0:  # a prediction of 0 lies above the first threshold
        bucket = ops.maximum(bucket, 0.0)
    place = ops.cast(bucket, "int32")
    in_range = ops.greater_equal(place, 0)
    place = ops.add(ops.multiply(ops.maximum(place, 0), columns), ops.arange(columns, dtype="int32"))
    place = ops.reshape(place, (-1,))

    def at_thresholds(x: Any) -> Any:
        counted = ops.reshape(ops.where(in_range, x, 0.0), (-1,))
        sums = ops.reshape(ops.segment_sum(counted, place, num_segments=number * columns), (number, columns))
        return ops.flip(ops.cumsum(ops.flip(sums, axis=0), axis=0), axis=0)

    return at_thresholds(positive), at_thresholds(negative)
