"""From names and configs to losses, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater.keras.losses import alignment, contrastive, crossentropy, margin, overlap, regression
from headwater.keras.losses.base import FunctionLoss, Loss, LossFunctionWrapper
from headwater.keras.utils import identifiers
from headwater.keras.utils.naming import get_object_name

_CLASSES = tuple(
    value
    for module in (alignment, contrastive, crossentropy, margin, overlap, regression)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, FunctionLoss) and value is not FunctionLoss
)

ALL_OBJECTS_DICT: dict[str, Any] = {
    "Loss": Loss,
    "LossFunctionWrapper": LossFunctionWrapper,
    **{cls.__name__: cls for cls in _CLASSES},
    **{cls.function.__name__: cls.function for cls in _CLASSES},
}
for _alias, _name in {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}.items():
    ALL_OBJECTS_DICT[_alias] = ALL_OBJECTS_DICT[_alias.upper()] = ALL_OBJECTS_DICT[_name]
# Names of Keras 2 that scripts and files still use.
ALL_OBJECTS_DICT["kullback_leibler_divergence"] = crossentropy.kl_divergence
ALL_OBJECTS_DICT["logcosh"] = regression.log_cosh
ALL_OBJECTS_DICT["cosine_proximity"] = regression.cosine_similarity


def serialize(loss: Any) -> Any:
    """The config of a loss."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that a name or config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(name, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> Callable[..., Any] | None:
    """The loss that `identifier` means: a name ("mse", "MeanSquaredError"), a config, a class, a function, or None.

    Raises: ArgumentError if it means none.
    Example:
        >>> get("mse").__name__
        'mean_squared_error'
    """
    return identifiers.resolve(identifier, ALL_OBJECTS_DICT, "a loss", deserialize)


def form_of_targets(y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> str:
    """What the shapes say about a classification: "binary", "sparse" (classes as integers) or "categorical"
    (one-hot)."""
    if y_pred_shape[-1] == 1:
        return "binary"
    integers = len(y_true_shape) < len(y_pred_shape) or (y_true_shape[-1] == 1 and (y_pred_shape[-1] or 2) > 1)
    return "sparse" if integers else "categorical"


_CROSSENTROPY = {
    "binary": crossentropy.binary_crossentropy,
    "sparse": crossentropy.sparse_categorical_crossentropy,
    "categorical": crossentropy.categorical_crossentropy,
}


def resolve(identifier: Any, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> Loss | None:
    """The `Loss` that the argument of `compile` means for one output.

    Args:
        identifier: what `get` takes; also "crossentropy" (or "ce"), which the shapes decide.
        y_true_shape: shape of the targets.
        y_pred_shape: shape of the predictions.
    Returns: a Loss named as Keras names it in logs; None for None.
    """
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        found: Any = _CROSSENTROPY[form_of_targets(y_true_shape, y_pred_shape)]
    else:
        found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else get_object_name(found)
    return wrap(found, name)


def wrap(function: Callable[..., Any], name: str) -> Loss:
    """A function as a `Loss`; integer labels of Keras's own functions stay integers."""
    wrapped = LossFunctionWrapper(function, name=name)
    for cls in _CLASSES:
        if cls.function is function and cls.target_dtype is not None:
            wrapped.target_dtype = cls.target_dtype  # type: ignore[misc]
    return wrapped
