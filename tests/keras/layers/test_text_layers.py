"""Layers of strings and categories: rows of all kinds, streams, what they refuse, models that begin with strings."""

import json
import zipfile

import numpy as np
import pytest

import headwater as tf
from headwater import keras
from headwater.errors import ArgumentError, DTypeError, NotFoundError, ShapeError, StateError

layers = keras.layers
TEXTS = np.array(["good film", "bad film", "fine, good", "awful"] * 8)
LABELS = np.array([1, 0, 1, 0] * 8, "float32")


def vectorizer(**arguments):
    layer = layers.TextVectorization(**arguments)
    layer.adapt(TEXTS)
    return layer


# ---- ragged and sparse ----------------------------------------------------------------------------------------------


def test_ragged_rows_of_texts_are_not_padded():
    found = vectorizer(ragged=True)(TEXTS[:4])
    assert isinstance(found, tf.RaggedTensor)
    assert found.to_list() == [row[row > 0].tolist() for row in vectorizer()(TEXTS[:4]).numpy()]


def test_ragged_rows_are_cut():
    def words(texts):
        return tf.strings.split(texts)

    for arguments in ({}, {"split": words, "standardize": "lower"}):
        layer = layers.TextVectorization(ragged=True, output_sequence_length=2, vocabulary=["a", "b"], **arguments)
        assert layer(np.array([["a b a"], [""], ["b"]])).to_list() == [[2, 3], [], [3]]


def test_lookups_keep_the_rows_of_ragged_tensors():
    words = tf.ragged.constant([["a", "b"], [], ["z"]])
    assert layers.StringLookup(vocabulary=["a", "b"])(words).to_list() == [[1, 2], [], [0]]
    counts = layers.StringLookup(vocabulary=["a", "b"], output_mode="count")(words)
    assert counts.numpy().tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 0]]
    assert layers.Hashing(5)(words).to_list() == [
        layers.Hashing(5)(row).numpy().tolist() if len(row) else [] for row in words.to_list()
    ]
    layer = layers.StringLookup(output_mode="tf_idf")
    layer.adapt(words)
    assert layer.get_vocabulary() == ["[UNK]", "z", "b", "a"]
    back = layers.StringLookup(vocabulary=["a", "b"], invert=True)(tf.ragged.constant([[1, 2], [0]], dtype=tf.int64))
    assert back.to_list() == [[b"a", b"b"], [b"[UNK]"]]


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_sparse_vectors_hold_what_dense_ones_do(mode):
    words = np.array([["a", "b", "a"], ["z", "a", "q"]])
    dense = layers.StringLookup(vocabulary=["a", "b"], output_mode=mode)(words)
    sparse = layers.StringLookup(vocabulary=["a", "b"], output_mode=mode, sparse=True)(words)
    assert isinstance(sparse, tf.SparseTensor)
    np.testing.assert_array_equal(tf.sparse.to_dense(sparse), dense)
    numbers = np.array([[0, 2, 0], [1, 1, 5]])
    dense = layers.CategoryEncoding(3, output_mode=mode)(numbers)
    np.testing.assert_array_equal(tf.sparse.to_dense(layers.CategoryEncoding(3, mode, sparse=True)(numbers)), dense)


def test_sparse_weights_are_those_of_dense_vectors():
    arguments = {"vocabulary": ["a", "b"], "idf_weights": [0.5, 2.0], "output_mode": "tf_idf"}
    words = np.array([["a", "b", "a"], ["z", "a", "q"]])
    sparse = layers.StringLookup(sparse=True, **arguments)(words)
    np.testing.assert_allclose(tf.sparse.to_dense(sparse), layers.StringLookup(**arguments)(words))


def test_weights_count_for_more_than_one():
    layer = layers.CategoryEncoding(3, output_mode="count")
    found = layer(np.array([[0, 2, 2]]), count_weights=np.array([[0.5, 1.0, 0.25]]))
    assert found.numpy().tolist() == [[0.5, 0.0, 1.25]]
    with pytest.raises(ArgumentError, match="count_weights"):
        layers.CategoryEncoding(3)(np.array([[0, 2, 2]]), count_weights=np.array([[0.5, 1.0, 0.25]]))


# ---- texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"a\xff b", b"", b"\x00 \x00\x00", b"x" * 70 + b" y", b"\xc3\xa9\xc3\xa9 a"])
@pytest.mark.parametrize("repeats", [1, 20])
def test_bytes_of_any_kind_are_split_as_one_by_one(text, repeats):
    texts = tf.constant([b"a b", text, b" "] * repeats)
    layer = layers.TextVectorization(vocabulary=["a", "b", "x" * 70, "éé"], standardize=None)
    words = [row.split() for row in (b"a b", text, b" ")]
    known = {token.encode(): index for index, token in enumerate(layer.get_vocabulary())}
    rows = [[known.get(word, 1) for word in row] for row in words] * repeats
    size = max(map(len, rows))
    assert layer(texts).numpy().tolist() == [row + [0] * (size - len(row)) for row in rows]


def test_texts_keep_the_axes_that_they_have():
    layer = vectorizer(output_sequence_length=2)
    cube = TEXTS[:4].reshape(2, 2, 1)
    np.testing.assert_array_equal(layer(cube), layer(TEXTS[:4]).numpy().reshape(2, 2, 2))
    with pytest.raises(ShapeError, match=r"shape \(2, 2\)"):
        layer(TEXTS[:4].reshape(2, 2))
    with pytest.raises(DTypeError, match="takes texts"):
        layer(np.zeros((2, 1)))


def test_ragged_texts_are_split_within_their_rows():
    texts = tf.ragged.constant([["the cat", "a"], [], ["dog the dog"]])
    layer = layers.TextVectorization()
    layer.adapt(texts)
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "dog", "cat", "a"]
    assert layer(texts).numpy().tolist() == [[[2, 4, 0], [5, 0, 0]], [[0] * 3] * 2, [[3, 2, 3], [0] * 3]]
    assert layer.get_config()["vocabulary_size"] == 6


def test_many_tokens_are_looked_up_where_they_stand():
    rng = np.random.default_rng(0)
    vocabulary = list(dict.fromkeys(rng.bytes(size).hex() for size in rng.integers(1, 40, 500)))
    layer = layers.TextVectorization(vocabulary=vocabulary, standardize=None, ngrams=(1, 2))
    texts = [" ".join(rng.choice(vocabulary, 9)) for _ in range(50)]
    known = {token: index for index, token in enumerate(layer.get_vocabulary())}
    found = layer(texts).numpy()
    for row, text in zip(found, texts):
        assert row[:9].tolist() == [known[word] for word in text.split()]
        assert row[9:].tolist() == [1] * 8


# ---- adapting -------------------------------------------------------------------------------------------------------


def test_means_of_a_stream_are_those_of_float64():
    rng = np.random.default_rng(1)
    data = (rng.normal(size=(4000, 3)) * [1, 10, 0.1] + [1e4, -3, 0]).astype("float32")
    layer = layers.Normalization()
    layer.adapt(data[start : start + 37] for start in range(0, 4000, 37))
    exact = data.astype("float64")
    np.testing.assert_allclose(layer.adapt_mean, exact.mean(0), rtol=1e-7)
    np.testing.assert_allclose(layer.adapt_variance, exact.var(0), rtol=2e-7)
    whole = layers.Normalization()
    whole.adapt(data)
    np.testing.assert_array_equal(whole.adapt_mean, layer.adapt_mean)


def test_a_large_array_is_not_copied_to_adapt(tmp_path):
    import tracemalloc

    data = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype="float32", shape=(1_000_000, 8))
    data[:] = np.arange(8)
    layer = layers.Normalization()
    tracemalloc.start()
    layer.adapt(data)
    assert tracemalloc.get_traced_memory()[1] < 40 << 20  # of 32 MB that would be 64 MB in float64
    tracemalloc.stop()
    assert layer.mean.numpy().tolist() == [list(range(8))]


def test_a_normalization_tells_its_means_and_its_bounds():
    layer = layers.Normalization()
    assert layer.mean is None
    layer.adapt(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert layer.mean.numpy().tolist() == [[2.0, 4.0]]
    assert layer.variance.numpy().tolist() == [[1.0, 4.0]]
    with pytest.raises(ShapeError, match=r"shape \(None, 2\)"):
        layer.adapt(np.zeros((4, 3)))
    with pytest.raises(StateError, match="given its means"):
        layers.Normalization(mean=1.0, variance=2.0).adapt(np.zeros((4, 3)))
    layer.adapt(tf.data.Dataset.from_tensor_slices((np.array([[1.0, 0.0], [5.0, 0.0]]), np.zeros(2))))
    assert layer.mean.numpy().tolist() == [[3.0, 0.0]]


def test_a_stream_of_pairs_is_refused_with_the_remedy():
    pairs = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(4)
    with pytest.raises(ArgumentError, match=r"dataset.map\(lambda x, y: x\)"):
        layers.TextVectorization().adapt(pairs)


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), ArgumentError, "more than once"),
        (lambda: layers.StringLookup(vocabulary=[]), ArgumentError, "empty"),
        (lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), ArgumentError, "mask token"),
        (lambda: layers.StringLookup(vocabulary=["a", "[UNK]"], invert=True), ArgumentError, "OOV token"),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), ArgumentError, "max_tokens is 2"),
        (lambda: layers.StringLookup(max_tokens=1), ArgumentError, "no room"),
        (lambda: keras.utils.FeatureSpace.string_categorical("cut"), ArgumentError, "name="),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), ArgumentError, "no max_tokens"),
        (lambda: layers.StringLookup(num_oov_indices=-1), ArgumentError, "negative"),
        (lambda: layers.StringLookup(output_mode="hot"), ArgumentError, "output_mode"),
        (lambda: layers.StringLookup(invert=True, output_mode="count"), ArgumentError, "invert"),
        (lambda: layers.StringLookup(sparse=True), ArgumentError, "sparse"),
        (lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0]), ArgumentError, "idf_weights"),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), ArgumentError, "idf_weights"),
        (
            lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[1.0, 2.0]),
            ArgumentError,
            "idf_weights",
        ),
        (lambda: layers.StringLookup(vocabulary="nowhere.txt"), NotFoundError, "nowhere.txt"),
        (lambda: layers.StringLookup(encoding="martian"), ArgumentError, "martian"),
        (lambda: layers.StringLookup(surprise=1), ArgumentError, "surprise"),
        (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["a"]), ValueError, "given its vocabulary"),
        (lambda: layers.StringLookup(output_mode="count")(["a"]), StateError, "size of the vocabulary"),
        (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), ArgumentError, "'b'"),
        (lambda: layers.StringLookup(vocabulary=["a"])([1]), DTypeError, "IntegerLookup"),
        (lambda: layers.IntegerLookup(vocabulary=[1])(["a"]), DTypeError, "StringLookup"),
        (lambda: layers.IntegerLookup(vocabulary_dtype="int32"), ArgumentError, "vocabulary_dtype"),
        (lambda: layers.IntegerLookup(salt=3), ArgumentError, "farmhash"),
        (lambda: layers.IntegerLookup(salt=(1, 2, 3), oov_method="farmhash"), ArgumentError, "salt"),
        (lambda: layers.TextVectorization(standardize="upper"), ArgumentError, "standardize"),
        (lambda: layers.TextVectorization(split="comma"), ArgumentError, "split"),
        (lambda: layers.TextVectorization(ngrams=[1]), ArgumentError, "ngrams"),
        (lambda: layers.TextVectorization(output_mode="count", ragged=True), ArgumentError, "ragged"),
        (
            lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
            ArgumentError,
            "output_sequence_length",
        ),
        (lambda: layers.Hashing(0), ArgumentError, "num_bins"),
        (lambda: layers.Hashing(3, dtype="float32"), ArgumentError, "dtype"),
        (lambda: layers.Hashing(3)(np.array([True])), DTypeError, "bool"),
        (lambda: layers.HashedCrossing(3)(["a"]), ArgumentError, "two or more"),
        (lambda: layers.HashedCrossing(3)((["a"], [1, 2])), ShapeError, "one shape"),
        (lambda: layers.HashedCrossing(3)((["a"], [1.0])), DTypeError, "float32"),
        (lambda: layers.CategoryEncoding(), ArgumentError, "num_tokens"),
        (lambda: layers.CategoryEncoding(3, "int"), ArgumentError, "output_mode"),
        (lambda: layers.Discretization(), ArgumentError, "exactly one"),
        (lambda: layers.Discretization([0.0], 3), ArgumentError, "exactly one"),
        (lambda: layers.Discretization(num_bins=3)([1.0]), ValueError, "no boundaries"),
        (lambda: layers.Discretization([0.0]).adapt([1.0]), ValueError, "given its boundaries"),
        (lambda: keras.utils.FeatureSpace({}), ArgumentError, "empty"),
        (lambda: keras.utils.FeatureSpace({"a": "floaty"}), ArgumentError, "floaty"),
        (lambda: keras.utils.FeatureSpace({"a": "float"}, crosses=[("a", "b")]), ArgumentError, "do not exist: b"),
        (lambda: keras.utils.FeatureSpace({"a": "float_normalized"})({"a": 1.0}), ValueError, "not seen data"),
        (lambda: keras.utils.FeatureSpace({"a": "float"})({"b": 1.0}), ArgumentError, "lacks the features a"),
        (lambda: keras.utils.FeatureSpace({"a": "float"})([1.0]), ArgumentError, "a dict"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy(make, error, text):
    with pytest.raises(error, match=text) as caught:
        make()
    assert caught.value.fix


def test_vectors_do_not_change_their_size():
    layer = layers.StringLookup(vocabulary=["a", "b"], output_mode="count")
    layer.set_vocabulary(["c", "d"])
    with pytest.raises(StateError, match="from 3 to 4"):
        layer.set_vocabulary(["a", "b", "c"])
    layers.StringLookup(vocabulary=["a", "b"]).set_vocabulary(["a", "b", "c"])


# ---- files ----------------------------------------------------------------------------------------------------------


def test_a_vocabulary_file_is_read_once_and_kept_as_content(tmp_path):
    (tmp_path / "words.txt").write_text("one\ntwo\n")
    layer = layers.StringLookup(vocabulary=str(tmp_path / "words.txt"))
    assert layer.get_vocabulary() == ["[UNK]", "one", "two"]
    assert layer.get_config()["vocabulary"] is None
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    model.save(tmp_path / "m.keras")
    (tmp_path / "words.txt").unlink()
    assert keras.models.load_model(tmp_path / "m.keras").layers[0].get_vocabulary() == ["[UNK]", "one", "two"]
    (tmp_path / "numbers.txt").write_text("3\nx\n")
    with pytest.raises(ArgumentError, match="whole numbers"):
        layers.IntegerLookup(vocabulary=str(tmp_path / "numbers.txt"))


@pytest.mark.parametrize("name", ["StringLookup", "TextVectorization", "IntegerLookup"])
def test_a_file_that_names_a_vocabulary_file_is_refused(name, tmp_path):
    (tmp_path / "secret.txt").write_text("1\n2\n")
    layer = getattr(layers, name)(vocabulary=[1, 2] if name == "IntegerLookup" else ["a"])
    dtype = "int64" if name == "IntegerLookup" else "string"
    keras.Sequential([keras.Input((1,), dtype=dtype), layer]).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"]["vocabulary"] = str(tmp_path / "secret.txt")
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "bad.keras", "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    with pytest.raises(ArgumentError, match="outside of the model's file"):
        keras.models.load_model(tmp_path / "bad.keras")


def test_tokens_that_a_text_file_cannot_hold_are_kept(tmp_path):
    for arguments in ({}, {"output_mode": "tf_idf"}):
        layer = layers.StringLookup(**arguments)
        layer.adapt(np.array([["a\nb", "a\u2028b"], ["c\r", "a\nb"]]))
        model = keras.Sequential([keras.Input((2,), dtype="string"), layer])
        model.save(tmp_path / "m.keras")
        read = keras.models.load_model(tmp_path / "m.keras")
        assert read.layers[0].get_vocabulary() == layer.get_vocabulary()
        words = np.array([["c\r", "a\u2028b"]])
        np.testing.assert_array_equal(read(words), model(words))


@pytest.mark.parametrize("arguments", [{}, {"output_mode": "tf_idf"}])
def test_older_files_keep_vocabularies_in_the_config(arguments, tmp_path):
    layer = layers.TextVectorization(**arguments)
    layer.adapt(TEXTS)
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    model.save(tmp_path / "m.h5")
    read = keras.models.load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(read(TEXTS[:4, None]), model(TEXTS[:4, None]))


@pytest.mark.parametrize(("encoding", "words"), [("latin-1", [b"\xe9t\xe9", b"a"]), ("utf-8", [b"\xff\xfe", b"a"])])
def test_bytes_of_any_encoding_are_found_and_saved(encoding, words, tmp_path):
    layer = layers.StringLookup(encoding=encoding)
    layer.adapt(tf.constant([words[0], *words]))
    assert layer.get_vocabulary()[1] == words[0].decode(encoding, "surrogateescape")
    model = keras.Sequential([keras.Input((2,), dtype="string"), layer])
    model.save(tmp_path / "m.keras")
    for found in (model, keras.models.load_model(tmp_path / "m.keras")):
        assert found(tf.constant([words])).numpy().tolist() == [[1, 2]]


@pytest.mark.parametrize("content", [b"a\na\na", b"1\n2\n3\n4\n5\n6\n7"])
def test_a_damaged_vocabulary_is_refused(content, tmp_path):
    layer = layers.StringLookup(max_tokens=4)
    layer.adapt(["x", "y"])
    keras.Sequential([keras.Input((1,), dtype="string"), layer]).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    (name,) = (member for member in members if member.startswith("assets/"))
    with zipfile.ZipFile(tmp_path / "bad.keras", "w") as archive:
        for member, found in members.items():
            archive.writestr(member, content if member == name else found)
    with pytest.raises(ArgumentError):
        keras.models.load_model(tmp_path / "bad.keras")


def test_a_vocabulary_that_is_missing_is_told(tmp_path):
    model = keras.Sequential([keras.Input((1,), dtype="string"), vectorizer()])
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "bad.keras", "w") as archive:
        for member, content in members.items():
            if not member.startswith("assets/"):
                archive.writestr(member, content)
    with pytest.raises(ArgumentError, match=r"lacks vocabulary\.txt"):
        keras.models.load_model(tmp_path / "bad.keras")
    keras.Sequential([keras.Input((1,), dtype="string"), layers.TextVectorization()]).save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras").layers[0].get_vocabulary() == ["", "[UNK]"]


@keras.saving.register_keras_serializable("tests")
class Noted(layers.Layer):
    """A user's layer that keeps a file."""

    note = "none"

    def call(self, x):
        return x

    def save_assets(self, dir_path):
        import os

        with open(os.path.join(dir_path, "note.txt"), "w") as file:
            file.write(self.note)

    def load_assets(self, dir_path):
        import os

        with open(os.path.join(dir_path, "note.txt")) as file:
            self.note = file.read()


def test_layers_of_users_keep_files_too(tmp_path):
    layer = Noted()
    layer.note = "kept"
    keras.Sequential([keras.Input((1,)), layer]).save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras").layers[0].note == "kept"


@keras.saving.register_keras_serializable("tests")
def shout(texts):
    return tf.strings.upper(texts)


def test_functions_that_standardize_are_saved_by_name(tmp_path):
    layer = layers.TextVectorization(standardize=shout, split=None)
    layer.adapt(["a", "b"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    model.save(tmp_path / "m.keras")
    read = keras.models.load_model(tmp_path / "m.keras")
    assert read.layers[0].get_vocabulary() == ["", "[UNK]", "B", "A"]
    np.testing.assert_array_equal(read(np.array([["a"]])), [[3]])


# ---- models that begin with strings ---------------------------------------------------------------------------------


def functional(layer):
    x = keras.Input((1,), dtype="string")
    h = layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(layer(x)))
    return keras.Model(x, layers.Dense(1, activation="sigmoid")(h))


def sequential(layer):
    return keras.Sequential([layer, layers.Embedding(10, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)])


class Subclassed(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.vectorize, self.embed, self.score = layer, layers.Embedding(10, 4), layers.Dense(1)

    def call(self, texts):
        return self.score(keras.ops.mean(self.embed(self.vectorize(texts)), axis=1))


def squeezed(layer):
    x = keras.Input((1,), dtype="string")
    h = layers.Embedding(10, 4)(layer(keras.ops.squeeze(x, -1)))
    return keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(h)))


@pytest.mark.parametrize("make", [functional, sequential, Subclassed, squeezed])
@pytest.mark.parametrize("length", [4, None])
def test_models_learn_from_strings_in_one_program_for_each_shape(make, length):
    keras.utils.set_random_seed(1)
    model = make(vectorizer(output_sequence_length=length))
    model.compile(keras.optimizers.Adam(0.1), "mse")
    losses = model.fit(TEXTS[:, None], LABELS, epochs=8, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < 0.3 * losses[0]
    assert model.evaluate(TEXTS[:, None], LABELS, verbose=0) < losses[0]
    found = model.predict(TEXTS[:5, None], verbose=0)
    np.testing.assert_allclose(found, model(tf.constant(TEXTS[:5, None])), rtol=1e-5)
    model.fit(tf.data.Dataset.from_tensor_slices((TEXTS[:, None], LABELS)).batch(8).repeat(2), verbose=0)
    for step in model._programs.values():
        assert all(not program._op_by_op for program in step._programs.values())


def test_the_same_training_gives_the_same_weights_as_with_numbers():
    layer = vectorizer(output_sequence_length=3)
    numbers = layer(TEXTS).numpy()
    weights = []
    for first, x in ((layer, TEXTS[:, None]), (None, numbers)):
        keras.utils.set_random_seed(3)
        rest = [layers.Embedding(10, 4), layers.Flatten(), layers.Dense(1)]
        start = keras.Input((1,), dtype="string") if first is not None else keras.Input((3,), dtype="int64")
        model = keras.Sequential([start, *([first] if first is not None else []), *rest])
        model.compile("adam", "mse")
        model.fit(x, LABELS, epochs=2, batch_size=8, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_columns_of_strings_and_numbers_train_together():
    color, size, place = keras.Input((1,), dtype="string"), keras.Input((1,)), keras.Input((1,), dtype="int64")
    parts = [
        layers.StringLookup(vocabulary=["red", "green"], output_mode="one_hot")(color),
        layers.Normalization(mean=1.5, variance=1.25)(size),
        layers.CategoryEncoding(4)(layers.IntegerLookup(vocabulary=[10, 20, 30])(place)),
        layers.HashedCrossing(6, output_mode="one_hot")([color, place]),
    ]
    inputs = {"color": color, "size": size, "place": place}
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()(parts)))
    model.compile("adam", "mse")
    table = {
        "color": np.array(["red", "blue", "green", "red"]),
        "size": np.arange(4, dtype="float32"),
        "place": np.array([10, 20, 5, 30]),
    }
    model.fit(table, np.ones(4), verbose=0)
    model.fit(tf.data.Dataset.from_tensor_slices((table, np.ones(4))).batch(2), verbose=0)
    for program in model._programs["train"]._programs.values():
        assert not program._op_by_op
    by_hand = np.concatenate([np.asarray(layer) for layer in _by_hand(model, table)], axis=1)
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model.predict(table, verbose=0), by_hand @ kernel + bias, rtol=1e-5)


def _by_hand(model, table):
    columns = {name: column[:, None] for name, column in table.items()}
    found = {type(layer).__name__: layer for layer in model.layers}
    yield found["StringLookup"](columns["color"])
    yield found["Normalization"](columns["size"])
    yield found["CategoryEncoding"](found["IntegerLookup"](columns["place"]))
    yield found["HashedCrossing"]([columns["color"], columns["place"]])


def test_a_model_may_end_with_strings():
    layer = layers.StringLookup(vocabulary=["no", "yes"], invert=True, num_oov_indices=0)
    model = keras.Sequential([keras.Input((), dtype="int64"), layer])
    assert model.predict(np.array([1, 0]), verbose=0).tolist() == [b"yes", b"no"]


def test_repeated_calls_on_strings_run_a_program():
    model = functional(vectorizer(output_sequence_length=4))
    found = [model(TEXTS[:4, None]).numpy() for _ in range(5)]
    _, calls = model.__dict__["_repeated_calls"]
    assert all(map(callable, calls.values()))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-6)
    model.layers[1].set_vocabulary(["bad"])
    assert not np.allclose(model(TEXTS[:4, None]), found[0])


def test_what_a_step_does_with_strings_may_differ_from_batch_to_batch():
    class Fickle(keras.Model):
        def __init__(self):
            super().__init__()
            self.words = layers.StringLookup(vocabulary=["a"])
            self.marks = layers.StringLookup(vocabulary=["b"])

        def call(self, texts):
            tokens = tf.strings.split(tf.squeeze(texts, -1)).to_tensor()
            return self.words(tokens) if tokens.shape[1] > 1 else self.marks(tokens)

    model = Fickle()
    assert model.predict(np.array([["a b"]]), verbose=0).tolist() == [[1, 0]]
    assert model.predict(np.array([["b"]]), verbose=0).tolist() == [[1]]


def test_comparisons_of_strings_are_part_of_a_step():
    class Marked(keras.Model):
        def __init__(self):
            super().__init__()
            self.score = layers.Dense(1, kernel_initializer="ones")

        def call(self, inputs):
            marks = tf.cast(tf.equal(tf.reshape(inputs["word"], (-1, 1)), "a"), "float32")
            return self.score(tf.where(inputs["size"] > 1.0, marks, -marks))

    model = Marked()
    model.compile("sgd", "mse")
    table = {"word": np.array(["a", "b", "a"]), "size": np.array([[1.0], [2.0], [3.0]], "float32")}
    assert model.predict(table, verbose=0).ravel().tolist() == [-1.0, 0.0, 1.0]
    model.fit(table, np.zeros(3), verbose=0)
    for step in model._programs.values():
        assert all(not program._op_by_op for program in step._programs.values())


def test_tables_of_pandas_train_and_adapt():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"word": ["a", "b", "a", "c"], "size": [1.0, 2.0, 3.0, 4.0], "place": [3, 3, 5, 7]})
    word, place, size = layers.StringLookup(), layers.IntegerLookup(), layers.Normalization(axis=None)
    for layer, name in ((word, "word"), (place, "place"), (size, "size")):
        layer.adapt(frame[name])
    assert word.get_vocabulary() == ["[UNK]", "a", "c", "b"]
    assert place.get_vocabulary() == [-1, 3, 7, 5]
    dtypes = {"word": "string", "size": "float32", "place": "int64"}
    inputs = {name: keras.Input((1,), name=name, dtype=dtype) for name, dtype in dtypes.items()}
    parts = [layers.CategoryEncoding(4)(word(inputs["word"])), layers.CategoryEncoding(4)(place(inputs["place"]))]
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([*parts, size(inputs["size"])])))
    model.compile("adam", "mse")
    model.fit({name: frame[name] for name in frame}, np.ones(4), verbose=0)
    assert model.predict(dict(frame), verbose=0).shape == (4, 1)


def test_a_step_may_look_at_its_strings():
    class Shown(keras.Model):
        def call(self, texts):
            return tf.strings.length(tf.strings.join([texts, "!"]))

    assert Shown().predict(np.array([["ab"], ["c"]]), verbose=0).tolist() == [[3], [2]]


def test_adapting_anew_reaches_programs_that_are_there():
    layer = layers.StringLookup()
    layer.adapt(["a", "b", "b"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer, layers.Rescaling(1.0)])
    assert model.predict(np.array([["b"], ["a"]]), verbose=0).tolist() == [[1.0], [2.0]]
    layer.adapt(["a", "a", "b"])
    assert model.predict(np.array([["b"], ["a"]]), verbose=0).tolist() == [[2.0], [1.0]]


def test_boundaries_found_anew_reach_programs_that_are_there():
    layer = layers.Discretization(num_bins=3)
    layer.adapt(np.arange(9.0))
    model = keras.Sequential([keras.Input((1,)), layer])
    values = np.array([[1.0], [20.0], [80.0]])
    assert model.predict(values, verbose=0).tolist() == [[0], [2], [2]]
    assert [model(values).numpy().tolist() for _ in range(4)][-1] == [[0], [2], [2]]
    layer.adapt(np.arange(90.0))
    assert model.predict(values, verbose=0).tolist() == [[0], [0], [2]]
    assert model(values).numpy().tolist() == [[0], [0], [2]]
    assert not model.weights


def test_lookups_of_numbers_are_traced_into_functions():
    layer, hashing = layers.IntegerLookup(vocabulary=[3, 4]), layers.Hashing(5)

    @tf.function
    def look_up(x):
        return layer(x * 2) + 1, hashing(x * 2)

    found = look_up(tf.constant([2, 5]))
    assert found[0].numpy().tolist() == [3, 1]
    np.testing.assert_array_equal(found[1], hashing(np.array([4, 10])))


def test_strings_as_targets_are_refused():
    model = functional(vectorizer(output_sequence_length=4))
    model.compile("adam", "mse")
    with pytest.raises(DTypeError, match="string"):
        model.fit(TEXTS[:, None], TEXTS, verbose=0)


def test_a_step_with_strings_is_explained_and_planned():
    model = functional(vectorizer(output_sequence_length=4))
    model.compile("adam", "mse")
    assert "embedding" in str(model.memory_plan(8))
    assert any("Embedding" in row.source for row in model.explain(TEXTS[:8, None], LABELS[:8]).rows)


# ---- FeatureSpace ---------------------------------------------------------------------------------------------------


def feature_table(rows=24):
    rng = np.random.default_rng(5)
    return {
        "age": rng.integers(20, 80, rows),
        "blood": rng.choice(["a", "b", "ab"], rows),
        "pressure": rng.normal(120, 10, rows).astype("float32"),
    }


def test_a_model_of_features_trains_on_prepared_and_on_raw_tables(tmp_path):
    table = feature_table()
    target = (table["age"] > 50).astype("float32")
    space = keras.utils.FeatureSpace(
        {"age": "integer_categorical", "blood": "string_categorical", "pressure": "float_normalized"},
        crosses=[("age", "blood")],
        crossing_dim=16,
    )
    rows = tf.data.Dataset.from_tensor_slices((table, target)).batch(8)
    space.adapt(rows.map(lambda x, _: x))
    prepared = rows.map(lambda x, y: (space(x), y))
    encoded = space.get_encoded_features()
    output = layers.Dense(1, activation="sigmoid")(encoded)
    training = keras.Model(encoded, output)
    training.compile(keras.optimizers.Adam(0.1), "binary_crossentropy")
    losses = training.fit(prepared, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    inference = keras.Model(space.get_inputs(), output)
    found = inference.predict(table, verbose=0)
    np.testing.assert_allclose(found, training.predict(prepared.map(lambda x, _: x), verbose=0), rtol=1e-5)
    sample = {name: tf.convert_to_tensor([column[0]]) for name, column in table.items()}
    np.testing.assert_allclose(inference.predict(sample, verbose=0), found[:1], rtol=1e-5)
    inference.save(tmp_path / "m.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "m.keras").predict(table, verbose=0), found)


def test_features_adapt_to_columns_alone():
    space = keras.utils.FeatureSpace({"age": "float_normalized"})
    rows = tf.data.Dataset.from_tensor_slices(({"age": [1.0, 2.0]}, [0, 1]))
    with pytest.raises(ArgumentError, match=r"dataset.map\(lambda x, y: x\)"):
        space.adapt(rows)
    with pytest.raises(ArgumentError, match="lacks the features age"):
        space.adapt({"size": np.zeros(3)})
    with pytest.raises(ArgumentError, match="given list"):
        space.adapt([1.0])


def test_features_adapt_in_one_pass():
    passes = []

    def rows():
        passes.append(1)
        yield from ({name: column[index] for name, column in table.items()} for index in range(24))

    table = feature_table()
    source = tf.data.Dataset.from_generator(rows)
    assert source.element_spec["age"].shape == ()  # its first element is kept for the first pass
    space = keras.utils.FeatureSpace(
        {"age": "integer_categorical", "blood": "string_categorical", "pressure": "float_normalized"}
    )
    space.adapt(source)
    assert len(passes) == 1
    whole = keras.utils.FeatureSpace(
        dict.fromkeys(table, "float")
        | {"age": "integer_categorical", "blood": "string_categorical", "pressure": "float_normalized"}
    )
    whole.adapt(table)
    np.testing.assert_allclose(space(table), whole(table), rtol=1e-5, atol=1e-6)


def test_a_feature_of_ones_own_is_prepared_by_its_layer():
    layer = layers.TextVectorization(output_mode="tf_idf")
    kind = keras.utils.FeatureSpace.feature(dtype="string", preprocessor=layer, output_mode="float")
    space = keras.utils.FeatureSpace({"text": kind})
    space.adapt(tf.data.Dataset.from_tensor_slices({"text": ["1st string", "2nd string", "3rd string"]}))
    assert space({"text": ["1st string", "2nd"]}).shape == (2, layer.vocabulary_size())
    other = keras.utils.FeatureSpace(
        {"text": keras.utils.FeatureSpace.feature("float32", layers.Rescaling(2.0), "one_hot")}
    )
    with pytest.raises(ArgumentError, match="one-hot"):
        other({"text": [1.0]})


def _places(value, place=()):
    """The places of a nested config, as tuples of keys."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*place, key)
        if isinstance(item, (dict, list)):
            yield from _places(item, (*place, key))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_refused_or_read(seed, tmp_path):
    rng = np.random.default_rng(seed)
    space = keras.utils.FeatureSpace(
        {"age": "integer_categorical", "blood": "string_categorical", "pressure": "float_normalized"},
        crosses=[("age", "blood")],
    )
    space.adapt(feature_table())
    space.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    values = [None, -1, 2**40, 0.5, "x", "", True, [], {}, ["a", "a"], {"class_name": "Dense", "config": {}}]
    for _ in range(12):
        config = json.loads(members["config.json"])
        *path, last = list(_places(config))[rng.integers(len(list(_places(config))))]
        parent = config
        for key in path:
            parent = parent[key]
        parent[last] = values[rng.integers(len(values))]
        with zipfile.ZipFile(tmp_path / "bad.keras", "w") as archive:
            for member, content in members.items():
                archive.writestr(member, json.dumps(config) if member == "config.json" else content)
        try:
            keras.models.load_model(tmp_path / "bad.keras")
        except (ValueError, TypeError, StateError) as error:
            assert str(error)
