"""Connectionist temporal classification: label sequences against frames whose alignment is not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import result_type
from headwater.errors import ArgumentError, ShapeError
from headwater.ir.spec import Spec
from headwater.ops.activations import log_softmax
from headwater.ops.operands import INT32, cast, const, counted, cut, inexact, permuted, reshape_to, spread, tensor
from headwater.ops.symbolic import op
from headwater.primitives import custom, elementwise, index, reduce
from headwater.primitives import shape as moves
from headwater.primitives import sort as order
from headwater.primitives.constant import scalar

_NEVER = -1e5  # logarithm of the probability of what can't be, finite so that no gradient becomes NaN


def _moved(x: Any, places: int) -> Any:
    """The last axis moved to the right, with what can't be moved in."""
    size = x.spec.shape[-1]
    low = (*(0,) * (x.spec.ndim - 1), min(places, size))
    kept = cut(x, x.spec.ndim - 1, 0, max(size - places, 0))
    return moves.pad(kept, const(_NEVER, x), low=low, high=(0,) * x.spec.ndim, interior=(0,) * x.spec.ndim)


def _with_blanks(target: Any, blank: int) -> Any:
    """Labels with a blank before, between and after them: (batch, n) -> (batch, 2 n + 1)."""
    low, interior = (0, 1), (0, 1)
    if not target.spec.shape[1]:
        return spread(scalar(blank, INT32), (target.spec.shape[0], 1))
    return moves.pad(target, scalar(blank, INT32), low=low, high=(0, 1), interior=interior)


@op
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """Minus the logarithm of the probability that frames spell a sequence of labels, over all alignments.

    Args:
        target: labels, integers (batch, labels).
        output: logits of each frame, (batch, frames, classes).
        target_length: how many labels count, integers (batch,).
        output_length: how many frames count, integers (batch,).
        mask_index: the class that stands for a blank.
    Returns: a float tensor (batch,).
    Raises: ShapeError if the shapes do not fit.
    Source: Graves et al. 2006, "Connectionist temporal classification".
    """
    from headwater.ops.control import scan

    target, output = cast(tensor(target), INT32), inexact(output)
    if target.spec.ndim != 2 or output.spec.ndim != 3 or target.spec.shape[0] != output.spec.shape[0]:
        raise ShapeError(
            f"ctc_loss: labels of shape {tuple(target.spec.shape)} and logits of shape {tuple(output.spec.shape)}.",
            fix="give labels (batch, labels) and logits (batch, frames, classes).",
        )
    output = cast(output, result_type(output.spec.dtype, "float32"))
    labels_count, frames_count = (cast(tensor(each), INT32) for each in (target_length, output_length))
    batch, frames = output.spec.shape[:2]
    states = _with_blanks(target, mask_index)
    width = states.spec.shape[1]
    logs = log_softmax(output)
    places = spread(reshape_to(states, (batch, 1, width)), (batch, frames, width))
    emitted = permuted(index.take_along_axis(logs, places, axis=2, mode="raise"), (1, 0, 2))
    alive = elementwise.less(counted(frames, 2, 0, INT32), reshape_to(frames_count, (1, batch)))
    skips = _may_skip(states, mask_index)
    place = counted(width, 2, 1, INT32)
    never = const(_NEVER, logs)
    start = elementwise.select(
        elementwise.less(place, scalar(2, INT32)), reshape_to(cut(emitted, 0, 0, 1), (batch, width)), never
    )

    def step(alpha: Any, frame: Any) -> tuple[Any, Any]:
        here, counts = frame
        skipped = elementwise.select(skips, _moved(alpha, 2), never)
        arrived = elementwise.logaddexp(elementwise.logaddexp(alpha, _moved(alpha, 1)), skipped)
        now = elementwise.add(arrived, here)
        return elementwise.select(reshape_to(counts, (batch, 1)), now, alpha), None

    if frames > 1:
        start, _ = scan(step, start, (cut(emitted, 0, 1, frames), cut(alive, 0, 1, frames)))
    return _final(start, labels_count, place)


def _may_skip(states: Any, blank: int) -> Any:
    """True for a state that may follow the one before the last: a label that is not the one before it."""
    size = states.spec.shape[1]
    before = moves.pad(
        cut(states, 1, 0, max(size - 2, 0)), scalar(blank, INT32), low=(0, min(2, size)), high=(0, 0), interior=(0, 0)
    )
    return elementwise.bitwise_and(
        elementwise.not_equal(states, scalar(blank, INT32)), elementwise.not_equal(states, before)
    )


def _final(alpha: Any, labels_count: Any, place: Any) -> Any:
    """Minus the logarithm of the probability of ending in the last blank or the last label."""
    last = reshape_to(elementwise.multiply(labels_count, scalar(2, INT32)), (labels_count.spec.shape[0], 1))
    ends = elementwise.bitwise_or(
        elementwise.equal(place, last), elementwise.equal(place, elementwise.subtract(last, scalar(1, INT32)))
    )
    held = elementwise.select(ends, alpha, const(_NEVER, alpha))
    peak = custom.stop_gradient(reduce.reduce_max(held, axes=(1,)))
    spread_peak = reshape_to(peak, (*peak.spec.shape, 1))
    total = reduce.reduce_sum(
        elementwise.select(ends, elementwise.exp(elementwise.subtract(held, spread_peak)), const(0, alpha)), axes=(1,)
    )
    return elementwise.negative(elementwise.add(elementwise.log(total), peak))


@op
def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Any, Any]:
    """The sequences of labels that frames spell most probably.

    Args:
        inputs: logits (or log-probabilities) of each frame, (batch, frames, classes).
        sequence_lengths: how many frames count, integers (batch,).
        strategy: "greedy" takes the best class of each frame; "beam_search" adds up over alignments.
        beam_width: how many beginnings a beam search keeps.
        top_paths: how many sequences a beam search gives.
        merge_repeated: whether the greedy strategy drops a label that repeats the one before it.
        mask_index: the class that stands for a blank.
    Returns: a pair: labels (paths, batch, frames), int32, filled up with -1; and scores (batch, paths): minus the
        sum of the best logits for "greedy", the logarithm of the probability for "beam_search".
    Raises: ArgumentError for another strategy; ShapeError if the shapes do not fit.
    Source: Graves et al. 2006; Hannun et al. 2014, arXiv:1408.2873, for the beam search.
    """
    x = inexact(inputs)
    if x.spec.ndim != 3:
        raise ShapeError(f"ctc_decode: logits of shape {tuple(x.spec.shape)}.", fix="give (batch, frames, classes).")
    x = cast(x, result_type(x.spec.dtype, "float32"))
    lengths = cast(tensor(sequence_lengths), INT32)
    blank = x.spec.shape[-1] - 1 if mask_index is None else mask_index
    if strategy == "greedy":
        return _greedy(x, lengths, merge_repeated, blank)
    if strategy == "beam_search":
        batch, frames, _ = x.spec.shape
        specs = (Spec((top_paths, batch, frames), INT32), Spec((batch, top_paths), x.spec.dtype))
        return custom.host_call(
            log_softmax(x), lengths, function=_BeamSearch(beam_width, top_paths, blank), specs=specs
        )
    raise ArgumentError(f"ctc_decode: strategy {strategy!r} is unknown.", fix='use "greedy" or "beam_search".')


def _greedy(x: Any, lengths: Any, merge_repeated: bool, blank: int) -> tuple[Any, Any]:
    batch, frames, _ = x.spec.shape
    place = counted(frames, 2, 1, INT32)
    over = elementwise.greater_equal(place, reshape_to(lengths, (batch, 1)))
    best = elementwise.select(over, scalar(blank, INT32), reduce.argmax(x, axis=2, dtype=INT32))
    scores = elementwise.select(over, const(0, x), reduce.reduce_max(x, axes=(2,)))
    if merge_repeated and frames > 1:
        again = elementwise.equal(cut(best, 1, 1, frames), cut(best, 1, 0, frames - 1))
        again = moves.pad(again, scalar(False, again.spec.dtype), low=(0, 1), high=(0, 0), interior=(0, 0))
        best = elementwise.select(again, scalar(blank, INT32), best)
    empty = elementwise.equal(best, scalar(blank, INT32))
    best = elementwise.select(empty, scalar(-1, INT32), best)
    to_front = order.argsort(elementwise.cast(empty, dtype=INT32), axis=1, descending=False, dtype=INT32)
    labels = index.take_along_axis(best, to_front, axis=1, mode="clip")
    total = elementwise.negative(reduce.reduce_sum(scores, axes=(1,)))
    return reshape_to(labels, (1, batch, frames)), reshape_to(total, (batch, 1))


class _BeamSearch:
    """Prefix beam search on the host; equal settings are equal, so that traces of them are."""

    def __init__(self, width: int, paths: int, blank: int) -> None:
        self.settings = (width, paths, blank)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BeamSearch) and self.settings == other.settings

    def __hash__(self) -> int:
        return hash(self.settings)

    def __call__(self, logs: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        width, paths, blank = self.settings
        batch, frames, _ = logs.shape
        labels = np.full((paths, batch, frames), -1, np.int32)
        scores = np.full((batch, paths), -np.inf, logs.dtype)
        for row in range(batch):
            found = _search(logs[row, : max(int(lengths[row]), 1)].astype(np.float64), width, blank)
            for rank, (prefix, score) in enumerate(found[:paths]):
                labels[rank, row, : len(prefix)] = prefix
                scores[row, rank] = score
        return [labels, scores]


def _search(logs: np.ndarray, width: int, blank: int) -> list[tuple[tuple[int, ...], float]]:
    """Beginnings and their log-probabilities, the best first. A beginning keeps apart whether its last frame
    was a blank.
    """
    prefixes: list[tuple[int, ...]] = [()]
    by_blank, by_label = np.zeros(1), np.full(1, -np.inf)
    for frame in logs:
        total = np.logaddexp(by_blank, by_label)
        last = np.array([prefix[-1] if prefix else -1 for prefix in prefixes])
        rows = np.arange(len(prefixes))
        longer = total[:, None] + frame[None, :]
        repeats = last >= 0
        longer[rows[repeats], last[repeats]] = by_blank[repeats] + frame[last[repeats]]
        longer[:, blank] = -np.inf
        stay_blank = total + frame[blank]
        stay_label = np.where(repeats, by_label + frame[last], -np.inf)
        numbers = {prefix: number for number, prefix in enumerate(prefixes)}
        for number, prefix in enumerate(prefixes):
            parent = numbers.get(prefix[:-1]) if prefix else None
            if parent is not None:  # the same beginning, one label longer than another one in the beam
                stay_label[number] = np.logaddexp(stay_label[number], longer[parent, prefix[-1]])
                longer[parent, prefix[-1]] = -np.inf
        candidates = np.concatenate([np.logaddexp(stay_blank, stay_label), longer.reshape(-1)])
        chosen = np.argsort(-candidates, kind="stable")[:width]
        chosen = chosen[np.isfinite(candidates[chosen])]
        classes = len(frame)
        kept, fresh = chosen[chosen < len(prefixes)], chosen[chosen >= len(prefixes)] - len(prefixes)
        prefixes = [prefixes[i] for i in kept] + [(*prefixes[i // classes], int(i % classes)) for i in fresh]
        by_blank = np.concatenate([stay_blank[kept], np.full(len(fresh), -np.inf)])
        by_label = np.concatenate([stay_label[kept], longer.reshape(-1)[fresh]])
    total = np.logaddexp(by_blank, by_label)
    return [(prefixes[i], float(total[i])) for i in np.argsort(-total, kind="stable")]
