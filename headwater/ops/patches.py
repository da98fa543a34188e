"""Images as columns of blocks, and back: what unrolls a convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import ShapeError
from headwater.ops.operands import permuted, reshape_to, spread, tensor
from headwater.ops.symbolic import op
from headwater.primitives import index
from headwater.primitives import shape as moves
from headwater.primitives.constant import scalar


def _two(value: Any) -> tuple[int, int]:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _places(size: int, block: int, dilation: int, stride: int) -> np.ndarray:
    """For each element of a block, where it lies in each position of the block: (block, positions)."""
    count = max(0, (size - dilation * (block - 1) - 1) // stride + 1)
    return (np.arange(block)[:, None] * dilation + np.arange(count) * stride).astype(np.int32)


@op
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The blocks of images, one column each.

    Args:
        x: images (batch, channels, height, width).
        kernel_size: height and width of a block, one number or two.
        dilation: distance of the pixels of a block.
        padding: rows and columns of zeros on each side.
        stride: distance of neighbouring blocks.
    Returns: a tensor (batch, channels * block height * block width, blocks).
    Raises: ShapeError if `x` has not four axes.
    Source: Chellapilla, Puri and Simard 2006, "High performance convolutional neural networks for document processing".
    """
    x = tensor(x)
    if x.spec.ndim != 4:
        raise ShapeError(f"unfold: shape {tuple(x.spec.shape)}.", fix="give images (batch, channels, height, width).")
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = map(_two, (kernel_size, dilation, padding, stride))
    if ph or pw:
        x = moves.pad(x, scalar(0, x.spec.dtype), low=(0, 0, ph, pw), high=(0, 0, ph, pw), interior=(0, 0, 0, 0))
    batch, channels, height, width = x.spec.shape
    rows, columns = _places(height, kh, dh, sh), _places(width, kw, dw, sw)
    found = index.gather(x, tensor(rows), axis=2, mode="clip")
    found = permuted(index.gather(found, tensor(columns), axis=4, mode="clip"), (0, 1, 2, 4, 3, 5))
    return reshape_to(found, (batch, channels * kh * kw, rows.shape[1] * columns.shape[1]))


@op
def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Images from their blocks, which add up where they overlap.

    Args:
        x: blocks as columns, (batch, channels * block height * block width, blocks).
        output_size: height and width of the images.
        kernel_size, dilation, padding, stride: as for `unfold`.
    Returns: images (batch, channels, height, width).
    Raises: ShapeError if the number of blocks or of their elements does not fit.
    Source: Chellapilla, Puri and Simard 2006, "High performance convolutional neural networks for document processing".
    """
    x = tensor(x)
    (height, width), (kh, kw), (dh, dw), (ph, pw), (sh, sw) = map(
        _two, (output_size, kernel_size, dilation, padding, stride)
    )
    rows, columns = _places(height + 2 * ph, kh, dh, sh), _places(width + 2 * pw, kw, dw, sw)
    if x.spec.ndim != 3 or x.spec.shape[1] % (kh * kw) or x.spec.shape[2] != rows.shape[1] * columns.shape[1]:
        raise ShapeError(
            f"fold: blocks of shape {tuple(x.spec.shape)} for images of {height} x {width}.",
            fix=f"give (batch, channels * {kh * kw}, {rows.shape[1] * columns.shape[1]}).",
        )
    batch, channels = x.spec.shape[0], x.spec.shape[1] // (kh * kw)
    full = (height + 2 * ph, width + 2 * pw)
    flat = (rows[:, None, :, None] * full[1] + columns[None, :, None, :]).reshape(-1, 1).astype(np.int32)
    values = permuted(reshape_to(x, (batch * channels, kh * kw * x.spec.shape[2])), (1, 0))
    zeros = spread(scalar(0, x.spec.dtype), (full[0] * full[1], batch * channels))
    added = index.scatter(zeros, tensor(flat), values, kind="add", mode="clip")
    images = reshape_to(permuted(added, (1, 0)), (batch, channels, *full))
    if not ph and not pw:
        return images
    return moves.slice_(
        images, starts=(0, 0, ph, pw), limits=(batch, channels, ph + height, pw + width), strides=(1, 1, 1, 1)
    )
