"""From names and configs to initializers, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras.backend.standard import standardize_dtype
from headwater.keras.initializers import constant, orthogonal, random, stft, variance_scaling
from headwater.keras.initializers.base import Initializer
from headwater.keras.utils import identifiers
from headwater.keras.utils.naming import to_snake_case

_CLASSES = (
    Initializer,
    constant.Constant,
    constant.Identity,
    constant.Ones,
    constant.Zeros,
    orthogonal.Orthogonal,
    random.RandomNormal,
    random.RandomUniform,
    random.TruncatedNormal,
    stft.STFT,
    variance_scaling.GlorotNormal,
    variance_scaling.GlorotUniform,
    variance_scaling.HeNormal,
    variance_scaling.HeUniform,
    variance_scaling.LecunNormal,
    variance_scaling.LecunUniform,
    variance_scaling.VarianceScaling,
)

ALL_OBJECTS_DICT: dict[str, type] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES},
    "IdentityInitializer": constant.Identity,
    "OrthogonalInitializer": orthogonal.Orthogonal,
    "STFTInitializer": stft.STFT,
    "normal": random.RandomNormal,
    "uniform": random.RandomUniform,
    "one": constant.Ones,
    "zero": constant.Zeros,
}


def serialize(initializer: Initializer) -> dict[str, Any]:
    """The config of an initializer."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer that a config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> Callable[..., Any] | None:
    """The initializer that `identifier` means.

    Args:
        identifier: a name ("glorot_uniform"), a config, a class, a callable of shape and dtype, an array (the values
            themselves), or None.
    Returns: a callable of shape and dtype; None for None.
    Raises: ArgumentError if it means none.
    Example:
        >>> get("zeros")((2,)).numpy()
        array([0., 0.], dtype=float32)
    """
    if isinstance(identifier, (np.ndarray, np.generic)) or ops.is_tensor(identifier):
        return _from_values(identifier)
    return identifiers.resolve(identifier, ALL_OBJECTS_DICT, "an initializer", deserialize)


def _from_values(values: Any) -> Callable[..., Any]:
    def initializer(shape: Any, dtype: Any = None) -> Any:
        if tuple(shape) != tuple(values.shape):
            raise ShapeError(
                f"the values given as initializer have shape {tuple(values.shape)}, the variable {tuple(shape)}.",
                fix="give values of the variable's shape.",
            )
        return ops.cast(values, standardize_dtype(dtype))

    return initializer
