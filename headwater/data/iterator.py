"""What a loop over a data set runs on: iterators, and values that may be missing."""

from __future__ import annotations

import threading
from collections.abc import Iterator as PythonIterator
from typing import Any

import numpy as np

from headwater.data import specs
from headwater.data.randomness import restore_seeds, seeds_of
from headwater.data.stage import Cursor, Run, Stage
from headwater.data.state import decode, encode
from headwater.data.structure import as_array, as_tensor, flatten, is_opaque
from headwater.errors import HeadwaterError, NotTraceableError, OutOfRangeError, StateError
from headwater.ir.dispatch import current_trace


class Iterator(PythonIterator):
    """The elements of a data set, one after the other, as tensors.

    Made by `iter(dataset)`. It can be saved in a `tf.train.Checkpoint`: an iterator over the same pipeline that is
    restored from it goes on with the element after the last one that was given.
    """

    def __init__(self, stage: Stage, run: Run | None = None) -> None:
        self._stage = stage
        self._run = run or Run()
        self._lock = threading.Lock()
        self._cursor: Cursor = self._run.open(stage)

    @property
    def element_spec(self) -> Any:
        """The structure of specs of its elements."""
        return self._stage.signature.element_spec

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        if current_trace() is not None:
            refuse_tracing("an iterator is asked for its next element")
        with self._lock:
            element = next(self._cursor)
        if len(element) == 1 and self._stage.form.key == "*":
            return as_tensor(element[0])
        return self._stage.form.unflatten([as_tensor(component) for component in element])

    next = __next__

    def get_next(self, name: str | None = None) -> Any:
        """The next element.

        Raises: OutOfRangeError at the end.
        """
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError("End of sequence: the data set has no more elements.", fix="", where="") from None

    def get_next_as_optional(self) -> Optional:
        """The next element, or an Optional without a value at the end."""
        try:
            return Optional.from_value(next(self))
        except StopIteration:
            return Optional.empty(self.element_spec)

    def state(self) -> dict[str, Any]:
        """Where it stands: nested dicts and lists of numbers, texts and arrays."""
        with self._lock:
            seeds = seeds_of(self._stage, self._run)
            return {"pipeline": self._stages(), "seeds": seeds, "cursor": self._cursor.state()}

    def _stages(self) -> list[str]:
        return [stage.label for stage in self._stage.walk()]

    def save(self) -> bytes:
        """Where it stands, as bytes that `restore` takes, and that a checkpoint keeps."""
        return encode(self.state())

    def restore(self, state: Any) -> None:
        """Go to where `state()` or `save()` was taken.

        Raises: DataLossError if the bytes are damaged; StateError if that was an iterator over another pipeline. It
            has not moved then.
        """
        state = decode(state) if isinstance(state, (bytes, bytearray, memoryview)) else state
        saved = state.get("pipeline") if isinstance(state, dict) else None
        if saved != self._stages():
            raise StateError(
                f"the state is of another pipeline: {saved}, and this one is {self._stages()}.",
                fix="restore it into an iterator over the data set that it was saved from.",
                where="",
            )
        run = Run(self._run.watch, self._run.deterministic, self._run.timeout)
        try:
            restore_seeds(self._stage, run, state["seeds"])
            cursor = run.open(self._stage)
            cursor.restore(state["cursor"])
        except HeadwaterError:
            raise
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise StateError(
                f"the state does not fit this pipeline: {error!r}.",
                fix="restore it into an iterator over the data set that it was saved from.",
                where="",
            ) from None
        with self._lock:
            self._run, self._cursor = run, cursor

    saved_state, restore_saved_state = save, restore  # for tf.train.Checkpoint


class NumpyIterator(Iterator):
    """The elements of a data set as NumPy arrays and scalars; strings as bytes."""

    def __next__(self) -> Any:
        with self._lock:
            element = next(self._cursor)
        return self._stage.form.unflatten([as_numpy(component) for component in element])

    next = __next__


def as_numpy(component: Any) -> Any:
    """A component as NumPy has it: an array, or a scalar of no axes."""
    if component is None or type(component) is bytes:
        return component
    if is_opaque(component):
        return component.as_numpy_iterator() if hasattr(component, "as_numpy_iterator") else component
    array = as_array(component)
    return np.array(array) if array.shape else array[()]  # a copy: what a cache keeps must not change


def refuse_tracing(what: str) -> None:
    """Raise the error that makes a function run op by op, where one is being traced."""
    if current_trace() is not None:
        raise NotTraceableError(
            f"{what} inside a function that is being traced.", fix="loop outside of it, and call it with each element."
        )


class Optional:
    """A value that may be missing.

    Made by `Optional.from_value`, `Optional.empty` or `iterator.get_next_as_optional()`.
    """

    is_data_component = True

    def __init__(self, element_spec: Any, value: Any = None, has_value: bool = False) -> None:
        self.element_spec = element_spec
        self._value, self._has_value = value, has_value

    @classmethod
    def from_value(cls, value: Any) -> Optional:
        """One that has a value."""
        from headwater.data.structure import as_component

        components, form = flatten(value)
        components = tuple(map(as_component, components))
        spec = specs.Signature.of_values(components, form).element_spec
        return cls(spec, form.unflatten([as_tensor(c) for c in components]), True)

    @classmethod
    def empty(cls, element_spec: Any) -> Optional:
        """One that has none."""
        return cls(element_spec)

    @property
    def _type_spec(self) -> Any:
        return specs.OptionalSpec(self.element_spec)

    def has_value(self, name: str | None = None) -> Any:
        """Whether it has one, as a tensor."""
        return as_tensor(np.asarray(self._has_value))

    def get_value(self, name: str | None = None) -> Any:
        """The value.

        Raises: StateError if it has none.
        """
        if not self._has_value:
            raise StateError("the Optional has no value.", fix="ask has_value() first.", where="")
        return self._value

    def __repr__(self) -> str:
        return f"tf.experimental.Optional({'value' if self._has_value else 'empty'}, {self.element_spec!r})"
