"""Tensor: what every operation takes and gives. Eager it has values; inside a traced function it stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater import backends as _backends  # noqa: F401 - whatever holds tensors can run
from headwater import ops
from headwater.dtypes import DType, as_dtype
from headwater.errors import ShapeError, StateError
from headwater.frontend.operators import Operators
from headwater.frontend.tensor_shape import TensorShape
from headwater.ir import dispatch
from headwater.ir.dispatch import Array


class Tensor(Operators, Array):
    """An immutable array of one dtype.

    Make one with `tf.constant` or `tf.convert_to_tensor`; operators and indexing follow NumPy, mixed dtypes promote by
    Keras's rule.
    """

    __slots__ = ("_keras_mask", "_keras_history", "_keras_logits", "_slice_of")
    is_plain_tensor = True

    @property
    def shape(self) -> TensorShape:
        """The sizes of its axes."""
        return TensorShape(self.spec.shape)

    @property
    def dtype(self) -> DType:
        """The dtype of its elements."""
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.spec.size

    @property
    def nbytes(self) -> int:
        """Bytes of its elements."""
        return self.spec.nbytes

    @property
    def T(self) -> Tensor:  # noqa: N802 - the field's name
        """The axes in reverse order."""
        return ops.transpose(self)

    @property
    def device(self) -> str:
        """Where its values lie."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    @property
    def name(self) -> str:
        """A name for messages."""
        return f"Tensor_{id(self):x}"

    def get_shape(self) -> TensorShape:
        """The sizes of its axes."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Check that it has this shape; None means any size.

        Raises: ShapeError if it has not.
        """
        self.shape.assert_is_compatible_with(TensorShape(shape))

    def numpy(self) -> np.ndarray | np.generic:
        """Its values as a NumPy array, read-only where it shares memory; a NumPy scalar if it has no axes.

        Raises: StateError inside a traced function, where there are no values yet.
        """
        values = dispatch.array_to_numpy(self)
        return values[()] if not values.shape else values

    def item(self, *args: int) -> Any:
        """Its only element as a Python number."""
        return dispatch.array_to_numpy(self).item(*args)

    def tolist(self) -> Any:
        """Its values as nested lists."""
        return dispatch.array_to_numpy(self).tolist()

    def astype(self, dtype: Any) -> Tensor:
        """Its values in another dtype."""
        return ops.cast(self, dtype)

    def cpu(self) -> Tensor:
        """Itself: its values lie where the processor reads them."""
        return self

    @property
    def assign(self) -> Any:
        """For a slice of a variable, `variable[index]`: give the elements there other values."""
        return self._slice_method("assign", lambda old, new: new)

    @property
    def assign_add(self) -> Any:
        """For a slice of a variable: add to the elements there."""
        return self._slice_method("assign_add", ops.add)

    @property
    def assign_sub(self) -> Any:
        """For a slice of a variable: subtract from the elements there."""
        return self._slice_method("assign_sub", ops.subtract)

    def _slice_method(self, name: str, combine: Any) -> Any:
        owner = getattr(self, "_slice_of", None)
        if owner is None:
            raise AttributeError(f"a tensor is immutable and has no {name}(); keep changing values in a tf.Variable")
        variable, index = owner

        def method(value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
            return variable._assign_at(index, combine(self, value))

        return method

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a tensor is immutable: its items can't be assigned\n"
            "  fix  use tf.tensor_scatter_nd_update or tf.where for a changed copy, or a tf.Variable and "
            "variable[index].assign(value)."
        )

    def ref(self) -> TensorReference:
        """Something hashable that stands for this very tensor."""
        return TensorReference(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = dispatch.array_to_numpy(self)
        if dtype is not None and values.dtype != dtype:
            return values.astype(dtype)
        return values.copy() if copy else values

    def __dlpack__(self, **options: Any) -> Any:
        if self.buffer is None:
            dispatch.array_to_numpy(self)
        if self.spec.dtype.kind == "string":
            raise BufferError("DLPack carries no strings; use numpy()")
        return self.buffer.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0

    def __bool__(self) -> bool:
        if self.buffer is None:
            raise StateError(
                "a tensor decides an `if` or `while`, and has no value yet: its function is being traced.",
                fix="let tf.function's autograph turn it into tf.cond, or use tf.cond or tf.where yourself.",
            )
        values = dispatch.array_to_numpy(self)
        if values.size != 1:
            raise ShapeError(
                f"a tensor of shape {tuple(self.spec.shape)} is neither true nor false.",
                fix="reduce it with tf.reduce_all or tf.reduce_any.",
            )
        return bool(values)

    def _scalar(self) -> Any:
        values = dispatch.array_to_numpy(self)
        if values.size != 1:
            raise ShapeError(
                f"a tensor of shape {tuple(self.spec.shape)} is not one number.", fix="index or reduce it first."
            )
        return values.item()

    def __int__(self) -> int:
        return int(self._scalar())

    def __float__(self) -> float:
        return float(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def __index__(self) -> int:
        if not (self.spec.dtype.is_integer or self.spec.dtype.is_bool):
            raise TypeError(f"a tensor of dtype {self.spec.dtype.name} is not an index; cast it to an integer dtype")
        return int(self._scalar())

    def __round__(self, digits: int = 0) -> Any:
        return ops.round(self, digits)

    def __len__(self) -> int:
        if not self.spec.shape:
            raise TypeError("a tensor of no axes has no length")
        return self.spec.shape[0]  # type: ignore[return-value]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.spec.shape:
            raise TypeError("a tensor of no axes can't be iterated over")
        return iter([self[index] for index in range(len(self))])

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self.numpy() == np.asarray(item)))

    def __format__(self, spec: str) -> str:
        return (
            format(self.numpy() if not self.spec.shape else str(self), spec)
            if spec
            else str(self.numpy() if not self.spec.shape and self.buffer is not None else self)
        )

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: dict) -> Tensor:
        return self

    def __reduce__(self) -> Any:
        return _from_numpy, (np.array(self.numpy()), self.spec.dtype)

    def __repr__(self) -> str:
        shape = str(self.shape)
        if self.buffer is None:
            return f"<tf.Tensor: shape={shape}, dtype={self.spec.dtype.name}>"
        return f"<tf.Tensor: shape={shape}, dtype={self.spec.dtype.name}, numpy={shown_values(self.numpy())}>"

    def __str__(self) -> str:
        if self.buffer is None:
            return f"Tensor(shape={self.shape}, dtype={self.spec.dtype.name})"
        shown = str(self.numpy())
        return f"tf.Tensor({_on_lines(shown)}, shape={self.shape}, dtype={self.spec.dtype.name})"

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(repr(self))}</pre>"


def shown_values(values: Any) -> str:
    """Values as the representations of tensors and variables show them."""
    if isinstance(values, bytes):
        return repr(values)
    if not np.shape(values):
        return repr(values.item()) if values.dtype.kind in "biu" else str(values)
    return _on_lines(repr(values))


def _on_lines(shown: str) -> str:
    return f"\n{shown}" if "\n" in shown else shown


class TensorReference:
    """A hashable stand-in for one tensor: equal to another if both stand for the same one."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def deref(self) -> Any:
        """The tensor."""
        return self._tensor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorReference) and self._tensor is other._tensor

    def __hash__(self) -> int:
        return id(self._tensor)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._tensor!r}>"


def _from_numpy(array: np.ndarray, dtype: DType) -> Tensor:
    return dispatch.array_from_numpy(
        array.view(as_dtype(dtype).numpy) if array.dtype != as_dtype(dtype).numpy else array
    )


dispatch.set_result_type(Tensor)
