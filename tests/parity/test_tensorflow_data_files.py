"""Data sets that read files give what TensorFlow's give, of the same files."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as real

import headwater as tf

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Any:
    """Files of all kinds, written by TensorFlow where it writes them."""
    path = tmp_path_factory.mktemp("files")
    (path / "a.txt").write_bytes(b"one\r\ntwo\n\nlast")
    (path / "b.txt").write_bytes("ä\nb\n".encode())
    (path / "empty.txt").write_bytes(b"")
    for kind in ("", "GZIP", "ZLIB"):
        with real.io.TFRecordWriter(str(path / f"records{kind}"), kind) as writer:
            for record in (b"", b"one", b"x" * 5000, bytes(range(256))):
                writer.write(record)
    (path / "fixed").write_bytes(b"HHabcdefF")
    (path / "t.csv").write_text('x,y,z\n1,"a,b",2.5\n2,"q""r",\n3,"two\nlines",-1e3\n')
    (path / "u.csv").write_text("x,y,z\n4,d,NA\n,e,7\n")
    import gzip

    (path / "a.gz").write_bytes(gzip.compress(b"one\ntwo\n") + gzip.compress(b"three"))
    return path


SETS: dict[str, Callable[[Any, Any], Any]] = {
    "lines": lambda tf, d: tf.data.TextLineDataset(f"{d}/a.txt"),
    "lines of several": lambda tf, d: tf.data.TextLineDataset([f"{d}/a.txt", f"{d}/empty.txt", f"{d}/b.txt"]),
    "lines compressed": lambda tf, d: tf.data.TextLineDataset(f"{d}/a.gz", compression_type="GZIP"),
    "lines in turn": lambda tf, d: tf.data.TextLineDataset([f"{d}/a.txt", f"{d}/b.txt"], num_parallel_reads=2),
    "lines of a data set": lambda tf, d: tf.data.TextLineDataset(
        tf.data.Dataset.list_files(f"{d}/[ab].txt", shuffle=False)
    ),
    "records": lambda tf, d: tf.data.TFRecordDataset(f"{d}/records"),
    "records gzip": lambda tf, d: tf.data.TFRecordDataset([f"{d}/recordsGZIP"], "GZIP"),
    "records zlib": lambda tf, d: tf.data.TFRecordDataset(tf.constant([f"{d}/recordsZLIB"]), "ZLIB"),
    "fixed": lambda tf, d: tf.data.FixedLengthRecordDataset(f"{d}/fixed", 3, 2, 1),
    "list_files": lambda tf, d: tf.data.Dataset.list_files(f"{d}/*.csv", shuffle=False),
    "list_files of several": lambda tf, d: tf.data.Dataset.list_files([f"{d}/t*", f"{d}/a*"], shuffle=False),
    "interleaved": lambda tf, d: tf.data.Dataset.list_files(f"{d}/[ab].txt", shuffle=False).interleave(
        tf.data.TextLineDataset, cycle_length=2
    ),
    "csv": lambda tf, d: tf.data.experimental.CsvDataset(
        f"{d}/t.csv", [tf.int32, tf.constant(["?"]), tf.constant([0.5])], header=True
    ),
    "csv selected": lambda tf, d: tf.data.experimental.CsvDataset(
        [f"{d}/t.csv", f"{d}/u.csv"], [tf.constant([9], tf.int64), tf.string], header=True, select_cols=[0, 1]
    ),
    "csv excluded": lambda tf, d: tf.data.experimental.CsvDataset(
        f"{d}/t.csv", [tf.int32, tf.string], header=True, exclude_cols=[2]
    ),
    "csv missing": lambda tf, d: tf.data.experimental.CsvDataset(
        f"{d}/u.csv", [tf.constant([-1]), tf.string, tf.constant([0.0])], header=True, na_value="NA"
    ),
    "make_csv": lambda tf, d: tf.data.experimental.make_csv_dataset(
        f"{d}/t.csv", 2, label_name="x", num_epochs=1, shuffle=False
    ),
    "make_csv of several": lambda tf, d: tf.data.experimental.make_csv_dataset(
        [f"{d}/t.csv", f"{d}/u.csv"], 2, num_epochs=2, shuffle=False, na_value="NA", select_columns=["x", "z"]
    ),
    "make_csv for ever": lambda tf, d: tf.data.experimental.make_csv_dataset(
        f"{d}/t.csv", 2, shuffle=False, column_defaults=[tf.int64, tf.string, tf.constant([1.0])]
    ).take(3),
}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return type(value) is collections.OrderedDict, [(key, plain(item)) for key, item in value.items()]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    array = np.asarray(value)
    return "string" if array.dtype.kind in "OS" else str(array.dtype), array.tolist()


@pytest.mark.parametrize("name", SETS)
def test_elements_and_specs_are_tensorflows(name: str, folder: Any) -> None:
    theirs, ours = SETS[name](real, folder), SETS[name](tf, folder)
    assert [plain(x) for x in ours.as_numpy_iterator()] == [plain(x) for x in theirs.as_numpy_iterator()]
    assert [str(s) for s in tf.nest.flatten(ours.element_spec)] == [
        str(s) for s in real.nest.flatten(theirs.element_spec)
    ]


REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "no lines": lambda tf, d: tf.data.TextLineDataset(f"{d}/nothing"),
    "no records": lambda tf, d: tf.data.TFRecordDataset(f"{d}/nothing"),
    "no record file": lambda tf, d: tf.data.TFRecordDataset(f"{d}/a.txt"),
    "wrong compression": lambda tf, d: tf.data.TFRecordDataset(f"{d}/records", "GZIP"),
    "cut short": lambda tf, d: tf.data.FixedLengthRecordDataset(f"{d}/fixed", 4),
    "csv required": lambda tf, d: tf.data.experimental.CsvDataset(
        f"{d}/t.csv", [tf.int32, tf.string, tf.float32], header=True
    ),
    "csv not a number": lambda tf, d: tf.data.experimental.CsvDataset(f"{d}/t.csv", [tf.int32] * 3, header=True),
    "csv too few": lambda tf, d: tf.data.experimental.CsvDataset(f"{d}/t.csv", [tf.string] * 4),
}
# Classes of tf.errors that differ, and why.
OTHER_ERRORS = {
    "wrong compression": "damaged data are DataLossError, however they are damaged",
    "cut short": "as above",
    "csv required": "as above",
    "csv not a number": "as above",
    "csv too few": "as above",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_read_raises_as_in_tensorflow(name: str, folder: Any) -> None:
    with pytest.raises(real.errors.OpError) as theirs:
        list(REFUSED[name](real, folder))
    with pytest.raises(tf.errors.HeadwaterError) as ours:
        list(REFUSED[name](tf, folder))
    if name not in OTHER_ERRORS:
        assert type(ours.value).__name__ == type(theirs.value).__name__
    assert str(folder) in str(ours.value) and ours.value.fix


def test_a_pattern_that_matches_nothing_is_refused_at_once(folder: Any) -> None:
    with pytest.raises(tf.errors.NotFoundError, match="no files match"):
        tf.data.Dataset.list_files(f"{folder}/*.nothing")


def test_list_files_shuffles_by_default(folder: Any) -> None:
    orders = {tuple(tf.data.Dataset.list_files(f"{folder}/*").as_numpy_iterator()) for _ in range(8)}
    assert len(orders) > 1 and len({frozenset(order) for order in orders}) == 1


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_what_tensorflow_saved_is_loaded(tmp_path, compression):
    rows = {
        "x": np.arange(12, dtype="float32").reshape(4, 3), "text": [b"a", b"", b"cc", b"d"],
        "pair": (np.arange(4) - 2, np.array([True, False, True, True])),
    }  # fmt: skip
    saved = real.data.Dataset.from_tensor_slices(rows)
    saved.save(str(tmp_path / "rows"), compression)
    loaded = tf.data.Dataset.load(str(tmp_path / "rows"))
    assert len(loaded) == 4
    described = [[(tuple(spec.shape), spec.dtype.name) for spec in lib.nest.flatten(data.element_spec)]
                 for lib, data in ((tf, loaded), (real, saved))]  # fmt: skip
    assert described[0] == described[1]
    for mine, other in zip(loaded, saved):
        tf.nest.map_structure(lambda a, b: np.testing.assert_array_equal(a.numpy(), b.numpy()), mine, other)
    iterator = iter(loaded)
    next(iterator)
    place, wanted = iterator.save(), next(iterator)["text"]
    iterator.restore(place)
    assert next(iterator)["text"].numpy() == wanted.numpy() == b""


def test_open_sizes_and_several_parts_of_tensorflow_are_loaded(tmp_path):
    saved = real.data.Dataset.range(6).map(lambda n: real.range(n))
    saved.save(str(tmp_path / "parts"), shard_func=lambda x: real.size(x, real.int64) % 2)
    loaded = tf.data.Dataset.load(str(tmp_path / "parts"))
    assert loaded.element_spec == tf.TensorSpec((None,), tf.int64)
    assert sorted(x.numpy().tolist() for x in loaded) == [list(range(n)) for n in range(6)]


def test_a_damaged_folder_of_tensorflow_is_refused(tmp_path):
    real.data.Dataset.range(3).save(str(tmp_path / "rows"))
    (file,) = tmp_path.glob("rows/*/*/*.snapshot")
    data = file.read_bytes()
    file.write_bytes(data[:-5])
    with pytest.raises(tf.errors.DataLossError, match="ends within"):
        list(tf.data.Dataset.load(str(tmp_path / "rows")))
    for name in ("dataset_spec.pb", "snapshot.metadata"):
        (tmp_path / "rows" / name).write_bytes(b"\xff\xff")
        with pytest.raises(tf.errors.DataLossError, match="damaged"):
            tf.data.Dataset.load(str(tmp_path / "rows"))
    real.data.Dataset.from_tensors(real.ragged.constant([[1], []])).save(str(tmp_path / "ragged"))
    with pytest.raises(tf.errors.UnimplementedError, match="not tensors"):
        tf.data.Dataset.load(str(tmp_path / "ragged"))
