"""Graphs as text, and back: what logs show and what tests of passes compare.

    graph main(%0: float32[32,64], %1: float32[64,10]) {
      %2 = matmul(%0, %1) {transpose_a=False, transpose_b=False} : float32[32,10]
      return %2
    }

Printing and parsing give the same graph, attributes that are Python callables excepted: the parser takes those by name.
"""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from headwater.dtypes import DTYPES, DType
from headwater.errors import GraphError
from headwater.ir.graph import Graph, Literal, Value
from headwater.ir.registry import REGISTRY
from headwater.ir.spec import Spec


def print_graph(graph: Graph, indent: str = "", *, sources: bool = False) -> str:
    """The text of a graph; with `sources`, each line ends with the layers it came from."""
    names: dict[Value, str] = {}

    def name(value: Value) -> str:
        return names.setdefault(value, f"%{len(names)}")

    inputs = ", ".join(f"{name(value)}: {value.spec}" for value in graph.inputs)
    lines = [f"graph {graph.name}({inputs}) {{"]
    inner = indent + "  "
    for node in graph.nodes:
        arguments = ", ".join(name(value) for value in node.inputs)
        attrs = ", ".join(f"{key}={_print_attr(value, inner)}" for key, value in node.attrs.items())
        results = ", ".join(name(value) for value in node.outputs)
        specs = ", ".join(str(value.spec) for value in node.outputs)
        attrs = f" {{{attrs}}}" if attrs else ""
        comment = f"  # {node.source}" if sources and node.source else ""
        lines.append(f"{inner}{results} = {node.primitive.name}({arguments}){attrs} : {specs}{comment}")
    lines.append(f"{inner}return {', '.join(name(value) for value in graph.outputs)}".rstrip())
    lines.append(f"{indent}}}")
    return "\n".join(lines)


def _print_attr(value: Any, indent: str) -> str:
    if isinstance(value, Graph):
        return print_graph(value, indent)
    if isinstance(value, Literal):
        return _print_literal(value)
    if isinstance(value, DType):
        return f"dtype:{value.name}"
    if isinstance(value, Spec):
        return f"spec:{value}"
    if isinstance(value, tuple):
        return "(" + "".join(f"{_print_attr(item, indent)}, " for item in value).rstrip() + ")"
    if callable(value):
        return f"<{getattr(value, '__name__', type(value).__name__)}>"
    return repr(value)


def _print_literal(literal: Literal) -> str:
    array = literal.array
    if array.size == 1 and array.dtype.kind in "biuf" and (array.dtype.kind != "f" or np.isfinite(array).all()):
        return f"literal:{literal.spec}:{array.item()!r}"
    return f"literal:{literal.spec}:{base64.b64encode(np.ascontiguousarray(array).tobytes()).decode() or '='}"


_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\s*)*(?:
      (?P<literal>literal:\w+\[[\d,?]*\]:[^\s,)}]+)|(?P<typed>(?:spec|dtype):\w+(?:\[[\d,?]*\])?)|(?P<value>%\d+)
      |(?P<callable><[^>]*>)|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<spec>\w+\[[\d,?]*\])
      |(?P<number>-?(?:inf\b|nan\b|[\d.]+(?:e[+-]?\d+)?))|(?P<word>[A-Za-z_][\w.]*)|(?P<mark>[(){}=:,])
    )""",
    re.VERBOSE,
)


class _Parser:
    def __init__(self, text: str, callables: Mapping[str, Any]) -> None:
        self.tokens = self._tokens(text)
        self.position = 0
        self.callables = callables

    @staticmethod
    def _tokens(text: str) -> list[tuple[str, str]]:
        tokens, position, text = [], 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise GraphError(f"graph text is not understood at: {text[position : position + 40]!r}")
            tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            position = match.end()
        return tokens

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise GraphError(f"graph text: {expected or 'more'!r} expected, {token!r} found")
        self.position += 1
        return token

    def graph(self, depth: int = 0) -> Graph:
        if depth > 100:
            raise GraphError("graph text: sub-graphs are nested more than 100 deep")
        self.take("graph")
        graph = Graph(self.take())
        values: dict[str, Value] = {}
        self.take("(")
        while self.peek() != ")":
            name = self.take()
            self.take(":")
            values[name] = graph.add_input(_parse_spec(self.take()))
            self.skip(",")
        self.take(")")
        self.take("{")
        while self.peek() != "return":
            self.node(graph, values, depth)
        self.take("return")
        while self.peek() != "}":
            graph.outputs.append(self.value(values))
            self.skip(",")
        self.take("}")
        return graph

    def skip(self, mark: str) -> None:
        if self.peek() == mark:
            self.take()

    def value(self, values: dict[str, Value]) -> Value:
        name = self.take()
        if name not in values:
            raise GraphError(f"graph text: {name} is used before it is defined")
        return values[name]

    def node(self, graph: Graph, values: dict[str, Value], depth: int) -> None:
        results = []
        while self.peek() != "=":
            results.append(self.take())
            self.skip(",")
        self.take("=")
        name = self.take()
        if name not in REGISTRY:
            raise GraphError(f"graph text: there is no primitive {name!r}")
        self.take("(")
        inputs = []
        while self.peek() != ")":
            inputs.append(self.value(values))
            self.skip(",")
        self.take(")")
        attrs = self.attrs(depth) if self.peek() == "{" else {}
        self.take(":")
        specs = []
        for _ in results:
            specs.append(_parse_spec(self.take()))
            self.skip(",")
        values.update(zip(results, graph.add(REGISTRY[name], inputs, attrs, specs)))

    def attrs(self, depth: int) -> dict[str, Any]:
        self.take("{")
        attrs = {}
        while self.peek() != "}":
            key = self.take()
            self.take("=")
            attrs[key] = self.attr(depth)
            self.skip(",")
        self.take("}")
        return attrs

    def attr(self, depth: int) -> Any:
        if self.peek() == "graph":
            return self.graph(depth + 1)
        if self.peek() == "(":
            self.take("(")
            items = []
            while self.peek() != ")":
                items.append(self.attr(depth + 1))
                self.skip(",")
            self.take(")")
            return tuple(items)
        kind = self.tokens[self.position][0]
        token = self.take()
        if kind == "literal":
            return _parse_literal(token)
        if kind == "typed":
            tag, _, rest = token.partition(":")
            return DTYPES[rest] if tag == "dtype" else _parse_spec(rest)
        if kind == "callable":
            return self.callables[token[1:-1]]
        if token in ("inf", "-inf", "nan"):
            return float(token)
        return ast.literal_eval(token)


def _parse_spec(text: str) -> Spec:
    name, _, sizes = text.rstrip("]").partition("[")
    return Spec(tuple(None if size == "?" else int(size) for size in sizes.split(",") if size), DTYPES[name])


def _parse_literal(text: str) -> Literal:
    spec_text, _, data = text.removeprefix("literal:").partition(":")
    spec = _parse_spec(spec_text)
    if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?|True|False", data) and spec.size == 1 and not _is_base64_of(data, spec):
        return Literal(np.full(spec.shape, ast.literal_eval(data), spec.dtype.numpy))
    raw = b"" if data == "=" else base64.b64decode(data)
    return Literal(np.frombuffer(raw, spec.dtype.numpy).reshape(spec.shape))


def _is_base64_of(data: str, spec: Spec) -> bool:
    return len(data) % 4 == 0 and data.endswith("=")


def parse_graph(text: str, callables: Mapping[str, Any] | None = None) -> Graph:
    """The graph that a text describes.

    Args:
        text: as `print_graph` writes it.
        callables: Python functions that occur as attributes, by their names.
    Raises: GraphError if the text is malformed.
    """
    parser = _Parser(text, callables or {})
    graph = parser.graph()
    if parser.peek():
        raise GraphError(f"graph text: {parser.peek()!r} after the end of the graph")
    return graph
