"""explain: where the time of a pipeline goes, stage by stage."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from headwater.data.stage import Cursor, Run, Stage


class Row(NamedTuple):
    """One stage of a pipeline.

    Attributes:
        stage: its name, as errors have it.
        elements: how many it gave.
        seconds: how long it worked, in all threads together, without the stages that it reads.
        waited: how long it waited for threads of its own: where it reads ahead, or calls several functions at once.
        threads: how many may work on it at once.
        share: its part of the time of all stages, between 0 and 1.
    """

    stage: str
    elements: int
    seconds: float
    waited: float
    threads: int
    share: float


class Explanation:
    """What `Dataset.explain` returns: printed, it is a table.

    Attributes:
        rows: an entry for each stage, from the source to the end.
        seconds: how long the pipeline ran.
        elements: how many elements it gave.
        whole: whether it ran to its end.
    """

    def __init__(self, rows: list[Row], seconds: float, elements: int, whole: bool) -> None:
        self.rows, self.seconds, self.elements, self.whole = rows, seconds, elements, whole

    @property
    def slowest(self) -> str:
        """The stage that the consumer waits for: the one that takes the longest, in as many threads as it has."""
        return max(self.rows, key=lambda row: row.seconds / row.threads).stage if self.rows else ""

    def __str__(self) -> str:
        header = ("stage", "elements", "time", "per element", "share", "waits")
        cells = [header, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        end = "to its end" if self.whole else "so far"
        lines.append(
            f"{self.elements} elements in {_time(self.seconds)}, {end}. The pipeline waits for: {self.slowest}."
        )
        return "\n".join(lines)

    __repr__ = __str__


def _cells(row: Row) -> tuple[str, ...]:
    each = _time(row.seconds / row.elements) if row.elements else "-"
    threads = f" x {row.threads}" if row.threads > 1 else ""
    return (
        row.stage + threads, str(row.elements), _time(row.seconds), each, f"{row.share:.0%}",
        _time(row.waited) if row.waited else "-",
    )  # fmt: skip


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


class _Tally:
    """What was measured of one stage."""

    def __init__(self, stage: Stage) -> None:
        self.title, self.threads = stage.title, max(1, getattr(stage, "parallel", 1))
        self.elements = 0
        self.seconds = self.waited = 0.0
        self.waits = stage.label == "prefetch" or self.threads > 1


class Watch:
    """Measures a run: given as its `watch`, it wraps each cursor and each function that is called in other threads."""

    def __init__(self, stage: Stage) -> None:
        self.tallies: dict[Any, _Tally] = {}
        self._own = set(stage.walk())
        self._lock = threading.Lock()
        self._stack = threading.local()

    def __call__(self, stage: Stage, cursor: Cursor) -> Cursor:
        return _Timed(self, self.tally(stage), cursor)

    def tally(self, stage: Stage) -> _Tally:
        """What is measured of a stage; pipelines inside of elements are counted by their stages' names."""
        with self._lock:
            key: Any = stage if stage in self._own else stage.title
            found = self.tallies.get(key)
            if found is None:
                found = self.tallies[key] = _Tally(stage)
            return found

    def measured(self, stage: Stage, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted as the stage's."""
        tally = self.tally(stage)

        def call(*args: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args)
            finally:
                with self._lock:
                    tally.seconds += time.perf_counter() - start

        return call

    def time(self, tally: _Tally, call: Callable[[], Any], count: Callable[[Any], int]) -> Any:
        """Make a call, and count its time without that of the calls inside of it."""
        outer, self._stack.inner = getattr(self._stack, "inner", 0.0), 0.0
        start, done = time.perf_counter(), 0
        try:
            found = call()
            done = count(found)
            return found
        finally:
            whole = time.perf_counter() - start
            own = whole - self._stack.inner
            self._stack.inner = outer + whole
            with self._lock:
                tally.elements += done
                if tally.waits:
                    tally.waited += own
                else:
                    tally.seconds += own

    def rows(self) -> list[Row]:
        """The table."""
        total = sum(tally.seconds for tally in self.tallies.values()) or 1.0
        return [
            Row(t.title, t.elements, t.seconds, t.waited, t.threads, t.seconds / total) for t in self.tallies.values()
        ]


class _Timed(Cursor):
    """A cursor whose calls are measured."""

    def __init__(self, watch: Watch, tally: _Tally, cursor: Cursor) -> None:
        self._watch, self._tally, self._cursor = watch, tally, cursor

    def __next__(self) -> Any:
        return self._watch.time(self._tally, self._cursor.__next__, lambda found: 1)

    def take(self, count: int) -> Any:
        return self._watch.time(self._tally, lambda: self._cursor.take(count), len)

    def state(self) -> dict[str, Any]:
        return self._cursor.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._cursor.restore(state)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cursor, name)
        if name != "take_batch":
            return found
        return lambda count: self._watch.time(
            self._tally, lambda: found(count), lambda batch: 0 if batch is None else len(batch[0])
        )


def explain(stage: Stage, deterministic: bool | None, seconds: float, elements: int | None) -> Explanation:
    """Run a pipeline for a while and say where its time goes.

    Args:
        stage: its end.
        deterministic: of the run.
        seconds: how long it runs at most.
        elements: how many elements it gives at most.
    """
    watch = Watch(stage)
    cursor = Run(watch, deterministic).open(stage)
    start = time.perf_counter()
    count, whole = 0, False
    while time.perf_counter() - start < seconds and (elements is None or count < elements):
        try:
            next(cursor)
        except StopIteration:
            whole = True
            break
        count += 1
    return Explanation(watch.rows(), time.perf_counter() - start, count, whole)
