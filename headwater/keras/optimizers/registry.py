"""From names and configs to optimizers, and back."""

from __future__ import annotations

from typing import Any

from headwater.keras.optimizers import (
    adadelta,
    adafactor,
    adagrad,
    adam,
    adamax,
    adamw,
    ftrl,
    lamb,
    lion,
    loss_scale,
    multi,
    muon,
    nadam,
    rmsprop,
    schedule_free_adamw,
    sgd,
)
from headwater.keras.optimizers.base import Optimizer
from headwater.keras.utils import identifiers

_CLASSES: tuple[type, ...] = (
    Optimizer,
    adadelta.Adadelta,
    adafactor.Adafactor,
    adagrad.Adagrad,
    adam.Adam,
    adamax.Adamax,
    adamw.AdamW,
    ftrl.Ftrl,
    lamb.Lamb,
    lion.Lion,
    loss_scale.LossScaleOptimizer,
    multi.MultiOptimizer,
    multi.OptimizerMap,
    muon.Muon,
    nadam.Nadam,
    rmsprop.RMSprop,
    schedule_free_adamw.ScheduleFreeAdamW,
    sgd.SGD,
)

ALL_OBJECTS_DICT: dict[str, type] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{cls.__name__.lower(): cls for cls in _CLASSES},
}


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The config of an optimizer."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer that a config describes; the case of its class name does not matter."""
    from headwater.keras.saving import deserialize_keras_object

    name = config.get("class_name") if isinstance(config, dict) else None
    if isinstance(name, str) and name not in ALL_OBJECTS_DICT and name.lower() in ALL_OBJECTS_DICT:
        config = {**config, "class_name": ALL_OBJECTS_DICT[name.lower()].__name__}
    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that `identifier` means: a name in any case ("adam"), a config, a class, an Optimizer, or None.

    Raises: ArgumentError if it means none.
    Example:
        >>> get("rmsprop").get_config()["rho"]
        0.9
    """
    if isinstance(identifier, str) and identifier not in ALL_OBJECTS_DICT:
        identifier = identifier.lower() if identifier.lower() in ALL_OBJECTS_DICT else identifier
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, str):
        found = identifiers.lookup(identifier, ALL_OBJECTS_DICT, "an optimizer")
    else:
        found = identifier
    found = found() if isinstance(found, type) else found
    if not isinstance(found, Optimizer):
        raise identifiers.unknown(identifier, ALL_OBJECTS_DICT, "an optimizer")
    return found
