"""The element-wise engine: chains against a copy of the same bytes, functions by element, reductions, tiny arrays.

    python -m benchmarks.native_elementwise

Prints JSON. Every figure is the best of several rounds, in which the copy and the chains take turns.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.backends.cpu import native

FLOAT32 = 11
LARGE = 10_000_000
SMALL = 2048
FUNCTIONS = ("sqrt", "exp", "log", "tanh", "sigmoid", "sin", "erf", "softplus", "silu", "atan", "cbrt")

Entry = tuple[str, int, tuple[int, ...], Any]


def entry(op: str, *args: int, immediate: Any = None) -> Entry:
    """An entry of a program on float32."""
    return (op, FLOAT32, args, immediate)


CHAIN = [
    entry("const", immediate=2.0), entry("const", immediate=0.5), entry("add", 0, 1), entry("multiply", 3, 2),
    entry("maximum", 4, 2), entry("subtract", 5, 1), entry("abs", 6),
]  # fmt: skip
ADAM = [
    entry("const", immediate=1.0), entry("subtract", 8, 5), entry("subtract", 8, 6),
    entry("multiply", 2, 5), entry("multiply", 1, 9), entry("add", 11, 12),
    entry("square", 1), entry("multiply", 14, 10), entry("multiply", 3, 6), entry("add", 15, 16),
    entry("sqrt", 17), entry("add", 18, 7), entry("divide", 13, 19), entry("multiply", 20, 4), entry("subtract", 0, 21),
]  # fmt: skip
SOFTMAX = [
    entry("row_max", 0), entry("subtract", 0, 1), entry("exp", 2), entry("row_sum", 3), entry("divide", 3, 4),
]  # fmt: skip


class Job:
    """A program with its arguments: call it to run it once."""

    def __init__(
        self,
        inputs: Sequence[tuple[int, ...]],
        shape: tuple[int, ...],
        code: Sequence[Entry],
        results: Sequence[int],
        outputs: Sequence[tuple[int, ...]],
        reductions: Sequence[Any] | None = None,
        in_place: Sequence[int] = (),
    ) -> None:
        attrs: dict[str, Any] = {"shape": shape, "code": list(code), "results": tuple(results)}
        if reductions is not None:
            attrs["reductions"] = list(reductions)
        instruction = native.Instruction(
            "elementwise", [(FLOAT32, s) for s in inputs], [(FLOAT32, s) for s in outputs], attrs
        )
        free = [i for i in range(len(inputs)) if i not in in_place]
        slots = [
            (FLOAT32, s, 1, in_place.index(i)) if i in in_place else (FLOAT32, s, 0, free.index(i))
            for i, s in enumerate(inputs)
        ]
        count = len(inputs)
        written = tuple(in_place) if in_place else tuple(range(count, count + len(outputs)))
        if not in_place:
            slots += [(FLOAT32, s, 3, number) for number, s in enumerate(outputs)]
        scratch = instruction.scratch_bytes
        self.program = native.Program(
            slots=slots,
            steps=[(instruction, tuple(range(count)), written, 0 if scratch else -1)],
            outputs=[] if in_place else list(written),
            constants=[],
            arena_bytes=(scratch + 63) // 64 * 64,
            num_inputs=len(free),
            num_cells=len(in_place),
            labels=["elementwise"],
        )
        rng = np.random.default_rng(0)
        buffers = [native.from_numpy(rng.uniform(0.1, 0.9, s).astype(np.float32)) for s in inputs]
        self.cells = tuple(native.Cell(buffers[i]) for i in in_place)
        self.arguments = [buffers[i] for i in free]

    def __call__(self) -> None:
        self.program.run(self.arguments, self.cells)


def best(calls: Sequence[Callable[[], Any]], rounds: int, repeat: int = 1) -> list[float]:
    """The shortest time of each call in nanoseconds, taking turns."""
    shortest = [float("inf")] * len(calls)
    for _ in range(rounds):
        for number, call in enumerate(calls):
            start = time.perf_counter_ns()
            for _ in range(repeat):
                call()
            shortest[number] = min(shortest[number], (time.perf_counter_ns() - start) / repeat)
    return shortest


def memory_bound() -> dict[str, float]:
    """Chains and Adam on ten million elements: time over that of a copy, by equal bytes."""
    large = (LARGE,)
    copy = native.Instruction("copy", [(FLOAT32, large)], [(FLOAT32, large)], {})
    program = native.Program(
        slots=[(FLOAT32, large, 0, 0), (FLOAT32, large, 3, 0)], steps=[(copy, (0,), (1,), -1)], outputs=[1],
        constants=[], arena_bytes=0, num_inputs=1, num_cells=0, labels=["copy"],
    )  # fmt: skip
    source = [native.from_numpy(np.ones(LARGE, np.float32))]
    jobs = {
        "chain of 5, 1 input": (Job([large], large, CHAIN, [7], [large]), 8),
        "adam, 4 inputs, 3 in place": (
            Job([large] * 4 + [()] * 4, large, ADAM, [22, 13, 17], [large] * 3, in_place=[0, 2, 3]), 28,
        ),
        "sum": (Job([large], large, [], [0], [()], [("sum", (0,))]), 4),
    }  # fmt: skip
    times = best([lambda: program.run(source, ()), *[job for job, _ in jobs.values()]], rounds=12)
    per_byte = times[0] / (8 * LARGE)
    result = {"copy, GB/s": 1 / per_byte}
    for (name, (_, count)), duration in zip(jobs.items(), times[1:], strict=True):
        result[f"{name}, time over a copy of its bytes"] = duration / (count * LARGE) / per_byte
    return result


def main() -> None:
    """Measures and prints."""
    report: dict[str, Any] = {"isa": native.isa(), "threads": native.num_threads(), "large": memory_bound()}
    small = (SMALL,)
    functions = {op: Job([small], small, [entry(op, 0)], [1], [small]) for op in FUNCTIONS}
    times = best(list(functions.values()), rounds=30, repeat=20)
    report["ns per element in the cache"] = {
        op: duration / SMALL for op, duration in zip(functions, times, strict=True)
    }
    report["softmax, ns per element"] = {}
    for columns in (10, 100, 1000, 10_000, 100_000):
        shape = (max(2_000_000 // columns, 1), columns)
        duration = best([Job([shape], shape, SOFTMAX, [5], [shape])], rounds=5)[0]
        report["softmax, ns per element"][str(columns)] = duration / (shape[0] * columns)
    eight = (8, 8)
    tiny = {
        "add, relu": Job([eight, eight], eight, [entry("add", 0, 1), entry("relu", 2)], [3], [eight]),
        "softmax": Job([eight], eight, SOFTMAX, [5], [eight]),
    }
    times = best(list(tiny.values()), rounds=30, repeat=1000)
    report["8 x 8 from Python, ns"] = dict(zip(tiny, times, strict=True))
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
