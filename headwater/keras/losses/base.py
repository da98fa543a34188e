"""Loss: from targets and predictions to one number, with weights and masks.

A loss function gives one value per sample (or per sample and position); `Loss.__call__` weighs and reduces them. The
divisor of "sum_over_batch_size" is the number of values, not the sum of the weights; "mean_with_sample_weight" divides
by the latter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from headwater import ops, tree
from headwater.errors import ArgumentError, UnsupportedError
from headwater.keras import dtype_policies, settings
from headwater.keras.utils.naming import auto_name

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)
_MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")


def mask_of(x: Any) -> Any:
    """The mask that a layer or loss left on a tensor; None without one."""
    return getattr(x, "_keras_mask", None)


def match_ranks(x1: Any, x2: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """Two tensors of one rank, if a last axis of size 1 is all that one has more than the other.

    Args:
        x1, x2: tensors.
        expand_rank_1: give the one of rank 1 another axis, instead of taking the other's away.
    Example:
        >>> a, b = match_ranks(ops.ones((4,)), ops.ones((4, 1)))
        >>> tuple(a.shape), tuple(b.shape)
        ((4, 1), (4, 1))
    """
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank1 == rank2 + 1:
        x2, x1 = _match_to_longer(x2, x1, expand_rank_1)
    elif rank2 == rank1 + 1:
        x1, x2 = _match_to_longer(x1, x2, expand_rank_1)
    return x1, x2


def _match_to_longer(shorter: Any, longer: Any, expand_rank_1: bool) -> tuple[Any, Any]:
    if longer.shape[-1] != 1:
        return shorter, longer
    if len(shorter.shape) == 1 and expand_rank_1:
        return ops.expand_dims(shorter, axis=-1), longer
    return shorter, ops.squeeze(longer, axis=-1)


def in_dtype_of_predictions(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions as tensors of the predictions' dtype and of one rank."""
    y_pred = ops.convert_to_tensor(y_pred)
    return match_ranks(ops.convert_to_tensor(y_true, dtype=y_pred.dtype), y_pred)


def apply_mask(sample_weight: Any, mask: Any, dtype: Any, reduction: str | None) -> Any:
    """Weights with 0 where the mask is off.

    Under a mean the weights that stay are scaled up, so that the mean is that of what is not masked.
    """
    if mask is None:
        return sample_weight
    kept = ops.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        total = float(math.prod(mask.shape))
        kept = ops.multiply(kept, ops.divide_no_nan(ops.cast(total, dtype), ops.sum(kept)))
    if sample_weight is None:
        return kept
    kept, sample_weight = match_ranks(kept, ops.cast(sample_weight, dtype))
    return ops.multiply(sample_weight, kept)


def reduce_weighted(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> Any:
    """Per-sample values, weighed and masked, reduced to one.

    Args:
        values: one value per sample, or per sample and position.
        sample_weight: numbers that broadcast to `values`.
        mask: bool, False for values that do not count.
        reduction: one of `REDUCTIONS`.
        dtype: dtype to compute in; that of `values` by default.
    Returns: a scalar; for the reduction "none" (or None) the weighed values.
    """
    values = ops.convert_to_tensor(values, dtype=dtype)
    weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if weight is not None:
        values, weight = match_ranks(values, ops.cast(weight, values.dtype))
        values = ops.multiply(values, weight)
    if reduction in (None, "none") or tuple(values.shape) in ((), (0,)):
        return values
    total = ops.sum(values)
    if reduction not in _MEANS:
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide_no_nan(total, ops.sum(weight))
    count = math.prod(values.shape)
    return ops.multiply(total, 1.0 / count) if count else ops.zeros_like(total)


class Loss:
    """Base of the losses. A subclass gives `call(y_true, y_pred)`, which returns one value per sample.

    Args:
        name: name of the loss; made from the class by default.
        reduction: "sum_over_batch_size" (the mean, also called "mean"), "mean_with_sample_weight" (divided by the sum
            of the weights), "sum", or "none".
        dtype: dtype, or dtype policy, to compute in; `floatx()` by default.
    Raises: ArgumentError for an unknown reduction.
    Example:
        >>> class MeanCube(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)
        >>> float(MeanCube()([[0.0, 0.0]], [[1.0, 2.0]]))
        4.5
    """

    target_dtype: ClassVar[str | None] = None  # None: targets are cast to the dtype of the loss

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ArgumentError(
                f"{reduction!r} is not a reduction.", fix=f"use one of {', '.join(map(repr, REDUCTIONS))}."
            )
        self.name = name or auto_name(type(self).__name__)
        self.reduction = reduction
        self._dtype_policy = dtype_policies.get(dtype or settings.floatx())
        self._dtype = self._dtype_policy.compute_dtype

    @property
    def dtype(self) -> str:
        """The dtype that the loss is computed in."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss.

        Args:
            y_true: targets; a tensor, array or nested structure of them.
            y_pred: predictions, of the same structure.
            sample_weight: weight of each sample, or of each sample and position.
        Returns: a scalar; for the reduction "none" one value per sample.
        """
        in_mask = mask_of(y_pred)
        losses = self.call(self._tensors(y_true, self.target_dtype or self.dtype), self._tensors(y_pred, self.dtype))
        out_mask = mask_of(losses)
        if in_mask is not None and out_mask is not None:
            mask = ops.logical_and(in_mask, out_mask)
        else:
            mask = in_mask if out_mask is None else out_mask
        return reduce_weighted(losses, sample_weight, mask, self.reduction, self.dtype)

    def _tensors(self, structure: Any, dtype: str) -> Any:
        if not tree.is_nested(structure) or not any(hasattr(leaf, "shape") for leaf in tree.leaves(structure)):
            return ops.convert_to_tensor(structure, dtype=dtype)  # one tensor, or nested lists of numbers
        return tree.map_structure(lambda leaf: ops.convert_to_tensor(leaf, dtype=dtype), structure)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample."""
        raise UnsupportedError(f"{type(self).__name__} computes nothing.", fix="define call(self, y_true, y_pred).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss that `get_config` described."""
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A function of targets and predictions as a `Loss`.

    Args:
        fn: function of (y_true, y_pred, **kwargs) that returns one value per sample.
        reduction, name, dtype: see `Loss`.
        kwargs: passed on to `fn`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`fn` on targets and predictions of one rank."""
        if ops.is_tensor(y_true) and ops.is_tensor(y_pred):
            y_true, y_pred = match_ranks(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        from headwater.keras.saving import serialize_keras_object

        return {
            **super().get_config(),
            "fn": serialize_keras_object(self.fn),
            **serialize_keras_object(self._fn_kwargs),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        return cls(**(deserialize_keras_object(config) if "fn" in config else config))

    def __repr__(self) -> str:
        return f"<LossFunctionWrapper({self.fn}, kwargs={self._fn_kwargs})>"


class FunctionLoss(LossFunctionWrapper):
    """Base of the losses that Keras itself has: a fixed function, and arguments that the config repeats."""

    function: ClassVar[Callable[..., Any]]
    saved: ClassVar[tuple[str, ...]] = ()  # arguments in the config

    def __init__(self, reduction: str | None, name: str | None, dtype: Any, **kwargs: Any) -> None:
        super().__init__(type(self).function, reduction=reduction, name=name, dtype=dtype, **kwargs)
        for key, value in kwargs.items():
            setattr(self, key, value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {**Loss.get_config(self), **{key: getattr(self, key) for key in self.saved}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss that `get_config` described."""
        return cls(**config)
