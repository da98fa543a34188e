"""Functions of strings that a map calls for several elements at once: what comes is what comes one by one."""

import numpy as np
import pytest

import headwater as tf
from headwater.data.mapping import MapCursor
from headwater.data.stage import Run
from headwater.errors import HeadwaterError

Dataset = tf.data.Dataset
FEATURES = {
    "label": tf.io.FixedLenFeature([], tf.int64),
    "numbers": tf.io.FixedLenFeature([3], tf.float32, default_value=[1.0, 2.0, 3.0]),
    "text": tf.io.FixedLenFeature([], tf.string),
}


def example(number):
    found = tf.train.Example()
    found.features.feature["label"].int64_list.value.append(number)
    found.features.feature["text"].bytes_list.value.append(b"text %d" % number)
    if number % 3:
        found.features.feature["numbers"].float_list.value.extend([number, 0.5, -number])
    return found.SerializeToString()


def records(count, broken=()):
    return Dataset.from_tensor_slices([b"\xff" if number in broken else example(number) for number in range(count)])


def parse(serialized):
    row = tf.io.parse_single_example(serialized, FEATURES)
    return 2.0 * row["numbers"][::-1], row["text"], row["label"] + 1


def values(element):
    return [np.asarray(component).tolist() for component in element]


@pytest.fixture
def calls_of_elements(monkeypatch):
    """Counts the elements for which a map calls its function alone, or nothing where others do it."""
    from headwater.data.calls import ActiveCall

    seen, called = [], ActiveCall.__call__

    def counted(self, element, index):
        seen.append(index)
        return called(self, element, index)

    monkeypatch.setattr(ActiveCall, "__call__", counted)
    return seen


@pytest.mark.parametrize("parallel", [None, 3])
def test_batches_of_parsed_rows_are_those_of_rows_parsed_alone(parallel, calls_of_elements):
    batches = list(records(100).map(parse, num_parallel_calls=parallel).batch(16))
    assert len(calls_of_elements) < 60  # the first batch, until it is known that there is a shorter way
    expected = [parse(example(number)) for number in range(100)]
    assert [len(batch[0]) for batch in batches] == [16] * 6 + [4]
    for place, parts in enumerate(zip(*expected)):
        found = np.concatenate([np.asarray(batch[place]) for batch in batches])
        assert found.tolist() == np.stack([np.asarray(part) for part in parts]).tolist()


def test_strings_decoded_with_numbers_go_together(calls_of_elements):
    pixels = np.arange(60, dtype=np.uint8).reshape(20, 3)
    rows = Dataset.from_tensor_slices([row.tobytes() for row in pixels])
    scaled = rows.map(lambda row: tf.cast(tf.io.decode_raw(row, tf.uint8), tf.float32) / 2.0)
    found = [np.asarray(batch) for batch in (*scaled.batch(8), *scaled.batch(8))]
    np.testing.assert_array_equal(np.concatenate(found), np.concatenate([pixels, pixels]) / np.float32(2))
    assert len(calls_of_elements) < 20


def test_rows_of_unequal_sizes_are_left_to_calls_for_each():
    rows = Dataset.from_tensor_slices([b"ab", b"c", b"def", b"", b"gh"])
    padded = rows.map(lambda row: tf.io.decode_raw(row, tf.uint8)).padded_batch(2)
    assert [np.asarray(batch).tolist() for batch in padded] == [
        [[97, 98], [99, 0]],
        [[100, 101, 102], [0, 0, 0]],
        [[103, 104]],
    ]


@pytest.mark.parametrize("parallel", [None, 3])
def test_an_error_names_the_element_that_is_to_blame(parallel):
    batches = iter(records(60, broken=(37,)).map(parse, num_parallel_calls=parallel, name="parse").batch(8))
    assert [int(next(batches)[2][0]) for _ in range(4)] == [1, 9, 17, 25]
    with pytest.raises(HeadwaterError, match="element 37"):
        next(batches)


@pytest.mark.parametrize("parallel", [None, 3])
def test_a_map_that_stopped_in_the_middle_goes_on_there(parallel):
    def pipeline():
        return records(70).shuffle(20, seed=3).map(parse, num_parallel_calls=parallel).batch(9).repeat(2)

    whole = [values(batch) for batch in pipeline()]
    for stop in range(1, len(whole)):
        iterator = iter(pipeline())
        for _ in range(stop):
            next(iterator)
        state = iterator.save()
        continued = iter(pipeline())
        continued.restore(state)
        assert [values(batch) for batch in continued] == whole[stop:]


def test_what_was_taken_and_not_called_for_is_kept_with_the_place():
    stage = records(12, broken=(9,)).map(parse)._stage
    cursor = MapCursor(stage, Run())
    assert len(cursor.take(4)) == 4
    with pytest.raises(HeadwaterError, match="element 9"):
        cursor.take(8)
    rest = MapCursor(stage, Run())
    rest.restore(cursor.state())
    assert [int(row[2]) for row in (*cursor, *rest)] == [11, 12, 11, 12]
