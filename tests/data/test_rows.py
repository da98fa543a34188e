"""Pipelines over arrays in memory run on numbers of rows and whole batches; they give what they would give element by
element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater.data.rows import RowsCursor, over_rows
from headwater.data.stage import Run

Dataset = tf.data.Dataset
FLOATS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
PAIR = (FLOATS, np.arange(50))


def slices() -> Any:
    return Dataset.from_tensor_slices(PAIR)


def scaled(x: Any, y: Any) -> Any:
    return tf.cast(x, tf.float32) / 3.0 + 1.0, y * 2


# Everything up to the batch, which is what is cut short.
FUSED: dict[str, Callable[[], Any]] = {
    "alone": slices,
    "shuffle": lambda: slices().shuffle(50, seed=1),
    "window": lambda: slices().shuffle(7, seed=1),
    "repeat": lambda: slices().shuffle(50, seed=1).repeat(3),
    "window repeat": lambda: slices().repeat(2).shuffle(11, seed=2).take(77),
    "take skip shard": lambda: slices().skip(3).take(40).shard(3, 2),
    "cache": lambda: slices().shuffle(20, seed=4).cache().repeat(2),
    "prefetch": lambda: slices().prefetch(2).shuffle(50, seed=1),
    "range": lambda: Dataset.range(3, 90, 2).shuffle(90, seed=5),
    "element-wise": lambda: slices().map(scaled).shuffle(50, seed=1),
    "element-wise after": lambda: slices().shuffle(9, seed=1).map(scaled).map(lambda x, y: {"x": tf.sqrt(tf.abs(x))}),
    "moving": lambda: slices().map(lambda x, y: (tf.reshape(x, [3, 1]), tf.reverse(x, [0]), y)),
    "parallel": lambda: slices().map(scaled, num_parallel_calls=2),
    "strings": lambda: Dataset.from_tensor_slices({"s": ["a", "b", "c", "d"], "n": [1, 2, 3, 4]}).shuffle(4, seed=1),
    "dtypes": lambda: Dataset.from_tensor_slices(
        tuple(tf.cast(FLOATS, dtype) for dtype in ("bfloat16", "float16", "bool", "complex64", "int8"))
    ).shuffle(50, seed=2),
}


def plain(element: Any) -> list[Any]:
    return [np.asarray(leaf).tolist() for leaf in tf.nest.flatten(element)]


def batches(name: str, drop: bool, fused: bool) -> Any:
    source = FUSED[name]()
    if not fused:
        source = source.ignore_errors()
        source._stage.over_rows = lambda inputs: None
    return source.batch(8, drop_remainder=drop)


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("drop", [False, True])
def test_batches_of_rows_are_batches_of_elements(name: str, drop: bool) -> None:
    for fused in (True, False):  # of pipelines made anew each time: they have the same passes
        assert isinstance(batches(name, drop, fused)._stage.open(Run()), RowsCursor) is fused
    assert [plain(x) for x in batches(name, drop, True)] == [plain(x) for x in batches(name, drop, False)]


VARIABLE = tf.Variable(1.0)
STEPWISE: dict[str, Callable[[], Any]] = {
    "sum": lambda: slices().map(lambda x, y: tf.reduce_sum(x)),
    "product": lambda: slices().map(lambda x, y: tf.linalg.matvec(tf.eye(3), x)),
    "random": lambda: slices().map(lambda x, y: x + tf.random.normal([3])),
    "variable": lambda: slices().map(lambda x, y: x * VARIABLE),
    "python": lambda: slices().map(lambda x, y: x.numpy()),
    "filter": lambda: slices().filter(lambda x, y: y > 3),
}


@pytest.mark.parametrize("name", STEPWISE)
def test_what_looks_at_rows_sees_them_one_by_one(name: str) -> None:
    assert over_rows(STEPWISE[name]()._stage) is None


def test_a_batch_is_a_new_tensor_of_the_rows_dtypes() -> None:
    x, y = next(iter(slices().batch(4)))
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((4, 3), "float32", (4,), "int64")


def test_the_users_array_may_change_afterwards() -> None:
    array = np.zeros(3, np.float32)
    source = Dataset.from_tensor_slices(array)
    array[:] = 1
    assert [float(x) for x in source] == [0, 0, 0]


def test_maps_of_files_stay_on_their_files(tmp_path: Any) -> None:
    mapped = np.memmap(tmp_path / "a", np.int32, "w+", shape=(6, 2))
    mapped[:] = np.arange(12).reshape(6, 2)
    source = Dataset.from_tensor_slices(mapped)
    assert isinstance(source._stage.components[0], np.memmap)
    assert [x.numpy().tolist() for x in source.batch(3)] == [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]


# Shuffle


@pytest.mark.parametrize("size", [1, 3, 10, 40, 60])
@pytest.mark.parametrize("rows", [True, False])
def test_shuffle_draws_each_element_from_a_window(size: int, rows: bool) -> None:
    source = Dataset.range(40) if rows else Dataset.from_generator(lambda: iter(range(40)))
    order = [int(x) for x in source.shuffle(size, seed=3)]
    assert sorted(order) == list(range(40))
    assert all(element < place + size for place, element in enumerate(order))
    if size > 1:
        assert order != list(range(40))


def test_each_pass_is_shuffled_anew_unless_told_otherwise() -> None:
    source = Dataset.range(20).shuffle(20, seed=1)
    first, second = ([int(x) for x in source] for _ in range(2))
    assert first != second
    fixed = Dataset.range(20).shuffle(20, seed=1, reshuffle_each_iteration=False)
    assert [int(x) for x in fixed] == [int(x) for x in fixed]
    assert [int(x) for x in source.repeat(2)] != first + first


def test_a_seed_gives_the_same_passes_again() -> None:
    passes = [[[int(x) for x in source] for _ in range(2)] for source in (seeded(), seeded())]
    assert passes[0] == passes[1]


def seeded() -> Any:
    return Dataset.range(20).shuffle(8, seed=5)


def test_the_sessions_seed_decides_where_there_is_no_other() -> None:
    def orders() -> list[Any]:
        tf.random.set_seed(11)
        return [[int(x) for x in Dataset.range(20).shuffle(20)] for _ in range(2)]

    first, second = orders(), orders()
    assert first == second and first[0] != first[1]
    tf.random.set_seed(12)
    assert [int(x) for x in Dataset.range(20).shuffle(20)] != first[0]


def test_places_are_equally_likely() -> None:
    counts = np.zeros((4, 4))
    source = Dataset.range(4).shuffle(4, seed=0).repeat(2000).batch(4)
    for order in source:
        counts[np.arange(4), order.numpy()] += 1
    assert np.abs(counts / 2000 - 0.25).max() < 0.05


# Random functions


def test_random_draws_follow_from_the_element_whatever_the_threads() -> None:
    def draws(parallel: int | None) -> list[float]:
        tf.random.set_seed(3)
        source = Dataset.range(30).map(lambda x: tf.random.uniform([]), num_parallel_calls=parallel)
        return [float(x) for x in source]

    found = draws(None)
    assert draws(4) == found and len(set(found)) == 30


def test_random_draws_are_other_ones_in_each_pass_and_map() -> None:
    source = Dataset.range(5).map(lambda x: (tf.random.uniform([]), tf.random.uniform([])))
    twice = source.map(lambda a, b: (a, b, tf.random.uniform([])))
    found = [float(value) for _ in range(2) for element in twice for value in element]
    assert len(set(found)) == 30


def test_layers_draw_by_the_element_too() -> None:
    layer = tf.keras.layers.GaussianNoise(1.0, seed=7)

    def noise(parallel: int | None) -> list[float]:
        source = Dataset.range(9).map(lambda x: layer(tf.zeros([1]), training=True)[0], num_parallel_calls=parallel)
        return [float(x) for x in source]

    found = noise(None)
    assert noise(3) == found and len(set(found)) == 9


# Specs of what functions give


def test_sizes_are_known_where_they_do_not_hang_on_open_ones() -> None:
    images = Dataset.from_tensor_slices(np.zeros((6, 8, 8, 3), np.float32)).batch(2)
    flip = tf.keras.layers.RandomFlip(seed=1)
    assert images.map(lambda x: flip(x, training=True)).element_spec.shape == [None, 8, 8, 3]
    assert images.map(lambda x: tf.reshape(x, [-1, 4])).element_spec.shape == [None, 4]
    assert images.map(lambda x: x + tf.random.uniform([8, 3])).element_spec.shape == [None, 8, 8, 3]
    assert images.map(lambda x: x.numpy()).element_spec.shape == [None] * 4


def test_layers_of_strings_say_their_sizes() -> None:
    layer = tf.keras.layers.TextVectorization(output_sequence_length=4)
    layer.adapt(["a b c"])
    texts = Dataset.from_tensor_slices(["a b", "c"])
    assert texts.batch(2).map(layer).element_spec == tf.TensorSpec([None, 4], "int64")
    assert [x.numpy().tolist() for x in texts.map(layer)] == [layer(t).numpy().tolist() for t in ("a b", "c")]


def test_a_batch_is_made_without_a_second_copy_and_is_nobody_elses() -> None:
    elements = [np.full(1000, n, np.float32) for n in range(4)]
    batch = next(iter(Dataset.from_generator(lambda: iter(elements)).batch(4)))
    for element in elements:
        element[:] = -1
    assert batch.numpy()[:, 0].tolist() == [0, 1, 2, 3]
    cached = Dataset.from_generator(lambda: iter(elements)).batch(2).cache()
    for array in cached.as_numpy_iterator():
        array[:] = 9
    assert {float(x) for batch in cached for x in batch.numpy().ravel()} == {-1.0}
