"""Stages, of which a pipeline is made, and their cursors, which give its elements one by one.

A stage is a description and never changes; it may be open many times at once. A cursor is one pass over the elements
of a stage: `next` gives an element, `state` says where it stands, `restore` goes there. A run is one iterator: it opens
the stages that it needs, and knows which pass over a shuffled source this is.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from headwater.data.specs import Signature
from headwater.data.structure import Element, Form
from headwater.errors import HeadwaterError

INFINITE, UNKNOWN = -1, -2


class Stage:
    """A step of a pipeline.

    Attributes:
        inputs: the stages that it reads.
        label: what reports and errors call it.
    """

    label = "stage"
    name: str | None = None  # the user's own
    keeps_form = False  # whether its elements' components nest as those of its first input
    keeps_elements = False  # whether it gives all elements of its one input as they are, in whatever order

    def __init__(self, *inputs: Stage) -> None:
        self.inputs = inputs

    @property
    def title(self) -> str:
        """What reports and errors call it: the user's name for it, too."""
        return f"{self.label} {self.name!r}" if self.name else self.label

    @functools.cached_property
    def signature(self) -> Signature:
        """Form and specs of its elements: those of its input."""
        return self.inputs[0].signature

    @property
    def form(self) -> Form:
        """How its elements' components nest. It is known without the specs once there was an element."""
        return self.inputs[0].form if self.keeps_form else self.signature.form

    def cardinality(self) -> int:
        """How many elements it has: INFINITE, or UNKNOWN where only a pass would say."""
        return UNKNOWN

    def open(self, run: Run) -> Cursor:
        """A cursor before its first element."""
        raise NotImplementedError

    def first(self) -> Element:
        """The first element, for what can be told from it.

        Raises: StopIteration if there is none.
        """
        return next(Run().open(self))

    def over_rows(self, inputs: Sequence[Stage]) -> Stage | None:
        """The same step over other inputs, which give numbers of rows in place of rows; None if it looks at what its
        elements hold."""
        return None

    def seeds(self) -> list[Any]:
        """What its random draws follow from: its own seeds, and those of the functions that it calls."""
        found = [getattr(value, "seed", value) for value in vars(self).values()]
        return [value for value in found if isinstance(getattr(value, "counter", None), EpochCounter)]

    def walk(self) -> Iterator[Stage]:
        """The stages that it reads, and itself last."""
        for stage in self.inputs:
            yield from stage.walk()
        yield self


class Cursor:
    """One pass over the elements of a stage."""

    def __iter__(self) -> Iterator[Element]:
        return self

    def __next__(self) -> Element:
        raise NotImplementedError

    def take(self, count: int) -> list[Element]:
        """The next `count` elements, fewer at the end."""
        return list(itertools.islice(self, count))

    def state(self) -> dict[str, Any]:
        """Where it stands: dicts, lists, numbers, strings, arrays and elements. It has not moved."""
        raise NotImplementedError

    def restore(self, state: dict[str, Any]) -> None:
        """Go where `state` says."""
        raise NotImplementedError


class Run:
    """One iterator over a pipeline.

    Attributes:
        epochs: for each stage that draws anew in each pass, the number of its next pass.
        watch: called with a stage and its new cursor, gives the cursor to use: for measurements.
        timeout: seconds after which an element that does not come is an error; None for never.
    """

    def __init__(self, watch: Any = None, deterministic: bool | None = None, timeout: float | None = None) -> None:
        self.epochs: dict[Any, int] = {}
        self.watch = watch
        self.deterministic = deterministic
        self.timeout = timeout
        self.lock = threading.Lock()

    def open(self, stage: Stage) -> Cursor:
        """A cursor of a stage."""
        cursor = stage.open(self)
        return cursor if self.watch is None else self.watch(stage, cursor)

    def next_epoch(self, counter: EpochCounter) -> int:
        """The number of a pass that begins now."""
        with self.lock:
            epoch = self.epochs.get(counter)
            if epoch is None:
                epoch = counter.passes
            self.note_epoch(counter, epoch)
            return epoch

    def child(self) -> Run:
        """A run for a pipeline that an element stands for."""
        return Run(self.watch, self.deterministic, self.timeout)

    def note_epoch(self, counter: EpochCounter, epoch: int) -> None:
        """The pass that is under way: the next one is the one after it."""
        self.epochs[counter] = epoch + 1
        counter.passes = max(counter.passes, epoch + 1)


class EpochCounter:
    """How many passes over a stage were begun, by whatever iterator."""

    def __init__(self) -> None:
        self.passes = 0


class Through(Stage):
    """A stage that gives the elements of its input, or some of them, as they are."""

    keeps_form = True

    def over_rows(self, inputs: Sequence[Stage]) -> Stage | None:
        return self.rebuilt(inputs)

    def rebuilt(self, inputs: Sequence[Stage]) -> Stage:
        """The same step over other inputs."""
        copy = object.__new__(type(self))
        copy.__dict__.update({key: value for key, value in self.__dict__.items() if key != "signature"})
        copy.inputs = tuple(inputs)
        return copy


class Over(Cursor):
    """A cursor over one input."""

    def __init__(self, stage: Any, run: Run) -> None:
        self.stage, self.run = stage, run
        self.upstream = run.open(stage.inputs[0])

    def state(self) -> dict[str, Any]:
        return {"input": self.upstream.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.upstream.restore(state["input"])


# Errors


def noted(error: BaseException, note: str) -> BaseException:
    """The error with one more line: where in the pipeline it came up."""
    if isinstance(error, HeadwaterError):
        error.where = f"{error.where}, {note}" if error.where else note
    elif len(error.args) == 1 and isinstance(error.args[0], str) and not isinstance(error, KeyError):
        error.args = (f"{error.args[0]}\n  in   {note}",)
    elif hasattr(error, "add_note"):
        error.add_note(f"  in   {note}")
    else:  # Python 3.10
        error.__notes__ = [*getattr(error, "__notes__", ()), f"  in   {note}"]  # type: ignore[attr-defined]
    return error


def describe(element: Element) -> str:
    """What a message says of an element beside its index: the file that it names, if it does."""
    for component in element:
        value = _text(component)
        if value is not None and ("/" in value or "\\" in value or "." in value) and len(value) < 300:
            return f" ({value})"
    return ""


def _text(component: Any) -> str | None:
    if type(component) is not bytes:
        spec = getattr(component, "spec", None)
        if spec is None or spec.shape != () or spec.dtype != "string":
            return None
        component = component.numpy()
    return component.decode("utf-8", "replace") if isinstance(component, bytes) else None
