"""What all operations on images begin with: a batch of images with their channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.errors import ShapeError
from headwater.ops.convolution import channels_from_last, channels_to_last
from headwater.ops.defaults import data_format_of
from headwater.ops.operands import reshape_to, tensor


def require_images(images: Any, what: str) -> Any:
    """The images as a tensor.

    Raises: ShapeError unless they have three axes (one image) or four (a batch).
    """
    images = tensor(images)
    if images.spec.ndim not in (3, 4):
        raise ShapeError(
            f"{what}: images of shape {tuple(images.spec.shape)}.",
            fix="give a batch (batch, height, width, channels), or one image without the first axis.",
        )
    return images


def channel_axis(data_format: str | None, what: str) -> int:
    """The axis of the channels, counted from the end."""
    return -1 if data_format_of(data_format, what) == "channels_last" else -3


def over_batch(images: Any, data_format: str | None, what: str, function: Callable[[Any], Any]) -> Any:
    """`function` of the images as a batch, channels last; its result in the form in which the images came."""
    images, data_format = require_images(images, what), data_format_of(data_format, what)
    single = images.spec.ndim == 3
    batch = reshape_to(images, (1, *images.spec.shape)) if single else images
    found = channels_from_last(function(channels_to_last(batch, data_format)), data_format)
    return reshape_to(found, found.spec.shape[1:]) if single else found
