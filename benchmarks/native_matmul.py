"""Speed of the matmul instruction, our own tiles beside oneDNN and NumPy: `python -m benchmarks.native_matmul`.

Prints one JSON object: for each shape the GFLOP/s (two per multiply-add) of each system, the best of several rounds
taken in turn, so that a busy moment of the machine falls on all alike. `--threads N`, `--rounds N`, `--only WORD`.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from headwater.backends.cpu import native

FLOAT32 = 11

# name, batch, m, n, k, transpose_a, transpose_b: the products of the models in the benchmarks, forward and backward.
SHAPES = (
    ("mlp_small 1", 1, 32, 64, 32, 0, 0),
    ("mlp_small 2", 1, 32, 64, 64, 0, 0),
    ("mlp_small 3", 1, 32, 10, 64, 0, 0),
    ("mlp_small weights", 1, 64, 64, 32, 1, 0),
    ("mlp_small data", 1, 32, 64, 64, 0, 1),
    ("one row", 1, 1, 1024, 784, 0, 0),
    ("two rows", 1, 2, 1024, 1024, 0, 0),
    ("eight rows", 1, 8, 1024, 1024, 0, 0),
    ("mlp_big 1", 1, 128, 1024, 784, 0, 0),
    ("mlp_big 2", 1, 128, 1024, 1024, 0, 0),
    ("mlp_big data", 1, 128, 1024, 1024, 0, 1),
    ("mlp_big weights 1", 1, 784, 1024, 128, 1, 0),
    ("mlp_big weights 2", 1, 1024, 1024, 128, 1, 0),
    ("lstm gates", 1, 32, 512, 128, 0, 0),
    ("gpt up", 1, 2048, 1024, 256, 0, 0),
    ("gpt down", 1, 2048, 256, 1024, 0, 0),
    ("gpt weights", 1, 256, 1024, 2048, 1, 0),
    ("gpt scores", 64, 128, 128, 64, 0, 1),
    ("gpt values", 64, 128, 64, 128, 0, 0),
    ("gpt logits", 1, 2048, 8192, 256, 0, 0),
    ("square 512", 1, 512, 512, 512, 0, 0),
)


def program(batch, m, n, k, transpose_a, transpose_b, algorithm):
    """One matmul as a program of one step; None where the build has no such algorithm."""
    lead = (batch,) if batch > 1 else ()
    a = (*lead, k, m) if transpose_a else (*lead, m, k)
    b = (*lead, n, k) if transpose_b else (*lead, k, n)
    specs = [(FLOAT32, a), (FLOAT32, b)]
    result = (FLOAT32, (*lead, m, n))
    attrs = {"transpose_a": transpose_a, "transpose_b": transpose_b, "algorithm": algorithm}
    try:
        instruction = native.Instruction("matmul", specs, [result], attrs)
    except ValueError:
        return None, a, b
    scratch = instruction.scratch_bytes
    slots = [(*specs[0], 0, 0), (*specs[1], 0, 1), (*result, 3, 0)]
    made = native.Program(
        slots=slots,
        steps=[(instruction, (0, 1), (2,), 0 if scratch else -1)],
        outputs=[2],
        constants=[],
        arena_bytes=(scratch + 63) // 64 * 64,
        num_inputs=2,
        num_cells=0,
        labels=["matmul"],
    )
    return made, a, b


def contenders(shape):
    """Functions of no argument that compute the product once, by system."""
    _, batch, m, n, k, transpose_a, transpose_b = shape
    rng = np.random.default_rng(0)
    found = {}
    for name, algorithm in (("own", "own"), ("onednn", "onednn"), ("default", "auto")):
        made, a_shape, b_shape = program(batch, m, n, k, transpose_a, transpose_b, algorithm)
        if made is None:
            continue
        a, b = (rng.standard_normal(each).astype(np.float32) for each in (a_shape, b_shape))
        buffers = [native.from_numpy(a), native.from_numpy(b)]
        found[name] = lambda made=made, buffers=buffers: made.run(buffers, ())
    left = np.swapaxes(a, -1, -2) if transpose_a else a
    right = np.swapaxes(b, -1, -2) if transpose_b else b
    found["numpy"] = lambda: left @ right
    return found


def best_seconds(functions, rounds, work):
    """The shortest time of each function, over rounds in which all take turns."""
    repeat = max(1, int(2e7 / work))
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(rounds):
        for name, function in functions.items():
            function()
            start = time.perf_counter()
            for _ in range(repeat):
                function()
            best[name] = min(best[name], (time.perf_counter() - start) / repeat)
    return best


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=0, help="threads of the native runtime (default: all)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="shapes whose name contains this word")
    options = parser.parse_args()
    native.set_num_threads(options.threads)
    figures = {}
    for shape in SHAPES:
        name, batch, m, n, k, transpose_a, transpose_b = shape
        if options.only not in name:
            continue
        work = 2.0 * batch * m * n * k
        seconds = best_seconds(contenders(shape), options.rounds, work)
        size = f"{batch}x " * (batch > 1) + f"({m}, {k}){'T' * transpose_a} @ ({k}, {n}){'T' * transpose_b}"
        figures[name] = {"shape": size, **{system: round(work / t * 1e-9, 2) for system, t in seconds.items()}}
    print(json.dumps({"isa": native.isa(), "threads": native.num_threads(), "gflops": figures}, indent=1))


if __name__ == "__main__":
    main()
