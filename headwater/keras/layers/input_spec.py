"""InputSpec: what a layer demands of its inputs, and the check of it."""

from __future__ import annotations

from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, DTypeError, ShapeError


class InputSpec:
    """Rank, sizes and dtype that an input of a layer must have.

    Args:
        dtype: expected dtype.
        shape: expected shape, None where any size will do.
        ndim: expected number of axes.
        max_ndim, min_ndim: bounds of the number of axes.
        axes: dict from axis to its expected size.
        allow_last_axis_squeeze: whether an input may lack, or have, a last axis of size 1.
        name: name of the input, for inputs given as a dict.
        optional: whether None will do.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else str(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name, self.optional = name, optional
        limit = self.ndim if self.ndim is not None else self.max_ndim
        for axis in self.axes:
            if limit is not None and axis >= limit:
                raise ArgumentError(
                    f"axis {axis} is greater than the last axis, {limit - 1}.", fix="name axes that exist."
                )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this spec again."""
        names = ["dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes"]
        return {name: getattr(self, name) for name in names} | {"optional": self.optional}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """The spec that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")}
        return f"InputSpec({', '.join(f'{name}={value}' for name, value in shown.items() if value)})"


def check_inputs(input_spec: Any, inputs: Any, layer_name: str) -> None:
    """Raise unless `inputs` fit `input_spec`.

    Args:
        input_spec: an InputSpec or a structure of them; None demands nothing.
        inputs: a tensor or a structure of them.
        layer_name: for messages.
    Raises: ShapeError, DTypeError, ArgumentError.
    """
    if input_spec is None:
        return
    specs = tree.leaves(input_spec)
    if isinstance(inputs, dict) and all(spec.name is not None for spec in specs):
        missing = [spec.name for spec in specs if spec.name not in inputs and not spec.optional]
        if missing:
            raise ArgumentError(
                f"layer {layer_name!r} expects inputs named {[spec.name for spec in specs]}; {missing} are missing.",
                fix=f"add them to the dict; it has {sorted(inputs)}.",
            )
        values = [inputs.get(spec.name) for spec in specs]
    else:
        values = tree.leaves(inputs)
    if len(values) != len(specs):
        raise ArgumentError(
            f"layer {layer_name!r} expects {len(specs)} input(s), and received {len(values)} input tensors.",
            fix="pass the inputs as one list, tuple or dict with an entry for each.",
        )
    for index, (value, spec) in enumerate(zip(values, specs)):
        if spec is not None and not (value is None and spec.optional):
            _check_one(spec, value, f"Input {index} of layer {layer_name!r} is incompatible with the layer:")


def _check_one(spec: InputSpec, value: Any, what: str) -> None:
    shape = tuple(value.shape)
    ndim = len(shape)
    if spec.ndim is not None and not spec.allow_last_axis_squeeze and ndim != spec.ndim:
        raise ShapeError(
            f"{what} expected ndim={spec.ndim}, found ndim={ndim}. Full shape received: {shape}.",
            fix=_rank_fix(ndim, spec.ndim, shape),
        )
    if spec.max_ndim is not None and ndim > spec.max_ndim:
        raise ShapeError(
            f"{what} expected max_ndim={spec.max_ndim}, found ndim={ndim}.", fix="flatten or reshape the input."
        )
    if spec.min_ndim is not None and ndim < spec.min_ndim:
        raise ShapeError(
            f"{what} expected min_ndim={spec.min_ndim}, found ndim={ndim}. Full shape received: {shape}.",
            fix=_rank_fix(ndim, spec.min_ndim, shape),
        )
    if spec.dtype is not None and str(value.dtype) != spec.dtype:
        raise DTypeError(f"{what} expected dtype={spec.dtype}, found dtype={value.dtype}.", fix="cast the input.")
    for axis, size in spec.axes.items():
        if size is not None and shape[axis] not in (size, None):
            raise ShapeError(
                f"{what} expected axis {axis} of input shape to have value {size}, "
                f"but received input with shape {shape}.",
                fix=f"feed inputs with {size} entries along axis {axis}, or build a new layer for {shape[axis]}.",
            )
    if spec.shape is not None:
        _check_shape(spec, shape, what)


def _check_shape(spec: InputSpec, shape: tuple, what: str) -> None:
    expected, found = spec.shape, shape
    if spec.allow_last_axis_squeeze:
        if expected and expected[-1] == 1:
            expected = expected[:-1]
        while len(found) > len(expected) and found[-1] == 1:
            found = found[:-1]
    differ = len(expected) != len(found) or any(
        wanted is not None and size is not None and wanted != size for wanted, size in zip(expected, found)
    )
    if differ:
        raise ShapeError(
            f"{what} expected shape={spec.shape}, found shape={shape}.",
            fix=f"feed inputs of shape {spec.shape}, where None is any size.",
        )


def _rank_fix(found: int, wanted: int, shape: tuple) -> str:
    if found + 1 == wanted:
        return f"add an axis: x[None] for one sample (shape {(1, *shape)}), x[..., None] for one channel."
    return "reshape the input." if found < wanted else "flatten the input, or index away what is too much."
