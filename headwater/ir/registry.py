"""The table of primitives, filled by the classes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.ir.primitive import Primitive

REGISTRY: dict[str, Primitive] = {}
