"""Where elements come from: values in memory, counters, Python's generators."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.data import specs
from headwater.data.composites import Rows
from headwater.data.specs import Signature
from headwater.data.stage import INFINITE, UNKNOWN, Cursor, Run, Stage, noted
from headwater.data.structure import Element, Form, as_array, as_component, as_tensor, flatten, is_composite, is_opaque
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.tensor import Tensor
from headwater.ops.convert import convert_to_tensor


class Counted(Cursor):
    """A cursor whose place is a number."""

    position = 0

    def state(self) -> dict[str, Any]:
        return {"position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        self.position = int(state["position"])


class Elements(Stage):
    """A source of elements that are there.

    Args:
        elements: flat tuples of components.
        signature: of them.
    """

    label = "elements"

    def __init__(self, elements: Sequence[Element], signature: Signature) -> None:
        super().__init__()
        self.elements = elements
        self.signature = signature  # type: ignore[misc]

    def cardinality(self) -> int:
        return len(self.elements)

    def open(self, run: Run) -> Cursor:
        return _ElementsCursor(self)


class _ElementsCursor(Counted):
    def __init__(self, stage: Elements) -> None:
        self.stage = stage

    def __next__(self) -> Element:
        if self.position >= len(self.stage.elements):
            raise StopIteration
        self.position += 1
        return self.stage.elements[self.position - 1]


def from_tensors(value: Any) -> Elements:
    """A source of one element."""
    components, form = flatten(value)
    element = tuple(map(as_component, components))
    stage = Elements([element], Signature.of_values(element, form))
    stage.label = "from_tensors"
    return stage


class Slices(Stage):
    """A source of the rows of arrays.

    Args:
        components: arrays, or ragged or sparse tensors, of one first size.
        form: how a row's components nest.
    Raises: ShapeError if there are none, one has no axes, or the sizes differ.
    """

    label = "from_tensor_slices"

    def __init__(self, components: Sequence[Any], form: Form) -> None:
        super().__init__()
        if not components:
            raise ArgumentError("there is nothing to take rows of.", fix="give at least one array.", where="")
        self.components = list(map(_kept, components))
        found = Signature.of_values(self.components, form)
        self.signature = Signature(form, map(_row_spec, found.specs))  # type: ignore[misc]
        sizes = [_first_size(component) for component in self.components]
        if len(set(sizes)) > 1:
            raise ShapeError(
                f"arrays of {' and '.join(map(str, dict.fromkeys(sizes)))} rows can't be taken apart together.",
                fix="give arrays of one first size.",
                where="",
            )
        self.size = sizes[0]

    def cardinality(self) -> int:
        return self.size

    def open(self, run: Run) -> Cursor:
        return _SlicesCursor(self)

    def row(self, place: int) -> Element:
        """One element by its place."""
        return tuple([component[place] for component in self.readable])

    @functools.cached_property
    def readable(self) -> list[Any]:
        """The components as what is quickly indexed: tensors as arrays on their memory."""
        return [np.asarray(c) if isinstance(c, Tensor) else Rows(c) if is_composite(c) else c for c in self.components]


def _row_spec(spec: Any) -> Any:
    if isinstance(spec, specs.NoneTensorSpec):
        raise DTypeError("None has no rows.", fix="leave it out, or add it in map().", where="")
    if isinstance(spec, specs.TensorSpec) and not spec.shape:
        raise ShapeError(
            "a number has no rows to take apart.", fix="use from_tensors(), or give an array with an axis.", where=""
        )
    return specs.unbatched(spec)


def _kept(value: Any) -> Any:
    """A component as a source keeps it: what the user does to his array later doesn't change it. Maps of files stay
    on their files."""
    if is_opaque(value) or isinstance(value, np.memmap):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind not in "OSU":
        return convert_to_tensor(value)
    found = as_component(value)
    return found if isinstance(found, Tensor) or as_array(found).dtype.kind == "O" else convert_to_tensor(found)


def _first_size(component: Any) -> int:
    return int(component.shape[0]) if not is_composite(component) else len(Rows(component))


class _SlicesCursor(Counted):
    def __init__(self, stage: Slices) -> None:
        self.size, self.row = stage.size, stage.row

    def __next__(self) -> Element:
        position = self.position
        if position >= self.size:
            raise StopIteration
        self.position = position + 1
        return self.row(position)


def from_tensor_slices(value: Any) -> Slices:
    """A source of the rows of a structure of arrays."""
    return Slices(*flatten(value))


class Range(Stage):
    """A source of whole or real numbers: start, start + step, ... before stop; without end if stop is None.

    Args:
        start, stop, step: numbers.
        dtype: of the elements.
    """

    label = "range"

    def __init__(self, start: Any, stop: Any, step: Any, dtype: Any = "int64") -> None:
        super().__init__()
        if step == 0:
            raise ArgumentError("a range with a step of 0 has no end.", fix="pass another step.", where="")
        self.start, self.stop, self.step = start, stop, step
        self.dtype = as_dtype(dtype)
        self.signature = specs.single(specs.TensorSpec((), self.dtype))  # type: ignore[misc]
        self.size = None if stop is None else max(0, -int((start - stop) // step))

    def cardinality(self) -> int:
        return INFINITE if self.size is None else self.size

    def values(self, places: np.ndarray) -> Element:
        """The numbers at several places, as one component."""
        return ((self.start + places * self.step).astype(self.dtype.numpy),)

    def open(self, run: Run) -> Cursor:
        return _RangeCursor(self)


class _RangeCursor(Counted):
    def __init__(self, stage: Range) -> None:
        self.stage, self.size = stage, stage.size
        self.make = stage.dtype.numpy.type

    def __next__(self) -> Element:
        position = self.position
        if self.size is not None and position >= self.size:
            raise StopIteration
        self.position = position + 1
        return (self.make(self.stage.start + position * self.stage.step),)


class Generated(Stage):
    """A source that calls a function for an iterator of Python and gives what that gives.

    Args:
        generator: called without arguments for each pass; gives an iterable.
        signature: what each item must be; None to take the first item for it.
        args: tensors that `generator` is called with.
    """

    label = "from_generator"

    def __init__(self, generator: Callable[..., Any], signature: Signature | None = None, args: Any = ()) -> None:
        super().__init__()
        self.generator, self.args = generator, args
        self.given = signature
        self.seen: Signature | None = None
        self.begun: tuple[Element, Any] | None = None  # a first element that was asked for, and what is left

    @functools.cached_property
    def signature(self) -> Signature:  # type: ignore[override]
        """As given; otherwise form, dtypes and ranks are those of the first item."""
        if self.given is None and self.seen is None:
            with contextlib.suppress(StopIteration):
                self.first()
        found = self.given or self.seen
        if found is None:
            raise ArgumentError(
                "the generator gave no item, from which the elements could be known.", fix="pass output_signature."
            )
        return found

    def first(self) -> Element:
        """The first element, which the next pass begins with: whatever the generator reads from is read once."""
        if self.begun is None:
            cursor = _GeneratorCursor(self)
            self.begun = next(cursor), cursor.items
        return self.begun[0]

    @functools.cached_property
    def converters(self) -> list[Callable[[Any], Any]]:
        """For each component, what makes it what its spec says."""
        return list(map(_converter, self.signature.specs))

    def open(self, run: Run) -> Cursor:
        return _GeneratorCursor(self)


class _GeneratorCursor(Cursor):
    """Converts items by the dtypes of their specs; a place is restored by taking so many items anew."""

    def __init__(self, stage: Generated) -> None:
        self.stage = stage
        self.position = 0
        self.items: Any = None

    def __next__(self) -> Element:
        if self.items is None:
            begun, self.stage.begun = self.stage.begun, None
            if begun is not None:
                element, self.items = begun
                self.position = 1
                return element
            self.items = self._begun()
        try:
            item = next(self.items)
        except StopIteration:
            raise
        except Exception as error:
            raise noted(error, f"{self.stage.title}, element {self.position}") from None
        element = self._converted(item)
        self.position += 1
        return element

    def _begun(self) -> Any:
        try:
            return iter(self.stage.generator(*self.stage.args))
        except StopIteration as error:
            raise noted(RuntimeError("the generator function raised StopIteration"), self.stage.title) from error
        except Exception as error:
            raise noted(error, self.stage.title) from None

    def _converted(self, item: Any) -> Element:
        signature = self.stage.given or self.stage.seen
        try:
            if signature is None:
                return self._first(item)
            components, form = flatten(_as_form(item, signature.form))
            if form is not signature.form and form != signature.form:
                raise ArgumentError(
                    f"the generator gave an item of the structure {form}, not {signature.form}.",
                    fix="yield items of one structure, or pass another output_signature.",
                )
            return tuple([convert(component) for convert, component in zip(self.stage.converters, components)])
        except Exception as error:
            raise noted(error, f"{self.stage.title}, element {self.position}") from None

    def _first(self, item: Any) -> Element:
        components, form = flatten(_as_form(item, None))
        element = tuple([_own(as_component(component)) for component in components])
        self.stage.seen = Signature.of_values(element, form).relaxed()
        return element

    def state(self) -> dict[str, Any]:
        return {"position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        self.items, self.position = None, 0
        while self.position < state["position"]:
            next(self)


def _as_form(item: Any, form: Form | None) -> Any:
    """An item as it was meant: a list stands for a tuple where the signature says tuple."""
    if type(item) is list and form is not None and form.key != "*":
        return tuple(item)
    return item


def _own(component: Any) -> Any:
    """A copy of an array: a generator may fill the same one again."""
    return component.copy() if type(component) is np.ndarray else component


def _converter(spec: Any) -> Callable[[Any], Any]:
    """A function that makes of an item's component what its spec says; quick for what is that already."""
    if not isinstance(spec, specs.TensorSpec) or spec.shape is None or spec.dtype == "string":
        return lambda value: _given(value, spec)
    dtype, rank = spec.dtype.numpy, len(spec.shape)
    exact = tuple(spec.shape) if None not in spec.shape else None
    make = dtype.type if spec.dtype.is_inexact or spec.dtype == "int64" else None

    def convert(value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray and value.dtype == dtype:
            if value.shape == exact or (exact is None and spec.shape.is_compatible_with(value.shape)):
                return value.copy()
        elif rank == 0 and make is not None and (kind is int or (kind is float and make is not np.int64)):
            return make(value)
        return _given(value, spec)

    return convert


def _given(value: Any, spec: Any) -> Any:
    """An item's component as its spec says.

    Raises: ShapeError, DTypeError if it is none.
    """
    if not isinstance(spec, specs.TensorSpec):
        if not specs.fits(value, spec):
            raise DTypeError(f"a component {type(value).__name__} is not {spec}.", fix="yield what the spec says.")
        return value
    kind = type(value)
    if kind in (int, float, bool) and spec.shape is not None and len(spec.shape) == 0 and spec.dtype != "string":
        return _number(value, spec.dtype)
    array = _own(as_array(_in_dtype(value, spec)))
    if spec.shape is not None and not spec.shape.is_compatible_with(array.shape):
        raise ShapeError(
            f"a component has shape {array.shape}, where {spec.shape} was expected.",
            fix="yield arrays of that shape, or pass an output_signature with None for sizes that vary.",
        )
    return array


def _number(value: Any, dtype: Any) -> Any:
    if type(value) is float and not dtype.is_inexact and not value.is_integer():
        raise DTypeError(f"{value!r} is no {dtype.name}.", fix="yield whole numbers, or pass another dtype.")
    try:
        return dtype.numpy.type(value)
    except OverflowError:
        raise DTypeError(f"{value!r} does not fit into {dtype.name}.", fix="choose a wider dtype.") from None


def _in_dtype(value: Any, spec: Any) -> Any:
    """An item's component as an array of the dtype of its spec, as TensorFlow casts it; a fraction is no whole number,
    though."""
    try:
        array = as_array(as_component(value))
    except (TypeError, ValueError) as error:
        raise DTypeError(
            f"an item {value!r:.80} can't be made {spec.dtype.name}: {str(error).splitlines()[0]}",
            fix="yield values of that dtype, or pass another one.",
        ) from None
    own = as_dtype(array.dtype)
    if own is spec.dtype:
        return array
    if "string" in (own, spec.dtype) or (own.is_complex and not spec.dtype.is_complex):
        raise DTypeError(
            f"a component has dtype {own.name}, where {spec.dtype.name} was expected.",
            fix="yield arrays of that dtype, or pass another one.",
        )
    cast = array.astype(spec.dtype.numpy)
    if own.is_floating and spec.dtype.is_integer and not np.array_equal(cast, array):
        raise DTypeError(
            f"a component of dtype {own.name} has fractions, where {spec.dtype.name} was expected.",
            fix="round what the generator yields, or pass another dtype.",
        )
    return cast


def random_numbers(seed: int | None, rerandomize: bool | None) -> Stage:
    """A source of random whole numbers from 0 to 2**32 - 1, without end."""
    return Random(seed, bool(rerandomize) or (rerandomize is None and seed is None))


class Random(Stage):
    """A source of random whole numbers."""

    label = "random"

    def __init__(self, seed: int | None, fresh: bool) -> None:
        from headwater.data.randomness import Seed

        super().__init__()
        self.seed = Seed(seed, fresh)
        self.signature = specs.single(specs.TensorSpec((), "int64"))  # type: ignore[misc]

    def cardinality(self) -> int:
        return INFINITE

    def open(self, run: Run) -> Cursor:
        return _RandomCursor(self, run)


class _RandomCursor(Cursor):
    def __init__(self, stage: Random, run: Run) -> None:
        self.draws = stage.seed.draws(run)

    def __next__(self) -> Element:
        return (np.int64(self.draws.next() * 2**32),)

    def state(self) -> dict[str, Any]:
        return self.draws.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.draws.restore(state)


__all__ = [
    "UNKNOWN", "Elements", "Generated", "Range", "Slices", "as_tensor", "from_tensor_slices", "from_tensors",
    "random_numbers",
]  # fmt: skip
