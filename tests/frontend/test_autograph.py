"""Autograph: Python's control flow on tensors gives what Python gives on numbers."""

import numpy as np
import pytest

import headwater as tf
from headwater.errors import ArgumentError, ShapeError

constant = tf.convert_to_tensor
ONE = constant(1)


def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def sum_until_large(values, skip):
    total = 0.0
    for value in values:
        if value < 0 and skip > 0:
            continue
        total += value
        if total > 10:
            break
    else:
        total = total - 100
    return total


def count_up(n):
    total = 0
    for i in range(n):
        total += i
    return total


def early_return(x):
    if x > 3:
        return x * 2
    y = x + 1
    if y > 2:
        return y
    return -y


def return_from_loop(x):
    for i in range(100):
        x = x * 2
        if x > 100:
            return x + i
    return x


def logic(x):
    a = x > 1 and x < 5
    b = not a or x == 3
    c = 1 < x < 4
    return (10 if a else 20) + (1 if b else 2) + (100 if c else 200)


def nested_loops(n):
    total = 0
    for i in range(n):
        for j in range(n):
            if j > i:
                break
            if (i + j) % 2:
                continue
            total += i * j
    return total


@pytest.mark.parametrize("function", [collatz, count_up, early_return, return_from_loop, logic, nested_loops])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 12])
def test_integers_give_what_python_gives(function, n):
    assert int(tf.function(function)(constant(n))) == function(n)


@pytest.mark.parametrize("values", [[1.0, -2.0, 3.0], [9.0, 5.0, 3.0], [20.0], [-1.0, -1.0]])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_loop_over_a_tensor_with_break_continue_and_else(values, skip):
    assert float(tf.function(sum_until_large)(constant(values), constant(skip))) == sum_until_large(values, skip)


def test_a_user_function_that_is_called_is_converted_too():
    assert int(tf.function(lambda_free_caller)(constant(6))) == collatz(6)


def lambda_free_caller(n):
    return collatz(n)


def test_gradients_flow_through_traced_control_flow():
    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(3):
                if y < 5:
                    y = y * x
                else:
                    y = y + x
        return tape.gradient(y, x)

    # x = 2: 2 -> 4 -> 8 -> 10 = x**3 + x
    assert float(slope(constant(2.0))) == pytest.approx(3 * 2.0**2 + 1)


def test_closures_and_defaults_are_those_of_the_original():
    factor = 3

    def scaled(x, *, offset=ONE):
        if x > 0:
            return x * factor + offset
        return x

    traced = tf.function(scaled)
    assert int(traced(constant(2))) == 7
    assert int(traced(constant(2), offset=constant(5))) == 11


def test_variables_assigned_in_branches_and_loops_keep_their_values():
    counter = tf.Variable(0)

    @tf.function
    def run(n):
        for _ in range(n):
            if counter < 3:
                counter.assign_add(1)
        return counter.value()

    assert int(run(constant(2))) == 2
    assert int(run(constant(5))) == 3
    assert int(counter) == 3


def test_a_value_of_other_kind_after_one_branch_is_refused():
    @tf.function
    def mixed(x):
        if x > 0:
            y = "text"
        else:
            y = x
        return y

    with pytest.raises(ArgumentError, match="after one branch"):
        mixed(constant(1))


def test_a_condition_of_many_numbers_is_refused():
    @tf.function
    def unclear(x):
        if x > 0:
            return x
        return -x

    with pytest.raises(ShapeError, match="decides an `if`"):
        unclear(constant([1.0, 2.0]))


def test_python_values_run_as_python_does():
    log = []

    @tf.function
    def run(x, flag):
        log.append("traced")
        if flag:
            return x + 1
        return x - 1

    assert int(run(constant(1), True)) == 2
    assert int(run(constant(1), False)) == 0
    assert int(run(constant(5), True)) == 6
    assert len(log) == 2
    np.testing.assert_array_equal(run(constant([1, 2]), True).numpy(), [2, 3])


def test_a_wrapper_is_not_mistaken_for_what_it_wraps():
    import functools

    def inner(x):
        return x + 1

    @functools.wraps(inner)
    def outer(x, times):
        for _ in range(times):
            x = inner(x)
        return x

    assert int(tf.function(outer)(constant(1), constant(3))) == 4
