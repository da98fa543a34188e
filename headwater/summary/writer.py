"""Where summaries go: writers, the default one of each thread, and the step that they are of."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.summary.events import EventFile


class _State(threading.local):
    writer: SummaryWriter | None = None
    step: Any = None
    condition: Any = True


_state = _State()


class SummaryWriter:
    """Writes summaries to an event file; `tf.summary.create_file_writer` makes one. Without a folder it writes nothing.

    The file is made with the first summary, or by `init`.
    """

    def __init__(self, folder: Any = None, suffix: str = ".v2") -> None:
        self._folder, self._suffix = folder, suffix
        self._file: EventFile | None = None
        self._closed = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Let summaries go here inside a `with` block; `step` is that of those that name none."""
        before = _state.writer, _state.step
        _state.writer = self
        if step is not None:
            _state.step = step
        try:
            yield self
        finally:
            _state.writer, _state.step = before
            self.flush()

    def set_as_default(self, step: Any = None) -> None:
        """Let summaries of this thread go here from now on."""
        _state.writer = self
        if step is not None:
            _state.step = step

    def write(self, record: bytes) -> None:
        """Add an event.

        Raises: StateError if the writer is closed.
        """
        file = self._open()
        if file is not None:
            file.write(record)

    def _open(self) -> EventFile | None:
        if self._folder is None:
            return None
        with self._lock:
            if self._file is None:
                self._file = EventFile(self._folder, self._suffix)
            return self._file

    def init(self) -> None:
        """Make the file."""
        self._open()

    def flush(self) -> None:
        """Let the disk hold what was written."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


def create_file_writer(
    logdir: Any,
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
    experimental_trackable: bool = False,
    experimental_mesh: Any = None,
) -> SummaryWriter:
    """A writer of event files for TensorBoard.

    Args:
        logdir: folder of the file, which is made.
        max_queue, flush_millis: accepted; each summary is written at once.
        filename_suffix: end of the file's name; ".v2" by default.
        name, experimental_trackable, experimental_mesh: accepted.
    Example:
        >>> import tempfile
        >>> writer = create_file_writer(tempfile.mkdtemp())
        >>> with writer.as_default():
        ...     for step in range(3):
        ...         _ = tf.summary.scalar("loss", 1 / (step + 1), step=step)
        >>> writer.close()
    """
    if logdir is None:
        raise ArgumentError("create_file_writer is given no folder.", fix="pass logdir='logs'.", where="")
    logdir = logdir.numpy().decode() if hasattr(logdir, "numpy") else logdir
    return SummaryWriter(logdir, ".v2" if filename_suffix is None else filename_suffix)


def create_noop_writer() -> SummaryWriter:
    """A writer that writes nothing."""
    return SummaryWriter()


def flush(writer: Any = None, name: str | None = None) -> None:
    """Let the disk hold what a writer, or the default one, has written."""
    writer = writer or _state.writer
    if writer is not None:
        writer.flush()


def default_writer() -> SummaryWriter | None:
    """The default writer of this thread, if it has one."""
    return _state.writer


def get_step() -> Any:
    """The default step of this thread, or None."""
    return _state.step


def set_step(step: Any) -> None:
    """Make `step` the default of this thread: a number or a variable, which is read when a summary is written."""
    _state.step = step


@contextlib.contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Write summaries inside a `with` block only where a condition holds: a bool, a tensor, or a function of one."""
    before, _state.condition = _state.condition, condition
    try:
        yield
    finally:
        _state.condition = before


def condition_to_record() -> Any:
    """What says whether summaries are written: a bool or a tensor."""
    condition = _state.condition
    return condition() if callable(condition) else condition


def should_record_summaries() -> Any:
    """Whether a summary that is given now is written: a bool tensor."""
    from headwater.ops.convert import convert_to_tensor

    condition = condition_to_record()
    return convert_to_tensor(np.asarray(_state.writer is not None) & np.asarray(condition))
