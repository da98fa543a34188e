"""Random arguments to every name of the native module, in a child process: an ordinary exception, never a crash or a
hang.

`python -m tests.native.test_fuzz_bindings ROUNDS SEED` runs the child's part alone and prints what was allowed and what
refused.
"""

from __future__ import annotations

import faulthandler
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.native.runtime import CODES, buffer_of, native

ALLOWED = (ValueError, TypeError, IndexError, MemoryError, OverflowError)
ROUNDS = int(os.environ.get("HEADWATER_FUZZ_ROUNDS", "3000"))
SIZES = (0, 1, 2, 3, 4, 8, 17, -1, 2**31, 2**62, 2**70)
LIMIT = 1 << 16  # elements that a well-formed case may have: the aim is the border, not the memory
NAMES = tuple(native.kernel_names())
CODE_OPS = ("add", "mul", "exp", "cast", "const", "iota", "where", "row_sum", "row_max", "neg", "sqrt", "nothing")
ATTRIBUTES = (
    "axis", "axes", "perm", "shape", "starts", "strides", "low", "high", "interior", "mode", "kind", "descending",
    "stable", "k",
    "side", "reverse", "exclusive", "transpose_a", "transpose_b", "code", "results", "reductions", "function",
    "branches", "condition",
    "body", "program", "num_carried", "num_scanned", "length", "padding", "dilation", "groups", "epsilon", "window",
)  # fmt: skip
WORDS = (
    "clip",
    "raise",
    "fill",
    "set",
    "add",
    "max",
    "min",
    "mul",
    "sum",
    "prod",
    "left",
    "right",
    "logsumexp",
    "valid",
    "",
)


F, I, B = 11, 6, 0  # noqa: E741 - float, int and bool
M, V = (F, (4, 3)), (F, (3,))
ADD = [("add", F, (0, 0), None)]
# For each kernel a few calls that it accepts: inputs, outputs, attributes. Fuzzing changes some of their parts.
CASES: dict[str, list[tuple[list[Any], list[Any], dict[str, Any]]]] = {
    "copy": [([M], [M], {})],
    "broadcast": [([V], [M], {})],
    "transpose": [([M], [(F, (3, 4))], {"perm": (1, 0)})],
    "slice": [([M], [(F, (2, 2))], {"starts": (3, 0), "strides": (-1, 1)})],
    "dynamic_slice": [([M, (I, (2,))], [(F, (2, 2))], {})],
    "update_slice": [([M, (F, (2, 2)), (I, (2,))], [M], {})],
    "pad": [([M, (F, ())], [(F, (6, 5))], {"low": (1, 0), "high": (1, 0), "interior": (0, 1)})],
    "concatenate": [([M, M], [(F, (8, 3))], {"axis": 0})],
    "reverse": [([M], [M], {"axes": (0,)})],
    "gather": [([M, (I, (2,))], [(F, (2, 3))], {"axis": 0, "mode": mode}) for mode in ("clip", "raise", "fill")],
    "gather_nd": [([M, (I, (2, 1))], [(F, (2, 3))], {"mode": "clip"})],
    "scatter": [([M, (I, (2, 1)), (F, (2, 3))], [M], {"kind": kind, "mode": "clip"}) for kind in ("set", "add", "max")],
    "take_along_axis": [([M, (I, (2, 3))], [(F, (2, 3))], {"axis": 0})],
    "put_along_axis": [([M, (I, (2, 3)), (F, (2, 3))], [M], {"axis": 0, "kind": "add"})],
    "iota": [([], [M], {"axis": 1})],
    "sort": [([M], [M], {"axis": 0, "descending": 0, "stable": 1})],
    "argsort": [([M], [(I, (4, 3))], {"axis": 0, "descending": 1, "stable": 1})],
    "top_k": [([M], [(F, (4, 2)), (I, (4, 2))], {"k": 2})],
    "searchsorted": [([V, (F, (2,))], [(I, (2,))], {"side": "left"})],
    "argmax": [([M], [(I, (4,))], {"axis": 1})],
    "argmin": [([M], [(I, (3,))], {"axis": 0})],
    "cumulative": [([M], [M], {"kind": kind, "axis": 0, "reverse": 0, "exclusive": 1}) for kind in ("sum", "max")],
    "random_bits": [([(5, (4,))], [(5, (7,))], {})],
    "elementwise": [
        ([M], [M], {"shape": (4, 3), "code": ADD, "results": (1,), "reductions": [None]}),
        ([M], [(F, (3,))], {"shape": (4, 3), "code": ADD, "results": (1,), "reductions": [("sum", (0,))]}),
        (
            [M],
            [M],
            {
                "shape": (4, 3),
                "code": [("row_sum", F, (0,), None), ("add", F, (0, 1), None)],
                "results": (2,),
                "reductions": [None],
            },
        ),
    ],
    "matmul": [
        ([M, (F, (3, 5))], [(F, (4, 5))], {"transpose_a": 0, "transpose_b": 0}),
        ([M, M], [(F, (4, 4))], {"transpose_b": 1}),
    ],
    "host": [([M], [M], {"function": lambda x: [np.asarray(x)]})],
}


class Source:
    """Random values, most of them plausible."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.buffers = [
            buffer_of((np.arange(np.prod(shape, dtype=int)) % 2).reshape(shape).astype(name))
            for name in CODES
            for shape in ((), (1,), (3,), (2, 3), (0,), (4, 2, 3))
        ]
        self.programs: list[Any] = []
        self.instructions: list[Any] = []

    def rare(self, chance: float = 0.08) -> bool:
        return self.random.random() < chance

    def junk(self) -> Any:
        return self.random.choice(
            [
                None,
                True,
                -1,
                2**31,
                2**63,
                2**70,
                -(2**63),
                1.5,
                float("nan"),
                "",
                "text",
                b"bytes",
                (),
                [],
                {},
                object(),
                1j,
                (1, 2),
                [[1]],
                ("a", 1),
                range(3),
                np.float32(1),
                np.zeros(3),
                lambda *_: [],
                self.random.choice(self.buffers),
            ]
        )

    def size(self) -> int:
        return self.random.choice(SIZES) if self.rare(0.15) else self.random.randint(0, 5)

    def shape(self) -> Any:
        if self.rare(0.03):
            return self.junk()
        rank = self.random.randint(0, 20) if self.rare() else self.random.randint(0, 4)
        return tuple(self.size() for _ in range(rank))

    def dtype(self) -> Any:
        return (
            self.junk()
            if self.rare(0.02)
            else self.random.randint(-1, 15)
            if self.rare()
            else self.random.choice([0, 6, 8, 10, 11, 11, 12])
        )

    def spec(self) -> Any:
        return self.junk() if self.rare(0.02) else (self.dtype(), self.shape())

    def specs(self, most: int = 4) -> Any:
        if self.rare(0.02):
            return self.junk()
        specs = [self.spec() for _ in range(self.random.randint(0, most))]
        if specs and not self.rare(0.3):  # equal specs are what most kernels want
            specs = [specs[0]] * len(specs)
        return specs

    def numbers(self, low: int = -2, high: int = 5, most: int = 4) -> tuple[int, ...]:
        return tuple(
            self.size() if self.rare() else self.random.randint(low, high) for _ in range(self.random.randint(0, most))
        )

    def immediate(self) -> Any:
        return self.junk() if self.rare() else self.random.choice([None, 0, 1, 0.5, -2, True])

    def code(self) -> list[Any]:
        entry = lambda: (self.random.choice(CODE_OPS), self.dtype(), self.numbers(0, 4, 3), self.immediate())  # noqa: E731
        return [self.junk() if self.rare(0.02) else entry() for _ in range(self.random.randint(0, 4))]

    def attribute(self, name: str) -> Any:
        if self.rare(0.1):
            return self.junk()
        if name == "code":
            return self.code()
        if name == "reductions":
            return [
                None if self.rare(0.5) else (self.random.choice(WORDS), self.numbers(-1, 3))
                for _ in range(self.random.randint(0, 2))
            ]
        if name == "function":
            return lambda *_: [self.junk()]
        if name in ("branches", "condition", "body", "program") and self.programs:
            chosen = self.random.choices(self.programs, k=2)
            return chosen if name == "branches" else chosen[0]
        return self.random.choice([self.random.randint(-3, 5), self.numbers(), self.random.choice(WORDS), self.size()])

    def call(self) -> tuple[Any, Any, Any, Any]:
        """A kernel, inputs, outputs and attributes: wild, or a good call with some changes."""
        name = self.random.choice(NAMES)
        if name not in CASES or self.rare(0.2):
            return self.junk() if self.rare(0.01) else name, self.specs(), self.specs(3), self.attributes()
        inputs, outputs, attrs = self.random.choice(CASES[name])
        inputs, outputs, attrs = list(inputs), list(outputs), dict(attrs)
        if self.rare(0.15):  # everything in another dtype
            dtype = self.dtype()
            inputs = [(dtype, shape) if code == F else (code, shape) for code, shape in inputs]
            outputs = [(dtype, shape) if code == F else (code, shape) for code, shape in outputs]
        for _ in range(self.random.choice([0, 1, 1, 2, 3])):
            self.change(inputs, outputs, attrs)
        return name, inputs, outputs, attrs

    def change(self, inputs: list[Any], outputs: list[Any], attrs: dict[str, Any]) -> None:
        """Change one part."""
        specs = self.random.choice([inputs, outputs])
        kind = self.random.randrange(5)
        if kind == 0 and specs:
            specs[self.random.randrange(len(specs))] = self.spec()
        elif kind == 1 and specs:
            place = self.random.randrange(len(specs))
            if isinstance(specs[place], tuple) and len(specs[place]) == 2 and isinstance(specs[place][1], tuple):
                shape = list(specs[place][1])
                if shape:
                    shape[self.random.randrange(len(shape))] = self.size()
                specs[place] = (specs[place][0], tuple(shape))
        elif kind == 2 and specs and self.rare(0.5):
            self.random.choice([specs.pop, lambda: specs.append(self.spec())])()
        elif attrs:
            name = self.random.choice(list(attrs))
            attrs[name] = self.attribute(name)

    def attributes(self) -> Any:
        if self.rare(0.02):
            return self.junk()
        chosen = self.random.sample(ATTRIBUTES, self.random.randint(0, 12))
        return {name: self.attribute(name) for name in chosen}


def fuzz_buffer(source: Source) -> None:
    """Buffer and its methods."""
    array = source.random.choice(
        [
            source.junk(),
            np.zeros((3, 4), "f4").T,
            np.ones(3, "f4"),
            np.zeros(3, ">i4"),
            np.array(["a"]),
            np.zeros((2, 0)),
        ]
    )
    calls: list[Callable[[], Any]] = [
        lambda: _small(source.dtype(), source.shape()),
        lambda: native.Buffer.from_array(array, source.dtype(), source.random.choice([True, False])),
        lambda: native.Buffer.from_dlpack(array),
        lambda: source.random.choice(source.buffers).reshape(source.shape()),
        lambda: source.random.choice(source.buffers).item(),
        lambda: source.random.choice(source.buffers).__dlpack__(
            max_version=source.random.choice([None, (1, 0), source.junk()])
        ),
        lambda: native.Cell(source.random.choice(source.buffers)).set(
            source.random.choice([*source.buffers, source.junk()])
        ),
        lambda: native.gather_rows(
            source.random.choices(source.buffers, k=2),
            buffer_of(np.array(source.numbers(), np.int64)),
            source.size(),
            source.size(),
        ),
        lambda: native.gather_rows(source.junk(), source.junk(), source.junk(), source.junk()),
        lambda: native.set_isa(source.junk()),
    ]
    source.random.choice(calls)()


def _small(dtype: Any, shape: Any) -> Any:
    """A buffer, unless it would be well-formed and large."""
    sizes = [size for size in shape if isinstance(size, int)] if isinstance(shape, tuple) else []
    if all(0 <= size <= 2**31 for size in sizes) and LIMIT < np.prod([float(size) for size in sizes]) < 2**40:
        return None
    return native.Buffer(dtype, shape)


def fuzz_instruction(source: Source) -> None:
    """Instructions of every kernel; those that are accepted are run."""
    name, inputs, outputs, attrs = source.call()
    if "HEADWATER_FUZZ_VERBOSE" in os.environ:
        print(name, inputs, outputs, attrs, flush=True)
    instruction = native.Instruction(name, inputs, outputs, attrs)
    specs = [(spec[0], tuple(spec[1])) for spec in (*inputs, *outputs)]
    if (
        sum(np.prod([float(size) for size in shape]) for _, shape in specs) > LIMIT
        or instruction.scratch_bytes > LIMIT * 16
    ):
        return
    count = len(inputs)
    slots = [(*spec, 0 if i < count else 3, i if i < count else i - count) for i, spec in enumerate(specs)]
    scratch = instruction.scratch_bytes
    steps = [(instruction, tuple(range(count)), tuple(range(count, len(specs))), 0 if scratch else -1)]
    program = native.Program(
        slots, steps, list(range(count, len(specs))), [], -(-scratch // 64) * 64, count, 0, ["fuzz"]
    )
    if len(source.programs) < 30:
        source.programs.append(program)
        source.instructions.append(instruction)
    if name != "while":  # may go on for ever, as it was told to
        program.run([_values(source, *spec) for spec in specs[:count]], ())


def _values(source: Source, dtype: int, shape: tuple[int, ...]) -> Any:
    """A buffer of small numbers, some of them out of range as indices."""
    high = 6 if dtype else 2
    numbers = [
        source.random.randint(0, high) - (2 if dtype and source.rare() else 0)
        for _ in range(int(np.prod(shape, dtype=int)))
    ]
    carrier = (
        np.dtype("uint16") if dtype == 10 else np.dtype(next(name for name, code in CODES.items() if code == dtype))
    )
    with np.errstate(all="ignore"):
        return native.Buffer.from_array(np.array(numbers, np.int64).astype(carrier).reshape(shape), dtype, True)


def fuzz_program(source: Source) -> None:
    """Programs of broken parts, and runs with broken arguments."""
    if not source.instructions:
        return
    integer = lambda: source.size() if source.rare() else source.random.choice([0, 1, 2, 64, 128, -1])  # noqa: E731
    slot = lambda: source.junk() if source.rare(0.02) else (*source.spec(), source.random.randint(-1, 5), integer())  # noqa: E731
    if source.random.random() < 0.5:
        step = lambda: source.junk() if source.rare() else (  # noqa: E731
            source.random.choice(source.instructions), source.numbers(0, 3), source.numbers(0, 3), integer()
        )  # fmt: skip
        parts = [
            [slot() for _ in range(source.random.randint(0, 4))],
            [step() for _ in range(source.random.randint(0, 2))],
            source.numbers(0, 3),
            source.random.choices(source.buffers, k=2),
            integer(),
            integer(),
            integer(),
            ["x"] * source.random.randint(0, 2),
        ]
        if source.rare():
            parts[source.random.randrange(len(parts))] = source.junk()
        native.Program(*parts)
    else:
        arguments = source.random.choices([*source.buffers, source.junk()], k=source.random.randint(0, 3))
        source.random.choice(source.programs).run(
            *[source.junk() if source.rare() else arguments, source.junk() if source.rare() else ()]
        )


def run_rounds(rounds: int, seed: int) -> Counter[str]:
    """The child's part: what came of each round."""
    faulthandler.enable()
    source, seen = Source(seed), Counter()
    kinds = (fuzz_buffer, fuzz_instruction, fuzz_instruction, fuzz_instruction, fuzz_program)
    verbose = "HEADWATER_FUZZ_VERBOSE" in os.environ
    for number in range(rounds):
        fuzz = source.random.choice(kinds)
        if verbose:
            print(number, fuzz.__name__, flush=True)
        try:
            fuzz(source)
            seen[f"{fuzz.__name__} passed"] += 1
        except ALLOWED as error:
            seen[f"{fuzz.__name__} {type(error).__name__}"] += 1
    return seen


@pytest.mark.parametrize("seed", [1, 2])
def test_random_arguments_never_crash(seed):
    child = subprocess.run(
        [sys.executable, "-m", "tests.native.test_fuzz_bindings", str(ROUNDS), str(seed)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert child.returncode == 0, child.stderr[-4000:]
    assert "fuzz_instruction passed" in child.stdout


if __name__ == "__main__":
    for outcome, times in sorted(run_rounds(int(sys.argv[1]), int(sys.argv[2])).items()):
        print(outcome, times)
