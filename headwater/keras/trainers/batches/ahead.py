"""The next batch made ready while a step runs: a thread goes through a source ahead of its user.

A thread costs a hand-over per batch, some tens of microseconds. So it is started only for a source that takes longer
than that, which the first batches show.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

COSTLY = 2e-4  # seconds; a batch that takes less is made where it is used
DEPTH = 2  # batches that lie ready at most


class _Shelf:
    """What both threads see."""

    def __init__(self, items: Iterator[Any], depth: int) -> None:
        self.items, self.depth = items, depth
        self.ready: deque[Any] = deque()
        self.changed = threading.Condition()
        self.closed = self.done = False
        self.error: BaseException | None = None

    def fill(self) -> None:
        try:
            for item in self.items:
                if not self._put(item):
                    return
        except BaseException as error:
            self.error = error
        finally:
            try:
                _close(self.items)
            except BaseException as error:
                self.error = self.error or error
            with self.changed:
                self.done = True
                self.changed.notify_all()

    def _put(self, item: Any) -> bool:
        with self.changed:
            while len(self.ready) >= self.depth and not self.closed:
                self.changed.wait()
            if self.closed:
                return False
            self.ready.append(item)
            self.changed.notify_all()
            return True


class Ahead:
    """Items of an iterator, made in a thread of its own.

    Args:
        items: the iterator; nobody else may go on with it.
        depth: items that lie ready at most.
    """

    def __init__(self, items: Iterator[Any], depth: int = DEPTH) -> None:
        self._shelf = _Shelf(items, depth)
        self._thread = threading.Thread(target=self._shelf.fill, name="headwater-batches", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        shelf = self._shelf
        with shelf.changed:
            while not shelf.ready and not shelf.done:
                shelf.changed.wait()
            if shelf.ready:
                item = shelf.ready.popleft()
                shelf.changed.notify_all()
                return item
        if shelf.error is not None:
            error, shelf.error = shelf.error, None
            raise error
        raise StopIteration

    def close(self, patience: float = 2.0) -> None:
        """End the thread. One that is in the middle of a batch ends after it; it is waited for `patience` seconds."""
        with self._shelf.changed:
            self._shelf.closed = True
            self._shelf.ready.clear()
            self._shelf.changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(patience)

    def __del__(self) -> None:
        with self._shelf.changed:
            self._shelf.closed = True
            self._shelf.changed.notify_all()


def ahead_if_costly(items: Iterator[Any], on_start: Callable[[], None] = lambda: None) -> Iterator[Any]:
    """The items, made ahead as soon as two in a row were costly.

    Args:
        items: the iterator.
        on_start: called when the thread starts.
    """
    costly = 0
    try:
        while costly < 2:
            before = time.perf_counter()
            try:
                item = next(items)
            except StopIteration:
                return
            costly = costly + 1 if time.perf_counter() - before > COSTLY else 0
            yield item
    except GeneratorExit:
        _close(items)
        raise
    on_start()
    ahead = Ahead(items)
    try:
        yield from ahead
    finally:
        ahead.close()


def _close(items: Any) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()
