"""What Headwater raises: three lines that say what is wrong, where, and what to do.

Each class is also the built-in exception that a caller of NumPy or Keras expects (`ShapeError` is a `ValueError`), so
that
existing `except` clauses go on working. The path of layers comes from a context variable that `Layer.__call__` enters.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

_layer_path: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("headwater_layer_path", default=())


@contextlib.contextmanager
def layer_scope(description: str) -> Iterator[None]:
    """Enter a layer: errors raised inside name it, and graph nodes made inside remember it."""
    token = _layer_path.set((*_layer_path.get(), description))
    try:
        yield
    finally:
        _layer_path.reset(token)


@contextlib.contextmanager
def source_scope(path: str) -> Iterator[None]:
    """Work on behalf of a node that came from the layers `path`: what is made inside names them as its own source."""
    token = _layer_path.set((path,) if path else ())
    try:
        yield
    finally:
        _layer_path.reset(token)


def layer_path() -> str:
    """The layers being called, outermost first, as "Sequential 'model' > Dense 'logits'"; empty outside a layer."""
    return " > ".join(_layer_path.get())


class HeadwaterError(Exception):
    """Base of every error that Headwater raises on purpose.

    Args:
        what: what went wrong, in one sentence, with the shapes or values at fault.
        fix: what to do about it.
        where: path of layers; the layers being called, if not given.
    """

    def __init__(self, what: str = "", *, fix: str = "", where: str | None = None) -> None:
        self.what = what
        self.fix = fix
        self.where = layer_path() if where is None else where
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  in   {self.where}")
        if self.fix:
            lines.append(f"  fix  {self.fix}")
        return "\n".join(lines)


class InvalidArgumentError(HeadwaterError):
    """An operation was given what it can't work with. The classes below say more: `tf.errors.InvalidArgumentError`
    catches them all, as TensorFlow's users expect."""


class ShapeError(InvalidArgumentError, ValueError):
    """Shapes do not fit together."""


class DTypeError(InvalidArgumentError, TypeError):
    """A dtype does not fit, or dtypes do not fit together."""


class RangeError(InvalidArgumentError, ValueError):
    """A value lies outside of what is allowed."""


class IndexRangeError(InvalidArgumentError, IndexError):
    """An index lies outside of the axis it points into."""


def index_error(error: IndexError) -> IndexError:
    """The error of a running program about an index, as one of ours."""
    if isinstance(error, HeadwaterError):
        return error
    what, *rest = str(error).splitlines()
    where = next((line.split(maxsplit=1)[1] for line in rest if line.strip().startswith("in ")), "")
    return IndexRangeError(what, fix="use an index from -size to size - 1.", where=where)


class ArgumentError(InvalidArgumentError, ValueError):
    """An argument is not one of the values that are understood."""


class StateError(HeadwaterError, RuntimeError):
    """Something was used before it was ready, or after it was over."""


class NotTraceableError(StateError):
    """A function that is being traced needs values that no program has: those of strings, of ragged rows, of tables.
    `tf.function` answers it by running the function op by op."""


class GraphError(HeadwaterError, RuntimeError):
    """A graph is malformed: a bug of Headwater or of a pass, never of a user."""


class UnsupportedError(HeadwaterError, NotImplementedError):
    """A part of the API that is not served, with what to use in its place."""


class NotServedError(UnsupportedError, AttributeError):
    """A name of TensorFlow that is not served yet; also an AttributeError, so that `hasattr` says so."""


# Names under which TensorFlow's users catch the same failures: tf.errors.NotFoundError and its kin.
class OutOfRangeError(HeadwaterError, IndexError):
    """An iterator or reader went past its end."""


class NotFoundError(HeadwaterError, FileNotFoundError):
    """A file or an entry that was asked for does not exist."""


class OutOfMemoryError(HeadwaterError, MemoryError):
    """What was asked for does not fit into memory."""


class AlreadyExistsError(HeadwaterError, FileExistsError):
    """What was to be made exists already."""


class DataLossError(HeadwaterError, ValueError):
    """A file is damaged or cut short."""


class CancelledError(HeadwaterError):
    """What was under way was called off."""


class AbortedError(HeadwaterError):
    """What was under way was broken off."""


class DeadlineExceededError(HeadwaterError, TimeoutError):
    """Time ran out."""


class PermissionDeniedError(HeadwaterError, PermissionError):
    """The system does not allow it."""


class UnauthenticatedError(HeadwaterError):
    """Nobody said who asks."""


class UnavailableError(HeadwaterError, ConnectionError):
    """What was asked does not answer."""


class UnknownError(HeadwaterError):
    """What went wrong is not known."""


OpError = HeadwaterError
FailedPreconditionError = StateError
InternalError = GraphError
OperatorNotAllowedInGraphError = StateError
ResourceExhaustedError = OutOfMemoryError
UnimplementedError = UnsupportedError
