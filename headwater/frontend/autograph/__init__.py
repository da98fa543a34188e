"""Autograph: Python's `if`, `while`, `for` and their kin on tensors, as control flow of the graph.

`convert` rewrites the source of a function (transform.py), so that each piece of control flow asks at run time
(runtime.py) whether a
traced tensor decides it: if so it becomes a primitive with sub-graphs, if not it runs as Python does.
"""

from __future__ import annotations

from headwater.frontend.autograph.conversion import convert, do_not_convert, to_code

__all__ = ["convert", "do_not_convert", "to_code"]
