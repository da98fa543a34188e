"""Tapes, functions, variables and control flow do what TensorFlow's do.

Each program below is run once with TensorFlow and once with Headwater, and gives the same: the same numbers, the same
None, the same refusals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as real

import headwater

pytestmark = pytest.mark.filterwarnings("ignore")

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def refused(function: Callable[[], Any]) -> str:
    """Whether a call is refused: both frameworks must agree, in whatever words."""
    try:
        function()
    except Exception:
        return "refused"
    return "accepted"


def plain(value: Any) -> Any:
    """A result without its framework."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, real.IndexedSlices):
        value = real.convert_to_tensor(value)
    return np.asarray(value) if hasattr(value, "__array__") else value


def assert_same(ours: Any, theirs: Any, at: str = "") -> None:
    if isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs), at
        for key in theirs:
            assert_same(ours[key], theirs[key], f"{at}/{key}")
    elif isinstance(theirs, list):
        assert isinstance(ours, list) and len(ours) == len(theirs), at
        for index, (mine, wanted) in enumerate(zip(ours, theirs)):
            assert_same(mine, wanted, f"{at}/{index}")
    elif isinstance(theirs, np.ndarray):
        assert isinstance(ours, np.ndarray) and ours.dtype == theirs.dtype and ours.shape == theirs.shape, at
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-5, err_msg=at)
    else:
        assert ours == theirs, at


# Tapes


@program
def gradient_of_a_watched_tensor(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, x)


@program
def gradient_is_none_without_watch(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x)


@program
def gradient_is_none_for_a_variable_that_is_not_trainable(tf):
    x = tf.Variable(3.0, trainable=False)
    with tf.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x)


@program
def gradient_of_an_unwatched_read_is_none(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = x * x
    return tape.gradient(y, x)


@program
def gradient_of_a_variable_watched_by_hand(tf):
    x, z = tf.Variable(3.0), tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = x * z
    return tape.gradient(y, [x, z])


@program
def integer_sources_and_targets_have_no_gradient(tf):
    x, n = tf.Variable(2.0), tf.constant(3)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * tf.cast(n, tf.float32)
        z = tf.cast(x, tf.int32)
    return tape.gradient(y, n), tape.gradient(z, x)


@program
def cast_through_an_integer_stops_the_gradient(tf):
    x = tf.Variable([[1.5, 2.5]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.cast(tf.cast(x, tf.int32), tf.float32) * 3.0)
    return tape.gradient(y, x)


@program
def zero_for_unconnected(tf):
    x, z = tf.Variable([2.0, 2.0]), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = z**2
    return [
        tape.gradient(y, x),
        tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO),
        tape.gradient(y, x, unconnected_gradients="zero"),
    ]


@program
def structures_of_sources(tf):
    a, b = tf.Variable(2.0), tf.Variable([1.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(a * b) + a
    return [
        tape.gradient(y, [a, b]),
        tape.gradient(y, {"a": a, "b": b}),
        tape.gradient(y, (a, [b])),
        tape.gradient(y, [a, a]),
    ]


@program
def several_targets_add_up(tf):
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        first, second = x**2, 1 / x
    return tape.gradient([first, second], x)


@program
def structured_targets(tf):
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        targets = {"first": x**2, "second": [3.0 * x, x + 1.0]}
    return tape.gradient(targets, x)


@program
def output_gradients_weigh(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, 3.0 * x
    return [
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 10.0])),
        tape.gradient([y, z], x, output_gradients=[tf.constant([1.0, 2.0]), tf.constant([2.0, 0.0])]),
    ]


@program
def a_tape_is_used_once(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return [tape.gradient(y, x), refused(lambda: tape.gradient(y, x))]


@program
def a_persistent_tape_is_used_often(tf):
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    found = [tape.gradient(z, x), tape.gradient(y, x), tape.gradient(z, y)]
    del tape
    return found


@program
def gradient_inside_the_block(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x**3
        first = tape.gradient(y, x)
    return [first, tape.gradient(y, x)]


@program
def stop_recording_leaves_out(tf):
    x, y = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        squared = x * x
        with tape.stop_recording():
            other = y * y
        z = squared + other
    return tape.gradient(z, {"x": x, "y": y})


@program
def reset_starts_over(tf):
    x, y = tf.Variable(2.0), tf.Variable(3.0)
    reset = True
    with tf.GradientTape() as tape:
        y_squared = y * y
        if reset:
            tape.reset()
        z = x * x + y_squared
    return tape.gradient(z, {"x": x, "y": y})


@program
def nested_tapes_give_second_derivatives(tf):
    x = tf.Variable(1.5)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x**3
        first = inner.gradient(y, x)
    return [first, outer.gradient(first, x)]


@program
def third_derivative(tf):
    x = tf.constant(0.7)
    with tf.GradientTape() as a:
        a.watch(x)
        with tf.GradientTape() as b:
            b.watch(x)
            with tf.GradientTape() as c:
                c.watch(x)
                y = tf.sin(x) * tf.exp(x)
            first = c.gradient(y, x)
        second = b.gradient(first, x)
    return a.gradient(second, x)


@program
def hessian_vector_product_by_two_tapes(tf):
    x, v = tf.Variable([0.5, -1.0, 2.0]), tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(tf.exp(x) * tf.reverse(x, [0]))
        gradient = inner.gradient(y, x)
    return outer.gradient(gradient, x, output_gradients=v)


@program
def hessian_by_a_jacobian_of_a_gradient(tf):
    x = tf.Variable([[0.5, -1.0], [2.0, 0.3]])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(tf.sigmoid(x) * x**2)
        gradient = inner.gradient(y, x)
    return outer.jacobian(gradient, x)


@program
def jacobians(tf):
    x, w = tf.Variable([0.5, -1.0]), tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.linalg.matvec(w, tf.sin(x))
        s = tf.reduce_sum(y)
    return [
        tape.jacobian(y, x),
        tape.jacobian(y, w),
        tape.jacobian(y, [x, w]),
        tape.jacobian(s, x),
        tape.jacobian(y, tf.Variable(1.0)),
    ]


@program
def batch_jacobians(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2, x[:, 1]], axis=1)
    return [tape.batch_jacobian(y, x), refused(lambda: tape.batch_jacobian(y[:2], x))]


@program
def watched_variables_are_the_variables(tf):
    a, b, c = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3.0, trainable=False)
    with tf.GradientTape() as tape:
        _ = a * b * c
    watched = tape.watched_variables()
    return [len(watched), [any(v is w for w in watched) for v in (a, b, c)]]


@program
def watching_what_cannot_be(tf):
    with tf.GradientTape() as tape:
        return [refused(lambda: tape.watch("x")), refused(lambda: tape.gradient(tf.constant(1.0), "x"))]


@program
def reentering_a_tape(tf):
    tape = tf.GradientTape()
    with tape:
        return refused(tape.__enter__)


@program
def gradient_of_a_gather(tf):
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.gather(table, [0, 2, 0]) ** 2)
    return tape.gradient(y, table)


@program
def gradient_after_an_assignment(tf):
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
        x.assign(5.0)
        z = y + x * 3.0
    return [tape.gradient(z, x), x]


@program
def assign_add_breaks_the_chain(tf):
    x0, x1 = tf.Variable(3.0), tf.Variable(0.0)
    with tf.GradientTape() as tape:
        x1.assign_add(x0)
        y = x1**2
    return tape.gradient(y, x0)


@program
def numpy_breaks_the_chain(tf):
    x = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_mean(np.mean(x**2, axis=0), axis=0)
        y = tf.reduce_sum(y)
    return tape.gradient(y, x)


@program
def stop_gradient_and_custom_gradient(tf):
    @tf.custom_gradient
    def clipped(y):
        def backward(dy):
            return tf.clip_by_norm(dy, 0.5)

        return tf.identity(y), backward

    v = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        a = clipped(v * v)
        b = v * tf.stop_gradient(v)
    return [tape.gradient(a, v), tape.gradient(b, v)]


@program
def custom_gradient_with_a_variable(tf):
    w = tf.Variable(3.0)

    @tf.custom_gradient
    def layer(x):
        y = x * w

        def backward(dy, variables=None):
            return dy * 10.0, [dy * 100.0]

        return y, backward

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    return tape.gradient(y, [x, w])


@program
def forward_accumulator(tf):
    x, w = tf.constant([[2.0, 3.0], [1.0, 4.0]]), tf.Variable([[1.0], [2.0]])
    with tf.autodiff.ForwardAccumulator(w, tf.constant([[1.0], [0.5]])) as accumulator:
        y = tf.tanh(tf.matmul(x, w) * 0.1)
    return [accumulator.jvp(y), accumulator.jvp(x), accumulator.jvp(x, unconnected_gradients="zero")]


@program
def forward_over_reverse(tf):
    x = tf.constant([2.0, 3.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as accumulator:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x**3 * tf.reverse(x, [0]))
        gradient = tape.gradient(y, x)
    return accumulator.jvp(gradient)


@program
def complex_gradients(tf):
    z = tf.constant([1.0 + 2.0j, 0.5 - 1.0j], tf.complex64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        a = tf.abs(z)
        b = tf.math.real(z * tf.math.conj(z))
        c = tf.exp(z)
    return [tape.gradient(a, z), tape.gradient(b, z), tape.gradient(c, z)]


# Functions


@program
def gradient_through_a_function(tf):
    w = tf.Variable([1.0, 2.0])

    @tf.function
    def loss(x):
        return tf.reduce_sum(w * w * x)

    x = tf.constant([3.0, 4.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = loss(x)
    return [y, tape.gradient(y, w), tape.gradient(y, x)]


@program
def gradient_inside_a_function(tf):
    w = tf.Variable([1.0, 2.0])

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.sin(w * x))
        gradient = tape.gradient(y, w)
        w.assign_sub(0.1 * gradient)
        return y, gradient

    return [step(tf.constant([3.0, 4.0])), step(tf.constant([3.0, 4.0])), w]


@program
def second_derivative_through_a_function(tf):
    x = tf.Variable(0.7)
    cube = tf.function(lambda v: tf.sin(v) * v**3)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = cube(x)
        first = inner.gradient(y, x)
    return [first, outer.gradient(first, x)]


@program
def gradient_through_while(tf):
    x = tf.Variable(1.3)

    @tf.function
    def power(x, n):
        result = tf.constant(1.0)
        i = tf.constant(0)
        while i < n:
            result = result * x
            i += 1
        return result

    with tf.GradientTape() as tape:
        y = power(x, tf.constant(4))
    return [y, tape.gradient(y, x)]


@program
def gradient_through_while_loop_and_cond(tf):
    x = tf.constant(1.2)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        _, y = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * x), [0, x])
        z = tf.cond(x > 1.0, lambda: x**2, lambda: -x)
    return [y, tape.gradient(y, x), z, tape.gradient(z, x)]


@program
def gradient_through_a_branch_in_a_function(tf):
    @tf.function
    def f(x):
        if x > 0:
            return x * x
        else:
            return -3.0 * x

    found = []
    for value in (2.0, -2.0):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        found += [y, tape.gradient(y, x)]
    return found


@program
def gradient_through_scan_and_map(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.scan(lambda a, v: a * v, x)
        z = tf.map_fn(lambda v: v**2, x)
        t = tf.foldl(lambda a, v: a + v * v, x)
    return [y, tape.gradient(y, x), z, tape.gradient(z, x), t, tape.gradient(t, x)]


@program
def a_function_traces_once_for_a_signature(tf):
    traced = []

    @tf.function
    def f(x):
        traced.append(1)
        return x + 1

    counts = []
    for value in (tf.constant(1), tf.constant(2), tf.constant(1.0), tf.constant([1, 2]), tf.constant([3, 4])):
        f(value)
        counts.append(len(traced))
    for value in (1, 2, 1, 2):  # each Python value is a signature of its own
        f(value)
        counts.append(len(traced))
    return [counts, f.experimental_get_tracing_count()]


@program
def an_input_signature_is_checked(tf):
    traced = []

    @tf.function(input_signature=[tf.TensorSpec(shape=[None], dtype=tf.float32)])
    def f(x):
        traced.append(1)
        return x * 2

    return [
        f(tf.constant([1.0])),
        f(tf.constant([1.0, 2.0])),
        f([1.0, 2.0, 3.0]),
        refused(lambda: f(tf.constant([[1.0]]))),
        refused(lambda: f(tf.constant([1]))),
        refused(lambda: f(tf.constant([1.0]), tf.constant([1.0]))),
        f(x=tf.constant([4.0])),
    ]


@program
def arguments_by_name_and_default_are_the_same(tf):
    traced = []

    @tf.function
    def f(x, y=2, *, scale=1.0):
        traced.append(1)
        return x * y * scale

    x = tf.constant(3.0)
    found = [f(x), f(x, 2), f(x, y=2), f(x=x), f(y=2, x=x), f(x, 2, scale=1.0)]
    return [found, len(traced), f(x, 3, scale=2.0), refused(lambda: f(x, z=1))]


@program
def structures_go_in_and_out(tf):
    @tf.function
    def f(inputs):
        a, (b, c) = inputs["a"], inputs["rest"]
        return {"sum": a + b, "more": [c, (a, None)], "text": "kept", "number": 3}

    out = f({"a": tf.constant(1.0), "rest": (tf.constant(2.0), tf.constant(3.0))})
    return [out["sum"], out["more"][0], out["more"][1][0], out["more"][1][1]]


@program
def concrete_functions(tf):
    @tf.function
    def f(x, y):
        return x + y

    concrete = f.get_concrete_function(tf.TensorSpec([2], tf.float32), tf.TensorSpec([2], tf.float32))
    found = concrete(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]))
    static = f.get_concrete_function(tf.TensorSpec([], tf.float32), 5)
    return [
        found,
        static(tf.constant(1.0)),
        refused(lambda: concrete(tf.constant([1, 2]), tf.constant([3, 4]))),
        [spec.shape.as_list() for spec in concrete.inputs],
        concrete.structured_outputs.shape.as_list(),
    ]


@program
def a_concrete_function_with_an_open_size(tf):
    double = tf.function(lambda x: x * 2.0).get_concrete_function(tf.TensorSpec([None], tf.float32))
    return [
        double(tf.constant([1.0, 2.0])),
        double(tf.constant([1.0])),
        refused(lambda: double(tf.constant([1]))),
    ]


@program
def an_integer_variable_refuses_floats(tf):
    v = tf.Variable([1, 2])
    return [refused(lambda: v.assign([1.5, 2.5])), refused(lambda: v.assign(tf.constant([1.5, 2.5]))), v]


@program
def results_with_names(tf):
    top, unique = tf.math.top_k([1.0, 3.0, 2.0], 2), tf.unique_with_counts([4, 1, 4])
    return [
        top.values, top.indices, tf.unique([4, 1, 4]).y, unique.idx, unique.count,
        tf.linalg.slogdet(tf.eye(2)).log_abs_determinant, tf.linalg.qr(tf.eye(2)).r.shape.as_list(),
    ]  # fmt: skip


@program
def methods_are_functions_of_their_object(tf):
    class Counter(tf.Module):
        def __init__(self, start):
            super().__init__()
            self.count = tf.Variable(start)
            self.traces = 0

        @tf.function
        def add(self, n):
            self.traces += 1
            self.count.assign_add(n)
            return self.count * 10

    first, second = Counter(1), Counter(100)
    return [
        first.add(tf.constant(2)), first.add(tf.constant(3)), second.add(tf.constant(5)),
        first.count, second.count, first.traces, second.traces,
    ]  # fmt: skip


@program
def python_side_effects_happen_once(tf):
    seen = []
    counter = tf.Variable(0)

    @tf.function
    def f(x):
        seen.append("traced")
        counter.assign_add(1)
        return x

    for i in range(3):
        f(tf.constant(i))
    return [seen, counter]


@program
def variables_are_made_on_the_first_call_only(tf):
    class Layer:
        def __init__(self):
            self.w = None

        @tf.function
        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(2.0)
            return self.w * x

    @tf.function
    def makes_one_each_time(x):
        return tf.Variable(1.0) * x

    layer = Layer()
    x = tf.constant(3.0)
    return [layer(x), layer(x), layer.w, refused(lambda: makes_one_each_time(x))]


@program
def a_leaked_tensor_is_refused(tf):
    leaked = []

    @tf.function
    def f(x):
        leaked.append(x * 2)
        return x

    f(tf.constant(1.0))
    return [
        refused(lambda: leaked[0].numpy()),
        refused(lambda: float(leaked[0] + 1.0)),
        refused(lambda: bool(leaked[0])),
    ]


@program
def control_flow_with_effects(tf):
    total, log = tf.Variable(0), tf.Variable([0, 0, 0])

    @tf.function
    def f(n):
        for i in tf.range(n):
            if i % 2 == 0:
                total.assign_add(i)
            else:
                log.assign_add([i, 0, 1])
        return total

    return [f(tf.constant(7)), f(tf.constant(3)), total, log]


@program
def a_function_calls_a_function(tf):
    v = tf.Variable(1.0)

    @tf.function
    def inner(x):
        v.assign_add(x)
        return v * 2.0

    @tf.function
    def outer(x):
        return inner(x) + inner(x)

    return [outer(tf.constant(3.0)), v]


@program
def a_variable_is_an_argument(tf):
    @tf.function
    def f(v, x):
        v.assign_add(x)
        return v * x

    a, b = tf.Variable(1.0), tf.Variable(10.0)
    return [f(a, tf.constant(2.0)), f(b, tf.constant(2.0)), a, b]


@program
def running_functions_eagerly(tf):
    seen = []

    @tf.function
    def f(x):
        seen.append(tf.executing_eagerly())
        return x + 1

    tf.config.run_functions_eagerly(True)
    try:
        f(tf.constant(1))
    finally:
        tf.config.run_functions_eagerly(False)
    f(tf.constant(1))
    return seen


@program
def gradients_and_hessians_in_a_function(tf):
    @tf.function
    def f(x):
        y = tf.reduce_sum(x**3)
        return tf.gradients(y, [x])[0], tf.hessians(y, [x])[0]

    return f(tf.constant([1.0, 2.0]))


@program
def tensor_arrays(tf):
    @tf.function
    def squares(n, x):
        array = tf.TensorArray(tf.float32, size=4)
        for i in tf.range(4):
            array = array.write(i, x * tf.cast(i, tf.float32))
        return array.stack()

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = squares(tf.constant(4), x)
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True, clear_after_read=False)
    array = array.write(0, [1.0, 2.0])
    array = array.write(1, [3.0, 4.0])
    rows = tf.TensorArray(tf.int32, size=3).unstack(tf.constant([[1, 2], [3, 4], [5, 6]]))
    return [
        y, tape.gradient(y, x), array.stack(), array.read(1), array.size(), array.concat(), array.gather([1, 0]),
        rows.read(2), rows.size(),
        refused(lambda: tf.TensorArray(tf.float32, size=1).write(3, 1.0)),
    ]  # fmt: skip


@program
def tensor_array_in_while_loop(tf):
    array = tf.TensorArray(tf.int32, size=5)
    _, array = tf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, a.write(i, i * i)), (tf.constant(0), array))
    return array.stack()


# Variables


@program
def variable_methods(tf):
    v = tf.Variable([1.0, 2.0, 3.0])
    slices = tf.IndexedSlices(values=tf.constant([10.0, 20.0]), indices=tf.constant([2, 0]))
    found = []

    def keep():
        found.append(v.numpy().copy())

    v.assign([4.0, 5.0, 6.0])
    keep()
    v.assign_add([1.0, 1.0, 1.0])
    keep()
    v.assign_sub([2.0, 2.0, 2.0])
    keep()
    for name in ("scatter_add", "scatter_sub", "scatter_max", "scatter_min", "scatter_mul", "scatter_div",
                 "scatter_update"):  # fmt: skip
        getattr(v, name)(slices)
        keep()
    v.scatter_nd_add([[1]], [7.0])
    keep()
    v.scatter_nd_sub([[1]], [2.0])
    keep()
    v.scatter_nd_update([[0]], [-1.0])
    keep()
    v[1].assign(50.0)
    keep()
    v[:2].assign([8.0, 9.0])
    keep()
    return [found, v.gather_nd([[2]]), v.sparse_read([0, 1]), v.read_value(), v.value(), v[1], v + 1.0, -v, v.shape[0]]


@program
def what_a_variable_refuses(tf):
    v = tf.Variable([1.0, 2.0])
    return [
        refused(lambda: v.assign([1.0, 2.0, 3.0])),
        refused(lambda: v.assign("x")),
        refused(lambda: tf.Variable()),
        refused(lambda: hash(v)),
        refused(lambda: v.__setitem__(0, 1.0)),
    ]


@program
def what_a_variable_is(tf):
    v = tf.Variable([1, 2], name="steps", dtype=tf.int64, trainable=False)
    copies = [tf.Variable(v), tf.Variable(lambda: tf.constant(3.0))]
    return [
        v.name, v.dtype.name, v.trainable, v.shape.as_list(), repr(v), copies, isinstance(v, tf.Variable),
        tf.is_tensor(v), v.synchronization.name, v.aggregation.name,
    ]  # fmt: skip


@program
def modules_find_their_variables(tf):
    class Dense(tf.Module):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.w = tf.Variable(1.0, name="w")
            self.b = tf.Variable(2.0, name="b", trainable=False)

    class Stack(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Dense(), Dense("second")]
            self.table = {"z": Dense(), "a": tf.Variable(5.0)}

    stack = Stack()
    return [
        len(stack.variables), len(stack.trainable_variables), len(stack.non_trainable_variables),
        len(stack.submodules), stack.name, stack.layers[1].name, [float(v) for v in stack.layers[0].variables],
    ]  # fmt: skip


@program
def indexed_slices(tf):
    slices = tf.IndexedSlices(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([0, 2]), tf.constant([3, 2]))
    return [tf.convert_to_tensor(slices), slices.values, slices.indices, slices.dtype.name]


@program
def names_of_errors(tf):
    def raises(function, *kinds):
        try:
            function()
        except kinds:
            return "as named"
        return "otherwise"

    invalid = tf.errors.InvalidArgumentError
    return [
        raises(lambda: tf.zeros(2) + tf.zeros(3), invalid),
        raises(lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3])), invalid),
        raises(lambda: tf.reshape(tf.zeros(4), [3]), invalid),
        raises(lambda: tf.debugging.assert_equal(1, 2), invalid),
        raises(lambda: tf.gather(tf.zeros(3), [7]), invalid),
        raises(lambda: tf.zeros(3)[5], invalid, IndexError),
        raises(lambda: tf.train.load_checkpoint("no/such/file"), tf.errors.NotFoundError, ValueError),
    ]


@program
def an_assignment_in_a_function_is_no_part_of_a_derivative(tf):
    v = tf.Variable(2.0)

    def assigned(x):
        v.assign(x * 3.0)
        return v * x

    def read_before_and_after(x):
        before = v * x
        v.assign(x * 3.0)
        return before + v * v * x

    def in_a_branch(x):
        if x > 0.0:
            v.assign(x * 3.0)
        return v * x

    def added(x):
        v.assign_add(x)
        v.assign_sub(0.5 * x)
        return v * x

    def in_a_loop(x):
        total = v * 0.0
        for _ in tf.range(3):
            v.assign_add(x)
            total += v * v * x
        return total + v

    found = []
    for program in (assigned, read_before_and_after, in_a_branch, added, in_a_loop):
        for f in (program, tf.function(program)):
            if program is in_a_branch and f is program:
                continue
            v.assign(2.0)
            x = tf.constant(5.0)
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                before = v * v
                y = f(x)
                z = y + v * v + before
            found += [y, z, *tape.gradient(y, [x, v]), *tape.gradient(z, [x, v]), v]
    return found


@program
def an_assignment_under_a_tape_in_a_function(tf):
    v = tf.Variable(2.0)

    @tf.function
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            before = v * v
            for _ in tf.range(2):
                before += v * x
            v.assign(x * 3.0)
            y = v * x + before
            v.assign_add(y)
            z = y * v
        return [*tape.gradient(y, [x, v]), *tape.gradient(z, [x, v]), v.read_value()]

    return f(tf.constant(5.0))


@program
def gradients_of_python_functions(tf):
    calls = []
    w = tf.Variable(3.0)

    def host(x, a):
        calls.append(x.numpy().tolist())
        return x * x * w, a * tf.reduce_sum(x)

    def call(x):
        y, z = tf.py_function(host, [x * 2.0, tf.constant(2.0)], [tf.float32, tf.float32])
        return tf.reduce_sum(y) * z

    @tf.function
    def inside(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = call(x)
        return y, tape.gradient(y, x)

    found = []
    for f in (call, tf.function(call)):
        for values in ([1.0, 2.0], [3.0, 4.0]):
            x = tf.constant(values)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            found += [y, *tape.gradient(y, [x, w])]
            found += list(inside(x))
    return [*found, calls]


@program
def what_python_functions_return(tf):
    one = tf.constant(1.0)

    def outcomes(call):
        return [
            call(lambda x: x.numpy() * 2, [one], tf.float32),
            call(lambda x: 2, [one], tf.float32),
            call(lambda x: [x, x + 1], [one], [tf.float32, tf.float32]),
            call(lambda x: x, [one], tf.TensorSpec([], tf.float32)),
            call(lambda x: [x], [one], [tf.float32]),
            call(lambda x: None, [one], []),
            refused(lambda: call(lambda x: tf.cast(x, tf.int32), [one], tf.float32)),
            refused(lambda: call(lambda x: 1 / 0, [one], tf.float32)),
        ]

    def compiled(f, inp, tout):
        return tf.function(lambda: tf.py_function(f, inp, tout) if tout else [tf.py_function(f, inp, tout), []][1])()

    return [outcomes(tf.py_function), outcomes(compiled)]


@program
def gradients_of_numpy_functions_are_none(tf):
    x = tf.Variable([1.0, 2.0])

    def f():
        return tf.reduce_sum(tf.numpy_function(lambda a: a * 2, [x], tf.float32))

    found = []
    for call in (f, tf.function(f)):
        with tf.GradientTape(persistent=True) as tape:
            y = call()
            z = y * tf.reduce_sum(x)
        found += [y, z, tape.gradient(z, x)]
        if call is f:
            found.append(tape.gradient(y, x))
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_does_what_it_does_in_tensorflow(name: str) -> None:
    assert_same(plain(PROGRAMS[name](headwater)), plain(PROGRAMS[name](real)))
