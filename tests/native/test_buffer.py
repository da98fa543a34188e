"""Buffers: what goes in comes out, shared or copied as asked; bad arguments are refused."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from tests.native.runtime import BOOL, CODES, FLOAT32, INT32, buffer_of, native


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_elements_survive_the_round_trip(name, shape):
    array = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2).astype(name)
    for copy in (True, False):
        buffer = buffer_of(array, copy=copy)
        back = np.asarray(buffer)
        assert back.dtype == array.dtype
        assert back.shape == shape == buffer.shape
        assert (buffer.nbytes, buffer.size, buffer.dtype) == (array.nbytes, array.size, CODES[name])
        np.testing.assert_array_equal(back, array)


def test_bfloat16_travels_as_uint16():
    bits = np.array([0x3F80, 0x4000], np.uint16)
    buffer = native.Buffer.from_array(bits, 10, True)
    assert np.asarray(buffer).dtype == np.uint16
    assert native.Buffer.from_array(bits[:1], 10, True).item() == 1.0


def test_sharing_shares_and_copying_copies():
    array = np.arange(6, dtype=np.float32)
    shared, copied = buffer_of(array, copy=False), buffer_of(array)
    array[0] = 9
    assert np.asarray(shared)[0] == 9
    assert np.asarray(copied)[0] == 0


def test_a_shared_array_lives_as_long_as_its_buffer():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    gone = weakref.ref(array)
    buffer = buffer_of(array, copy=False)
    view = np.asarray(buffer.reshape((6,)))
    del array, buffer
    gc.collect()
    assert gone() is not None
    assert view[5] == 5
    del view
    gc.collect()
    assert gone() is None


def test_an_exported_buffer_is_read_only():
    view = np.asarray(buffer_of(np.zeros(3, np.float32)))
    assert not view.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_bools_other_than_zero_and_one_are_mended():
    array = np.array([0, 1, 2, 255], np.uint8)
    assert np.asarray(native.Buffer.from_array(array, BOOL, False)).view(np.uint8).tolist() == [0, 1, 1, 1]
    assert array.tolist() == [0, 1, 2, 255]


def test_item_is_a_python_number():
    assert buffer_of(np.float32(1.5)).item() == 1.5
    assert buffer_of(np.array([[7]], np.int64)).item() == 7
    assert buffer_of(np.array(True)).item() is True
    assert buffer_of(np.array(1 + 2j, np.complex64)).item() == 1 + 2j
    assert buffer_of(np.array(2**64 - 1, np.uint64)).item() == 2**64 - 1
    with pytest.raises(ValueError, match="one element"):
        buffer_of(np.zeros(2, np.float32)).item()


def test_reshape_keeps_the_memory_and_refuses_another_size():
    buffer = buffer_of(np.arange(6, dtype=np.float32))
    assert np.shares_memory(np.asarray(buffer.reshape((2, 3))), np.asarray(buffer))
    for shape in [(7,), (-1,), (2, 3, 1, 0), (2**62, 2**62), (1,) * 20]:
        with pytest.raises(ValueError):
            buffer.reshape(shape)


@pytest.mark.parametrize("name", CODES)
def test_dlpack_goes_both_ways(name):
    array = (np.arange(6).reshape(2, 3) % 2).astype(name)
    np.testing.assert_array_equal(np.from_dlpack(buffer_of(array)), array)
    np.testing.assert_array_equal(np.asarray(native.Buffer.from_dlpack(array)), array)
    np.testing.assert_array_equal(np.asarray(native.Buffer.from_dlpack(array.T)), array.T)


def test_a_dlpack_capsule_serves_once_and_keeps_its_owner_alive():
    buffer = buffer_of(np.arange(4, dtype=np.float32))
    capsule = buffer.__dlpack__()
    taken = native.Buffer.from_dlpack(capsule)
    del buffer
    gc.collect()
    assert np.asarray(taken).tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="not been used"):
        native.Buffer.from_dlpack(capsule)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="cannot be taken as int32"):
        native.Buffer.from_array(np.zeros(3, np.float32), INT32, True)
    with pytest.raises(TypeError):
        native.Buffer.from_array(np.zeros(3, np.float64), FLOAT32, True)
    with pytest.raises(ValueError):
        native.Buffer.from_array(np.zeros((3, 4), np.float32).T, FLOAT32, True)
    with pytest.raises(TypeError):
        native.Buffer.from_array(np.zeros(3, ">f4"), FLOAT32, True)
    with pytest.raises(TypeError):
        native.Buffer.from_array([1.0, 2.0], FLOAT32, True)
    with pytest.raises(TypeError):
        native.Buffer.from_array(np.zeros(3, np.float32), 15, True)


@pytest.mark.parametrize("shape", [(-1,), (2**62, 8), (0, 2**62, 2**62), (1,) * 17, (2**46,)])
def test_impossible_shapes_are_refused(shape):
    with pytest.raises((ValueError, MemoryError)):
        native.Buffer(12, shape)


def test_kept_memory_can_be_released():
    native.Buffer(FLOAT32, (10 << 20,))
    native.release_memory()
    assert native.memory_use()["kept"] == 0
