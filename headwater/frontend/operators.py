"""The operators that tensors and variables share: each goes to the function of the same meaning in `headwater.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import ops
from headwater.ir.dispatch import bind
from headwater.primitives import elementwise


def _unary(name: str) -> Callable[[Any], Any]:
    def operator(self: Any) -> Any:
        return getattr(ops, name)(self)

    return operator


def _binary(name: str, primitive: Any = None) -> Callable[[Any, Any], Any]:
    """An operator. `primitive` is what it comes to for two tensors of one float dtype: there is nothing to promote."""

    def operator(self: Any, other: Any) -> Any:
        if primitive is not None and type(other) is type(self) and self.is_plain_tensor:
            dtype = self.spec.dtype
            if dtype is other.spec.dtype and dtype.kind == "float":
                return bind(primitive, (self, other), {})
        return NotImplemented if _defers(self, other) else getattr(ops, name)(self, other)

    return operator


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    def operator(self: Any, other: Any) -> Any:
        return NotImplemented if _defers(self, other) else getattr(ops, name)(other, self)

    return operator


def _defers(self: Any, other: Any) -> bool:
    """True if `other` is not something to calculate with, so that Python tries its own operators."""
    return other is None or (isinstance(other, str) and self.dtype.kind != "string")


class Operators:
    """Mixin: arithmetic, comparison, bit operations and indexing by `headwater.ops`."""

    __slots__ = ()
    is_plain_tensor = False  # True for what primitives take as it is
    # NumPy arrays on the left leave the operator to us; np.add(tensor, 1) takes the values and gives an array.
    __array_priority__ = 100

    __neg__, __abs__, __invert__ = _unary("negative"), _unary("absolute"), _unary("bitwise_not")
    __add__, __radd__ = _binary("add", elementwise.add), _reflected("add")
    __sub__, __rsub__ = _binary("subtract", elementwise.subtract), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply", elementwise.multiply), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("true_divide", elementwise.divide), _reflected("true_divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _binary("mod"), _reflected("mod")
    __pow__, __rpow__ = _binary("power"), _reflected("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __and__, __rand__ = _binary("bitwise_and"), _reflected("bitwise_and")
    __or__, __ror__ = _binary("bitwise_or"), _reflected("bitwise_or")
    __xor__, __rxor__ = _binary("bitwise_xor"), _reflected("bitwise_xor")
    __lshift__, __rlshift__ = _binary("left_shift"), _reflected("left_shift")
    __rshift__, __rrshift__ = _binary("right_shift"), _reflected("right_shift")
    __lt__, __le__, __gt__, __ge__ = (
        _binary("less", elementwise.less),
        _binary("less_equal", elementwise.less_equal),
        _binary("greater", elementwise.greater),
        _binary("greater_equal", elementwise.greater_equal),
    )

    def __pos__(self) -> Any:
        return self

    def __eq__(self, other: Any) -> Any:
        return False if _defers(self, other) else ops.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return True if _defers(self, other) else ops.not_equal(self, other)

    def __hash__(self) -> int:
        raise TypeError(f"a {type(self).__name__} is not hashable: == compares its values; use its ref() as the key")

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __getitem__(self, index: Any) -> Any:
        return ops.getitem(self, index)
