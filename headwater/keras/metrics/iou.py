"""Intersection over union of classes, from a matrix of confusions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

from headwater import ops
from headwater.errors import RangeError
from headwater.keras import settings
from headwater.keras.metrics.base import Metric


class IoU(Metric):
    """Mean over some classes of: samples of and called a class / samples of or called it.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes whose mean is taken.
        name: name of the metric.
        dtype: dtype of the counts; int32 by default.
        ignore_class: a label that means "do not count"; None for none.
        sparse_y_true: whether targets are integers, else one-hot.
        sparse_y_pred: whether predictions are integers, else scores of classes.
        axis: axis of the classes where they are one-hot.
    Raises: RangeError if a class to be averaged does not exist.
    """

    saved: ClassVar[tuple[str, ...]] = (
        "num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis",
    )  # fmt: skip

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int")
        self._direction = "up"
        if max(target_class_ids) >= num_classes:
            raise RangeError(
                f"class {max(target_class_ids)} is none of the {num_classes} classes.",
                fix=f"use 0 to {num_classes - 1}.",
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable(
            (num_classes, num_classes), "zeros", dtype=self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        y_true = y_true if self.sparse_y_true else ops.argmax(y_true, axis=self.axis)
        y_pred = y_pred if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis)
        truth, said = (ops.reshape(ops.cast(y, "int32"), (-1,)) for y in (y_true, y_pred))
        counted = self._in_range(truth, said)
        weight = ops.where(counted, self._weights(sample_weight, truth), ops.cast(0, self.dtype))
        place = ops.add(ops.multiply(ops.where(counted, truth, 0), self.num_classes), ops.where(counted, said, 0))
        counts = ops.segment_sum(weight, place, num_segments=self.num_classes**2)
        self.total_cm.assign_add(ops.reshape(counts, (self.num_classes, self.num_classes)))

    def _in_range(self, truth: Any, said: Any) -> Any:
        counted = ops.less(ops.maximum(truth, said), self.num_classes)
        counted = ops.logical_and(counted, ops.greater_equal(ops.minimum(truth, said), 0))
        if self.ignore_class is not None:
            counted = ops.logical_and(counted, ops.not_equal(truth, self.ignore_class))
        return counted

    def _weights(self, sample_weight: Any, truth: Any) -> Any:
        if sample_weight is None:
            return ops.ones(truth.shape, dtype=self.dtype)
        if "float" in str(getattr(sample_weight, "dtype", "")) and "int" in self.dtype:
            warnings.warn(
                f"{self.name}: weights of dtype {sample_weight.dtype} are cut to whole numbers; "
                "pass dtype='float32' to keep them.",
                stacklevel=3,
            )
        weight = ops.cast(sample_weight, self.dtype)
        weight = ops.reshape(weight, (-1,)) if len(weight.shape) > 1 else weight
        return ops.broadcast_to(weight, truth.shape)

    def result(self) -> Any:
        """The mean over the classes that occur."""
        matrix = ops.cast(self.total_cm, "float32")
        right = ops.diagonal(matrix)
        either = ops.subtract(ops.add(ops.sum(matrix, axis=0), ops.sum(matrix, axis=1)), right)
        right, either = (ops.take(x, self.target_class_ids, axis=0) for x in (right, either))
        occurs = ops.greater(either, 1e-9)
        tiny = settings.epsilon()
        shares = ops.where(occurs, ops.divide(right, ops.add(either, tiny)), 0.0)
        return ops.divide(ops.sum(shares), ops.add(ops.sum(ops.cast(occurs, "float32")), tiny))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self.saved}}


class BinaryIoU(IoU):
    """`IoU` of no and yes.

    Args:
        target_class_ids: (0, 1) for both, (1,) for yes alone.
        threshold: predictions from it on mean yes.
        name: name of the metric.
        dtype: dtype of the counts.
    """

    saved = ("target_class_ids", "threshold")

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        says_yes = ops.greater_equal(ops.convert_to_tensor(y_pred, dtype="float32"), self.threshold)
        super().update_state(y_true, ops.cast(says_yes, "int32"), sample_weight)


class MeanIoU(IoU):
    """`IoU` averaged over all classes; for the arguments see there."""

    saved = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` of one-hot targets; for the arguments see there."""

    saved = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets; for the arguments see `IoU`."""

    saved = ("num_classes", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
