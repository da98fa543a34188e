"""explain: where the time of a compiled function goes, instruction by instruction."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater import backends
from headwater.errors import UnsupportedError
from headwater.frontend.function import ConcreteFunction
from headwater.ir.cost import flops_by_source
from headwater.ir.dispatch import Array
from headwater.passes import optimize


class Row(NamedTuple):
    """One instruction of a program.

    Attributes:
        name: what it computes.
        source: path of the layers that it comes from; empty for what belongs to none.
        seconds: the median of its times.
        share: its part of the whole, between 0 and 1.
        flops: its arithmetic.
        nbytes: what it has to read and write at least.
        roofline: the time that this machine's peak arithmetic and copy speed would take, divided by the time it took:
            1 is as fast as the hardware goes. Values above 1 are possible for what stays in the caches.
    """

    name: str
    source: str
    seconds: float
    share: float
    flops: int
    nbytes: int
    roofline: float


class Explanation:
    """What `explain` returns: printed, it is a table; `plot` draws it, `save_trace` writes it for a trace viewer.

    Attributes:
        name: of the function.
        rows: an entry for each instruction, in the order in which they run.
        peak_flops: float32 operations a second that this machine reached in a large matrix product.
        copy_bytes: bytes a second that it reached in a copy too large for the caches, read and written.
    """

    def __init__(self, name: str, rows: list[Row], peak_flops: float, copy_bytes: float) -> None:
        self.name, self.rows = name, rows
        self.peak_flops, self.copy_bytes = peak_flops, copy_bytes

    @property
    def seconds(self) -> float:
        """Seconds of all instructions together."""
        return sum(row.seconds for row in self.rows)

    def by_source(self) -> dict[str, float]:
        """Seconds of each path of layers, the slowest first."""
        found: dict[str, float] = {}
        for row in self.rows:
            found[row.source] = found.get(row.source, 0.0) + row.seconds
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def table(self, count: int | None = None) -> str:
        """The slowest instructions as text, all of them if `count` is None."""
        rows = sorted(self.rows, key=lambda row: -row.seconds)[:count]
        header = ("time", "share", "GFLOP/s", "GB/s", "of roofline", "operation", "from")
        cells = [header, *(_cells(row) for row in rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        flops = sum(row.flops for row in self.rows)
        lines.append(
            f"{self.name}: {len(self.rows)} instructions, {_time(self.seconds)}, {flops / 1e9:.3g} GFLOP; this "
            f"machine: {self.peak_flops / 1e9:.0f} GFLOP/s, {self.copy_bytes / 1e9:.3g} GB/s"
        )
        return "\n".join(lines)

    __str__ = table

    def __repr__(self) -> str:
        return f"<Explanation of {self.name}: {len(self.rows)} instructions, {_time(self.seconds)}>"

    def save_trace(self, path: str | os.PathLike[str]) -> None:
        """Write one run as a trace in Chrome's format, for chrome://tracing or Perfetto.

        Args:
            path: of the JSON file.
        """
        events, start = [], 0.0
        for row in self.rows:
            events.append(
                {
                    "name": row.name, "cat": row.source or "step", "ph": "X", "pid": 0, "tid": 0, "ts": start * 1e6,
                    "dur": row.seconds * 1e6,
                    "args": {"from": row.source, "flops": row.flops, "bytes": row.nbytes, "roofline": row.roofline},
                }
            )  # fmt: skip
            start += row.seconds
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"traceEvents": events, "displayTimeUnit": "ms"}, file)

    def plot(self, path: str | os.PathLike[str] | None = None, count: int = 25) -> Any:
        """Draw the slowest instructions as bars, each with the part that the roofline explains in a darker tone.

        Args:
            path: of a picture file to write; without it nothing is written.
            count: how many instructions are drawn.
        Returns: the matplotlib figure.
        Raises: UnsupportedError if matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise UnsupportedError(
                "plot needs matplotlib, which is not installed.", fix="pip install matplotlib."
            ) from None
        rows = sorted(self.rows, key=lambda row: -row.seconds)[:count][::-1]
        figure = Figure(figsize=(10, 1.2 + 0.3 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        labels = [f"{row.source.rsplit(' > ', 1)[-1]}  {_shortened(row.name, 40)}".strip() for row in rows]
        places = range(len(rows))
        axes.barh(places, [row.seconds * 1e3 for row in rows], color="#9ecae1", label="time")
        bounds = [row.seconds * 1e3 * min(row.roofline, 1.0) for row in rows]
        axes.barh(places, bounds, color="#2171b5", label="of it: what the hardware's peak would take")
        axes.set_yticks(places, labels, fontsize=8)
        axes.set_xlabel("milliseconds")
        axes.set_title(f"{self.name}: {_time(self.seconds)} in {len(self.rows)} instructions")
        axes.legend(loc="lower right", fontsize=8)
        if path is not None:
            figure.savefig(path, dpi=120)
        return figure


def arithmetic(concrete: ConcreteFunction) -> dict[str, int]:
    """How many additions, multiplications and the like a traced function takes, by the path of layers they come from.

    Every size must be known. Nothing is run.
    """
    return flops_by_source(concrete.graph)


def explain(concrete: ConcreteFunction, tensors: Sequence[Array], repeats: int = 10) -> Explanation:
    """Run a traced function and say where its time goes. Variables that it updates get their values back.

    Args:
        concrete: the traced function.
        tensors: arguments, in order.
        repeats: how often it runs; times are medians.
    Raises: UnsupportedError on another backend than the CPU's.
    """
    backend = backends.current()
    executable, cells = concrete.executable()
    report = backend.report(optimize(concrete.graph, backend.name), len(concrete.states), concrete.updates)
    buffers = [tensor.buffer for tensor in tensors]
    before = [np.array(state.read().numpy()) for state in concrete.states]
    try:
        times = np.median([executable.profile(buffers, cells)[1] for _ in range(repeats)], axis=0) * 1e-9
    finally:
        for cell, value in zip(cells, before):
            cell.set(backend.from_numpy(value))
    peak_flops, copy_bytes = machine_peaks()
    total = float(times.sum()) or 1.0
    rows = []
    for (name, source, flops, nbytes), seconds in zip(report.instructions, times.tolist(), strict=True):
        least = max(flops / peak_flops, nbytes / copy_bytes)
        rows.append(Row(name, source, seconds, seconds / total, flops, nbytes, least / seconds if seconds else 0.0))
    return Explanation(concrete.name, rows, peak_flops, copy_bytes)


@functools.cache
def machine_peaks() -> tuple[float, float]:
    """Float32 operations a second in a large matrix product, and bytes a second, read and written, in a large copy;
    measured once."""
    from headwater import ops

    size, length = 768, 1 << 24
    product = _fastest(lambda a, b: ops.matmul(a, b), ops.ones((size, size)), ops.ones((size, size)))
    copied = _fastest(lambda a: ops.negative(a), ops.ones((length,)))
    return 2 * size**3 / product, 8 * length / copied


def _fastest(function: Callable[..., Any], *args: Any) -> float:
    """Seconds of a function's instructions, the fastest of a few runs."""
    concrete = ConcreteFunction(function, "peak", [arg.spec for arg in args], _arguments(len(args)))
    executable, cells = concrete.executable()
    buffers = [arg.buffer for arg in args]
    return min(sum(executable.profile(buffers, cells)[1]) for _ in range(5)) * 1e-9


def _arguments(count: int) -> Any:
    from headwater import tree

    return tree.flatten(((0,) * count, {}))[1]


def _cells(row: Row) -> tuple[str, ...]:
    rate = (lambda amount: f"{amount / row.seconds / 1e9:.3g}") if row.seconds else lambda amount: ""
    return (
        _time(row.seconds), f"{row.share:.1%}", rate(row.flops) if row.flops else "", rate(row.nbytes),
        f"{row.roofline:.0%}", _shortened(row.name, 60), row.source,
    )  # fmt: skip


def _time(seconds: float) -> str:
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
