"""What a CPU rule works with: operands, the storages behind them, and the steps that the rules emit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headwater.ir.graph import Node
from headwater.ir.spec import Spec


class Storage:
    """A piece of memory: an input, a cell, a constant, or a temporary that the plan gives a place.

    Attributes:
        kind: "input", "cell", "constant" or "temporary".
        index: position among those of its kind; for a temporary, the number of its first writer's step.
        nbytes: its size.
    """

    __slots__ = ("kind", "index", "nbytes")

    def __init__(self, kind: str, index: int, nbytes: int) -> None:
        self.kind, self.index, self.nbytes = kind, index, nbytes


class Operand:
    """A typed view of a storage. Several operands of one size may share a storage: a reshape costs nothing."""

    __slots__ = ("spec", "storage", "array")

    def __init__(self, spec: Spec, storage: Storage, array: np.ndarray | None = None) -> None:
        self.spec, self.storage, self.array = spec, storage, array


@dataclass(eq=False)
class Step:
    """An instruction to be: a kernel with its operands.

    Attributes:
        elementwise: inputs of the output's shape may share its memory.
        source: path of layers.
        node: the node of the graph that it was made for, None for a copy that the plan needs.
        over: pairs (output, input): that output may be written over that input, if the input dies here.
    """

    kernel: str
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    node: Node | None = None
    over: tuple[tuple[int, int], ...] = ()

    @property
    def elementwise(self) -> bool:
        """True if the kernel reads an element before it writes the same one, for inputs of the output's shape."""
        return self.kernel == "elementwise"
