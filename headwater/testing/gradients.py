"""Gradients against central differences, along a random direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import tree
from headwater.autodiff.backward import Records, backward
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ops.convert import convert_to_tensor

Direction = Callable[[np.ndarray], np.ndarray]


def check_gradients(
    function: Callable[..., Any],
    *args: Any,
    wrt: Sequence[int] | None = None,
    order: int = 1,
    step: float = 1e-5,
    rtol: float = 1e-6,
    seed: int = 0,
    project: Direction | None = None,
) -> None:
    """Check the gradient of a function against central differences, along one random direction.

    Everything is computed in float64 (complex128): that is what makes 1e-6 possible. A direction at random finds a
    wrong gradient with certainty but for coincidence, at the cost of two evaluations instead of two for each element.

    Args:
        function: of tensors; returns a tensor or a nested structure of them. Results that are not floats are left
            alone.
        args: its arguments, arrays or tensors.
        wrt: positions of the arguments to differentiate with respect to; every float one, if not given.
        order: 1 for the gradient, 2 for the second derivative too (with 100 times the tolerance).
        step: half the distance of the two evaluations.
        rtol: allowed error, relative to the sum of the magnitudes of all contributions.
        seed: of the random directions.
        project: makes of a random direction one along which the gradient is defined, e.g. a symmetric one.
    Raises: AssertionError that shows both numbers.
    Example:
        >>> check_gradients(lambda x: x * x * x, [1.0, 2.0], order=2)
    """
    arrays = [_double(np.asarray(arg)) for arg in args]
    positions = [i for i, array in enumerate(arrays) if array.dtype.kind in "fc"] if wrt is None else list(wrt)
    if not positions:
        return
    rng = np.random.default_rng(seed)
    _check(function, arrays, positions, rng, step, rtol, project, "gradient")
    if order > 1:
        weights: list[np.ndarray] = []

        def gradient(*inputs: Any) -> Any:
            if not weights:
                weights.extend(_draw(rng, result) for result in _results(function, inputs))
            return [g for g in _vjp(function, inputs, positions, weights) if g is not None]

        _check(gradient, arrays, positions, rng, step, 100 * rtol, project, "second derivative")


def _double(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "c":
        return array.astype(np.complex128)
    is_float = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array.astype(np.float64) if is_float else array


def _results(function: Callable[..., Any], inputs: Sequence[Any]) -> list[Array]:
    """The results that a derivative flows into."""
    found = [convert_to_tensor(leaf) for leaf in tree.leaves(function(*inputs))]
    return [result for result in found if result.spec.dtype.is_inexact]


def _vjp(
    function: Callable[..., Any], inputs: Sequence[Array], positions: Sequence[int], weights: Sequence[Any]
) -> list[Any]:
    """Cotangents of the inputs at `positions` for these cotangents of the results."""
    records = Records()
    dispatch.add_recorder(records)
    try:
        results = _results(function, inputs)
    finally:
        dispatch.remove_recorder(records)
    cotangents = [dispatch.array_from_numpy(weight) for weight in weights]
    return backward(records, results, cotangents, [inputs[i] for i in positions])


def _draw(rng: np.random.Generator, like: Any) -> np.ndarray:
    shape, dtype = (
        (like.shape, like.dtype) if isinstance(like, np.ndarray) else (like.spec.shape, like.spec.dtype.numpy)
    )
    values = rng.normal(size=shape)
    return np.asarray(values + 1j * rng.normal(size=shape) if dtype.kind == "c" else values).astype(dtype)


def _check(
    function: Callable[..., Any],
    arrays: Sequence[np.ndarray],
    positions: Sequence[int],
    rng: np.random.Generator,
    step: float,
    rtol: float,
    project: Direction | None,
    what: str,
) -> None:
    directions = {i: _draw(rng, arrays[i]) for i in positions}
    if project is not None:
        directions = {i: project(direction) for i, direction in directions.items()}

    def inputs(scale: float) -> list[Any]:
        moved = [array + scale * directions[i] if i in directions else array for i, array in enumerate(arrays)]
        return [dispatch.array_from_numpy(np.ascontiguousarray(array).reshape(array.shape)) for array in moved]

    here = inputs(0.0)
    weights = [_draw(rng, result) for result in _results(function, here)]
    cotangents = _vjp(function, here, positions, weights)
    stated, size = 0.0, 0.0
    for i, cotangent in zip(positions, cotangents):
        if cotangent is not None:
            products = np.conj(dispatch.array_to_numpy(cotangent)) * directions[i]
            stated, size = stated + float(np.real(products.sum())), size + float(np.abs(products).sum())
    after, before = (_values(function, inputs(sign * step)) for sign in (1, -1))
    measured = 0.0
    for weight, a, b in zip(weights, after, before):
        products = np.conj(weight) * (a - b) / (2 * step)
        measured, size = measured + float(np.real(products.sum())), size + float(np.abs(products).sum())
    if not abs(stated - measured) <= rtol * size + 1e-9:
        raise AssertionError(
            f"the {what} along a random direction is {stated!r}, and central differences give {measured!r}"
        )


def _values(function: Callable[..., Any], inputs: Sequence[Any]) -> list[np.ndarray]:
    return [dispatch.array_to_numpy(result) for result in _results(function, inputs)]
