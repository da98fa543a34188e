"""Stages that let through some of their input's elements, or count them."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.data import specs
from headwater.data.calls import Call
from headwater.data.specs import Signature
from headwater.data.stage import INFINITE, UNKNOWN, Cursor, Over, Run, Stage, Through
from headwater.data.structure import LEAF, Element, Form, as_array, tuple_form
from headwater.errors import ArgumentError


class Take(Through):
    """The first `count` elements; all of them if it is negative."""

    label = "take"
    keeps_elements = True

    def __init__(self, source: Stage, count: int) -> None:
        super().__init__(source)
        self.count = int(count)

    def cardinality(self) -> int:
        size = self.inputs[0].cardinality()
        if self.count < 0 or size == UNKNOWN:
            return size
        return self.count if size == INFINITE else min(size, self.count)

    def open(self, run: Run) -> Cursor:
        return _TakeCursor(self, run)


class _CountedOver(Over):
    """A cursor over one input that counts."""

    position = 0

    def state(self) -> dict[str, Any]:
        return {"position": self.position, **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.position = int(state["position"])
        super().restore(state)


class _TakeCursor(_CountedOver):
    def __next__(self) -> Element:
        if 0 <= self.stage.count <= self.position:
            raise StopIteration
        element = next(self.upstream)
        self.position += 1
        return element

    def take(self, count: int) -> Any:
        if self.stage.count >= 0:
            count = min(count, self.stage.count - self.position)
        found = self.upstream.take(count)
        self.position += len(found)
        return found


class Skip(Through):
    """All elements but the first `count`; none if it is negative."""

    label = "skip"

    def __init__(self, source: Stage, count: int) -> None:
        super().__init__(source)
        self.count = int(count)

    def cardinality(self) -> int:
        size = self.inputs[0].cardinality()
        if self.count < 0:
            return 0
        return size if size < 0 else max(0, size - self.count)

    def open(self, run: Run) -> Cursor:
        return _SkipCursor(self, run)


class _SkipCursor(_CountedOver):
    def _enter(self) -> None:
        if self.stage.count < 0:
            raise StopIteration
        while self.position < self.stage.count:
            skipped = len(self.upstream.take(min(1024, self.stage.count - self.position)))
            if not skipped:
                raise StopIteration
            self.position += skipped

    def __next__(self) -> Element:
        self._enter()
        return next(self.upstream)

    def take(self, count: int) -> Any:
        try:
            self._enter()
        except StopIteration:
            return []
        return self.upstream.take(count)


class Shard(Through):
    """Every `num_shards`-th element, from number `index` on."""

    label = "shard"

    def __init__(self, source: Stage, num_shards: int, index: int) -> None:
        super().__init__(source)
        self.num_shards, self.index = int(num_shards), int(index)
        if self.num_shards < 1:
            raise ArgumentError(f"num_shards={num_shards} is not positive.", fix="pass at least 1.", where="")
        if not 0 <= self.index < self.num_shards:
            raise ArgumentError(
                f"index={index} is none of {num_shards} shards.", fix=f"pass 0 to {self.num_shards - 1}.", where=""
            )

    def cardinality(self) -> int:
        size = self.inputs[0].cardinality()
        return size if size < 0 else max(0, -((self.index - size) // self.num_shards))

    def open(self, run: Run) -> Cursor:
        return _ShardCursor(self, run)


class _ShardCursor(_CountedOver):
    def __next__(self) -> Element:
        while True:
            element = next(self.upstream)
            self.position += 1
            if (self.position - 1) % self.stage.num_shards == self.stage.index:
                return element


class Repeat(Through):
    """The input `count` times over; without end if `count` is None or negative."""

    label = "repeat"
    keeps_elements = True

    def __init__(self, source: Stage, count: int | None) -> None:
        super().__init__(source)
        self.count = -1 if count is None else int(count)

    def cardinality(self) -> int:
        size = self.inputs[0].cardinality()
        if self.count == 0 or size == 0:
            return 0
        if self.count < 0:
            return INFINITE
        return size if size < 0 else size * self.count

    def open(self, run: Run) -> Cursor:
        return _RepeatCursor(self, run)


class _RepeatCursor(Cursor):
    """Opens its input anew for each pass; ends for good if a pass has no elements."""

    def __init__(self, stage: Repeat, run: Run) -> None:
        self.stage, self.run = stage, run
        self.done, self.fresh = 0, True
        self.upstream: Any = None

    def _next_pass(self) -> bool:
        """Begin the next pass if there is one."""
        if self.upstream is not None:
            if self.stage.count < 0 and self.fresh:
                return False
            self.done += 1
        if 0 <= self.stage.count <= self.done:
            return False
        self.upstream, self.fresh = self.run.open(self.stage.inputs[0]), True
        return True

    def __next__(self) -> Element:
        if self.upstream is None and not self._next_pass():
            raise StopIteration
        while True:
            try:
                element = next(self.upstream)
                self.fresh = False
                return element
            except StopIteration:
                if not self._next_pass():
                    raise

    def take(self, count: int) -> Any:
        if self.upstream is None and not self._next_pass():
            return []
        found = self.upstream.take(count)
        self.fresh = self.fresh and not len(found)
        while len(found) < count and self._next_pass():
            more = self.upstream.take(count - len(found))
            self.fresh = not len(more)
            found = _joined(found, more)
        return found

    def state(self) -> dict[str, Any]:
        inner = None if self.upstream is None else self.upstream.state()
        return {"done": self.done, "fresh": self.fresh, "input": inner}

    def restore(self, state: dict[str, Any]) -> None:
        self.done, self.fresh, self.upstream = int(state["done"]), bool(state["fresh"]), None
        if state["input"] is not None:
            self.upstream = self.run.open(self.stage.inputs[0])
            self.upstream.restore(state["input"])


def _joined(found: Any, more: Any) -> Any:
    """Elements, or numbers of rows, one after the other."""
    if not len(found) or not len(more):
        return found if len(found) else more
    return np.concatenate([found, more]) if isinstance(found, np.ndarray) else [*found, *more]


class Enumerate(Stage):
    """Each element with its number, from `start` on."""

    label = "enumerate"

    def __init__(self, source: Stage, start: int) -> None:
        super().__init__(source)
        self.start = int(start)

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """The number, and the element."""
        return specs.paired(specs.single(specs.TensorSpec((), "int64")), self.inputs[0].signature)

    @property
    def form(self) -> Form:
        return tuple_form([LEAF, self.inputs[0].form])

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    def open(self, run: Run) -> Cursor:
        return _EnumerateCursor(self, run)


class _EnumerateCursor(_CountedOver):
    def __next__(self) -> Element:
        element = next(self.upstream)
        self.position += 1
        return (np.int64(self.stage.start + self.position - 1), *element)


class Filter(Stage):
    """The elements for which a function is true.

    Args:
        source: the input.
        predicate: a function of an element that gives one truth value.
        ends: end at the first element for which it is false, instead of leaving that out.
    """

    keeps_form = True

    def __init__(self, source: Stage, predicate: Any, ends: bool = False) -> None:
        super().__init__(source)
        self.label = "take_while" if ends else "filter"
        self.call = Call(predicate, source, self)
        self.ends = ends

    def open(self, run: Run) -> Cursor:
        return _FilterCursor(self, run)


class _FilterCursor(_CountedOver):
    ended = False

    def __init__(self, stage: Filter, run: Run) -> None:
        super().__init__(stage, run)
        self.call = stage.call.begin(run)

    def __next__(self) -> Element:
        if self.ended:
            raise StopIteration
        while True:
            element = next(self.upstream)
            self.position += 1
            if self._holds(element):
                return element
            if self.stage.ends:
                self.ended = True
                raise StopIteration

    def _holds(self, element: Element) -> bool:
        found = self.call(element, self.position - 1)
        values = as_array(found[0]) if len(found) == 1 else None
        if values is None or values.size != 1 or values.dtype != bool:
            raise ArgumentError(
                f"{self.stage.title}: the function gave "
                f"{'a structure' if values is None else f'an array of shape {values.shape} and dtype {values.dtype}'}, "
                "not one truth value.",
                fix="return a tensor of dtype bool without axes.",
                where="",
            )
        return bool(values)

    def state(self) -> dict[str, Any]:
        return {"ended": self.ended, **self.call.state(), **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.ended = bool(state["ended"])
        self.call.restore(state)
        super().restore(state)


class Unique(Stage):
    """The elements that did not occur before: one component each, of whole numbers or strings."""

    keeps_form = True
    label = "unique"

    def open(self, run: Run) -> Cursor:
        return _UniqueCursor(self, run)


class _UniqueCursor(Over):
    def __init__(self, stage: Unique, run: Run) -> None:
        super().__init__(stage, run)
        self.seen: dict[Any, None] = {}

    def __next__(self) -> Element:
        while True:
            element = next(self.upstream)
            key = self._key(element)
            if key not in self.seen:
                self.seen[key] = None
                return element

    def _key(self, element: Element) -> Any:
        array = as_array(element[0])
        if len(element) > 1 or array.dtype.kind not in "iuO" or array.shape:
            raise ArgumentError(
                "unique() works on elements that are one whole number or one string each.",
                fix="take them out of their structure with map() first.",
                where="",
            )
        return array.item()

    def state(self) -> dict[str, Any]:
        return {"seen": [np.asarray(key) if isinstance(key, int) else key for key in self.seen], **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.seen = dict.fromkeys(key if isinstance(key, bytes) else key.item() for key in state["seen"])
        super().restore(state)


class IgnoreErrors(Through):
    """The elements that come without an error."""

    label = "ignore_errors"

    def __init__(self, source: Stage, log_warning: bool) -> None:
        super().__init__(source)
        self.log_warning = log_warning

    def open(self, run: Run) -> Cursor:
        return _IgnoreErrorsCursor(self, run)


class _IgnoreErrorsCursor(Over):
    LIMIT = 100_000  # errors in a row: a source that can't go on would give them for ever

    def __next__(self) -> Element:
        for _ in range(self.LIMIT):
            try:
                return next(self.upstream)
            except StopIteration:
                raise
            except Exception as error:
                last = error
                if self.stage.log_warning:
                    import warnings

                    warnings.warn(f"an element is left out: {error}", stacklevel=2)
        raise last
