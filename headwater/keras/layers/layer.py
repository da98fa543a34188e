"""Layer: something that is called on tensors and keeps variables."""

from __future__ import annotations

import contextlib
import functools
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from headwater import ops, tree
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError, StateError, layer_scope
from headwater.frontend.tensor import Tensor
from headwater.frontend.tracing import init_scope
from headwater.frontend.variable import Variable as _FrontendVariable
from headwater.keras import dtype_policies, rematerialization
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.call_signature import CallSignature, signature_of
from headwater.keras.layers.input_spec import check_inputs
from headwater.keras.layers.tracking import TrackedDict, TrackedList
from headwater.keras.name_scope import current_path, name_scope
from headwater.keras.operations.operation import Operation
from headwater.keras.operations.symbolic import symbolic_outputs, with_unknown_sizes
from headwater.keras.variable import AutocastScope, Variable, autocast_dtype


class _CallState(threading.local):
    depth: int = 0  # layers being called in this thread
    training: bool | None = None  # what the outermost of them was told


_calls = _CallState()
_NO_SCOPE = contextlib.nullcontext()
_changes = [0]


def changes_of_layers() -> int:
    """How often an attribute of any layer was set: programs made of layers hold as long as it stays the same."""
    return _changes[0]


def inside_call() -> bool:
    """True while this thread is in the call of a layer."""
    return _calls.depth > 0


def _name_of(layer: Layer) -> str:
    return f"{type(layer).__name__} {layer.name!r}"


def _wrap_build(build: Callable[..., None]) -> Callable[..., None]:
    """`build`, in the scope of the layer's name; afterwards the layer is built and knows the shapes it was built
    for.
    """

    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        with name_scope(self.name, caller=self), init_scope():
            self.__dict__.setdefault("_path", current_path())
            shapes = signature_of(self.build).bind(args, kwargs)
            build(self, *args, **kwargs)
        self.__dict__["_build_shapes"] = {key: _plain_shapes(shape) for key, shape in shapes.items()}
        self.__dict__["built"] = True
        self._after_build()

    wrapped._is_wrapped = True  # type: ignore[attr-defined]
    return wrapped


def _plain_shapes(shape: Any) -> Any:
    """Shapes as tuples of ints and None, in lists and dicts where there are several."""
    if isinstance(shape, dict):
        return {key: _plain_shapes(value) for key, value in shape.items()}
    if isinstance(shape, (list, tuple)):
        if all(size is None or isinstance(size, (int, np.integer)) for size in shape):
            return tuple(None if size is None else int(size) for size in shape)
        return [_plain_shapes(item) for item in shape]
    return shape


class Layer(Operation):
    """A piece of a model: a computation and the variables that it uses.

    Subclasses define `call(self, x)`, and `build(self, input_shape)` if they have variables whose shapes depend on the
    input.

    Args:
        activity_regularizer: function from the layer's output to a loss.
        trainable: whether optimizers change its variables.
        dtype: dtype, or dtype policy, that it computes in.
        autocast: whether float inputs are cast to that dtype.
        name: its name; made of the class's name if not given.
    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        ...
        ...     def call(self, x):
        ...         return x * self.factor
        >>> layer = Scale()
        >>> layer(np.ones((2, 3), "float32")).shape
        TensorShape([2, 3])
        >>> layer.count_params()
        3
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        build = cls.__dict__.get("build")
        if build is not None and not getattr(build, "_is_wrapped", False) and not isinstance(build, staticmethod):
            cls.build = _wrap_build(build)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls, *args, **kwargs)
        self.__dict__.update(
            _trainable_variables=[], _non_trainable_variables=[], _layers=[], _metrics=[], _seed_generators=[],
            _loss_values=[],
        )  # fmt: skip
        return self

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__.update(_inbound_nodes=[], _outbound_nodes=[], built=False)
        nodes = self._inbound_nodes, self._outbound_nodes
        super().__init__(name=name)
        self.__dict__.update(_inbound_nodes=nodes[0], _outbound_nodes=nodes[1])
        self._take_older_arguments(kwargs)
        if kwargs:
            raise ArgumentError(
                f"{type(self).__name__} got arguments that it does not know: {', '.join(kwargs)}.",
                fix="remove them, or name them in the layer's constructor.",
                where="",
            )
        if activity_regularizer is None:
            self.activity_regularizer = None
        else:
            from headwater.keras import regularizers

            self.activity_regularizer = regularizers.get(activity_regularizer)
        self.__dict__["_trainable"] = bool(trainable)
        self.autocast = autocast
        self.__dict__["_dtype_policy"] = dtype_policies.get(dtype)
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self.__dict__["_input_spec"] = None
        self.__dict__["_build_shapes"] = None
        self.__dict__["_remat_scope"] = rematerialization.current_scope()

    def _take_older_arguments(self, kwargs: dict[str, Any]) -> None:
        """`input_shape=`, `input_dim=` and `weights=`, as scripts for Keras 2 have them."""
        shape = kwargs.pop("batch_input_shape", None)
        batch_size = kwargs.pop("batch_size", None)
        if shape is None:
            sizes = kwargs.pop("input_shape", None)
            if "input_dim" in kwargs and sizes is None:
                length = kwargs.pop("input_length", None)
                dim = kwargs.pop("input_dim")
                sizes = (dim,) if length is None else (length, dim)
            if sizes is not None:
                shape = (batch_size, *([sizes] if isinstance(sizes, int) else sizes))
        kwargs.pop("input_dim", None)
        if shape is not None:
            self.__dict__["_input_shape_arg"] = tuple(shape)
        if "weights" in kwargs:
            self.__dict__["_initial_weights"] = kwargs.pop("weights")

    # ---- tracking ---------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if "_layers" in own and not isinstance(value, (int, float, str, type(None))):
            if name in own and own[name] is not value:
                self._untrack(own[name])
            value = self._track(value)
        object.__setattr__(self, name, value)
        if "built" in own:
            _changes[0] += 1

    def __delattr__(self, name: str) -> None:
        value = self.__dict__.get(name)
        object.__delattr__(self, name)
        if value is not None:
            self._untrack(value)

    def _track(self, value: Any) -> Any:
        """Remember a variable, layer, metric or seed generator, or those in a container; return what to keep of
        `value`.
        """
        if isinstance(value, _FrontendVariable):
            self._track_variable(value)
        elif isinstance(value, Layer):
            _add(self._layers, value)
        elif type(value) is list:
            return TrackedList(value, self._track)
        elif type(value) is dict:
            return TrackedDict(value, self._track)
        elif isinstance(value, tuple):
            for item in value:
                self._track(item)
        elif isinstance(value, (TrackedList, TrackedDict)):
            for item in value.values() if isinstance(value, dict) else value:
                self._track(item)
        elif hasattr(value, "update_state") and hasattr(value, "result"):
            _add(self._metrics, value)
        elif type(value).__name__ == "SeedGenerator":
            _add(self._seed_generators, value)
        return value

    def _track_variable(self, variable: Any) -> None:
        _add(self._trainable_variables if variable.trainable else self._non_trainable_variables, variable)

    def _untrack(self, value: Any) -> None:
        """Forget what an attribute held, unless another attribute holds it too."""
        if not isinstance(value, (_FrontendVariable, Layer)):
            return
        others = sum(1 for held in self.__dict__.values() if held is value)
        if others > 1 or any(
            _holds(held, value) for held in self.__dict__.values() if isinstance(held, (TrackedList, TrackedDict))
        ):
            return
        for store in (self._layers, self._trainable_variables, self._non_trainable_variables):
            store[:] = [item for item in store if item is not value]

    def _set_untracked(self, **attributes: Any) -> None:
        """Set attributes as they are, without looking for layers and variables in them."""
        self.__dict__.update(attributes)

    # ---- building ---------------------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the variables, for inputs of this shape. Subclasses give it."""
        with name_scope(self.name, caller=self):
            self.__dict__.setdefault("_path", current_path())
            self._build_by_tracing(input_shape)
        self.__dict__["built"] = True
        self.__dict__["_build_shapes"] = {"input_shape": _plain_shapes(input_shape)}
        self._after_build()

    build._is_wrapped = True  # type: ignore[attr-defined]

    def _build_by_tracing(self, input_shape: Any) -> None:
        """Let sub-layers see inputs of this shape, so that they build themselves."""
        if not any(not layer.built for layer in self._layers):
            return
        placeholders = _placeholders(input_shape, self.input_dtype)
        try:
            symbolic_outputs(self._traced_call, (placeholders,), {})
        except Exception as error:
            raise StateError(
                f"{_name_of(self)} can't be built for inputs of shape {input_shape}: {error}",
                fix="define build() so that it builds the sub-layers, or call the layer on data.",
            ) from error

    def _after_build(self) -> None:
        initial = self.__dict__.pop("_initial_weights", None)
        if initial is not None:
            self.set_weights(initial)

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
        overwrite_with_gradient: bool = False,
    ) -> Variable:
        """A new variable of this layer.

        Args:
            shape: its shape; () by default.
            initializer: a name, an object of `keras.initializers`, a function, or an array. By default "glorot_uniform"
                for floats and "zeros" for others.
            dtype: its dtype; that of the layer's dtype policy by default.
            trainable: whether optimizers change it.
            autocast: whether it is cast to the compute dtype where the layer reads it.
            regularizer: function from its value to a loss.
            constraint: function from its value to an allowed value.
            name: its name.
        """
        if isinstance(shape, str):  # Keras 2 took the name first
            raise ArgumentError(
                f"add_weight was given the string {shape!r} as the shape.", fix="pass the name by keyword: name=..."
            )
        from headwater.keras import constraints, initializers, regularizers

        sizes = () if shape is None else tuple([shape] if isinstance(shape, (int, np.integer)) else shape)
        if any(size is None for size in sizes):
            raise ShapeError(
                f"{_name_of(self)}: a weight would have the shape {sizes}, with a size that is not known.",
                fix="give the input a full shape (keras.Input, input_shape=) where weights depend on it.",
            )
        dtype = self.variable_dtype if dtype is None else str(as_dtype(dtype))
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        with name_scope(self.name, caller=self):
            variable = Variable(
                initializers.get(initializer) if isinstance(initializer, (str, dict)) else initializer,
                shape=sizes, dtype=dtype, trainable=trainable, autocast=autocast, aggregation=aggregation,
                layout=layout,
                name=name,
            )  # fmt: skip
        if regularizer is not None:
            variable.regularizer = regularizers.get(regularizer)
        if constraint is not None:
            variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._track_variable(variable)
        return variable

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, trainable: bool = True, autocast: bool = True,
        regularizer: Any = None, constraint: Any = None, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """The same as `add_weight`."""
        return self.add_weight(
            shape=shape, initializer=initializer, dtype=dtype, trainable=trainable, autocast=autocast,
            regularizer=regularizer, constraint=constraint, name=name,
        )  # fmt: skip

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that it was built for, as plain data."""
        shapes = self._build_shapes
        if not shapes:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": dict(shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build it for the shapes that `get_build_config` returned."""
        if not config or self.built:
            return
        if "shapes_dict" in config:
            self.build(**{key: _shapes_of_json(value) for key, value in config["shapes_dict"].items()})
        elif "input_shape" in config:
            self.build(_shapes_of_json(config["input_shape"]))

    # ---- calling ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output; on KerasTensors, a description of it."""
        if "_dtype_policy" not in self.__dict__:
            raise StateError(
                f"{type(self).__name__}.__init__ did not call super().__init__().",
                fix="call super().__init__() first in it.",
                where="",
            )
        with layer_scope(_name_of(self)):
            return self._call_in_scope(args, kwargs)

    def _call_in_scope(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        signature = signature_of(self.call)
        args, kwargs = self._converted(args, kwargs)
        arguments = self._bind(signature, args, kwargs)
        tensors = _tensor_arguments(arguments)
        first = arguments.get(signature.first) if signature.first else next(iter(arguments.values()), None)
        if self._input_spec is not None or type(self).input_spec is not Layer.input_spec:
            check_inputs(self.input_spec, first, self.name)
        scope = (
            _NO_SCOPE if self.built else name_scope(self.name, caller=self)
        )  # sub-layers may be built in the first call
        if not self.built:
            self._build_for(arguments, tensors)
        outer_training = _calls.training
        training = self._resolve_training(signature, arguments, kwargs)
        masks = self._fill_in_masks(signature, arguments, kwargs, tensors)
        if _calls.depth == 0:
            self._clear_losses()
        _calls.training = training
        _calls.depth += 1
        try:
            with scope:
                if any(isinstance(leaf, KerasTensor) for leaves in tensors.values() for leaf in leaves):
                    outputs = self.symbolic_call(*args, **kwargs)
                else:
                    outputs = self._computed(args, kwargs)
        finally:
            _calls.depth -= 1
            _calls.training = outer_training
        if self.activity_regularizer is not None:
            for output in tree.leaves(outputs):
                if isinstance(output, Tensor):
                    self.add_loss(
                        ops.divide(self.activity_regularizer(output), max(output.shape[0] if output.shape else 1, 1))
                    )
        if masks is not None or self.supports_masking:
            self._pass_on_masks(first, outputs, masks)
        return outputs

    def _bind(self, signature: CallSignature, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        if kwargs and "training" in kwargs and not signature.takes_training:
            kwargs.pop("training")
        if kwargs and "mask" in kwargs and not signature.takes_mask and not signature.takes_any_keyword:
            if kwargs.pop("mask") is not None:
                raise ArgumentError(f"{_name_of(self)} takes no mask.", fix="call it without `mask`.")
        try:
            return signature.bind(args, kwargs)
        except TypeError as error:
            raise DTypeError(
                f"{_name_of(self)} was called with arguments that do not fit: {error}.",
                fix=f"its call takes {signature.signature}.",
            ) from None

    def _converted(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """Arrays as tensors, floats in the dtype that the layer computes in."""
        if len(args) == 1 and not kwargs and isinstance(args[0], Tensor):
            return (self._cast_input(args[0]),), kwargs
        if not self._convert_input_args:
            return args, dict(kwargs)
        args = tuple(self._convert(arg) if not isinstance(arg, str) else arg for arg in args)
        return args, {key: value if key == "training" else self._convert(value) for key, value in kwargs.items()}

    _convert_input_args = True

    def _convert(self, value: Any) -> Any:
        if isinstance(value, (Tensor, KerasTensor)):
            return self._cast_input(value)
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, (list, tuple, dict)):
            if _is_numbers(value):
                return self._cast_input(ops.convert_to_tensor(value))
            return tree.map_structure(self._convert_leaf, value)
        return self._convert_leaf(value)

    def _convert_leaf(self, value: Any) -> Any:
        if isinstance(value, (Tensor, KerasTensor)):
            return self._cast_input(value)
        if isinstance(value, (_FrontendVariable, np.ndarray, np.generic)) or hasattr(value, "__array__"):
            if getattr(getattr(value, "dtype", None), "kind", "") in ("U", "S", "O"):
                return value
            return self._cast_input(ops.convert_to_tensor(value))
        return value

    def _cast_input(self, tensor: Any) -> Any:
        if not self.autocast or not tensor.dtype.is_floating:
            return tensor
        wanted = self.compute_dtype
        if str.__eq__(tensor.dtype, wanted) or "float" not in wanted:
            return tensor
        mask = getattr(tensor, "_keras_mask", None)
        tensor = ops.cast(tensor, wanted)
        if mask is not None:
            tensor._keras_mask = mask
        return tensor

    def _resolve_training(
        self, signature: CallSignature, arguments: dict[str, Any], kwargs: dict[str, Any]
    ) -> bool | None:
        """The value of `training`: what was passed, else what the layer around was told, else the default of `call`."""
        training = arguments.get("training")
        if training is None:
            training = _calls.training
            if training is None:
                training = signature.default_training
            if (training is not None and signature.takes_training and "training" not in arguments) or (
                training is not None and signature.takes_training and "training" in kwargs
            ):
                kwargs["training"] = training
        return training

    def _fill_in_masks(
        self, signature: CallSignature, arguments: dict[str, Any], kwargs: dict[str, Any], tensors: dict[str, list[Any]]
    ) -> Any:
        """Pass the masks that inputs carry to `call`; return those of the first argument, None if it has none."""
        first_masks = None
        single = len(tensors) == 1
        for position, (name, leaves) in enumerate(tensors.items()):
            if all(getattr(leaf, "_keras_mask", None) is None for leaf in leaves):
                symbolic = single and isinstance(leaves[0], KerasTensor) and signature.takes_mask
                if symbolic and arguments.get("mask") is None:  # files of Keras say so
                    kwargs["mask"] = tree.map_structure(lambda leaf: None, arguments[name])
                continue
            masks = tree.map_structure(lambda leaf: getattr(leaf, "_keras_mask", None), arguments[name])
            if position == 0:
                first_masks = masks
            expected = "mask" if single else f"{name}_mask"
            if expected in signature.names and arguments.get(expected) is None:
                kwargs[expected] = masks
        return first_masks

    def _computed(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        wanted = self.compute_dtype if self.autocast else None
        current = autocast_dtype()
        if (current is None and wanted == self.variable_dtype) or current == wanted:
            return self._call_by_mode(args, kwargs)
        with AutocastScope(wanted):
            return self._call_by_mode(args, kwargs)

    def _call_by_mode(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if self._remat_scope is None:
            return self.call(*args, **kwargs)
        return rematerialization.call_layer(self, self._remat_scope, args, kwargs)

    def _traced_call(self, *args: Any, **kwargs: Any) -> Any:
        with name_scope(self.name, caller=self):
            return self._computed(args, kwargs)

    def _build_for(self, arguments: dict[str, Any], tensors: dict[str, list[Any]]) -> None:
        shapes = {name: with_unknown_sizes(_shapes_of(arguments[name])) for name in tensors}
        with name_scope(self.name, caller=self):
            if type(self).build is Layer.build:
                self.__dict__.setdefault("_path", current_path())
                if len(shapes) == 1:
                    self.__dict__["_build_shapes"] = {"input_shape": _plain_shapes(next(iter(shapes.values())))}
                self._build_default(arguments, tensors)
                self.__dict__["built"] = True
                return
            names = signature_of(self.build).names
            if len(names) == 1:
                self.build(next(iter(shapes.values()), None))
                return
            by_name = {f"{name}_shape": shape for name, shape in shapes.items()}
            if len(by_name) == 1 and names and f"{next(iter(shapes))}_shape" not in names:
                self.build(next(iter(shapes.values())))
            else:
                self.build(**{name: by_name[name] for name in names if name in by_name})

    def _build_default(self, arguments: dict[str, Any], tensors: dict[str, list[Any]]) -> None:
        """A layer without `build` has nothing to do: its sub-layers build when they are called."""

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """What a call on KerasTensors returns; the call is remembered as a node."""
        return super().symbolic_call(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes and dtypes of what a call returns, as KerasTensors."""
        if type(self).compute_output_shape is Layer.compute_output_shape:
            return symbolic_outputs(self._traced_call, args, kwargs)
        signature = signature_of(self.call)
        arguments = signature.bind(args, kwargs)
        shapes = {
            name: _shapes_of(arguments[name]) for name in _tensor_arguments(arguments) if not name.endswith("mask")
        }
        names = signature_of(self.compute_output_shape).names
        if len(names) == 1 or len(shapes) == 1:
            output_shape = self.compute_output_shape(next(iter(shapes.values())))
        else:
            by_name = {f"{name}_shape": shape for name, shape in shapes.items()}
            output_shape = self.compute_output_shape(**{name: by_name[name] for name in names if name in by_name})
        return _placeholders(output_shape, self.compute_dtype)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for inputs of this shape. Found by tracing, unless a subclass gives it."""
        placeholders = [_placeholders(shape, self.input_dtype) for shape in args]
        named = {key.removesuffix("_shape"): _placeholders(shape, self.input_dtype) for key, shape in kwargs.items()}
        if not args and list(named) == ["input"]:
            placeholders, named = [named["input"]], {}
        return tree.map_structure(lambda x: tuple(x.shape), self.compute_output_spec(*placeholders, **named))

    # ---- masks ------------------------------------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output: that of the input, unless a subclass gives another."""
        return previous_mask

    def _pass_on_masks(self, inputs: Any, outputs: Any, previous: Any) -> None:
        if previous is not None and not self.supports_masking:
            if signature_of(self.call).takes_mask:
                return  # it has used the mask
            warnings.warn(
                f"Layer '{self.name}' (of type {type(self).__name__}) was passed an input with a mask attached to it. "
                "However, "
                "this layer does not support masking and will therefore destroy the mask information.",
                stacklevel=5,
            )
            return
        flat = tree.leaves(outputs)
        if all(getattr(output, "_keras_mask", None) is not None for output in flat):
            return
        masks = self.compute_mask(inputs, previous)
        if masks is None:
            return
        for output, mask in zip(flat, tree.leaves(masks)):
            if (
                mask is not None
                and isinstance(output, (Tensor, KerasTensor))
                and getattr(output, "_keras_mask", None) is None
            ):
                output._keras_mask = mask

    # ---- losses -----------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add to what training minimizes.

        Args:
            loss: a scalar tensor, or a list of them, that depends on the inputs of the call being made.
        """
        for value in tree.leaves(loss):
            value = ops.convert_to_tensor(value) if not isinstance(value, KerasTensor) else value
            if len(value.shape):
                value = ops.mean(value)
            self._loss_values.append(value)

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` and the regularizers of this layer and its sub-layers gave in the last call."""
        found = [value for layer in self._flatten_layers() for value in layer._loss_values]
        return found + self._regularization_losses()

    def _regularization_losses(self) -> list[Any]:
        return [
            variable.regularizer(variable)
            for variable in self.trainable_weights
            if getattr(variable, "regularizer", None) is not None
        ]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            if layer._loss_values:
                layer._loss_values.clear()

    # ---- variables --------------------------------------------------------------------------------------------------

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Layer]:
        """This layer and its sub-layers, each once, in the order of their creation."""
        seen: set[int] = set()
        pending: list[Layer] = [self] if include_self else list(reversed(self._layers))
        while pending:
            layer = pending.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            yield layer
            if recursive or layer is self:
                pending.extend(reversed(layer._layers))

    def _collect(self, with_state: bool) -> list[Any]:
        found: dict[int, Any] = {}
        for layer in self._flatten_layers():
            own = [*layer._trainable_variables, *layer._non_trainable_variables]
            if with_state:
                own += [generator.state for generator in layer._seed_generators]
                if layer is not self:
                    own += [variable for metric in layer._metrics for variable in metric.variables]
            for variable in own:
                found.setdefault(id(variable), variable)
        return list(found.values())

    @property
    def variables(self) -> list[Any]:
        """All its variables, with the states of random generators."""
        return self._collect(with_state=True)

    @property
    def weights(self) -> list[Any]:
        """All its variables, without the states of random generators and metrics."""
        return self._collect(with_state=False)

    @property
    def trainable_variables(self) -> list[Any]:
        """The variables that optimizers change."""
        return [variable for variable in self.variables if variable.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Any]:
        """All other variables."""
        return [variable for variable in self.variables if not variable.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that optimizers change."""
        return [variable for variable in self.weights if variable.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """All other weights."""
        return [variable for variable in self.weights if not variable.trainable] if self.trainable else self.weights

    @property
    def metrics(self) -> list[Any]:
        """The metrics of this layer and its sub-layers."""
        return [metric for layer in self._flatten_layers() for metric in layer._metrics]

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of these metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its variables."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        self.__dict__["_trainable"] = value
        for variable in self._trainable_variables:
            variable._state.trainable = value
        for layer in self._layers:
            layer.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """The values of `weights`, as NumPy arrays."""
        return [np.array(variable.numpy()) for variable in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Give `weights` other values.

        Args:
            weights: arrays in the order of `weights`.
        Raises: ArgumentError if their number is wrong; ShapeError if a shape is.
        """
        own = self.weights
        weights = list(weights)
        if len(own) != len(weights):
            raise ArgumentError(
                f"set_weights on layer {self.name!r} was given {len(weights)} arrays, "
                f"and the layer has {len(own)} weights.",
                fix="pass one array for each of layer.weights." if self.built else "build the layer first.",
            )
        for variable, value in zip(own, weights):
            if tuple(np.shape(value)) != tuple(variable.shape):
                raise ShapeError(
                    f"layer {self.name!r}: a weight of shape {tuple(variable.shape)} "
                    f"was given a value of shape {np.shape(value)}.",
                    fix="pass the arrays in the order of layer.weights.",
                )
        for variable, value in zip(own, weights):
            variable.assign(value)

    def count_params(self) -> int:
        """Number of elements of its weights.

        Raises: StateError if the layer is not built.
        """
        if not self.built:
            raise StateError(
                f"{_name_of(self)} has no weights to count: it is not built.",
                fix=f"call it on data, or call its build({'batch_input_shape'}).",
            )
        return sum(int(np.prod(variable.shape, dtype=np.int64)) for variable in self.weights)

    def save_own_variables(self, store: Any) -> None:
        """Put the values of its own variables into `store`, a dict of arrays."""
        for index, variable in enumerate((*self._trainable_variables, *self._non_trainable_variables)):
            store[str(index)] = variable

    def load_own_variables(self, store: Any) -> None:
        """Take the values of its own variables from `store`, a dict of arrays.

        Raises: ArgumentError if their number is wrong; ShapeError if a shape is.
        """
        own = (*self._trainable_variables, *self._non_trainable_variables)
        if len(store) != len(own):
            hint = "build the layer before loading" if not own else "load into a model of the same architecture"
            raise ArgumentError(
                f"Layer '{self.name}' has {len(own)} variables, and the file has {len(store)} for it.", fix=f"{hint}."
            )
        for index, variable in enumerate(own):
            _load_value(variable, store[str(index)], f"layer {self.name!r}")

    # ---- dtypes -----------------------------------------------------------------------------------------------------

    @property
    def dtype_policy(self) -> Any:
        """Which dtypes it computes in and keeps variables in."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self.__dict__["_dtype_policy"] = dtype_policies.get(value)

    @property
    def _policy(self) -> Any:
        policy = self._dtype_policy
        return policy[self.path] if hasattr(policy, "default_policy") else policy

    @property
    def dtype(self) -> str:
        """The dtype of its variables."""
        return self._policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of its variables."""
        return self._policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype that it computes in."""
        return self._policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that float inputs are cast to."""
        return self._policy.compute_dtype

    @property
    def quantization_mode(self) -> str | None:
        """How its weights are quantized; None if they are not."""
        return self._policy.quantization_mode

    # ---- what it is -------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The names of the layers around it and its own, joined by "/"."""
        return self.__dict__.get("_path", self.name)

    @property
    def input_spec(self) -> Any:
        """What it demands of its inputs: an InputSpec or a structure of them."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self.__dict__["_input_spec"] = value

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor, as plain data."""
        config: dict[str, Any] = {"name": self.name}
        if type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__:
            config = self._config_from_init()
            if "name" in config or signature_of(type(self).__init__).takes_any_keyword:
                config["name"] = self.name
        config["trainable"] = self.trainable
        config["dtype"] = dtype_policies.serialize(self.dtype_policy)
        if self.activity_regularizer is not None:
            from headwater.keras import regularizers

            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` described."""
        config = dict(config)
        if isinstance(config.get("dtype"), dict):
            config["dtype"] = dtype_policies.deserialize(config["dtype"])
        config.pop("quantization_config", None) if config.get("quantization_config") is None else None
        return cls(**config)

    def _obj_type(self) -> str:
        return "Layer"

    def add_metric(self, *args: Any, **kwargs: Any) -> None:
        """Not served any more, as in Keras 3: keep the metric as an attribute and update it in `call`."""
        raise StateError(
            "add_metric is gone since Keras 3.",
            fix="make the metric an attribute (self.m = keras.metrics.Mean()), and update it in call().",
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __str__(self) -> str:
        return self.__repr__()


def _add(store: list[Any], value: Any) -> None:
    if not any(item is value for item in store):
        store.append(value)


def _holds(container: Any, value: Any) -> bool:
    return any(item is value for item in (container.values() if isinstance(container, dict) else container))


def _is_numbers(value: Any) -> bool:
    """True for a (nested) list of Python numbers only."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_is_numbers(item) for item in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _tensor_arguments(arguments: dict[str, Any]) -> dict[str, list[Any]]:
    """The tensors in each argument that has any."""
    found = {}
    for name, value in arguments.items():
        if _is_tensor(value):
            found[name] = [value]
        elif isinstance(value, (list, tuple, dict)):
            leaves = [leaf for leaf in tree.leaves(value) if _is_tensor(leaf)]
            if leaves:
                found[name] = leaves
    return found


def _is_tensor(value: Any) -> bool:
    """True for a tensor, symbolic or not, ragged and sparse ones too."""
    return isinstance(value, (Tensor, KerasTensor)) or tree.is_composite(value)


def _shapes_of(value: Any) -> Any:
    if _is_tensor(value):
        return tuple(value.shape)
    return tree.map_structure(lambda leaf: tuple(leaf.shape) if hasattr(leaf, "shape") else None, value)


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, (list, tuple)) and all(
        size is None or isinstance(size, (int, np.integer)) for size in shape
    )


def _placeholders(shape: Any, dtype: Any) -> Any:
    """KerasTensors of these shapes, in the same structure."""
    if _is_shape(shape):
        return KerasTensor(shape, dtype)
    if isinstance(shape, dict):
        return {key: _placeholders(value, dtype) for key, value in shape.items()}
    if isinstance(shape, (list, tuple)):
        return type(shape)([_placeholders(item, dtype) for item in shape])
    return None


def _shapes_of_json(shape: Any) -> Any:
    """A shape, or a structure of shapes, read from JSON: lists of sizes become tuples."""
    if _is_shape(shape) and len(shape):
        return tuple(shape)
    if isinstance(shape, dict):
        return {key: _shapes_of_json(value) for key, value in shape.items()}
    if isinstance(shape, (list, tuple)):
        return [_shapes_of_json(item) for item in shape] if shape else ()
    return shape


def _load_value(variable: Any, value: Any, owner: str) -> None:
    if tuple(value.shape) != tuple(variable.shape):
        raise ShapeError(
            f"{owner}: variable {getattr(variable, 'path', variable.name)!r} has shape {tuple(variable.shape)}, "
            f"and its value in the file has shape {tuple(value.shape)}.",
            fix="load into a model of the same architecture, or pass skip_mismatch=True.",
        )
    variable.assign(value)
