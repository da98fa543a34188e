"""Autograph: Python's `if`, `while`, `for` and their kin on tensors, as control flow of the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def convert(function: Callable[..., Any]) -> Callable[..., Any]:
    """A version of `function` whose control flow may depend on tensors."""
    return function
