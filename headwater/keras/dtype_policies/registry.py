"""From names and configs to dtype policies, and back."""

from __future__ import annotations

from typing import Any

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.keras.dtype_policies import quantized
from headwater.keras.dtype_policies.policy import DTypePolicy, FloatDTypePolicy, dtype_policy

ALL_OBJECTS_DICT: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        DTypePolicy,
        FloatDTypePolicy,
        quantized.QuantizedDTypePolicy,
        quantized.QuantizedFloat8DTypePolicy,
        quantized.Int4DTypePolicy,
        quantized.GPTQDTypePolicy,
        quantized.AWQDTypePolicy,
    )
}


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """The config of a policy."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(dtype_policy)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> DTypePolicy:
    """The policy that a config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> DTypePolicy:
    """The policy that `identifier` means.

    Args:
        identifier: a policy, its name, its config, a dtype of any library, or None for the session's policy.
    Raises: ArgumentError if it means none.
    Example:
        >>> get("float16").variable_dtype
        'float16'
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        if identifier.startswith(quantized.QUANTIZATION_MODES) and "_from_" in identifier:
            return quantized.from_name(identifier)
        return DTypePolicy(str(identifier))
    try:
        return DTypePolicy(str(as_dtype(identifier)))
    except TypeError:
        raise ArgumentError(
            f"{identifier!r} is not a dtype policy.", fix="pass a dtype or the name of a policy."
        ) from None
