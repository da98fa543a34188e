"""`view` reads bits as NumPy's `view` does, for every pair of dtypes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import headwater as tf
from headwater import ops
from headwater.errors import ShapeError

DTYPES = ("complex64", "complex128", "float64", "float32", "float16", "uint8", "int64", "int32")


@pytest.mark.parametrize(("source", "target"), list(itertools.product(DTYPES, DTYPES)))
def test_view_is_that_of_numpy(source: str, target: str) -> None:
    x = (np.arange(32) + 1).reshape(2, 16).astype(source)
    found = np.asarray(ops.view(x, target))
    assert found.dtype == target
    np.testing.assert_array_equal(found, x.view(target))


def test_view_in_a_function() -> None:
    x = np.arange(4.0)
    np.testing.assert_array_equal(tf.function(lambda x: tf.bitcast(x, "complex128"))(x.reshape(2, 2)), x.view(complex))


def test_view_of_what_does_not_fill_its_elements_is_refused() -> None:
    with pytest.raises(ShapeError, match="does not fill elements of complex128"):
        ops.view(np.ones(3, "float64"), "complex128")
