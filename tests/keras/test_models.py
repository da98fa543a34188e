"""Layers and models: tracking, building, calling, masks, graphs, names."""

import numpy as np
import pytest

import headwater as tf
from headwater import keras
from headwater.keras import layers

X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


@pytest.fixture(autouse=True)
def fresh_names():
    keras.utils.clear_session()


def test_names_count_per_class_and_start_over_after_clear_session():
    assert [layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert layers.GlobalAveragePooling1D().name == "global_average_pooling1d"
    keras.utils.clear_session()
    assert layers.Dense(1).name == "dense"


def test_weights_of_lists_and_dicts_follow_the_order_of_their_making():
    class Blocks(layers.Layer):
        def __init__(self):
            super().__init__()
            self.blocks = []
            self.head = layers.Dense(1, name="head")
            self.blocks.append(layers.Dense(2, name="a"))
            self.table = {"k": layers.Dense(3, name="b")}

        def call(self, x):
            return self.head(self.table["k"](self.blocks[0](x)))

    layer = Blocks()
    layer(X)
    assert [w.path for w in layer.weights] == [
        "blocks/head/kernel", "blocks/head/bias", "blocks/a/kernel", "blocks/a/bias", "blocks/b/kernel", "blocks/b/bias"
    ]  # fmt: skip


def test_a_layer_that_replaces_another_replaces_its_weights():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    holder = layers.Layer()
    holder.inner = layers.Dense(1)
    holder.inner = layers.Dense(2)
    assert len(holder._layers) == 1
    del holder.inner
    assert holder._layers == []
    assert len(model.weights) == 2


def test_trainable_reaches_sub_layers_and_decides_what_tapes_and_optimizers_see():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.Dense(1)])
    model.layers[0].trainable = False
    assert [w.path for w in model.trainable_weights] == ["sequential/dense_1/kernel", "sequential/dense_1/bias"]
    model.compile("sgd", "mse")
    frozen = model.layers[0].get_weights()[0].copy()
    model.fit(X, np.ones((3, 1)), verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], frozen)
    model.trainable = False
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == 4


def test_training_reaches_nested_layers_by_context():
    class Probe(layers.Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    seen = []
    inner = keras.Sequential([Probe()])
    model = keras.Sequential([inner, Probe()])
    model(X)  # builds it
    seen.clear()
    model(X, training=True)
    model(X)
    assert seen == [True, True, None, None]


def test_mixed_precision_computes_in_16_bits_and_keeps_variables_in_32():
    layer = layers.Dense(2, dtype="mixed_bfloat16")
    assert layer(X).dtype == "bfloat16"
    assert layer.kernel.dtype == "float32"
    assert layer.compute_dtype == "bfloat16"
    assert layers.Dense(2)(np.ones((1, 2), "float64")).dtype == "float32"


def test_masks_reach_the_layers_that_take_them():
    class Counter(layers.Layer):
        def call(self, x, mask=None):
            return tf.ops.sum(tf.ops.cast(mask, "float32"), axis=1)

    ids = np.array([[1, 2, 0], [3, 0, 0]])
    model = keras.Sequential(
        [keras.Input((3,), dtype="int32"), layers.Embedding(4, 2, mask_zero=True), layers.Dropout(0.1), Counter()]
    )
    np.testing.assert_array_equal(model(ids).numpy(), [2, 1])
    np.testing.assert_array_equal(model.predict(ids, verbose=0), [2, 1])


def test_a_layer_without_masking_warns_that_it_loses_the_mask():
    embedded = layers.Embedding(4, 2, mask_zero=True)(np.array([[1, 0]]))
    with pytest.warns(UserWarning, match="does not support masking"):
        layers.Flatten()(embedded)


def test_functional_models_share_layers_and_nest():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(3)
    inner = keras.Sequential([layers.Dense(2)], name="inner")
    model = keras.Model([a, b], inner(layers.add([shared(a), shared(b)])))
    assert len(model.weights) == 4
    assert [layer.name for layer in model.layers] == ["a", "b", "dense", "add", "inner"]
    want = inner(shared(X).numpy() + shared(X * 2).numpy()).numpy()
    np.testing.assert_allclose(model([X, X * 2]).numpy(), want, rtol=1e-5)
    np.testing.assert_allclose(model({"b": X * 2, "a": X}).numpy(), want, rtol=1e-5)
    part = keras.Model(model.inputs, model.get_layer("add").output)
    assert part([X, X]).shape == (3, 3)


@pytest.mark.parametrize("shape", [(5, 1), (5,), (1,), (1, 1), (5, 1, 1)])
def test_inputs_may_lack_or_repeat_a_last_axis_of_one(shape):
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    assert model(np.ones(shape)).shape == (shape[0], 2)
    assert model.predict(np.ones(shape), verbose=0).shape == (shape[0], 2)


def test_a_model_can_start_from_the_output_of_a_layer():
    x = keras.Input((4,))
    h = layers.Dense(3)(x)
    y = layers.Dense(2)(h)
    tail = keras.Model(h, y)
    assert tail.input_shape == (None, 3)
    assert tail(np.ones((2, 3))).shape == (2, 2)


def test_operators_and_ops_on_symbolic_tensors_become_nodes():
    x = keras.Input((4,))
    y = keras.ops.tanh((x * 2 - 1) / 3)[:, 1:3] @ np.ones((2, 5), "float32")
    z = keras.ops.where(y > 0, y, -y)
    model = keras.Model(x, {"y": y, "z": z})
    found = model(X)
    want = np.tanh((X * 2 - 1) / 3)[:, 1:3] @ np.ones((2, 5))
    np.testing.assert_allclose(found["y"].numpy(), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["z"].numpy(), np.abs(want), rtol=1e-5, atol=1e-6)


def test_shapes_are_found_by_tracing_where_a_layer_does_not_give_them():
    class Windows(layers.Layer):
        def call(self, x):
            batch, steps, features = x.shape
            return tf.ops.reshape(x[:, : steps // 2 * 2], (batch, -1, 2 * features))

    assert tuple(Windows()(keras.Input((6, 3))).shape) == (None, 3, 6)
    assert tuple(Windows()(keras.Input((None, 3))).shape) == (None, None, 6)


def test_sequential_grows_and_shrinks():
    model = keras.Sequential()
    model.add(keras.Input((4,)))
    model.add(layers.Dense(3))
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    model.pop()
    assert model.output_shape == (None, 3)
    model.add(layers.Dense(5))
    assert model(X).shape == (3, 5)
    assert len(model.layers) == 2


@pytest.mark.parametrize(
    "first",
    [
        lambda: layers.Dense(2, input_shape=(4,)), lambda: layers.Dense(2, input_dim=4),
        lambda: layers.Dense(2, batch_input_shape=(None, 4)),
    ],
)  # fmt: skip
def test_older_ways_to_give_the_shape_of_the_input(first):
    model = keras.Sequential([first(), layers.Dense(1)])
    assert model.built
    assert model.input_shape == (None, 4)


def test_a_sequential_model_without_shape_is_built_by_its_first_data():
    model = keras.Sequential([layers.Dense(2), layers.Dense(1)])
    assert model.weights == []
    model.compile("sgd", "mse")
    model.fit(X, np.ones((3, 1)), verbose=0)
    assert model.count_params() == 13
    other = keras.Sequential([layers.Dense(2)])
    other.build((None, 4))
    assert other.output_shape == (None, 2)


def test_a_subclass_is_built_by_its_first_call_or_by_a_shape():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(3), layers.Dense(1)

        def call(self, x, training=None):
            return self.two(self.one(x))

    called, built = Net(), Net()
    called(X)
    built.build((None, 4))
    assert called.count_params() == built.count_params() == 19
    assert called.weights[0].path == "net/dense/kernel"


def test_a_subclass_that_passes_inputs_and_outputs_up_is_functional():
    class Net(keras.Model):
        def __init__(self, units):
            x = keras.Input((4,))
            super().__init__(inputs=x, outputs=layers.Dense(units)(x))
            self.units = units

    model = Net(3)
    assert model(X).shape == (3, 3)
    assert model.output_shape == (None, 3)
    assert isinstance(model, Net)


def test_losses_of_a_call_replace_those_of_the_call_before():
    layer = layers.ActivityRegularization(l2=1.0)
    layer(X)
    layer(X)
    assert len(layer.losses) == 1


def test_a_layer_describes_itself_by_the_arguments_of_its_constructor():
    class Scale(layers.Layer):
        def __init__(self, by, more=2, **kwargs):
            super().__init__(**kwargs)

    config = Scale(3, name="s").get_config()
    assert (config["by"], config["more"], config["name"]) == (3, 2, "s")
    assert Scale.from_config(config).name == "s"


def test_normalization_learns_moments_from_batches_and_arrays():
    data = np.random.default_rng(0).normal(3, 2, size=(1000, 2))
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(data)
    parts.adapt(iter(np.array_split(data, 7)))
    np.testing.assert_allclose(whole.get_weights()[0], data.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(whole.get_weights()[1], data.var(axis=0), rtol=1e-5)
    np.testing.assert_allclose(parts.get_weights()[1], whole.get_weights()[1], rtol=1e-5)


def test_summary_lists_layers_shapes_and_counts():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(300, name="wide"), layers.Dense(1)], name="m")
    lines = []
    model.summary(print_fn=lines.append, line_length=60, show_trainable=True)
    (text,) = lines
    assert 'Model: "m"' in text
    assert "│ wide (Dense)" in text
    assert "1,500" in text
    assert " Total params: 1,801 (7.04 KB)" in text
    assert {len(line) for line in text.splitlines()[1:-3]} == {60}


# ---- costs ----------------------------------------------------------------------------------------------------------


def test_the_summary_shows_what_layers_compute_and_give():
    inner = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, name="inner_dense")], name="inner")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, name="first"), inner])
    model.compile("sgd", "mse")
    lines = []
    model.summary(print_fn=lines.append, show_costs=True, expand_nested=True, line_length=120)
    rows = {line.split()[1]: line.replace("│", " ").split() for line in lines[0].splitlines() if line.startswith("│")}
    assert rows["first"][-3:] == ["56", "32.00", "B"]  # 8 * (3 products, 3 sums, a bias)
    assert rows["inner"][-3:] == ["68", "16.00", "B"]
    assert "Arithmetic: 124 FLOPs for a row" in lines[0]
    assert "Memory of a training step" in lines[0]


def test_costs_of_a_model_that_does_not_say_what_it_takes_are_not_known():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    model(np.ones((1, 3), "float32"))
    lines = []
    model.summary(print_fn=lines.append, show_costs=True)
    assert "?" in lines[0]
