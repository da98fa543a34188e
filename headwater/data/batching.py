"""Batches: elements put together, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.data import composites, specs
from headwater.data.composites import is_ragged_row
from headwater.data.rows import RowsCursor, over_rows
from headwater.data.sources import Slices
from headwater.data.specs import Signature
from headwater.data.stage import Cursor, Over, Run, Stage, noted
from headwater.data.structure import Element, adopted, as_array, is_composite, stack
from headwater.errors import ArgumentError, DTypeError, HeadwaterError

_NOT_ASKED = object()


def positive(value: Any, name: str) -> int:
    """A size that a user passed.

    Raises: ArgumentError if it is no whole number above 0.
    """
    try:
        size = int(value)
    except (TypeError, ValueError):
        size = 0
    if size < 1 or size != value:
        raise ArgumentError(f"{name}={value!r} is not a positive whole number.", fix="pass e.g. 32.", where="")
    return size


def batched_size(size: int, batch_size: int, drop_remainder: bool) -> int:
    """How many batches `size` elements make."""
    return size if size < 0 else size // batch_size if drop_remainder else -(-size // batch_size)


def put_together(components: Sequence[Any], what: str) -> Any:
    """Components of one shape as a batch."""
    first = components[0]
    if first is None:
        return None
    spec = specs.spec_of(first)
    if isinstance(spec, specs.TensorSpec):
        return adopted(stack(components, spec.dtype, what))
    if is_composite(first):
        return composites.stack(components)
    raise DTypeError(f"{what}: components of {spec} can't be batched.", fix="turn them into tensors with map().")


def ragged_specs(stage: Stage) -> Sequence[Any] | None:
    """The specs of a stage's components, if some may be rows of ragged tensors: batches of those are ragged again."""
    for source in stage.walk():
        if isinstance(source, (Slices, Unbatch)) and any(map(is_ragged_row, source.signature.specs)):
            return stage.signature.specs
    return None


class Batch(Stage):
    """`batch_size` elements at a time.

    Args:
        source: the input.
        batch_size: elements in a batch.
        drop_remainder: whether a smaller last batch is left out.
    """

    keeps_form = True
    label = "batch"

    def __init__(self, source: Stage, batch_size: Any, drop_remainder: bool) -> None:
        super().__init__(source)
        self.batch_size, self.drop_remainder = positive(batch_size, "batch_size"), bool(drop_remainder)
        self._ragged: Any = _NOT_ASKED

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """One more axis in front, of a size that is known if no batch is smaller."""
        return self.inputs[0].signature.batched(self.batch_size if self.drop_remainder else None)

    def cardinality(self) -> int:
        return batched_size(self.inputs[0].cardinality(), self.batch_size, self.drop_remainder)

    def open(self, run: Run) -> Cursor:
        rows = over_rows(self.inputs[0])
        if rows is not None:
            return RowsCursor(rows, self.batch_size, self.drop_remainder, run)
        return BatchCursor(self, run)

    def combined(self, elements: Sequence[Element]) -> Element:
        """A batch of elements."""
        if self._ragged is _NOT_ASKED:
            self._ragged = ragged_specs(self.inputs[0])
        if self._ragged is None:
            return tuple([put_together(column, self.title) for column in zip(*elements)])
        return tuple([self._of_spec(column, spec) for column, spec in zip(zip(*elements), self._ragged)])

    def _of_spec(self, components: Sequence[Any], spec: Any) -> Any:
        if is_ragged_row(spec):
            return composites.ragged_of(list(map(as_array, components)), 1, spec.row_splits_dtype)
        return put_together(components, self.title)


class BatchCursor(Over):
    """Takes elements and combines them; cuts batches from the columns of an input that has them."""

    index = 0

    def __init__(self, stage: Any, run: Run) -> None:
        super().__init__(stage, run)
        self.take_batch = getattr(self.upstream, "take_batch", None) if isinstance(stage, Batch) else None

    def _cut(self) -> Element:
        batch = self.take_batch(self.stage.batch_size)
        if batch is None or (self.stage.drop_remainder and len(batch[0]) < self.stage.batch_size):
            raise StopIteration
        return batch

    def __next__(self) -> Element:
        stage = self.stage
        if self.take_batch is not None:
            return self._cut()
        elements = self.upstream.take(stage.batch_size)
        if not elements or (stage.drop_remainder and len(elements) < stage.batch_size):
            raise StopIteration
        self.index += 1
        try:
            return stage.combined(elements)
        except HeadwaterError as error:
            raise noted(error, f"{stage.title}, batch {self.index - 1}") from None


class Unbatch(Stage):
    """The rows of its input's elements."""

    keeps_form = True
    label = "unbatch"

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """One axis less in front."""
        found = self.inputs[0].signature
        return Signature(found.form, map(specs.unbatched, found.specs))

    def cardinality(self) -> int:
        source = self.inputs[0]
        size = source.cardinality()
        if size < 0 or not source.signature.is_dense:
            return size
        rows = {spec.shape[0] for spec in source.signature.specs if spec.shape}
        known = rows - {None}
        return size * known.pop() if len(known) == 1 else -2

    def open(self, run: Run) -> Cursor:
        return _UnbatchCursor(self, run)


class _UnbatchCursor(Over):
    """Holds the element whose rows it gives."""

    def __init__(self, stage: Unbatch, run: Run) -> None:
        super().__init__(stage, run)
        self.current: Element = ()
        self.size = self.row = 0

    def __next__(self) -> Element:
        while self.row >= self.size:
            self._enter(next(self.upstream), 0)
        self.row += 1
        return tuple([None if c is None else c[self.row - 1] for c in self.current])

    def _enter(self, element: Element, row: int) -> None:
        self.current = tuple([_rowwise(component) for component in element])
        sizes = {len(c) for c in self.current if c is not None}
        if len(sizes) > 1:
            raise ArgumentError(
                f"{self.stage.title}: the components of an element have {' and '.join(map(str, sorted(sizes)))} rows.",
                fix="give components of one first size.",
                where="",
            )
        self.size, self.row = sizes.pop() if sizes else 0, row

    def state(self) -> dict[str, Any]:
        current = tuple(c.whole if isinstance(c, composites.Rows) else c for c in self.current)
        return {"current": current, "row": self.row, **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self._enter(state["current"], int(state["row"]))
        super().restore(state)


def _rowwise(component: Any) -> Any:
    if component is None:
        return None
    return composites.Rows(component) if is_composite(component) else as_array(component)
