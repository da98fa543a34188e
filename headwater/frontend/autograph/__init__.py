"""Autograph: Python's `if`, `while`, `for` and their kin on tensors, as control flow of the graph.

`convert` rewrites the source of a function (transform.py), so that each piece of control flow asks at run time
(runtime.py) whether a
traced tensor decides it: if so it becomes a primitive with sub-graphs, if not it runs as Python does.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from headwater.frontend.autograph.conversion import convert, do_not_convert, to_code

__all__ = ["convert", "do_not_convert", "experimental", "set_verbosity", "to_code", "to_graph", "trace"]


def to_graph(entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None) -> Any:
    """The function, rewritten so that its control flow may depend on tensors."""
    return convert(getattr(entity, "python_function", entity))


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Accepted: rewriting says nothing unless it fails."""


def trace(*args: Any) -> None:
    """Print arguments while a function is traced."""
    print(*args)


class Feature(enum.Enum):
    """Accepted for TensorFlow's sake: all of autograph is on."""

    ALL, AUTO_CONTROL_DEPS, ASSERT_STATEMENTS, BUILTIN_FUNCTIONS, EQUALITY_OPERATORS, LISTS, NAME_SCOPES = range(7)


def _set_loop_options(
    parallel_iterations: int | None = None,
    swap_memory: bool | None = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Accepted: loops need no advice."""


class _Experimental:
    """Newer names."""

    Feature = Feature
    do_not_convert = staticmethod(do_not_convert)
    set_loop_options = staticmethod(_set_loop_options)


experimental = _Experimental()
