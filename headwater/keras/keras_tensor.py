"""KerasTensor: shape and dtype of a tensor of a model that is being described, and the operation that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from headwater.dtypes import DType, as_dtype
from headwater.errors import StateError
from headwater.frontend.operators import Operators
from headwater.keras.utils.naming import auto_name


class KerasHistory(NamedTuple):
    """Where a KerasTensor comes from."""

    operation: Any  # the layer or op that gave it
    node_index: int  # which of the operation's calls
    tensor_index: int  # which of the call's outputs


class KerasTensor(Operators):
    """A tensor without values: what `keras.Input` gives, and what layers and ops make of it.

    Args:
        shape: sizes, None where unknown.
        dtype: dtype of the values it stands for.
        sparse, ragged: accepted for compatibility; values are dense.
        record_history: accepted for compatibility.
        name: name of its placeholder.
    Example:
        >>> KerasTensor((None, 3)).shape
        (None, 3)
    """

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._shape = tuple(None if size is None else int(size) for size in shape)
        self._dtype = as_dtype(dtype)
        self.sparse, self.ragged = bool(sparse), bool(ragged)
        self.record_history = record_history
        self.name = name or auto_name(type(self).__name__)
        self._keras_mask: Any = None

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Its sizes, None where unknown."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """Its dtype."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._shape)

    def reshape(self, newshape: Any) -> Any:
        """Its values in another shape."""
        from headwater import ops

        return ops.reshape(self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        """Its values without axes of size 1."""
        from headwater import ops

        return ops.squeeze(self, axis)

    def get_shape(self) -> tuple[int | None, ...]:
        """Its sizes, None where unknown."""
        return self._shape

    def _no_values(self, what: str) -> StateError:
        return StateError(
            f"a KerasTensor of shape {self._shape} is a description without values; it can't be {what}.",
            fix="compute with it by layers and keras.ops, or wrap other code in a Layer whose `call` does it.",
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._no_values("converted to a NumPy array")

    def __headwater_tensor__(self) -> Any:
        raise self._no_values("used by a function that is no layer and no op")

    def __iter__(self) -> Iterator[Any]:
        raise self._no_values("iterated over")

    def __bool__(self) -> bool:
        raise self._no_values("the condition of an `if` or `while`")

    def __float__(self) -> float:
        raise self._no_values("made a number")

    def __int__(self) -> int:
        raise self._no_values("made a number")

    def __eq__(self, other: Any) -> Any:
        return self is other

    def __ne__(self, other: Any) -> Any:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self._shape}, dtype={self._dtype.name}, sparse={self.sparse}, "
            f"ragged={self.ragged}, name={self.name}>"
        )


def is_keras_tensor(x: Any) -> bool:
    """True for a KerasTensor.

    Example:
        >>> is_keras_tensor(KerasTensor((None,)))
        True
    """
    return isinstance(x, KerasTensor)


def any_symbolic(values: Any) -> bool:
    """True if one of `values` is a KerasTensor."""
    return any(isinstance(value, KerasTensor) for value in values)
