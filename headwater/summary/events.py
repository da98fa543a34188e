"""Event files, which TensorBoard reads: records of summaries, each with its step and time.

Source: github.com/tensorflow/tensorflow, tensorflow/core/util/event.proto and core/framework/summary.proto.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import threading
import time
from typing import Any

from headwater.errors import NotFoundError, StateError
from headwater.io.records import framed
from headwater.io.wire import bytes_field, varint_field

VERSION = b"brain.Event:2"
_numbers = itertools.count()


def event(step: int, content: bytes, wall_time: float | None = None) -> bytes:
    """An event: its time, its step, and what it holds."""
    moment = time.time() if wall_time is None else wall_time
    return b"\x09" + struct.pack("<d", moment) + (varint_field(2, step) if step else b"") + content


def summary_event(step: int, tag: str, tensor: bytes, metadata: bytes) -> bytes:
    """An event with one tensor.

    Args:
        tag: its name.
        tensor: a TensorProto.
        metadata: what `plugin_metadata` gives.
    """
    value = bytes_field(1, tag.encode()) + bytes_field(8, tensor) + bytes_field(9, metadata)
    return event(step, bytes_field(5, bytes_field(1, value)))


SCALAR, TENSOR, BLOBS = 1, 2, 3  # classes of data


def plugin_metadata(plugin: str, data_class: int, description: str | None = None, content: bytes = b"") -> bytes:
    """What says which part of TensorBoard shows a tensor."""
    data = bytes_field(1, plugin.encode()) + (bytes_field(2, content) if content else b"")
    told = bytes_field(3, description.encode()) if description else b""
    return bytes_field(1, data) + told + varint_field(4, data_class)


class EventFile:
    """A file of events; each is in the file once it is written, so that nothing is lost with the process.

    Args:
        folder: where the file is made, with the folder.
        suffix: end of its name.
    Raises: NotFoundError if the folder can't be made.
    """

    def __init__(self, folder: Any, suffix: str = ".v2") -> None:
        folder = os.fspath(folder)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise NotFoundError(
                f"folder {folder!r} can't be made: {error.strerror}.", fix="name another folder.", where=""
            ) from None
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}{suffix}"
        self.path = os.path.join(folder, name)
        self._file: Any = open(self.path, "ab", buffering=0)  # noqa: SIM115 - closed by close()
        self._lock = threading.Lock()
        self.write(event(0, bytes_field(3, VERSION)))

    def write(self, record: bytes) -> None:
        """Add an event.

        Raises: StateError if the file is closed.
        """
        with self._lock:
            if self._file is None:
                raise StateError("the writer is closed.", fix="make another with tf.summary.create_file_writer.")
            self._file.write(framed(record))

    def flush(self) -> None:
        """Let the disk hold what was written."""
        with self._lock:
            if self._file is not None:
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Finish the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self._file.close()
