"""Accuracies: the share of predictions that are right."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import settings
from headwater.keras.losses.base import in_dtype_of_predictions, match_ranks
from headwater.keras.metrics.mean import FunctionMetric


def _share(matches: Any) -> Any:
    return ops.cast(matches, settings.floatx())


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where predictions equal targets, 0 elsewhere."""
    return _share(ops.equal(*in_dtype_of_predictions(y_true, y_pred)))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where y_pred > threshold agrees with a target of 0 or 1, 0 elsewhere.

    Example:
        >>> binary_accuracy([1, 0, 1], [0.7, 0.6, 0.2]).numpy()
        array([1., 0., 0.], dtype=float32)
    """
    y_true, y_pred = match_ranks(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    return _share(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), y_true.dtype)))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the place of the largest target (one-hot), 0 elsewhere."""
    return _share(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the place that the target (an integer) names, 0 elsewhere.

    Example:
        >>> sparse_categorical_accuracy([2, 1], [[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]).numpy()
        array([1., 0.], dtype=float32)
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    matches = _share(ops.equal(y_true, ops.argmax(y_pred, axis=-1)))
    return ops.squeeze(matches, axis=-1) if len(matches.shape) > 1 and matches.shape[-1] == 1 else matches


def _in_top_k(labels: Any, y_pred: Any, k: int) -> Any:
    matches = ops.in_top_k(ops.reshape(labels, (-1,)), ops.reshape(y_pred, (-1, y_pred.shape[-1])), k=k)
    return _share(ops.reshape(matches, labels.shape))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the true class (one-hot) is among the `k` largest predictions, 0 elsewhere."""
    return _in_top_k(ops.cast(ops.argmax(y_true, axis=-1), "int32"), ops.convert_to_tensor(y_pred), k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """1 where the true class (an integer) is among the `k` largest predictions, 0 elsewhere.

    Args:
        y_true: true classes.
        y_pred: predictions; or, if `from_sorted_ids`, classes in the order of their predictions.
        k: how many count.
        from_sorted_ids: whether `y_pred` are classes.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.cast(y_true, "int32")
    if not from_sorted_ids:
        return _in_top_k(labels, y_pred, k)
    classes = ops.reshape(y_pred, (-1, y_pred.shape[-1]))[:, :k]
    matches = ops.any(ops.equal(ops.reshape(labels, (-1, 1)), classes), axis=1)
    return _share(ops.reshape(matches, labels.shape))


class Accuracy(FunctionMetric):
    """Share of predictions that equal the target; see `accuracy`."""

    function = accuracy
    direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class BinaryAccuracy(FunctionMetric):
    """Share of yes-or-no predictions that are right.

    Args:
        name: name of the metric.
        dtype: dtype to compute in.
        threshold: predictions above it mean yes.
    """

    function = binary_accuracy
    saved = ("threshold",)
    direction = "up"

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype, threshold=threshold)


class CategoricalAccuracy(FunctionMetric):
    """Share of samples whose largest prediction is at the true class (one-hot)."""

    function = categorical_accuracy
    direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class SparseCategoricalAccuracy(FunctionMetric):
    """Share of samples whose largest prediction is at the true class (an integer)."""

    function = sparse_categorical_accuracy
    direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class TopKCategoricalAccuracy(FunctionMetric):
    """Share of samples whose true class (one-hot) is among the `k` largest predictions.

    Args:
        k: how many count.
        name: name of the metric.
        dtype: dtype to compute in.
    """

    function = top_k_categorical_accuracy
    saved = ("k",)
    direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype, k=k)


class SparseTopKCategoricalAccuracy(FunctionMetric):
    """Share of samples whose true class (an integer) is among the `k` largest predictions.

    Args:
        k: how many count.
        name: name of the metric.
        dtype: dtype to compute in.
        from_sorted_ids: whether predictions are classes in the order of their scores.
    """

    function = sparse_top_k_categorical_accuracy
    saved = ("k",)
    direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype, k=k, from_sorted_ids=from_sorted_ids)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        config = super().get_config()
        return {**config, "from_sorted_ids": True} if self._fn_kwargs["from_sorted_ids"] else config
