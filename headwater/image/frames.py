"""Parts of images, and images with borders."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.prelude import before_programs
from headwater.image.batches import at_least_image, by_batch, image_tensor
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import int_of, is_known, known


def _place(value: Any) -> Any:
    """An offset: an int, or a tensor that a trace knows no value of."""
    return int_of(value, "an offset", "offset") if is_known(value) else ops.cast(value, "int32")


def _block(image: Any, top: Any, left: Any, height: int, width: int) -> Any:
    """A part of the rows and columns, which may begin at places that are known only later."""
    front = len(image.shape) - 3
    if isinstance(top, int) and isinstance(left, int):
        return image[(*[slice(None)] * front, slice(top, top + height), slice(left, left + width))]
    starts = ops.stack([ops.cast(start, "int32") for start in (*[0] * front, top, left, 0)])
    return ops.slice(image, starts, (*image.shape[:front], height, width, image.shape[-1]))


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """A part of an image, or of each image of a batch.

    Args:
        image: (height, width, channels), or a batch.
        offset_height, offset_width: first row and column of the part.
        target_height, target_width: its size.
    Raises: ArgumentError if the part does not lie in the image.
    Example:
        >>> crop_to_bounding_box(np.ones((5, 6, 3)), 1, 2, 3, 4).shape
        TensorShape([3, 4, 3])
    """
    image = image_tensor(image, "crop_to_bounding_box")
    top, left = _place(offset_height), _place(offset_width)
    height, width = (int_of(size, "crop_to_bounding_box", "target") for size in (target_height, target_width))
    for start, size, whole in zip((top, left), (height, width), image.shape[-3:-1]):
        if isinstance(start, int) and not (start >= 0 and size > 0 and start + size <= whole):
            raise ArgumentError(
                f"crop_to_bounding_box: {size} of an axis of {whole}, from {start} on.",
                fix="choose a part that lies in the image, and is not empty.",
            )
    return _block(image, top, left, height, width)


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """An image, or a batch, in a larger frame of zeros.

    Args:
        image: (height, width, channels), or a batch.
        offset_height, offset_width: where in the frame its first row and column lie.
        target_height, target_width: size of the frame.
    Raises: ArgumentError if the image does not fit.
    Example:
        >>> pad_to_bounding_box(np.ones((2, 2, 1)), 1, 0, 4, 3).shape
        TensorShape([4, 3, 1])
    """
    image = image_tensor(image, "pad_to_bounding_box")
    top, left = _place(offset_height), _place(offset_width)
    height, width = (int_of(size, "pad_to_bounding_box", "target") for size in (target_height, target_width))
    for start, size, whole in zip((top, left), image.shape[-3:-1], (height, width)):
        if size > whole or (isinstance(start, int) and not 0 <= start <= whole - size):
            raise ArgumentError(
                f"pad_to_bounding_box: an axis of {size} in a frame of {whole}, from {start} on.",
                fix="choose a frame that holds the image.",
            )
    front = len(image.shape) - 3
    if not (isinstance(top, int) and isinstance(left, int)):
        frame = ops.zeros((*image.shape[:front], height, width, image.shape[-1]), image.dtype)
        starts = ops.stack([ops.cast(start, "int32") for start in (*[0] * front, top, left, 0)])
        return ops.slice_update(frame, starts, image)
    below, right = height - top - image.shape[-3], width - left - image.shape[-2]
    return ops.pad(image, [*[(0, 0)] * front, (top, below), (left, right), (0, 0)])


def _of_target(image: Any, target_height: Any, target_width: Any) -> Any:
    """Shape and dtype of an image of another size, while its own is not known."""
    image = image_tensor(image, "resize_with_crop_or_pad")
    size = (int_of(each, "resize_with_crop_or_pad", "target") for each in (target_height, target_width))
    return (*image.shape[:-3], *size, image.shape[-1]), image.dtype


@before_programs(_of_target)
def resize_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """An image of another size, without resizing: cut about its middle, or with zeros around it.

    Args:
        image: (height, width, channels), or a batch.
        target_height, target_width: the size.
    Raises: ArgumentError if a size is not positive.
    """
    height, width = (int_of(size, "resize_with_crop_or_pad", "target") for size in (target_height, target_width))
    if height <= 0 or width <= 0:
        raise ArgumentError(f"resize_with_crop_or_pad: a size of ({height}, {width}).", fix="give positive sizes.")

    def fitted(images: Any) -> Any:
        tall, wide = images.shape[1:3]
        images = _block(
            images, max((tall - height) // 2, 0), max((wide - width) // 2, 0), min(tall, height), min(wide, width)
        )
        top, left = max((height - tall) // 2, 0), max((width - wide) // 2, 0)
        return pad_to_bounding_box(images, top, left, height, width)

    return by_batch(image, "resize_with_crop_or_pad", fitted)


def central_crop(image: Any, central_fraction: float) -> Any:
    """The middle of an image, or of each image of a batch.

    Args:
        image: (height, width, channels), or a batch.
        central_fraction: share of the height and of the width that is kept; above 0, up to 1.
    Raises: ArgumentError for another share.
    """
    image = image_tensor(image, "central_crop")
    share = float(known(central_fraction, "central_crop", "central_fraction"))
    if not 0.0 < share <= 1.0:
        raise ArgumentError(f"central_crop: central_fraction={share}.", fix="give a share above 0, up to 1.")
    height, width = image.shape[-3:-1]
    top, left = int((height - height * share) / 2), int((width - width * share) / 2)
    return _block(image, top, left, height - 2 * top, width - 2 * left)


def block_at(value: Any, starts: Any, size: Any, what: str) -> Any:
    """A block of a tensor of any rank, at places that may be known only later.

    Raises: ShapeError if it is larger than the tensor.
    """
    value = convert_to_tensor(value)
    sizes = tuple(int(each) for each in known(size, what, "size").reshape(-1))
    sizes = tuple(whole if each == -1 else each for each, whole in zip(sizes, value.shape))
    if len(sizes) != len(value.shape) or any(each > whole for each, whole in zip(sizes, value.shape)):
        raise ShapeError(
            f"{what}: a block of shape {sizes} of a tensor of shape {tuple(value.shape)}.",
            fix="give a size for each axis, none larger than the tensor's.",
        )
    room = ops.convert_to_tensor([whole - each + 1 for each, whole in zip(sizes, value.shape)], "int32")
    return ops.slice(value, starts(room), sizes)


def flip_left_right(image: Any) -> Any:
    """An image, or a batch, with left and right swapped."""
    return ops.flip(image_tensor(image, "flip_left_right"), axis=-2)


def flip_up_down(image: Any) -> Any:
    """An image, or a batch, with top and bottom swapped."""
    return ops.flip(image_tensor(image, "flip_up_down"), axis=-3)


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Any:
    """An image, or a batch, turned counter-clockwise.

    Args:
        image: (height, width, channels), or a batch.
        k: by how many quarters; a traced tensor only for square images.
    Raises: ShapeError for a number of quarters that is known later, and images that are not square.
    """
    image = image_tensor(image, "rot90")
    axes = (len(image.shape) - 3, len(image.shape) - 2)
    if is_known(k):
        return ops.rot90(image, k=int_of(k, "rot90", "k"), axes=axes)
    if image.shape[-3] != image.shape[-2]:
        raise ShapeError(
            f"rot90: an image of shape {tuple(image.shape)} by a number of quarters that is known only later.",
            fix="give k as an int, or square images.",
        )
    turns = [lambda x, quarters=quarters: ops.rot90(x, k=quarters, axes=axes) for quarters in range(4)]
    return ops.switch(ops.mod(ops.cast(k, "int32"), 4), turns, image)


def transpose(image: Any, name: str | None = None) -> Any:
    """An image, or a batch, with rows and columns swapped."""
    return ops.swapaxes(image_tensor(image, "transpose"), -3, -2)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """Images of one channel with three equal ones.

    Raises: ShapeError for another number of channels.
    """
    images = convert_to_tensor(images)
    if not images.shape or images.shape[-1] != 1:
        raise ShapeError(f"grayscale_to_rgb: images of shape {tuple(images.shape)}.", fix="give one channel.")
    return ops.broadcast_to(images, (*images.shape[:-1], 3))


def total_variation(images: Any, name: str | None = None) -> Any:
    """How much neighbouring pixels differ: the sum of their absolute differences, for each image."""
    images = image_tensor(images, "total_variation")
    down, right = (ops.abs(ops.diff(images, axis=axis)) for axis in (-3, -2))
    return ops.sum(down, axis=(-3, -2, -1)) + ops.sum(right, axis=(-3, -2, -1))


def image_gradients(image: Any) -> tuple[Any, Any]:
    """How pixels differ from the next row, and from the next column: two tensors of the shape of the batch, 0 at the
    end.

    Raises: ShapeError unless the images have four axes.
    """
    image = at_least_image(image, "image_gradients")
    if len(image.shape) != 4:
        raise ShapeError(f"image_gradients: images of shape {tuple(image.shape)}.", fix="give a batch of images.")
    ends = [(0, 0)] * 4
    down, right = ([*ends[:axis], (0, 1), *ends[axis + 1 :]] for axis in (1, 2))
    return ops.pad(ops.diff(image, axis=1), down), ops.pad(ops.diff(image, axis=2), right)
