"""Losses of classification by probabilities.

Probabilities that come straight from `softmax` or `sigmoid` carry their logits (see `headwater.keras.activations`). The
losses
use those: the value is the same, exact where a probability rounds to 0 or 1, and the gradient is the simple difference
    of
prediction and target. Other probabilities are normalised and kept epsilon away from 0 and 1, as Keras has it.
"""

from __future__ import annotations

import warnings
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import settings
from headwater.keras.losses.base import FunctionLoss
from headwater.keras.losses.labels import check_eager_labels, without_impossible


def _with_logits(y_pred: Any, from_logits: bool) -> tuple[Any, bool]:
    """The logits behind the predictions, if they are known."""
    logits = None if from_logits else getattr(y_pred, "_keras_logits", None)
    if logits is None or tuple(logits.shape) != tuple(y_pred.shape) or logits.dtype != y_pred.dtype:
        return y_pred, from_logits
    return logits, True


def _check_axis(axis: Any) -> None:
    if isinstance(axis, bool):
        raise ArgumentError(f"axis is {axis}, a bool.", fix="pass an int, such as -1.")


def _warn_of_one_class(y_pred: Any, name: str) -> None:
    if y_pred.shape[-1] == 1:
        warnings.warn(
            f"{name} of predictions of shape {tuple(y_pred.shape)}: with one class it is always 0. "
            "Use binary_crossentropy for two classes.",
            SyntaxWarning,
            stacklevel=4,
        )


def _smoothed(y_true: Any, amount: float, floor: float) -> Any:
    return ops.add(ops.multiply(y_true, 1.0 - amount), floor) if amount else y_true


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(y_true * log(y_pred)) along `axis`.

    Args:
        y_true: probabilities of the classes, mostly one-hot.
        y_pred: predicted probabilities, or logits.
        from_logits: whether `y_pred` are logits.
        label_smoothing: share of each target that is spread evenly over all classes.
        axis: axis of the classes.
    Returns: one value per sample.
    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    _check_axis(axis)
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    _warn_of_one_class(y_pred, "categorical_crossentropy")
    y_true = _smoothed(y_true, label_smoothing, label_smoothing / y_true.shape[-1])
    y_pred, from_logits = _with_logits(y_pred, from_logits)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log(y_pred of the true class).

    Args:
        y_true: the true classes, integers from 0 to the number of classes - 1.
        y_pred: predicted probabilities, or logits.
        from_logits: whether `y_pred` are logits.
        ignore_class: a label that means "do not count", such as 255 or -1; None for none.
        axis: axis of the classes.
    Returns: one value per sample; NaN in a compiled function where a label is no class.
    Raises: RangeError, outside of compiled functions, if a label is no class.
    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    check_eager_labels(y_true, y_pred.shape[axis], ignore_class)
    labels = ops.cast(y_true, "int32")
    valid = None if ignore_class is None else ops.not_equal(labels, ignore_class)
    if valid is not None:
        labels = ops.where(valid, labels, 0)
    y_pred, from_logits = _with_logits(y_pred, from_logits)
    loss = ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    loss = without_impossible(loss, labels, y_pred.shape[axis])
    if valid is not None:
        loss = ops.where(valid, loss, 0.0)
        loss._keras_mask = valid
    return loss


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred)) along `axis`.

    Args:
        y_true: probabilities of "yes", mostly 0 and 1.
        y_pred: predicted probabilities, or logits.
        from_logits: whether `y_pred` are logits.
        label_smoothing: share of each target that is moved to 1/2.
        axis: axis that is averaged over.
    Returns: one value per sample.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _smoothed(ops.cast(y_true, y_pred.dtype), label_smoothing, 0.5 * label_smoothing)
    y_pred, from_logits = _with_logits(y_pred, from_logits)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy times (1 - p)^gamma, where p is the probability given to the truth: easy samples count less.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: see `binary_crossentropy`.
        apply_class_balancing: weigh the classes, too.
        alpha: weight of class 1; class 0 has 1 - alpha.
        gamma: how much less easy samples count; 0 gives plain cross-entropy.
    Source: Lin et al. 2017, arXiv:1708.02002.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _smoothed(ops.cast(y_true, y_pred.dtype), label_smoothing, 0.5 * label_smoothing)
    y_pred = ops.sigmoid(y_pred) if from_logits else y_pred
    loss = ops.binary_crossentropy(y_true, y_pred, from_logits=False)
    no_true, no_pred = ops.subtract(1.0, y_true), ops.subtract(1.0, y_pred)
    p = ops.add(ops.multiply(y_true, y_pred), ops.multiply(no_true, no_pred))
    loss = ops.multiply(loss, ops.power(ops.subtract(1.0, p), gamma))
    if apply_class_balancing:
        loss = ops.multiply(loss, ops.add(ops.multiply(y_true, alpha), ops.multiply(no_true, 1.0 - alpha)))
    return ops.mean(loss, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Categorical cross-entropy with each class's term times alpha * (1 - y_pred)^gamma: easy samples count less.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: see `categorical_crossentropy`.
        alpha: weight of all classes, or one weight per class.
        gamma: how much less easy samples count.
    Source: Lin et al. 2017, arXiv:1708.02002.
    """
    _check_axis(axis)
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    _warn_of_one_class(y_pred, "categorical_focal_crossentropy")
    y_true = _smoothed(y_true, label_smoothing, label_smoothing / y_true.shape[-1])
    y_pred = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    y_pred = ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True))
    y_pred = ops.clip(y_pred, settings.epsilon(), 1.0 - settings.epsilon())
    term = ops.multiply(y_true, ops.negative(ops.log(y_pred)))
    weight = ops.multiply(ops.power(ops.subtract(1.0, y_pred), gamma), ops.cast(alpha, y_pred.dtype))
    return ops.sum(ops.multiply(weight, term), axis=axis)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true * log(y_true / y_pred)) over the last axis, both kept between epsilon and 1."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    y_true, y_pred = (ops.clip(y, settings.epsilon(), 1) for y in (y_true, y_pred))
    return ops.sum(ops.multiply(y_true, ops.log(ops.divide(y_true, y_pred))), axis=-1)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p^q) / q, where p is the probability given to the true class: between cross-entropy (q near 0) and error (q
    = 1).

    Args:
        y_true: the true classes, integers.
        y_pred: predicted probabilities.
        q: between 0 and 1, both excluded.
    Source: Zhang and Sabuncu 2018, arXiv:1805.07836.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    classes = y_pred.shape[-1]
    check_eager_labels(ops.convert_to_tensor(y_true), classes, None)
    labels = ops.cast(y_true, "int32")
    p = ops.sum(ops.multiply(y_pred, ops.one_hot(labels, classes, dtype=y_pred.dtype)), axis=-1)
    return without_impossible(ops.multiply(ops.subtract(1.0, ops.power(p, q)), 1.0 / q), labels, classes)


class BinaryCrossentropy(FunctionLoss):
    """Cross-entropy of yes and no; see `binary_crossentropy` and, for reduction, name and dtype, `Loss`."""

    function = binary_crossentropy
    saved = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class BinaryFocalCrossentropy(FunctionLoss):
    """Focal cross-entropy of yes and no; see `binary_focal_crossentropy` and, for reduction, name and dtype, `Loss`."""

    function = binary_focal_crossentropy
    saved = ("from_logits", "label_smoothing", "axis", "apply_class_balancing", "alpha", "gamma")

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of one-hot classes; see `categorical_crossentropy` and, for reduction, name and dtype, `Loss`."""

    function = categorical_crossentropy
    saved = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class CategoricalFocalCrossentropy(FunctionLoss):
    """Focal cross-entropy of one-hot classes; see `categorical_focal_crossentropy` and, for reduction, name, dtype,
    `Loss`."""

    function = categorical_focal_crossentropy
    saved = ("from_logits", "label_smoothing", "axis", "alpha", "gamma")

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of classes given as integers; see `sparse_categorical_crossentropy` and, for the rest, `Loss`."""

    function = sparse_categorical_crossentropy
    saved = ("from_logits", "ignore_class")
    target_dtype = "int32"

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)


class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """Between cross-entropy and error; see `categorical_generalized_cross_entropy` and, for the other arguments,
    `Loss`."""

    function = categorical_generalized_cross_entropy
    saved = ("q",)
    target_dtype = "int32"

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ArgumentError(f"q is {q}: it lies between 0 and 1, both excluded.", fix="pass e.g. 0.5.")
        super().__init__(reduction, name, dtype, q=q)


class KLDivergence(FunctionLoss):
    """Kullback-Leibler divergence of predictions from targets; see `kl_divergence` and, for the arguments, `Loss`."""

    function = kl_divergence

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)
