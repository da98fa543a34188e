"""Stages and results in which a state goes from element to element: reduce, scan, and choices that keep a balance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.data.calls import Call
from headwater.data.randomness import Seed
from headwater.data.specs import Signature, paired, single
from headwater.data.stage import Over, Run, Stage
from headwater.data.structure import Element, Form, as_array, as_component, as_tensor, flatten, tuple_form
from headwater.errors import ArgumentError
from headwater.frontend.tensor_spec import TensorSpec


class StateAndElement(Stage):
    """What a folding function is called with: not opened, it only has the form of that."""

    label = "state and element"

    def __init__(self, source: Stage, state: Element, form: Form) -> None:
        super().__init__(source)
        self.state_signature = Signature.of_values(state, form)

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """A pair: the state, and the element."""
        return paired(self.state_signature, self.inputs[0].signature)

    @property
    def form(self) -> Form:
        return tuple_form([self.state_signature.form, self.inputs[0].form])

    def open(self, run: Run) -> Any:
        return _BesideState(self, run)


class _BesideState(Over):
    """Pairs of the state's specs' zeros and an element: to know what the function returns."""

    def __next__(self) -> Element:
        zeros = [_zero(spec) for spec in self.stage.state_signature.specs]
        return (*zeros, *next(self.upstream))


def _zero(spec: Any) -> Any:
    if not isinstance(spec, TensorSpec):
        return None
    value = b"" if spec.dtype == "string" else spec.dtype.numpy.type(0)
    return np.full([size or 0 for size in spec.shape or ()], value, spec.dtype.numpy)


def components_of(value: Any) -> tuple[Element, Form]:
    """A state that a user gave, as components."""
    leaves, form = flatten(tuple(value) if type(value) is list else value)
    return tuple(map(as_component, leaves)), form


def reduce(source: Stage, initial_state: Any, function: Callable[[Any, Any], Any], run: Run) -> Any:
    """The state after the last element.

    Args:
        source: the elements.
        initial_state: the state before the first.
        function: the next state, for a state and an element.
        run: that the elements are read in.
    Raises: ArgumentError if the function returns a state of another structure.
    """
    state, form = components_of(initial_state)
    pairs = StateAndElement(source, state, form)
    pairs.label = "reduce"
    call = Call(function, pairs, pairs)
    call.form = form
    active = call.begin(run)
    for index, element in enumerate(run.open(source)):
        state = active((*state, *element), index)
    return form.unflatten([as_tensor(component) for component in state])


class Scan(Stage):
    """An output for each element, of a function that takes and gives a state, too.

    Args:
        source: the input.
        initial_state: the state before the first element.
        function: next state and output, for a state and an element.
    """

    label = "scan"

    def __init__(self, source: Stage, initial_state: Any, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(source)
        self.initial, self.state_form = components_of(initial_state)
        self.call = Call(function, StateAndElement(source, self.initial, self.state_form), self)

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """That of the outputs."""
        element_spec = self.call.signature.element_spec
        if type(element_spec) is not tuple or len(element_spec) != 2:
            raise self.wrong(element_spec)
        return Signature.of(element_spec[1])

    def wrong(self, found: Any) -> ArgumentError:
        """What to raise if the function doesn't return a pair."""
        return ArgumentError(
            f"{self.title}: the function returned {found}, not a state and an output.",
            fix="return (new_state, output).",
            where="",
        )

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    def open(self, run: Run) -> Any:
        return _ScanCursor(self, run)


class _ScanCursor(Over):
    def __init__(self, stage: Scan, run: Run) -> None:
        super().__init__(stage, run)
        self.call = stage.call.begin(run)
        self.carried = stage.initial
        self.index = 0

    def __next__(self) -> Element:
        element = next(self.upstream)
        found = self.call((*self.carried, *element), self.index)
        form = self.call.of.form
        size = self.stage.state_form.count
        if form is None or form.key[0] is not tuple or len(form.key[1]) != 2:
            raise self.stage.wrong(form)
        if form.key[1][0] != self.stage.state_form.key:
            raise ArgumentError(
                f"{self.stage.title}: the new state has not the structure {self.stage.state_form} of the initial one.",
                fix="return a state of one structure.",
            )
        self.index += 1
        self.carried = found[:size]
        return found[size:]

    def state(self) -> dict[str, Any]:
        return {"carried": self.carried, "index": self.index, "call": self.call.state(), **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.carried, self.index = tuple(state["carried"]), int(state["index"])
        self.call.restore(state["call"])
        super().restore(state)


class RejectionResample(Stage):
    """Elements, with their classes, left out so that the classes are as frequent as was asked for.

    Args:
        source: the input.
        class_func: the class of an element, a whole number.
        target_dist: how frequent each class shall be.
        initial_dist: how frequent it is; estimated while the elements come by, if it is None.
        seed: what the draws follow from.
    """

    label = "rejection_resample"

    def __init__(self, source: Stage, class_func: Any, target_dist: Any, initial_dist: Any, seed: Any) -> None:
        super().__init__(source)
        self.call = Call(class_func, source, self)
        self.target = _distribution(target_dist)
        self.initial = None if initial_dist is None else _distribution(initial_dist)
        self.seed = Seed(seed)

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """The class, and the element."""
        return paired(single(self.call.signature.specs[0]), self.inputs[0].signature)

    def open(self, run: Run) -> Any:
        return _RejectionCursor(self, run)


def _distribution(values: Any) -> np.ndarray:
    found = as_array(as_component(values)).astype(np.float64)
    if found.ndim != 1 or (found < 0).any() or not found.sum() > 0:
        raise ArgumentError(f"{values!r} is no distribution.", fix="give a probability for each class.", where="")
    return found / found.sum()


class _RejectionCursor(Over):
    def __init__(self, stage: RejectionResample, run: Run) -> None:
        super().__init__(stage, run)
        self.call = stage.call.begin(run)
        self.draws = stage.seed.draws(run)
        self.counts = np.ones(len(stage.target))
        self.index = 0

    def __next__(self) -> Element:
        while True:
            element = next(self.upstream)
            found = self.call(element, self.index)
            self.index += 1
            kind = int(as_array(found[0]))
            if not 0 <= kind < len(self.counts):
                raise ArgumentError(
                    f"{self.stage.title}: class {kind} is none of {len(self.counts)}.",
                    fix="give a target probability for each class.",
                )
            self.counts[kind] += 1
            if self.draws.next() < self._acceptance()[kind]:
                return (found[0], *element)

    def _acceptance(self) -> np.ndarray:
        initial = self.counts / self.counts.sum() if self.stage.initial is None else self.stage.initial
        ratios = np.divide(self.stage.target, initial, out=np.zeros_like(initial), where=initial > 0)
        return ratios / ratios.max()

    def state(self) -> dict[str, Any]:
        return {
            "counts": self.counts.copy(), "index": self.index, "draws": self.draws.state(), "call": self.call.state(),
            **super().state(),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.counts, self.index = np.array(state["counts"]), int(state["index"])
        self.draws.restore(state["draws"])
        self.call.restore(state["call"])
        super().restore(state)


class Rebatch(Stage):
    """The rows of its input's batches in batches of other sizes.

    Args:
        source: the input.
        sizes: of the batches, in turn.
        drop_remainder: whether a smaller last batch is left out.
    """

    keeps_form = True
    label = "rebatch"

    def __init__(self, source: Stage, sizes: Sequence[int], drop_remainder: bool) -> None:
        super().__init__(source)
        self.sizes, self.drop_remainder = list(sizes), bool(drop_remainder)
        if not self.sizes or any(size < 0 for size in self.sizes) or not any(self.sizes):
            raise ArgumentError(f"batch sizes {self.sizes} are not positive.", fix="pass e.g. 32.", where="")

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """The first size is known only if there is one, and no batch is smaller."""
        found = self.inputs[0].signature
        size = self.sizes[0] if self.drop_remainder and len(set(self.sizes)) == 1 else None
        return Signature(found.form, [TensorSpec([size, *spec.shape[1:]], spec.dtype) for spec in found.specs])

    def open(self, run: Run) -> Any:
        return _RebatchCursor(self, run)


class _RebatchCursor(Over):
    def __init__(self, stage: Rebatch, run: Run) -> None:
        super().__init__(stage, run)
        self.held: list[np.ndarray] | None = None  # rows that no batch has yet
        self.index, self.ended = 0, False

    def __next__(self) -> Element:
        size = self.stage.sizes[self.index % len(self.stage.sizes)]
        while not self.ended and (self.held is None or len(self.held[0]) < size):
            self._read()
        rows = 0 if self.held is None else len(self.held[0])
        if (rows < size and (self.stage.drop_remainder or not rows)) or self.held is None or (self.ended and not rows):
            raise StopIteration
        self.index += 1
        batch, self.held = [array[:size] for array in self.held], [array[size:] for array in self.held]
        return tuple(batch)

    def _read(self) -> None:
        try:
            arrays = [as_array(component) for component in next(self.upstream)]
        except StopIteration:
            self.ended = True
            return
        self.held = arrays if self.held is None else [np.concatenate(pair) for pair in zip(self.held, arrays)]

    def state(self) -> dict[str, Any]:
        held = None if self.held is None else list(self.held)
        return {"held": held, "index": self.index, "ended": self.ended, **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.held = None if state["held"] is None else list(state["held"])
        self.index, self.ended = int(state["index"]), bool(state["ended"])
        super().restore(state)
