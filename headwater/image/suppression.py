"""Non-maximum suppression: the best of the boxes that cover one another.

The search goes box by box, so it runs on the host; a traced function calls it there where the shape of the result is
known, and otherwise runs op by op.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from headwater import ops
from headwater.control import numpy_function
from headwater.errors import NotTraceableError, ShapeError
from headwater.frontend.tensor_spec import TensorSpec
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import int_of, is_known, known

_NONE = float("-inf")


class _Selected(NamedTuple):
    """Indices of boxes, from the best on, and their scores."""

    indices: np.ndarray
    scores: np.ndarray


def _overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """For each box, the area that it shares with one box as a share of the area of both; 0 for boxes without area."""
    low = np.minimum(boxes[:, :2], boxes[:, 2:])
    high = np.maximum(boxes[:, :2], boxes[:, 2:])
    own_low, own_high = np.minimum(box[:2], box[2:]), np.maximum(box[:2], box[2:])
    sides = np.maximum(np.minimum(high, own_high) - np.maximum(low, own_low), 0)
    both, areas, own = sides.prod(1), (high - low).prod(1), (own_high - own_low).prod()
    either = areas + own - both
    return np.where((areas > 0) & (own > 0), both / np.where(either > 0, either, 1), 0)


def _select(
    overlaps: Callable[[int], np.ndarray], scores: np.ndarray, most: int, least: float,
    kept: Callable[[np.ndarray], np.ndarray],
) -> _Selected:  # fmt: skip
    """Take the best box, lower the scores of the others as they overlap with it, and so on.

    Args:
        overlaps: of a box with all.
        scores: of all boxes; the first of equal ones is taken.
        most: how many boxes at most.
        least: only higher scores count.
        kept: what is left of a score at an overlap, as a factor; below 0: nothing, the box is out.
    """
    scores = np.where(np.isnan(scores), _NONE, scores.astype(np.float32))
    alive = scores > least
    found: list[int] = []
    values: list[float] = []
    while len(found) < most and alive.any():
        best = int(np.argmax(np.where(alive, scores, _NONE)))
        if not alive[best]:  # all that is left has a score of minus infinity
            best = int(np.argmax(alive))
        found.append(best)
        values.append(float(scores[best]))
        alive[best] = False
        factor = kept(overlaps(best))
        alive &= factor >= 0
        scores = np.where(factor >= 0, scores * np.where(factor == 1, 1, factor), scores)
        alive &= scores > least
    return _Selected(np.array(found, np.int32), np.array(values, np.float32))


def _hard(threshold: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda overlap: np.where(overlap > threshold, np.float32(-1), np.float32(1))


def _soft(sigma: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda overlap: np.exp(-0.5 / sigma * np.square(overlap)).astype(np.float32)


def _checked(boxes: Any, scores: Any, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) and scores (n,) on the host.

    Raises: ShapeError if they do not fit; NotTraceableError while a function is traced, for the number of boxes that
        are selected is not known then.
    """
    boxes, scores = convert_to_tensor(boxes), convert_to_tensor(scores)
    if len(boxes.shape) != 2 or boxes.shape[-1] != 4 or tuple(scores.shape) != (boxes.shape[0],):
        raise ShapeError(
            f"{what}: boxes of shape {tuple(boxes.shape)} and scores of shape {tuple(scores.shape)}.",
            fix="give boxes (boxes, 4), and a score for each.",
        )
    _require_known(what, boxes, scores)
    return known(boxes, what, "boxes").astype(np.float32), known(scores, what, "scores")


def _require_known(what: str, *tensors: Any) -> None:
    if not all(map(is_known, tensors)):
        raise NotTraceableError(
            f"{what}: how many boxes it selects is not known while a function is traced.",
            fix="use non_max_suppression_padded(..., pad_to_max_output_size=True), or call it outside of the function.",
        )


def _number(value: Any, what: str, argument: str) -> float:
    return float(known(value, what, argument))


def non_max_suppression(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _NONE,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The indices of the best boxes, without those that overlap too much with a better one.

    Args:
        boxes: (boxes, 4): two opposite corners (y1, x1, y2, x2).
        scores: (boxes,).
        max_output_size: how many at most.
        iou_threshold: the shared area, as a share of the area of both, from which the worse box is left out.
        score_threshold: only boxes with higher scores count.
    Returns: int32 (selected,), from the best on.
    Raises: ShapeError for other shapes.
    Example:
        >>> boxes = [[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.9], [3.0, 3.0, 4.0, 4.0]]
        >>> non_max_suppression(boxes, [0.5, 0.9, 0.2], 3).numpy()
        array([1, 2], dtype=int32)
    """
    return non_max_suppression_with_scores(boxes, scores, max_output_size, iou_threshold, score_threshold)[0]


def non_max_suppression_with_scores(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _NONE,
    soft_nms_sigma: Any = 0.0, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """As `non_max_suppression`, with the scores; optionally soft: overlapping boxes lose score instead of place.

    Args:
        boxes, scores, max_output_size, iou_threshold, score_threshold: as for `non_max_suppression`.
        soft_nms_sigma: above 0, scores are multiplied by exp(-overlap² / (2 sigma)) for each better box, and the
            `iou_threshold` does not count.
    Returns: int32 (selected,) and their scores, lowered where they overlap.
    Source: Bodla et al. 2017, arXiv:1704.04503, "Soft-NMS".
    """
    what = "non_max_suppression"
    corners, values = _checked(boxes, scores, what)
    threshold, sigma = _number(iou_threshold, what, "iou_threshold"), _number(soft_nms_sigma, what, "soft_nms_sigma")
    kept = _soft(sigma) if sigma > 0 else _hard(threshold)
    most, least = int_of(max_output_size, what, "max_output_size"), _number(score_threshold, what, "score_threshold")
    found = _select(lambda best: _overlaps(corners[best], corners), values, most, least, kept)
    return convert_to_tensor(found.indices), ops.cast(found.scores, convert_to_tensor(scores).dtype)


def non_max_suppression_overlaps(
    overlaps: Any, scores: Any, max_output_size: Any, overlap_threshold: Any = 0.5, score_threshold: Any = _NONE,
    name: str | None = None,
) -> Any:  # fmt: skip
    """As `non_max_suppression`, from the overlaps of each pair.

    Args:
        overlaps: (boxes, boxes).
        scores: (boxes,).
        max_output_size, overlap_threshold, score_threshold: as for `non_max_suppression`.
    Returns: int32 (selected,).
    """
    what = "non_max_suppression_overlaps"
    overlaps, scores = convert_to_tensor(overlaps), convert_to_tensor(scores)
    if len(overlaps.shape) != 2 or set(overlaps.shape) - {scores.shape[0]}:
        raise ShapeError(
            f"{what}: overlaps of shape {tuple(overlaps.shape)} and scores of shape {tuple(scores.shape)}.",
            fix="give an overlap for each pair of boxes.",
        )
    _require_known(what, overlaps, scores)
    pairs, most = known(overlaps, what, "overlaps"), int_of(max_output_size, what, "max_output_size")
    threshold, least = (_number(each, what, "threshold") for each in (overlap_threshold, score_threshold))
    return convert_to_tensor(_select(lambda best: pairs[:, best], known(scores, what, "scores"), most, least,
                                     _hard(threshold)).indices)  # fmt: skip


def _hard_from(threshold: float) -> Callable[[np.ndarray], np.ndarray]:
    """The padded variant leaves out boxes at the threshold too."""
    return lambda overlap: np.where(overlap >= threshold, np.float32(-1), np.float32(1))


def _padded(
    boxes: np.ndarray, scores: np.ndarray, most: int, threshold: float, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """For each batch, the indices, filled up with 0, and how many they are."""
    indices, counts = np.zeros((len(boxes), most), np.int32), np.zeros(len(boxes), np.int32)
    for row, (corners, values) in enumerate(zip(boxes.astype(np.float32), scores)):
        found = _select(
            lambda best, corners=corners: _overlaps(corners[best], corners), values, most, least, _hard_from(threshold)
        ).indices
        indices[row, : len(found)], counts[row] = found, len(found)
    return indices, counts


def _on_host(function: Callable[..., Any], tensors: list[Any], specs: list[Any]) -> Any:
    """`function` of arrays: at once, or when the traced program runs."""
    if all(map(is_known, tensors)):
        return [convert_to_tensor(array) for array in function(*(known(x, "boxes", "boxes") for x in tensors))]
    return numpy_function(function, tensors, specs, stateful=False)


def non_max_suppression_padded(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = _NONE,
    pad_to_max_output_size: bool = False, name: str | None = None, sorted_input: bool = False,
    canonicalized_coordinates: bool = False, tile_size: int = 512,
) -> tuple[Any, Any]:  # fmt: skip
    """As `non_max_suppression`, for batches too, with a result of a size that is known ahead.

    Args:
        boxes: (..., boxes, 4).
        scores: (..., boxes).
        max_output_size, iou_threshold, score_threshold: as for `non_max_suppression`.
        pad_to_max_output_size: whether indices are filled up with 0 to `max_output_size`; needed for batches.
        sorted_input, canonicalized_coordinates, tile_size: not used; there as in TensorFlow.
    Returns: int32 (..., max_output_size), or (selected,), and how many of them are meant, int32 (...).
    Raises: ShapeError for other shapes, and for batches without `pad_to_max_output_size`.
    """
    what = "non_max_suppression_padded"
    boxes, scores = convert_to_tensor(boxes), convert_to_tensor(scores)
    front = tuple(boxes.shape[:-2])
    if boxes.shape[-1] != 4 or tuple(scores.shape) != tuple(boxes.shape[:-1]) or (front and not pad_to_max_output_size):
        raise ShapeError(
            f"{what}: boxes of shape {tuple(boxes.shape)} and scores of shape {tuple(scores.shape)}.",
            fix="give boxes (..., boxes, 4), a score for each, and pad_to_max_output_size=True for a batch.",
        )
    most = int_of(max_output_size, what, "max_output_size")
    threshold, least = _number(iou_threshold, what, "iou_threshold"), _number(score_threshold, what, "score_threshold")
    if not pad_to_max_output_size:
        _require_known(what, boxes, scores)
    count = int(np.prod(front))
    tensors = [ops.reshape(boxes, (count, *boxes.shape[-2:])), ops.reshape(scores, (count, scores.shape[-1]))]
    specs = [TensorSpec((count, most), "int32"), TensorSpec((count,), "int32")]
    indices, counts = _on_host(lambda b, s: _padded(b, s, most, threshold, least), tensors, specs)
    if not pad_to_max_output_size:
        selected = int(known(counts, what, "counts")[0])
        return indices[0, :selected], ops.reshape(counts, ())
    return ops.reshape(indices, (*front, most)), ops.reshape(counts, front)


def _by_class(
    boxes: np.ndarray, scores: np.ndarray, per_class: int, total: int, threshold: float, least: float
) -> list[np.ndarray]:
    """Boxes, scores, classes and their number for each image: (batch, total, ...)."""
    batch, _, classes = scores.shape
    found = [np.zeros((batch, total, 4), np.float32), np.zeros((batch, total), np.float32)]
    found += [np.zeros((batch, total), np.float32), np.zeros(batch, np.int32)]
    for image in range(batch):
        rows: list[tuple[float, int, np.ndarray]] = []
        for number in range(classes):
            corners = boxes[image, :, number if boxes.shape[2] > 1 else 0]
            chosen = _select(
                lambda best, corners=corners: _overlaps(corners[best], corners), scores[image, :, number], per_class,
                least, _hard(threshold),
            )  # fmt: skip
            rows += [(float(score), number, corners[index]) for index, score in zip(*chosen)]
        rows = sorted(rows, key=lambda row: -row[0])[:total]
        for place, (score, number, corners) in enumerate(rows):
            found[0][image, place], found[1][image, place], found[2][image, place] = corners, score, number
        found[3][image] = len(rows)
    return found


def combined_non_max_suppression(
    boxes: Any, scores: Any, max_output_size_per_class: Any, max_total_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = _NONE, pad_per_class: bool = False, clip_boxes: bool = True, name: str | None = None,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """The best boxes of all classes, for each image of a batch.

    Args:
        boxes: (batch, boxes, q, 4), q being 1 for boxes of all classes, or the number of classes.
        scores: (batch, boxes, classes).
        max_output_size_per_class, max_total_size: how many boxes at most, of one class and of all.
        iou_threshold, score_threshold: as for `non_max_suppression`, within each class.
        pad_per_class: whether the result is only as long as all classes together can fill.
        clip_boxes: whether to cut boxes to 0..1.
    Returns: float32 boxes (batch, n, 4), scores (batch, n), classes (batch, n), filled up with 0, and how many there
        are, int32 (batch,).
    Raises: ShapeError for other shapes.
    """
    what = "combined_non_max_suppression"
    boxes, scores = ops.cast(boxes, "float32"), ops.cast(scores, "float32")
    if len(boxes.shape) != 4 or len(scores.shape) != 3 or boxes.shape[2] not in (1, scores.shape[2]):
        raise ShapeError(
            f"{what}: boxes of shape {tuple(boxes.shape)} and scores of shape {tuple(scores.shape)}.",
            fix="give boxes (batch, boxes, 1 or classes, 4) and scores (batch, boxes, classes).",
        )
    per_class = int_of(max_output_size_per_class, what, "max_output_size_per_class")
    total = int_of(max_total_size, what, "max_total_size")
    if pad_per_class:
        total = min(total, per_class * scores.shape[2])
    threshold, least = _number(iou_threshold, what, "iou_threshold"), _number(score_threshold, what, "score_threshold")
    batch = boxes.shape[0]
    specs = [TensorSpec((batch, total, 4)), *[TensorSpec((batch, total))] * 2, TensorSpec((batch,), "int32")]
    found = _on_host(lambda b, s: _by_class(b, s, per_class, total, threshold, least), [boxes, scores], specs)
    corners, values, classes, counts = found
    return (ops.clip(corners, 0.0, 1.0) if clip_boxes else corners), values, classes, counts
