"""The threads that work for all pipelines: started when there is work for them, ended when there was none for a while.

A job that somebody waits for and no thread has begun is done by whoever waits. So jobs may wait for other jobs, however
few threads there are.
"""

from __future__ import annotations

import atexit
import collections
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from headwater.backends.cpu import native


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Threads that run tasks, in the order in which they come.

    Attributes:
        LIMIT: threads at most.
        IDLE_SECONDS: how long a thread waits for work before it ends.
    """

    LIMIT = 256
    IDLE_SECONDS = 2.0

    def __init__(self) -> None:
        self._tasks: collections.deque[Callable[[], None]] = collections.deque()
        self._changed = threading.Condition()
        self._idle = self._count = 0
        self._closed = False

    def submit(self, task: Callable[[], None]) -> None:
        """Let a thread run a task, which raises nothing."""
        with self._changed:
            if self._closed:
                return
            self._tasks.append(task)
            if self._idle >= len(self._tasks):
                self._changed.notify()
                return
            if self._count >= self.LIMIT:
                return
            self._count += 1
        try:
            threading.Thread(target=self._work, name="headwater-data", daemon=True).start()
        except RuntimeError:  # the system gives no thread: those that there are will do it, or whoever waits
            with self._changed:
                self._count -= 1

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._tasks:
                    self._idle += 1
                    came = self._changed.wait(self.IDLE_SECONDS)
                    self._idle -= 1
                    if self._closed or (not came and not self._tasks):
                        self._count -= 1
                        return
                task = self._tasks.popleft()
            task()
            del task

    def close(self, patience: float = 1.0) -> None:
        """Forget what was not begun, and wait a little for what was: threads must not run into the interpreter's
        end."""
        with self._changed:
            self._closed = True
            self._tasks.clear()
            self._changed.notify_all()
        end = time.monotonic() + patience
        while self._count and time.monotonic() < end:
            time.sleep(0.005)


_HELP_AFTER = 0.1  # seconds, after which whoever waits for a job makes the call, if nobody has begun it
_workers = Workers()
atexit.register(lambda: _workers.close())


def submit(task: Callable[[], None]) -> None:
    """Let a thread run a task, which raises nothing."""
    _workers.submit(task)


class Crew:
    """Workers, so many at most, that do jobs in the order in which they come. A worker goes on as long as there are
    any: threads need not be woken for each of them.

    Args:
        size: how many jobs are done at once.
        is_alone: whether the programs of a job run in its thread alone.
    """

    def __init__(self, size: int, is_alone: bool) -> None:
        self._size, self._is_alone = size, is_alone
        self._jobs: collections.deque[Job] = collections.deque()
        self._lock = threading.Lock()
        self._at_work = 0

    def add(self, job: Job) -> None:
        """Let one of them do a job."""
        with self._lock:
            self._jobs.append(job)
            if self._at_work >= self._size:
                return
            self._at_work += 1
        submit(self._work)

    def _work(self) -> None:
        native.set_alone(self._is_alone)
        while True:
            with self._lock:
                if not self._jobs:
                    self._at_work -= 1
                    break
                job = self._jobs.popleft()
            job.run()
        native.set_alone(False)


_forks = 0


def forks() -> int:
    """How many forks lie between the first process and this one: threads did not come along."""
    return _forks


def _after_fork() -> None:
    global _workers, _forks
    _workers = Workers()
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Job:
    """A call that some thread makes once.

    Args:
        thunk: what is called.
        closed: a list that is not empty when nobody wants the result any more.
        finished: called with the job when it is done.
    """

    __slots__ = ("_begun", "_done", "thunk", "closed", "finished", "value", "error")

    def __init__(self, thunk: Callable[[], Any], closed: list[bool], finished: Any = None) -> None:
        self._begun, self._done = threading.Lock(), threading.Lock()
        self._done.acquire()
        self.thunk: Any = thunk
        self.closed, self.finished = closed, finished
        self.value: Any = None
        self.error: BaseException | None = None

    @classmethod
    def failed(cls, error: BaseException, finished: Any = None) -> Job:
        """A job whose result is an error."""
        job = cls(lambda: None, [], finished)
        job.thunk = _raiser(error)
        job.run()
        return job

    def run(self) -> None:
        """Make the call, unless it is made already or not wanted any more."""
        if not self._begun.acquire(blocking=False):
            return
        try:
            if not self.closed:
                self.value = self.thunk()
        except BaseException as error:
            self.error = error
        finally:
            self.thunk = None
            self._done.release()
            if self.finished is not None:
                self.finished(self)

    @property
    def is_done(self) -> bool:
        """Whether the call was made."""
        return not self._done.locked()

    def wait(self, seconds: float) -> None:
        """Wait until the call was made, so long at most."""
        if self._done.acquire(timeout=seconds):
            self._done.release()

    def result(self) -> Any:
        """What the call gave, made here if it was not begun.

        Raises: what the call raised.
        """
        self.run()
        with self._done:
            pass
        return self._outcome()

    def result_within(self, wait: Callable[[Callable[[float], bool]], None]) -> Any:
        """The same, where `wait` calls an attempt that is given seconds, and raises if it failed."""
        if not self._done.acquire(timeout=_HELP_AFTER):
            self.run()
            wait(lambda seconds: self._done.acquire(timeout=seconds))
        self._done.release()
        return self._outcome()

    def _outcome(self) -> Any:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return self.value


def _raiser(error: BaseException) -> Callable[[], Any]:
    def raises() -> Any:
        raise error

    return raises
