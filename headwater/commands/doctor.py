"""doctor: what of a script written for TensorFlow or Keras is not served, and what to write instead.

The script is read, not run. Names are followed from its imports through what it assigns them to, and looked up in
what would be served; keywords of calls are held against the signatures.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import inspect
import json
import sys
import types
from dataclasses import asdict, dataclass
from typing import Any

from headwater import aliases

# Packages that stand on the real TensorFlow, and what serves instead.
_STAND_ON_TENSORFLOW = {
    "tensorflow_addons": "most of its layers, losses and optimizers are in keras today",
    "tensorflow_datasets": "use headwater.datasets, or tf.data on your files",
    "tensorflow_hub": "load the weights into a model of keras.layers",
    "tensorflow_io": "use tf.io, tf.audio and tf.data",
    "tensorflow_probability": "use tf.random, and write densities by tf.math",
    "tensorflow_text": "use keras.layers.TextVectorization and tf.strings",
    "tf_keras": "write keras",
    "keras_cv": "use keras.layers",
    "keras_hub": "build the model from keras.layers",
    "keras_nlp": "build the model from keras.layers",
}


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of a parser."""
    parser = commands.add_parser("doctor", help="what of a TensorFlow or Keras script is not served, line by line")
    parser.add_argument("script", nargs="+", help="paths of scripts")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=lambda choice: examine_scripts(choice.script, choice.json))


@dataclass(frozen=True)
class Finding:
    """A name, or a keyword of a call, that is not served."""

    line: int
    name: str
    advice: str


def examine_scripts(paths: list[str], as_json: bool = False) -> int:
    """Print what of scripts is not served; returns 0 if all is, 1 if not, 2 if a script can't be read.

    Args:
        paths: of the scripts.
        as_json: print a JSON object, from path to a list of findings, instead.
    Source: own.
    """
    found: dict[str, list[Finding]] = {}
    for path in paths:
        try:
            with open(path, "rb") as file:
                found[path], names = examine(file.read())
        except (OSError, SyntaxError, ValueError) as error:
            print(f"headwater: cannot read {path!r}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
            return 2
        if not as_json:
            _print(path, found[path], names)
    if as_json:
        print(json.dumps({path: [asdict(finding) for finding in findings] for path, findings in found.items()}))
    return int(any(found.values()))


def _print(path: str, findings: list[Finding], names: int) -> None:
    verdict = f"{len(findings)} not served" if findings else "all served"
    print(f"{path}: {names} names of TensorFlow and Keras, {verdict}")
    for finding in findings:
        print(f"  line {finding.line:<5} {finding.name}\n             {finding.advice}")


def examine(source: str | bytes) -> tuple[list[Finding], int]:
    """What of a script is not served, in the order of its lines, and how many names were looked up.

    Args:
        source: the text of the script.
    Raises: SyntaxError if it is no Python 3.
    Example:
        >>> findings, names = examine("import tensorflow as tf\\ntf.Session()\\ntf.constant(1)")
        >>> findings[0].line, findings[0].name, names
        (2, 'tensorflow.Session', 3)
    """
    script = _Script()
    script.visit(ast.parse(source))
    return sorted(script.findings.values(), key=lambda finding: (finding.line, finding.name)), script.names


class _Script(ast.NodeVisitor):
    """Follows the names of a script; `known` says what each stands for."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.findings: dict[tuple[int, str], Finding] = {}
        self.names = 0

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            root = name.name.partition(".")[0]
            if self._is_foreign(node, root) or root not in aliases.SERVED:
                continue
            self.known[name.asname or root] = name.name if name.asname else root
            self._look_up(node, name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        root = (node.module or "").partition(".")[0]
        if node.level or self._is_foreign(node, root) or root not in aliases.SERVED:
            return
        for name in node.names:
            if name.name == "*":
                self._look_up(node, str(node.module))
                continue
            full = f"{node.module}.{name.name}"
            self.known[name.asname or name.name] = full
            self._look_up(node, full)

    def visit_Assign(self, node: ast.Assign) -> None:
        """`layers = tf.keras.layers` makes `layers` stand for it; any other value makes it stand for nothing known."""
        full = self._full_name(node.value)
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.known.pop(target.id, None)
                if full is not None:
                    self.known[target.id] = full

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full = self._full_name(node)
        if full is None:
            self.generic_visit(node)
        else:
            self._look_up(node, full)

    def visit_Call(self, node: ast.Call) -> None:
        full = self._full_name(node.func)
        if full is not None:
            function = _served(full).value
            for keyword in node.keywords:
                if keyword.arg is not None and not _takes(function, keyword.arg):
                    self._note(node, f"{full}({keyword.arg}=...)", "this keyword is not known; leave it out.")
        self.generic_visit(node)

    def _full_name(self, node: ast.AST) -> str | None:
        """The dotted name that a chain of attributes stands for, if it begins with a known name."""
        tail: list[str] = []
        while isinstance(node, ast.Attribute):
            tail.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.known:
            return None
        return ".".join([self.known[node.id], *reversed(tail)])

    def _is_foreign(self, node: ast.AST, root: str) -> bool:
        if root not in _STAND_ON_TENSORFLOW:
            return False
        self._note(node, root, f"it stands on the real TensorFlow: {_STAND_ON_TENSORFLOW[root]}.")
        return True

    def _look_up(self, node: ast.AST, full: str) -> None:
        self.names += 1
        served = _served(full)
        if served.missing is not None:
            self._note(node, served.missing, served.advice)

    def _note(self, node: Any, name: str, advice: str) -> None:
        self.findings.setdefault((node.lineno, name), Finding(node.lineno, name, advice))


@dataclass
class _Served:
    """What a dotted name stands for; or the part of it that is missing, and what to do."""

    value: Any = None
    missing: str | None = None
    advice: str = ""


def _served(full: str) -> _Served:
    """Look a name of TensorFlow or Keras up in what is served."""
    if refusal := aliases.refusal(full):
        return _Served(missing=full, advice=f"{refusal}.")
    root, *parts = full.split(".")
    if parts[:1] == ["keras"] and root == "tensorflow":
        root, parts = "keras", parts[1:]
    value: Any = importlib.import_module(aliases.SERVED[root][0])
    path = root
    for part in parts:
        path = f"{path}.{part}"
        if part == "__version__":
            return _Served(aliases.SERVED[root][1])
        try:
            value = _attribute(value, part)
        except AttributeError as error:
            return _Served(missing=path, advice=_advice(error, path))
    return _Served(value)


def _attribute(value: Any, name: str) -> Any:
    """An attribute, or a module that is one only once it is imported."""
    try:
        return getattr(value, name)
    except AttributeError:
        if isinstance(value, types.ModuleType) and hasattr(value, "__path__"):
            with contextlib.suppress(ModuleNotFoundError):
                return importlib.import_module(f"{value.__name__}.{name}")
        raise


def _advice(error: AttributeError, path: str) -> str:
    """What an error of a missing name says to do."""
    fix = getattr(error, "fix", "")
    if fix:
        return str(fix)
    text = str(error).partition("; did you mean ")[2]
    return f"did you mean {text}" if text else f"dir({path.rpartition('.')[0]}) lists what is there."


def _takes(function: Any, keyword: str) -> bool:
    """Whether a call may have a keyword, as far as its signature tells."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    return keyword in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
