"""Weights that layers begin with: as widely spread as those of real Keras, weight by weight."""

import keras as theirs
import numpy as np
import pytest

from headwater import keras as ours

# What is called on which shapes; wide enough for a spread to be told within some percent.
LAYERS = {
    "dense": (lambda k: k.layers.Dense(200), [(4, 100)]),
    "einsum_projection": (lambda k: k.layers.EinsumDense("abc,cde->abde", (None, 8, 32), bias_axes="de"), [(2, 3, 64)]),
    "einsum_back": (lambda k: k.layers.EinsumDense("abcd,cde->abe", (None, 96), bias_axes="e"), [(2, 3, 8, 32)]),
    "einsum_shared_axis": (lambda k: k.layers.EinsumDense("abc,abd->acd", (24, 64)), [(2, 6, 24)]),
    "einsum_dots": (lambda k: k.layers.EinsumDense("...bc,cd->...bd", (None, 200)), [(2, 3, 5, 90)]),
    "einsum_he": (
        lambda k: k.layers.EinsumDense("abc,cde->abde", (None, 8, 32), kernel_initializer="he_normal"),
        [(2, 3, 64)],
    ),
    "einsum_own_axes": (
        lambda k: k.layers.EinsumDense(
            "abc,cde->abde",
            (None, 8, 32),
            kernel_initializer=k.initializers.VarianceScaling(
                1.0, "fan_in", "uniform", input_axes=[0, 1], output_axes=[2]
            ),
        ),
        [(2, 3, 64)],
    ),
    "multi_head_attention": (lambda k: k.layers.MultiHeadAttention(4, 32), [(2, 5, 128), (2, 6, 64)]),
    "grouped_query_attention": (lambda k: k.layers.GroupQueryAttention(32, 8, 2), [(2, 5, 128), (2, 6, 64)]),
    "lstm": (lambda k: k.layers.LSTM(96), [(2, 5, 64)]),
    "gru": (lambda k: k.layers.GRU(96), [(2, 5, 64)]),
    "simple_rnn": (lambda k: k.layers.SimpleRNN(128), [(2, 5, 64)]),
    "conv2d": (lambda k: k.layers.Conv2D(64, 3), [(2, 8, 8, 32)]),
    "conv1d_transpose": (lambda k: k.layers.Conv1DTranspose(64, 5), [(2, 8, 48)]),
    "depthwise": (lambda k: k.layers.DepthwiseConv2D(5, depth_multiplier=4), [(2, 8, 8, 64)]),
    "separable": (lambda k: k.layers.SeparableConv1D(64, 5, depth_multiplier=4), [(2, 8, 64)]),
    "conv_lstm": (lambda k: k.layers.ConvLSTM2D(24, 3), [(2, 3, 6, 6, 16)]),
    "embedding": (lambda k: k.layers.Embedding(200, 64), [(2, 5)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_first_weights_are_spread_as_those_of_keras(name):
    make, shapes = LAYERS[name]
    spreads = []
    for keras in (ours, theirs):
        keras.utils.set_random_seed(1)
        layer = make(keras)
        layer(*[np.zeros(shape, "float32") for shape in shapes])
        spreads.append({weight.path.split("/", 1)[-1]: np.asarray(weight) for weight in layer.weights})
    (mine, others) = spreads
    assert [array.shape for array in mine.values()] == [array.shape for array in others.values()]
    for (path, array), other in zip(mine.items(), others.values(), strict=True):
        spread = float(np.std(other))
        assert abs(np.mean(array) - np.mean(other)) <= 0.1 * spread, path
        assert abs(np.std(array) - spread) <= 0.05 * spread, path
        assert abs(np.abs(array).max() - np.abs(other).max()) <= 0.2 * np.abs(other).max(), path
