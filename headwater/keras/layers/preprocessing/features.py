"""Feature, Cross: what a FeatureSpace is told about its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.layer import Layer

_MODULE = "keras.src.layers.preprocessing.feature_space"  # where Keras has these; files name it


class _Described:
    """Something that files write under the names that Keras gives it."""

    @classmethod
    def _serialized_names(cls) -> tuple[str, str, str]:
        return _MODULE, cls.__name__, cls.__name__


class Cross(_Described):
    """Features whose combination is one more feature.

    Args:
        feature_names: names of two or more features.
        crossing_dim: number of bins that combinations are hashed into.
        output_mode: "one_hot" or "int".
    """

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> None:
        _check_mode(output_mode, ("int", "one_hot"))
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The names of the features, joined."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Cross:
        """The cross that `get_config` described."""
        return cls(**config)


class Feature(_Described):
    """A column: its dtype, the layer that prepares it, and the form that it is wanted in.

    Args:
        dtype: dtype of the column.
        preprocessor: the layer.
        output_mode: "one_hot", "int" or "float".
    """

    def __init__(self, dtype: Any, preprocessor: Any, output_mode: str) -> None:
        _check_mode(output_mode, ("int", "one_hot", "float"))
        self.dtype = dtype
        if isinstance(preprocessor, dict):
            from headwater.keras.saving import deserialize_keras_object

            preprocessor = deserialize_keras_object(preprocessor)
        self.preprocessor = preprocessor
        self.output_mode = output_mode

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        from headwater.keras.saving import serialize_keras_object

        return {
            "dtype": self.dtype,
            "preprocessor": serialize_keras_object(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        """The feature that `get_config` described."""
        return cls(**config)


def _check_mode(value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ArgumentError(
            f"Invalid value for argument `output_mode`: {value!r}.", fix=f"use one of {', '.join(allowed)}.", where=""
        )


class TFDIdentity(_Described, Layer):
    """What it is given. (The name is Keras's: files have it.)"""

    def call(self, x: Any) -> Any:
        """The input."""
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape


class TFDConcat(_Described, Layer):
    """Tensors joined along an axis; of mixed dtypes they promote. (The name is Keras's: files have it.)

    Args:
        axis: the axis.
    """

    def __init__(self, axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, xs: Any) -> Any:
        """The joined tensors."""
        return ops.concatenate(xs, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "axis": self.axis}
