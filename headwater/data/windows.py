"""Stages that gather elements into data sets: windows along the input, and groups by a key."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.data.calls import Call
from headwater.data.sources import Elements
from headwater.data.specs import DatasetSpec, Signature, single
from headwater.data.stage import Cursor, Over, Run, Stage, noted
from headwater.data.structure import Element, as_array, as_tensor
from headwater.errors import ArgumentError


def held(elements: Sequence[Element], signature: Signature) -> Any:
    """A data set of elements that are there."""
    from headwater.data.dataset import Dataset

    return Dataset(Elements(list(elements), signature))


class Window(Stage):
    """Windows of `size` elements, each beginning `shift` elements after the one before, as data sets.

    Args:
        source: the input.
        size: elements of a window.
        shift: from the beginning of one to that of the next.
        stride: from one of its elements to the next.
        drop_remainder: whether smaller windows at the end are left out.
    """

    keeps_form = True
    label = "window"

    def __init__(self, source: Stage, size: int, shift: int, stride: int, drop_remainder: bool) -> None:
        super().__init__(source)
        for name, value in (("size", size), ("shift", shift), ("stride", stride)):
            if value < 1:
                raise ArgumentError(f"{name}={value} is not positive.", fix="pass at least 1.", where="")
        self.size, self.shift, self.stride, self.drop_remainder = size, shift, stride, drop_remainder
        self.reach = (size - 1) * stride + 1

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """A data set for each component."""
        found = self.inputs[0].signature
        return Signature(found.form, map(DatasetSpec, found.specs))

    def cardinality(self) -> int:
        count = self.inputs[0].cardinality()
        if count < 0:
            return count
        if self.drop_remainder:
            return 0 if count < self.reach else (count - self.reach) // self.shift + 1
        return -(-count // self.shift)

    def open(self, run: Run) -> Cursor:
        return _WindowCursor(self, run)


class _WindowCursor(Over):
    def __init__(self, stage: Window, run: Run) -> None:
        super().__init__(stage, run)
        self.buffer: collections.deque[Element] = collections.deque()
        self.ended = False

    def __next__(self) -> Element:
        stage = self.stage
        self._fill(stage.reach)
        if not self.buffer or (stage.drop_remainder and len(self.buffer) < stage.reach):
            raise StopIteration
        elements = list(self.buffer)[:: stage.stride][: stage.size]
        self._move()
        specs = stage.inputs[0].signature.specs
        return tuple([held([(c,) for c in column], single(s)) for column, s in zip(zip(*elements), specs)])

    def _fill(self, count: int) -> None:
        while not self.ended and len(self.buffer) < count:
            try:
                self.buffer.append(next(self.upstream))
            except StopIteration:
                self.ended = True

    def _move(self) -> None:
        """Drop what lies before the next window."""
        beyond = self.stage.shift - len(self.buffer)
        for _ in range(min(self.stage.shift, len(self.buffer))):
            self.buffer.popleft()
        for _ in range(max(0, beyond)):
            self._fill(1)
            if not self.buffer:
                return
            self.buffer.popleft()

    def state(self) -> dict[str, Any]:
        return {"buffer": list(self.buffer), "ended": self.ended, **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.buffer = collections.deque(map(tuple, state["buffer"]))
        self.ended = bool(state["ended"])
        super().restore(state)


class Groups(Stage):
    """Elements gathered by a key; a function makes a pipeline of each group that is full, whose elements these are.

    Args:
        source: the input.
        key_func: a whole number for an element.
        reduce_func: a data set, for a key and the data set of a group.
        size_func: how many elements fill the group of a key.
    """

    label = "group_by_window"

    def __init__(
        self, source: Stage, key_func: Any, reduce_func: Callable[[Any, Any], Any], size_func: Callable[[Any], int]
    ) -> None:
        super().__init__(source)
        self.key = Call(key_func, source, self)
        self.reduce_func, self.size_func = reduce_func, size_func
        self._inner: Signature | None = None

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """That of the pipeline for a group, of which the first element is one."""
        if self._inner is None:
            self._inner = self.key.of_first(self._of_first)
        return self._inner

    def _of_first(self, active: Any, element: Element) -> Signature:
        key = whole_key(active(element, 0), self)
        found = self.pipeline(key, [element])
        inner = found.signature
        return inner if self.inputs[0].signature.is_static else inner.relaxed() if inner.is_dense else inner

    def pipeline(self, key: int, elements: Sequence[Element]) -> Stage:
        """The pipeline for a group.

        Raises: ArgumentError if the function gives no data set.
        """
        found = self.reduce_func(as_tensor(np.int64(key)), held(elements, self.inputs[0].signature))
        if not hasattr(found, "_stage"):
            raise ArgumentError(
                f"reduce_func returned a {type(found).__name__}, not a data set.", fix="return e.g. window.batch(8)."
            )
        return found._stage

    def size(self, key: int) -> int:
        """How many elements fill the group of a key."""
        size = int(self.size_func(key))
        if size < 1:
            raise ArgumentError(f"the window size {size} of key {key} is not positive.", fix="give at least 1.")
        return size

    def open(self, run: Run) -> Cursor:
        return _GroupsCursor(self, run)


def whole_key(found: Element, stage: Stage) -> int:
    """The key that a function gave.

    Raises: ArgumentError if it is no whole number.
    """
    array = as_array(found[0])
    if len(found) != 1 or array.size != 1 or array.dtype.kind not in "iu":
        raise ArgumentError(f"{stage.title}: the key is no whole number.", fix="return one, e.g. tf.cast(x, tf.int64).")
    return int(array.item())


class _GroupsCursor(Over):
    """Groups that are left at the end are given in the order of their keys."""

    def __init__(self, stage: Groups, run: Run) -> None:
        super().__init__(stage, run)
        self.key = stage.key.begin(run)
        self.groups: dict[int, list[Element]] = {}
        self.index, self.ended = 0, False
        self.full: tuple[int, list[Element]] | None = None
        self.inner: Cursor | None = None

    def __next__(self) -> Element:
        while True:
            if self.inner is not None:
                try:
                    return next(self.inner)
                except StopIteration:
                    self.inner = self.full = None
            self.full = self._next_full()
            self._enter()

    def _next_full(self) -> tuple[int, list[Element]]:
        """The next group that is full, or left at the end."""
        while not self.ended:
            try:
                element = next(self.upstream)
            except StopIteration:
                self.ended = True
                break
            key = whole_key(self.key(element, self.index), self.stage)
            self.index += 1
            group = self.groups.setdefault(key, [])
            group.append(element)
            if len(group) >= self.stage.size(key):
                return key, self.groups.pop(key)
        if not self.groups:
            raise StopIteration
        key = min(self.groups)
        return key, self.groups.pop(key)

    def _enter(self) -> None:
        key, elements = self.full  # type: ignore[misc]
        try:
            stage = self.key.python(lambda: self.stage.pipeline(key, elements), self.index)
        except StopIteration as error:
            raise noted(RuntimeError("reduce_func raised StopIteration"), self.stage.title) from error
        except Exception as error:
            raise noted(error, f"{self.stage.title}, group {key}") from None
        self.inner = self.run.child().open(stage)

    def state(self) -> dict[str, Any]:
        groups = [[key, list(elements)] for key, elements in self.groups.items()]
        full = None if self.inner is None else list(self.full)  # type: ignore[arg-type]
        inner = None if self.inner is None else self.inner.state()
        return {
            "groups": groups, "index": self.index, "ended": self.ended, "full": full, "inner": inner,
            "call": self.key.state(), **super().state(),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.key.restore(state["call"])
        super().restore(state)
        self.groups = {int(key): list(map(tuple, elements)) for key, elements in state["groups"]}
        self.index, self.ended, self.inner = int(state["index"]), bool(state["ended"]), None
        if state["full"] is not None:
            key, elements = state["full"]
            self.full = int(key), list(map(tuple, elements))
            self._enter()
            self.inner.restore(state["inner"])  # type: ignore[union-attr]
