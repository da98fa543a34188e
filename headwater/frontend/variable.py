"""Variable: a value that is kept and changed. Inside a traced function it is an input that is written back, in
place."""

from __future__ import annotations

import enum
import threading
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from headwater import backends, ops
from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.frontend.operators import Operators
from headwater.frontend.tensor import Tensor, TensorReference, shown_values
from headwater.frontend.tensor_shape import TensorShape
from headwater.frontend.tracing import constant_value, init_scope
from headwater.ir import dispatch
from headwater.ir.spec import Spec
from headwater.ops.convert import convert_to_tensor

_restorations: list[Callable[[], bool]] = []  # each gives values to variables that came to be; True when it is done
_moving = threading.Lock()
_some_are_new = False  # a variable was made since they last ran


def restore_later(restoration: Callable[[], bool]) -> None:
    """Call `restoration` before the first read of each variable made from now on, until it returns True."""
    _restorations.append(restoration)


def _restore_new() -> None:
    global _some_are_new
    _some_are_new = False
    with init_scope():
        _restorations[:] = [restoration for restoration in _restorations if not restoration()]


class State:
    """What a variable is to a trace and to an executable: a spec, and a cell with a buffer that is updated in place.

    A read gives the same Tensor as long as that one lives and nothing was written, so a tape can tell which reads were
    of one value.
    The Tensor is not kept alive here: a cell whose buffer nobody else holds is updated without a copy.
    """

    __slots__ = ("spec", "trainable", "owner", "_place", "_last_read", "__weakref__")

    moves: ClassVar[int] = 0  # how often a cell went to another backend: whoever keeps cells must ask again

    def __init__(self, value: Tensor, trainable: bool) -> None:
        global _some_are_new
        _some_are_new = bool(_restorations)
        self.spec = value.spec
        self.trainable = trainable
        self.owner: Callable[[], Any] = _nothing  # a weak reference to the variable
        # Strings are the host's, as all is with the reference backend.
        backend = backends.get("reference") if self.spec.dtype.kind == "string" else backends.current()
        self._place = backend, backend.new_cell(value.buffer)  # one attribute: threads see both or neither
        self._last_read: Callable[[], Tensor | None] = _nothing

    def cell(self, backend: Any) -> Any:
        """The cell, moved to `backend` if it lies with another one."""
        home, cell = self._place
        if backend is home or self.spec.dtype.kind == "string":
            return cell
        with _moving:
            home, cell = self._place
            values = np.array(home.to_numpy(cell.get(), self.spec))
            cell = backend.new_cell(backend.from_numpy(values))
            self._place = backend, cell
            State.moves += 1
            return cell

    def read(self) -> Tensor:
        """The current value; recorders (tapes) are told of the read."""
        if _some_are_new:
            _restore_new()
        trace = dispatch.current_trace()
        tensor = self._read_eager() if trace is None else trace.read_state(self)
        for recorder in dispatch.recorders():
            read = getattr(recorder, "read", None)
            if read is not None:
                read(self, tensor)
        return tensor

    def _read_eager(self) -> Tensor:
        backend = backends.current()
        home, cell = self._place
        buffer = cell.get()
        if backend is not home:  # a look, which does not take the variable away from where it is worked on
            return Tensor(self.spec, backends.transfer(buffer, self.spec, home, backend))
        tensor = self._last_read()
        if tensor is None or tensor.buffer is not buffer:
            tensor = Tensor(self.spec, buffer)
            self._last_read = weakref.ref(tensor)
        return tensor

    def write(self, value: Tensor) -> None:
        """Another value, of the same spec. No gradient flows through it: to a tape, later reads begin anew."""
        trace = dispatch.current_trace()
        recorded = bool(dispatch.recorders())
        if trace is not None:
            trace.write_state(self, Tensor(value.spec, value.buffer, value.value) if recorded else value)
            return
        self.cell(backends.current()).set(value.buffer)
        self._last_read = weakref.ref(value) if isinstance(value, Tensor) and not recorded else _nothing


def _nothing() -> None:
    return None


class VariableSynchronization(enum.Enum):
    """When the copies of a variable on several devices are brought together; there is one device."""

    AUTO, NONE, ON_WRITE, ON_READ = 0, 1, 2, 3


class VariableAggregation(enum.Enum):
    """How the copies of a variable on several devices are brought together; there is one device."""

    NONE, SUM, MEAN, ONLY_FIRST_REPLICA = 0, 1, 2, 3


class Variable(Operators):
    """A tensor that can be given another value.

    Args:
        initial_value: a Tensor, array or nested list, or a function of no arguments that returns one.
        trainable: whether tapes watch it without being asked. True by default.
        validate_shape: accepted for TensorFlow's sake; shapes are always checked.
        name: for messages and summaries.
        dtype: dtype of its values; that of `initial_value` by default.
        shape: a shape that `initial_value` must have.
    Raises: ShapeError, DTypeError if a value does not fit.
    Example:
        >>> v = Variable([1.0, 2.0])
        >>> v.assign_add([1.0, 1.0]).numpy()
        array([2., 3.], dtype=float32)
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:
        if initial_value is None:
            raise DTypeError("a variable needs an initial value.", fix="pass initial_value, e.g. tf.zeros(shape).")
        value = initial_value
        _note_creation(self)
        if isinstance(value, Tensor) and value.buffer is None:
            value = constant_value(value)
        with init_scope():
            value = convert_to_tensor(value() if callable(value) else value, dtype)
        if shape is not None:
            TensorShape(shape).assert_is_compatible_with(value.spec.shape)
        self._state = State(value, True if trainable is None else bool(trainable))
        self._state.owner = weakref.ref(self)
        self._name = name or "Variable"
        self._constraint = constraint
        self._synchronization, self._aggregation = synchronization, aggregation

    # What it is

    @property
    def name(self) -> str:
        """Its name."""
        return f"{self._name}:0" if ":" not in self._name else self._name

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it without being asked."""
        return self._state.trainable

    @property
    def shape(self) -> TensorShape:
        """The sizes of its axes."""
        return TensorShape(self._state.spec.shape)

    @property
    def dtype(self) -> DType:
        """The dtype of its elements."""
        return self._state.spec.dtype

    @property
    def spec(self) -> Spec:
        """Shape and dtype."""
        return self._state.spec

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._state.spec.shape)

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The function given at construction."""
        return self._constraint

    @property
    def synchronization(self) -> VariableSynchronization:
        """What was given at construction."""
        return self._synchronization or VariableSynchronization.AUTO

    @property
    def aggregation(self) -> VariableAggregation:
        """What was given at construction."""
        return self._aggregation or VariableAggregation.NONE

    @property
    def device(self) -> str:
        """Where its values lie."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def get_shape(self) -> TensorShape:
        """The sizes of its axes."""
        return self.shape

    def ref(self) -> TensorReference:
        """Something hashable that stands for this very variable."""
        return TensorReference(self)

    # Reading

    def __headwater_tensor__(self) -> Tensor:
        return self._state.read()

    def value(self) -> Tensor:
        """Its current value."""
        return self._state.read()

    read_value = value

    def numpy(self) -> np.ndarray | np.generic:
        """Its current value as a NumPy array that later assignments do not change."""
        return self._state.read().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._state.read().__array__(dtype, copy)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in ("tolist", "item", "astype", "T", "size", "nbytes"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._state.read(), name)

    # Writing

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Give it another value, of the same shape.

        Raises: ShapeError if the shapes differ; DTypeError if the value can't be held in its dtype without loss of
        kind.
        """
        spec = self._state.spec
        tensor = convert_to_tensor(value)
        if tensor.spec.shape != spec.shape:
            raise ShapeError(
                f"{self._name}: a value of shape {tensor.spec.shape} is assigned to a variable of shape {spec.shape}.",
                fix="reshape the value, or make a new variable.",
            )
        if tensor.spec.dtype is not spec.dtype:
            if tensor.spec.dtype.is_inexact and not spec.dtype.is_inexact:
                raise DTypeError(
                    f"{self._name}: {tensor.spec.dtype.name} values are assigned to a variable of {spec.dtype.name}.",
                    fix="cast them first.",
                )
            tensor = ops.cast(tensor, spec.dtype)
        self._state.write(tensor)
        return self

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Add `delta` to its value."""
        return self.assign(ops.add(self._state.read(), convert_to_tensor(delta, self.dtype)))

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtract `delta` from its value."""
        return self.assign(ops.subtract(self._state.read(), convert_to_tensor(delta, self.dtype)))

    def __getitem__(self, index: Any) -> Any:
        """The elements at an index, as a tensor whose `assign` writes them here."""
        part = ops.getitem(self, index)
        if part is not self._state.read():
            part._slice_of = (self, index)
        return part

    def _assign_at(self, index: Any, value: Any) -> Variable:
        """Give the elements at an index other values."""
        size = self._state.spec.size
        places = ops.getitem(ops.reshape(ops.arange(size, dtype="int32"), self.shape), index)
        value = ops.broadcast_to(ops.cast(value, self.dtype), places.shape)
        flat = ops.reshape(self._state.read(), (size,))
        changed = ops.scatter_update(flat, ops.reshape(places, (-1, 1)), ops.reshape(value, (-1,)))
        return self.assign(ops.reshape(changed, self.shape))

    # Rows: `sparse_delta` has `indices` (row numbers) and `values` (a row for each)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replace rows."""
        return self._scatter_rows(sparse_delta, None)

    batch_scatter_update = scatter_update

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Add to rows."""
        return self._scatter_rows(sparse_delta, "add")

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Subtract from rows."""
        return self._scatter_rows(sparse_delta, "add", ops.negative)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Multiply rows."""
        return self._scatter_rows(sparse_delta, "mul")

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Divide rows."""
        return self._scatter_rows(sparse_delta, "mul", ops.reciprocal)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """The larger of old and new in rows."""
        return self._scatter_rows(sparse_delta, "max")

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """The smaller of old and new in rows."""
        return self._scatter_rows(sparse_delta, "min")

    def _scatter_rows(self, delta: Any, reduction: str | None, change: Any = None) -> Variable:
        return self._scatter(ops.expand_dims(convert_to_tensor(delta.indices), -1), delta.values, reduction, change)

    def _scatter(self, indices: Any, updates: Any, reduction: str | None, change: Any = None) -> Variable:
        updates = ops.cast(updates, self.dtype)
        updates = updates if change is None else change(updates)
        return self.assign(ops.scatter_update(self._state.read(), indices, updates, reduction=reduction))

    # Elements or slices at places (..., axes)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replace what lies at places."""
        return self._scatter(convert_to_tensor(indices), updates, None)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add to what lies at places."""
        return self._scatter(convert_to_tensor(indices), updates, "add")

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract from what lies at places."""
        return self._scatter(convert_to_tensor(indices), updates, "add", ops.negative)

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """The larger of old and new at places."""
        return self._scatter(convert_to_tensor(indices), updates, "max")

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """The smaller of old and new at places."""
        return self._scatter(convert_to_tensor(indices), updates, "min")

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """What lies at places."""
        return self._state.read()[tuple(ops.unstack(convert_to_tensor(indices), axis=-1))]

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """Rows by their numbers."""
        return ops.take(self._state.read(), indices, axis=0)

    def set_shape(self, shape: Any) -> None:
        """Check that it has this shape; None means any size."""
        self.shape.assert_is_compatible_with(TensorShape(shape))

    # As a number

    def __bool__(self) -> bool:
        return bool(self._state.read())

    def __int__(self) -> int:
        return int(self._state.read())

    def __float__(self) -> float:
        return float(self._state.read())

    def __index__(self) -> int:
        return self._state.read().__index__()

    def __len__(self) -> int:
        return len(self._state.read())

    def __iter__(self) -> Any:
        return iter(self._state.read())

    def __format__(self, spec: str) -> str:
        return format(self._state.read(), spec)

    def __deepcopy__(self, memo: dict) -> Variable:
        copy = object.__new__(type(self))
        memo[id(self)] = copy
        copy.__dict__.update(self.__dict__)
        copy._state = State(self._state.read(), self._state.trainable)
        copy._state.owner = weakref.ref(copy)
        return copy

    def __repr__(self) -> str:
        if dispatch.current_trace() is not None:
            return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"
        values = shown_values(self.numpy())
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}, numpy={values}>"


def _note_creation(variable: Variable) -> None:
    """Let the outermost trace know of a variable made while it runs: `function` allows that on the first call only.

    Layers and optimizers of Keras look after theirs themselves.
    """
    trace = dispatch.current_trace() if type(variable) is Variable else None
    while trace is not None and trace.parent is not None:
        trace = trace.parent
    if trace is not None:
        trace.created_variables.append(variable)


def as_spec(value: Any) -> Spec:
    """Shape and dtype of a tensor, variable, array, or of whatever has `shape` and `dtype`."""
    found = getattr(value, "spec", None)
    return found if isinstance(found, Spec) else Spec(tuple(value.shape), as_dtype(value.dtype))
