"""Stages over several inputs: side by side, one after the other, or chosen among."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.data.randomness import Seed
from headwater.data.specs import Signature
from headwater.data.stage import INFINITE, UNKNOWN, Cursor, Run, Stage
from headwater.data.structure import Element, Form, as_array, flatten
from headwater.errors import ArgumentError


class Several(Cursor):
    """A cursor over several inputs, all open."""

    def __init__(self, stage: Stage, run: Run) -> None:
        self.stage, self.run = stage, run
        self.upstreams = [run.open(source) for source in stage.inputs]

    def state(self) -> dict[str, Any]:
        return {"inputs": [upstream.state() for upstream in self.upstreams]}

    def restore(self, state: dict[str, Any]) -> None:
        for upstream, inner in zip(self.upstreams, state["inputs"]):
            upstream.restore(inner)


class Zip(Stage):
    """Elements of several inputs side by side, until one of them ends.

    Args:
        sources: the inputs.
        form: how they nest: of as many components as there are inputs.
    """

    label = "zip"

    def __init__(self, sources: Sequence[Stage], form: Form) -> None:
        super().__init__(*sources)
        self.nesting = form

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """The inputs' signatures, nested."""
        return Signature.of(self.nesting.unflatten([source.signature.element_spec for source in self.inputs]))

    @property
    def form(self) -> Form:
        parts = [source.form.unflatten(["*"] * source.form.count) for source in self.inputs]
        return flatten(self.nesting.unflatten(parts))[1]

    def cardinality(self) -> int:
        sizes = [source.cardinality() for source in self.inputs]
        known = [size for size in sizes if size != INFINITE]
        return INFINITE if not known else UNKNOWN if UNKNOWN in known else min(known)

    def open(self, run: Run) -> Cursor:
        return _ZipCursor(self, run)


class _ZipCursor(Several):
    def __next__(self) -> Element:
        element: list[Any] = []
        for upstream in self.upstreams:
            element += next(upstream)
        return tuple(element)


class Concatenate(Stage):
    """The elements of one input after those of another."""

    keeps_form = True
    label = "concatenate"

    def __init__(self, first: Stage, second: Stage) -> None:
        super().__init__(first, second)

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """What is true of both inputs."""
        return self.inputs[0].signature.merged(self.inputs[1].signature, self.title)

    def cardinality(self) -> int:
        sizes = [source.cardinality() for source in self.inputs]
        return INFINITE if INFINITE in sizes else UNKNOWN if UNKNOWN in sizes else sum(sizes)

    def open(self, run: Run) -> Cursor:
        return _ConcatenateCursor(self, run)


class _ConcatenateCursor(Cursor):
    """Opens the second input when the first has ended."""

    def __init__(self, stage: Concatenate, run: Run) -> None:
        self.stage, self.run = stage, run
        self.place = 0
        self.upstream = run.open(stage.inputs[0])

    def __next__(self) -> Element:
        try:
            return next(self.upstream)
        except StopIteration:
            if self.place == 1:
                raise
            self._enter(1)
            return next(self.upstream)

    def _enter(self, place: int) -> None:
        self.place, self.upstream = place, self.run.open(self.stage.inputs[place])

    def state(self) -> dict[str, Any]:
        return {"place": self.place, "input": self.upstream.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self._enter(int(state["place"]))
        self.upstream.restore(state["input"])


class Choose(Stage):
    """The next element of the input that a number says, for each number that another input gives.

    Args:
        sources: the inputs.
        choices: gives one whole number each time.
        stop_on_empty: whether to end when a chosen input has ended; otherwise that choice gives nothing.
    """

    keeps_form = True
    label = "choose_from_datasets"

    def __init__(self, sources: Sequence[Stage], choices: Stage, stop_on_empty: bool) -> None:
        super().__init__(*sources, choices)
        self.stop_on_empty = stop_on_empty

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """What is true of all inputs."""
        found = self.inputs[0].signature
        for source in self.inputs[1:-1]:
            found = found.merged(source.signature, self.title)
        return found

    def cardinality(self) -> int:
        sizes = [source.cardinality() for source in self.inputs]
        return INFINITE if all(size == INFINITE for size in sizes) else UNKNOWN

    def open(self, run: Run) -> Cursor:
        return _ChooseCursor(self, run)


class _ChooseCursor(Several):
    ended: set[int]

    def __init__(self, stage: Choose, run: Run) -> None:
        super().__init__(stage, run)
        self.ended = set()

    def __next__(self) -> Element:
        while len(self.ended) < len(self.upstreams) - 1:
            place = self._choice()
            if place in self.ended:
                continue
            try:
                return next(self.upstreams[place])
            except StopIteration:
                if self.stage.stop_on_empty:
                    raise
                self.ended.add(place)
        raise StopIteration

    def _choice(self) -> int:
        chosen = as_array(next(self.upstreams[-1])[0])
        if chosen.shape or chosen.dtype.kind not in "iu" or not 0 <= int(chosen) < len(self.upstreams) - 1:
            raise ArgumentError(
                f"{self.stage.title}: {chosen!r} chooses none of {len(self.upstreams) - 1} data sets.",
                fix=f"let choice_dataset give whole numbers from 0 to {len(self.upstreams) - 2}.",
                where="",
            )
        return int(chosen)

    def state(self) -> dict[str, Any]:
        return {"ended": sorted(self.ended), **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.ended = set(map(int, state["ended"]))
        super().restore(state)


class Sample(Stage):
    """Elements of its inputs, each time of one that is drawn.

    Args:
        sources: the inputs.
        weights: how likely each is drawn: an array, or a stage that gives one each time; None for equally.
        seed: what the draws follow from.
        stop_on_empty: whether to end when a drawn input has ended; otherwise the draw is made again without it.
    """

    keeps_form = True
    label = "sample_from_datasets"

    def __init__(self, sources: Sequence[Stage], weights: Any, seed: Seed, stop_on_empty: bool) -> None:
        given = [weights] if isinstance(weights, Stage) else []
        super().__init__(*sources, *given)
        self.count = len(sources)
        self.weights = None if given else _shares(weights, self.count)
        self.seed, self.stop_on_empty = seed, stop_on_empty

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """What is true of all inputs."""
        found = self.inputs[0].signature
        for source in self.inputs[1 : self.count]:
            found = found.merged(source.signature, self.title)
        return found

    def cardinality(self) -> int:
        drawn = range(self.count) if self.weights is None else np.flatnonzero(self.weights)
        sizes = [self.inputs[place].cardinality() for place in drawn]
        if self.stop_on_empty:
            return INFINITE if all(size == INFINITE for size in sizes) else UNKNOWN
        return INFINITE if INFINITE in sizes else UNKNOWN if UNKNOWN in sizes else sum(sizes)

    def open(self, run: Run) -> Cursor:
        return _SampleCursor(self, run)


def _shares(weights: Any, count: int) -> np.ndarray:
    found = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    if found.shape != (count,) or (found < 0).any() or not found.sum() > 0:
        raise ArgumentError(
            f"weights={weights!r} are not {count} shares.", fix="give one number above 0 for each data set.", where=""
        )
    return found


class _SampleCursor(Several):
    def __init__(self, stage: Sample, run: Run) -> None:
        super().__init__(stage, run)
        self.draws = stage.seed.draws(run)
        self.ended: set[int] = set()

    def __next__(self) -> Element:
        while len(self.ended) < self.stage.count:
            place = self._drawn()
            try:
                return next(self.upstreams[place])
            except StopIteration:
                if self.stage.stop_on_empty:
                    raise
                self.ended.add(place)
        raise StopIteration

    def _drawn(self) -> int:
        weights = self.stage.weights
        if weights is None:
            weights = _shares(as_array(next(self.upstreams[-1])[0]), self.stage.count)
        left = weights.copy()
        left[sorted(self.ended)] = 0
        if not left.any():  # those that are left are never drawn
            raise StopIteration
        return int(np.searchsorted(np.cumsum(left), self.draws.next() * left.sum(), side="right"))

    def state(self) -> dict[str, Any]:
        return {"ended": sorted(self.ended), "draws": self.draws.state(), **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.ended = set(map(int, state["ended"]))
        self.draws.restore(state["draws"])
        super().restore(state)
