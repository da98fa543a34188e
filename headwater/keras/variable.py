"""Variable: what a layer, an optimizer or a metric keeps, found by a path of names and cast to the compute dtype when
read.
"""

from __future__ import annotations

import threading
from typing import Any

from headwater import ops
from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.tracing import init_scope
from headwater.frontend.variable import Variable as _Variable
from headwater.keras.name_scope import current_path
from headwater.keras.utils.naming import auto_name


class _Autocast(threading.local):
    dtype: DType | None = None


_autocast = _Autocast()


class _Stateless(threading.local):
    scope: StatelessScope | None = None


class StatelessScope:
    """Within the `with` block, assigning to a variable changes what is read here, and leaves the variable as it is.

    Args:
        state_mapping: pairs of a variable and the value that it has inside.
        collect_losses, initialize_variables: accepted for compatibility.
    Example:
        >>> v = Variable(1.0)
        >>> with StatelessScope(state_mapping=[(v, 5.0)]) as scope:
        ...     _ = v.assign_add(1.0)
        >>> float(scope.get_current_value(v)), float(v)
        (6.0, 1.0)
    """

    def __init__(
        self, state_mapping: Any = None, collect_losses: bool = False, initialize_variables: bool = True
    ) -> None:
        self.collect_losses, self.initialize_variables = collect_losses, initialize_variables
        self.losses: list[Any] = []
        self._values: dict[int, Any] = {}
        self._variables: list[Any] = []  # kept alive: their ids are keys
        for variable, value in state_mapping or ():
            self.add_update((variable, value))

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Give a variable a value inside."""
        variable, value = update
        self._variables.append(variable)
        self._values[id(variable)] = ops.convert_to_tensor(value, variable.spec.dtype)

    def get_current_value(self, variable: Any) -> Any:
        """The value of a variable inside; None if it was neither given nor changed."""
        return self._values.get(id(variable))

    def __enter__(self) -> StatelessScope:
        self._previous, _stateless.scope = _stateless.scope, self
        return self

    def __exit__(self, *exception: object) -> None:
        _stateless.scope = self._previous


_stateless = _Stateless()


class AutocastScope:
    """Within the `with` block, reading a float variable gives its value in `dtype`; None gives it as it is."""

    def __init__(self, dtype: Any) -> None:
        dtype = None if dtype is None else as_dtype(dtype)
        self.dtype = dtype if dtype is not None and dtype.is_floating else None

    def __enter__(self) -> AutocastScope:
        self._previous, _autocast.dtype = _autocast.dtype, self.dtype
        return self

    def __exit__(self, *exception: object) -> None:
        _autocast.dtype = self._previous


def autocast_dtype() -> DType | None:
    """The dtype that float variables are read in, None for their own."""
    return _autocast.dtype


class Variable(_Variable):
    """A tensor that layers keep and training changes.

    Args:
        initializer: the first value (array, tensor, number), or a function `initializer(shape, dtype=...)`, or the name
            of one.
        shape: shape of the value; needed if `initializer` is a function.
        dtype: dtype of the value; `keras.config.floatx()` for a function, the value's own otherwise.
        trainable: whether optimizers change it.
        autocast: whether it is cast to a layer's compute dtype when it is read in the layer.
        aggregation, synchronization, layout: accepted; they matter where a model is spread over devices.
        name: last part of its path.
    Raises: ArgumentError if a function is given without a shape.
    Example:
        >>> v = Variable([1.0, 2.0], name="scale")
        >>> v.path, v.assign_add([1.0, 1.0]).numpy().tolist()
        ('scale', [2.0, 3.0])
    """

    def __init__(
        self,
        initializer: Any = None,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
        layout: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(f"Variable got unknown arguments: {', '.join(kwargs)}")
        name = name or auto_name(type(self).__name__)
        if not isinstance(name, str) or "/" in name:
            raise ArgumentError(
                f"a variable is named by a string without '/', not by {name!r}.", fix="choose another name."
            )
        with init_scope():
            value = _first_value(initializer, shape, dtype)
        super().__init__(value, trainable=bool(trainable), name=name)
        scope = current_path()
        self._path = f"{scope}/{name}" if scope else name
        self._autocast = bool(autocast)
        self.__dict__.update(_aggregation=aggregation, _synchronization=synchronization)
        self._layout = layout
        self._regularizer: Any = None
        self._constraint: Any = None
        self.overwrite_with_gradient = False

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._name

    @property
    def path(self) -> str:
        """The names of the layers it was made in and its own, joined by "/"."""
        return self._path

    @property
    def trainable(self) -> bool:
        """Whether optimizers change it."""
        return self._state.trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._state.trainable = bool(value)

    @property
    def aggregation(self) -> str:
        """How the values of replicas would be put together."""
        return self._aggregation

    @property
    def synchronization(self) -> str:
        """When they would be."""
        return self._synchronization

    @property
    def autocast(self) -> bool:
        """Whether it is cast to a layer's compute dtype when it is read in the layer."""
        return self._autocast

    @property
    def regularizer(self) -> Any:
        """A function from its value to a loss, or None."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        if value is not None and not callable(value):
            raise ArgumentError(
                f"{value!r} is not a regularizer.", fix="pass a keras.regularizers object or a function."
            )
        self._regularizer = value

    @property
    def constraint(self) -> Any:
        """A function from its value to an allowed one, applied after each step of the optimizer, or None."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        if value is not None and not callable(value):
            raise ArgumentError(f"{value!r} is not a constraint.", fix="pass a keras.constraints object or a function.")
        self._constraint = value

    @property
    def value(self) -> Any:  # type: ignore[override]
        """Its current value, in the compute dtype of the layer being called."""
        return self.__headwater_tensor__()

    def __headwater_tensor__(self) -> Any:
        tensor = self._state.read() if _stateless.scope is None else self._read_in(_stateless.scope)
        wanted = _autocast.dtype
        if wanted is not None and self._autocast and tensor.dtype.is_floating and tensor.dtype is not wanted:
            return ops.cast(tensor, wanted)
        return tensor

    def _read_in(self, scope: StatelessScope) -> Any:
        value = scope.get_current_value(self)
        return self._state.read() if value is None else value

    @property
    def dtype(self) -> DType:
        """The dtype that it is read in."""
        own = self._state.spec.dtype
        wanted = _autocast.dtype
        return wanted if wanted is not None and self._autocast and own.is_floating else own

    def assign(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Give it another value of the same shape; the value is cast to its dtype."""
        if _stateless.scope is not None:
            _stateless.scope.add_update((self, value))
            return self
        previous, _autocast.dtype = _autocast.dtype, None
        try:
            return super().assign(value, *args, **kwargs)
        finally:
            _autocast.dtype = previous

    def assign_add(self, delta: Any, *args: Any, **kwargs: Any) -> Any:
        """Add to its value."""
        return self.assign(ops.add(self._own_value(), ops.convert_to_tensor(delta, self._state.spec.dtype)))

    def assign_sub(self, delta: Any, *args: Any, **kwargs: Any) -> Any:
        """Subtract from its value."""
        return self.assign(ops.subtract(self._own_value(), ops.convert_to_tensor(delta, self._state.spec.dtype)))

    def _own_value(self) -> Any:
        scope = _stateless.scope
        return self._state.read() if scope is None else self._read_in(scope)

    def __repr__(self) -> str:
        from headwater.frontend.tracing import is_tracing

        shown = "" if is_tracing() else f", value={self.numpy()}"
        return f"<Variable path={self._path}, shape={tuple(self.shape)}, dtype={self._state.spec.dtype.name}{shown}>"


def _first_value(initializer: Any, shape: Any, dtype: Any) -> Any:
    if isinstance(initializer, (str, dict)) or (callable(initializer) and not hasattr(initializer, "__array__")):
        if shape is None:
            raise ArgumentError("a variable made by an initializer needs a shape.", fix="pass shape=(...).")
        from headwater.keras import initializers, settings

        sizes = tuple(int(size) for size in ([shape] if isinstance(shape, int) else shape))
        return ops.convert_to_tensor(
            initializers.get(initializer)(sizes, dtype=str(as_dtype(dtype or settings.floatx()))), dtype
        )
    if initializer is None:
        raise ArgumentError("a variable needs a first value.", fix="pass an array, or an initializer and a shape.")
    value = ops.convert_to_tensor(initializer, dtype)
    if shape is not None and tuple(value.shape) != tuple([shape] if isinstance(shape, int) else shape):
        raise ArgumentError(
            f"a variable of shape {tuple(shape)} is given a value of shape {tuple(value.shape)}.",
            fix="make them equal.",
        )
    return value
