"""Logs: values of metrics as Python numbers."""

from __future__ import annotations

from typing import Any

from headwater import ops


def as_number(value: Any) -> Any:
    """A scalar tensor as a Python float; other values as they are."""
    if hasattr(value, "__headwater_tensor__") or ops.is_tensor(value):
        value = ops.convert_to_tensor(value)
        return float(value) if not value.shape else value.numpy()
    return value


def as_numbers(logs: dict[str, Any]) -> dict[str, Any]:
    """Logs as Python numbers, by name in alphabetical order; logs inside logs are spread out."""
    found: dict[str, Any] = {}
    for name in sorted(logs):
        value = logs[name]
        if isinstance(value, dict):
            found.update(as_numbers(value))
        else:
            found[name] = as_number(value)
    return found
