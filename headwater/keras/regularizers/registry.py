"""From names and configs to regularizers, and back."""

from __future__ import annotations

from typing import Any

from headwater.keras.regularizers.norms import L1, L1L2, L2, Regularizer
from headwater.keras.regularizers.orthogonal import OrthogonalRegularizer
from headwater.keras.utils import identifiers

ALL_OBJECTS_DICT: dict[str, type] = {
    **{cls.__name__: cls for cls in (Regularizer, L1, L2, L1L2, OrthogonalRegularizer)},
    "l1": L1,
    "l2": L2,
    "l1l2": L1L2,
    "l1_l2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """The config of a regularizer."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer that a config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> Any:
    """The regularizer that `identifier` means: a name ("l2"), a config, a class, a callable of the weights, or None.

    Raises: ArgumentError if it means none.
    Example:
        >>> get("l2").get_config()
        {'l2': 0.01}
    """
    return identifiers.resolve(identifier, ALL_OBJECTS_DICT, "a regularizer", deserialize)
