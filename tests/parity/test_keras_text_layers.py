"""Layers of strings and categories held to those of real Keras: eager, adapted, in a Dataset, and in saved models."""

import functools
import importlib
import io
import zipfile

import keras as theirs
import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours

pytestmark = pytest.mark.filterwarnings("ignore:Explicitly requested dtype")  # of JAX, which has no 64 bits
their_tf = importlib.import_module("tensorflow")
rng = np.random.default_rng(11)
WORDS = np.array([["a", "c"], ["z", "a"], ["", "b"]])
NUMBERS = np.array([[12, 36], [7, 12], [0, 1138]])
TEXTS = np.array(["Hello, World!", "  the cat\tsat (on) the mat ", "", "don't; héllo wörld", "the the THE"])
DOCUMENTS = np.array([" ".join(rng.choice(["ab", "Cd", "e,f", "g"], rng.integers(1, 7))) for _ in range(40)])

LOOKUPS = [
    ("StringLookup", {"vocabulary": ["a", "b", "c"]}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b", "c"], "mask_token": ""}, WORDS),
    ("StringLookup", {"vocabulary": ["", "[UNK]", "a", "b"], "mask_token": ""}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b", "c"], "num_oov_indices": 3}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b", "c"], "num_oov_indices": 4, "salt": (133, 137)}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b", "c", "z", ""], "num_oov_indices": 0}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b", "c"], "output_mode": "one_hot"}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b", "c"], "output_mode": "one_hot", "mask_token": ""}, WORDS[:, :1]),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "multi_hot", "num_oov_indices": 2}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "multi_hot", "mask_token": ""}, WORDS),
    ("StringLookup", {"vocabulary": ["a"], "output_mode": "count", "max_tokens": 5, "pad_to_max_tokens": True}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b"], "idf_weights": [0.5, 2.0], "output_mode": "tf_idf"}, WORDS),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "multi_hot"}, np.array(["b", "q"])),
    ("StringLookup", {"vocabulary": ["a", "b", "c"]}, np.array("b")),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "one_hot"}, np.array(["b", "q"])),
    ("IntegerLookup", {"vocabulary": [12, 36, 1138]}, NUMBERS),
    ("IntegerLookup", {"vocabulary": [12, 36, 1138], "mask_token": 0}, NUMBERS),
    ("IntegerLookup", {"vocabulary": [12, 36], "num_oov_indices": 3}, NUMBERS),
    ("IntegerLookup", {"vocabulary": [12, 36], "num_oov_indices": 3, "oov_method": "farmhash"}, NUMBERS),
    ("IntegerLookup", {"vocabulary": [12, 36], "num_oov_indices": 5, "oov_method": "farmhash", "salt": 9}, NUMBERS),
    ("IntegerLookup", {"vocabulary": [12, 36], "output_mode": "multi_hot"}, NUMBERS),
    ("IntegerLookup", {"vocabulary": [12, 36], "output_mode": "count", "mask_token": 0}, NUMBERS),
    ("IntegerLookup", {"vocabulary": [12, 36], "output_mode": "one_hot"}, NUMBERS[:, :1].astype("int32")),
    ("IntegerLookup", {"vocabulary": [12, 36, 1138], "invert": True}, np.array([[0, 1], [3, 9]])),
    ("IntegerLookup", {"vocabulary": [12, 36], "invert": True, "mask_token": 0, "num_oov_indices": 2}, np.arange(6)),
    ("Hashing", {"num_bins": 3}, WORDS),
    ("Hashing", {"num_bins": 7, "mask_value": ""}, WORDS),
    ("Hashing", {"num_bins": 7, "salt": [133, 137]}, WORDS),
    ("Hashing", {"num_bins": 7, "salt": 133, "output_mode": "multi_hot"}, WORDS),
    ("Hashing", {"num_bins": 7, "output_mode": "count"}, WORDS),
    ("Hashing", {"num_bins": 7, "output_mode": "one_hot"}, WORDS[:, :1]),
    ("Hashing", {"num_bins": 7}, NUMBERS),
    ("Hashing", {"num_bins": 7, "mask_value": 12, "dtype": "int32"}, NUMBERS),
    ("Hashing", {"num_bins": 7}, np.array([1.7, -3.2], "float32")),
    ("CategoryEncoding", {"num_tokens": 4}, np.array([[0, 3], [1, 1]])),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, np.array([[0, 3], [1, 1]])),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, np.array([0, 3, 1])),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, np.array([[0], [3]])),
    ("CategoryEncoding", {"num_tokens": 4}, np.array([2, 3])),
    ("CategoryEncoding", {"num_tokens": 4, "dtype": "float16"}, np.array([[2], [3]])),
    ("Discretization", {"bin_boundaries": [0.0, 0.5, 1.0]}, rng.normal(size=(3, 4)).astype("float32")),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "multi_hot"}, np.array([[0.0, 2.0], [1.0, 0.5]])),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "count"}, np.array([[0.0, 2.0], [1.0, 2.5]])),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"}, np.array([[0.0], [1.0]])),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"}, np.array([0.5, -1.0])),
]
VECTORIZATIONS = [
    {},
    {"output_sequence_length": 2},
    {"output_sequence_length": 9, "max_tokens": 5},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation"},
    {"standardize": None},
    {"split": "character"},
    {"split": None},
    {"ngrams": 2},
    {"ngrams": (2, 3), "output_sequence_length": 3},
    {"split": None, "standardize": "lower", "output_mode": "multi_hot"},
    {"output_mode": "multi_hot"},
    {"output_mode": "count", "max_tokens": 6},
    {"output_mode": "count", "max_tokens": 99, "pad_to_max_tokens": True},
    {"output_mode": "tf_idf"},
    {"output_mode": "tf_idf", "ngrams": 2, "max_tokens": 8},
]


def same(mine, other):
    """Equal values and shapes, and dtypes of one kind: JAX has no 64 bits unless it is told."""
    mine, other = np.asarray(mine), np.asarray(other)
    assert mine.shape == other.shape
    assert mine.dtype.kind == other.dtype.kind
    if mine.dtype.kind == "O":
        assert mine.tolist() == other.tolist()
    else:
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-6)


def pair(name, arguments):
    return getattr(ours.layers, name)(**arguments), getattr(theirs.layers, name)(**arguments)


def without_names(config):
    return {key: value for key, value in config.items() if key not in ("name", "dtype")}


@pytest.mark.parametrize(("name", "arguments", "inputs"), LOOKUPS)
def test_numbers_of_categories_are_those_of_keras(name, arguments, inputs):
    mine, other = pair(name, arguments)
    same(mine(inputs), other(inputs))
    assert without_names(mine.get_config()) == without_names(other.get_config())
    same(type(mine).from_config(mine.get_config())(inputs), other(inputs))


def test_indices_turn_back_into_strings():
    for arguments in ({}, {"mask_token": "", "oov_token": "?"}):
        mine, other = pair("StringLookup", {"vocabulary": ["a", "b"], "invert": True, **arguments})
        indices = np.array([[0, 1, 2], [3, 4, 0]])
        same(mine(indices), other(their_tf.constant(indices)))


@pytest.mark.parametrize("arguments", VECTORIZATIONS)
def test_texts_become_what_keras_makes_of_them(arguments):
    mine, other = pair("TextVectorization", arguments)
    for layer in (mine, other):
        layer.adapt(np.concatenate([DOCUMENTS, TEXTS]))
    assert mine.get_vocabulary() == list(map(str, other.get_vocabulary()))
    assert mine.get_vocabulary(False) == list(map(str, other.get_vocabulary(False)))
    inputs = TEXTS[:, None] if arguments.get("split", "") is None else TEXTS
    same(mine(inputs), other(inputs))
    many = np.concatenate([TEXTS, DOCUMENTS])[:, None]
    same(mine(many), other(many))
    if arguments.get("split", "") is not None:
        same(mine(np.array("the cat")), other(np.array("the cat")))
    assert without_names(mine.get_config()) == without_names(other.get_config())


def test_functions_of_strings_standardize_and_split():
    strings = [(ours, tf), (theirs, their_tf)]

    def standardize(where, texts):
        return where.strings.regex_replace(where.strings.lower(texts), "[aeiou]", "")

    def split(where, texts):
        return where.strings.split(texts, "t")

    made = [
        keras.layers.TextVectorization(
            standardize=None if keras is theirs else functools.partial(standardize, where),
            split=functools.partial(split, where),
        )
        for keras, where in strings
    ]
    texts = standardize(their_tf, TEXTS).numpy()
    made[0].adapt(TEXTS)
    made[1].adapt(texts)
    assert made[0].get_vocabulary() == list(map(str, made[1].get_vocabulary()))
    same(made[0](TEXTS), made[1](texts))


def test_a_function_of_numpys_strings_standardizes_as_on_jax():
    made = [keras.layers.TextVectorization(standardize=np.char.upper) for keras in (ours, theirs)]
    for layer in made:
        layer.adapt(TEXTS)
    assert made[0].get_vocabulary() == list(map(str, made[1].get_vocabulary()))
    same(made[0](TEXTS), made[1](TEXTS))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("StringLookup", {}),
        ("StringLookup", {"max_tokens": 4, "mask_token": "a"}),
        ("StringLookup", {"output_mode": "tf_idf"}),
        ("StringLookup", {"output_mode": "tf_idf", "max_tokens": 12, "pad_to_max_tokens": True}),
        ("StringLookup", {"output_mode": "count", "max_tokens": 3}),
        ("IntegerLookup", {}),
        ("IntegerLookup", {"mask_token": 0, "num_oov_indices": 2}),
        ("IntegerLookup", {"output_mode": "tf_idf"}),
    ],
)
def test_vocabularies_are_found_in_arrays_batches_and_generators(name, arguments):
    data = rng.integers(0, 9, (20, 3))
    if name == "StringLookup":
        data = np.array(list("abcdefghi"))[data]
    mine, other = pair(name, arguments)
    other.adapt(data)
    for source in (data, tf.data.Dataset.from_tensor_slices(data).batch(7), iter([data[:5], data[5:]])):
        mine.adapt(source)
        assert mine.get_vocabulary() == _plain(other)
        same(mine(data), other(data))
    other.adapt(their_tf.data.Dataset.from_tensor_slices(data).batch(7), steps=2)
    mine.adapt(tf.data.Dataset.from_tensor_slices(data).batch(7), steps=2)
    assert mine.get_vocabulary() == _plain(other)
    assert mine.vocabulary_size() == other.vocabulary_size()
    single, their_single = pair(name, {**arguments, "num_oov_indices": 1})
    single.adapt(data[:, 0])
    their_single.adapt(data[:, 0])
    assert single.get_vocabulary() == _plain(their_single)


def _plain(layer):
    return [token.item() if isinstance(token, np.generic) else token for token in layer.get_vocabulary()]


@pytest.mark.parametrize("epsilon", [0.01, 0.1])
@pytest.mark.parametrize("size", [7, 1000])
def test_quantiles_of_a_stream_are_those_of_keras(epsilon, size):
    data = rng.gamma(2.0, size=(size, 2)).astype("float32")
    mine, other = pair("Discretization", {"num_bins": 5, "epsilon": epsilon})
    for cut in (lambda x: x, lambda x: iter(np.array_split(x, 6)), lambda x: list(np.array_split(x, 3))):
        mine.adapt(cut(data))
        other.adapt(cut(data))
        assert mine.bin_boundaries == other.bin_boundaries
        same(mine(data), other(data))
    assert without_names(mine.get_config()) == without_names(other.get_config())
    same(ours.layers.Discretization.from_config(mine.get_config())(data), other(data))


@pytest.mark.parametrize("arguments", [{}, {"axis": None}, {"axis": (1, 2)}, {"axis": 1}, {"invert": True}])
def test_means_and_variances_are_those_of_keras(arguments):
    data = rng.normal(3.0, 2.0, (12, 3, 4)).astype("float32")
    mine, other = pair("Normalization", arguments)
    for source in (data, [data[:5], data[5:]]):
        mine.adapt(source)
        other.adapt(source)
        for name in ("mean", "variance"):
            np.testing.assert_allclose(getattr(mine, name), getattr(other, name), rtol=1e-5)
        np.testing.assert_allclose(mine(data), other(data), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mean", [1.0, [1.0, 2.0], [[1.0, 2.0], [0.5, 3.0], [4.0, 1.0]]])
def test_given_means_broadcast_as_in_keras(mean):
    data = rng.normal(size=(4, 3, 2)).astype("float32")
    mine, other = pair("Normalization", {"mean": mean, "variance": np.square(mean).tolist(), "axis": (1, 2)})
    np.testing.assert_allclose(mine(data), other(data), rtol=1e-5, atol=1e-6)


def test_crossed_features_fall_into_keras_bins():
    features = np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])
    for arguments in ({"num_bins": 5}, {"num_bins": 9, "output_mode": "one_hot"}):
        mine, other = pair("HashedCrossing", arguments)
        same(mine(features), other(features))
        columns = tuple(feature[:, None] for feature in features)
        same(mine(columns), other(columns))
        assert without_names(mine.get_config()) == without_names(other.get_config())
    mine, other = pair("HashedCrossing", {"num_bins": 9})
    three = (*features, features[1] * 3)
    same(mine(three), other(three))


# ---- in a Dataset ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "arguments", "inputs"), LOOKUPS[::4])
def test_layers_give_the_same_in_a_dataset(name, arguments, inputs):
    layer = getattr(ours.layers, name)(**arguments)
    if not inputs.ndim:
        inputs = inputs[None]
    (found,) = tf.data.Dataset.from_tensors(inputs).map(layer)
    same(found, layer(inputs))
    assert np.asarray(found).dtype == np.asarray(layer(inputs)).dtype


def test_texts_are_vectorized_in_a_dataset():
    layer = ours.layers.TextVectorization(output_sequence_length=4)
    layer.adapt(tf.data.Dataset.from_tensor_slices(DOCUMENTS).batch(8))
    labels = np.arange(len(TEXTS))
    pairs = tf.data.Dataset.from_tensor_slices((TEXTS, labels)).batch(2).map(lambda x, y: (layer(x), y))
    same(np.concatenate([x for x, _ in pairs]), layer(TEXTS))


# ---- in files -------------------------------------------------------------------------------------------------------


def text_model(keras):
    layer = keras.layers.TextVectorization(output_sequence_length=4, max_tokens=6)
    layer.adapt(DOCUMENTS)
    x = keras.Input((1,), dtype="string")
    h = keras.layers.Embedding(6, 3)(layer(x))
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Flatten()(h))), DOCUMENTS[:5, None]


def weighted_words(keras):
    layer = keras.layers.StringLookup(output_mode="tf_idf")
    layer.adapt(WORDS[:2])
    return keras.Sequential([keras.Input((2,), dtype="string"), layer]), WORDS


def numbers(keras):
    layer = keras.layers.IntegerLookup(output_mode="multi_hot")
    layer.adapt(NUMBERS)
    return keras.Sequential([keras.Input((2,), dtype="int64"), layer]), NUMBERS


def bins(keras):
    layer = keras.layers.Discretization(num_bins=3)
    layer.adapt(rng.normal(size=(50, 1)).astype("float32"))
    return keras.Sequential([keras.Input((1,)), layer]), rng.normal(size=(4, 1)).astype("float32")


def given_words(keras):
    layer = keras.layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=2, mask_token="")
    return keras.Sequential([keras.Input((2,), dtype="string"), layer]), WORDS


MODELS = [text_model, weighted_words, numbers, bins, given_words]


def by_layers(model, inputs):
    """A model of real Keras on JAX, which takes no strings, layer by layer."""
    for layer in model.layers:
        if not isinstance(layer, theirs.layers.InputLayer):
            inputs = layer(inputs)
    return inputs


@pytest.mark.parametrize("make", MODELS)
def test_files_are_read_both_ways(make, tmp_path):
    other, inputs = make(theirs)
    other.save(tmp_path / "theirs.keras")
    read = ours.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(read(inputs), by_layers(other, inputs), rtol=1e-5, atol=1e-6)

    mine, inputs = make(ours)
    mine.save(tmp_path / "ours.keras")
    np.testing.assert_array_equal(ours.models.load_model(tmp_path / "ours.keras")(inputs), mine(inputs))
    back = theirs.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(mine(inputs), by_layers(back, inputs), rtol=1e-5, atol=1e-6)
    assert _members(tmp_path / "ours.keras") == _members(tmp_path / "theirs.keras")


def test_an_empty_last_token_is_read_which_keras_writes_and_loses(tmp_path):
    layer = theirs.layers.StringLookup()
    layer.adapt(WORDS)
    assert _plain(layer)[-1] == ""
    theirs.Sequential([theirs.Input((2,), dtype="string"), layer]).save(tmp_path / "theirs.keras")
    read = ours.models.load_model(tmp_path / "theirs.keras")
    assert read.layers[0].get_vocabulary() == _plain(layer)
    read.save(tmp_path / "ours.keras")
    for keras in (ours, theirs):
        assert _plain(keras.models.load_model(tmp_path / "ours.keras").layers[0]) == _plain(layer)


def _members(path):
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return sorted(name for name in archive.namelist() if name.startswith("assets/"))


# ---- FeatureSpace ---------------------------------------------------------------------------------------------------

TABLE = {
    "size": rng.normal(size=20).astype("float32"),
    "age": rng.gamma(3.0, size=20).astype("float32"),
    "color": rng.choice(["red", "green", "blue"], 20),
    "zip": rng.integers(10, 15, 20),
    "user": np.array([f"u{i}" for i in range(20)]),
    "item": rng.integers(0, 100, 20),
    "raw": rng.normal(size=20).astype("float32"),
    "share": rng.uniform(size=20).astype("float32"),
}
KINDS = {
    "size": "float_normalized", "age": "float_discretized", "color": "string_categorical", "zip": "integer_categorical",
    "user": "string_hashed", "item": "integer_hashed", "raw": "float", "share": "float_rescaled",
}  # fmt: skip


def spaces(**arguments):
    made = [keras.utils.FeatureSpace(dict(KINDS), **arguments) for keras in (ours, theirs)]
    for space in made:
        space.adapt(dict(TABLE))
    return made


def _row(index):
    return {name: column[index].item() for name, column in TABLE.items()}


def test_feature_spaces_give_keras_vectors(tmp_path):
    mine, other = spaces(crosses=[("color", "zip"), ("zip", "item")], crossing_dim=8, num_discretization_bins=4)
    same(mine(TABLE), other(TABLE))
    same(mine(_row(3)), other(_row(3)))
    described = mine.get_encoded_features()
    assert tuple(described.shape) == tuple(other.get_encoded_features().shape)
    assert list(mine.get_inputs()) == list(other.get_inputs())
    other.save(str(tmp_path / "theirs.keras"))
    mine.save(str(tmp_path / "ours.keras"))
    same(ours.models.load_model(tmp_path / "theirs.keras")(TABLE), other(TABLE))
    same(ours.models.load_model(tmp_path / "ours.keras")(TABLE), other(TABLE))
    same(theirs.models.load_model(tmp_path / "ours.keras")(TABLE), other(TABLE))


def test_feature_spaces_give_dicts_and_whole_numbers():
    made = []
    for keras in (ours, theirs):
        space = keras.utils.FeatureSpace
        made.append(
            space(
                {
                    "color": space.string_categorical(output_mode="int", num_oov_indices=2),
                    "zip": space.integer_categorical(output_mode="int", max_tokens=3),
                    "age": space.float_discretized(num_bins=3, output_mode="int"),
                    "share": space.float_rescaled(scale=2.0, offset=1.0),
                    "user": space.string_hashed(num_bins=4),
                },
                crosses=[space.cross(("color", "zip"), crossing_dim=8, output_mode="int")],
                output_mode="dict",
            )
        )
    tables = [where.data.Dataset.from_tensor_slices(dict(TABLE)) for where in (tf, their_tf)]
    for space, table in zip(made, tables):
        space.adapt(table)
    mine, other = (space({name: TABLE[name] for name in ("color", "zip", "age", "share", "user")}) for space in made)
    assert sorted(mine) == sorted(other)
    for name in mine:
        same(mine[name], other[name])
