"""OrthogonalRegularizer: a penalty on what rows, or columns, have in common."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.regularizers.norms import Regularizer, strength


class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cosine| between different rows (or columns) of a matrix.

    Args:
        factor: weight of the penalty.
        mode: "rows" or "columns".
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = strength(factor, "factor")
        if mode not in ("rows", "columns"):
            raise ArgumentError(f"{mode!r} can't be made orthogonal.", fix="use 'rows' or 'columns'.")
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        if len(x.shape) != 2:
            raise ShapeError(
                f"weights of shape {tuple(x.shape)} are not a matrix.", fix="use another regularizer for them."
            )
        vectors = ops.convert_to_tensor(x) if self.mode == "rows" else ops.transpose(x)
        count = vectors.shape[0]
        unit = ops.normalize(vectors, axis=1)
        cosines = ops.matmul(unit, ops.transpose(unit))
        shared = ops.sum(ops.absolute(ops.multiply(cosines, ops.subtract(1.0, ops.eye(count, dtype=x.dtype)))))
        return ops.multiply(shared, ops.cast(self.factor / (count * (count - 1.0)), x.dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this regularizer again."""
        return {"factor": self.factor, "mode": self.mode}
