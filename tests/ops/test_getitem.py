"""Indexing is NumPy's: thousands of random indices give what NumPy gives, or are refused where NumPy refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headwater import ops
from headwater.errors import ArgumentError, IndexRangeError
from headwater.ir import dispatch


def _random_slice(rng: np.random.Generator, size: int) -> slice:
    def bound() -> int | None:
        return None if rng.random() < 0.3 else int(rng.integers(-size - 2, size + 3))

    step = None if rng.random() < 0.4 else int(rng.choice([-3, -2, -1, 1, 2, 3]))
    return slice(bound(), bound(), step)


def _random_index(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    common = tuple(int(size) for size in rng.integers(1, 4, rng.integers(0, 3)))
    items: list[Any] = []
    axis, has_ellipsis = 0, False
    while axis < len(shape):
        kind = rng.choice(
            ["int", "slice", "array", "none", "mask", "stop", "ellipsis", "scalar array"],
            p=[0.2, 0.25, 0.2, 0.1, 0.05, 0.08, 0.07, 0.05],
        )
        size = shape[axis]
        if kind == "none":
            items.append(None)
            if len(items) > 6:
                break
            continue
        if kind == "stop":
            break
        if kind == "ellipsis":
            if has_ellipsis:
                continue
            has_ellipsis = True
            items.append(Ellipsis)
            axis += int(rng.integers(0, len(shape) - axis + 1))
            continue
        if kind == "int":
            items.append(int(rng.integers(-size, size)) if size else slice(None))
        elif kind == "slice":
            items.append(_random_slice(rng, size))
        elif kind == "mask":
            items.append(rng.random(size) < 0.5)
            common = ()
        elif kind == "scalar array":
            items.append(np.array(int(rng.integers(-size, size))) if size else slice(None))
        else:
            piece = tuple(1 if rng.random() < 0.3 else length for length in common)
            items.append(rng.integers(-size, size, piece) if size else slice(None))
        axis += 1
    return tuple(items)


@pytest.mark.parametrize("seed", range(8))
def test_random_indices_give_what_numpy_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    compared = 0
    for _ in range(250):
        shape = tuple(int(size) for size in rng.integers(0 if rng.random() < 0.1 else 1, 5, rng.integers(0, 5)))
        array = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
        key = _random_index(rng, shape)
        try:
            wanted = array[key]
        except IndexError:
            with pytest.raises((IndexError, ValueError)):
                ops.getitem(array, key)
            continue
        found = ops.getitem(array, key)
        assert tuple(found.shape) == wanted.shape, (shape, key)
        np.testing.assert_array_equal(found.numpy(), wanted, err_msg=f"{shape} {key}")
        compared += 1
    assert compared > 150


@pytest.mark.parametrize(
    "key",
    [
        (np.array([[True, False, True], [False, True, True]]),),
        (np.array([True, False]), slice(None), np.array([0, 2])),
        (slice(None), np.array([[True, False, True, True], [True, True, False, False], [False] * 4])),
        ([0, 1], [[1], [2]]),
        (0, slice(None), [1, 2]),
        (slice(None), None, [0, 1]),
        True,
        False,
        [],
        (Ellipsis, [True, False, True, False]),
    ],
)  # fmt: skip
def test_masks_and_lists(key: Any) -> None:
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    try:
        wanted = array[key]
    except IndexError:
        with pytest.raises(IndexError):
            ops.getitem(array, key)
        return
    np.testing.assert_array_equal(ops.getitem(array, key).numpy(), wanted)


def test_tensors_are_indices_and_bounds() -> None:
    array = np.arange(12).reshape(3, 4)
    x, one = ops.convert_to_tensor(array), ops.convert_to_tensor(1)
    np.testing.assert_array_equal(x[one].numpy(), array[1])
    np.testing.assert_array_equal(x[one:, ops.convert_to_tensor([0, 3])].numpy(), array[1:, [0, 3]])
    np.testing.assert_array_equal(x[x > 4].numpy(), array[array > 4])
    np.testing.assert_array_equal(x[::-1, ::-2].numpy(), array[::-1, ::-2])


def test_basic_index_is_one_slice_and_one_reshape() -> None:
    trace = dispatch.Trace()
    x = trace.input(ops.zeros((4, 5, 6)).spec)
    with dispatch.tracing(trace):
        _ = x[1:3, 2, ..., 0]
    assert [node.primitive.name for node in trace.graph.nodes] == ["slice", "reshape"]


def test_traced_index_gathers() -> None:
    trace = dispatch.Trace()
    x = trace.input(ops.zeros((4, 5)).spec)
    i = trace.input(ops.convert_to_tensor([1, 2]).spec)
    with dispatch.tracing(trace):
        assert tuple(x[i].shape) == (2, 5)
        assert tuple(x[:, i].shape) == (4, 2)
        assert tuple(x[i, i].shape) == (2,)


def test_index_out_of_bounds_names_axis_and_shape() -> None:
    x = ops.zeros((2, 3))
    with pytest.raises(
        IndexRangeError,
        match=r"index 5 is out of bounds for axis 1 of shape \(2, 3\)\.\n  fix  use an index from -3 to 2",
    ):
        _ = x[0, 5]
    with pytest.raises(IndexError, match="index 7 is out of bounds for an axis of size 2"):
        _ = x[[0, 7]]
    with pytest.raises(IndexError, match="3 indices for a tensor of shape"):
        _ = x[0, 0, 0]
    with pytest.raises(IndexError, match="a mask of shape"):
        _ = x[np.array([True, False, True])]
    with pytest.raises(TypeError, match="no position"):
        _ = x[np.array([0.5])]


def test_mask_of_a_trace_is_refused_with_a_fix() -> None:
    trace = dispatch.Trace()
    x = trace.input(ops.zeros((4,)).spec)
    with dispatch.tracing(trace), pytest.raises(ArgumentError, match=r"(?s)mask.*fix"):
        _ = x[x > 0]
