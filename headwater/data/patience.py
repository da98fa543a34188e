"""Functions that take long, or never end: a warning says which one it is, for which element; a limit makes it an error.

A call that a thread makes is noted while it runs. One of the workers looks at the notes every now and then, as long as
there are any.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from headwater.data.workers import submit
from headwater.errors import DeadlineExceededError

WARN_AFTER = 5.0  # seconds
_logger = logging.getLogger("headwater.data")


class Lookout:
    """The calls of users' functions that are under way."""

    IDLE_ROUNDS = 2  # without any call, after which nobody looks any more

    def __init__(self) -> None:
        self._calls: dict[int, list[Any]] = {}  # by thread: the call, since when it was seen, and the one around it
        self._looking = False
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def begin(self, place: Callable[[], str]) -> Any:
        """Note that the calling thread begins a call. Returns: what `end` takes.

        Args:
            place: says which one.
        """
        thread = threading.get_ident()
        outer = self._calls.get(thread)
        self._calls[thread] = [place, None]
        if not self._looking:
            self._look()
        return outer

    def end(self, outer: Any) -> None:
        """Note that it ended."""
        if outer is None:
            self._calls.pop(threading.get_ident(), None)
        else:
            self._calls[threading.get_ident()] = outer

    def places(self) -> list[str]:
        """Which calls are under way."""
        return [call[0]() for call in list(self._calls.values())]

    def _look(self) -> None:
        with self._lock:
            if self._looking or self._ended.is_set():
                return
            self._looking = True
        submit(self._rounds)

    def _rounds(self) -> None:
        idle = 0
        while idle < self.IDLE_ROUNDS and not self._ended.wait(WARN_AFTER / 5):
            calls = list(self._calls.values())
            idle = 0 if calls else idle + 1
            for call in calls:
                self._warn_of(call)
        self._looking = False

    def _warn_of(self, call: list[Any]) -> None:
        now = time.monotonic()
        if call[1] is None:
            call[1] = now  # seen first
        elif 0 < call[1] <= now - WARN_AFTER + WARN_AFTER / 5:
            call[1] = -1.0
            _logger.warning("%s: the function has been at work for %.3g seconds, and still is.", call[0](), WARN_AFTER)

    def close(self) -> None:
        """Look no more."""
        self._ended.set()


lookout = Lookout()
atexit.register(lookout.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lookout.__init__)  # type: ignore[misc]


def wait(attempt: Callable[[float], bool], limit: float, what: Callable[[], str]) -> None:
    """Wait until an attempt, which is given seconds, succeeds.

    Raises: DeadlineExceededError if none did within the limit.
    """
    if not attempt(limit):
        raise nothing_came(what(), limit)


def nothing_came(what: str, limit: float) -> DeadlineExceededError:
    """What to raise where there was no element in time."""
    return DeadlineExceededError(
        f"{what}: nothing came for {limit:g} seconds.",
        fix="see why the function hangs, or set a larger Options.element_timeout; the iterator may go on.",
        where="",
    )
