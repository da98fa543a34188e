"""Strings taken apart: at separators, into bytes, and into n-grams of their parts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.conversion import nested_uniform
from headwater.frontend.ragged_tensor.partition import RowPartition
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import of_strings, string_op, texts


def in_rows(array: np.ndarray, rows: Sequence[Sequence[Any]], make: Callable[[list[Any]], Any]) -> Any:
    """Rows of parts of each element: for one element a tensor, else a ragged tensor of one axis more.

    Args:
        array: what was taken apart.
        rows: the parts of each of its elements.
        make: a tensor of all parts.
    """
    values = make([part for row in rows for part in row])
    if not array.ndim:
        return values
    ragged = RaggedTensor(values, RowPartition.from_lengths(np.array(list(map(len, rows)), np.int64)))
    return nested_uniform(ragged, array.shape)


def _strings(values: list[bytes]) -> Any:
    return of_strings(values, (len(values),))


@string_op
def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """The parts of each string between separators: a ragged tensor of one axis more.

    Args:
        input: strings.
        sep: the separator; runs of blanks by default.
        maxsplit: how many separators count at most; all if negative.
    Returns: a RaggedTensor; a tensor for one string.
    Example:
        >>> split(["hello world", "a b c"])
        <tf.RaggedTensor [[b'hello', b'world'], [b'a', b'b', b'c']]>
    """
    array = texts(input, "split")
    between = texts("" if sep is None else sep, "split").item()
    rows = [
        text.split(between or None, maxsplit) if text or not between else [b""] for text in array.reshape(-1).tolist()
    ]
    return in_rows(array, rows, _strings)


@string_op
def bytes_split(input: Any, name: str | None = None) -> Any:
    """The bytes of each string, a string each: a ragged tensor of one axis more.

    Example:
        >>> bytes_split(["hello", "123"])
        <tf.RaggedTensor [[b'h', b'e', b'l', b'l', b'o'], [b'1', b'2', b'3']]>
    """
    array = texts(input, "bytes_split")
    rows = [[text[place : place + 1] for place in range(len(text))] for text in array.reshape(-1).tolist()]
    return in_rows(array, rows, _strings)


def ngrams(
    data: Any,
    ngram_width: Any,
    separator: str = " ",
    pad_values: Any = None,
    padding_width: int | None = None,
    preserve_short_sequences: bool = False,
    name: str | None = None,
) -> Any:
    """The n-grams of the last axis: n neighbours joined, from each place on.

    Args:
        data: strings, a tensor of at least one axis or a ragged one.
        ngram_width: n, or several: then those of the first come first.
        separator: what comes in between.
        pad_values: strings that stand before and after each row: one, or a pair. None pads nothing.
        padding_width: how many of them on each side at most; n - 1 by default.
        preserve_short_sequences: give a row that is too short for any n-gram as one shorter.
    Returns: of a tensor a tensor, of a RaggedTensor a RaggedTensor.
    Raises: ArgumentError for a width below 1, or padding that contradicts.
    Example:
        >>> ngrams(["A", "B", "C"], 2).numpy()
        array([b'A B', b'B C'], dtype=object)
    """
    widths = [int(width) for width in (ngram_width if isinstance(ngram_width, (list, tuple)) else [ngram_width])]
    if not widths or min(widths) < 1:
        raise ArgumentError(f"ngrams: ngram_width {ngram_width}.", fix="use widths of at least 1.")
    left, right = _padding(pad_values, padding_width)
    if padding_width is not None and (padding_width < 1 or pad_values is None):
        raise ArgumentError("ngrams: padding_width without pad_values, or below 1.", fix="pass pad_values, too.")
    pads = [width - 1 if padding_width is None else min(padding_width, width - 1) for width in widths]
    if pad_values is None:
        pads = [0] * len(widths)
    between = separator.encode()

    def grams(row: list[bytes]) -> list[bytes]:
        found = []
        for width, pad in zip(widths, pads):
            padded = [left] * pad + row + [right] * pad
            found += [between.join(padded[start : start + width]) for start in range(len(padded) - width + 1)]
        if not found and preserve_short_sequences and row:
            pad = max(pads)
            found = [between.join([left] * pad + row + [right] * pad)]
        return found

    return _of_last_axis(data, grams)


def _padding(pad_values: Any, padding_width: int | None) -> tuple[bytes, bytes]:
    if pad_values is None:
        return b"", b""
    left, right = pad_values if isinstance(pad_values, (list, tuple)) else (pad_values, pad_values)
    return tuple(value if isinstance(value, bytes) else str(value).encode() for value in (left, right))  # type: ignore[return-value]


def _of_last_axis(data: Any, grams: Callable[[list[bytes]], list[bytes]]) -> Any:
    if isinstance(data, RaggedTensor):
        if isinstance(data.values, RaggedTensor) or data.values.spec.ndim > 1:
            return data.with_values(_of_last_axis(data.values, grams))
        splits, values = data.partition.splits.tolist(), texts(data.values, "ngrams").tolist()
        rows = [grams(values[start:end]) for start, end in itertools.pairwise(splits)]
        lengths = np.array(list(map(len, rows)), data.partition.splits.dtype)
        return RaggedTensor.from_row_lengths(_strings([gram for row in rows for gram in row]), lengths)
    array = texts(convert_to_tensor(data), "ngrams")
    if not array.ndim:
        raise ShapeError("ngrams of a lone string.", fix="give at least one axis, the parts.")
    rows = [grams(row) for row in array.reshape(-1, array.shape[-1]).tolist()]
    width = len(rows[0]) if rows else 0
    return of_strings([gram for row in rows for gram in row], (*array.shape[:-1], width))
