"""Mean and sum over all samples seen, and the mean of a function of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from headwater import ops
from headwater.keras.losses.base import apply_mask, mask_of, match_ranks
from headwater.keras.metrics.base import Metric


def per_sample(values: Any, sample_weight: Any, reduce: Callable[..., Any], dtype: str) -> tuple[Any, Any]:
    """One weighed value and one weight per sample.

    Args:
        values: values whose first axis counts samples; further axes are reduced.
        sample_weight: weights of samples, or of samples and positions; None for none.
        reduce: what further axes are reduced by, `ops.mean` or `ops.sum`.
        dtype: dtype of the result.
    Returns: values times weights, (batch,), and weights, (batch,) or None.
    """
    mask = mask_of(values)
    values = ops.cast(values, dtype)
    if sample_weight is not None:
        weight = apply_mask(ops.convert_to_tensor(sample_weight, dtype=dtype), mask, dtype, "sum")
        values, weight = match_ranks(values, weight)
        rank = len(weight.shape)
        if len(values.shape) > rank:
            values = reduce(values, axis=list(range(rank, len(values.shape))))
        weight = ops.broadcast_to(weight, values.shape)
        values = ops.multiply(values, weight)
        sample_weight = reduce(weight, axis=list(range(1, rank))) if rank > 1 else weight
    if len(values.shape) > 1:
        values = reduce(values, axis=list(range(1, len(values.shape))))
    return values, sample_weight


class Sum(Metric):
    """The (weighed) sum of values.

    Args:
        name: name of the metric.
        dtype: dtype to compute in.
    Example:
        >>> metric = Sum()
        >>> metric.update_state([1.0, 3.0])
        >>> float(metric.result())
        4.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values."""
        values, _ = per_sample(values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Any:
        """The sum."""
        return ops.cast(self.total, self.dtype)


class Mean(Metric):
    """The (weighed) mean of values: their sum over the sum of the weights, or over the number of samples.

    Args:
        name: name of the metric.
        dtype: dtype to compute in.
    Example:
        >>> metric = Mean()
        >>> metric.update_state([1.0, 3.0], sample_weight=[1.0, 3.0])
        >>> float(metric.result())
        2.5
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values."""
        values, weight = per_sample(values, sample_weight, ops.mean, self.dtype)
        self.total.assign_add(ops.sum(values))
        if weight is not None:
            self.count.assign_add(ops.sum(weight))
        else:
            self.count.assign_add(values.shape[0] if len(values.shape) else 1)

    def result(self) -> Any:
        """The mean; 0 before anything was added."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function of targets and predictions.

    Args:
        fn: function of (y_true, y_pred, **kwargs) that returns one value per sample.
        name: name of the metric.
        dtype: dtype to compute in.
        kwargs: passed on to `fn`.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        if _is_loss(fn):
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        weight = apply_mask(sample_weight, mask_of(y_pred), self.dtype, "sum")
        super().update_state(values, sample_weight=weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        from headwater.keras.saving import serialize_keras_object

        return {
            **super().get_config(),
            "fn": serialize_keras_object(self._fn),
            **serialize_keras_object(self._fn_kwargs),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        return cls(**(deserialize_keras_object(config) if "fn" in config else config))


def _is_loss(function: Any) -> bool:
    from headwater.keras import losses

    return isinstance(function, losses.Loss) or function in losses.ALL_OBJECTS_DICT.values()


class FunctionMetric(MeanMetricWrapper):
    """Base of the metrics that are the mean of one of Keras's own functions."""

    function: ClassVar[Callable[..., Any]]
    saved: ClassVar[tuple[str, ...]] = ()  # arguments in the config
    direction: ClassVar[str | None] = "down"  # where better lies

    def __init__(self, name: str | None, dtype: Any, **kwargs: Any) -> None:
        super().__init__(type(self).function, name=name, dtype=dtype, **kwargs)
        if self.direction is not None:
            self._direction = self.direction
        for key, value in kwargs.items():
            setattr(self, key, value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {**Metric.get_config(self), **{key: getattr(self, key) for key in self.saved}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric that `get_config` described."""
        return cls(**config)
