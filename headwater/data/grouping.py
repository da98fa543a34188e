"""Stages that reduce by key, and that hold a data set to a number of elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.data.calls import Call
from headwater.data.folding import StateAndElement, components_of
from headwater.data.specs import Signature
from headwater.data.stage import INFINITE, Over, Run, Stage
from headwater.data.structure import Element, as_tensor, flatten
from headwater.data.windows import whole_key
from headwater.errors import ArgumentError, StateError
from headwater.frontend.tensor_spec import TensorSpec


class Reducer:
    """How `group_by_reducer` folds the elements of a key.

    Args:
        init_func: the state before the first, for the key.
        reduce_func: the next state, for a state and an element.
        finalize_func: what is given, for the last state.
    """

    def __init__(self, init_func: Callable[..., Any], reduce_func: Callable[..., Any], finalize_func: Any) -> None:
        self.init_func, self.reduce_func, self.finalize_func = init_func, reduce_func, finalize_func


class GroupByReducer(Stage):
    """What a reducer makes of the elements of each key, in the order of the keys' first elements."""

    label = "group_by_reducer"

    def __init__(self, source: Stage, key_func: Any, reducer: Reducer) -> None:
        super().__init__(source)
        self.key = Call(key_func, source, self)
        self.reducer = reducer
        self._seen: Signature | None = None

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """That of the first result."""
        if self._seen is None:
            next(self.open(Run()))
        assert self._seen is not None
        return self._seen

    def open(self, run: Run) -> Any:
        return _ReducerCursor(self, run)


class _ReducerCursor(Over):
    """Folds all elements when the first result is asked for; its place is how many were given."""

    def __init__(self, stage: GroupByReducer, run: Run) -> None:
        super().__init__(stage, run)
        self.key = stage.key.begin(run)
        self.start = self.upstream.state()
        self.results: list[Element] | None = None
        self.position = 0

    def _fold(self) -> list[Element]:
        reducer = self.stage.reducer
        states: dict[int, Any] = {}
        call: Any = None
        for index, element in enumerate(self.upstream):
            key = whole_key(self.key(element, index), self.stage)
            if key not in states:
                initial, form = components_of(reducer.init_func(as_tensor(np.int64(key))))
                states[key] = initial
                if call is None:
                    pairs = StateAndElement(self.stage.inputs[0], initial, form)
                    call = Call(reducer.reduce_func, pairs, self.stage).begin(self.run)
                    call.of.form = form
            states[key] = call((*states[key], *element), index)
        results = []
        for state in states.values():
            value = reducer.finalize_func(*_arguments(call.of.form, state))
            components, form = components_of(value)
            if self.stage._seen is None:
                self.stage._seen = Signature.of_values(components, form)
            results.append(components)
        return results

    def __next__(self) -> Element:
        if self.results is None:
            self.results = self._fold()
        if self.position >= len(self.results):
            raise StopIteration
        self.position += 1
        return self.results[self.position - 1]

    def state(self) -> dict[str, Any]:
        return {"position": self.position, "input": self.start, "call": self.key.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.upstream = self.run.open(self.stage.inputs[0])
        self.upstream.restore(state["input"])
        self.start, self.results, self.position = state["input"], None, int(state["position"])
        self.key.restore(state["call"])


def _arguments(form: Any, state: Element) -> tuple[Any, ...]:
    value = form.unflatten([as_tensor(component) for component in state])
    return value if type(value) is tuple else (value,)


class AssertCardinality(Stage):
    """Its input, of which it is known how many elements it has."""

    keeps_form = True
    label = "assert_cardinality"

    def __init__(self, source: Stage, expected: int) -> None:
        super().__init__(source)
        self.expected = expected

    def cardinality(self) -> int:
        return self.expected

    def open(self, run: Run) -> Any:
        return _AssertCursor(self, run)


class _AssertCursor(Over):
    position = 0

    def __next__(self) -> Element:
        expected = self.stage.expected
        try:
            element = next(self.upstream)
        except StopIteration:
            if self.position < expected or expected == INFINITE:
                raise self._wrong(f"ended after {self.position} elements") from None
            raise
        self.position += 1
        if 0 <= expected < self.position:
            raise self._wrong(f"has more than {expected} elements")
        return element

    def _wrong(self, what: str) -> StateError:
        said = "no end" if self.stage.expected == INFINITE else f"{self.stage.expected} elements"
        return StateError(
            f"the data set {what}, and was said to have {said}.", fix="correct assert_cardinality().", where=""
        )

    def state(self) -> dict[str, Any]:
        return {"position": self.position, **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.position = int(state["position"])
        super().restore(state)


class PadToCardinality(Stage):
    """Dicts with an entry that says whether they are of the input, or of zeros that fill it up to a number."""

    label = "pad_to_cardinality"

    def __init__(self, source: Stage, count: int, mask: str) -> None:
        super().__init__(source)
        self.count, self.mask = count, mask
        spec = source.signature.element_spec
        if not isinstance(spec, dict) or mask in spec:
            raise ArgumentError(
                f"pad_to_cardinality needs dicts without the key {mask!r}.", fix="make such with map().", where=""
            )

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """One more entry."""
        return Signature.of({**self.inputs[0].signature.element_spec, self.mask: TensorSpec((), "bool")})

    def cardinality(self) -> int:
        return self.count

    def packed(self, element: Element, valid: bool) -> Element:
        """An element with the entry."""
        value = self.inputs[0].form.unflatten(element)
        return flatten({**value, self.mask: np.bool_(valid)})[0]

    def zeros(self) -> Element:
        """An element of zeros."""
        return tuple(
            [
                np.full(spec.shape, b"" if spec.dtype == "string" else 0, spec.dtype.numpy)
                for spec in self.inputs[0].signature.specs
            ]
        )

    def open(self, run: Run) -> Any:
        return _PadCursor(self, run)


class _PadCursor(Over):
    position, ended = 0, False

    def __next__(self) -> Element:
        stage = self.stage
        if not self.ended:
            try:
                element = next(self.upstream)
                self.position += 1
                return stage.packed(element, True)
            except StopIteration:
                self.ended = True
        if self.position >= stage.count:
            raise StopIteration
        self.position += 1
        return stage.packed(stage.zeros(), False)

    def state(self) -> dict[str, Any]:
        return {"position": self.position, "ended": self.ended, **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.position, self.ended = int(state["position"]), bool(state["ended"])
        super().restore(state)
