"""An iterator that is saved and restored goes on as if it had not been: element by element."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater.errors import DataLossError, StateError

Dataset = tf.data.Dataset
ROWS = np.arange(40, dtype=np.int32)


def noisy(x: Any) -> Any:
    return tf.cast(x, tf.float32) + tf.random.uniform([])


def as_python(x: Any) -> Any:
    return int(x.numpy()) * 2


def lengths() -> Any:
    return Dataset.from_generator(lambda: ([1] * (n % 4) for n in range(30)), output_signature=tf.TensorSpec([None]))


PIPELINES: dict[str, Callable[[], Any]] = {
    "range": lambda: Dataset.range(30),
    "generator": lambda: Dataset.from_generator(lambda: iter(range(30))),
    "shuffled rows": lambda: Dataset.from_tensor_slices(ROWS).shuffle(40).repeat(3).batch(7),
    "rows in windows": lambda: Dataset.from_tensor_slices(ROWS).shuffle(9).repeat(2).batch(4),
    "shuffled elements": lambda: Dataset.range(20).shuffle(6).repeat(3),
    "seeded": lambda: Dataset.range(20).shuffle(20, seed=3).repeat(3),
    "same order": lambda: Dataset.range(20).shuffle(20, reshuffle_each_iteration=False).repeat(3),
    "map": lambda: Dataset.range(40).map(lambda x: x * x),
    "python map": lambda: Dataset.range(40).map(as_python),
    "random map": lambda: Dataset.range(20).map(noisy).repeat(2),
    "parallel": lambda: Dataset.range(40).shuffle(8).repeat(2).map(noisy, num_parallel_calls=3).batch(3).prefetch(2),
    "parallel python": lambda: Dataset.range(40).map(as_python, num_parallel_calls=2).prefetch(-1),
    "take skip shard": lambda: Dataset.range(90).skip(5).take(70).shard(3, 1).enumerate(),
    "filter": lambda: Dataset.range(60).filter(lambda x: x % 3 != 1),
    "take_while": lambda: Dataset.range(60).take_while(lambda x: x < 33),
    "unique": lambda: Dataset.range(60).map(lambda x: x % 17).unique(),
    "zip concatenate": lambda: Dataset.zip(Dataset.range(30), Dataset.range(9).concatenate(Dataset.range(19))),
    "choose": lambda: Dataset.choose_from_datasets(
        [Dataset.range(9), Dataset.range(50, 80)], Dataset.range(2).repeat(20), stop_on_empty_dataset=False
    ),
    "sample": lambda: Dataset.sample_from_datasets([Dataset.range(15), Dataset.range(50, 70)], [0.4, 0.6]),
    "flat_map": lambda: Dataset.range(8).flat_map(lambda n: Dataset.range(n).shuffle(5)),
    "random in flat_map": lambda: Dataset.range(6).flat_map(lambda n: Dataset.range(4).map(noisy)),
    "interleave": lambda: Dataset.range(8).interleave(lambda n: Dataset.range(n), cycle_length=3, block_length=2),
    "parallel interleave": lambda: Dataset.range(8).interleave(
        lambda n: Dataset.range(n).map(noisy), cycle_length=3, num_parallel_calls=2
    ),
    "padded": lambda: lengths().padded_batch(3),
    "buckets": lambda: lengths().bucket_by_sequence_length(lambda x: tf.shape(x)[0], [2, 3], [3, 2, 2]),
    "groups": lambda: Dataset.range(40).group_by_window(lambda x: x % 3, lambda key, group: group.batch(2), 4),
    "window": lambda: Dataset.range(20).window(4, 2, 1).flat_map(lambda w: w.batch(4)).unbatch(),
    "windows shuffled": lambda: Dataset.range(20).window(3).shuffle(4).flat_map(lambda w: w),
    "scan": lambda: Dataset.range(30).scan(np.int64(0), lambda s, x: (s + x, s)),
    "rejection": lambda: Dataset.range(90).rejection_resample(lambda x: x % 2, [0.3, 0.7]),
    "rebatch": lambda: Dataset.range(40).batch(7).rebatch(3),
    "cache": lambda: Dataset.range(10).shuffle(10).cache().repeat(3),
    "cached rows": lambda: Dataset.from_tensor_slices(ROWS).shuffle(9).cache().repeat(2).batch(5),
    "random": lambda: Dataset.random().take(30),
    "strings": lambda: Dataset.from_tensor_slices(["a", "ä", "c", "d"]).repeat(6).shuffle(5),
    "structures": lambda: Dataset.from_tensor_slices({"a": ROWS, "b": (ROWS, ROWS)}).map(lambda d: d).shuffle(9),
    "reducer": lambda: Dataset.range(20).apply(
        tf.data.experimental.group_by_reducer(
            lambda x: x % 6, tf.data.experimental.Reducer(lambda k: np.int64(0), lambda s, x: s + x, lambda s: s)
        )
    ),
}


def plain(element: Any) -> Any:
    return [np.asarray(leaf).tolist() for leaf in tf.nest.flatten(element)]


@pytest.mark.parametrize("name", PIPELINES)
def test_a_restored_iterator_goes_on_as_the_one_that_was_saved(name: str) -> None:
    make = PIPELINES[name]
    iterator = iter(make())
    draw = random.Random(name)
    steps = sorted({draw.randrange(12) for _ in range(2)})
    states, seen = {}, 0
    for step in steps:
        for _ in range(step - seen):
            next(iterator, None)
        states[step], seen = iterator.save(), step
    rest = [plain(element) for element in iterator]
    for step, state in states.items():
        again = iter(make())  # of a pipeline made anew, as another process does
        again.restore(state)
        continued = [plain(element) for element in again]
        assert continued[step_ahead(steps, step) :] == rest
        assert len(continued) >= len(rest)


def step_ahead(steps: list[int], step: int) -> int:
    """How many elements were taken between a state and the last."""
    return steps[-1] - step


def test_passes_after_the_restored_one_go_on_too() -> None:
    make = lambda: Dataset.range(5).shuffle(5).repeat()  # noqa: E731
    iterator = iter(make())
    for _ in range(12):
        next(iterator)
    again = iter(make())
    again.restore(iterator.save())
    assert [int(next(again)) for _ in range(20)] == [int(next(iterator)) for _ in range(20)]


def test_a_checkpoint_saves_iterators_beside_variables(tmp_path: Any) -> None:
    step, iterator = tf.Variable(0), iter(Dataset.range(100).shuffle(50).batch(3).prefetch(2))
    checkpoint = tf.train.Checkpoint(step=step, iterator=iterator)
    for _ in range(4):
        next(iterator)
        step.assign_add(1)
    path = checkpoint.save(tmp_path / "c")
    rest = [x.numpy().tolist() for x in iterator]
    other_step, other = tf.Variable(0), iter(Dataset.range(100).shuffle(50).batch(3).prefetch(2))
    tf.train.Checkpoint(step=other_step, iterator=other).restore(path).assert_consumed()
    assert int(other_step) == 4
    assert [x.numpy().tolist() for x in other] == rest


def test_a_state_of_another_pipeline_is_refused_and_the_iterator_stays() -> None:
    state = iter(Dataset.range(5).batch(2)).save()
    iterator = iter(Dataset.range(5))
    next(iterator)
    with pytest.raises(StateError, match="another pipeline"):
        iterator.restore(state)
    assert int(next(iterator)) == 1


@pytest.mark.parametrize("cut", [0, 5, 30, -1])
def test_a_damaged_state_is_refused(cut: int) -> None:
    iterator = iter(Dataset.from_tensor_slices(["a", "b", "c"]).shuffle(2))
    next(iterator)
    with pytest.raises(DataLossError, match="can't be read"):
        iterator.restore(iterator.save()[:cut])


def test_numpy_iterators_are_saved_and_restored() -> None:
    iterator = Dataset.range(6).as_numpy_iterator()
    next(iterator)
    state = iterator.save()
    assert list(iterator) == [1, 2, 3, 4, 5]
    iterator.restore(state)
    assert list(iterator) == [1, 2, 3, 4, 5]
