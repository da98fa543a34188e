"""Reverse-mode differentiation of a list of recorded applications.

The rules are written in primitives, so the gradients are arrays like any others: an outer recorder sees them made, and
    the second
derivative comes free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from headwater.errors import layer_path, source_scope
from headwater.ir.dispatch import Array
from headwater.ir.primitive import Primitive
from headwater.ir.registry import REGISTRY
from headwater.ir.replay import zeros

GRADIENT_MARK = " (gradient)"  # behind the path of layers of what the backward pass computes


class Record(NamedTuple):
    """One application of a primitive, as a recorder saw it."""

    primitive: Primitive
    args: tuple[Array, ...]
    attrs: dict[str, Any]
    outputs: tuple[Array, ...]
    source: str  # path of layers


class Records(list):
    """A recorder that keeps every application, for `dispatch.add_recorder`."""

    def record(
        self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any], outputs: Sequence[Array]
    ) -> None:
        """Keep one application."""
        self.append(Record(primitive, tuple(args), attrs, tuple(outputs), layer_path()))


def backward(
    records: Sequence[Record], targets: Sequence[Array], cotangents: Sequence[Array], sources: Iterable[Array]
) -> list[Array | None]:
    """Cotangents of `sources`, given those of `targets`.

    Args:
        records: what was applied, in order.
        targets: results to differentiate.
        cotangents: one for each target, of its shape and dtype.
        sources: arrays to differentiate with respect to.
    Returns: one cotangent for each source; None for a source that no target depends on.
    Source: Griewank and Walther 2008, "Evaluating Derivatives", chapter 3.2 (reverse accumulation).
    """
    sources = list(sources)
    active = _reached_from(records, {id(source) for source in sources})
    found: dict[int, Array] = {}
    for target, cotangent in zip(targets, cotangents):
        _accumulate(found, target, cotangent)
    for record in reversed(records):
        if not any(id(output) in found for output in record.outputs) or not any(
            id(arg) in active for arg in record.args
        ):
            continue
        with source_scope(f"{record.source}{GRADIENT_MARK}"):
            for arg, cotangent in zip(record.args, _apply_vjp(record, found)):
                if cotangent is not None and id(arg) in active:
                    _accumulate(found, arg, cotangent)
    return [found.get(id(source)) for source in sources]


def _reached_from(records: Sequence[Record], active: set[int]) -> set[int]:
    """Ids of the arrays through which a derivative with respect to the sources flows."""
    for record in records:
        if any(id(arg) in active for arg in record.args):
            active.update(id(output) for output in record.outputs if output.spec.dtype.is_inexact)
    return active


def _apply_vjp(record: Record, found: dict[int, Array]) -> Sequence[Array | None]:
    if record.primitive.multiple:
        gs = tuple(found.get(id(output)) for output in record.outputs)
        if not record.primitive.partial_cotangents:
            gs = tuple(zeros(output.spec) if g is None else g for g, output in zip(gs, record.outputs))
        return record.primitive.vjp(gs, record.outputs, *record.args, **record.attrs)
    (output,) = record.outputs
    return record.primitive.vjp(found[id(output)], output, *record.args, **record.attrs)


def _accumulate(found: dict[int, Array], array: Array, cotangent: Array) -> None:
    previous = found.get(id(array))
    found[id(array)] = cotangent if previous is None else REGISTRY["add"](previous, cotangent)
