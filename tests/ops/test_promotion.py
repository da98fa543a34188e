"""One promotion rule: that of Keras, for all pairs of dtypes and for Python numbers."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from headwater import dtypes, ops

DTYPES = [name for name in dtypes.DTYPES if name not in ("string", "complex64", "complex128")]


# Keras on JAX computes in 32 bits at most and narrows its results; Headwater keeps 64 bits.
NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32"}


@pytest.mark.parametrize("first", DTYPES)
def test_two_arrays_promote_as_in_keras(first: str) -> None:
    for second in DTYPES:
        found = str(dtypes.result_type(first, second))
        assert NARROW.get(found, found) == keras.backend.result_type(first, second), (first, second)


def test_arithmetic_has_the_promoted_dtype() -> None:
    arrays = {name: ops.ones((2,), dtype=name) for name in DTYPES}
    for first, second in itertools.product(DTYPES, DTYPES):
        wanted = dtypes.result_type(first, second)
        assert ops.add(arrays[first], arrays[second]).dtype == wanted
        assert ops.maximum(arrays[first], arrays[second]).dtype == wanted
        assert ops.concatenate([arrays[first], arrays[second]]).dtype == wanted
        assert ops.where([True, False], arrays[first], arrays[second]).dtype == wanted
        assert ops.divide(arrays[first], arrays[second]).dtype == (wanted if wanted.is_floating else "float32")


@pytest.mark.parametrize("name", DTYPES)
def test_python_numbers_are_weak(name: str) -> None:
    array = ops.ones((2,), dtype=name)
    for number in (True, 2, 2.5):
        wanted = keras.backend.result_type(name, type(number))
        for product in (ops.multiply(array, number), ops.multiply(number, array)):
            assert NARROW.get(str(product.dtype), product.dtype) == wanted, (name, number)


def test_numbers_alone_have_the_default_dtypes() -> None:
    assert ops.add(1, 2).dtype == "int32"
    assert ops.add(1, 2.5).dtype == "float32"
    assert ops.convert_to_tensor([1, 2]).dtype == "int32"
    assert ops.convert_to_tensor([1.0, 2]).dtype == "float32"
    assert ops.convert_to_tensor(np.ones(2)).dtype == "float64"


def test_default_float_dtype_can_be_set() -> None:
    ops.set_floatx("float16")
    try:
        assert ops.zeros((2,)).dtype == "float16"
        assert ops.mean(ops.arange(3)).dtype == "float16"
        assert ops.sqrt(4).dtype == "float16"
    finally:
        ops.set_floatx("float32")
