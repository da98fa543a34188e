"""The table's checks are worth something: a mistake planted in a rule is found by the check of that rule."""

import re

import numpy as np
import pytest

from headwater import backends
from headwater.ir.registry import REGISTRY
from headwater.primitives import control, custom, elementwise, fft, index, linalg, linear, reduce, shape, sort  # noqa: F401 - registers
from headwater.testing import rules

SHAPE_MUTANTS = {
    "transpose": lambda self, x, *, perm: x,
    "concatenate": lambda self, *xs, axis: xs[0],
    "reduce_sum": lambda self, x, *, axes: x.with_shape(x.shape[: x.ndim - len(axes)]),
    "matmul": lambda self, a, b, *, transpose_a, transpose_b: a.with_shape((*a.shape[:-1], b.shape[-1])),
    "gather": lambda self, x, indices, *, axis, mode: x.with_shape((*indices.shape, *x.shape[1:])),
    "top_k": lambda self, x, *, k: (x.with_shape((*x.shape[:-1], k)),) * 2,
}

# Right where everything is known, wrong where a size is not.
UNKNOWN_SIZE_MUTANTS = {
    "reverse": lambda self, x, *, axes: x.with_shape(tuple(1 if size is None else size for size in x.shape)),
    "sort": lambda self, x, *, axis, descending: x.with_shape(tuple(size or 0 for size in x.shape)),
}

GRADIENT_MUTANTS = {
    "exp": lambda self, g, y, x: (elementwise.multiply(g, x),),
    "sqrt": lambda self, g, y, x: (
        elementwise.divide(elementwise.multiply(g, elementwise.scalar(0.5001, g.spec.dtype)), y),
    ),
    "subtract": lambda self, g, y, a, b: (elementwise.unbroadcast(g, a.spec), elementwise.unbroadcast(g, b.spec)),
    "matmul": lambda self, g, y, a, b, *, transpose_a, transpose_b: (
        elementwise.multiply(a, elementwise.scalar(2, a.spec.dtype)),
        None,
    ),
    "reduce_max": lambda self, g, y, x, *, axes: (shape.broadcast_to(reduce._spread(g, x, axes), shape=x.spec.shape),),
    "inverse": lambda self, g, y, x: (linalg._mul(linalg.adjoint(y), g, linalg.adjoint(y)),),
    "sort": lambda self, g, y, x, *, axis, descending: (g,),
    "fft": lambda self, g, y, x, *, axes: (REGISTRY["ifft"](g, axes=axes),),
}

SCAN_XLA = control.Scan.xla
LOWERING_MUTANTS = {
    "tanh": lambda self, lax, x: lax.numpy.tanh(x) * (1 + 1e-4),
    "gather": lambda self, lax, x, indices, *, axis, mode: lax.numpy.take(x, indices, axis=axis, mode="wrap"),
    "argsort": lambda self, lax, x, *, axis, descending, dtype: lax.numpy.argsort(x, axis).astype(dtype.numpy),
    "add": lambda self, lax, a, b: lax.numpy.subtract(a, b),
    "reduce_sum": lambda self, lax, x, *, axes: lax.numpy.sum(x, axes[:1]),
    "scan": lambda self, lax, *args, **attrs: SCAN_XLA(self, lax, *args, **{**attrs, "reverse": False}),
}

NATIVE_MUTANTS = {
    "add": lambda self, kernels, a, b: kernels.elementwise("subtract", a, b),
    "reduce_max": lambda self, kernels, x, *, axes: kernels.reduce("min", x, axes),
    "sort": lambda self, kernels, x, *, axis, descending: kernels.emit("sort", x, axis=axis, descending=0),
    "matmul": lambda self, kernels, a, b, *, transpose_a, transpose_b: kernels.emit(
        "matmul", b, a, transpose_a=0, transpose_b=0
    ),
}

BATCH_MUTANTS = {
    "reverse": lambda self, size, mapped, x, *, axes: (shape.reverse(x, axes=axes), True),
    "reduce_sum": lambda self, size, mapped, x, *, axes: (reduce.reduce_sum(x, axes=axes), True),
    "gather": lambda self, size, mapped, x, indices, *, axis, mode: (
        index.gather(x, indices, axis=axis, mode=mode),
        True,
    ),
    "stop_gradient": lambda self, size, mapped, x: (custom.stop_gradient(x), False),
}


@pytest.fixture(autouse=True)
def _reference():
    with backends.using("reference"):
        yield


def plant(monkeypatch, name, rule, mutant):
    """Replace one rule of one primitive."""
    monkeypatch.setattr(type(REGISTRY[name]), rule, mutant)
    return REGISTRY[name]


def assert_found(check, primitive, *rest):
    """The check fails, by an AssertionError of its own or because shapes no longer fit."""
    with pytest.raises((AssertionError, ValueError, TypeError, IndexError)):
        check(primitive, *rest)


@pytest.mark.parametrize("name", SHAPE_MUTANTS)
def test_a_wrong_shape_rule_is_found(monkeypatch, name):
    assert_found(rules.check_infer, plant(monkeypatch, name, "infer", SHAPE_MUTANTS[name]))


@pytest.mark.parametrize("name", UNKNOWN_SIZE_MUTANTS)
def test_a_rule_that_invents_an_unknown_size_is_found(monkeypatch, name):
    primitive = plant(monkeypatch, name, "infer", UNKNOWN_SIZE_MUTANTS[name])
    rules.check_infer(primitive)
    assert_found(rules.check_unknown_sizes, primitive)


def test_a_missing_refusal_is_found(monkeypatch):
    primitive = plant(monkeypatch, "reverse", "infer", lambda self, x, *, axes: x)
    with pytest.raises(AssertionError, match="is not refused"):
        rules.check_refusals(primitive)


@pytest.mark.parametrize("name", GRADIENT_MUTANTS)
def test_a_wrong_gradient_is_found(monkeypatch, name):
    primitive = plant(monkeypatch, name, "vjp", GRADIENT_MUTANTS[name])
    with pytest.raises(AssertionError, match="central differences"):
        rules.check_vjp(primitive)


def test_a_gradient_that_can_not_be_differentiated_again_is_found(monkeypatch):
    def right_only_once(self, g, y, x):
        return (elementwise.multiply(g, custom.stop_gradient(y)),)

    primitive = plant(monkeypatch, "exp", "vjp", right_only_once)
    with pytest.raises(AssertionError, match="second derivative"):
        rules.check_vjp(primitive)


@pytest.mark.parametrize("name", LOWERING_MUTANTS)
def test_a_wrong_xla_rule_is_found(monkeypatch, name):
    assert_found(rules.check_lowering, plant(monkeypatch, name, "xla", LOWERING_MUTANTS[name]), "xla")


@pytest.mark.parametrize("name", NATIVE_MUTANTS)
def test_a_wrong_native_rule_is_found(monkeypatch, name):
    assert_found(rules.check_lowering, plant(monkeypatch, name, "cpu", NATIVE_MUTANTS[name]), "cpu")


@pytest.mark.parametrize("name", BATCH_MUTANTS)
def test_a_wrong_batch_rule_is_found(monkeypatch, name):
    assert_found(rules.check_batch, plant(monkeypatch, name, "batch", BATCH_MUTANTS[name]))


def test_unplanted_rules_pass():
    for name in {*SHAPE_MUTANTS, *GRADIENT_MUTANTS, *BATCH_MUTANTS}:
        rules.check_primitive(REGISTRY[name])


def test_the_message_names_primitive_sample_and_values(monkeypatch):
    primitive = plant(monkeypatch, "tanh", "xla", LOWERING_MUTANTS["tanh"])
    with pytest.raises(AssertionError) as caught:
        rules.check_lowering(primitive, "xla")
    assert re.search(r"tanh\(float32\[3, 4\]\) xla\[0\] is .* expected .* elements differ", str(caught.value))
    assert np.isfinite(
        float(re.search(r"expected ([^:]*):", str(caught.value)).group(1).replace("np.float64(", "").rstrip(")"))
    )
