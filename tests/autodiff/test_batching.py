"""Vectorisation gives what a loop over the axis gives, and tapes see through it."""

import numpy as np
import pytest

from headwater import backends
from headwater.autodiff import vectorize
from headwater.errors import ShapeError
from headwater.frontend.function import function
from headwater.frontend.tape import GradientTape
from headwater.ops import control
from headwater.ops.convert import convert_to_tensor
from headwater.primitives.linear import matmul
from headwater.primitives.reduce import reduce_sum
from headwater.primitives.sort import top_k


@pytest.fixture(autouse=True)
def _backend():
    backends.current()  # the one that HEADWATER_BACKEND names


RNG = np.random.default_rng(4)
A, B = RNG.normal(size=(5, 3, 4)), RNG.normal(size=(4, 2))


def test_a_mapped_and_a_shared_argument():
    run = vectorize(lambda a, b: matmul(a, b, transpose_a=False, transpose_b=False), in_axes=(0, None))
    np.testing.assert_allclose(np.asarray(run(A, B)), A @ B)
    traced = function(lambda a, b: run(a, b), autograph=False)
    np.testing.assert_allclose(np.asarray(traced(A, B)), A @ B)


def test_other_axes_in_and_out():
    run = vectorize(lambda x: x * 2.0 + reduce_sum(x, axes=(0,)), in_axes=1, out_axes=-1)
    x = RNG.normal(size=(3, 4))
    np.testing.assert_allclose(np.asarray(run(x)), x * 2 + x.sum(0))


def test_structures_and_results_that_do_not_depend_on_the_axis():
    run = vectorize(lambda pair: {"sum": pair[0] + pair[1], "one": convert_to_tensor(1.0)})
    found = run((np.ones(3, np.float32), np.arange(3, dtype=np.float32)))
    np.testing.assert_array_equal(np.asarray(found["sum"]), [1, 2, 3])
    np.testing.assert_array_equal(np.asarray(found["one"]), [1, 1, 1])


def test_control_flow_goes_row_by_row():
    def steps(limit):
        return control.while_loop(lambda x: x < limit, lambda x: x * 2.0, convert_to_tensor(1.0))

    limits = np.array([1.0, 5.0, 100.0], np.float32)
    traced = function(lambda limits: vectorize(steps)(limits), autograph=False)
    np.testing.assert_array_equal(np.asarray(traced(limits)), [1, 8, 128])


def test_several_results():
    values, indices = vectorize(lambda x: top_k(x, k=2))(A)
    expected = np.sort(A, -1)[..., ::-1][..., :2]
    np.testing.assert_allclose(np.asarray(values), expected)
    assert indices.shape == (5, 3, 2)


def test_a_tape_sees_arguments_and_captured_arrays():
    scale = convert_to_tensor(np.float32(3.0).reshape(()))
    x = convert_to_tensor(np.array([1.0, 2.0], np.float32))
    with GradientTape() as tape:
        tape.watch((scale, x))
        y = vectorize(lambda row: row * row * scale)(x)
    by_scale, by_x = tape.gradient(y, [scale, x])
    assert float(by_scale) == 5.0
    np.testing.assert_allclose(np.asarray(by_x), [6, 12])


def test_sizes_that_differ_are_refused():
    with pytest.raises(ShapeError, match="sizes"):
        vectorize(lambda a, b: a + b)(np.ones(3), np.ones(4))
    with pytest.raises(ShapeError, match="no argument"):
        vectorize(lambda a: a, in_axes=None)(np.ones(3))
