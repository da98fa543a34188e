"""Buckets of lengths: which one an element belongs to, and what its batches are padded to."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.data.padding import shapes_of
from headwater.data.specs import Signature
from headwater.data.structure import as_array, as_component
from headwater.errors import ArgumentError, ShapeError


class Buckets:
    """Lengths cut at boundaries.

    Args:
        boundaries: rising lengths; bucket i has those from boundary i - 1 up to boundary i, without it.
        sizes: elements in a batch of each bucket.
        to_boundary: whether batches are padded to the longest length that their bucket may have.
    Raises: ArgumentError if these don't fit together.
    """

    def __init__(self, boundaries: Any, sizes: Any, to_boundary: bool) -> None:
        self.boundaries, self.sizes = [int(b) for b in boundaries], [int(size) for size in sizes]
        self.to_boundary = to_boundary
        if len(self.sizes) != len(self.boundaries) + 1 or self.boundaries != sorted(set(self.boundaries)):
            raise ArgumentError(
                f"{len(self.boundaries)} boundaries {self.boundaries} and {len(self.sizes)} batch sizes "
                "don't make buckets.",
                fix="give rising boundaries, and one batch size more than boundaries.",
                where="",
            )

    def of_length(self, length: Any) -> Any:
        """The number of the bucket of a length."""
        return np.int64(np.searchsorted(self.boundaries, int(as_array(as_component(length))), side="right"))

    def shapes(self, bucket: int, padded_shapes: Any, signature: Signature) -> Any:
        """The shapes that a bucket's batches are padded to."""
        if not self.to_boundary:
            return padded_shapes
        if bucket == len(self.boundaries):
            raise ShapeError(
                f"an element is as long as the last boundary {self.boundaries[-1]}, or longer: none to pad it to.",
                fix="filter out such elements, or give more boundaries.",
            )
        longest = self.boundaries[bucket] - 1
        given = (
            [spec.shape for spec in signature.specs] if padded_shapes is None else shapes_of(padded_shapes, signature)
        )
        shapes = [tuple(longest if size in (None, -1) else size for size in shape) for shape in given]
        return signature.form.unflatten(shapes)
