"""String tensors: made from str, bytes and arrays; moved and compared as others are; never part of a program."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import headwater as tf

A = tf.constant(["a", "bé", b"c\0"])


def values(tensor):
    return np.asarray(tensor).tolist()


@pytest.mark.parametrize(
    "given",
    [
        ["x", b"y"],
        np.array(["x", "y"]),
        np.array([b"x", b"y"]),
        np.array(["x", b"y"], object),
        [tf.constant("x"), "y"],
        [np.str_("x"), np.bytes_(b"y")],
        [np.array("x"), np.array("y")],
    ],
    ids=str,
)
def test_strings_become_tensors_of_bytes(given):
    tensor = tf.constant(given)
    assert tensor.dtype is tf.string and tensor.shape == (2,)
    assert values(tensor) == [b"x", b"y"]


def test_a_lone_string_is_a_tensor_of_no_axes():
    assert tf.constant("é").numpy() == "é".encode() and tf.constant(b"\0\0").numpy() == b"\0\0"
    assert tf.constant([], tf.string).shape == (0,) and tf.constant([[]], tf.string).shape == (1, 0)


def test_repr_is_tensorflows():
    assert repr(tf.constant("a")) == "<tf.Tensor: shape=(), dtype=string, numpy=b'a'>"
    assert repr(tf.constant(["a"])) == "<tf.Tensor: shape=(1,), dtype=string, numpy=array([b'a'], dtype=object)>"
    assert str(tf.constant(["a"])) == "tf.Tensor([b'a'], shape=(1,), dtype=string)"


def test_values_are_read_only_and_no_view_of_what_was_given():
    given = np.array(["x"], object)
    tensor = tf.constant(given)
    given[0] = "changed"
    assert values(tensor) == [b"x"] and not tensor.numpy().flags.writeable


def test_what_moves_elements_moves_strings():
    pair = tf.stack([A, A[::-1]])
    assert values(tf.transpose(pair)) == [[b"a", b"c\0"], ["bé".encode()] * 2, [b"c\0", b"a"]]
    assert values(tf.reshape(pair, (3, 2)))[1] == [b"c\0", b"c\0"]
    assert values(tf.gather(A, [2, 0])) == [b"c\0", b"a"]
    assert values(tf.concat([A, ["k"]], 0))[-1] == b"k"
    assert values(tf.tile(A, [2])) == values(A) * 2
    assert values(tf.where([True, False, True], A, "z")) == [b"a", b"z", b"c\0"]
    assert values(tf.pad(A, [[1, 0]], constant_values="p"))[0] == b"p"
    assert values(tf.boolean_mask(A, [False, False, True])) == [b"c\0"]
    assert values(tf.tensor_scatter_nd_update(A, [[1]], ["new"])) == [b"a", b"new", b"c\0"]
    assert values(tf.gather_nd(A, [[1]])) == ["bé".encode()]
    assert [part.numpy() for part in A] == values(A)
    assert values(tf.zeros([2], tf.string)) == [b"", b""]


def test_comparison_and_joining():
    assert values(A == "a") == [True, False, False] == values(~(A != "a"))
    assert values("x" + A)[0] == b"xa" and values(tf.add(A, A))[0] == b"aa"


def test_unique_strings():
    y, index, count = tf.unique_with_counts(tf.constant(["x", "y", "x"]))
    assert (values(y), values(index), values(count)) == ([b"x", b"y"], [0, 1, 0], [2, 1])


def test_a_string_variable_keeps_and_changes_its_value():
    variable = tf.Variable(["x", "y"])
    variable.assign(["z", "y"])
    assert values(variable.read_value()) == [b"z", b"y"] and variable.dtype is tf.string


def test_a_function_that_touches_strings_runs_op_by_op():
    variable = tf.Variable("v")

    @tf.function
    def of_strings(s, x):
        if x > 2.0:
            s = tf.concat([s, ["large"]], 0)
        return s, x * 2

    @tf.function
    def with_a_constant(x):
        return x + 1, tf.constant(["k"]), variable.read_value()

    strings, number = of_strings(A, tf.constant(3.0))
    assert values(strings)[-1] == b"large" and float(number) == 6
    number, constant, read = with_a_constant(tf.constant(1.0))
    assert (float(number), values(constant), read.numpy()) == (2.0, [b"k"], b"v")
    variable.assign("w")
    assert with_a_constant(tf.constant(1.0))[2].numpy() == b"w"


def test_gradients_go_around_strings():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.where(tf.constant(["a", "b"]) == "a", x * 3, 0.0))
    assert values(tape.gradient(loss, x)) == [3.0, 0.0]


def test_pickle_keeps_strings():
    assert values(pickle.loads(pickle.dumps(A))) == values(A)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: A - A, "has dtype string"),
        (lambda: tf.exp(A), "does not become float32"),
        (lambda: A + 1, "strings do not mix with numbers"),
        (lambda: tf.cast(A, tf.int32), "does not become int32 by a cast"),
        (lambda: tf.constant(1, tf.string), "does not become string by a cast"),
        (lambda: tf.constant(["a", 1]), "is no string"),
        (lambda: tf.constant([1, "a"]), "numbers and strings"),
        (lambda: tf.constant([object()]), "neither numbers nor strings"),
        (lambda: tf.constant(["a", None]), "neither numbers nor strings"),
    ],
)
def test_what_can_not_work_with_strings_says_so(call, text):
    with pytest.raises(tf.errors.DTypeError, match=text) as raised:
        call()
    assert raised.value.fix


def test_a_ragged_list_and_broken_text_are_refused():
    with pytest.raises(tf.errors.ShapeError, match="ragged"):
        tf.constant([["a"], ["b", "c"]])
    with pytest.raises(tf.errors.ArgumentError, match="UTF-8"):
        tf.constant("\ud800")
