"""Windows that slide over the spatial axes of a batch (batch, *spatial, channels): what convolution and pooling share.

Window `o` of an axis begins at `o * stride - low` and holds `window` places, `dilation` apart; places outside of the
axis are padding. A negative padding cuts elements off.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from headwater.errors import ShapeError

Pairs = tuple[tuple[int, int], ...]


def output_size(
    size: int | None, window: int | None, stride: int, padding: tuple[int, int], dilation: int
) -> int | None:
    """How many windows fit an axis; below 1 if none does, None if a size is not known."""
    if size is None or window is None:
        return None
    return (size + padding[0] + padding[1] - (window - 1) * dilation - 1) // stride + 1


def output_sizes(
    name: str,
    sizes: Sequence[int | None],
    window: Sequence[int | None],
    strides: Sequence[int],
    padding: Pairs,
    dilation: Sequence[int],
) -> tuple[Any, ...]:
    """How many windows fit each spatial axis.

    Raises: ShapeError if the arguments are not for as many axes, or a window does not fit.
    """
    if not len(sizes) == len(window) == len(strides) == len(padding) == len(dilation):
        raise ShapeError(
            f"{name}: a window {tuple(window)} with strides {tuple(strides)}, padding {padding} and dilation "
            f"{tuple(dilation)} on {len(sizes)} spatial axes {tuple(sizes)}.",
            fix="give one number for each spatial axis.",
        )
    if any(stride < 1 for stride in strides) or any(step < 1 for step in dilation):
        raise ShapeError(
            f"{name}: strides {tuple(strides)} and dilation {tuple(dilation)} must be 1 or more.",
            fix="use positive steps.",
        )
    found = tuple(map(output_size, sizes, window, strides, padding, dilation))
    for axis, count in enumerate(found):
        if count is not None and count < 1:
            reach = (window[axis] - 1) * dilation[axis] + 1  # type: ignore[operator]
            raise ShapeError(
                f"{name}: a window of {reach} does not fit spatial axis {axis} of size {sizes[axis]} with padding "
                f"{padding[axis]}; input {tuple(sizes)}, window {tuple(window)}.",
                fix='feed larger inputs, use padding "same", or a smaller window.',
            )
    return found


def padded(numpy: Any, x: Any, padding: Pairs, fill: Any) -> Any:
    """`x` with its spatial axes padded by what of `padding` is positive."""
    widths = [(0, 0), *((max(low, 0), max(high, 0)) for low, high in padding), (0, 0)]
    return numpy.pad(x, widths, constant_values=fill)


def taps(
    window: Sequence[int], counts: Sequence[int], strides: Sequence[int], padding: Pairs, dilation: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each place of the window: its index, and where the windows have it in the padded input."""
    for place in itertools.product(*map(range, window)):
        starts = [at * step + max(-pair[0], 0) for at, step, pair in zip(place, dilation, padding)]
        yield (
            place,
            tuple(
                slice(start, start + (count - 1) * stride + 1, stride)
                for start, count, stride in zip(starts, counts, strides)
            ),
        )


def inside(sizes: Sequence[int], padding: Pairs) -> tuple[slice, ...]:
    """Where the input lies in what `padded` makes of it."""
    return tuple(slice(max(low, 0), max(low, 0) + size) for size, (low, _) in zip(sizes, padding))
