"""From names and configs to constraints, and back."""

from __future__ import annotations

from typing import Any

from headwater.keras.constraints.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from headwater.keras.utils import identifiers
from headwater.keras.utils.naming import to_snake_case

_CLASSES = (Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm)

ALL_OBJECTS_DICT: dict[str, type] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES},
}


def serialize(constraint: Constraint) -> dict[str, Any]:
    """The config of a constraint."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint that a config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> Any:
    """The constraint that `identifier` means: a name ("non_neg"), a config, a class, a callable of the weights, or
    None.

    Raises: ArgumentError if it means none.
    Example:
        >>> get("max_norm").get_config()
        {'max_value': 2, 'axis': 0}
    """
    return identifiers.resolve(identifier, ALL_OBJECTS_DICT, "a constraint", deserialize)
