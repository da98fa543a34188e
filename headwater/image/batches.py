"""What the functions of `tf.image` begin with: an image, or a batch of them, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.ops.convert import convert_to_tensor


def image_tensor(image: Any, what: str) -> Any:
    """The image, or the batch, as a tensor.

    Raises: ShapeError unless it has three axes or four.
    """
    image = convert_to_tensor(image)
    if len(image.shape) not in (3, 4):
        raise ShapeError(
            f"{what}: an image of shape {tuple(image.shape)}.",
            fix="give (height, width, channels), or a batch of such images.",
        )
    return image


def at_least_image(image: Any, what: str) -> Any:
    """The image, or any number of them, as a tensor.

    Raises: ShapeError unless it has three axes or more.
    """
    image = convert_to_tensor(image)
    if len(image.shape) < 3:
        raise ShapeError(f"{what}: an image of shape {tuple(image.shape)}.", fix="give (..., height, width, channels).")
    return image


def by_batch(image: Any, what: str, function: Callable[[Any], Any]) -> Any:
    """`function` of a batch; its result without the axis of the batch if one image was given."""
    image = image_tensor(image, what)
    if len(image.shape) == 4:
        return function(image)
    return ops.squeeze(function(ops.expand_dims(image, 0)), 0)


def flattened(image: Any, what: str, function: Callable[[Any], Any]) -> Any:
    """`function` of one batch of images, whatever number of axes the images have in front."""
    image = at_least_image(image, what)
    front, shape = tuple(image.shape[:-3]), tuple(image.shape[-3:])
    found = function(ops.reshape(image, (-1, *shape)))
    return ops.reshape(found, (*front, *found.shape[1:]))
