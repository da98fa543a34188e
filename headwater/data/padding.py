"""Batches of elements of several shapes: padded to one, ragged, or sparse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.data import composites, specs
from headwater.data.batching import BatchCursor, batched_size, positive, put_together
from headwater.data.specs import Signature
from headwater.data.stage import Cursor, Run, Stage
from headwater.data.structure import Element, adopted, as_array, as_component, flatten, is_composite
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.ragged_tensor import RaggedTensorSpec
from headwater.frontend.sparse_tensor import SparseTensor, SparseTensorSpec
from headwater.frontend.tensor_spec import TensorSpec


class BatchLike(Stage):
    """A stage that combines `batch_size` elements at a time."""

    keeps_form = True

    def __init__(self, source: Stage, batch_size: Any, drop_remainder: bool) -> None:
        super().__init__(source)
        self.batch_size, self.drop_remainder = positive(batch_size, "batch_size"), bool(drop_remainder)

    @property
    def first_size(self) -> int | None:
        """The size of the first axis, if it is known."""
        return self.batch_size if self.drop_remainder else None

    def cardinality(self) -> int:
        return batched_size(self.inputs[0].cardinality(), self.batch_size, self.drop_remainder)

    def open(self, run: Run) -> Cursor:
        return BatchCursor(self, run)

    def combined(self, elements: Sequence[Element]) -> Element:
        """A batch of elements."""
        raise NotImplementedError


class PaddedBatch(BatchLike):
    """`batch_size` elements at a time, padded at the ends of their axes to one shape.

    Args:
        source, batch_size, drop_remainder: as for `Batch`.
        padded_shapes: a shape for each component; None or -1 in it stands for the largest size of the batch. None for
            what is known of the elements.
        padding_values: a value for each component, or one for all; 0 and empty strings by default.
    """

    label = "padded_batch"

    def __init__(
        self, source: Stage, batch_size: Any, padded_shapes: Any, padding_values: Any, drop_remainder: bool
    ) -> None:
        super().__init__(source, batch_size, drop_remainder)
        self._shapes_given, self._values_given = padded_shapes, padding_values
        self._targets: list[tuple[int | None, ...] | None] | None = None
        self._values: list[Any] | None = None

    @property
    def targets(self) -> list[Any]:
        """The shape that each component is padded to; None for the largest of the batch in each axis."""
        if self._targets is None:
            found = self.inputs[0].signature
            if self._shapes_given is None:
                self._targets = [_known_shape(spec, self.title) for spec in found.specs]
            else:
                given = shapes_of(self._shapes_given, found)
                self._targets = [_checked(shape, spec, self.title) for shape, spec in zip(given, found.specs)]
        return self._targets

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """The padded shapes, with one more axis in front."""
        found = self.inputs[0].signature
        padded = [
            specs.batched(spec if target is None else TensorSpec(target, spec.dtype), self.first_size)
            for spec, target in zip(found.specs, self.targets)
        ]
        return Signature(found.form, padded)

    def combined(self, elements: Sequence[Element]) -> Element:
        if self._values is None:
            self._values = values_of(self._values_given, self.inputs[0].signature)
        return tuple(
            [
                pad_together(column, target, value, self.title)
                for column, target, value in zip(zip(*elements), self.targets, self._values)
            ]
        )


def _known_shape(spec: Any, title: str) -> Any:
    if isinstance(spec, specs.NoneTensorSpec):
        return None
    if not isinstance(spec, TensorSpec):
        raise DTypeError(f"{title}: components of {spec} can't be padded.", fix="use ragged_batch().", where="")
    if spec.shape is None:
        raise ArgumentError(
            f"{title}: the number of axes of a component is not known.", fix="pass padded_shapes.", where=""
        )
    return tuple(spec.shape)


def _checked(shape: Any, spec: Any, title: str) -> tuple[int | None, ...]:
    sizes = tuple(None if size is None or int(size) < 0 else int(size) for size in np.atleast_1d(_list(shape)))
    own = None if not isinstance(spec, TensorSpec) else spec.shape
    if own is None:
        return sizes
    if len(own) != len(sizes):
        raise ShapeError(
            f"{title}: a component of shape {own} can't be padded to {sizes}.",
            fix="give a padded shape of as many axes.",
            where="",
        )
    for size, wanted in zip(own, sizes):
        if size is not None and wanted is not None and size > wanted:
            raise ShapeError(
                f"{title}: a component of shape {own} is larger than the padded shape {sizes}.",
                fix="give a larger padded shape, or None.",
                where="",
            )
    return sizes


def _list(shape: Any) -> Any:
    found = list(shape) if not isinstance(shape, np.ndarray) and not hasattr(shape, "spec") else np.asarray(shape)
    return np.asarray(found, dtype=object) if isinstance(found, list) else found.astype(object)


def shapes_of(given: Any, signature: Signature) -> list[Any]:
    """The shapes that a user gave, one for each component: in the form of the elements, or one for a lone component.

    Raises: ArgumentError if they are of another structure.
    """
    if signature.form.key == "*":
        return [given]
    found = _shape_leaves(given, signature.form.unflatten(range(signature.form.count)))
    if len(found) != signature.form.count:
        raise ArgumentError(
            f"padded_shapes={given!r} does not have the structure {signature.form}.",
            fix="give a shape for each component.",
            where="",
        )
    return found


def _shape_leaves(given: Any, like: Any) -> list[Any]:
    """Walks along the elements' structure: a shape may itself be a tuple."""
    if isinstance(like, dict):
        if not isinstance(given, dict) or set(given) != set(like):
            return []
        return [leaf for key in sorted(like) for leaf in _shape_leaves(given[key], like[key])]
    if isinstance(like, tuple):
        if not isinstance(given, (tuple, list)) or len(given) != len(like):
            return []
        return [leaf for part, item in zip(given, like) for leaf in _shape_leaves(part, item)]
    return [given]


def values_of(given: Any, signature: Signature) -> list[Any]:
    """The padding value of each component.

    Raises: ArgumentError if they are of another structure; DTypeError if one is of another kind.
    """
    if given is None:
        leaves: Sequence[Any] = [None] * signature.form.count
    else:
        leaves, form = flatten(given)
        if len(leaves) == 1 and signature.form.count > 1:
            leaves = list(leaves) * signature.form.count
        elif form != signature.form:
            raise ArgumentError(
                f"padding_values={given!r} does not have the structure {signature.form}.",
                fix="give one value, or one for each component.",
                where="",
            )
    return [_value(value, spec) for value, spec in zip(leaves, signature.specs)]


def _value(value: Any, spec: Any) -> Any:
    if not isinstance(spec, TensorSpec):
        return None
    if value is None:
        return b"" if spec.dtype == "string" else spec.dtype.numpy.type(0)
    found = as_array(as_component(value))
    if (found.dtype.kind == "O") != (spec.dtype == "string") or (found.dtype.kind in "fc" and spec.dtype.is_integer):
        raise DTypeError(
            f"padding value {value!r} does not go into {spec.dtype.name} components.",
            fix="give a value of that dtype.",
            where="",
        )
    return found.item() if found.dtype.kind == "O" else found.astype(spec.dtype.numpy)[()]


def pad_together(components: Sequence[Any], target: Any, value: Any, title: str) -> Any:
    """Components as a batch of one padded shape.

    Raises: ShapeError if one is larger than that.
    """
    if target is None:
        return None
    arrays = [as_array(component) for component in components]
    ranks = {array.ndim for array in arrays} - {len(target)}
    if ranks:
        raise ShapeError(
            f"{title}: a component has {min(ranks)} axes, not {len(target)}.",
            fix="give elements of one number of axes.",
        )
    shape = tuple(
        max(array.shape[axis] for array in arrays) if size is None else size for axis, size in enumerate(target)
    )
    out = np.full((len(arrays), *shape), value, arrays[0].dtype)
    for place, array in enumerate(arrays):
        if any(size > most for size, most in zip(array.shape, shape)):
            raise ShapeError(
                f"{title}: element {place} of a batch has shape {array.shape}, larger than the padded shape {shape}.",
                fix="give a larger padded shape, or None for the largest of each batch.",
            )
        out[(place, *(slice(size) for size in array.shape))] = array
    return adopted(out)


class RaggedBatch(BatchLike):
    """`batch_size` elements at a time; components whose sizes vary become ragged tensors.

    Args:
        source, batch_size, drop_remainder: as for `Batch`.
        row_splits_dtype: int32 or int64.
    """

    label = "ragged_batch"

    def __init__(self, source: Stage, batch_size: Any, drop_remainder: bool, row_splits_dtype: Any) -> None:
        super().__init__(source, batch_size, drop_remainder)
        self.row_splits_dtype = row_splits_dtype

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """Ragged where a size is not known."""
        found = self.inputs[0].signature
        out = []
        for spec in found.specs:
            if _is_ragged_batch(spec):
                rank = ragged_rank(spec)
                out.append(
                    RaggedTensorSpec(
                        [self.first_size, *spec.shape], spec.dtype, rank, self.row_splits_dtype
                    )
                )  # fmt: skip
            else:
                out.append(specs.batched(spec, self.first_size))
        return Signature(found.form, out)

    def combined(self, elements: Sequence[Element]) -> Element:
        found = self.inputs[0].signature
        return tuple([self._combined(column, spec) for column, spec in zip(zip(*elements), found.specs)])

    def _combined(self, components: Sequence[Any], spec: Any) -> Any:
        if is_composite(components[0]):
            return composites.stack(components)
        if not _is_ragged_batch(spec):
            return put_together(components, self.title)
        return composites.ragged_of(
            [as_array(component) for component in components], ragged_rank(spec), self.row_splits_dtype
        )


def _is_ragged_batch(spec: Any) -> bool:
    if isinstance(spec, TensorSpec) and spec.shape is None:
        raise ArgumentError(
            "the number of axes of a component is not known, which a ragged batch needs.",
            fix="give shapes with None for sizes that vary, as in tf.TensorSpec([None]).",
            where="",
        )
    return isinstance(spec, TensorSpec) and None in spec.shape


def ragged_rank(spec: Any) -> int:
    """How many axes of a batch are ragged: up to the last whose size varies."""
    return max(axis for axis, size in enumerate(spec.shape) if size is None) + 1


class SparseBatch(BatchLike):
    """`batch_size` dense elements at a time as one sparse tensor.

    Args:
        source, batch_size: as for `Batch`.
        row_shape: of an element; None or -1 for the largest size of the batch.
    """

    label = "sparse_batch"

    def __init__(self, source: Stage, batch_size: Any, row_shape: Any) -> None:
        super().__init__(source, batch_size, False)
        self.row_shape = tuple(None if size is None or int(size) < 0 else int(size) for size in row_shape)

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """A sparse tensor with one more axis."""
        (spec,) = self.inputs[0].signature.specs
        return specs.single(SparseTensorSpec([None, *self.row_shape], spec.dtype))

    def combined(self, elements: Sequence[Element]) -> Element:
        arrays = [as_array(element[0]) for element in elements]
        largest = [max(array.shape[axis] for array in arrays) for axis in range(len(self.row_shape))]
        shape = [most if size is None else size for size, most in zip(self.row_shape, largest)]
        if any(size > most for size, most in zip(largest, shape)):
            raise ShapeError(
                f"an element of shape {tuple(largest)} is larger than row_shape {tuple(shape)}.",
                fix="give a larger row_shape.",
            )
        indices = [
            np.insert(np.indices(array.shape).reshape(array.ndim, -1).T, 0, place, axis=1)
            for place, array in enumerate(arrays)
        ]
        values = np.concatenate([array.ravel() for array in arrays])
        return (SparseTensor(np.concatenate(indices).astype(np.int64), values, [len(arrays), *shape]),)
