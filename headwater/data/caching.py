"""Cache: elements that are computed in the first pass and kept."""

from __future__ import annotations

from typing import Any

from headwater.data.stage import Over, Run, Stage, Through
from headwater.data.structure import Element


class Cache(Through):
    """Keeps the elements of the first whole pass in memory; later passes take them from there."""

    label = "cache"
    keeps_elements = True

    def __init__(self, source: Stage) -> None:
        super().__init__(source)
        self.kept: dict[str, Any] = {}  # elements of a whole pass, and where the input began; shared by copies
        self.kept_rows: dict[str, Any] = {}  # the same where only the numbers of rows come by

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    def over_rows(self, inputs: Any) -> Stage | None:
        copy = self.rebuilt(inputs)  # rows are in memory already, but the order of the first pass is kept
        copy.kept = self.kept_rows  # type: ignore[attr-defined]
        return copy

    def open(self, run: Run) -> CacheCursor:
        return CacheCursor(self, run)


class CacheCursor(Over):
    """Reads what is kept, or keeps what it reads. Its place is a number, and where the input began: the elements before
    it are computed again where they are not kept."""

    def __init__(self, stage: Cache, run: Run) -> None:
        self.stage, self.run = stage, run
        self.position = 0
        self.elements: list[Element] = []
        self.start: Any = None
        if "elements" in stage.kept:
            self._use_kept()
        else:
            self._begin()

    def _use_kept(self) -> None:
        kept = self.stage.kept
        self.elements, self.start, self.whole = kept["elements"], kept["start"], True

    def _begin(self, start: Any = None) -> None:
        self.elements, self.whole = [], False
        self.upstream = self.run.open(self.stage.inputs[0])
        if start is not None:
            self.upstream.restore(start)
        self.start = self.upstream.state()

    def __next__(self) -> Element:
        while self.position >= len(self.elements):
            self._read()
        self.position += 1
        return self.elements[self.position - 1]

    def _read(self) -> None:
        if self.whole:
            raise StopIteration
        try:
            self.elements.append(next(self.upstream))
        except StopIteration:
            self.whole = True
            self.stage.kept.setdefault("start", self.start)
            self.stage.kept.setdefault("elements", self.elements)
            raise

    def state(self) -> dict[str, Any]:
        return {"position": self.position, "start": self.start, "whole": self.whole}

    def restore(self, state: dict[str, Any]) -> None:
        self.position = int(state["position"])
        if "elements" in self.stage.kept:
            self._use_kept()
            return
        self._begin(state["start"])
        try:
            while len(self.elements) < self.position or state["whole"]:
                self._read()
        except StopIteration:
            pass
