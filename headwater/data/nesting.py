"""Stages whose elements come from pipelines that a function makes of their input's elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.data.calls import ActiveCall, Call
from headwater.data.prefetching import PrefetchCursor
from headwater.data.specs import Signature
from headwater.data.stage import Cursor, Over, Run, Stage
from headwater.data.structure import Element, Form
from headwater.data.workers import cores
from headwater.errors import ArgumentError


class Nested(Stage):
    """A stage whose function makes a pipeline of an element."""

    def __init__(self, source: Stage, function: Callable[..., Any]) -> None:
        super().__init__(source)
        self.call = Call(function, source, self, traceable=False)
        self._inner: Signature | None = None
        self.form_seen: Form | None = None

    @property
    def form(self) -> Form:
        return self.form_seen or self.signature.form

    def opened(self, call: ActiveCall, element: Element, index: int, run: Run) -> Cursor:
        """A cursor of the pipeline for an element."""
        stage = call.dataset(element, index)
        cursor = run.child().open(stage)
        if self.form_seen is None:
            cursor = _Noting(cursor, self, stage)
        return cursor

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """That of the pipeline for the first element; sizes are open where those of the elements are."""
        if self._inner is None:
            found = self.call.of_first(lambda active, element: active.dataset(element, 0).signature)
            self._inner = found if self.inputs[0].signature.is_static else _opened(found)
        return self._inner


class _Noting(Cursor):
    """A cursor of the first pipeline: when it has given an element, it is known how those nest."""

    def __init__(self, cursor: Cursor, outer: Nested, inner: Stage) -> None:
        self.cursor, self.outer, self.inner = cursor, outer, inner

    def __next__(self) -> Element:
        element = next(self.cursor)
        self.outer.form_seen = self.inner.form
        return element

    def state(self) -> dict[str, Any]:
        return self.cursor.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.cursor.restore(state)


def _opened(signature: Signature) -> Signature:
    return signature if not signature.is_dense else signature.relaxed()


class FlatMap(Nested):
    """All elements of the pipeline for the first element, then of that for the second, ..."""

    label = "flat_map"

    def open(self, run: Run) -> Cursor:
        return _FlatMapCursor(self, run)


class _FlatMapCursor(Over):
    """Its place holds the element whose pipeline is open: that is made again."""

    def __init__(self, stage: FlatMap, run: Run) -> None:
        super().__init__(stage, run)
        self.call = stage.call.begin(run)
        self.index = 0
        self.element: Element | None = None
        self.inner: Cursor | None = None

    def __next__(self) -> Element:
        while True:
            if self.inner is not None:
                try:
                    return next(self.inner)
                except StopIteration:
                    self.inner = None
            self.element = next(self.upstream)
            self.index += 1
            self._enter()

    def _enter(self) -> None:
        self.inner = self.stage.opened(self.call, self.element, self.index - 1, self.run)

    def state(self) -> dict[str, Any]:
        inner = None if self.inner is None else self.inner.state()
        element = None if inner is None else self.element
        return {"index": self.index, "element": element, "inner": inner, "call": self.call.state(), **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.index, self.inner = int(state["index"]), None
        self.call.restore(state["call"])
        super().restore(state)
        if state["inner"] is not None:
            self.element = tuple(state["element"])
            self._enter()
            self.inner.restore(state["inner"])  # type: ignore[union-attr]


class Interleave(Nested):
    """`block_length` elements of each of `cycle_length` pipelines in turn; the place of one that ends is taken by that
    for the next element.

    Args:
        source, function: as for `Nested`.
        cycle_length: pipelines that are open at once.
        block_length: elements taken of one before it is the turn of the next.
        parallel: whether they are read ahead, in threads.
        deterministic: False to take what is ready first.
    """

    label = "interleave"

    def __init__(
        self,
        source: Stage,
        function: Callable[..., Any],
        cycle_length: int | None,
        block_length: int | None,
        parallel: int,
        deterministic: bool | None,
    ) -> None:
        super().__init__(source, function)
        self.cycle_length = cores() if cycle_length in (None, -1) else int(cycle_length)  # type: ignore[arg-type]
        self.block_length = 1 if block_length in (None, -1) else int(block_length)  # type: ignore[arg-type]
        if self.cycle_length < 1 or self.block_length < 1:
            raise ArgumentError(
                f"cycle_length={cycle_length} and block_length={block_length} must be positive.",
                fix="pass at least 1, or tf.data.AUTOTUNE.",
                where="",
            )
        self.parallel, self.deterministic = parallel, deterministic

    def open(self, run: Run) -> Cursor:
        return _InterleaveCursor(self, run)


class _Slot:
    """A pipeline that is open: the element that it is of, its number, and its cursor."""

    def __init__(self, element: Element, index: int, cursor: Cursor) -> None:
        self.element, self.index, self.cursor = element, index, cursor


class _InterleaveCursor(Over):
    def __init__(self, stage: Interleave, run: Run) -> None:
        super().__init__(stage, run)
        self.call = stage.call.begin(run)
        self.slots: list[_Slot | None] = [None] * stage.cycle_length
        self.turn = self.taken = self.index = 0
        self.ended = False
        ordered = stage.deterministic if stage.deterministic is not None else run.deterministic
        self.ordered = ordered is not False or not stage.parallel

    def __next__(self) -> Element:
        while not self.ended or any(self.slots):
            slot = self.slots[self.turn]
            if slot is None:
                self._fill_slot()
                continue
            if not self.ordered and not slot.cursor.feed.items and self._another_is_ready():  # type: ignore[attr-defined]
                self._advance()
                continue
            try:
                element = next(slot.cursor)
            except StopIteration:
                self.slots[self.turn] = None
                self._advance()
                continue
            self.taken += 1
            if self.taken == self.stage.block_length:
                self._advance()
            return element
        raise StopIteration

    def _advance(self) -> None:
        self.turn, self.taken = (self.turn + 1) % len(self.slots), 0

    def _another_is_ready(self) -> bool:
        return any(slot is not None and slot.cursor.feed.items for slot in self.slots)  # type: ignore[attr-defined]

    def _fill_slot(self) -> None:
        """Open the pipeline of the next element in this place; in parallel, those of the places after it, too."""
        if self.ended:
            self._advance()
            return
        places = range(len(self.slots)) if self.stage.parallel else (0,)
        for offset in places:
            place = (self.turn + offset) % len(self.slots)
            if self.slots[place] is not None or self.ended or (offset and self.index >= len(self.slots)):
                continue
            try:
                element = next(self.upstream)
            except StopIteration:
                self.ended = True
                return
            self.index += 1
            self.slots[place] = self._opened(element, self.index - 1)

    def _opened(self, element: Element, index: int, state: Any = None) -> _Slot:
        cursor = self.stage.opened(self.call, element, index, self.run)
        if self.stage.parallel:
            cursor = PrefetchCursor(cursor, max(2, self.stage.block_length), self.run.timeout)
        if state is not None:
            cursor.restore(state)
        elif isinstance(cursor, PrefetchCursor):
            cursor.feed.start()
        return _Slot(element, index, cursor)

    def state(self) -> dict[str, Any]:
        slots = [
            None if slot is None else {"element": slot.element, "index": slot.index, "inner": slot.cursor.state()}
            for slot in self.slots
        ]
        return {
            "slots": slots, "turn": self.turn, "taken": self.taken, "index": self.index, "ended": self.ended,
            "call": self.call.state(), **super().state(),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.call.restore(state["call"])
        super().restore(state)
        self.turn, self.taken, self.index = (int(state[name]) for name in ("turn", "taken", "index"))
        self.ended = bool(state["ended"])
        self.slots = [
            None if slot is None else self._opened(tuple(slot["element"]), int(slot["index"]), slot["inner"])
            for slot in state["slots"]
        ]
