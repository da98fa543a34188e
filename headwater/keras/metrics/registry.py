"""From names and configs to metrics, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.keras import losses
from headwater.keras.losses.registry import form_of_targets
from headwater.keras.metrics import accuracy, area, correlation, f_score, iou, mean, mean_losses, precision_recall, r2
from headwater.keras.metrics.base import Metric
from headwater.keras.utils import identifiers
from headwater.keras.utils.naming import get_object_name, to_snake_case

_INTERNAL = (mean.FunctionMetric, precision_recall.DecisionMetric)
_CLASSES = tuple(
    value
    for module in (accuracy, area, correlation, f_score, iou, mean, mean_losses, precision_recall, r2)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Metric) and name[0] != "_" and value not in _INTERNAL
)

ALL_OBJECTS_DICT: dict[str, Any] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES},
}
for _alias, _class in {
    "bce": mean_losses.BinaryCrossentropy,
    "mse": mean_losses.MeanSquaredError,
    "mae": mean_losses.MeanAbsoluteError,
    "mape": mean_losses.MeanAbsolutePercentageError,
    "msle": mean_losses.MeanSquaredLogarithmicError,
}.items():
    ALL_OBJECTS_DICT[_alias] = ALL_OBJECTS_DICT[_alias.upper()] = _class
for _module in (accuracy, correlation):
    for _name, _value in vars(_module).items():
        if (
            callable(_value)
            and getattr(_value, "__module__", None) == _module.__name__
            and not isinstance(_value, type)
        ):
            ALL_OBJECTS_DICT.setdefault(_name, _value)
# What is a loss alone in Keras is a metric by its mean here: "huber", "kld", "log_cosh".
for _name, _value in losses.ALL_OBJECTS_DICT.items():
    if not isinstance(_value, type):
        ALL_OBJECTS_DICT.setdefault(_name, _value)


def serialize(metric: Any) -> Any:
    """The config of a metric."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that a name or config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> Any:
    """The metric that `identifier` means: a name ("mae", "AUC"), a config, a class, a function, a Metric, or None.

    Raises: ArgumentError if it means none.
    Example:
        >>> get("mae").name
        'mean_absolute_error'
    """
    return identifiers.resolve(identifier, ALL_OBJECTS_DICT, "a metric", deserialize)


_BY_SHAPES: dict[str, dict[str, type[Metric]]] = {
    "accuracy": {
        "binary": accuracy.BinaryAccuracy,
        "sparse": accuracy.SparseCategoricalAccuracy,
        "categorical": accuracy.CategoricalAccuracy,
    },
    "crossentropy": {
        "binary": mean_losses.BinaryCrossentropy,
        "sparse": mean_losses.SparseCategoricalCrossentropy,
        "categorical": mean_losses.CategoricalCrossentropy,
    },
}
_BY_SHAPES["acc"], _BY_SHAPES["ce"] = _BY_SHAPES["accuracy"], _BY_SHAPES["crossentropy"]


def resolve(identifier: Any, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> Metric:
    """The `Metric` that the argument of `compile` means for one output.

    Args:
        identifier: what `get` takes; also "accuracy" (or "acc") and "crossentropy" (or "ce"), which the shapes decide.
        y_true_shape: shape of the targets.
        y_pred_shape: shape of the predictions.
    Returns: a Metric named as Keras names it in logs: as the string says, else by its own name or its function's.
    """
    by_shapes = _BY_SHAPES.get(identifier.lower()) if isinstance(identifier, str) else None
    if by_shapes is not None:
        return by_shapes[form_of_targets(y_true_shape, y_pred_shape)](name=identifier)
    found = get(identifier)
    if found is None:
        raise identifiers.unknown(identifier, ALL_OBJECTS_DICT, "a metric")
    name = identifier if isinstance(identifier, str) else get_object_name(found)
    metric = found if isinstance(found, Metric) else mean.MeanMetricWrapper(found)
    metric.name = name
    return metric
