"""Prefetch: elements made ready by another thread before they are asked for."""

from __future__ import annotations

import collections
import functools
import threading
import weakref
from typing import Any

from headwater.data.patience import lookout, wait
from headwater.data.stage import Cursor, Run, Stage, Through
from headwater.data.structure import Element
from headwater.data.workers import forks, submit
from headwater.frontend.tensor import Tensor

AUTOTUNE = -1
_START, _MOST = 2, 64  # elements held ready where nobody said how many
_BYTES = 1 << 26  # and how many bytes of them at most
_IDLE, _QUEUED, _FILLING = range(3)


class Prefetch(Through):
    """Holds up to `buffer_size` elements ready; AUTOTUNE for as many as keep the consumer from waiting."""

    label = "prefetch"
    keeps_elements = True

    def __init__(self, source: Stage, buffer_size: int) -> None:
        super().__init__(source)
        self.buffer_size = int(buffer_size)

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    def over_rows(self, inputs: Any) -> Stage | None:
        return inputs[0]  # numbers of rows are ready anyway

    def open(self, run: Run) -> Cursor:
        if self.buffer_size == 0:
            return run.open(self.inputs[0])
        return PrefetchCursor(run.open(self.inputs[0]), self.buffer_size, run.timeout)


class Feed:
    """What a prefetching cursor and the threads that fill it share. It ends, with its threads, when the cursor goes."""

    def __init__(self, upstream: Cursor, buffer_size: int, timeout: float | None = None) -> None:
        self.upstream, self.timeout = upstream, timeout
        self.autotuned = buffer_size < 0
        self.limit = _START if self.autotuned else buffer_size
        self.items: collections.deque[tuple[bool, Any]] = collections.deque()
        self.pulling = threading.RLock()  # held by whoever reads the input
        self.changed = threading.Condition()
        self.filling = _IDLE
        self.ended = self.closed = False
        self.of_fork = forks()

    def _begin_here(self) -> None:
        """Go on in a process that was forked: whoever read the input is not in it."""
        self.pulling, self.changed = threading.RLock(), threading.Condition()
        self.filling, self.of_fork = _IDLE, forks()

    def start(self) -> None:
        """Begin to read, before anything is asked for."""
        with self.changed:
            if self.filling != _IDLE:
                return
            self.filling = _QUEUED
        submit(self.fill)

    def fill(self) -> None:
        """Read the input until the buffer is full, the input ends or the cursor is gone: a task of a worker."""
        with self.changed:
            if self.filling != _QUEUED:
                return
            self.filling = _FILLING
        failed = False
        while True:
            with self.changed:
                if failed or self.closed or self.ended or len(self.items) >= self.limit:
                    self.filling = _IDLE
                    self.changed.notify_all()
                    return
            with self.pulling:
                failed = not self._pull()

    def _pull(self) -> bool:
        """Read one element into the buffer; False if that failed."""
        try:
            item = (True, next(self.upstream))
        except StopIteration:
            with self.changed:
                self.ended = True
                self.changed.notify_all()
            return True
        except BaseException as error:
            item = (False, error)
        with self.changed:
            self.items.append(item)
            self.changed.notify_all()
        return item[0]

    def get(self) -> Element:
        """The next element.

        Raises: what reading it raised; StopIteration at the end.
        """
        if self.of_fork != forks():
            self._begin_here()
        item = self._ready() or self._awaited()
        if item is None:
            raise StopIteration
        done, value = item
        if done:
            return value
        raise value

    def _ready(self) -> Any:
        with self.changed:
            item = self.items.popleft() if self.items else None
            if item is None and self.autotuned:
                self.limit = min(self.limit * 2, _MOST)
            wanted = self.filling == _IDLE and not self.ended and len(self.items) <= self.limit // 2
            if wanted:
                self.filling = _QUEUED
        if wanted:
            submit(self.fill)
        return item

    def _awaited(self) -> Any:
        """The next element when none is ready: read here if no thread is about to."""
        if self.timeout is not None:
            return self._awaited_from_thread(self.timeout)
        with self.changed:
            while not self.items and not self.ended and self.filling == _FILLING:
                self.changed.wait()
        with self.pulling:
            while True:
                with self.changed:
                    if self.items:
                        return self._measured(self.items.popleft())
                    if self.ended:
                        return None
                self._pull()

    def _awaited_from_thread(self, timeout: float) -> Any:
        """The next element, read by another thread, so that this one can stop to wait."""
        self.start()
        with self.changed:
            comes = functools.partial(self.changed.wait_for, lambda: bool(self.items) or self.ended)
            wait(comes, timeout, lambda: "; ".join(["prefetch", *lookout.places()]))
            return self._measured(self.items.popleft()) if self.items else None

    def _measured(self, item: Any) -> Any:
        """The item; large elements keep the buffer small."""
        if self.autotuned and item[0]:
            size = sum(_nbytes(component) for component in item[1])
            self.limit = max(_START, min(self.limit, _BYTES // max(size, 1)))
        return item

    def close(self) -> None:
        """End the threads after the element that they are at."""
        self.closed = True
        with self.changed:
            self.items.clear()
            self.changed.notify_all()


def _nbytes(component: Any) -> int:
    return component.nbytes if isinstance(component, Tensor) or hasattr(component, "nbytes") else 64


class PrefetchCursor(Cursor):
    """Gives what its feed has."""

    def __init__(self, upstream: Cursor, buffer_size: int, timeout: float | None = None) -> None:
        self.feed = Feed(upstream, buffer_size, timeout)
        self._finalizer = weakref.finalize(self, self.feed.close)
        self._finalizer.atexit = False

    def __next__(self) -> Element:
        return self.feed.get()

    def state(self) -> dict[str, Any]:
        feed = self.feed
        with feed.pulling, feed.changed:
            ready = [value for done, value in feed.items if done]
            return {"ready": ready, "ended": feed.ended, "input": feed.upstream.state()}

    def restore(self, state: dict[str, Any]) -> None:
        feed = self.feed
        with feed.pulling, feed.changed:
            feed.items = collections.deque((True, element) for element in state["ready"])
            feed.ended = bool(state["ended"])
            feed.upstream.restore(state["input"])
