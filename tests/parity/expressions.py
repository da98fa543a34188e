"""One expression, in TensorFlow and here: the same values, dtypes, rows, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as real

import headwater as ours

Names = Callable[[Any], dict[str, Callable[[], Any]]]  # what makes the value of each name


def evaluate(tf: Any, expression: str, names: Names | None = None) -> Any:
    """The value of an expression in which `tf` is one of the two; values are made of the names that are in it."""
    made = names(tf) if names else {}
    used = {name: made[name]() for name in set(re.findall(r"[A-Za-z_]\w*", expression)) & set(made)}
    return eval(expression, {"tf": tf, "np": np, **used})


def plain(value: Any) -> Any:
    """A result as nested tuples of kinds, dtypes and lists: what must be equal."""
    kind = type(value).__name__
    if kind == "RaggedTensor":
        return "ragged", value.dtype.name, _rounded_list(value.to_list())  # its static shape may be known better here
    if kind == "SparseTensor":
        parts = (np.asarray(value.indices).tolist(), np.asarray(value.dense_shape).tolist())
        return "sparse", value.dtype.name, *parts, plain(value.values)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "numpy"):
        array = np.asarray(value.numpy())
        return "tensor", value.dtype.name, tuple(array.shape), _rounded(array)
    return _rounded(value) if isinstance(value, np.ndarray) else value


def _rounded_list(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded_list(item) for item in value]
    return round(value, 4) + 0.0 if isinstance(value, float) else value


def _rounded(array: np.ndarray) -> Any:
    return (np.round(array.astype(np.float64), 4) + 0.0).tolist() if array.dtype.kind == "f" else array.tolist()


def require_agreement(expression: str, names: Names | None = None) -> None:
    """Fail unless both give the same."""
    theirs = plain(evaluate(real, expression, names))
    mine = plain(evaluate(ours, expression, names))
    assert repr(mine) == repr(theirs)


def require_refusal(expression: str, names: Names | None = None) -> None:
    """Fail unless both refuse, and we say what to do."""
    with pytest.raises(Exception):  # noqa: B017 - theirs raises errors of many kinds
        evaluate(real, expression, names)
    with pytest.raises(ours.errors.OpError) as raised:
        evaluate(ours, expression, names)
    assert raised.value.fix


def cases(text: str) -> Sequence[str]:
    """The expressions of a table, one a line."""
    return [line.strip() for line in text.strip().splitlines() if line.strip()]
