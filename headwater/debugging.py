"""TensorFlow's `tf.debugging`: assertions on tensors, which raise InvalidArgumentError."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater import ops
from headwater.control import assert_ as Assert
from headwater.dtypes import as_dtype
from headwater.errors import DTypeError, InvalidArgumentError, ShapeError
from headwater.ops.convert import convert_to_tensor
from headwater.ops.symbolic import composite_op


def _check(holds: Any, what: str, message: str | None, *values: Any) -> None:
    Assert(ops.all(holds), [f"{message + ': ' if message else ''}{what}", *values])


def _comparison(function: Callable[[Any, Any], Any], sign: str) -> Callable[..., None]:
    def check(
        x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
    ) -> None:
        x, y = convert_to_tensor(x), convert_to_tensor(y)
        _check(function(x, y), f"x {sign} y does not hold everywhere.", message, x, y)

    check.__doc__ = f"Raise InvalidArgumentError unless x {sign} y everywhere."
    return composite_op(check)


assert_equal = _comparison(lambda x, y: ops.equal(x, y), "==")
assert_none_equal = _comparison(lambda x, y: ops.not_equal(x, y), "!=")
assert_greater = _comparison(lambda x, y: ops.greater(x, y), ">")
assert_greater_equal = _comparison(lambda x, y: ops.greater_equal(x, y), ">=")
assert_less = _comparison(lambda x, y: ops.less(x, y), "<")
assert_less_equal = _comparison(lambda x, y: ops.less_equal(x, y), "<=")


@composite_op
def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raise InvalidArgumentError unless |x - y| <= atol + rtol * |y| everywhere; both are 10 times the dtype's
    precision by default."""
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    least = 10 * x.dtype.eps
    bound = ops.add(least if atol is None else atol, ops.multiply(least if rtol is None else rtol, ops.absolute(y)))
    _check(
        ops.less_equal(ops.absolute(ops.subtract(x, y)), bound),
        "x and y are not near each other everywhere.",
        message,
        x,
        y,
    )


def assert_positive(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raise InvalidArgumentError unless every element is above 0."""
    _check(ops.greater(x, 0), "an element is not positive.", message, x)


def assert_negative(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raise InvalidArgumentError unless every element is below 0."""
    _check(ops.less(x, 0), "an element is not negative.", message, x)


def assert_non_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError if an element is below 0."""
    _check(ops.greater_equal(x, 0), "an element is negative.", message, x)


def assert_non_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError if an element is above 0."""
    _check(ops.less_equal(x, 0), "an element is positive.", message, x)


@composite_op
def assert_all_finite(x: Any, message: str = "", name: str | None = None) -> Any:
    """The tensor; InvalidArgumentError if it holds an infinity or NaN."""
    x = convert_to_tensor(x)
    _check(ops.isfinite(x), "an element is infinite or not a number.", message)
    return x


check_numerics = assert_all_finite


def assert_rank(x: Any, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raise ShapeError unless x has so many axes."""
    assert_rank_in(x, [rank], message)


def assert_rank_in(x: Any, ranks: Sequence[int], message: str | None = None, name: str | None = None) -> None:
    """Raise ShapeError unless the number of axes is one of these."""
    shape = tuple(convert_to_tensor(x).shape)
    if len(shape) not in [int(rank) for rank in ranks]:
        raise ShapeError(
            f"{message or 'assert_rank'}: shape {shape} has {len(shape)} axes, not {list(ranks)}.", fix="reshape it."
        )


def assert_rank_at_least(x: Any, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raise ShapeError unless x has at least so many axes."""
    shape = tuple(convert_to_tensor(x).shape)
    if len(shape) < int(rank):
        raise ShapeError(
            f"{message or 'assert_rank_at_least'}: shape {shape} has fewer than {rank} axes.", fix="reshape it."
        )


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> Any:
    """The tensor; ShapeError if it has axes."""
    assert_rank(tensor, 0, message)
    return convert_to_tensor(tensor)


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise DTypeError unless the tensor has this dtype."""
    found = convert_to_tensor(tensor).dtype
    if found is not as_dtype(tf_type):
        raise DTypeError(
            f"{message or 'assert_type'}: dtype {found.name}, not {as_dtype(tf_type).name}.", fix="cast it."
        )


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise DTypeError unless the dtype is an integer's."""
    if not convert_to_tensor(x).dtype.is_integer:
        raise DTypeError(
            f"{message or 'assert_integer'}: dtype {convert_to_tensor(x).dtype.name}.",
            fix="cast it to an integer dtype.",
        )


def assert_shapes(
    shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raise ShapeError unless tensors have these shapes; a name stands for one size wherever it occurs."""
    sizes: dict[Any, int] = {}
    for tensor, wanted in shapes.items() if isinstance(shapes, dict) else shapes:
        found = tuple(convert_to_tensor(tensor).shape)
        wanted = tuple(wanted) if not isinstance(wanted, (int, str)) else (wanted,)
        if len(found) != len(wanted):
            raise ShapeError(f"{message or 'assert_shapes'}: shape {found}, not {wanted}.", fix="reshape it.")
        for size, mark in zip(found, wanted):
            fits = size == mark if isinstance(mark, int) else mark is None or sizes.setdefault(mark, size) == size
            if not fits:
                raise ShapeError(
                    f"{message or 'assert_shapes'}: shape {found}, not {wanted} with {sizes}.", fix="reshape it."
                )


def is_numeric_tensor(tensor: Any) -> bool:
    """True for a tensor of numbers."""
    try:
        return convert_to_tensor(tensor).dtype.is_numeric
    except (TypeError, ValueError):
        return False


def set_log_device_placement(enabled: bool) -> None:
    """Accepted: there is one device."""


def enable_traceback_filtering() -> None:
    """Accepted: errors are short, always."""


def disable_traceback_filtering() -> None:
    """Accepted: errors are short, always."""


__all__ = [name for name in dir() if name.startswith(("assert", "check", "is_", "set_", "enable", "disable"))] + [
    "Assert",
    "InvalidArgumentError",
]
