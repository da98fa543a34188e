"""The table: primitive x sample x rule. A new primitive is tested by existing; headwater/testing/rules.py checks."""

import importlib
import pkgutil

import pytest

import headwater.primitives
from headwater import backends
from headwater.frontend import tensor as _tensor  # noqa: F401 - results are Tensors
from headwater.ir.primitive import is_absent
from headwater.ir.registry import REGISTRY
from headwater.testing import rules

for module in pkgutil.iter_modules(headwater.primitives.__path__):
    importlib.import_module(f"headwater.primitives.{module.name}")

NAMES = sorted(REGISTRY)


@pytest.fixture(autouse=True)
def _reference():
    with backends.using("reference"):
        yield


def primitives(rule=None):
    """Parametrize by primitive; only those that have the rule, if one is named."""
    chosen = [
        n
        for n in NAMES
        if rule is None or (getattr(REGISTRY[n], rule, None) and not is_absent(getattr(REGISTRY[n], rule)))
    ]
    return pytest.mark.parametrize("name", chosen)


@primitives()
def test_infer_says_what_the_reference_gives(name):
    rules.check_infer(REGISTRY[name])


@primitives()
def test_infer_is_never_wrong_where_a_size_is_unknown(name):
    rules.check_unknown_sizes(REGISTRY[name])


@primitives()
def test_bad_samples_are_refused_with_a_remedy(name):
    rules.check_refusals(REGISTRY[name])


@primitives()
def test_vjp_agrees_with_central_differences_twice(name):
    rules.check_vjp(REGISTRY[name])


@primitives()
def test_graphs_print_and_parse_back(name):
    rules.check_text(REGISTRY[name])


@primitives()
def test_a_batch_equals_its_rows(name):
    rules.check_batch(REGISTRY[name])


@primitives("decompose")
def test_fused_primitives_equal_their_decomposition(name):
    rules.check_decomposition(REGISTRY[name])


@primitives("cpu")
def test_native_programs_agree_with_the_reference(name):
    rules.check_lowering(REGISTRY[name], "cpu")


@primitives("xla")
def test_xla_agrees_with_the_reference(name):
    rules.check_lowering(REGISTRY[name], "xla")
