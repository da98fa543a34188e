"""What the simple, LSTM and GRU layers share: their weights' settings, and how a layer shows those of its cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.rnn.dropout_cell import DropoutRNNCell
from headwater.keras.layers.rnn.rnn import RNN
from headwater.keras.random import SeedGenerator

_INITIAL = {"kernel": "glorot_uniform", "recurrent": "orthogonal", "bias": "zeros"}
SETTINGS = (
    *(f"{part}_initializer" for part in _INITIAL),
    *(f"{part}_regularizer" for part in _INITIAL),
    *(f"{part}_constraint" for part in _INITIAL),
)
_KINDS = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


def checked_size(size: Any, what: str, name: str) -> int:
    """The number of units or filters, if it is a positive whole number.

    Raises: ShapeError if it is not.
    """
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        raise ShapeError(f"{what}: {name}={size!r} is not a positive whole number.", fix="pass the size of the state.")
    return size


class WeightedCell(Layer, DropoutRNNCell):
    """Base of the cells with a kernel, a recurrent kernel and a bias.

    A subclass says how many `gates` it has, and of which shape the weights are.
    """

    gates = 1
    size_name = "units"  # the argument that says how large the state is

    def _take_settings(self, settings: dict[str, Any], *, seed: int | None) -> None:
        """Keep what its constructor was given."""
        self.size = checked_size(settings[self.size_name], type(self).__name__, self.size_name)
        setattr(self, self.size_name, self.size)
        self.activation = activations.get(settings["activation"])
        if "recurrent_activation" in settings:
            self.recurrent_activation = activations.get(settings["recurrent_activation"])
        self.use_bias = settings["use_bias"]
        for name in SETTINGS:
            kind = _KINDS[name.rpartition("_")[2]]
            setattr(self, name, kind.get(settings[name]))
        self.dropout = min(1.0, max(0.0, settings["dropout"]))
        self.recurrent_dropout = min(1.0, max(0.0, settings["recurrent_dropout"]))
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.kernel: Any = None
        self.recurrent_kernel: Any = None
        self.bias: Any = None
        self.output_size = self.size

    def build(self, input_shape: Any) -> None:
        """Make the kernels and the bias."""
        width = self.gates * self.size
        self.kernel = self._weight("kernel", "kernel", (input_shape[-1], width))
        self.recurrent_kernel = self._weight("recurrent_kernel", "recurrent", (self.size, width))
        if self.use_bias:
            self.bias = self._weight("bias", "bias", self._bias_shape(), self._bias_initializer())

    def _weight(self, name: str, part: str, shape: tuple[Any, ...], initializer: Any = None) -> Any:
        return self.add_weight(
            shape=shape, name=name, initializer=initializer or getattr(self, f"{part}_initializer"),
            regularizer=getattr(self, f"{part}_regularizer"), constraint=getattr(self, f"{part}_constraint"),
        )  # fmt: skip

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.size,)

    def _bias_initializer(self) -> Any:
        return self.bias_initializer

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros for each state."""
        sizes = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), **settings_of(self), "seed": self.seed}


def settings_of(cell: Any) -> dict[str, Any]:
    """What a cell and the layer around it have in common, as plain data."""
    config = {cell.size_name: cell.size, "activation": activations.serialize(cell.activation)}
    if hasattr(cell, "recurrent_activation"):
        config["recurrent_activation"] = activations.serialize(cell.recurrent_activation)
    config["use_bias"] = cell.use_bias
    for name in SETTINGS:
        config[name] = _KINDS[name.rpartition("_")[2]].serialize(getattr(cell, name))
    config["dropout"] = cell.dropout
    config["recurrent_dropout"] = cell.recurrent_dropout
    return config


def with_open_forget_gate(initializer: Any) -> Any:
    """An initializer of the bias of an lstm: ones for its forget gate, the second of four, `initializer` elsewhere."""

    def initialize(shape: Any, *args: Any, **kwargs: Any) -> Any:
        size = shape[0] // 4
        first, rest = initializer((size,), *args, **kwargs), initializer((2 * size,), *args, **kwargs)
        return ops.concatenate([first, ops.ones_like(first), rest])

    return initialize


def _of_cell(name: str) -> Any:
    def get(self: Any) -> Any:
        return getattr(self.cell, name)

    get.__doc__ = f"`{name}` of its cell."
    return property(get)


class CellLayer(RNN):
    """Base of the layers that make their own cell; they show its settings and have them in their config."""

    size_name = "units"
    cell_config: tuple[str, ...] = ()  # further arguments of the cell

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in (
            cls.size_name,
            "activation",
            "use_bias",
            *SETTINGS,
            "dropout",
            "recurrent_dropout",
            *cls.cell_config,
        ):
            if name not in cls.__dict__:
                setattr(cls, name, _of_cell(name))

    def _fused_input(self, sequences: Any, training: Any) -> Any:
        """The inputs with dropout applied to all steps at once."""
        if not training or not self.cell.dropout:
            return sequences
        mask = self.cell.get_dropout_mask(sequences[:, 0])
        return ops.multiply(sequences, ops.expand_dims(mask, 1))

    def _is_fused(self, mask: Any, training: Any) -> bool:
        """Whether all steps run as one operation: the default activations, and nothing that changes from step to
        step."""
        cell = self.cell
        drops = training and (cell.recurrent_dropout or (cell.dropout and cell.dropout_mask_count))
        return (
            not drops
            and not (self.unroll and mask is not None)
            and _is_one_of(cell.activation, activations.tanh, ops.tanh)
            and _is_one_of(getattr(cell, "recurrent_activation", ops.sigmoid), activations.sigmoid, ops.sigmoid)
        )

    def _run_fused(self, run: Callable[..., Any], sequences: Any, states: list[Any], mask: Any, training: Any) -> Any:
        """Last output, outputs and states by one operation of `headwater.ops.rnn`."""
        cell = self.cell
        found = run(
            self._fused_input(sequences, training), *states, mask, cell.kernel, cell.recurrent_kernel, cell.bias,
            go_backwards=self.go_backwards,
        )  # fmt: skip
        outputs, last = found.outputs, found.last
        if mask is not None and self.zero_output_for_mask:
            counts = ops.cast(mask, "bool")
            outputs = ops.where(ops.expand_dims(counts, -1), outputs, ops.zeros_like(outputs))
            final = counts[:, 0 if self.go_backwards else -1]
            last = ops.where(ops.expand_dims(final, -1), last, ops.zeros_like(last))
        if self.go_backwards and self.return_sequences:
            outputs = ops.flip(outputs, axis=1)
        return last, outputs, found.states

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {**super().get_config(), **settings_of(self.cell)}
        del config["cell"]
        config.update({name: getattr(self.cell, name) for name in type(self).cell_config if name not in config})
        config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        config["seed"] = self.cell.seed
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` described."""
        return cls(**config)


def _is_one_of(function: Any, *functions: Any) -> bool:
    return any(function is other for other in functions)


def gate_split(x: Any, count: int) -> list[Any]:
    """Equal parts of the last axis."""
    return list(ops.split(x, count, axis=-1))
