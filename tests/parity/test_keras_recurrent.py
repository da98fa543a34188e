"""Recurrent layers against real Keras on JAX: outputs, states, masks, gradients, training, configs and files."""

import re

import jax
import keras as theirs
import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours
from headwater.errors import ArgumentError, ShapeError

rng = np.random.default_rng(0)
SEQUENCE = rng.normal(size=(3, 5, 4)).astype("float32")
MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [0, 0, 0, 0, 0]], bool)

EVERY = [
    ("SimpleRNN", {}),
    ("SimpleRNN", {"activation": "relu", "return_sequences": True, "use_bias": False}),
    ("SimpleRNN", {"go_backwards": True, "return_sequences": True, "return_state": True}),
    ("LSTM", {}),
    ("LSTM", {"return_sequences": True, "return_state": True}),
    ("LSTM", {"return_sequences": True, "go_backwards": True}),
    ("LSTM", {"activation": "relu", "recurrent_activation": "hard_sigmoid", "return_state": True}),
    ("LSTM", {"use_bias": False, "unit_forget_bias": False}),
    ("LSTM", {"unroll": True, "return_sequences": True}),
    ("LSTM", {"dropout": 0.3, "recurrent_dropout": 0.2, "implementation": 1}),
    ("LSTM", {"zero_output_for_mask": True, "return_sequences": True}),
    ("GRU", {"return_sequences": True, "return_state": True}),
    ("GRU", {"go_backwards": True}),
    ("GRU", {"reset_after": False, "return_sequences": True}),
    ("GRU", {"use_bias": False}),
    ("GRU", {"activation": "softsign", "reset_after": False, "use_bias": False, "dropout": 0.1}),
    ("GRU", {"recurrent_dropout": 0.1, "go_backwards": True, "return_sequences": True}),
]
IDS = [f"{name}-{index}" for index, (name, _) in enumerate(EVERY)]


def numpy_of(structure):
    return [np.asarray(leaf) for leaf in theirs.tree.flatten(structure)]


def close(found, wanted, rtol=2e-5, atol=2e-6):
    found, wanted = numpy_of(found), numpy_of(wanted)
    assert [x.shape for x in found] == [x.shape for x in wanted]
    for one, other in zip(found, wanted):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def weights_for(layer):
    return [rng.normal(size=w.shape).astype("float32") * 0.4 for w in layer.weights]


def paths(layer):
    return [re.sub(r"_\d+", "", weight.path) for weight in layer.weights]


def pair(make):
    """Our layer and theirs with the same weights."""
    mine, other = make(ours), make(theirs)
    mine(SEQUENCE), other(SEQUENCE)
    values = weights_for(other)
    mine.set_weights(values)
    other.set_weights(values)
    return mine, other


def layer_of(name, arguments):
    return lambda keras: getattr(keras.layers, name)(6, **arguments)


@pytest.mark.parametrize(("name", "arguments"), EVERY, ids=IDS)
def test_outputs_states_and_weights(name, arguments):
    mine, other = pair(layer_of(name, arguments))
    assert paths(mine) == paths(other)
    assert [w.trainable for w in mine.variables] == [w.trainable for w in other.variables]
    close(mine(SEQUENCE), other(SEQUENCE))
    compiled = tf.function(lambda x: mine(x))
    close(compiled(SEQUENCE), other(SEQUENCE))
    assert mine.compute_output_shape((3, 5, 4)) == other.compute_output_shape((3, 5, 4))


@pytest.mark.parametrize(("name", "arguments"), EVERY, ids=IDS)
def test_masks_and_initial_states(name, arguments):
    mine, other = pair(layer_of(name, arguments))
    states = [rng.normal(size=(3, 6)).astype("float32") for _ in range(2 if name == "LSTM" else 1)]
    given = {"mask": MASK, "initial_state": states}
    found, wanted = mine(SEQUENCE, **given), other(SEQUENCE, **given)
    close(found, wanted)
    last = found[0] if isinstance(found, tuple) else found
    assert (mine.compute_mask(SEQUENCE, MASK) is None) == (other.compute_mask(SEQUENCE, MASK) is None)
    assert str(last.dtype) == "float32"


@pytest.mark.parametrize("number", range(len(EVERY)), ids=IDS)
def test_gradients(number):
    name, arguments = EVERY[number]
    masked = number % 2 == 0  # each way of a gradient occurs with a mask and without
    arguments = {key: value for key, value in arguments.items() if "dropout" not in key}
    mine, other = pair(layer_of(name, arguments))
    mask = MASK if masked else None
    states = [rng.normal(size=(3, 6)).astype("float32") for _ in range(2 if name == "LSTM" else 1)]
    factors = [rng.normal(size=x.shape).astype("float32") for x in numpy_of(other(SEQUENCE))]

    def loss_of(results):
        return sum((factor * result).sum() for factor, result in zip(factors, theirs.tree.flatten(results)))

    def stateless(weights, x, first):
        return loss_of(other.stateless_call(weights, no_gradient, x, initial_state=first, mask=mask)[0])

    no_gradient = [v.value for v in other.non_trainable_variables]
    wanted = jax.grad(stateless, argnums=(0, 1, 2))([v.value for v in other.trainable_variables], SEQUENCE, states)

    @tf.function
    def ours_of(x, first):
        with tf.GradientTape() as tape:
            tape.watch([x, *first])
            results = mine(x, initial_state=first, mask=mask)
            loss = sum(tf.reduce_sum(f * r) for f, r in zip(factors, tf.tree.leaves(results)))
        return tape.gradient(loss, [*mine.trainable_variables, x, *first])

    found = ours_of(tf.constant(SEQUENCE), [tf.constant(state) for state in states])
    flat = [*wanted[0], wanted[1], *wanted[2]]
    used = [(one, other) for one, other in zip(found, flat) if one is not None]
    close([one for one, _ in used], [other for _, other in used], rtol=1e-4, atol=1e-5)
    assert all(np.all(np.asarray(other) == 0) for one, other in zip(found, flat) if one is None)


def test_second_derivatives_agree_with_differences_of_the_first():
    layer = ours.layers.LSTM(3, dtype="float64")
    x = rng.normal(size=(2, 4, 2))
    layer(x)
    direction = rng.normal(size=x.shape)

    def first(value):
        with tf.GradientTape() as tape:
            tape.watch(value)
            loss = tf.reduce_sum(tf.square(layer(value)))
        return tape.gradient(loss, value)

    with tf.GradientTape() as tape:
        variable = tf.constant(x)
        tape.watch(variable)
        inner = tf.reduce_sum(first(variable) * direction)
    found = tape.gradient(inner, variable).numpy()
    step = 1e-5
    wanted = (first(tf.constant(x + step * direction)).numpy() - first(tf.constant(x - step * direction)).numpy()) / (
        2 * step
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


BIDIRECTIONAL = [
    (kind, mode, arguments)
    for kind, mode, arguments in [
        ("LSTM", "concat", {"return_sequences": True}),
        ("LSTM", "concat", {"return_state": True}),
        ("GRU", "sum", {"return_sequences": True}),
        ("GRU", "ave", {}),
        ("SimpleRNN", "mul", {"return_sequences": True}),
        ("LSTM", None, {"return_sequences": True, "return_state": True}),
        ("LSTM", None, {}),
    ]
]


@pytest.mark.parametrize(("kind", "mode", "arguments"), BIDIRECTIONAL)
def test_both_directions(kind, mode, arguments):
    def make(keras):
        return keras.layers.Bidirectional(getattr(keras.layers, kind)(6, **arguments), merge_mode=mode)

    mine, other = pair(make)
    assert paths(mine) == paths(other)
    close(mine(SEQUENCE), other(SEQUENCE))
    close(mine(SEQUENCE, mask=MASK), other(SEQUENCE, mask=MASK))
    count = 4 if kind == "LSTM" else 2
    states = [rng.normal(size=(3, 6)).astype("float32") for _ in range(count)]
    close(mine(SEQUENCE, initial_state=states), other(SEQUENCE, initial_state=states))
    again = type(mine).from_config(mine.get_config())
    assert [w.shape for w in mine.weights] == [w.shape for w in again.weights] or not again.weights


def test_stacked_cells_and_cells_of_users():
    def make(keras):
        class Sum(keras.layers.Layer):
            """Adds up what it sees."""

            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.state_size = self.output_size = 4

            def build(self, input_shape):
                self.factor = self.add_weight(shape=(4,), name="factor")

            def call(self, inputs, states):
                new = states[0] + inputs * self.factor
                return new * 2, [new]

        cells = [Sum(), keras.layers.LSTMCell(4), keras.layers.GRUCell(5), keras.layers.SimpleRNNCell(4)]
        return keras.layers.RNN(cells, return_sequences=True, return_state=True)

    mine, other = pair(make)
    close(mine(SEQUENCE), other(SEQUENCE))
    assert len(mine.weights) == len(other.weights)


def test_a_cell_alone():
    for kind, count in (("LSTMCell", 2), ("GRUCell", 1), ("SimpleRNNCell", 1)):
        mine, other = getattr(ours.layers, kind)(6), getattr(theirs.layers, kind)(6)
        x, states = SEQUENCE[:, 0], [rng.normal(size=(3, 6)).astype("float32") for _ in range(count)]
        mine(x, states), other(x, states)
        values = weights_for(other)
        mine.set_weights(values), other.set_weights(values)
        close(mine(x, states), other(x, states))
        assert set(mine.get_config()) == set(other.get_config())


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_configs_are_those_of_keras(name):
    mine, other = layer_of(name, {"seed": 3})(ours), layer_of(name, {"seed": 3})(theirs)
    assert set(mine.get_config()) - {"seed"} == set(other.get_config()) - {"seed"}
    plain = {key: value for key, value in other.get_config().items() if not isinstance(value, dict) and key != "name"}
    assert {key: mine.get_config()[key] for key in plain} == plain
    again = type(mine).from_config(mine.get_config())
    assert again.get_config() == mine.get_config()


def test_states_last_from_batch_to_batch():
    def make(keras):
        return keras.layers.LSTM(6, stateful=True, return_sequences=True)

    mine, other = pair(make)
    mine.reset_states(), other.reset_state()
    for _ in range(2):
        close(mine(SEQUENCE), other(SEQUENCE))
    mine.reset_state(), other.reset_state()
    close(mine(SEQUENCE), other(SEQUENCE))
    with pytest.raises(ShapeError, match="stateful for batches of 3"):
        mine(SEQUENCE[:2])


@pytest.mark.parametrize("inner", ["Dense", "LSTM", "BatchNormalization", "Sequential"])
def test_one_layer_for_each_step(inner):
    rank3 = inner == "LSTM"
    x = rng.normal(size=(2, 3, 5, 4)).astype("float32") if rank3 else SEQUENCE

    def make(keras):
        layers = {
            "Dense": lambda: keras.layers.Dense(3, activation="tanh"),
            "LSTM": lambda: keras.layers.LSTM(3),
            "BatchNormalization": keras.layers.BatchNormalization,
            "Sequential": lambda: keras.Sequential([keras.layers.Dense(3), keras.layers.ReLU()]),
        }
        return keras.layers.TimeDistributed(layers[inner]())

    mine, other = make(ours), make(theirs)
    mine(x), other(x)
    values = [np.abs(v) + 0.1 for v in weights_for(other)]
    mine.set_weights(values), other.set_weights(values)
    close(mine(x), other(x))
    close(mine(x, training=True), other(x, training=True), rtol=1e-4, atol=1e-5)
    close(mine.get_weights(), other.get_weights())


CONVOLUTIONAL = [
    ("ConvLSTM1D", {"filters": 3, "kernel_size": 2}, (2, 3, 6, 2)),
    ("ConvLSTM2D", {"filters": 2, "kernel_size": (2, 3), "padding": "same", "return_sequences": True}, (2, 3, 5, 4, 2)),
    ("ConvLSTM2D", {"filters": 2, "kernel_size": 2, "strides": 2, "return_state": True}, (2, 3, 5, 4, 2)),
    (
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": 3, "use_bias": False, "go_backwards": True, "activation": "relu"},
        (2, 3, 5, 4, 1),
    ),
    ("ConvLSTM3D", {"filters": 2, "kernel_size": 2, "dilation_rate": 2}, (1, 2, 4, 4, 4, 2)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), CONVOLUTIONAL)
def test_convolutional_memories(name, arguments, shape):
    x = rng.normal(size=shape).astype("float32")
    mine, other = getattr(ours.layers, name)(**arguments), getattr(theirs.layers, name)(**arguments)
    mine(x), other(x)
    assert paths(mine) == paths(other)
    other.set_weights(values := weights_for(other))
    mine.set_weights(values)
    close(mine(x), other(x), rtol=1e-4, atol=1e-5)
    close(mine(x, mask=np.array([[True, False, True][: shape[1]]] * shape[0])), _masked(other, x))
    assert mine.compute_output_shape(shape) == other.compute_output_shape(shape)
    assert set(other.get_config()) - set(mine.get_config()) == set()
    again = type(mine).from_config(mine.get_config())
    assert again.get_config() == mine.get_config()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.tree.leaves(mine(x))[0])
    found = tape.gradient(loss, mine.trainable_variables)

    def stateless(weights):
        state = [v.value for v in other.non_trainable_variables]
        return theirs.tree.flatten(other.stateless_call(weights, state, x)[0])[0].sum()

    close(found, jax.grad(stateless)([v.value for v in other.trainable_variables]), rtol=1e-3, atol=1e-4)
    dropping = getattr(ours.layers, name)(**arguments, dropout=0.3, recurrent_dropout=0.3)
    assert np.all(np.isfinite(np.asarray(tf.tree.leaves(dropping(x, training=True))[0])))


def _masked(layer, x):
    """What a layer of Keras gives with the second step masked: as without that step, since time runs in order."""
    kept = x[:, [0, *range(2, x.shape[1])]]
    if not layer.return_sequences:
        return layer(kept)
    outputs = np.asarray(layer(kept))
    return outputs[:, [0, 0, *range(1, outputs.shape[1])]]


def test_what_a_gradient_would_need_is_not_saved_without_one():
    layer = ours.layers.LSTM(4, return_sequences=True)
    layer(SEQUENCE)
    program = tf.function(lambda x: layer(x)).explain(tf.constant(SEQUENCE), repeats=1)
    saved = [row for row in program.rows if row.name.startswith("lstm")]
    assert len(saved) == 1 and saved[0].nbytes < 2000


def text_model(keras, seed=0):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            layers.Embedding(20, 5, mask_zero=True),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.GRU(4, return_sequences=True),
            layers.TimeDistributed(layers.Dense(4)),
            layers.LSTM(6),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


WORDS = rng.integers(1, 20, (24, 7)).astype("int32")
WORDS[::3, 4:] = 0
LABELS = (WORDS.sum(1) % 2).astype("float32")[:, None]


def test_training_follows_keras():
    mine, other = text_model(ours), text_model(theirs)
    mine.set_weights(weights := weights_for(other))
    other.set_weights(weights)
    histories = []
    for model, keras in ((mine, ours), (other, theirs)):
        model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
        histories.append(model.fit(WORDS, LABELS, batch_size=8, epochs=4, shuffle=False, verbose=0).history)
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-4)
    np.testing.assert_allclose(histories[0]["accuracy"], histories[1]["accuracy"])
    close(mine.predict(WORDS, verbose=0), other.predict(WORDS, verbose=0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("direction", ["ours to theirs", "theirs to ours", "ours to ours"])
def test_files(direction, tmp_path):
    writer, reader = {"ours to theirs": (ours, theirs), "theirs to ours": (theirs, ours), "ours to ours": (ours, ours)}[
        direction
    ]
    model = text_model(writer)
    model.compile("adam", "mse")
    model.fit(WORDS, LABELS, verbose=0)
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = reader.models.load_model(path)
    close(loaded.predict(WORDS, verbose=0), model.predict(WORDS, verbose=0), rtol=1e-4, atol=1e-5)
    weights = str(tmp_path / "m.weights.h5")
    model.save_weights(weights)
    fresh = text_model(reader)
    fresh.load_weights(weights)
    close(fresh.predict(WORDS, verbose=0), model.predict(WORDS, verbose=0), rtol=1e-4, atol=1e-5)


def test_first_states_in_a_functional_model():
    def make(keras):
        x, h, c = keras.Input((5, 4)), keras.Input((6,)), keras.Input((6,))
        outputs = keras.layers.LSTM(6, return_state=True)(x, initial_state=[h, c])
        return keras.Model([x, h, c], outputs)

    mine, other = make(ours), make(theirs)
    other.set_weights(values := weights_for(other))
    mine.set_weights(values)
    inputs = [SEQUENCE, *(rng.normal(size=(3, 6)).astype("float32") for _ in range(2))]
    close(mine(inputs), other(inputs))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_other_dtypes(name, dtype):
    mine, other = pair(lambda keras: getattr(keras.layers, name)(6, dtype=dtype, return_sequences=True))
    found, wanted = mine(SEQUENCE), other(SEQUENCE)
    assert str(found.dtype) == str(wanted.dtype)
    tolerance = 3e-2
    np.testing.assert_allclose(
        np.asarray(found).astype("float64"), np.asarray(wanted).astype("float64"), atol=tolerance, rtol=tolerance
    )


def test_dropout_drops_the_same_in_all_steps():
    layer = ours.layers.SimpleRNN(4, activation="linear", dropout=0.5, return_sequences=True)
    x = np.ones((2, 6, 8), "float32")
    layer(x)
    kernel = np.zeros((8, 4), "float32")
    kernel[:4, :4] = np.eye(4)
    layer.set_weights([kernel, np.zeros((4, 4), "float32"), np.zeros(4, "float32")])
    found = layer(x, training=True).numpy()
    assert set(np.unique(found)) <= {0.0, 2.0}
    np.testing.assert_array_equal(found, np.broadcast_to(found[:, :1], found.shape))
    assert not np.array_equal(found, layer(x, training=True).numpy())


def test_what_is_refused():
    with pytest.raises(ShapeError, match="units=0"):
        ours.layers.LSTM(0)
    with pytest.raises(ArgumentError, match="has no `state_size`"):
        ours.layers.RNN(ours.layers.Dense(3))
    with pytest.raises(ArgumentError, match="merge_mode"):
        ours.layers.Bidirectional(ours.layers.LSTM(3), merge_mode="max")
    with pytest.raises(ArgumentError, match="both layers have go_backwards"):
        ours.layers.Bidirectional(ours.layers.LSTM(3), backward_layer=ours.layers.LSTM(3))
    with pytest.raises(ShapeError, match="does not know the batch size"):
        ours.layers.LSTM(3, stateful=True).build((None, 5, 4))
    with pytest.raises(ShapeError, match="three axes"):
        ours.layers.TimeDistributed(ours.layers.Dense(3))(np.ones((2, 3), "float32"))
