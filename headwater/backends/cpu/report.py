"""What a native program is made of, instruction by instruction and value by value: for people who want to know."""

from __future__ import annotations

from headwater.backends.base import Instruction, Report
from headwater.backends.cpu.lower import Lowered
from headwater.backends.cpu.operands import Step
from headwater.ir.graph import Node, sub_graphs


def report(lowered: Lowered) -> Report:
    """The report of a program."""
    steps = lowered.steps
    of_node: dict[Node, list[Step]] = {}
    for step in steps:
        if step.node is not None:
            of_node.setdefault(step.node, []).append(step)
    main = {max(group, key=_operand_bytes): (node, len(group) == 1) for node, group in of_node.items()}
    return Report(
        [_instruction(step, *main.get(step, (None, False))) for step in steps],
        lowered.plan.placements(),
        lowered.plan.arena_bytes,
    )


def _operand_bytes(step: Step) -> int:
    return sum(storage.nbytes for storage in {operand.storage for operand in (*step.inputs, *step.outputs)})


def _instruction(step: Step, node: Node | None, alone: bool) -> Instruction:
    """A step; the arithmetic of a node that takes several is counted at the largest."""
    if node is None:
        return Instruction(step.kernel, step.source, 0, _operand_bytes(step))
    specs = [value.spec for value in node.inputs]
    traffic = node.primitive.traffic(*specs, **node.attrs) if alone else _operand_bytes(step)
    return Instruction(_name(node), step.source, node.primitive.flops(*specs, **node.attrs), traffic)


def _name(node: Node) -> str:
    """The primitive, and those inside it."""
    inside = dict.fromkeys(
        inner.primitive.name for graph in sub_graphs(node.attrs) for inner in graph.nodes if inner.inputs
    )
    names = [name for name in inside if name not in ("reshape", "broadcast_to")]
    shown = ", ".join(names[:4]) + (f", {len(names) - 4} more" if len(names) > 4 else "")
    return f"{node.primitive.name} ({shown})" if names else node.primitive.name
