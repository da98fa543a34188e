"""Strings joined: of several tensors, along axes, by segment; and numbers written into a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.broadcasting import elementwise
from headwater.frontend.ragged_tensor.indexing import expanded
from headwater.ir.spec import normalize_axis
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import of_strings, texts


def join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Any:
    """Strings of several tensors joined, element by element.

    Args:
        inputs: string tensors of one shape, ragged or not; lone strings are joined to each.
        separator: what comes in between.
    Raises: ShapeError if the shapes differ.
    Example:
        >>> join([["abc", "def"], "-", ["123", "456"]]).numpy()
        array([b'abc-123', b'def-456'], dtype=object)
    """
    if any(isinstance(item, RaggedTensor) for item in inputs):
        return elementwise(lambda *parts: join(parts, separator), tuple(inputs), {})
    arrays = [texts(item, "join") for item in inputs]
    shapes = {array.shape for array in arrays if array.ndim}
    if len(shapes) > 1:
        raise ShapeError(
            f"join: shapes {' and '.join(map(str, sorted(shapes)))}.", fix="give strings of one shape, or lone ones."
        )
    shape = shapes.pop() if shapes else ()
    between = separator.encode() if isinstance(separator, str) else bytes(separator)
    columns = [np.broadcast_to(array, shape).reshape(-1).tolist() for array in arrays]
    return of_strings([between.join(parts) for parts in zip(*columns)] or [b""] * (not arrays), shape)


def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "", name: str | None = None
) -> Any:
    """Strings joined along axes.

    Args:
        inputs: strings.
        axis: an axis, or several, in the order in which they are joined; all, the last first, by default.
        keepdims: keep the axes, with size 1.
        separator: what comes in between.
    Example:
        >>> reduce_join([["abc", "123"], ["def", "456"]], axis=-1, separator=" ").numpy()
        array([b'abc 123', b'def 456'], dtype=object)
    """
    between = separator.encode()
    if isinstance(inputs, RaggedTensor):
        return _joined_rows(inputs, axis, keepdims, between)
    array = texts(inputs, "reduce_join")
    given = range(array.ndim - 1, -1, -1) if axis is None else np.atleast_1d(host_array(axis)).tolist()
    axes = [normalize_axis(int(place), array.ndim, "reduce_join") for place in given]
    rest = [place for place in range(array.ndim) if place not in axes]
    shape = tuple(array.shape[place] for place in rest)
    rows = array.transpose([*rest, *reversed(axes)]).reshape(int(np.prod(shape)), -1)
    kept = tuple(1 if place in axes else size for place, size in enumerate(array.shape))
    return of_strings([between.join(row) for row in rows.tolist()], kept if keepdims else shape)


def _joined_rows(inputs: RaggedTensor, axis: Any, keepdims: bool, between: bytes) -> Any:
    places = range(inputs.ndim) if axis is None else np.atleast_1d(host_array(axis)).tolist()
    found: Any = inputs
    axes = sorted((normalize_axis(int(place), inputs.ndim, "reduce_join") for place in places), reverse=True)
    for place in axes:
        found = _joined_along(found, place, between)
    for place in sorted(axes) if keepdims else ():
        found = expanded(found, place)
    return found


def _joined_along(x: Any, axis: int, between: bytes) -> Any:
    if not isinstance(x, RaggedTensor):
        return reduce_join(x, axis=axis, separator=between.decode())
    if axis > 1:
        return x.with_values(_joined_along(x.values, axis - 1, between))
    if isinstance(x.values, RaggedTensor) or x.values.spec.ndim > 1:
        raise ArgumentError("reduce_join along an outer axis of rows.", fix="join the innermost axis first.")
    segments = x.partition.rowids if axis == 1 else x.partition.columns
    count = x.nrows_static if axis == 1 else x.partition.longest
    return unsorted_segment_join(x.values, segments, count, between.decode())


def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: int, separator: str = "", name: str | None = None
) -> Any:
    """The strings of each segment joined, in their order; an empty string for one that has none.

    Example:
        >>> unsorted_segment_join(["this", "a", "test", "is"], [0, 1, 1, 0], 2, ":").numpy()
        array([b'this:is', b'a:test'], dtype=object)
    """
    array, segments = texts(inputs, "unsorted_segment_join"), host_array(segment_ids)
    count = int(host_array(num_segments))
    if array.shape[: segments.ndim] != segments.shape:
        raise ShapeError(
            f"unsorted_segment_join: segments of shape {segments.shape} for strings of shape {array.shape}.",
            fix="give a segment for each row.",
        )
    if segments.size and (segments.min() < 0 or segments.max() >= count):
        raise ArgumentError(
            f"segments from {segments.min()} to {segments.max()}, of {count}.",
            fix="number them from 0, or raise num_segments.",
        )
    inner = array.shape[segments.ndim :]
    rows = array.reshape(segments.size, -1)
    parts: list[list[list[bytes]]] = [[[] for _ in range(rows.shape[1])] for _ in range(count)]
    for segment, row in zip(segments.reshape(-1).tolist(), rows.tolist()):
        for place, text in enumerate(row):
            parts[segment][place].append(text)
    between = separator.encode()
    return of_strings([between.join(column) for row in parts for column in row], (count, *inner))


def format(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None) -> Any:
    """A text with the values of tensors in it.

    Args:
        template: the text; each placeholder takes one tensor.
        inputs: a tensor, or a list of them.
        placeholder: what stands for a tensor.
        summarize: how many elements are written of the beginning and the end of each axis; -1 for all.
    Raises: ArgumentError if there are not as many placeholders as tensors.
    Example:
        >>> format("tensor: {}, tensor: {}", (tf.range(5), tf.constant("x"))).numpy()
        b'tensor: [0 1 2 3 4], tensor: "x"'
    """
    many = isinstance(inputs, (list, tuple))
    tensors = [convert_to_tensor(item) for item in (inputs if many else [inputs])]
    pieces = template.split(placeholder)
    if len(pieces) != len(tensors) + 1:
        raise ArgumentError(
            f"{len(pieces) - 1} placeholders for {len(tensors)} tensors.", fix="give one tensor for each placeholder."
        )
    shown = [_written(host_array(tensor), summarize) for tensor in tensors]
    return convert_to_tensor("".join(part for pair in zip(pieces, [*shown, ""]) for part in pair))


def _written(array: np.ndarray, summarize: int) -> str:
    return _written_axis(array, summarize, array.ndim)


def _written_axis(array: np.ndarray, summarize: int, ndim: int) -> str:
    if not array.ndim:
        return _element(array[()])
    between = " " if array.ndim == 1 else "\n" * (array.ndim - 1) + " " * (ndim - array.ndim + 1)
    everything = summarize < 0 or len(array) <= 2 * summarize
    places = range(len(array)) if everything else [*range(summarize), *range(len(array) - summarize, len(array))]
    parts = [_written_axis(np.asarray(array[place, ...]), summarize, ndim) for place in places]
    if not everything:
        parts.insert(summarize, "...")
    return f"[{between.join(parts)}]"


def _element(value: Any) -> str:
    if isinstance(value, bytes):
        return f'"{value.decode("utf-8", "backslashreplace")}"'
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if not isinstance(value, np.floating):
        return str(value)
    number = float(value)
    few, many = (15, 17) if isinstance(value, np.float64) else (6, 9)  # as few digits as give the number back, or all
    short = f"{number:.{few}g}"
    kind = np.float64 if isinstance(value, np.float64) else np.float32
    return short if kind(short) == kind(number) or number != number else f"{number:.{many}g}"
