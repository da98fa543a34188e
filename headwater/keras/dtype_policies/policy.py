"""DTypePolicy: one dtype to compute in, one to keep variables in."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError
from headwater.keras import settings

_MIXED = {"mixed_float16": ("float16", "float32"), "mixed_bfloat16": ("bfloat16", "float32")}


class DTypePolicy:
    """The dtypes that a layer works with.

    Args:
        name: a dtype ("float32": compute and keep variables in it), "mixed_float16" or "mixed_bfloat16" (compute in 16
            bits, keep variables in float32). None takes the session's policy.
    Raises: ArgumentError for an unknown name.
    Example:
        >>> policy = DTypePolicy("mixed_bfloat16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        self._name = name
        self._compute_dtype, self._variable_dtype = self._parse_name(name)
        self._quantization_mode: str | None = None

    def _parse_name(self, name: str) -> tuple[str, str]:
        if not isinstance(name, str):
            raise DTypeError(f"a dtype policy is named by a string, not by {name!r}.", fix="pass e.g. 'mixed_float16'.")
        if name in _MIXED:
            return _MIXED[name]
        try:
            dtype = str(as_dtype(name))
        except TypeError:
            raise ArgumentError(
                f"{name!r} is not a dtype policy.",
                fix=f"use {', '.join(map(repr, _MIXED))}, or a dtype such as 'float32'.",
            ) from None
        return dtype, dtype

    @property
    def name(self) -> str:
        """The name that makes this policy again."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype that inputs are cast to and the layer computes in."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the layer's variables."""
        return self._variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """How weights are quantized; None for a float policy."""
        return self._quantization_mode

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """An input of a layer as a tensor, floats cast to `dtype` if `autocast`; what is no array stays as it is."""
        if not (ops.is_tensor(x) or hasattr(x, "__array__") or hasattr(x, "_keras_history")):
            return x
        if not hasattr(x, "_keras_history"):
            x = ops.convert_to_tensor(x)
        wanted = as_dtype(dtype)
        present = as_dtype(x.dtype)
        return ops.cast(x, wanted) if autocast and present.is_floating and present is not wanted else x

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this policy again."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        shown = "DTypePolicy" if type(self) is FloatDTypePolicy else type(self).__name__
        return f'<{shown} "{self._name}">'

    def __eq__(self, other: object) -> bool:
        floats = (DTypePolicy, FloatDTypePolicy)
        same_kind = type(other) in floats if type(self) in floats else type(other) is type(self)
        return same_kind and self.get_config() == other.get_config()  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self).__name__.removeprefix("Float"), self._name))


class FloatDTypePolicy(DTypePolicy):
    """The older name of `DTypePolicy`."""


_global_policy: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are given none: that of `floatx()` unless it was set."""
    return _global_policy or DTypePolicy(settings.floatx())


def set_dtype_policy(policy: DTypePolicy | str | None) -> None:
    """Set the policy of layers made from now on; None goes back to that of `floatx()`.

    Args:
        policy: a DTypePolicy or the name of one.
    """
    global _global_policy
    if isinstance(policy, str):
        from headwater.keras.dtype_policies.registry import get

        policy = get(policy)
    if policy is not None and not isinstance(policy, DTypePolicy):
        raise ArgumentError(
            f"{policy!r} is not a dtype policy.", fix="pass its name, such as 'mixed_float16', or a DTypePolicy."
        )
    _global_policy = policy
