"""The workers of a PyDataset: threads or processes that make its batches, handed on in order and watched over.

What goes wrong in a worker is an error that names it and the batch: an exception, a process that was killed, and, where
the data set sets `timeout`, a batch that takes longer. Without one, a batch that takes long is told of in the log.
Processes are forked where the system can: nothing has to be pickled but batches, and a data set that changes between
epochs is seen as it is. They end with the pass, with the program, and when the program is killed.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import multiprocessing.reduction
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from headwater import tree
from headwater.errors import StateError
from headwater.keras.trainers.batches.ahead import Ahead

PATIENCE = 5.0  # seconds that a batch may take before the log tells of it
STOPPED = 2.0  # seconds that a process may stand still by a signal: with Ctrl-Z all do, and go on together

_logger = logging.getLogger("headwater")


class WorkerError(StateError):
    """A worker of a data set failed."""


class Made(NamedTuple):
    """A batch, or why there is none."""

    index: int
    batch: Any = None
    error: WorkerError | None = None


def batches_of_workers(dataset: Any, indices: Iterator[int]) -> Iterator[Any]:
    """The batches of a PyDataset in the order of `indices`, made ahead by its workers.

    Raises: WorkerError if a worker fails.
    """
    crew = (Processes if dataset.use_multiprocessing else Threads)(dataset)
    return Ahead(_in_order(crew, indices), depth=max(int(dataset.max_queue_size), 1))


def _in_order(crew: Crew, indices: Iterator[int]) -> Iterator[Any]:
    """What a crew makes, in the order in which it is asked for."""
    asked: deque[int] = deque()
    made: dict[int, Made] = {}
    try:
        while True:
            while len(asked) < 2 * crew.size and (index := next(indices, None)) is not None:
                asked.append(index)
                crew.ask(index)
            if not asked:
                return
            while asked[0] not in made:
                for each in crew.made():
                    made[each.index] = each
            first = made.pop(asked.popleft())
            if first.error is not None:
                raise first.error
            yield first.batch
    finally:
        crew.close()


class Crew:
    """Workers of one kind. `ask` gives them the number of a batch, `made` waits for some batches.

    Attributes:
        size: how many there are.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.size = max(int(dataset.workers), 1)
        self.timeout = getattr(dataset, "timeout", None)
        self._tasks: list[deque[int]] = [deque() for _ in range(self.size)]  # the first one is being made
        self._since = [0.0] * self.size
        self._told: set[int] = set()

    def ask(self, index: int) -> None:
        """Let the worker with the fewest batches to make make batch `index`."""
        worker = min(range(self.size), key=lambda each: len(self._tasks[each]))
        if not self._tasks[worker]:
            self._since[worker] = time.monotonic()
        self._tasks[worker].append(index)
        self._send(worker, index)

    def made(self) -> list[Made]:
        """Some batches; waits for one.

        Raises: WorkerError if a worker takes longer than the data set allows.
        """
        while True:
            found = self._receive(0.25)
            if found:
                return found
            self._check_time()

    def _send(self, worker: int, index: int) -> None:
        raise NotImplementedError

    def _receive(self, seconds: float) -> list[Made]:
        raise NotImplementedError

    def _stack(self, worker: int) -> str:
        return ""

    def _name(self, worker: int) -> str:
        return f"worker {worker}"

    def close(self) -> None:
        """End the workers."""
        raise NotImplementedError

    def _finished(self, worker: int) -> int:
        index = self._tasks[worker].popleft()
        self._since[worker] = time.monotonic()
        self._told.discard(worker)
        return index

    def _failed(self, worker: int, index: int, what: str, fix: str = "") -> WorkerError:
        kind = type(self.dataset).__name__
        return WorkerError(
            f"{self._name(worker)} of the {kind} {what} batch {index}.",
            fix=fix or f"see what {kind}.__getitem__({index}) does; workers=0 runs it without workers.",
            where="",
        )

    def _check_time(self) -> None:
        now = time.monotonic()
        for worker, tasks in enumerate(self._tasks):
            seconds = now - self._since[worker]
            if not tasks:
                continue
            if self.timeout is not None and seconds > self.timeout:
                raise self._failed(
                    worker, tasks[0], f"took longer than its timeout of {self.timeout:g} s for",
                    fix=f"set a longer `timeout` of the data set, or see where it waits:{self._stack(worker)}",
                )  # fmt: skip
            if seconds > PATIENCE and worker not in self._told:
                self._told.add(worker)
                _logger.warning(
                    "%s of the %s has been at batch %d for %.0f s; with its `timeout` set, this is an error.%s",
                    self._name(worker), type(self.dataset).__name__, tasks[0], seconds, self._stack(worker),
                )  # fmt: skip


class Threads(Crew):
    """Workers that are threads: right for what waits for files, or computes with the interpreter's lock released."""

    def __init__(self, dataset: Any) -> None:
        super().__init__(dataset)
        self._queues: list[queue.SimpleQueue] = [queue.SimpleQueue() for _ in range(self.size)]
        self._results: queue.SimpleQueue = queue.SimpleQueue()
        self._threads = [
            threading.Thread(
                target=_work_in_thread, args=(dataset, worker, tasks, self._results),
                name=f"headwater-worker-{worker}", daemon=True,
            )
            for worker, tasks in enumerate(self._queues)
        ]  # fmt: skip
        for thread in self._threads:
            thread.start()

    def _send(self, worker: int, index: int) -> None:
        self._queues[worker].put(index)

    def _receive(self, seconds: float) -> list[Made]:
        try:
            worker, batch, error = self._results.get(timeout=seconds)
        except queue.Empty:
            return []
        index = self._finished(worker)
        if error is None:
            return [Made(index, batch)]
        failure = self._failed(worker, index, f"raised {type(error).__name__} ({error}) for")
        failure.__cause__ = error
        return [Made(index, error=failure)]

    def _stack(self, worker: int) -> str:
        frame = sys._current_frames().get(self._threads[worker].ident or 0)
        return "" if frame is None else "\n" + "".join(traceback.format_stack(frame)[-3:]).rstrip()

    def close(self) -> None:
        """Let the threads end: one that is in the middle of a batch ends after it."""
        for tasks in self._queues:
            while not tasks.empty():
                tasks.get_nowait()
            tasks.put(None)
        deadline = time.monotonic() + 1.0
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))


def _work_in_thread(dataset: Any, worker: int, tasks: queue.SimpleQueue, results: queue.SimpleQueue) -> None:
    while (index := tasks.get()) is not None:
        try:
            results.put((worker, dataset[index], None))
        except BaseException as error:
            results.put((worker, None, error))


class Processes(Crew):
    """Workers that are processes: right for what computes in Python."""

    def __init__(self, dataset: Any) -> None:
        super().__init__(dataset)
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
        seed = int(np.random.randint(2**31))  # noqa: NPY002 - set_random_seed seeds it
        self._connections: list[Any] = []
        self._processes: list[Any] = []
        self._stopped: dict[int, float] = {}  # since when
        for worker in range(self.size):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work_in_process, args=(dataset, theirs, seed, [*self._connections, ours]),
                name=f"headwater-worker-{worker}", daemon=True,
            )  # fmt: skip
            with warnings.catch_warnings():  # Python and JAX warn of every fork beside threads; ours are made for it
                warnings.simplefilter("ignore", DeprecationWarning)
                warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)
                process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)

    def _name(self, worker: int) -> str:
        return f"worker {worker} (process {self._processes[worker].pid})"

    def _check_time(self) -> None:
        super()._check_time()
        now = time.monotonic()
        for worker, tasks in enumerate(self._tasks):
            if not tasks or not _is_stopped(self._processes[worker].pid):
                self._stopped.pop(worker, None)
            elif now - self._stopped.setdefault(worker, now) > STOPPED:
                raise self._failed(worker, tasks[0], "was stopped by a signal at", fix="kill -CONT lets it go on.")

    def _send(self, worker: int, index: int) -> None:
        try:
            self._connections[worker].send(index)
        except OSError:
            raise self._dead(worker) from None

    def _receive(self, seconds: float) -> list[Made]:
        sentinels = [process.sentinel for process in self._processes]
        ready = multiprocessing.connection.wait([*self._connections, *sentinels], seconds)
        found = [self._received(worker) for worker, each in enumerate(self._connections) if each in ready]
        for worker, sentinel in enumerate(sentinels):
            if not found and sentinel in ready:
                raise self._dead(worker)
        return found

    def _received(self, worker: int) -> Made:
        try:
            batch, told = self._connections[worker].recv()
        except (EOFError, OSError):
            raise self._dead(worker) from None
        index = self._finished(worker)
        if told is None:
            return Made(index, batch)
        failure = self._failed(worker, index, f"raised {told[0]} for")
        failure.__cause__ = RuntimeError("in the worker:\n" + told[1])
        return Made(index, error=failure)

    def _dead(self, worker: int) -> WorkerError:
        process = self._processes[worker]
        process.join(1.0)
        code = process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            why = f"was killed by {name} at"
            fix = "SIGKILL often means that memory ran out: use fewer workers or smaller batches."
        else:
            why, fix = f"ended with exit code {code} at", ""
        tasks = self._tasks[worker]
        return self._failed(worker, tasks[0] if tasks else -1, why, fix)

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join(1.0)
        for connection in self._connections:
            connection.close()


def _is_stopped(process: int) -> bool:
    """Whether a signal such as SIGSTOP holds a process; False where the system does not tell."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in ("T", "t")
    except (OSError, IndexError):
        return False


def _work_in_process(dataset: Any, connection: Any, seed: int, others: list[Any]) -> None:
    from headwater.keras.utils.seeds import set_random_seed

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends its workers
    for other in others:  # held open here, they would hide from brothers that the parent is gone
        other.close()
    while True:
        try:
            index = connection.recv()
        except (EOFError, OSError):
            return
        set_random_seed((seed + index) % 2**32)  # else all workers would draw the same numbers
        try:
            connection.send_bytes(_made_in_process(dataset, index))
        except OSError:  # the parent is gone
            return


def _made_in_process(dataset: Any, index: int) -> Any:
    """A batch and no error, or no batch and what to tell, pickled."""
    pickled = multiprocessing.reduction.ForkingPickler.dumps
    try:
        return pickled((tree.map_structure(_portable, dataset[index]), None))
    except BaseException as error:
        return pickled((None, (f"{type(error).__name__} ({error})", traceback.format_exc())))


def _portable(value: Any) -> Any:
    return np.asarray(value) if hasattr(value, "__headwater_tensor__") or hasattr(value, "is_plain_tensor") else value
