"""Comparison of arrays with a tolerance relative to the largest number, and a message that shows where they differ."""

from __future__ import annotations

from typing import Any

import numpy as np

# What a result of each dtype may differ by, relative to the largest number of the expected one.
TOLERANCES = {
    "float16": 2e-3, "bfloat16": 1.6e-2, "float32": 2e-6, "float64": 1e-12, "complex64": 2e-6, "complex128": 1e-12,
}  # fmt: skip


def assert_close(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float = 0.0, what: str = "result"
) -> None:
    """Check that two arrays have one shape and close values: |actual - expected| <= atol + rtol * max|expected|.

    Infinities and NaN must be in the same places.
    Args:
        actual: a tensor, array or number.
        expected: what it should be.
        rtol: allowed error relative to the largest finite number in `expected`; by default what suits the dtype of
            `actual` (2e-6 for float32), and 0 for integers and bool.
        atol: allowed absolute error.
        what: a name for the message.
    Raises: AssertionError that names the worst element and both of its values.
    Example:
        >>> assert_close([1.0, 2.0], [1.0, 2.0 + 1e-15])
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape:
        raise AssertionError(f"{what} has shape {actual.shape}, expected {expected.shape}")
    if actual.size == 0:
        return
    if rtol is None:
        rtol = TOLERANCES.get(actual.dtype.name, 0.0)
    kind = np.result_type(np.complex128 if "c" in (actual.dtype.kind, expected.dtype.kind) else np.float64)
    exact = rtol == 0 and atol == 0
    a, b = (actual, expected) if exact else (actual.astype(kind), expected.astype(kind))
    error = (a != b).astype(float) if exact else _errors(a, b)
    finite = np.abs(b[np.isfinite(b)]) if not exact else np.zeros(0)
    bound = 0.0 if exact else atol + rtol * float(finite.max(initial=0.0))
    if not (error <= bound).all():
        worst = np.unravel_index(int(np.argmax(np.where(np.isnan(error), np.inf, error))), error.shape)
        place = tuple(int(i) for i in worst)
        raise AssertionError(
            f"{what} is {actual[worst]!r} at {place}, expected {expected[worst]!r}: "
            f"{int((~(error <= bound)).sum())} of {error.size} elements differ by more than {bound:.3g}"
        )


def _errors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a - b|; 0 where both are the same infinity or both are NaN, infinite where only one is."""
    with np.errstate(all="ignore"):
        error = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.where(np.isfinite(error), error, np.inf))
