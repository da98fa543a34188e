"""The forms in which boxes are written, and the way from one to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError

FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip

Numbers = tuple[Any, Any, Any, Any]


def parted(boxes: Any) -> Numbers:
    """The four numbers of boxes, each with a last axis of 1."""
    return tuple(boxes[..., place : place + 1] for place in range(4))  # type: ignore[return-value]


def joined(*numbers: Any) -> Any:
    """Boxes from their four numbers."""
    return ops.concatenate(list(numbers), axis=-1)


def _of_centre(x: Any, y: Any, width: Any, height: Any) -> Numbers:
    half_width, half_height = width / 2.0, height / 2.0
    return x - half_width, y - half_height, x + half_width, y + half_height


def _to_centre(x1: Any, y1: Any, x2: Any, y2: Any) -> Numbers:
    width, height = x2 - x1, y2 - y1
    return x1 + width / 2.0, y1 + height / 2.0, width, height


def _swapped(a: Any, b: Any, c: Any, d: Any) -> Numbers:
    return b, a, d, c


# For each form without "rel_": from it to the corners (left, top, right, bottom), and from the corners to it.
_WAYS: dict[str, tuple[Callable[..., Numbers], Callable[..., Numbers]]] = {
    "xyxy": (lambda *corners: corners, lambda *corners: corners),
    "yxyx": (_swapped, _swapped),
    "xywh": (lambda x, y, w, h: (x, y, x + w, y + h), lambda x1, y1, x2, y2: (x1, y1, x2 - x1, y2 - y1)),
    "center_xywh": (_of_centre, _to_centre),
    "center_yxhw": (lambda *n: _of_centre(*_swapped(*n)), lambda *n: _swapped(*_to_centre(*n))),
}


def checked_format(name: str) -> str:
    """The name of a format in lower case.

    Raises: ArgumentError if there is no such format.
    """
    if not isinstance(name, str) or name.lower() not in FORMATS:
        raise ArgumentError(f"{name!r} is no format of bounding boxes.", fix=f"use one of {', '.join(FORMATS)}.")
    return name.lower()


def _checked(boxes: Any, source: str, target: str, height: Any, width: Any) -> None:
    if boxes.shape[-1] != 4:
        raise ShapeError(f"boxes of shape {tuple(boxes.shape)}.", fix="give four numbers for each box, (..., 4).")
    if (source.startswith("rel_") or target.startswith("rel_")) and (height is None or width is None):
        raise ArgumentError(
            f"boxes from {source!r} to {target!r} with height={height} and width={width}.",
            fix="pass the height and the width of the images: relative boxes are shares of them.",
        )


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Any:
    """Boxes in another form.

    Args:
        boxes: (..., 4); or a dict with them under "boxes".
        source, target: "xyxy" (left, top, right, bottom), "yxyx", "xywh" (left, top, width, height), "center_xywh",
            "center_yxhw", or with "rel_" in front (not for "center_yxhw"): as shares of the image's size.
        height, width: of the images; needed for relative forms.
        dtype: dtype of the result.
    Returns: boxes (..., 4); for a dict, a new one, with the other entries as they are.
    Raises: ArgumentError for an unknown form, or a relative one without size; ShapeError for other shapes.
    Example:
        >>> convert_format([[10, 20, 30, 60]], "xyxy", "xywh").numpy().tolist()
        [[10.0, 20.0, 20.0, 40.0]]
    """
    if isinstance(boxes, dict):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    boxes, source, target = ops.cast(boxes, dtype), checked_format(source), checked_format(target)
    _checked(boxes, source, target, height, width)
    if source == target:
        return boxes
    if source.startswith("rel_") and target.startswith("rel_"):
        source, target = source[4:], target[4:]
    height, width = (None if size is None else ops.cast(size, dtype) for size in (height, width))
    numbers = parted(boxes)
    corners = _WAYS[source.removeprefix("rel_")][0](*numbers)
    if source.startswith("rel_"):
        corners = tuple(number * size for number, size in zip(corners, (width, height, width, height)))
    found = _WAYS[target.removeprefix("rel_")][1](*corners)
    if target.startswith("rel_"):
        sizes = (height, width) * 2 if target == "rel_yxyx" else (width, height) * 2
        found = tuple(number / size for number, size in zip(found, sizes))
    return joined(*found)
