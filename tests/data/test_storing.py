"""Elements in files: saved data sets, caches, snapshots."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater.errors import ArgumentError, DataLossError, NotFoundError

Dataset = tf.data.Dataset


def plain(source: Any) -> list[Any]:
    return [[np.asarray(leaf).tolist() for leaf in tf.nest.flatten(element)] for element in source]


def structures() -> Any:
    rows = {"a": np.arange(6, dtype=np.int8), "b": (np.ones((6, 2), np.float32), ["p", "q", "", "ä", "r", "s"])}
    return Dataset.from_tensor_slices(rows)


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_a_saved_data_set_is_loaded_with_its_spec(tmp_path: Any, compression: Any) -> None:
    structures().save(tmp_path / "d", compression)
    loaded = Dataset.load(tmp_path / "d")
    assert plain(loaded) == plain(structures()) and loaded.element_spec == structures().element_spec
    assert len(loaded) == 6


def test_saving_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Any) -> None:
    path = str(tmp_path / "d")
    for count in (5, 3):
        Dataset.range(count).save(path)
    assert plain(Dataset.load(path)) == [[0], [1], [2]] and os.listdir(tmp_path) == ["d"]


def test_a_failure_while_saving_keeps_the_old_one(tmp_path: Any) -> None:
    path = str(tmp_path / "d")
    Dataset.range(2).save(path)
    with pytest.raises(ZeroDivisionError):
        Dataset.range(4).map(lambda x: 1 // (2 - int(x))).save(path)
    assert plain(Dataset.load(path)) == [[0], [1]] and os.listdir(tmp_path) == ["d"]


def test_parts_are_read_as_the_reader_says(tmp_path: Any) -> None:
    Dataset.range(6).save(tmp_path / "d", shard_func=lambda x: x % 2)
    assert sorted(plain(Dataset.load(tmp_path / "d"))) == [[n] for n in range(6)]
    reader = lambda parts: parts.interleave(lambda part: part, cycle_length=2)  # noqa: E731
    assert plain(Dataset.load(tmp_path / "d", reader_func=reader)) == [[n] for n in range(6)]


def test_what_is_no_saved_data_set_is_refused(tmp_path: Any) -> None:
    with pytest.raises(NotFoundError, match="no saved data set"):
        Dataset.load(tmp_path / "nothing")
    Dataset.range(3).save(tmp_path / "d")
    with pytest.raises(ArgumentError, match="structure"):
        Dataset.load(tmp_path / "d", element_spec=(tf.TensorSpec((), "int64"),) * 2)
    shard = tmp_path / "d" / "shard-00000.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-3])
    with pytest.raises(DataLossError, match="shard-00000"):
        list(Dataset.load(tmp_path / "d"))
    (tmp_path / "d" / "dataset.json").write_text('{"spec": {"exec": 1}, "count": 1, "shards": 1, "compression": ""}')
    with pytest.raises(DataLossError, match="description of the elements is damaged"):
        Dataset.load(tmp_path / "d")


def test_a_cache_in_files_computes_once_and_serves_other_programs(tmp_path: Any) -> None:
    calls: list[int] = []

    def cached() -> Any:
        return Dataset.range(4).map(lambda x: (x.numpy() * 2, calls.append(1))[0]).cache(str(tmp_path / "c"))

    source = cached()
    first = plain(source)
    assert first == plain(source) == plain(cached()) == [[0], [2], [4], [6]]
    assert len(calls) == 4


def test_a_pass_that_is_broken_off_leaves_no_cache(tmp_path: Any) -> None:
    source = Dataset.range(4).cache(str(tmp_path / "c"))
    iterator = iter(source)
    next(iterator)
    del iterator
    assert os.listdir(tmp_path) == [] and plain(source) == [[0], [1], [2], [3]]


def test_a_cache_in_memory_computes_once() -> None:
    calls: list[int] = []
    source = Dataset.range(4).map(lambda x: (x.numpy(), calls.append(1))[0]).cache()
    next(iter(source))
    calls.clear()
    assert plain(source) == plain(source) and len(calls) == 4


def test_a_snapshot_goes_on_where_it_was_restored(tmp_path: Any) -> None:
    make = lambda: Dataset.range(9).snapshot(str(tmp_path / "s"))  # noqa: E731
    iterator = iter(make())
    for _ in range(3):
        next(iterator)
    state = iterator.save()
    rest = plain(iterator)
    again = iter(make())
    again.restore(state)
    assert plain(again) == rest == [[n] for n in range(3, 9)]


def test_ragged_tensors_are_saved(tmp_path: Any) -> None:
    rows = Dataset.from_tensor_slices(tf.ragged.constant([[1, 2], [], [3]])).batch(2)
    rows.save(tmp_path / "d")
    loaded = Dataset.load(tmp_path / "d")
    assert [x.to_list() for x in loaded] == [[[1, 2], []], [[3]]] and loaded.element_spec == rows.element_spec


def test_tables_are_read_a_part_at_a_time(tmp_path: Any) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    table = arrow.table({"x": np.arange(10), "s": ["t"] * 10, "y": np.linspace(0, 1, 10).astype(np.float32)})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=4)
    feather.write_feather(table, tmp_path / "t.arrow", chunksize=4, compression="uncompressed")
    sources = [
        Dataset.from_parquet(str(tmp_path / "t.parquet")),
        Dataset.from_arrow(str(tmp_path / "t.arrow")),
        Dataset.from_arrow(table),
        Dataset.from_frame(table),
    ]
    for source in sources:
        batches = list(source.batch(7).as_numpy_iterator())
        assert [batch["x"].tolist() for batch in batches] == [list(range(7)), [7, 8, 9]]
        assert batches[0]["s"].tolist() == [b"t"] * 7 and batches[0]["y"].dtype == np.float32
        assert sorted(int(x["x"]) for x in source.shuffle(3)) == list(range(10))
    iterator = iter(sources[0])
    for _ in range(6):
        next(iterator)
    again = iter(Dataset.from_parquet(str(tmp_path / "t.parquet")))
    again.restore(iterator.save())
    assert [int(row["x"]) for row in again] == [6, 7, 8, 9]
    with pytest.raises(ArgumentError, match="no column 'z'"):
        Dataset.from_parquet(str(tmp_path / "t.parquet"), ["z"])
    (tmp_path / "broken").write_bytes(b"PAR1")
    with pytest.raises(DataLossError, match="no Parquet file"):
        Dataset.from_parquet(str(tmp_path / "broken"))


def test_queries_of_sqlite_files_are_read(tmp_path: Any) -> None:
    import sqlite3

    path = str(tmp_path / "a.db")
    with sqlite3.connect(path) as database:
        database.execute("create table t (a integer, b text)")
        database.executemany("insert into t values (?, ?)", [(1, "x"), (2, None)])
    database.close()
    source = tf.data.experimental.SqlDataset("sqlite", path, "select * from t", (tf.int32, tf.string))
    assert list(source.as_numpy_iterator()) == [(1, b"x"), (2, b"")]


def test_records_of_a_data_set_are_written(tmp_path: Any) -> None:
    path = str(tmp_path / "r")
    tf.data.experimental.TFRecordWriter(path, "GZIP").write(Dataset.from_tensor_slices(["a", "b"]))
    assert list(tf.data.TFRecordDataset(path, "GZIP").as_numpy_iterator()) == [b"a", b"b"]
