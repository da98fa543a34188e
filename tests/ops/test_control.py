"""Control flow on Python functions: the same results and gradients eagerly and traced, variables carried through."""

import numpy as np
import pytest

from headwater import backends, tree
from headwater.errors import ShapeError
from headwater.frontend.function import function
from headwater.frontend.tape import GradientTape
from headwater.frontend.variable import Variable
from headwater.ops import control
from headwater.ops.convert import convert_to_tensor
from headwater.primitives import elementwise as e
from headwater.primitives.reduce import reduce_sum

X = np.array([1.0, 2.0, 3.0], np.float32)
ROWS = np.array([[1, 2, 3], [2, 2, 2]], np.float32)


@pytest.fixture(autouse=True)
def _backend():
    backends.current()  # the one that HEADWATER_BACKEND names


@pytest.fixture
def v():
    return Variable(np.array([2.0, 2.0, 2.0], np.float32))


def arrays(structure):
    """The leaves on the host."""
    return [None if leaf is None else np.asarray(leaf) for leaf in tree.leaves(structure)]


def with_gradients(compute, variable):
    """Result, and its gradients by x and by the variable."""

    def run(x):
        with GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = compute(x)
        return y, tape.gradient(y, x), tape.gradient(y, variable)

    return run


def eagerly_and_traced(run, *args):
    """The results, once both ways have given the same."""
    args = [convert_to_tensor(arg) for arg in args]
    eager, traced = arrays(run(*args)), arrays(function(run, autograph=False)(*args))
    for a, b in zip(eager, traced):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-5)
    return traced


def total(x):
    return reduce_sum(x, axes=(0,))


COMPUTATIONS = {
    "cond": (lambda x, v: control.cond(total(x) > 5.0, lambda: x * x * v, lambda: x), [X * X * 2, 4 * X, X * X]),
    "switch": (
        lambda x, v: control.switch(convert_to_tensor(1), [lambda a: a, lambda a: a * v], x),
        [2 * X, [2, 2, 2], X],
    ),
    "while_loop": (
        lambda x, v: control.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * v), (0, x))[1],
        [8 * X, [8, 8, 8], 12 * X],
    ),
    "bounded while_loop": (
        lambda x, v: control.while_loop(
            lambda i, y: i < 3, lambda i, y: (i + 1, y * v * x), (0, x), maximum_iterations=2
        )[1],
        [4 * X**3, 12 * X**2, 4 * X**3],
    ),
    "fori_loop": (lambda x, v: control.fori_loop(0, 3, lambda i, y: y * v, x), [8 * X, [8, 8, 8], 12 * X]),
    "scan": (
        lambda x, v: control.scan(lambda s, r: (s * r * v, s), x, convert_to_tensor(ROWS))[0],
        [4 * X * ROWS[0] * ROWS[1], 4 * ROWS[0] * ROWS[1], 4 * X * ROWS[0] * ROWS[1]],
    ),
    "map": (lambda x, v: control.map(lambda r: r * r * v, x)[:, 0], [2 * X * X, 4 * X, [14, 0, 0]]),
    "vectorized_map": (
        lambda x, v: control.vectorized_map(lambda r: r * r * v, x)[:, 0],
        [2 * X * X, 4 * X, [14, 0, 0]],
    ),
}


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_values_and_gradients_are_the_same_eagerly_and_traced(name, v):
    compute, expected = COMPUTATIONS[name]
    found = eagerly_and_traced(with_gradients(lambda x: compute(x, v.value()), v), X)
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_a_variable_read_inside_a_branch_is_watched(v):
    run = with_gradients(lambda x: control.cond(total(x) > 5.0, lambda: x * v, lambda: x), v)
    np.testing.assert_allclose(eagerly_and_traced(run, X)[2], X)


def test_an_array_of_no_rows_scans_to_no_results():
    last, stacked = eagerly_and_traced(
        lambda x: control.scan(lambda s, r: (s * r, s + r), x, np.zeros((0, 3), np.float32)), X
    )
    np.testing.assert_array_equal(last, X)
    assert stacked.shape == (0, 3)


def test_a_loop_of_unknown_length_runs_to_its_bound(v):
    (found,) = eagerly_and_traced(lambda x, n: control.fori_loop(0, n, lambda i, y: y * v.value(), x), X, 3)
    np.testing.assert_allclose(found, 8 * X)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8])
def test_associative_scan_is_a_running_sum(count, reverse):
    x = np.arange(2 * count, dtype=np.float32).reshape(2, count)
    (found,) = eagerly_and_traced(lambda x: control.associative_scan(lambda a, b: a + b, x, reverse=reverse, axis=1), x)
    expected = np.cumsum(x[:, ::-1], 1)[:, ::-1] if reverse else np.cumsum(x, 1)
    np.testing.assert_allclose(found, expected)


def test_variables_assigned_in_a_loop_are_carried():
    counter = Variable(0.0)

    def run(x):
        def body(i, y):
            counter.assign_add(1.5)
            return i + 1, y * counter.value()

        return control.while_loop(lambda i, y: i < 3, body, (0, x))[1], counter.value()

    eager = arrays(run(convert_to_tensor(X)))
    counter.assign(0.0)
    traced = arrays(function(run, autograph=False)(convert_to_tensor(X)))
    for a, b in zip(eager, traced):
        np.testing.assert_allclose(a, b)
    assert counter.numpy() == 4.5


def test_variables_assigned_in_a_scan_are_carried():
    sums = Variable(0.0)

    def run(x):
        def step(state, row):
            sums.assign_add(row)
            return state + row, state * sums.value()

        return control.scan(step, convert_to_tensor(1.0), x), sums.value()

    eager = arrays(run(convert_to_tensor(X)))
    sums.assign(0.0)
    traced = arrays(function(run, autograph=False)(convert_to_tensor(X)))
    for a, b in zip(eager, traced):
        np.testing.assert_allclose(a, b)
    assert sums.numpy() == 6.0


@pytest.mark.parametrize("first", [1.0, -1.0])
def test_a_variable_assigned_in_one_branch_alone_keeps_its_value_in_the_other(first):
    state = Variable(3.0)

    @function(autograph=False)
    def run(x):
        control.cond(x > 0.0, lambda: state.assign(5.0) and None, lambda: None)
        return state.value()

    assert float(run(convert_to_tensor(first))) == (5.0 if first > 0 else 3.0)
    assert state.numpy() == (5.0 if first > 0 else 3.0)


def test_branches_of_different_shapes_are_refused():
    @function(autograph=False)
    def run(x):
        return control.cond(total(x) > 0.0, lambda: x, lambda: x[:1])

    with pytest.raises(ShapeError, match="cond: value 0"):
        run(convert_to_tensor(X))


@pytest.mark.parametrize("traced", [False, True])
def test_a_loop_that_changes_a_shape_is_refused(traced):
    def run(x):
        return control.while_loop(lambda y: total(y) < 9.0, lambda y: y[:1], (x,))

    with pytest.raises(ShapeError, match="while_loop: value 0 goes in with shape"):
        (function(run, autograph=False) if traced else run)(convert_to_tensor(X))


def softplus_with_gradient(v):
    @control.custom_gradient
    def softplus(x):
        power = e.exp(x)

        def gradient(g, variables=None):
            own = g * power / (1.0 + power)
            return own if variables is None else (own, [g * 7.0 for _ in variables])

        return e.log(1.0 + power * v.value() / v.value()), gradient

    return softplus


def test_a_custom_gradient_replaces_the_derivative_and_covers_variables(v):
    value, by_x, by_v = eagerly_and_traced(with_gradients(softplus_with_gradient(v), v), X)
    np.testing.assert_allclose(value, np.log1p(np.exp(X)), rtol=1e-5)
    np.testing.assert_allclose(by_x, 1 / (1 + np.exp(-X)), rtol=1e-5)
    np.testing.assert_allclose(by_v, [7, 7, 7])


def test_a_custom_gradient_can_be_differentiated_again(v):
    softplus = softplus_with_gradient(v)

    def second(x):
        with GradientTape() as outer:
            outer.watch(x)
            with GradientTape() as inner:
                inner.watch(x)
                y = softplus(x)
            g = inner.gradient(y, x)
        return outer.gradient(g, x)

    sigmoid = 1 / (1 + np.exp(-X))
    np.testing.assert_allclose(eagerly_and_traced(second, X)[0], sigmoid * (1 - sigmoid), rtol=1e-4)


def test_a_custom_gradient_works_inside_a_loop(v):
    softplus = softplus_with_gradient(v)
    run = with_gradients(lambda x: control.fori_loop(0, 2, lambda i, y: softplus(y), x), v)
    once = np.log1p(np.exp(X))
    expected = 1 / (1 + np.exp(-X)) / (1 + np.exp(-once))
    np.testing.assert_allclose(eagerly_and_traced(run, X)[1], expected, rtol=1e-5)


def test_stop_gradient_stops_it(v):
    run = with_gradients(lambda x: x * control.stop_gradient(x) * v.value(), v)
    np.testing.assert_allclose(eagerly_and_traced(run, X)[1], 2 * X)


def test_vectorized_map_takes_a_list_of_numbers_as_a_tensor():
    np.testing.assert_array_equal(control.vectorized_map(lambda x: x * x, [1, 2]), [1, 4])
    np.testing.assert_array_equal(control.vectorized_map(lambda x: x[0] + x[1], [[1, 2], [3, 4]]), [3, 7])
    both = control.vectorized_map(lambda pair: pair[0] * pair[1], [np.array([1, 2]), np.array([3, 4])])
    np.testing.assert_array_equal(both, [3, 8])
