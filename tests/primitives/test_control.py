"""Control flow: long loops, nested control flow and the gradients of both."""

import numpy as np
import pytest

from headwater import backends
from headwater.dtypes import as_dtype
from headwater.frontend import tensor as _tensor  # noqa: F401 - results are Tensors
from headwater.ir import dispatch
from headwater.ir.derive import gradient_graph, trace_graph
from headwater.ir.spec import Spec
from headwater.primitives import control
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import add, less, multiply, sin
from headwater.testing import check_gradients

INT32, FLOAT64 = as_dtype("int32"), as_dtype("float64")
VECTOR, COUNTER = Spec((2,), FLOAT64), Spec((), INT32)


@pytest.fixture(autouse=True)
def _reference():
    with backends.using("reference"):
        yield


def logistic_loop(maximum=None):
    """Function of the number of trips, x and w: a loop of x = sin(w x) + w."""

    def run(count, x, w):
        specs = [COUNTER, VECTOR, COUNTER, VECTOR]
        condition = trace_graph("condition", specs, lambda i, x, n, w: [less(i, n)])
        body = trace_graph("body", specs, lambda i, x, n, w: [add(i, scalar(1, INT32)), add(sin(multiply(w, x)), w)])
        start = scalar(0, INT32)
        return control.while_loop(
            start, x, count, w, condition=condition, body=body, num_carried=2, maximum_iterations=maximum
        )[1]

    return run


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 130, 300])
def test_the_gradient_of_a_loop_is_right_for_any_number_of_trips(count):
    check_gradients(logistic_loop(), np.int32(count).reshape(()), np.array([0.3, -0.7]), np.array([0.4, 0.6]))


@pytest.mark.parametrize("maximum", [1, 5, 256, 300, 1000])
def test_the_gradient_of_a_bounded_loop_is_right(maximum):
    check_gradients(logistic_loop(maximum), np.int32(30).reshape(()), np.array([0.3, -0.7]), np.array([0.4, 0.6]))


def test_a_bounded_loop_stops_at_its_bound():
    trips = [np.int32(30).reshape(()), np.zeros(2), np.array([0.4, 0.6])]
    arrays = [dispatch.array_from_numpy(a) for a in trips]
    five = [dispatch.array_from_numpy(np.int32(5).reshape(())), *arrays[1:]]
    np.testing.assert_array_equal(np.asarray(logistic_loop(5)(*arrays)), np.asarray(logistic_loop()(*five)))


def test_control_flow_nests_and_its_gradient_too():
    inner = [VECTOR, VECTOR]
    double = trace_graph("double", inner, lambda x, w: [multiply(add(x, x), w)])
    bend = trace_graph("bend", inner, lambda x, w: [sin(multiply(x, w))])

    def step(x, flag, w):
        (x,) = control.cond(flag, x, w, branches=(double, bend))
        return [x, x]

    body = trace_graph("body", [VECTOR, Spec((), as_dtype("bool")), VECTOR], step)

    def run(x, flags, w):
        return control.scan(x, flags, w, body=body, num_carried=1, num_scanned=1, length=4, reverse=True)

    flags = np.array([True, False, False, True])
    check_gradients(run, np.array([0.3, -0.7]), flags, np.array([0.9, 1.1]), order=2)


def test_gradient_graphs_are_traced_once_per_graph():
    body = trace_graph("body", [VECTOR, VECTOR], lambda x, w: [multiply(x, w)])
    assert gradient_graph(body, (0, 1)) is gradient_graph(body, (0, 1))
