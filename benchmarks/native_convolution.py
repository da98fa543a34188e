"""Speed of convolution and of its two gradients, beside a matrix product and, where it is installed, torch:
`python -m benchmarks.native_convolution`.

Prints one JSON object: for each layer and pass the GFLOP/s (two per multiply-add, padding counted as if it were
multiplied) of each system, the best of several rounds taken in turn, so that a busy moment of the machine falls on all
alike. Times are those of the processor, which is fair to one thread on a busy machine; with `--threads` above 1 they
are those of the clock. `--rounds N`, `--only WORD`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time

import numpy as np

import headwater as tf
from headwater.backends.cpu import native
from headwater.primitives.conv import convolution, convolution_input_gradient, convolution_kernel_gradient
from headwater.primitives.linear import matmul

# name, batch, size, channels, filters, window, stride, "same" padding, groups
LAYERS = (
    ("cnn 1", 128, 28, 1, 32, 3, 1, False, 1),
    ("cnn 2", 128, 13, 32, 64, 3, 1, False, 1),
    ("resnet20 first", 64, 32, 3, 16, 3, 1, True, 1),
    ("resnet20 16", 64, 32, 16, 16, 3, 1, True, 1),
    ("resnet20 16 to 32", 64, 32, 16, 32, 3, 2, True, 1),
    ("resnet20 32", 64, 16, 32, 32, 3, 1, True, 1),
    ("resnet20 32 to 64", 64, 16, 32, 64, 3, 2, True, 1),
    ("resnet20 64", 64, 8, 64, 64, 3, 1, True, 1),
    ("resnet20 shortcut 32", 64, 32, 16, 32, 1, 2, False, 1),
    ("resnet20 shortcut 64", 64, 16, 32, 64, 1, 2, False, 1),
    ("resnet50 64", 4, 56, 64, 64, 3, 1, True, 1),
    ("resnet50 256", 8, 14, 256, 256, 3, 1, True, 1),
    ("resnet50 pointwise", 8, 28, 512, 128, 1, 1, False, 1),
    ("resnet50 first", 2, 224, 3, 64, 7, 2, True, 1),
    ("depthwise", 8, 56, 144, 144, 3, 1, True, 144),
    ("depthwise strided", 8, 56, 144, 144, 3, 2, True, 144),
    ("grouped", 8, 28, 128, 128, 3, 1, True, 32),
    ("one image", 1, 16, 32, 32, 3, 1, True, 1),
)
PASSES = ("forward", "input gradient", "kernel gradient")


def ours(layer):
    """The three passes, as functions of no argument, and the multiply-adds of each."""
    _, batch, size, channels, filters, window, stride, same, groups = layer
    count = -(-size // stride) if same else (size - window) // stride + 1
    padding = max((count - 1) * stride + window - size, 0) if same else 0
    pairs = ((padding // 2, padding - padding // 2),) * 2
    attrs = {"strides": (stride,) * 2, "padding": pairs, "dilation": (1, 1), "groups": groups}
    rng = np.random.default_rng(0)
    shapes = (
        (batch, size, size, channels), (window, window, channels // groups, filters), (batch, count, count, filters),
    )  # fmt: skip
    x, kernel, g = (tf.constant(rng.standard_normal(shape).astype(np.float32)) for shape in shapes)
    work = batch * count * count * window * window * (channels // groups) * filters
    passes = (
        lambda: convolution(x, kernel, **attrs),
        lambda: convolution_input_gradient(g, kernel, sizes=(size, size), **attrs),
        lambda: convolution_kernel_gradient(x, g, window=(window, window), **attrs),
    )
    return passes, work


def of_torch(layer, threads):
    """The same in torch, channels last; it pads both sides alike."""
    import torch  # an optional peer

    torch.set_num_threads(threads)
    _, batch, size, channels, filters, window, stride, same, groups = layer
    padding = window // 2 if same else 0
    last = torch.channels_last
    x = torch.randn(batch, channels, size, size).to(memory_format=last)
    kernel = torch.randn(filters, channels // groups, window, window).to(memory_format=last)
    y = torch.nn.functional.conv2d(x, kernel, stride=stride, padding=padding, groups=groups)
    g = torch.randn_like(y)

    def backward(by_x, by_kernel):
        return torch.ops.aten.convolution_backward(
            g, x, kernel, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], groups, [by_x, by_kernel, False]
        )

    return (
        lambda: torch.nn.functional.conv2d(x, kernel, stride=stride, padding=padding, groups=groups),
        lambda: backward(True, False),
        lambda: backward(False, True),
    )


def product():
    """A matrix product of 512 x 512 x 512."""
    a, b = (tf.constant(np.random.default_rng(1).standard_normal((512, 512)).astype(np.float32)) for _ in range(2))
    return lambda: matmul(a, b, transpose_a=False, transpose_b=False)


def best_seconds(functions, rounds, clock):
    """The shortest time of each function, over rounds in which all take turns."""
    best = dict.fromkeys(functions, float("inf"))
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            repeat = 1 if best[name] == float("inf") else max(1, int(5e-3 / max(best[name], 1e-6)))
            start = clock()
            for _ in range(repeat):
                function()
            best[name] = min(best[name], (clock() - start) / repeat)
    return best


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="threads of both systems")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="layers whose name contains this word")
    options = parser.parse_args()
    native.set_num_threads(options.threads)
    clock = time.process_time if options.threads == 1 else time.perf_counter
    has_torch = importlib.util.find_spec("torch") is not None
    figures = {}
    for layer in LAYERS:
        if options.only not in layer[0]:
            continue
        passes, work = ours(layer)
        peers = of_torch(layer, options.threads) if has_torch else ()
        functions = {"product": product(), **dict(zip(PASSES, passes))}
        functions |= {f"torch {name}": function for name, function in zip(PASSES, peers)}
        seconds = best_seconds(functions, options.rounds, clock)
        figures[layer[0]] = {
            name: round(2e-9 * (512**3 if name == "product" else work) / seconds[name], 1) for name in functions
        }
        for name in PASSES[: len(peers)]:
            figures[layer[0]][f"{name} to torch"] = round(seconds[f"torch {name}"] / seconds[name], 2)
    print(json.dumps({"isa": native.isa(), "threads": native.num_threads(), "gflops": figures}, indent=1))


if __name__ == "__main__":
    main()
