"""Strings and records on the host: against plain Python, and on bytes that are anything."""

import os
import random
import threading

import numpy as np
import pytest

import headwater as tf
from headwater.backends.cpu import native
from headwater.io import columns
from headwater.io.wire import bytes_field, varint_field


def crc_by_bits(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_the_checksum_is_that_of_the_definition():
    assert native.crc32c(b"123456789") == 0xE3069283
    assert native.crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    data = random.Random(0).randbytes(70)
    for start in range(3):
        for stop in (*range(start, start + 20), 70):
            assert native.crc32c(data[start:stop]) == crc_by_bits(data[start:stop])


RECORDS = [b"", b"a", b"12345678", bytes(range(256)) * 3]


def test_records_come_back_from_their_frames_as_far_as_a_block_goes():
    framed = native.frame_records(RECORDS)
    ends = np.cumsum([len(record) + 16 for record in RECORDS]).tolist()
    for size in range(len(framed) + 1):
        whole = sum(end <= size for end in ends)
        assert native.scan_records(framed[:size]) == (RECORDS[:whole], ([0, *ends])[whole], 0)


def test_any_changed_byte_of_a_frame_is_noticed_before_its_record_is_given():
    framed = native.frame_records(RECORDS)
    for place in range(len(framed)):
        changed = bytearray(framed)
        changed[place] ^= 1 << place % 8
        records, end, damage = native.scan_records(bytes(changed))
        assert damage in (1, 2) and records == RECORDS[: len(records)]
        assert end <= place < end + len(RECORDS[len(records)]) + 16


def test_a_length_near_the_largest_number_is_no_reason_to_read():
    for length in (2**64 - 1, 2**64 - 16, 2**63):
        header = length.to_bytes(8, "little")
        crc = native.crc32c(header)
        frame = header + (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")
        assert native.scan_records(frame + bytes(100)) == ([], 0, 0)


def test_rows_of_strings_are_those_of_a_dict():
    draw = random.Random(1)
    keys = list({draw.randbytes(draw.randrange(0, 40)) for _ in range(3000)})
    asked = [draw.choice(keys) if draw.random() < 0.6 else draw.randbytes(draw.randrange(0, 40)) for _ in range(20000)]
    known = {key: row for row, key in enumerate(keys)}
    rows = native.StringRows(keys)
    assert len(rows) == len(keys)
    found = np.asarray(rows.find(np.array([*asked, None], object)[:-1]))
    assert found.tolist() == [known.get(key, -1) for key in asked]
    assert np.asarray(native.StringRows([]).find([b"", b"a"])).tolist() == [-1, -1]
    assert np.asarray(native.StringRows([b"a", b"b", b"a"]).find((b"a",))).tolist() == [2]


@pytest.mark.parametrize("given", [[1], ["a"], "abc", b"abc", np.zeros(3), np.array([None]), {b"a": 1}, 5])
def test_what_are_no_strings_is_refused(given):
    for function in (native.StringRows([b"a"]).find, native.StringRows, native.frame_records):
        with pytest.raises(TypeError):
            function(given)


def example_of(draw):
    """An Example with some of four features, and the bytes that it is written as."""
    example = tf.train.Example()
    features = example.features.feature
    if draw.random() < 0.8:
        features["f"].float_list.value.extend(draw.uniform(-9, 9) for _ in range(draw.randrange(4)))
    if draw.random() < 0.8:
        features["i"].int64_list.value.extend(draw.randrange(-(2**63), 2**63) >> draw.randrange(64) for _ in range(3))
    if draw.random() < 0.8:
        features["b"].bytes_list.value.extend(draw.randbytes(draw.randrange(4)) for _ in range(draw.randrange(3)))
    features["other"].int64_list.value.append(1)
    return example.SerializeToString()


WANTED = {"f": tf.io.VarLenFeature(tf.float32), "i": tf.io.VarLenFeature(tf.int64), "b": tf.io.VarLenFeature(tf.string)}


def both(serialized):
    """The columns by the native parser, and those by Python; None where a parser says no."""
    array = np.array([*serialized, None], object)[:-1]
    quick = columns._columns_of(array, WANTED)
    plain = columns.Examples(lambda: [columns._record(data, index) for index, data in enumerate(serialized)])
    try:
        slow = {pair: plain.column(*pair) for pair in columns._wanted(WANTED)}
    except tf.errors.InvalidArgumentError:
        slow = None
    return quick, slow


def assert_equal(quick, slow):
    for pair, column in quick.items():
        np.testing.assert_array_equal(column.counts, slow[pair].counts)
        np.testing.assert_array_equal(column.values, slow[pair].values)
        assert column.values.dtype == slow[pair].values.dtype


def test_examples_are_parsed_as_python_does():
    draw = random.Random(2)
    assert_equal(*both([example_of(draw) for _ in range(100)]))
    assert_equal(*both([]))


def test_what_writers_seldom_write_is_read_too():
    alone = bytes_field(2, b"\x0d\x00\x00\x80\x3f\x0a\x04\x00\x00\x00\x40")  # one float by itself, then packed ones
    unpacked = bytes_field(3, varint_field(1, 7) + varint_field(1, -2))
    twice = bytes_field(3, b"\x0a\x01\x05") + unpacked  # the last list of a feature counts
    for feature, key in ((alone, b"f"), (unpacked, b"i"), (twice, b"i"), (b"", b"b")):
        entry = bytes_field(1, bytes_field(1, key) + bytes_field(2, feature))
        quick, slow = both([bytes_field(1, entry) + bytes_field(1, entry) + varint_field(9, 3)])
        assert_equal(quick, slow)


def test_damaged_examples_are_refused_by_both_parsers_or_read_alike():
    draw = random.Random(3)
    outcomes = set()
    for _ in range(1500):
        data = bytearray(example_of(draw))
        for _ in range(draw.randrange(1, 3)):
            if data and draw.random() < 0.3:
                del data[draw.randrange(len(data)) :]
            if data:
                data[draw.randrange(len(data))] = draw.randrange(256)
        quick, slow = both([bytes(data)])
        outcomes.add((quick is None, slow is None))
        if quick is not None:
            assert slow is not None, bytes(data)
            assert_equal(quick, slow)
    assert {(False, False), (True, True)} <= outcomes
    for size in range(30):
        native.parse_examples([draw.randbytes(size)], [b"f"], [2])


def test_kinds_and_names_must_fit():
    with pytest.raises(ValueError, match="as many kinds"):
        native.parse_examples([b""], [b"a"], [])
    with pytest.raises(ValueError, match="kind must be"):
        native.parse_examples([b""], [b"a"], [4])


def test_a_small_file_is_read_whole_and_a_larger_one_is_left_to_others(tmp_path):
    path = tmp_path / "file"
    for size in (0, 1, 99, 100, 101, 5_000):
        data = random.Random(size).randbytes(size)
        path.write_bytes(data)
        assert native.read_small_file(bytes(path), 100) == (data if size <= 100 else None)


def test_what_says_no_size_is_read_to_its_end(tmp_path):
    assert b"Pid:" in native.read_small_file(b"/proc/self/status", 1 << 20)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = random.Random(0).randbytes(300_000)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert native.read_small_file(bytes(pipe), 100) == data  # nobody could read it again
    writer.join()


def test_a_file_that_can_not_be_read_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        native.read_small_file(bytes(tmp_path / "nothing"), 100)
    with pytest.raises(IsADirectoryError):
        native.read_small_file(bytes(tmp_path), 100)
    with pytest.raises(ValueError, match="zero byte"):
        native.read_small_file(b"a\0b", 100)
