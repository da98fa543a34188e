"""Discretization: numbers to the ranges that they lie in."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, StateError
from headwater.frontend.tracing import init_scope
from headwater.frontend.variable import Variable
from headwater.keras import settings
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.preprocessing import categorical_encoding, lookup_arguments, quantile_summary
from headwater.keras.layers.preprocessing.adapting import batches_of


class Discretization(Layer):
    """Numbers to the bin that each lies in: 0 below the first boundary, then 1, and so on.

    Args:
        bin_boundaries: where bins begin, in order; "0, 1" makes three bins.
        num_bins: how many bins `adapt` makes, with equally many values in each.
        epsilon: share of the data by which their boundaries may be off.
        output_mode: "int" for the number of the bin; "one_hot" for a vector for each number; "multi_hot" or "count" for
            a vector for each sample, the samples lying along the last axis.
        sparse: whether vectors are returned as a SparseTensor.
    Example:
        >>> Discretization(bin_boundaries=[0.0, 1.0])([-1.5, 1.0, 3.4]).numpy().tolist()
        [0, 2, 2]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        lookup_arguments.one_of(output_mode, ("int", "one_hot", "multi_hot", "count"), "output_mode", "Discretization")
        if sparse and output_mode == "int":
            raise ArgumentError("sparse=True is for vectors, not for output_mode='int'.", fix="leave out sparse.")
        if num_bins is not None and num_bins < 0:
            raise ArgumentError(f"num_bins={num_bins} is negative.", fix="pass 1 or more.")
        if (num_bins is None) == (bin_boundaries is None):
            raise ArgumentError(
                f"num_bins={num_bins} and bin_boundaries={bin_boundaries}: exactly one of them is needed.",
                fix="pass bin_boundaries, or num_bins and call adapt.",
            )
        self._set_untracked(_boundaries=None)
        self.bin_boundaries = bin_boundaries
        self._set_untracked(
            summary=None if bin_boundaries is not None and len(bin_boundaries) else quantile_summary.empty(),
        )
        self.num_bins, self.epsilon = num_bins, epsilon
        self.output_mode, self.sparse = output_mode, sparse

    @property
    def bin_boundaries(self) -> list[float] | None:
        """Where bins begin, in order; None before `adapt`."""
        return self._bin_boundaries

    @bin_boundaries.setter
    def bin_boundaries(self, values: Any) -> None:
        self._set_untracked(_bin_boundaries=None if values is None else np.asarray(values).tolist())
        if values is None:
            return
        numbers = np.asarray(values, settings.floatx())
        with init_scope():  # a variable, so that programs that are there see boundaries that are found later
            if self._boundaries is not None and tuple(self._boundaries.shape) == numbers.shape:
                self._boundaries.assign(numbers)
            else:
                self._set_untracked(_boundaries=Variable(numbers, trainable=False))

    @property
    def input_dtype(self) -> str:
        """The dtype that inputs are cast to."""
        return settings.floatx()

    @property
    def output_dtype(self) -> str:
        """The dtype of its output."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries that part data into bins of equally many, in one pass and constant memory.

        Args:
            data: an array, or an iterable of batches (a Dataset, a generator, a list of arrays).
            steps: how many batches to take of an iterable; None for all.
        Raises: StateError if boundaries were given.
        """
        if self.num_bins is None:
            raise BoundariesGivenError(
                "Discretization was given its boundaries; it can't adapt to data.", fix="pass num_bins instead."
            )
        self.reset_state()
        for batch in batches_of(_iterated(data), steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take a batch into account."""
        values = np.asarray(data).astype(np.float32)
        if values.size:
            summary = quantile_summary.summarized(values, self.epsilon)
            self._set_untracked(summary=quantile_summary.merged(summary, self.summary, self.epsilon))

    def finalize_state(self) -> None:
        """Make the boundaries of what was seen."""
        if self.num_bins is None:
            return
        if not self.summary.shape[1]:
            raise ArgumentError("Discretization.adapt was given no data.", fix="pass at least one number.")
        self.bin_boundaries = quantile_summary.boundaries(self.summary, self.num_bins)

    def reset_state(self) -> None:
        """Forget what was seen."""
        if self.num_bins is not None:
            self._set_untracked(summary=quantile_summary.empty())

    def call(self, inputs: Any) -> Any:
        """The bins."""
        if self.bin_boundaries is None:
            raise BoundariesGivenError(
                "Discretization has no boundaries yet.", fix="pass bin_boundaries, or call adapt(data)."
            )
        numbers = ops.digitize(ops.cast(inputs, settings.floatx()), ops.convert_to_tensor(self._boundaries))
        depth = len(self.bin_boundaries) + 1
        return categorical_encoding.encode(numbers, self.output_mode, depth, self.output_dtype, self.sparse)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape."""
        known = self.bin_boundaries is not None
        depth = len(self.bin_boundaries) + 1 if known else self.num_bins
        return categorical_encoding.output_shape(input_shape, self.output_mode, depth)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shape and dtype of the output."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.output_dtype, sparse=self.sparse)

    def load_own_variables(self, store: Any) -> None:
        """Take the summary that older files have."""
        if len(store) == 1:
            self._set_untracked(summary=np.asarray(store["0"]))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor, and the boundaries that `adapt` found."""
        return {
            "bin_boundaries": None if self.bin_boundaries is None else list(self.bin_boundaries),
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer that `get_config` described."""
        boundaries = config.get("bin_boundaries")
        if boundaries is None or config.get("num_bins") is None:
            return cls(**config)
        layer = cls(**{key: value for key, value in config.items() if key != "bin_boundaries"})
        layer.bin_boundaries = boundaries
        return layer


class BoundariesGivenError(StateError, ValueError):
    """Boundaries are missing, or were given where they were to be found; a ValueError, as in Keras."""


def _iterated(data: Any) -> Any:
    """A list of arrays as the iterable of batches that it is."""
    is_batches = isinstance(data, (list, tuple)) and len(data) and all(np.ndim(item) for item in data)
    return iter(data) if is_batches else data
