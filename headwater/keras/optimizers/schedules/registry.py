"""From configs to schedules, and back."""

from __future__ import annotations

from typing import Any

from headwater.keras.optimizers.schedules import cosine, decay
from headwater.keras.optimizers.schedules.base import LearningRateSchedule

ALL_OBJECTS_DICT: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        cosine.CosineDecay,
        cosine.CosineDecayRestarts,
        decay.ExponentialDecay,
        decay.InverseTimeDecay,
        decay.PiecewiseConstantDecay,
        decay.PolynomialDecay,
    )
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The config of a schedule."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that a config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)
