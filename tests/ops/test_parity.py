"""Values and dtypes of ops are those of Keras 3.15 on JAX.

The results of Keras are recorded in `keras_results.npz`, because JAX compiles each of these thousand calls for seconds:
`python tests/ops/test_parity.py` records them again. Some are compared with the living Keras each time.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pathlib
import sys
from typing import Any

import numpy as np
import pytest

from headwater import ops

HERE = pathlib.Path(__file__).parent
RECORD = HERE / "keras_results.npz"

_spec = importlib.util.spec_from_file_location("parity_cases", HERE / "parity_cases.py")
parity_cases = sys.modules.setdefault("parity_cases", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(parity_cases)
CASES = {f"{number} {case.label}": case for number, case in enumerate(parity_cases.cases())}


def leaves(value: Any) -> list[np.ndarray]:
    """The tensors of a result, as NumPy arrays."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)]


def of_keras(case: Any) -> list[np.ndarray]:
    """What Keras says."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    convert = keras.ops.convert_to_tensor
    args = [
        type(arg)(map(convert, arg))
        if isinstance(arg, (list, tuple)) and arg and isinstance(arg[0], np.ndarray)
        else convert(arg)
        if isinstance(arg, np.ndarray)
        else arg
        for arg in case.args
    ]
    with np.errstate(all="ignore"):
        return leaves(getattr(keras.ops, case.name)(*args, **case.kwargs))


def compare(case: Any, wanted: list[np.ndarray]) -> None:
    """Compare what Headwater says with what Keras said."""
    with np.errstate(all="ignore"):
        found = leaves(getattr(ops, case.name)(*case.args, **case.kwargs))
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted):
        assert mine.shape == theirs.shape
        if case.dtypes:
            assert mine.dtype == theirs.dtype
        double = np.complex128 if mine.dtype.kind == "c" else np.float64
        mine, theirs = mine.astype(double), theirs.astype(double)
        np.testing.assert_allclose(mine, theirs, rtol=case.rtol, atol=case.atol, equal_nan=True)


@functools.cache
def recorded() -> dict[str, list[np.ndarray]]:
    """The recorded results of each call."""
    found: dict[str, list[np.ndarray]] = {}
    with np.load(RECORD) as archive:
        for key in sorted(archive.files):
            label, _, _ = key.rpartition(" #")
            found.setdefault(label, []).append(archive[key])
    return found


@pytest.mark.parametrize("label", CASES)
def test_result_is_that_of_keras(label: str) -> None:
    compare(CASES[label], recorded()[label])


@pytest.mark.slow
def test_record_is_what_keras_says() -> None:
    import keras

    if keras.backend.backend() != "jax":
        pytest.skip("recorded on JAX")
    for label in list(CASES)[::50]:
        for said, kept in zip(of_keras(CASES[label]), recorded()[label]):
            np.testing.assert_allclose(kept, said, rtol=1e-5, atol=1e-6, equal_nan=True)


if __name__ == "__main__":
    results = {}
    for name, each in CASES.items():
        results.update({f"{name} #{place:02d}": leaf for place, leaf in enumerate(of_keras(each))})
    np.savez_compressed(RECORD, **results)
