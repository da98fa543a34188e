"""What memory a traced function takes, known before it runs."""

from __future__ import annotations

from typing import NamedTuple

from headwater import backends
from headwater.autodiff.backward import GRADIENT_MARK
from headwater.frontend.function import ConcreteFunction
from headwater.passes import optimize


class FunctionMemory(NamedTuple):
    """The memory of one run of a function, in bytes.

    Attributes:
        arena: what all temporaries share; the peak of what lives at one time, and the gaps that packing leaves.
        inputs: the arguments.
        variables: the variables that it reads or writes.
        peak: the temporaries that live when most of them do: (source, kind, bytes), kind "activations" for what is
            made before the first gradient and "gradients" for what is made after it.
        kept: of each path of layers, the bytes of what its forward pass keeps for its gradient.
    """

    arena: int
    inputs: int
    variables: int
    peak: list[tuple[str, str, int]]
    kept: dict[str, int]


def function_memory(concrete: ConcreteFunction) -> FunctionMemory:
    """The memory plan of a traced function; nothing is run.

    Raises: UnsupportedError on another backend than the CPU's.
    """
    backend = backends.current()
    report = backend.report(optimize(concrete.graph, backend.name), len(concrete.states), concrete.updates)
    count = len(report.instructions)
    backward = [number for number, each in enumerate(report.instructions) if each.source.endswith(GRADIENT_MARK)]
    boundary = backward[0] if backward else count
    changes = [0] * (count + 1)
    for placement in report.placements:
        changes[placement.first] += placement.nbytes
        changes[placement.last + 1] -= placement.nbytes
    live, most, where = 0, -1, 0
    for number, change in enumerate(changes[:count]):
        live += change
        if live > most:
            most, where = live, number
    peak, kept = [], {}
    for placement in report.placements:
        forward = placement.first < boundary
        source = placement.source.removesuffix(GRADIENT_MARK)
        if placement.first <= where <= placement.last:
            peak.append((source, "activations" if forward else "gradients", placement.nbytes))
        if forward and placement.last >= boundary:
            kept[source] = kept.get(source, 0) + placement.nbytes
    return FunctionMemory(
        report.arena_bytes,
        sum(spec.nbytes for spec in concrete.input_specs),
        sum(state.spec.nbytes for state in concrete.states),
        peak,
        kept,
    )
