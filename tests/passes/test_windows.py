"""What the passes do around convolutions and pooling: the names of the nodes before and after, and the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import headwater as tf
from headwater import ops
from headwater.ir.replay import run_reference
from headwater.ir.text import parse_graph
from headwater.passes.dead_code import remove_dead_code
from headwater.passes.pipeline import optimize
from headwater.passes.simplify import simplify
from headwater.passes.sink_transposes import sink_transposes
from headwater.primitives import pool as _pool  # noqa: F401 - texts name their primitives
from headwater.primitives import reduce as _reduce  # noqa: F401


def names(graph):
    return [node.primitive.name for node in graph.nodes if node.inputs]


def pooled(window: int, stride: int, test: str = "greater") -> str:
    count = (6 - window) // stride + 1
    attrs = f"window=({window}, {window}), strides=({stride}, {stride}), padding=((0, 0), (0, 0))"
    return f"""graph g(%0: float32[2,6,6,3], %1: float32[2,{count},{count},3]) {{
%2 = max_pool_gradient(%0, %1) {{{attrs}}} : float32[2,6,6,3]
%3 = constant() {{value=literal:float32[]:0.0}} : float32[]
%4 = {test}(%0, %3) : bool[2,6,6,3]
%5 = select(%4, %2, %3) : float32[2,6,6,3]
%6 = reduce_sum(%5) {{axes=(0, 1, 2)}} : float32[3]
return %5, %6
}}"""


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (2, 1)])
def test_a_relu_before_pooling_is_differentiated_after_it(window, stride):
    graph = parse_graph(pooled(window, stride))
    found = remove_dead_code(simplify(graph))
    assert names(found) == ["max_pool", "greater", "select", "max_pool_gradient", "reduce_sum"]
    overlap = stride < window
    assert (found.nodes[-1].inputs[0].node.primitive.name == "max_pool_gradient") == overlap
    rng = np.random.default_rng(0)
    x, g = (rng.normal(size=value.spec.shape).astype(np.float32) for value in graph.inputs)
    x[0, :2, :2, 0] = np.nan
    (before, total), (after, again) = run_reference(graph, [x, g]), run_reference(found, [x, g])
    np.testing.assert_array_equal(before, after)
    np.testing.assert_allclose(total, again, rtol=1e-5, atol=1e-6)


def test_a_test_of_something_else_stays_where_it_is():
    text = pooled(2, 2).replace("greater(%0, %3)", "greater(%2, %3)")
    assert names(simplify(parse_graph(text))) == ["max_pool_gradient", "greater", "select", "reduce_sum"]


def layer(x, kernel, bias, other):
    return ops.relu(ops.conv(x, kernel, padding="same") + bias) * 2 + other


def traced(function, *specs):
    concrete = tf.function(function).get_concrete_function(*(tf.TensorSpec(spec, "float32") for spec in specs))
    return concrete.graph


def test_what_follows_a_convolution_finishes_its_tiles():
    graph = traced(layer, (2, 8, 8, 3), (3, 3, 3, 16), (16,), (2, 8, 8, 16))
    assert names(optimize(graph, "cpu")) == ["fused_convolution"]


def test_what_follows_a_transposed_convolution_finishes_its_tiles():
    def function(x, kernel, bias):
        return ops.tanh(ops.conv_transpose(x, kernel, strides=2) + bias)

    graph = traced(function, (2, 8, 8, 3), (3, 3, 4, 3), (4,))
    assert names(optimize(graph, "cpu")) == ["fused_convolution_input_gradient"]


def test_transposes_between_layers_with_channels_first_cancel():
    def function(x, first, second):
        x = ops.conv(x, first, data_format="channels_first")
        x = ops.max_pool(x, 2, data_format="channels_first")
        return ops.conv(x, second, data_format="channels_first")

    graph = traced(function, (2, 3, 9, 9), (3, 3, 3, 4), (2, 2, 4, 5))
    assert names(optimize(graph, "cpu")) == ["transpose", "convolution", "max_pool", "convolution", "transpose"]


@pytest.mark.parametrize("rows", [2, 40])
def test_fused_convolutions_give_what_the_parts_give(rows):
    rng = np.random.default_rng(1)
    shapes = ((rows, 20, 20, 3), (3, 3, 3, 16), (16,), (rows, 20, 20, 16))
    args = [tf.constant(rng.normal(size=shape).astype(np.float32)) for shape in shapes]
    np.testing.assert_allclose(tf.function(layer)(*args).numpy(), layer(*args).numpy(), rtol=1e-5, atol=1e-5)


def channels_first(x, first, bias, scale, second):
    x = ops.conv(x, first, padding="same", data_format="channels_first") + ops.reshape(bias, (1, 4, 1, 1))
    mean = ops.mean(x, axis=(0, 2, 3), keepdims=True)
    x = ops.relu((x - mean) * ops.reshape(scale, (4, 1, 1)))
    x = ops.max_pool(x, 2, data_format="channels_first")
    return ops.sum(ops.square(ops.conv(x, second, data_format="channels_first")))


CHANNELS_FIRST = ((2, 3, 9, 8), (3, 3, 3, 4), (4,), (4,), (2, 2, 4, 5))


def test_layers_with_channels_first_compute_with_channels_last():
    graph = traced(channels_first, *CHANNELS_FIRST)
    assert names(optimize(graph, "cpu")).count("transpose") == 1  # of what comes in


def test_gradients_with_channels_first_are_those_of_the_parts():
    rng = np.random.default_rng(2)
    args = [tf.constant(rng.normal(size=shape).astype(np.float32)) for shape in CHANNELS_FIRST]

    def gradients(*args):
        with tf.GradientTape() as tape:
            tape.watch(args)
            total = channels_first(*args)
        return tape.gradient(total, args)

    concrete = tf.function(gradients).get_concrete_function(*args)
    assert names(optimize(concrete.graph, "cpu")).count("transpose") == 2  # of x and of its gradient
    for found, wanted in zip(tf.function(gradients)(*args), gradients(*args), strict=True):
        # What comes before a normalisation has a gradient of rounding errors alone.
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-4, atol=5e-3)


def test_a_transpose_of_what_is_broadcast_stays():
    text = """graph g(%0: float32[2,5,3], %1: float32[2,3,1]) {
%2 = transpose(%1) {perm=(0, 2, 1)} : float32[2,1,3]
%3 = constant() {value=literal:float32[]:2.0} : float32[]
%4 = multiply(%2, %3) : float32[2,1,3]
%5 = add(%0, %4) : float32[2,5,3]
return %5
}"""
    graph = parse_graph(text)
    args = [np.ones((2, 5, 3), np.float32), np.arange(6, dtype=np.float32).reshape(2, 3, 1)]
    np.testing.assert_array_equal(run_reference(sink_transposes(graph), args)[0], run_reference(graph, args)[0])
