"""Pipelines of tf.data give what TensorFlow's give: elements, order, specs, cardinalities, and what is refused.

A row of the table is a function of `tf`: it is called with both frameworks, and the data sets it makes are compared.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as real

import headwater as tf

pytestmark = pytest.mark.filterwarnings("ignore")

Point = collections.namedtuple("Point", "x y")
FLOATS = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
WHOLE = np.arange(6, dtype=np.int32)


def counting(tf: Any, *sizes: int) -> Any:
    """Rows of several lengths, with a signature."""
    return tf.data.Dataset.from_generator(
        lambda: (np.arange(size, dtype=np.int64) + 1 for size in sizes),
        output_signature=tf.TensorSpec([None], tf.int64),
    )


def pairs(tf: Any) -> Any:
    return tf.data.Dataset.from_tensor_slices({"b": FLOATS, "a": (WHOLE, ["p", "q", "r", "s", "t", "u"])})


def ranges(tf: Any, count: int) -> Any:
    return tf.data.Dataset.range(count)


PIPELINES: dict[str, Callable[[Any], Any]] = {
    # sources
    "range": lambda tf: tf.data.Dataset.range(5),
    "range start stop": lambda tf: tf.data.Dataset.range(2, 5),
    "range step": lambda tf: tf.data.Dataset.range(10, 1, -3),
    "range empty": lambda tf: tf.data.Dataset.range(3, 1),
    "range dtype": lambda tf: tf.data.Dataset.range(0, 5, 2, output_type=tf.float32),
    "counter": lambda tf: tf.data.Dataset.counter(3, 2).take(4),
    "from_tensors": lambda tf: tf.data.Dataset.from_tensors([[1, 2], [3, 4]]),
    "from_tensors structure": lambda tf: tf.data.Dataset.from_tensors({"a": 1.5, "b": ("x", True)}),
    "from_tensors None": lambda tf: tf.data.Dataset.from_tensors((1, None)),
    "slices of list": lambda tf: tf.data.Dataset.from_tensor_slices([1, 2, 3]),
    "slices of floats": lambda tf: tf.data.Dataset.from_tensor_slices([1.5, 2.0]),
    "slices of float64": lambda tf: tf.data.Dataset.from_tensor_slices(np.array([1.5, 2.0])),
    "slices of bool": lambda tf: tf.data.Dataset.from_tensor_slices(np.array([True, False])),
    "slices of uint8": lambda tf: tf.data.Dataset.from_tensor_slices(np.arange(4, dtype=np.uint8)),
    "slices of strings": lambda tf: tf.data.Dataset.from_tensor_slices(["a", "ä", ""]),
    "slices of string matrix": lambda tf: tf.data.Dataset.from_tensor_slices([["a", "b"], ["c", "d"]]),
    "slices of nothing": lambda tf: tf.data.Dataset.from_tensor_slices(np.zeros((0, 3), np.float32)),
    "slices of pair": lambda tf: tf.data.Dataset.from_tensor_slices((FLOATS, WHOLE)),
    "slices nested": pairs,
    "slices of named tuple": lambda tf: tf.data.Dataset.from_tensor_slices(Point(FLOATS, WHOLE)),
    "slices of ordered dict": lambda tf: tf.data.Dataset.from_tensor_slices(
        collections.OrderedDict([("z", WHOLE), ("a", WHOLE * 2)])
    ),
    "slices of tensor": lambda tf: tf.data.Dataset.from_tensor_slices(tf.constant([[1.0], [2.0]])),
    "generator signature": lambda tf: counting(tf, 3, 0, 2),
    "generator types": lambda tf: tf.data.Dataset.from_generator(
        lambda: ((i, [1.0] * i) for i in range(3)), (tf.int32, tf.float32)
    ),
    "generator shapes": lambda tf: tf.data.Dataset.from_generator(
        lambda: ((i, [1.0, 2.0]) for i in range(3)), (tf.int64, tf.float32), ((), (2,))
    ),
    "generator dict": lambda tf: tf.data.Dataset.from_generator(
        lambda: ({"a": i, "b": "x" * i} for i in range(3)), {"a": tf.int32, "b": tf.string}
    ),
    "generator args": lambda tf: tf.data.Dataset.from_generator(lambda n: range(n), tf.int32, args=(4,)),
    "generator casts": lambda tf: tf.data.Dataset.from_generator(
        lambda: iter(np.array([1.5, 2.5])), output_signature=tf.TensorSpec((), tf.float32)
    ),
    "zip": lambda tf: tf.data.Dataset.zip(ranges(tf, 3), ranges(tf, 5)),
    "zip nested": lambda tf: tf.data.Dataset.zip((ranges(tf, 3), {"b": pairs(tf), "a": ranges(tf, 9)})),
    # choosing and counting
    "take": lambda tf: ranges(tf, 5).take(3),
    "take all": lambda tf: ranges(tf, 3).take(-1),
    "take more": lambda tf: ranges(tf, 3).take(9),
    "take 0": lambda tf: ranges(tf, 3).take(0),
    "skip": lambda tf: ranges(tf, 5).skip(3),
    "skip all": lambda tf: ranges(tf, 5).skip(-1),
    "skip more": lambda tf: ranges(tf, 2).skip(5),
    "shard": lambda tf: ranges(tf, 10).shard(3, 1),
    "shard of few": lambda tf: ranges(tf, 2).shard(4, 3),
    "repeat": lambda tf: ranges(tf, 3).repeat(2),
    "repeat 0": lambda tf: ranges(tf, 3).repeat(0),
    "repeat for ever": lambda tf: ranges(tf, 3).repeat().take(7),
    "repeat nothing": lambda tf: ranges(tf, 0).repeat(),
    "infinite": lambda tf: ranges(tf, 3).repeat(),
    "enumerate": lambda tf: pairs(tf).enumerate(7),
    "filter": lambda tf: ranges(tf, 9).filter(lambda x: x % 3 == 0),
    "filter structure": lambda tf: pairs(tf).filter(lambda d: d["a"][0] > 3),
    "take_while": lambda tf: ranges(tf, 9).take_while(lambda x: x < 4),
    "unique": lambda tf: tf.data.Dataset.from_tensor_slices([3, 1, 3, 2, 1]).unique(),
    "unique strings": lambda tf: tf.data.Dataset.from_tensor_slices(["b", "a", "b"]).unique(),
    "concatenate": lambda tf: ranges(tf, 2).concatenate(ranges(tf, 4).skip(2)),
    "concatenate shapes": lambda tf: tf.data.Dataset.from_tensors([1, 2]).concatenate(
        tf.data.Dataset.from_tensors([1, 2, 3])
    ),
    "choose": lambda tf: tf.data.Dataset.choose_from_datasets(
        [ranges(tf, 3), ranges(tf, 9).skip(5)], tf.data.Dataset.from_tensor_slices(np.int64([0, 1, 1, 0, 0, 0, 1]))
    ),
    "choose on": lambda tf: tf.data.Dataset.choose_from_datasets(
        [ranges(tf, 1), ranges(tf, 9).skip(5)],
        tf.data.Dataset.from_tensor_slices(np.int64([0, 1, 0, 1, 1])),
        stop_on_empty_dataset=False,
    ),
    "sample one": lambda tf: tf.data.Dataset.sample_from_datasets([ranges(tf, 3), ranges(tf, 9)], [1.0, 0.0]),
    # mapping
    "map": lambda tf: ranges(tf, 4).map(lambda x: x * x),
    "map parallel": lambda tf: ranges(tf, 9).map(lambda x: x + 1, num_parallel_calls=3),
    "map autotune": lambda tf: ranges(tf, 9).map(lambda x: (x, -x), num_parallel_calls=tf.data.AUTOTUNE),
    "map pair": lambda tf: tf.data.Dataset.from_tensor_slices((FLOATS, WHOLE)).map(lambda x, y: {"x": x[0], "y": y}),
    "map dict": lambda tf: pairs(tf).map(lambda d: d["b"] + tf.cast(d["a"][0], tf.float32)),
    "map named tuple": lambda tf: tf.data.Dataset.from_tensor_slices(Point(FLOATS, WHOLE)).map(lambda p: p.x * 2),
    "map to list": lambda tf: ranges(tf, 2).map(lambda x: [x, x + 1]),
    "map to nested list": lambda tf: ranges(tf, 2).map(lambda x: (x, [x, x + 1])),
    "map to constants": lambda tf: ranges(tf, 2).map(lambda x: (1, "a", 2.5)),
    "map to None": lambda tf: ranges(tf, 2).map(lambda x: (x, None)),
    "map to named tuple": lambda tf: ranges(tf, 2).map(lambda x: Point(x, tf.cast(x, tf.float32))),
    "map rows of lengths": lambda tf: counting(tf, 3, 1, 2).map(lambda x: tf.reduce_sum(x)),
    "map keeps open size": lambda tf: counting(tf, 3, 1, 2).map(lambda x: x * 2),
    "map with if": lambda tf: ranges(tf, 5).map(lambda x: tf.where(x > 2, x * 10, x)),
    "map numpy": lambda tf: ranges(tf, 3).map(
        lambda x: tf.ensure_shape(tf.numpy_function(lambda v: v + np.int64(1), [x], tf.int64), [])
    ),
    # batches
    "batch": lambda tf: ranges(tf, 5).batch(2),
    "batch drop": lambda tf: ranges(tf, 5).batch(2, drop_remainder=True),
    "batch rows": lambda tf: tf.data.Dataset.from_tensor_slices((FLOATS, WHOLE)).batch(4),
    "batch structure": lambda tf: pairs(tf).batch(4),
    "batch twice": lambda tf: ranges(tf, 7).batch(2, drop_remainder=True).batch(2),
    "batch of nothing": lambda tf: ranges(tf, 0).batch(2),
    "batch of repeat": lambda tf: tf.data.Dataset.from_tensor_slices(WHOLE).repeat(2).batch(4),
    "repeat of batch": lambda tf: tf.data.Dataset.from_tensor_slices(WHOLE).batch(4).repeat(2),
    "batch after take": lambda tf: tf.data.Dataset.from_tensor_slices(WHOLE).skip(1).take(4).shard(2, 1).batch(2),
    "batch of None": lambda tf: ranges(tf, 3).map(lambda x: (x, None)).batch(2),
    "batch of strings": lambda tf: tf.data.Dataset.from_tensor_slices(["a", "bb", "c"]).batch(2),
    "map of batch": lambda tf: tf.data.Dataset.from_tensor_slices(FLOATS).batch(4).map(lambda x: x * 2),
    "padded": lambda tf: counting(tf, 1, 3, 2, 0).padded_batch(2),
    "padded to": lambda tf: counting(tf, 1, 3, 2).padded_batch(2, padded_shapes=[4], padding_values=np.int64(-1)),
    "padded drop": lambda tf: counting(tf, 1, 3, 2).padded_batch(2, drop_remainder=True),
    "padded structure": lambda tf: tf.data.Dataset.zip((counting(tf, 1, 3, 2), ranges(tf, 3))).padded_batch(
        2, padded_shapes=([None], []), padding_values=(np.int64(7), np.int64(0))
    ),
    "padded strings": lambda tf: tf.data.Dataset.from_generator(
        lambda: iter([["a"], ["b", "c"]]), output_signature=tf.TensorSpec([None], tf.string)
    ).padded_batch(2),
    "padded matrix": lambda tf: tf.data.Dataset.from_tensor_slices(FLOATS).padded_batch(3, padded_shapes=[3, None]),
    "unbatch": lambda tf: tf.data.Dataset.from_tensor_slices((FLOATS, WHOLE)).batch(4).unbatch(),
    "unbatch strings": lambda tf: tf.data.Dataset.from_tensors(["a", "b"]).unbatch(),
    "rebatch": lambda tf: ranges(tf, 7).batch(3).rebatch(2),
    "rebatch drop": lambda tf: ranges(tf, 7).batch(3).rebatch(4, drop_remainder=True),
    "rebatch sizes": lambda tf: ranges(tf, 7).batch(3).rebatch([1, 2]),
    "buckets": lambda tf: counting(tf, 1, 5, 2, 3, 6, 1, 2).bucket_by_sequence_length(
        lambda x: tf.shape(x)[0], [3, 5], [2, 2, 2]
    ),
    "buckets to boundary": lambda tf: counting(tf, 1, 2, 3, 4, 1).bucket_by_sequence_length(
        lambda x: tf.shape(x)[0], [3, 5], [2, 2, 2], pad_to_bucket_boundary=True
    ),
    "buckets drop": lambda tf: counting(tf, 1, 5, 2, 3, 1).bucket_by_sequence_length(
        lambda x: tf.shape(x)[0], [3], [2, 2], drop_remainder=True
    ),
    # windows and groups
    "window": lambda tf: ranges(tf, 7).window(3).flat_map(lambda w: w.batch(3)),
    "window shift": lambda tf: ranges(tf, 7).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3)),
    "window stride": lambda tf: ranges(tf, 9).window(3, 2, 2).flat_map(lambda w: w.batch(3)),
    "window jump": lambda tf: ranges(tf, 9).window(2, 4).flat_map(lambda w: w.batch(3)),
    "window of pairs": lambda tf: (
        tf.data.Dataset.zip((ranges(tf, 5), ranges(tf, 9)))
        .window(2)
        .flat_map(lambda a, b: tf.data.Dataset.zip((a.batch(2), b.batch(2))))
    ),
    "group_by_window": lambda tf: ranges(tf, 10).group_by_window(lambda x: x % 3, lambda k, w: w.batch(2), 2),
    "group_by_window func": lambda tf: ranges(tf, 10).group_by_window(
        lambda x: x % 2, lambda k, w: w.batch(9), window_size_func=lambda k: k + 2
    ),
    "flat_map": lambda tf: ranges(tf, 4).flat_map(lambda n: tf.data.Dataset.range(n)),
    "flat_map slices": lambda tf: tf.data.Dataset.from_tensor_slices(FLOATS).flat_map(
        lambda x: tf.data.Dataset.from_tensor_slices(x)
    ),
    "interleave": lambda tf: ranges(tf, 5).interleave(
        lambda n: tf.data.Dataset.from_tensors(n).repeat(n + 1), cycle_length=2, block_length=2
    ),
    "interleave wide": lambda tf: ranges(tf, 4).interleave(lambda n: tf.data.Dataset.range(n), cycle_length=3),
    "interleave parallel": lambda tf: ranges(tf, 6).interleave(
        lambda n: tf.data.Dataset.from_tensors(n).repeat(n + 1), cycle_length=3, num_parallel_calls=2
    ),
    # states
    "scan": lambda tf: ranges(tf, 5).scan(np.int64(0), lambda s, x: (s + x, (s, x))),
    "cache": lambda tf: ranges(tf, 4).map(lambda x: x + 1).cache().repeat(2),
    "prefetch": lambda tf: ranges(tf, 9).prefetch(2),
    "prefetch autotune": lambda tf: ranges(tf, 9).map(lambda x: x + 1).prefetch(tf.data.AUTOTUNE),
    "shuffle of one": lambda tf: ranges(tf, 5).shuffle(1),
    "apply": lambda tf: ranges(tf, 5).apply(lambda ds: ds.batch(2)),
    "options": lambda tf: ranges(tf, 5).with_options(tf.data.Options()),
    "ignore_errors": lambda tf: (
        ranges(tf, 5)
        .map(lambda x: tf.debugging.check_numerics(1.0 / tf.cast(x - 2, tf.float32), "bad"))
        .ignore_errors()
    ),
    # experimental
    "from_list": lambda tf: tf.data.experimental.from_list([(1, 2.0), (3, 4.0)]),
    "experimental unbatch": lambda tf: ranges(tf, 4).batch(2).apply(tf.data.experimental.unbatch()),
    "experimental Counter": lambda tf: tf.data.experimental.Counter(3).take(2),
    "map_and_batch": lambda tf: ranges(tf, 5).apply(tf.data.experimental.map_and_batch(lambda x: x * 2, 2)),
    "assert_cardinality": lambda tf: (
        ranges(tf, 6).filter(lambda x: x > 2).apply(tf.data.experimental.assert_cardinality(3))
    ),
    "group_by_reducer": lambda tf: ranges(tf, 7).apply(
        tf.data.experimental.group_by_reducer(
            lambda x: x % 2,
            tf.data.experimental.Reducer(lambda k: np.int64(0), lambda s, x: s + x, lambda s: s * 10),
        )
    ),
    "pad_to_cardinality": lambda tf: tf.data.Dataset.from_tensor_slices({"x": WHOLE}).apply(
        tf.data.experimental.pad_to_cardinality(8)
    ),
}
# How the specs may differ, and why.
OTHER_SPECS = {
    "generator types": "ranks are seen in no item before it comes, in TensorFlow",
    "generator dict": "as above",
    "slices of ordered dict": "same",
}
LIMIT = 12


def plain(value: Any) -> Any:
    """A structure with what can be compared: type names, dtypes and values."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "_fields"):
        return type(value).__name__, [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if value is None:
        return None
    array = np.asarray(value)
    kind = "string" if array.dtype.kind in "OSU" else str(array.dtype)
    return kind, array.shape, array.tolist()


def shown(spec: Any) -> Any:
    if isinstance(spec, dict):
        return {key: shown(item) for key, item in spec.items()}
    if isinstance(spec, tuple):
        return tuple(shown(item) for item in spec)
    if type(spec).__name__ == "TensorSpec":
        rank = None if spec.shape is None or getattr(spec.shape, "rank", 0) is None else list(spec.shape)
        return spec.dtype.name, rank
    if type(spec).__name__ == "DatasetSpec":
        return "dataset", shown(getattr(spec, "element_spec", None) or spec._element_spec)
    return type(spec).__name__


def first(dataset: Any) -> list[Any]:
    return [plain(element) for element in dataset.take(LIMIT).as_numpy_iterator()]


@pytest.mark.parametrize("name", PIPELINES)
def test_elements_specs_and_cardinality_are_tensorflows(name: str) -> None:
    theirs, ours = PIPELINES[name](real), PIPELINES[name](tf)
    assert first(ours) == first(theirs)
    assert int(ours.cardinality()) == int(theirs.cardinality())
    if name not in OTHER_SPECS:
        assert agrees(shown(ours.element_spec), shown(theirs.element_spec)), (ours.element_spec, theirs.element_spec)


def agrees(ours: Any, theirs: Any) -> bool:
    """Whether a spec is theirs, or says less of sizes."""
    if isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(agrees(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, tuple) and len(theirs) == 2 and isinstance(theirs[0], str) and theirs[0] != "dataset":
        if ours == theirs:
            return True
        ranks_differ = ours[1] is None or theirs[1] is None or len(ours[1]) != len(theirs[1])
        return ours[0] == theirs[0] and not ranks_differ and all(a in (None, b) for a, b in zip(ours[1], theirs[1]))
    if isinstance(theirs, tuple):
        return len(ours) == len(theirs) and all(map(agrees, ours, theirs))
    return ours == theirs
