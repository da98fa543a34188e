"""What is known of a data set's elements before there are any: a spec for each component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.data import composites
from headwater.data.structure import LEAF, Form, as_array, flatten, is_composite, tuple_form
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.tensor_spec import TensorSpec


class NoneTensorSpec:
    """The spec of a component that is None."""

    value_type = type(None)

    def is_compatible_with(self, other: Any) -> bool:
        """True for None and another such spec."""
        return other is None or isinstance(other, NoneTensorSpec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoneTensorSpec)

    def __hash__(self) -> int:
        return hash(NoneTensorSpec)

    def __repr__(self) -> str:
        return "NoneTensorSpec()"


class DatasetSpec:
    """The spec of a component that is itself a data set.

    Args:
        element_spec: the structure of specs of its elements.
    """

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec = element_spec
        self.dataset_shape = tuple(dataset_shape)

    @property
    def value_type(self) -> type:
        """Dataset."""
        from headwater.data.dataset import Dataset

        return Dataset

    @classmethod
    def from_value(cls, value: Any) -> DatasetSpec:
        """The spec of a data set."""
        return cls(value.element_spec)

    def is_compatible_with(self, other: Any) -> bool:
        """True if a data set, or another spec, could be what this one describes."""
        try:
            given, own = flatten(other.element_spec), flatten(self.element_spec)
        except AttributeError:
            return False
        return given[1] == own[1] and all(map(is_compatible, own[0], given[0]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and self.element_spec == other.element_spec

    def __hash__(self) -> int:
        return hash((DatasetSpec, flatten(self.element_spec)[0]))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, TensorShape({list(self.dataset_shape)}))"


class OptionalSpec:
    """The spec of a component that is an Optional.

    Args:
        element_spec: the structure of specs of the value that it may hold.
    """

    def __init__(self, element_spec: Any) -> None:
        self.element_spec = element_spec

    @classmethod
    def from_value(cls, value: Any) -> OptionalSpec:
        """The spec of an Optional."""
        return cls(value.element_spec)

    def is_compatible_with(self, other: Any) -> bool:
        """True for an Optional, or spec of one, of such values."""
        return isinstance(other, OptionalSpec) and self.element_spec == other.element_spec

    def __eq__(self, other: object) -> bool:
        return self.is_compatible_with(other)

    def __hash__(self) -> int:
        return hash((OptionalSpec, flatten(self.element_spec)[0]))

    def __repr__(self) -> str:
        return f"OptionalSpec({self.element_spec!r})"


class IteratorSpec(DatasetSpec):
    """The spec of an iterator over a data set.

    Args:
        element_spec: the structure of specs of its elements.
    """

    def __repr__(self) -> str:
        return f"IteratorSpec({self.element_spec!r})"


class Signature:
    """The form of the elements and a spec for each of their components."""

    __slots__ = ("form", "specs")

    def __init__(self, form: Form, specs: Sequence[Any]) -> None:
        self.form, self.specs = form, tuple(specs)

    @classmethod
    def of(cls, element_spec: Any) -> Signature:
        """The signature of a structure of specs."""
        specs, form = flatten(element_spec)
        return cls(form, specs)

    @classmethod
    def of_values(cls, components: Sequence[Any], form: Form) -> Signature:
        """The signature of one element."""
        return cls(form, map(spec_of, components))

    @property
    def element_spec(self) -> Any:
        """The specs in their form."""
        return self.form.unflatten(self.specs)

    @property
    def is_dense(self) -> bool:
        """True if every component is a tensor."""
        return all(isinstance(spec, TensorSpec) for spec in self.specs)

    @property
    def is_static(self) -> bool:
        """True if every component is a tensor whose sizes are all known."""
        return self.is_dense and all(spec.shape is not None and None not in spec.shape for spec in self.specs)

    def batched(self, size: int | None) -> Signature:
        """With one more axis in front."""
        return Signature(self.form, [batched(spec, size) for spec in self.specs])

    def relaxed(self) -> Signature:
        """With all sizes open."""
        return Signature(self.form, map(relaxed, self.specs))

    def merged(self, other: Signature, what: str) -> Signature:
        """What is true of elements of both.

        Raises: ArgumentError if they can't stand in one data set.
        """
        if self.form != other.form:
            raise ArgumentError(
                f"{what}: the elements have the structures {self.form} and {other.form}.",
                fix="bring them to one structure with map().",
            )
        return Signature(self.form, [merged(a, b, what) for a, b in zip(self.specs, other.specs)])


def paired(*signatures: Signature) -> Signature:
    """The signature of tuples of elements."""
    form = tuple_form([signature.form for signature in signatures])
    return Signature(form, [spec for signature in signatures for spec in signature.specs])


def single(spec: Any) -> Signature:
    """The signature of elements of one component."""
    return Signature(LEAF, [spec])


def spec_of(component: Any) -> Any:
    """The spec of a component."""
    if component is None:
        return NoneTensorSpec()
    if getattr(type(component), "is_data_component", False):
        return component._type_spec
    if is_composite(component):
        return composites.spec_of_composite(component)
    if hasattr(component, "spec") and not isinstance(component, np.ndarray):
        return TensorSpec(component.spec.shape, component.spec.dtype)
    if type(component) is bytes:
        return TensorSpec((), "string")
    return TensorSpec(np.shape(component), as_dtype(component.dtype))


def batched(spec: Any, size: int | None) -> Any:
    """The spec of a batch of `size` such components; None for a size that varies."""
    if isinstance(spec, TensorSpec):
        return TensorSpec(None if spec.shape is None else (size, *spec.shape), spec.dtype)
    if isinstance(spec, NoneTensorSpec):
        return spec
    if isinstance(spec, composites.COMPOSITE_SPECS):
        return composites.batched(spec, size)
    raise DTypeError(f"components of {spec} can't be batched.", fix="turn them into tensors with map().")


def unbatched(spec: Any) -> Any:
    """The spec of one of a batch."""
    if isinstance(spec, TensorSpec):
        if spec.shape is not None and len(spec.shape) == 0:
            raise ShapeError("elements of no axes can't be taken apart.", fix="give them a first axis.")
        return TensorSpec(None if spec.shape is None else spec.shape[1:], spec.dtype)
    return spec if isinstance(spec, NoneTensorSpec) else composites.unbatched(spec)


def relaxed(spec: Any) -> Any:
    """The spec with all sizes open, for what one component was seen of."""
    if isinstance(spec, TensorSpec) and spec.shape is not None:
        return TensorSpec((None,) * len(spec.shape), spec.dtype)
    return spec


def merged(a: Any, b: Any, what: str) -> Any:
    """The spec of components that one or the other describes.

    Raises: DTypeError if their dtypes or kinds differ.
    """
    if a == b:
        return a
    if isinstance(a, DatasetSpec) and isinstance(b, DatasetSpec):
        return DatasetSpec(Signature.of(a.element_spec).merged(Signature.of(b.element_spec), what).element_spec)
    if not (isinstance(a, TensorSpec) and isinstance(b, TensorSpec)) or a.dtype is not b.dtype:
        found = composites.merged(a, b) if isinstance(a, composites.COMPOSITE_SPECS) else None
        if found is not None:
            return found
        raise DTypeError(f"{what}: components of {a} and {b} don't fit together.", fix="cast them in map().")
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return TensorSpec(None, a.dtype)
    return TensorSpec([m if m == n else None for m, n in zip(a.shape, b.shape)], a.dtype)


def is_compatible(spec: Any, other: Any) -> bool:
    """Whether a component of `other`, a spec, may stand where `spec` is expected."""
    if isinstance(spec, TensorSpec) != isinstance(other, TensorSpec):
        return False
    return spec.is_compatible_with(other)


def fits(component: Any, spec: Any) -> bool:
    """Whether a component is what its spec says."""
    if not isinstance(spec, TensorSpec):
        return spec.is_compatible_with(component) if component is None else spec_fits_value(component, spec)
    array = component if hasattr(component, "shape") else as_array(component)
    return as_dtype(array.dtype) is spec.dtype and (spec.shape is None or spec.shape.is_compatible_with(array.shape))


def spec_fits_value(component: Any, spec: Any) -> bool:
    """As `fits`, for components that are no tensors."""
    return spec.is_compatible_with(spec_of(component))
