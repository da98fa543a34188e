"""The checks that every primitive must pass, one for each of its rules; `tests/primitives` runs them on all of them.

For whoever writes a primitive: `check_primitive(MyPrimitive())` runs all that need no native code.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headwater import backends
from headwater.autodiff.batching import batch_primitive
from headwater.dtypes import as_dtype
from headwater.errors import HeadwaterError, ShapeError, UnsupportedError
from headwater.ir import dispatch
from headwater.ir.graph import Graph, sub_graphs
from headwater.ir.primitive import BadSample, Primitive, Sample, is_absent
from headwater.ir.spec import Spec
from headwater.ir.text import parse_graph, print_graph
from headwater.ir.verify import verify
from headwater.testing.closeness import assert_close
from headwater.testing.gradients import check_gradients

_DOUBLE = {"float16": np.float64, "bfloat16": np.float64, "float32": np.float64, "complex64": np.complex128}


@functools.lru_cache(maxsize=1024)
def _all_samples(primitive: Primitive, seed: int) -> tuple[Sample, ...]:
    with dispatch.recording(()):
        return tuple(primitive.samples(np.random.default_rng([zlib.crc32(primitive.name.encode()), seed])))


def good_samples(primitive: Primitive, seed: int = 0) -> list[Sample]:
    """The samples that must work."""
    return [sample for sample in _all_samples(primitive, seed) if not isinstance(sample, BadSample)]


def bad_samples(primitive: Primitive) -> list[BadSample]:
    """The samples that must be refused."""
    return [sample for sample in _all_samples(primitive, 0) if isinstance(sample, BadSample)]


def spec_of(array: Any) -> Spec:
    """Shape and dtype of a NumPy array."""
    array = np.asarray(array)
    return Spec(array.shape, as_dtype(array.dtype))


def _specs(sample: Sample) -> list[Spec]:
    return [spec_of(array) for array in sample.args]


def _tuple(primitive: Primitive, results: Any) -> tuple[Any, ...]:
    return tuple(results) if primitive.multiple else (results,)


def _named(primitive: Primitive, sample: Sample, what: str = "") -> str:
    return f"{primitive.name}({sample!r}){' ' if what else ''}{what}"


def _invariants(primitive: Primitive, results: Sequence[Any], sample: Sample, args: Sequence[Any]) -> tuple[Any, ...]:
    """What of the results is unique: a decomposition is free to choose signs."""
    find = getattr(primitive, "invariants", None)
    return tuple(results) if find is None else tuple(find(tuple(results), *args, **sample.attrs))


# infer


def check_infer(primitive: Primitive) -> None:
    """`infer` says the shapes and dtypes that `reference` gives."""
    for sample in good_samples(primitive):
        stated = primitive.infer_all(_specs(sample), sample.attrs)
        found = tuple(map(spec_of, _tuple(primitive, primitive.reference(*sample.args, **sample.attrs))))
        assert stated == found, (
            f"{_named(primitive, sample)}: infer says {_text(stated)}, reference gives {_text(found)}"
        )


def _text(specs: Sequence[Spec]) -> str:
    return ", ".join(map(str, specs)) or "nothing"


def check_unknown_sizes(primitive: Primitive) -> None:
    """With one size unknown, `infer` may say less, and nothing else."""
    for sample in good_samples(primitive):
        specs = _specs(sample)
        known = primitive.infer_all(specs, sample.attrs)
        for position, spec in enumerate(specs):
            for axis in range(spec.ndim):
                shape = tuple(None if i == axis else size for i, size in enumerate(spec.shape))
                partial = [*specs[:position], spec.with_shape(shape), *specs[position + 1 :]]
                try:
                    found = primitive.infer_all(partial, sample.attrs)
                except ShapeError as error:  # a rule may need one size, if it says so
                    assert "must be known" in str(error), (
                        f"{_named(primitive, sample)}: for {_text(partial)} infer raises: {error}"
                    )
                    continue
                fits = len(found) == len(known) and all(map(_less_precise, found, known))
                assert fits, (
                    f"{_named(primitive, sample)}: for {_text(partial)} infer says {_text(found)}, not {_text(known)}"
                )


def _less_precise(found: Spec, known: Spec) -> bool:
    same_rank = found.dtype is known.dtype and found.ndim == known.ndim
    return same_rank and all(a is None or a == b for a, b in zip(found.shape, known.shape))


def check_refusals(primitive: Primitive) -> None:
    """Bad samples raise the error that they name, with its text and a remedy."""
    for sample in bad_samples(primitive):
        try:
            found = primitive.infer_all(_specs(sample), sample.attrs)
        except sample.error as error:
            assert sample.match in str(error), f"{_named(primitive, sample)}: {sample.match!r} is not in {str(error)!r}"
            assert isinstance(error, HeadwaterError) and error.fix, (
                f"{_named(primitive, sample)}: the error says no remedy: {error}"
            )
        else:
            raise AssertionError(f"{_named(primitive, sample)} is not refused, but gives {_text(found)}")


# Lowerings


def sample_graph(primitive: Primitive, samples: Sequence[Sample]) -> Graph:
    """One graph that applies the primitive to each sample."""
    graph = Graph(primitive.name)
    for sample in samples:
        inputs = [graph.add_input(spec) for spec in _specs(sample)]
        graph.outputs.extend(graph.add(primitive, inputs, sample.attrs))
    return graph


def oracle(primitive: Primitive, sample: Sample) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The reference in float64, and its arguments; in the sample's own dtypes where those are part of the meaning."""
    args = tuple(array.astype(_DOUBLE.get(array.dtype.name, array.dtype)) for array in sample.args)
    if args and not any(sub_graphs(sample.attrs)):
        try:
            primitive.infer_all([spec_of(array) for array in args], sample.attrs)
        except HeadwaterError:
            args = sample.args
    else:
        args = sample.args
    return _tuple(primitive, primitive.reference(*args, **sample.attrs)), args


def check_lowering(primitive: Primitive, backend_name: str) -> None:
    """A backend's results have the specs that `infer` says, and the values of the oracle."""
    samples = good_samples(primitive)
    groups = (
        [samples] if backend_name == "xla" else [[sample] for sample in samples]
    )  # one compilation for all: XLA's are slow
    backend = backends.get(backend_name)
    for group in groups:
        graph = sample_graph(primitive, group)
        buffers = [
            backend.from_numpy(np.ascontiguousarray(array).reshape(array.shape)) for s in group for array in s.args
        ]
        outputs = iter(backend.compile(graph).run(buffers, ()))
        for sample in group:
            specs = primitive.infer_all(_specs(sample), sample.attrs)
            results = [np.asarray(backend.to_numpy(next(outputs), spec)) for spec in specs]
            check_results(primitive, sample, results, backend_name)


def check_results(primitive: Primitive, sample: Sample, results: Sequence[np.ndarray], what: str) -> None:
    """Results have the specs that `infer` says, and the values of the oracle."""
    stated = primitive.infer_all(_specs(sample), sample.attrs)
    found = tuple(map(spec_of, results))
    assert found == stated, (
        f"{_named(primitive, sample, what)}: infer says {_text(stated)}, {what} gives {_text(found)}"
    )
    expected, args = oracle(primitive, sample)
    pairs = zip(_invariants(primitive, results, sample, sample.args), _invariants(primitive, expected, sample, args))
    for index, (result, wanted) in enumerate(pairs):
        assert_close(
            result, wanted, rtol=_tolerance(sample, result), what=_named(primitive, sample, f"{what}[{index}]")
        )


def _tolerance(sample: Sample, result: Any) -> float | None:
    return sample.tolerance if np.asarray(result).dtype.kind in "fcV" else None


def check_decomposition(primitive: Primitive) -> None:
    """A fused primitive gives what its decomposition gives."""
    with backends.using("reference"):
        for sample in good_samples(primitive):
            arrays = [
                dispatch.array_from_numpy(np.ascontiguousarray(array).reshape(array.shape)) for array in sample.args
            ]
            results = _tuple(primitive, primitive.decompose(*arrays, **sample.attrs))  # type: ignore[attr-defined]
            check_results(primitive, sample, [dispatch.array_to_numpy(result) for result in results], "decomposition")


# Gradients


def check_vjp(primitive: Primitive) -> None:
    """`vjp` agrees with central differences in float64, and so does its own gradient. An absent one says why."""
    if is_absent(primitive.vjp):
        try:
            primitive.vjp()
        except UnsupportedError as error:
            assert primitive.name in str(error) and error.fix, f"{primitive.name}: the error says no remedy: {error}"
            return
    with backends.using("reference"):
        for sample in good_samples(primitive):
            if sample.differentiable == () or not _in_double(primitive, sample):
                continue
            try:
                check_gradients(
                    lambda *args, s=sample: primitive(*args, **s.attrs),
                    *sample.args, wrt=sample.differentiable, order=2, project=sample.project,
                )  # fmt: skip
            except AssertionError as error:
                raise AssertionError(f"{_named(primitive, sample)}: {error}") from None


def _in_double(primitive: Primitive, sample: Sample) -> bool:
    """True if the primitive, given float64, computes in float64: a cast to less does not."""
    args = [spec_of(array.astype(_DOUBLE.get(array.dtype.name, array.dtype))) for array in sample.args]
    try:
        specs = primitive.infer_all(args, sample.attrs)
    except HeadwaterError:
        return False
    return all(spec.dtype in ("float64", "complex128") for spec in specs if spec.dtype.is_inexact)


# Text


def check_text(primitive: Primitive) -> None:
    """The graph of a sample verifies; printed, parsed and printed again, it is the same."""
    for sample in good_samples(primitive):
        graph = verify(sample_graph(primitive, [sample]))
        text = print_graph(graph)
        again = verify(parse_graph(text, _Callables(sample.attrs)))
        assert print_graph(again) == text, (
            f"{_named(primitive, sample)} prints differently once it is parsed:\n{text}\n{again}"
        )


class _Callables(dict):
    """The Python functions among attributes, by the names under which they are printed."""

    def __init__(self, attrs: dict[str, Any]) -> None:
        super().__init__(
            (value.__name__, value) for value in _values(attrs) if callable(value) and hasattr(value, "__name__")
        )


def _values(attrs: dict[str, Any]) -> Iterator[Any]:
    yield from attrs.values()
    for graph in sub_graphs(attrs):
        for node in graph.nodes:
            yield from _values(node.attrs)


# Batches


def check_batch(primitive: Primitive) -> None:
    """A batch gives the same as its rows one by one: with each input mapped alone, and with all of them."""
    if not primitive.pure:
        return
    with backends.using("reference"):
        for sample, other in zip(good_samples(primitive), good_samples(primitive, seed=1)):
            if not sample.args or _specs(sample) != _specs(other):
                continue
            count = len(sample.args)
            patterns = {tuple(i == j for j in range(count)) for i in range(count)} | {(True,) * count}
            for mapped in sorted(patterns):
                _check_one_batch(primitive, sample, other, mapped)


def _check_one_batch(primitive: Primitive, sample: Sample, other: Sample, mapped: tuple[bool, ...]) -> None:
    rows = [
        [b if is_mapped else a for a, b, is_mapped in zip(sample.args, values, mapped)]
        for values in (sample.args, other.args)
    ]
    args = [np.stack(pair) if is_mapped else pair[0] for pair, is_mapped in zip(zip(*rows), mapped)]
    arrays = [dispatch.array_from_numpy(np.ascontiguousarray(array).reshape(array.shape)) for array in args]
    results, flags = batch_primitive(primitive, 2, mapped, arrays, sample.attrs)
    expected = [_tuple(primitive, primitive.reference(*row, **sample.attrs)) for row in rows]
    values = [dispatch.array_to_numpy(result) for result in results]
    for index, row in enumerate(rows):
        found = [value[index] if flag else value for value, flag in zip(values, flags)]
        pairs = zip(_invariants(primitive, found, sample, row), _invariants(primitive, expected[index], sample, row))
        for number, (a, b) in enumerate(pairs):
            what = _named(primitive, sample, f"batch rule, inputs mapped {mapped}, row {index}, result {number}")
            assert_close(a, b, rtol=1e-5 if np.asarray(a).dtype.kind in "fc" else None, what=what)


CHECKS: dict[str, Callable[[Primitive], None]] = {
    "infer": check_infer,
    "unknown sizes": check_unknown_sizes,
    "refusals": check_refusals,
    "vjp": check_vjp,
    "text": check_text,
    "batch": check_batch,
}


def check_primitive(primitive: Primitive) -> None:
    """Run every check that needs neither native code nor XLA.

    Raises: AssertionError that names the rule, the sample and both values.
    """
    for check in CHECKS.values():
        check(primitive)
