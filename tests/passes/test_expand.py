"""Expansion: composites become the nodes that they are made of, before regions are found."""

import numpy as np

import headwater as tf
from headwater.ir.derive import trace_graph
from headwater.ir.spec import Spec
from headwater.passes.expand import expand_composites
from headwater.passes.pipeline import optimize


def names(graph):
    return [node.primitive.name for node in graph.nodes]


def graph_of(function, *arguments):
    return tf.function(function).get_concrete_function(*arguments).graph


def test_custom_gradients_are_seen_through():
    @tf.custom_gradient
    def doubled(x):
        return 2.0 * x, lambda g: 3.0 * g

    graph = graph_of(lambda x: tf.tanh(doubled(doubled(x))), tf.ones((4, 3)))
    assert names(graph).count("custom_gradient") == 2
    assert "custom_gradient" not in names(expand_composites(graph))
    assert [name for name in names(optimize(graph, "cpu")) if name != "constant"] == ["fused_elementwise"]


def test_moments_read_their_input_once_for_both():
    graph = trace_graph("m", [Spec((8, 6, 5), tf.float32)], lambda x: tf.ops.moments(x, (0, 1)))
    assert names(graph)[0] == "moments"
    full = [node for node in optimize(graph, "cpu").nodes if any(v.spec.shape == (8, 6, 5) for v in node.inputs)]
    assert [node.primitive.name for node in full] == ["slice", "fused_elementwise"]
    assert all(value.spec.shape != (8, 6, 5) for node in full for value in node.outputs)


def test_batch_normalization_in_training_makes_three_passes_over_its_input():
    layer = tf.keras.layers.BatchNormalization()
    x = tf.constant(np.random.default_rng(0).normal(size=(8, 4, 4, 5)).astype("float32"))
    layer.build(x.shape)

    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.relu(layer(x, training=True))
        return y, tape.gradient(y, [x, *layer.trainable_variables], output_gradients=tf.sin(y))

    nodes = optimize(graph_of(step, x), "cpu").nodes
    regions = [node for node in nodes if any(v.spec.shape == x.shape for v in node.inputs)]
    # moments; the output, and the sums of its gradient; the gradient of the input (slice: one sample)
    assert [node.primitive.name for node in regions] == ["slice", *["fused_elementwise"] * 3]
