"""Classes as vectors, and cross-entropies, with Keras's constants."""

from __future__ import annotations

from typing import Any

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, RangeError, ShapeError
from headwater.ops.activations import log_softmax
from headwater.ops.defaults import epsilon, floatx
from headwater.ops.operands import (
    BOOL,
    INT32,
    axis_of,
    cast,
    const,
    counted,
    inexact,
    inexact_pair,
    int_of,
    reshape_to,
    tensor,
    wide,
)
from headwater.ops.reduction import reduced
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, neural, reduce, shape


@op
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """A vector for each class number: 1 at its place, 0 elsewhere; all 0 for a number that is no class.

    Args:
        x: integers of any shape.
        num_classes: length of the vectors.
        axis: where the new axis stands in the result.
        dtype: the dtype; the default float dtype, if not given.
        sparse: allowed for Keras's sake; the result is dense.
    Returns: a tensor of one axis more.
    Raises: RangeError for a negative number of classes.
    Example:
        >>> one_hot([0, 2], 3).numpy()
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)

    Source: own.
    """
    x = tensor(x)
    if not x.spec.dtype.is_integer:
        x = cast(x, INT32)
    ndim = x.spec.ndim + 1
    place = axis_of(axis, ndim, "one_hot")
    kind = floatx() if dtype is None else as_dtype(dtype)
    count = int_of(num_classes, "one_hot", "num_classes")
    if count < 0:
        raise RangeError(f"one_hot: there can't be {count} classes.", fix="give a number of classes of 0 or more.")
    classes = counted(count, ndim, place, x.spec.dtype)
    hits = elementwise.equal(reshape_to(x, (*x.spec.shape[:place], 1, *x.spec.shape[place:])), classes)
    return cast(hits, kind)


@op
def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:
    """A vector for each set of class numbers: 1 at the place of each, 0 elsewhere.

    Args:
        inputs: integers (n,) for one set, or (batch, n, ...).
        num_classes: length of the vectors.
        axis: where the axis of classes stands, before the axis of the set is gone.
        dtype: the dtype; the default float dtype, if not given.
        sparse: allowed for Keras's sake; the result is dense.
        kwargs: `num_tokens`, an older name of `num_classes`.
    Returns: a tensor (num_classes,), or (batch, ..., num_classes).
    Raises: ArgumentError without a number of classes.
    Example:
        >>> multi_hot([0, 2], 4).numpy()
        array([1., 0., 1., 0.], dtype=float32)

    Source: own.
    """
    classes = kwargs.get("num_tokens") if num_classes is None else num_classes
    if classes is None:
        raise ArgumentError("multi_hot: how many classes are there?", fix="give `num_classes`.")
    x = cast(tensor(inputs), INT32)
    hits = one_hot(x, classes, axis, BOOL)
    found = reduce.reduce_any(hits, axes=(1 if x.spec.ndim > 1 else 0,))
    return cast(found, floatx() if dtype is None else as_dtype(dtype))


def _require_same_shape(target: Any, output: Any, what: str) -> None:
    a, b = target.spec.shape, output.spec.shape
    if len(a) != len(b) or any(p != q and None not in (p, q) for p, q in zip(a, b)):
        raise ShapeError(
            f"{what}: a target of shape {tuple(a)} and an output of shape {tuple(b)}.",
            fix="give a target of the shape of the output.",
        )


@op
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The cross-entropy of each yes-or-no answer.

    Args:
        target: right answers, from 0 to 1.
        output: probabilities of yes, which are held between epsilon and 1 - epsilon; or logits. Of the shape of
            `target`.
        from_logits: whether the output holds logits.
    Returns: a float tensor of that shape.
    Raises: ShapeError if the shapes differ.
    Example:
        >>> binary_crossentropy([1.0, 0.0], [0.9, 0.2]).numpy().round(4)
        array([0.1054, 0.2231], dtype=float32)

    Source: own.
    """
    target, output = inexact_pair(target, output)
    _require_same_shape(target, output, "binary_crossentropy")
    one = const(1, output)
    if from_logits:
        of_yes, of_no = elementwise.softplus(elementwise.negative(output)), elementwise.softplus(output)
    else:
        output = elementwise.clamp(output, const(epsilon(), output), const(1.0 - epsilon(), output))
        of_yes = elementwise.negative(elementwise.log(output))
        of_no = elementwise.negative(elementwise.log(elementwise.subtract(one, output)))
    return elementwise.add(
        elementwise.multiply(target, of_yes), elementwise.multiply(elementwise.subtract(one, target), of_no)
    )


def _log_probabilities(output: Any, from_logits: bool, axis: int) -> Any:
    """Logarithms of probabilities: of logits, or of numbers that are scaled to add up to 1 and held off 0 and 1."""
    if from_logits:
        return log_softmax(output, axis)
    scaled = elementwise.divide(output, reduced(reduce.reduce_sum, output, (axis,), True))
    return elementwise.log(elementwise.clamp(scaled, const(epsilon(), output), const(1.0 - epsilon(), output)))


@op
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of each choice among classes.

    Args:
        target: probabilities of the classes, or one-hot vectors.
        output: predicted probabilities, which are scaled to add up to 1 and held between epsilon and 1 - epsilon; or
            logits. Of the shape of `target`.
        from_logits: whether the output holds logits.
        axis: the axis of classes.
    Returns: a float tensor without that axis.
    Raises: ShapeError if the shapes differ, or have no axis.
    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.2, 0.8]]).numpy().round(4)
        array([0.2231], dtype=float32)

    Source: own.
    """
    target, output = inexact_pair(target, output)
    _require_same_shape(target, output, "categorical_crossentropy")
    place = axis_of(axis, output.spec.ndim, "categorical_crossentropy")
    terms = elementwise.multiply(target, _log_probabilities(output, from_logits, place))
    return elementwise.negative(reduce.reduce_sum(terms, axes=(place,)))


@op
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of each choice among classes, the right one being given by its number.

    Args:
        target: class numbers; a number that is no class counts nothing. A last axis of size 1 may follow.
        output: predicted probabilities, which are scaled to add up to 1 and held between epsilon and 1 - epsilon; or
            logits: of the shape of `target` with an axis of classes.
        from_logits: whether the output holds logits.
        axis: the axis of classes.
    Returns: a float tensor of the shape of `target`.
    Raises: ShapeError if the shapes do not fit.
    Example:
        >>> sparse_categorical_crossentropy([1], [[0.2, 0.8]]).numpy().round(4)
        array([0.2231], dtype=float32)

    Source: own.
    """
    target, output = cast(tensor(target), INT32), inexact(output)
    if target.spec.ndim == output.spec.ndim and target.spec.ndim and target.spec.shape[-1] == 1:
        target = reshape_to(target, target.spec.shape[:-1])
    place = axis_of(axis, output.spec.ndim, "sparse_categorical_crossentropy")
    rest = (*output.spec.shape[:place], *output.spec.shape[place + 1 :])
    if len(rest) != target.spec.ndim or any(p != q and None not in (p, q) for p, q in zip(rest, target.spec.shape)):
        raise ShapeError(
            f"sparse_categorical_crossentropy: a target of shape {tuple(target.spec.shape)} and an output of "
            f"shape {tuple(output.spec.shape)}.",
            fix=f"give class numbers of shape {tuple(rest)}, or one-hot vectors to categorical_crossentropy.",
        )
    if from_logits and place == output.spec.ndim - 1 and output.spec.dtype.is_floating:
        loss, _, _ = neural.sparse_cross_entropy(wide(output), target)
        return cast(loss, output.spec.dtype)
    logs = _log_probabilities(output, from_logits, place)
    numbers = reshape_to(target, (*rest[:place], 1, *rest[place:]))
    # Compared with every class: it fuses with the logarithms, and its gradient with theirs, where a gather would not.
    classes = shape.iota(shape=logs.spec.shape, axis=place, dtype=INT32)
    chosen = elementwise.select(elementwise.equal(classes, numbers), logs, const(0, logs))
    return elementwise.negative(reduce.reduce_sum(chosen, axes=(place,)))
