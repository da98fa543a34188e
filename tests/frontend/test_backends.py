"""A function on another backend than the one in use: values and variables go there and come back."""

import threading

import numpy as np
import pytest

import headwater as tf
from headwater import backends
from headwater.errors import ArgumentError

NAMES = ("cpu", "reference", "xla")
DTYPES = ("float32", "bfloat16", "float16", "int32", "uint8", "bool", "complex64", "int64", "float64")


@pytest.mark.parametrize("here", NAMES)
@pytest.mark.parametrize("there", NAMES)
class TestEachPair:
    def test_values_and_variables_cross(self, here: str, there: str):
        with backends.using(here):
            weights = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
            steps = tf.Variable(0)

            @tf.function(backend=there)
            def step(x, half):
                weights.assign_add(x @ weights)
                steps.assign_add(1)
                return {"sum": tf.reduce_sum(weights), "rows": tf.transpose(x)}, half * 2

            wanted = weights.numpy().astype(float)
            for count in range(1, 4):
                x = np.arange(4, dtype="float32").reshape(2, 2)
                results, doubled = step(tf.constant(x), tf.constant(0.5, tf.bfloat16))
                wanted = wanted + x @ wanted
                assert float(results["sum"]) == wanted.sum() and float(doubled) == 1.0
                np.testing.assert_array_equal(results["rows"] + 0.0, x.T)
                np.testing.assert_array_equal(weights, wanted)  # a look at it from here
                assert int(steps) == count
                if count == 2:
                    weights.assign(weights * 0.5)  # taken back, and changed
                    wanted = wanted * 0.5

    def test_each_dtype_crosses(self, here: str, there: str):
        with backends.using(here):
            double = tf.function(lambda x: (x, tf.reverse(x, [0])), backend=there)
            for dtype in DTYPES:
                x = tf.cast([1, 0, 1], dtype)
                same, turned = double(x)
                assert same.dtype == turned.dtype == x.dtype
                np.testing.assert_array_equal(np.asarray(turned), np.asarray(x)[::-1])
                both = tf.cast(tf.concat([same, turned], 0), "float32")
                np.testing.assert_array_equal(both, [1, 0, 1, 1, 0, 1])

    def test_a_step_of_training_with_its_tape(self, here: str, there: str):
        with backends.using(here):
            w = tf.Variable([1.0, -2.0])

            @tf.function(backend=there)
            def step(x):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum((w * x) ** 2)
                w.assign_sub(0.1 * tape.gradient(loss, w))
                return loss

            assert float(step(tf.constant([1.0, 1.0]))) == 5.0
            np.testing.assert_allclose(w, [0.8, -1.6], rtol=1e-6)
            with tf.GradientTape() as tape:
                loss = step(tf.constant([1.0, 2.0]))
            np.testing.assert_allclose(tape.gradient(loss, w), [1.6, -12.8], rtol=1e-6)

    def test_what_was_read_does_not_change_when_the_variable_does(self, here: str, there: str):
        with backends.using(here):
            v = tf.Variable(np.ones(1024, "float32"))
            one = tf.constant(np.ones(1024, "float32"))
            add = tf.function(lambda x: v.assign_add(x), backend=there)
            add_here = tf.function(lambda x: v.assign_add(x))
            seen = []
            for function in (add, add, add_here, add_here, add, add, add):
                function(one)
                seen.append(v.read_value())
            assert [set(np.asarray(value).tolist()) for value in seen] == [{float(n)} for n in range(2, 9)]


def test_a_method_and_a_concrete_function_keep_their_backend():
    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(3.0)

        @tf.function(backend="reference")
        def __call__(self, x):
            return x * self.scale

    model = Model()
    concrete = model.__call__.get_concrete_function(tf.TensorSpec((2,), tf.float32))
    assert concrete.backend == "reference"
    np.testing.assert_array_equal(concrete(tf.constant([1.0, 2.0])), [3, 6])
    assert list(concrete._executables) == ["reference"]
    np.testing.assert_array_equal(model(tf.constant([1.0, 2.0])), [3, 6])


def test_inside_another_function_it_is_a_part_of_that():
    inner = tf.function(lambda x: x + 1.0, backend="reference")
    outer = tf.function(lambda x: inner(x) * 2.0)
    assert float(outer(tf.constant(1.0))) == 4.0
    assert not inner._cache


def test_threads_may_use_several_backends_at_once():
    scale = tf.Variable(2.0)
    functions = [tf.function(lambda x: x * scale + 1.0, backend=name) for name in ("cpu", "reference", "xla")]
    wrong: list[object] = []

    def work(function):
        for value in range(50):
            found = float(function(tf.constant(float(value))))
            if found != value * 2.0 + 1.0:
                wrong.append((value, found))

    threads = [threading.Thread(target=work, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_unknown_backend_is_refused():
    with pytest.raises(ArgumentError, match="no backend 'gpu'"):
        tf.function(lambda x: x, backend="gpu")
