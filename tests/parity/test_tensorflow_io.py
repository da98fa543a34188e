# ruff: noqa: E501 - a table of expressions, one a line
"""`tf.io` and the messages of `tf.train`: what TensorFlow writes is read here, and the other way round."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as real

import headwater as ours
from tests.parity.expressions import cases, evaluate, plain, require_agreement, require_refusal

pytestmark = pytest.mark.filterwarnings("ignore")


def _feature(tf: Any, values: Any) -> Any:
    if isinstance(values[0] if values else None, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0] if values else None, float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _example(tf: Any, **features: Any) -> Any:
    made = {key: _feature(tf, values) for key, values in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=made))


def _sequence(tf: Any, context: Any, **lists: Any) -> Any:
    steps = {key: tf.train.FeatureList(feature=[_feature(tf, v) for v in values]) for key, values in lists.items()}
    made = {key: _feature(tf, values) for key, values in context.items()}
    return tf.train.SequenceExample(
        context=tf.train.Features(feature=made), feature_lists=tf.train.FeatureLists(feature_list=steps)
    )


ROWS = [
    {
        "a": [1, 2],
        "v": [b"x", b"y"],
        "r": [1.0, 2.0, 3.0],
        "l": [2, 1],
        "s": [0, 2, 3],
        "ix": [3, 1],
        "num": [5.0, 6.0],
        "big": list(range(-70, 230)),
    },
    {"a": [3, -4], "r": [4.0], "l": [1, 0], "s": [0, 1, 1], "ix": [0], "num": [7.0], "e": []},
]
STEPS = [
    ({"c": [7]}, {"t": [[1, 2], [3, 4]], "w": [[b"a"], [b"b", b"c"], [b"d"]]}),
    ({"c": [8]}, {"t": [[5, 6]], "w": [[b"z"]]}),
]


def names(tf: Any) -> dict[str, Callable[[], Any]]:
    io = tf.io
    return {
        "E": lambda: [_example(tf, **row).SerializeToString() for row in ROWS],
        "Q": lambda: [_sequence(tf, context, **lists).SerializeToString() for context, lists in STEPS],
        "io": lambda: io,
        "Fixed": lambda: io.FixedLenFeature,
        "Var": lambda: io.VarLenFeature,
        "Ragged": lambda: io.RaggedFeature,
        "Seq": lambda: io.FixedLenSequenceFeature,
        "S": lambda: tf.SparseTensor([[0, 1], [1, 0]], [1.5, 2.5], [2, 3]),
    }


PARSED = cases(
    """
    io.parse_example(E, {"a": Fixed([2], tf.int64)})
    io.parse_example(E, {"a": Fixed((2, 1), tf.int64), "v": Var(tf.string), "r": Ragged(tf.float32)})
    io.parse_example(E, {"big": Var(tf.int64)})
    io.parse_example(E, {"v": Var(tf.string), "nope": Var(tf.float32), "e": Var(tf.int64)})
    io.parse_example(E, {"d": Fixed([], tf.string, default_value="k")})
    io.parse_example(E, {"d": Fixed([2], tf.int64, default_value=[1, 2])})
    io.parse_example(E, {"r": Seq([], tf.float32, allow_missing=True)})
    io.parse_example(E, {"r": Seq([], tf.float32, allow_missing=True, default_value=-1)})
    io.parse_example(E, {"a": Seq([2], tf.int64, allow_missing=True)})
    io.parse_example(E, {"v": Seq([], tf.string, allow_missing=True)})
    io.parse_example(E, {"s": io.SparseFeature("ix", "num", tf.float32, 5)})
    io.parse_example(E, {"s": io.SparseFeature("ix", "num", tf.float32, 5, already_sorted=True)})
    io.parse_example(E[:1], {"s": io.SparseFeature(["ix", "l"], "num", tf.float32, [5, 5])})
    io.parse_example(E, {"r": Ragged(tf.float32, partitions=[Ragged.RowLengths("l")])})
    io.parse_example(E, {"r": Ragged(tf.float32, partitions=[Ragged.RowSplits("s")])})
    io.parse_example(E, {"q": Ragged(tf.float32, value_key="r", row_splits_dtype="int64")})["q"].row_splits
    io.parse_example(E, {"r": Ragged(tf.float32, partitions=[Ragged.UniformRowLength(1)])})
    io.parse_example(E, {"v": Ragged(tf.string), "e": Ragged(tf.int64)})
    io.parse_example(E[0], {"a": Fixed([2], tf.int64), "v": Var(tf.string)})
    io.parse_single_example(E[0], {"a": Fixed([2], tf.int64), "v": Var(tf.string), "q": Var(tf.int64)})
    io.parse_single_example(E[0], {"r": Seq([], tf.float32, allow_missing=True)})
    io.parse_single_example(E[0], {"r": Ragged(tf.float32)})
    io.parse_single_example(E[0], {"r": Ragged(tf.float32, partitions=[Ragged.RowLengths("l")])})
    io.parse_single_example(E[0], {"s": io.SparseFeature("ix", "num", tf.float32, 5)})
    io.parse_sequence_example(Q, {"c": Fixed([], tf.int64)}, {"t": Seq([2], tf.int64), "w": Var(tf.string)})
    io.parse_sequence_example(Q, None, {"w": Ragged(tf.string)})
    io.parse_sequence_example(Q, {"c": Var(tf.int64)}, None)
    io.parse_single_sequence_example(Q[0], {"c": Fixed([], tf.int64)}, {"t": Seq([2], tf.int64), "w": Var(tf.string)})
    io.parse_single_sequence_example(Q[0], None, {"w": Ragged(tf.string)})
    io.parse_single_sequence_example(Q[0], None, {"nope": Seq([2], tf.int64, allow_missing=True)})
    """
)
DECODED = cases(
    r'''
    io.decode_raw(b"\x01\x00\x02\x00", tf.int16)
    io.decode_raw([b"\x01\x00", b"\x02\x01"], tf.uint8)
    io.decode_raw([b"\x01\x00", b"\x02\x01"], tf.int16, little_endian=False)
    io.decode_raw(b"\x00\x00\x80\x3f", tf.float32)
    io.decode_raw(["abc", "d"], tf.uint8, fixed_length=4)
    io.decode_raw([["ab"], ["cd"]], tf.uint16)
    io.decode_raw(["", ""], tf.int32)
    io.decode_csv(["1,a,2.5", "2,b,3"], [[0], [""], [0.0]])
    io.decode_csv(["1,a", ",b"], [[7], ["x"]])
    io.decode_csv("1,,3", [[0], [9], [0]])
    io.decode_csv(['"a,b",1', '"say ""hi""",2'], [[""], [0]])
    io.decode_csv(["a\tb"], [[""], [""]], field_delim="\t")
    io.decode_csv(["1,NA", "2,3"], [[0], [5]], na_value="NA")
    io.decode_csv(["1,2,3", "4,5,6"], [[0], [0.0]], select_cols=[0, 2])
    io.decode_csv(['a"b,c'], [[""], [""]], use_quote_delim=False)
    io.decode_csv([["1,2"], ["3,4"]], [tf.constant([], tf.int64), tf.constant([], tf.float64)])
    io.encode_base64(["Hello", "", "a?>b~"])
    io.encode_base64("Hello", pad=True)
    io.decode_base64(["SGVsbG8", "SGVsbG8=", "YT8-Yn4"])
    io.decode_compressed(__import__("zlib").compress(b"hello"), "ZLIB")
    io.decode_compressed([__import__("gzip").compress(b"hello")], "GZIP")
    io.decode_compressed(["plain"])
    io.parse_example(io.decode_json_example(['{"features": {"feature": {"a": {"int64List": {"value": ["1", 2]}}, "b": {"bytes_list": {"value": ["eA=="]}}}}}']), {"a": Fixed([2], tf.int64), "b": Fixed([], tf.string)})
    io.serialize_tensor([1, 2, 3])
    io.serialize_tensor(tf.constant([[1.5], [2.5]]))
    io.serialize_tensor(["a", "bc"])
    io.serialize_tensor(tf.constant(True))
    io.serialize_tensor(tf.zeros((0, 3)))
    io.serialize_tensor(tf.constant(1 + 2j, tf.complex64))
    io.serialize_tensor(tf.constant([1.5], tf.bfloat16))
    io.parse_tensor(io.serialize_tensor(tf.constant([[1, 2]], tf.int64)), tf.int64)
    io.parse_tensor(io.serialize_tensor(["a", ""]), tf.string)
    io.parse_tensor(io.serialize_tensor(tf.constant([1.5], tf.float16)), tf.float16)
    io.serialize_sparse(S)
    io.serialize_many_sparse(S)
    io.deserialize_many_sparse(io.serialize_many_sparse(S), tf.float32)
    io.deserialize_many_sparse(tf.stack([io.serialize_sparse(S), io.serialize_sparse(S)]), tf.float32)
    '''
)
REFUSED = cases(
    r"""
    io.parse_example(E, {"a": Fixed([3], tf.int64)})
    io.parse_example(E, {"zz": Fixed([], tf.int64)})
    io.parse_example(E, {"a": Fixed([2], tf.float32)})
    io.parse_example(E, {"a": Fixed([2], tf.int32)})
    io.parse_example(E, {"a": Fixed([None], tf.int64)})
    io.parse_example(E, {"a": 3})
    io.parse_example(E, {})
    io.parse_example(["garbage"], {"a": Fixed([2], tf.int64)})
    io.parse_example([E[0][:-3]], {"a": Fixed([2], tf.int64), "big": Var(tf.int64)})
    io.parse_example(E, {"s": io.SparseFeature("ix", "r", tf.float32, 5)})
    io.parse_single_example(E, {"a": Fixed([2], tf.int64)})
    io.parse_single_sequence_example(Q[0], None, {"nope": Seq([2], tf.int64)})
    io.parse_single_sequence_example(Q[0], None, {"t": Seq([3], tf.int64)})
    io.decode_raw("abc", tf.int16)
    io.decode_raw(["ab", "abcd"], tf.uint8)
    io.decode_raw("abc", tf.int32, fixed_length=3)
    io.decode_csv(["1,2,3"], [[0], [0]])
    io.decode_csv(["a,2"], [[0], [0]])
    io.decode_csv([",2"], [tf.constant([], tf.int32), [0]])
    io.decode_csv(['"a,2'], [[""], [0]])
    io.decode_csv(['a"b",2'], [[""], [0]])
    io.decode_csv(["1,2\n"], [[0], [0]])
    io.decode_csv(["1,2"], [[0], [0]], field_delim="ab")
    io.decode_csv(["1,2"], [[0]], select_cols=[5])
    io.decode_base64("!!")
    io.decode_compressed("abc", "ZLIB")
    io.decode_compressed("abc", "LZ4")
    io.decode_json_example("{")
    io.decode_json_example('{"nope": 1}')
    io.parse_tensor("garbage", tf.int32)
    io.parse_tensor(io.serialize_tensor([1, 2]), tf.float32)
    io.parse_tensor(["a"], tf.float32)
    io.read_file("/no/such/file")
    io.gfile.stat("/no/such/file")
    io.gfile.listdir("/no/such/directory")
    io.gfile.remove("/no/such/file")
    io.gfile.rmtree("/no/such/directory")
    io.gfile.copy("/no/such/file", "/no/such/other")
    io.gfile.GFile("/no/such/file").read()
    """
)


@pytest.mark.parametrize("expression", PARSED + DECODED)
def test_expressions_agree(expression: str) -> None:
    require_agreement(expression, names)


@pytest.mark.parametrize("expression", REFUSED)
def test_what_tensorflow_refuses_is_refused(expression: str) -> None:
    require_refusal(expression, names)


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_messages_are_read_and_written_both_ways(row: int) -> None:
    mine, theirs = _example(ours, **ROWS[row]), _example(real, **ROWS[row])
    assert mine.SerializeToString() == theirs.SerializeToString(deterministic=True)
    assert ours.train.Example.FromString(theirs.SerializeToString()) == mine
    one = real.train.Example.FromString(mine.SerializeToString())
    assert one == theirs
    context, lists = STEPS[row]
    mine, theirs = _sequence(ours, context, **lists), _sequence(real, context, **lists)
    assert mine.SerializeToString() == theirs.SerializeToString(deterministic=True)
    assert ours.train.SequenceExample.FromString(theirs.SerializeToString()) == mine


def test_messages_print_as_protocol_buffers_do() -> None:
    for value in ([1, -2], [1.5, 0.1, 1e20], [b"x\n\xff\"'\\"]):
        assert str(_example(ours, a=value)) == str(_example(real, a=value))


@pytest.mark.parametrize("tf", [ours, real], ids=["ours", "real"])
def test_messages_are_used_as_protocol_buffers_are(tf: Any) -> None:
    example = tf.train.Example()
    assert not example.HasField("features") and example.ByteSize() == 0
    example.features.feature["a"].int64_list.value.append(3)
    example.features.feature["a"].int64_list.value.extend([4, np.int64(5)])
    assert example.HasField("features") and list(example.features.feature) == ["a"]
    feature = example.features.feature["a"]
    assert feature.WhichOneof("kind") == "int64_list" and feature.int64_list.value[:] == [3, 4, 5]
    assert not feature.HasField("float_list") and "b" not in example.features.feature
    other = tf.train.Example()
    other.CopyFrom(example)
    assert other == example
    other.features.feature["b"].bytes_list.value.append(b"x")
    assert other != example and sorted(other.features.feature.keys()) == ["a", "b"]
    example.MergeFrom(other)
    assert list(example.features.feature["b"].bytes_list.value) == [b"x"]
    example.Clear()
    assert example.SerializeToString() == b""
    with pytest.raises(TypeError):
        tf.train.BytesList(value=["text"])
    with pytest.raises(TypeError):
        tf.train.Int64List(value=[1.5])
    with pytest.raises(ValueError):
        tf.train.Int64List(value=[2**63])
    with pytest.raises(ValueError):
        tf.train.Feature(nope=1)


def test_hostile_bytes_give_errors_and_nothing_else() -> None:
    whole = _example(ours, **ROWS[0]).SerializeToString()
    random = np.random.default_rng(5)
    spoiled = [whole[:end] for end in range(0, len(whole), 7)]
    for _ in range(300):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 3):
            data[place] = random.integers(0, 256)
        spoiled.append(bytes(data))
    spoiled += [
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\xff" * 40,
        b"\x0b\x0b\x0b",
        b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    ]
    wanted = {
        "a": ours.io.VarLenFeature("int64"),
        "big": ours.io.VarLenFeature("int64"),
        "v": ours.io.VarLenFeature("string"),
    }
    for data in spoiled:
        for read in (
            ours.train.Example.FromString,
            lambda d: ours.io.parse_example([d], wanted),
            lambda d: ours.io.parse_tensor(d, "int32"),
        ):
            try:
                read(data)
            except ours.errors.OpError as error:
                assert error.fix
    huge = b"\x08\x03\x12\x0a\x12\x08\x08\x80\x80\x80\x80\x80\x80\x40\x3a\x01\x05"  # 2**48 numbers, of one value
    with pytest.raises(ours.errors.DataLossError):
        ours.io.parse_tensor(huge, "int32")


def test_tensors_given_value_by_value_are_read() -> None:
    for value in (
        np.arange(6).reshape(2, 3),
        np.float64([1.5]),
        np.array([True, False]),
        np.complex64([1 + 2j]),
        np.float16([1.5]),
        np.uint64([2**63]),
    ):
        serialized = real.make_tensor_proto(value).SerializeToString()
        dtype = real.constant(value).dtype.name
        assert np.array_equal(np.asarray(ours.io.parse_tensor(serialized, dtype)), value)
    spread = real.make_tensor_proto(5, shape=[3, 2]).SerializeToString()
    assert np.asarray(ours.io.parse_tensor(spread, "int32")).tolist() == [[5, 5]] * 3


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_record_files_are_read_and_written_both_ways(compression: str, tmp_path: Path) -> None:
    records = [b"first", b"", b"x" * 70000]
    for writer, reader in ((ours, real), (real, ours)):
        path = str(tmp_path / f"{writer.__name__}.tfrecord")
        with writer.io.TFRecordWriter(path, writer.io.TFRecordOptions(compression_type=compression)) as file:
            for record in records:
                file.write(record)
        found = reader.data.TFRecordDataset(path, compression_type=compression)
        assert [bytes(item.numpy()) for item in found] == records


@pytest.mark.parametrize("tf", [ours, real], ids=["ours", "real"])
def test_files_and_directories(tf: Any, tmp_path: Path) -> None:
    gfile, base = tf.io.gfile, str(tmp_path)
    tf.io.write_file(f"{base}/new/deep/a.txt", "één\ntwo\n")
    assert tf.io.read_file(f"{base}/new/deep/a.txt").numpy() == "één\ntwo\n".encode()
    assert gfile.exists(f"{base}/new") and gfile.isdir(f"{base}/new") and not gfile.exists(f"{base}/old")
    with gfile.GFile(f"{base}/b.txt", "w") as file:
        file.write("line 1\nline 2\n")
    with gfile.GFile(f"{base}/b.txt", "a") as file:
        file.write("line 3")
    with gfile.GFile(f"{base}/b.txt") as file:
        assert file.size() == 20 and file.readline() == "line 1\n" and file.tell() == 7
        file.seek(0)
        assert file.read(4) == "line" and file.readlines() == [" 1\n", "line 2\n", "line 3"]
    with gfile.GFile(f"{base}/new/deep/a.txt", "rb") as file:
        assert file.read() == "één\ntwo\n".encode()
    assert list(gfile.GFile(f"{base}/b.txt", "rb"))[1] == b"line 2\n"
    gfile.copy(f"{base}/b.txt", f"{base}/c.txt")
    with pytest.raises(tf.errors.AlreadyExistsError):
        gfile.copy(f"{base}/b.txt", f"{base}/c.txt")
    gfile.copy(f"{base}/b.txt", f"{base}/c.txt", overwrite=True)
    gfile.rename(f"{base}/c.txt", f"{base}/d.txt")
    with pytest.raises(tf.errors.AlreadyExistsError):
        gfile.rename(f"{base}/b.txt", f"{base}/d.txt")
    with pytest.raises(tf.errors.NotFoundError):
        gfile.rename(f"{base}/none", f"{base}/e.txt")
    assert sorted(gfile.glob(f"{base}/*.txt")) == [f"{base}/b.txt", f"{base}/d.txt"]
    assert sorted(gfile.glob([f"{base}/b*", f"{base}/d*"])) == [f"{base}/b.txt", f"{base}/d.txt"]
    matching = tf.io.matching_files(f"{base}/*.txt").numpy().tolist()
    assert matching == [f"{base}/b.txt".encode(), f"{base}/d.txt".encode()]
    assert sorted(gfile.listdir(base)) == ["b.txt", "d.txt", "new"]
    gfile.mkdir(f"{base}/dir")
    with pytest.raises(tf.errors.NotFoundError):
        gfile.mkdir(f"{base}/x/y/z")
    gfile.makedirs(f"{base}/dir/e/f")
    gfile.makedirs(f"{base}/dir/e/f")
    found = sorted((top, sorted(dirs), sorted(files)) for top, dirs, files in gfile.walk(f"{base}/new"))
    assert found == [(f"{base}/new", ["deep"], []), (f"{base}/new/deep", [], ["a.txt"])]
    status = gfile.stat(f"{base}/b.txt")
    assert status.length == 20 and not status.is_directory and status.mtime_nsec > 0
    assert gfile.stat(base).is_directory and gfile.join(base, "x", "y") == f"{base}/x/y"
    gfile.remove(f"{base}/d.txt")
    gfile.rmtree(f"{base}/new")
    assert not gfile.exists(f"{base}/new") and not gfile.exists(f"{base}/d.txt")
    with pytest.raises(tf.errors.OpError):
        gfile.GFile(f"{base}/b.txt").write("x")


def test_paths_of_other_schemes_are_refused() -> None:
    for path in ("gs://bucket/file", "s3://bucket/file", "https://example.org/file"):
        with pytest.raises(NotImplementedError, match="not a local file"):
            ours.io.read_file(path)
        with pytest.raises(NotImplementedError):
            ours.io.gfile.exists(path)


def test_what_is_parsed_in_a_dataset_is_what_is_parsed_at_once() -> None:
    serialized = [_example(ours, **row).SerializeToString() for row in ROWS]
    wanted = {"a": ours.io.FixedLenFeature([2], "int64")}
    dataset = ours.data.Dataset.from_tensor_slices(serialized).map(
        lambda s: ours.io.parse_single_example(s, wanted)["a"]
    )
    assert [np.asarray(item).tolist() for item in dataset] == [[1, 2], [3, -4]]
    assert plain(evaluate(ours, "io.parse_example(E, {'a': Fixed([2], tf.int64)})", names))
