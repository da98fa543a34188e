"""Each name of `keras.ops` is served with Keras's signature."""

from __future__ import annotations

import importlib.util
import inspect
import pathlib
from typing import Any

import pytest

from headwater import ops
from headwater.ops.symbolic import is_op

HERE = pathlib.Path(__file__).parent
NAMES = dict(line.split("\t") for line in (HERE / "keras_ops_names.txt").read_text(encoding="utf-8").splitlines())


def find(name: str) -> Any:
    """The function of a dotted name."""
    found: Any = ops
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_name_is_served(name: str) -> None:
    assert find(name) is not None


@pytest.mark.parametrize("name", [name for name in NAMES if find(name) is not None])
def test_signature_is_that_of_keras(name: str) -> None:
    wanted = [part.strip() for part in _split(NAMES[name].strip()[1:-1]) if part.strip() not in ("*", "/")]
    parameters = list(inspect.signature(find(name)).parameters.values())
    assert len(parameters) >= len(wanted)
    for text, parameter in zip(wanted, parameters):
        plain, _, default = text.partition("=")
        assert parameter.name == plain.lstrip("*"), f"{name}: {parameter.name} stands where Keras has {plain}"
        assert plain.startswith("*") or (parameter.default is inspect.Parameter.empty) == (not default)
        if default and parameter.default is not None and not isinstance(parameter.default, tuple):
            assert repr(parameter.default).strip("'\"") == default.strip("'\"") or float(parameter.default) == float(
                default
            )


def _split(text: str) -> list[str]:
    """The parameters of a signature, at commas outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part.strip()]


def test_stub_lists_what_the_modules_define() -> None:
    spec = importlib.util.spec_from_file_location("public_names", HERE / "public_names.py")
    public_names = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(public_names)
    assert public_names.STUB.read_text(encoding="utf-8") == public_names.stub(), "run python tests/ops/public_names.py"


def test_every_op_keeps_its_name_and_has_a_docstring_with_its_sections() -> None:
    for name in sorted(ops._table()):
        value = getattr(ops, name)
        if not is_op(value):
            continue
        text = inspect.getdoc(value) or ""
        assert value.__name__.isidentifier()
        assert text.split("\n")[0].strip(), f"{name} has no first line"
        assert "Args:" in text, f"{name} does not describe its arguments"
        assert "Returns:" in text, f"{name} does not describe its result"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = ops.nonsense
