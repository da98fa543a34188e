"""Values and dtypes of ops are those of Keras 3.15 on JAX."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

import headwater  # noqa: E402
from headwater import ops  # noqa: E402

_spec = importlib.util.spec_from_file_location("parity_cases", pathlib.Path(__file__).with_name("parity_cases.py"))
parity_cases = sys.modules.setdefault("parity_cases", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(parity_cases)


def leaves(value: Any) -> list[np.ndarray]:
    """The tensors of a result, as NumPy arrays."""
    if isinstance(value, (list, tuple)) and not isinstance(value, np.ndarray):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)]


def run(case: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The results of Headwater and of Keras."""
    with np.errstate(all="ignore"):
        wanted = leaves(getattr(keras.ops, case.name)(*_given(case.args), **case.kwargs))
        found = leaves(getattr(ops, case.name)(*case.args, **case.kwargs))
    return found, wanted


def _given(args: tuple[Any, ...]) -> list[Any]:
    """Arguments as Keras's backend wants them: lists of arrays as lists of its tensors."""
    return [
        type(arg)(keras.ops.convert_to_tensor(item) for item in arg)
        if isinstance(arg, (list, tuple)) and arg and isinstance(arg[0], np.ndarray)
        else keras.ops.convert_to_tensor(arg)
        if isinstance(arg, np.ndarray)
        else arg
        for arg in args
    ]


@pytest.mark.parametrize("case", parity_cases.cases(), ids=lambda case: case.label)
def test_result_is_that_of_keras(case: Any) -> None:
    found, wanted = run(case)
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted):
        assert mine.shape == theirs.shape
        if case.dtypes:
            assert mine.dtype == theirs.dtype
        exact = np.promote_types(np.complex64 if mine.dtype.kind == "c" else np.float32, np.float64)
        np.testing.assert_allclose(
            mine.astype(exact), theirs.astype(exact), rtol=case.rtol, atol=case.atol, equal_nan=True
        )


def test_backend_is_named() -> None:
    assert headwater.backends.current() is not None
