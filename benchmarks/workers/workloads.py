"""The six workloads: their data, and the heavy operations that no system can do without. NumPy alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Workload:
    """A network to train, the same in every system.

    Args:
        name: what models are looked up by.
        batch: rows of a step.
        steps: training steps of one round.
        data: called with a generator and a number of rows; returns inputs and int32 labels.
        heavy: the matrix products and convolutions of one training step, as `Product` and `Convolution`.
        parameters: how many numbers the optimizer updates.
        activations: how many numbers lie between heavy operations in the forward pass of one step.
    """

    name: str
    batch: int
    steps: int
    data: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
    heavy: tuple[Product | Convolution, ...]
    parameters: int
    activations: int

    def dataset(self, rows: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels of one round, equal for equal arguments."""
        return self.data(np.random.default_rng(1), rows or self.steps * self.batch)


@dataclass(frozen=True)
class Product:
    """`count` products of (m, k) by (k, n)."""

    m: int
    k: int
    n: int
    count: float = 1


@dataclass(frozen=True)
class Convolution:
    """One pass ("forward", "input" or "kernel" gradient) of a square 2D convolution, channels last."""

    batch: int
    size: int
    channels: int
    filters: int
    kernel: int
    strides: int
    same: bool
    direction: str
    count: float = 1


def starting_weight(index: int, shape: tuple[int, ...]) -> np.ndarray:
    """Initial value of the index-th trainable weight of at least two axes (inputs before outputs), everywhere the
    same."""
    limit = np.sqrt(6.0 / (np.prod(shape[:-1]) + shape[-1])) if shape[0] < 5000 else 0.05
    return np.random.default_rng(100 + index).uniform(-limit, limit, shape).astype(np.float32)


def _dense(rows: int, inputs: int, units: int, first: bool = False, count: float = 1) -> list[Product]:
    """The products of a dense layer's forward pass and of its gradients; that of the first layer's input is not
    asked for."""
    passes = [Product(rows, inputs, units, count), Product(inputs, rows, units, count)]
    return passes if first else [*passes, Product(rows, units, inputs, count)]


def _convolution(first: bool = False, count: float = 1, **sizes: int | bool) -> list[Convolution]:
    directions = ("forward", "kernel") if first else ("forward", "kernel", "input")
    return [Convolution(**sizes, direction=direction, count=count) for direction in directions]  # type: ignore[arg-type]


def _perceptron(name: str, sizes: tuple[int, ...], batch: int, steps: int) -> Workload:
    def data(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        x = rng.standard_normal((rows, sizes[0]), dtype=np.float32)
        teacher = rng.standard_normal((sizes[0], sizes[-1]), dtype=np.float32)
        return x, (x @ teacher).argmax(axis=1).astype(np.int32)

    heavy = []
    for layer, (inputs, units) in enumerate(itertools.pairwise(sizes)):
        heavy += _dense(batch, inputs, units, first=not layer)
    parameters = sum((inputs + 1) * units for inputs, units in itertools.pairwise(sizes))
    return Workload(name, batch, steps, data, tuple(heavy), parameters, batch * sum(sizes[1:]))


def _images(size: int, channels: int) -> Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]:
    def data(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, 10, rows).astype(np.int32)
        patterns = rng.standard_normal((10, size, size, channels), dtype=np.float32)
        return patterns[labels] + rng.standard_normal((rows, size, size, channels), dtype=np.float32), labels

    return data


def _cnn() -> Workload:
    batch = 128
    first = _convolution(batch=batch, size=28, channels=1, filters=32, kernel=3, strides=1, same=False, first=True)
    second = _convolution(batch=batch, size=13, channels=32, filters=64, kernel=3, strides=1, same=False)
    activations = batch * (26 * 26 * 32 + 13 * 13 * 32 + 11 * 11 * 64 + 5 * 5 * 64)
    heavy = (*first, *second, *_dense(batch, 1600, 10))
    return Workload("cnn", batch, 16, _images(28, 1), heavy, 34826, activations)


def _resnet20() -> Workload:
    batch, heavy, activations, parameters = 64, [], 0, 0

    def add(size: int, channels: int, filters: int, kernel: int, strides: int, first: bool = False) -> None:
        nonlocal activations, parameters
        sizes = {"size": size, "channels": channels, "filters": filters, "kernel": kernel, "strides": strides}
        heavy.extend(_convolution(batch=batch, same=True, first=first, **sizes))
        activations += batch * (size // strides) ** 2 * filters
        parameters += kernel * kernel * channels * filters + 2 * filters

    add(32, 3, 16, 3, 1, first=True)
    size, channels = 32, 16
    for filters in (16, 32, 64):
        for _ in range(3):
            strides = 2 if filters != channels else 1
            add(size, channels, filters, 3, strides)
            add(size // strides, filters, filters, 3, 1)
            if strides == 2:
                add(size, channels, filters, 1, 2)
            size, channels = size // strides, filters
    heavy.extend(_dense(batch, 64, 10))
    return Workload("resnet20", batch, 4, _images(32, 3), tuple(heavy), parameters + 650, activations)


def _lstm() -> Workload:
    batch, length, vocabulary, units = 32, 80, 20000, 128

    def data(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        x = rng.integers(0, vocabulary, (rows, length)).astype(np.int32)
        return x, (np.median(x, axis=1) > vocabulary / 2).astype(np.int32)

    step = [Product(batch, units, 4 * units, length), Product(batch, 4 * units, units, length)]
    layer = [*_dense(batch * length, units, 4 * units), *step, Product(units, batch * length, 4 * units)]
    parameters = vocabulary * units + 2 * (8 * units * units + 4 * units) + units + 1
    return Workload("lstm", batch, 6, data, (*layer, *layer), parameters, 2 * batch * length * 8 * units)


def _gpt() -> Workload:
    batch, length, width, vocabulary, heads, blocks = 16, 128, 256, 8192, 4, 4
    rows = batch * length

    def data(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        text = rng.integers(0, vocabulary, (count, length + 1)).astype(np.int32)
        text[:, 1::2] = (text[:, 0:-1:2] * 7 + 3) % vocabulary  # every second token follows from the one before
        return text[:, :-1], text[:, 1:]

    block = [
        *_dense(rows, width, 3 * width),
        *_dense(rows, width, width),
        *_dense(rows, width, 4 * width),
        *_dense(rows, 4 * width, width),
        # scores and their use, half of them behind the causal mask; five products in the gradient
        Product(length, width // heads, length, batch * heads * 0.5 * 7),
    ]
    heavy = [*block * blocks, *_dense(rows, width, vocabulary)]
    parameters = (vocabulary + length) * width + blocks * (12 * width * width + 13 * width) + width * vocabulary
    activations = rows * (blocks * width * 14 + 2 * vocabulary)
    return Workload("gpt", batch, 2, data, tuple(heavy), parameters, activations)


WORKLOADS = {
    workload.name: workload
    for workload in (
        _perceptron("mlp_small", (32, 64, 64, 10), batch=32, steps=400),
        _perceptron("mlp_big", (784, 1024, 1024, 10), batch=128, steps=30),
        _cnn(),
        _resnet20(),
        _lstm(),
        _gpt(),
    )
}
