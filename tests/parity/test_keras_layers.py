"""Every layer against real Keras on JAX: the same config and weights give the same outputs, gradients, shapes and
files.
"""

import jax
import keras as theirs
import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours

rng = np.random.default_rng(0)
SEQUENCE = rng.normal(size=(2, 5, 3)).astype("float32")
ROWS = rng.normal(size=(4, 6)).astype("float32")
IMAGES = rng.normal(size=(2, 4, 5, 3)).astype("float32")
IDS = rng.integers(0, 7, size=(2, 5)).astype("int32")

# (class, arguments, input). A list of arrays is given as a list of inputs.
CASES = [
    ("Dense", {"units": 3}, ROWS),
    ("Dense", {"units": 3, "activation": "relu", "use_bias": False}, SEQUENCE),
    ("Dense", {"units": 2, "activation": "softmax", "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, ROWS),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"}, SEQUENCE),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 4, "bias_axes": "y", "activation": "tanh"}, IMAGES),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"}, SEQUENCE),
    ("Embedding", {"input_dim": 7, "output_dim": 4}, IDS),
    ("Embedding", {"input_dim": 7, "output_dim": 4, "mask_zero": True}, IDS),
    ("Activation", {"activation": "tanh"}, ROWS),
    ("Dropout", {"rate": 0.5}, ROWS),
    ("SpatialDropout1D", {"rate": 0.5}, SEQUENCE),
    ("SpatialDropout2D", {"rate": 0.5}, IMAGES),
    ("GaussianNoise", {"stddev": 0.5}, ROWS),
    ("GaussianDropout", {"rate": 0.5}, ROWS),
    ("AlphaDropout", {"rate": 0.5}, ROWS),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, ROWS),
    ("Flatten", {}, IMAGES),
    ("Flatten", {"data_format": "channels_first"}, IMAGES),
    ("Reshape", {"target_shape": (3, -1)}, ROWS),
    ("Permute", {"dims": (2, 1)}, SEQUENCE),
    ("RepeatVector", {"n": 3}, ROWS),
    ("Masking", {"mask_value": 0.0}, SEQUENCE),
    ("Identity", {}, ROWS),
    ("ReLU", {"max_value": 0.8, "negative_slope": 0.1, "threshold": 0.2}, ROWS),
    ("LeakyReLU", {"negative_slope": 0.1}, ROWS),
    ("PReLU", {"alpha_initializer": "glorot_uniform", "shared_axes": [1, 2]}, IMAGES),
    ("ELU", {"alpha": 0.5}, ROWS),
    ("Softmax", {"axis": 1}, SEQUENCE),
    ("Softmax", {"axis": (1, 2)}, SEQUENCE),
    ("Rescaling", {"scale": 2.0, "offset": -1.0}, ROWS),
    ("Normalization", {"axis": -1, "mean": [1.0] * 6, "variance": [4.0] * 6}, ROWS),
    ("Normalization", {"axis": None, "mean": 1.0, "variance": 4.0, "invert": True}, ROWS),
    ("LayerNormalization", {}, SEQUENCE),
    ("LayerNormalization", {"axis": [1, 2], "epsilon": 1e-5}, SEQUENCE),
    ("LayerNormalization", {"center": False}, ROWS),
    ("BatchNormalization", {}, IMAGES),
    ("BatchNormalization", {"scale": False, "axis": 1}, IMAGES),
    ("GlobalAveragePooling1D", {}, SEQUENCE),
    ("GlobalAveragePooling2D", {"keepdims": True}, IMAGES),
    ("GlobalMaxPooling1D", {"data_format": "channels_first"}, SEQUENCE),
    ("GlobalMaxPooling2D", {}, IMAGES),
    ("Add", {}, [ROWS, ROWS + 1]),
    ("Add", {}, [SEQUENCE, SEQUENCE[:, :1], SEQUENCE]),
    ("Subtract", {}, [ROWS, ROWS * 2]),
    ("Multiply", {}, [ROWS, ROWS + 1]),
    ("Average", {}, [ROWS, ROWS + 1, ROWS * 3]),
    ("Maximum", {}, [ROWS, ROWS[::-1].copy()]),
    ("Minimum", {}, [ROWS, ROWS[::-1].copy()]),
    ("Concatenate", {}, [ROWS, ROWS[:, :2].copy()]),
    ("Concatenate", {"axis": 1}, [SEQUENCE, SEQUENCE]),
    ("Dot", {"axes": 1}, [ROWS, ROWS + 1]),
    ("Dot", {"axes": (2, 1)}, [SEQUENCE, rng.normal(size=(2, 3, 4)).astype("float32")]),
    ("Dot", {"axes": -1, "normalize": True}, [ROWS, ROWS + 1]),
]
NAMES = [f"{name}-{index}" for index, (name, _, _) in enumerate(CASES)]
RANDOM = {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"}


def pair(name, arguments, inputs):
    """Our layer and theirs, called once, with the same weights."""
    mine, other = getattr(ours.layers, name)(**arguments), getattr(theirs.layers, name)(**arguments)
    mine(inputs), other(inputs)
    values = [rng.normal(size=w.shape).astype("float32") ** 2 + 0.1 for w in other.weights]
    mine.set_weights(values)
    other.set_weights(values)
    return mine, other


def numpy_of(structure):
    return [np.asarray(leaf) for leaf in tf.tree.leaves(structure)]


@pytest.mark.parametrize(("name", "arguments", "inputs"), CASES, ids=NAMES)
def test_output_weights_and_mask_equal_those_of_keras(name, arguments, inputs):
    mine, other = pair(name, arguments, inputs)
    assert [tuple(w.shape) for w in mine.weights] == [tuple(w.shape) for w in other.weights]
    assert [w.name for w in mine.weights] == [w.name for w in other.weights]
    assert [w.trainable for w in mine.weights] == [w.trainable for w in other.weights]
    assert len(mine.variables) == len(other.variables)
    assert mine.supports_masking == other.supports_masking
    found, wanted = mine(inputs), other(inputs)
    assert str(found.dtype) == str(wanted.dtype)
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(sum(map(float, mine.losses)), sum(map(float, other.losses)), rtol=1e-5)
    mask, other_mask = getattr(found, "_keras_mask", None), getattr(wanted, "_keras_mask", None)
    assert (mask is None) == (other_mask is None)
    if mask is not None:
        np.testing.assert_array_equal(np.asarray(mask), np.asarray(other_mask))


@pytest.mark.parametrize(("name", "arguments", "inputs"), CASES, ids=NAMES)
def test_training_output_and_gradients_equal_those_of_keras(name, arguments, inputs):
    if name in RANDOM or (inputs is IDS and name != "Embedding"):
        pytest.skip("draws other numbers")
    mine, other = pair(name, arguments, inputs)
    takes_training = name in ("BatchNormalization",)
    extra = {"training": True} if takes_training else {}

    tensors = [tf.convert_to_tensor(x) for x in (inputs if isinstance(inputs, list) else [inputs])]
    with tf.GradientTape() as tape:
        floats = [x for x in tensors if x.dtype.is_floating]
        tape.watch(floats)
        output = mine(tensors if isinstance(inputs, list) else tensors[0], **extra)
        loss = tf.ops.sum(tf.ops.sin(output))
    found = tape.gradient(loss, [*mine.trainable_variables, *floats])

    def loss_of(trainable, values):
        given = values if isinstance(inputs, list) else values[0] if values else inputs
        output, _ = other.stateless_call(trainable, [v.value for v in other.non_trainable_variables], given, **extra)
        return jax.numpy.sum(jax.numpy.sin(output))

    values = [x for x in (inputs if isinstance(inputs, list) else [inputs]) if x.dtype.kind == "f"]
    wanted = jax.grad(loss_of, argnums=(0, 1))([v.value for v in other.trainable_variables], values)
    for mine_g, their_g in zip(found, [*wanted[0], *wanted[1]], strict=True):
        their_g = np.asarray(their_g)
        scale = np.abs(their_g).max() + 1e-6
        mine_g = np.zeros_like(their_g) if mine_g is None else np.asarray(mine_g)
        np.testing.assert_allclose(mine_g / scale, their_g / scale, rtol=0, atol=3e-5)
    if takes_training:  # the running means have moved alike
        other(inputs, training=True)
        for a, b in zip(mine.non_trainable_variables, other.non_trainable_variables, strict=True):
            np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments", "inputs"), CASES, ids=NAMES)
def test_config_and_symbolic_shape_equal_those_of_keras(name, arguments, inputs):
    mine, other = getattr(ours.layers, name)(**arguments), getattr(theirs.layers, name)(**arguments)
    config, wanted = mine.get_config(), other.get_config()
    config.pop("name"), wanted.pop("name")
    as_lists = lambda value: [as_lists(v) for v in value] if isinstance(value, (list, tuple)) else value  # noqa: E731
    assert {k: as_lists(v) for k, v in config.items()} == {k: as_lists(v) for k, v in wanted.items()}
    again = getattr(ours.layers, name).from_config(mine.get_config())
    assert again.get_config() == mine.get_config()
    many = isinstance(inputs, list)
    dtype = "int32" if inputs is IDS else "float32"
    shapes = [(None, *x.shape[1:]) for x in (inputs if many else [inputs])]
    if name == "PReLU" or ("axis" in arguments and arguments["axis"] == 1 and name == "BatchNormalization"):
        shapes = [x.shape for x in (inputs if many else [inputs])]
    symbols = [ours.Input(batch_shape=shape, dtype=dtype) for shape in shapes]
    their_symbols = [theirs.Input(batch_shape=shape, dtype=dtype) for shape in shapes]
    if name == "EinsumDense":  # Keras leaves sizes open, or names them in another order, where they are known
        assert tuple(mine(symbols[0]).shape) == (None, *mine(inputs).shape[1:])
        return
    found, expected = mine(symbols if many else symbols[0]), other(their_symbols if many else their_symbols[0])
    assert (tuple(found.shape), str(found.dtype)) == (tuple(expected.shape), str(expected.dtype))


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_random_layers_change_their_input_in_training_only(name):
    (arguments, inputs) = next((a, x) for n, a, x in CASES if n == name)
    layer = getattr(ours.layers, name)(**arguments, seed=3)
    np.testing.assert_array_equal(layer(inputs, training=False).numpy(), inputs)
    first, second = layer(inputs, training=True).numpy(), layer(inputs, training=True).numpy()
    assert not np.array_equal(first, inputs)
    assert not np.array_equal(first, second)
    again = getattr(ours.layers, name)(**arguments, seed=3)
    np.testing.assert_array_equal(again(inputs, training=True).numpy(), first)
