"""Shuffle: elements drawn from a window that moves over the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.data.randomness import Seed
from headwater.data.stage import Over, Run, Stage, Through
from headwater.data.structure import Element
from headwater.errors import ArgumentError


class Shuffle(Through):
    """The elements of its input in another order.

    A buffer holds the next `buffer_size` elements; each that is given is drawn from it and replaced by the next of the
    input. Where the buffer holds all of an input of known size, the order is a permutation drawn at once.

    Args:
        source: the input.
        buffer_size: elements in the buffer.
        seed: what the order follows from.
        reshuffle: whether each pass has another order.
    """

    label = "shuffle"
    rowwise = False  # whether its elements are numbers of rows, which come many at a time
    keeps_elements = True

    def __init__(self, source: Stage, buffer_size: int, seed: Any, reshuffle: bool) -> None:
        super().__init__(source)
        self.buffer_size = int(buffer_size)
        if self.buffer_size < 1 and self.buffer_size != -2:
            raise ArgumentError(
                f"buffer_size={buffer_size} holds no element.",
                fix="pass the number of elements, if they fit.",
                where="",
            )
        self.seed = Seed(seed, reshuffle)

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    @property
    def holds_all(self) -> bool:
        """Whether the buffer holds all of the input."""
        size = self.inputs[0].cardinality()
        return self.buffer_size == -2 or 0 <= size <= self.buffer_size

    def open(self, run: Run) -> Any:
        return _PermutationCursor(self, run) if self.holds_all else _WindowCursor(self, run)

    def over_rows(self, inputs: Sequence[Stage]) -> Stage:
        copy = self.rebuilt(inputs)
        copy.rowwise = True  # type: ignore[attr-defined]
        return copy


class _PermutationCursor(Over):
    """All elements in a drawn order. Its place is the input's at the beginning, and a number."""

    def __init__(self, stage: Shuffle, run: Run) -> None:
        super().__init__(stage, run)
        self.draws = stage.seed.draws(run)
        self.start: Any = None
        self.order: Any = None
        self.elements: Any = None
        self.position = 0

    def _read(self) -> None:
        self.start = self.upstream.state()
        size = self.stage.inputs[0].cardinality()
        found = self.upstream.take(size if size >= 0 else 2**62)
        order = self.draws.permutation(len(found))
        if isinstance(found, np.ndarray):
            self.elements = found[order]
        else:
            self.elements = [found[place] for place in order.tolist()]

    def __next__(self) -> Element:
        if self.elements is None:
            self._read()
        if self.position >= len(self.elements):
            raise StopIteration
        self.position += 1
        element = self.elements[self.position - 1]
        return (element,) if isinstance(self.elements, np.ndarray) else element

    def take(self, count: int) -> Any:
        if self.elements is None:
            self._read()
        found = self.elements[self.position : self.position + count]
        self.position += len(found)
        return found

    def state(self) -> dict[str, Any]:
        start = self.upstream.state() if self.elements is None else self.start
        return {"input": start, "position": self.position, "draws": self.draws.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.upstream = self.run.open(self.stage.inputs[0]) if self.elements is not None else self.upstream
        self.elements = None
        self.draws.restore(state["draws"])
        super().restore(state)
        self.position = int(state["position"])


class _WindowCursor(Over):
    def __init__(self, stage: Shuffle, run: Run) -> None:
        super().__init__(stage, run)
        self.draws = stage.seed.draws(run)
        self.buffer: list[Element] = []
        self.full = False
        self.rowwise = stage.rowwise

    def __next__(self) -> Element:
        buffer = self._filled()
        if not buffer:
            raise StopIteration
        place = int(self.draws.next() * len(buffer))
        chosen = buffer[place]
        try:
            buffer[place] = next(self.upstream)
        except StopIteration:
            last = buffer.pop()
            if place < len(buffer):
                buffer[place] = last
        except Exception:
            self.draws.count -= 1  # nothing was given: the draw is made again
            raise
        return chosen

    def _filled(self) -> list[Element]:
        """The buffer, after it was full once. An error on the way leaves in it what came before."""
        while not self.full:
            wanted = min(self.stage.buffer_size - len(self.buffer), 1024)
            if self.rowwise:
                found = self.upstream.take(wanted)
                self.buffer += [(row,) for row in found.tolist()] if isinstance(found, np.ndarray) else found
                self.full = len(found) < wanted or not wanted
            else:
                self._add()
        return self.buffer

    def _add(self) -> None:
        try:
            self.buffer.append(next(self.upstream))
            self.full = len(self.buffer) >= self.stage.buffer_size
        except StopIteration:
            self.full = True

    def take(self, count: int) -> Any:
        self._filled()
        if not self.rowwise:
            return super().take(count)
        coming = self.upstream.take(count)
        if not isinstance(coming, np.ndarray):
            return self._swapped(coming, count)
        return self._swapped([(row,) for row in coming.tolist()], count)

    def _swapped(self, coming: list[Element], count: int) -> list[Element]:
        """So many elements, in whose places `coming` goes: `next` so many times over, in one loop."""
        buffer, draw, chosen = self.buffer, self.draws.next, []
        size = len(buffer)
        for element in coming:
            place = int(draw() * size)
            chosen.append(buffer[place])
            buffer[place] = element
        while len(chosen) < count and self.buffer:
            chosen.append(next(self))
        return chosen

    def state(self) -> dict[str, Any]:
        return {"buffer": list(self.buffer), "full": self.full, "draws": self.draws.state(), **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.buffer, self.full = list(state["buffer"]), bool(state["full"])
        self.draws.restore(state["draws"])
        super().restore(state)
