"""Image files from pixels, through Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from headwater import ops
from headwater.control import numpy_function
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.tensor_spec import TensorSpec
from headwater.image.batches import image_tensor
from headwater.image.dtypes import convert_image_dtype
from headwater.image.files import as_tensor, image_of, opened, pixels_of
from headwater.image.png16 import written
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import is_known, known


def _pixels(image: Any, what: str, dtypes: tuple[str, ...], channels: tuple[int, ...]) -> np.ndarray:
    """Pixels (..., height, width, channels) on the host.

    Raises: DTypeError for another dtype; ShapeError for another shape.
    """
    pixels = known(convert_to_tensor(image), what, "image")
    if pixels.dtype.name not in dtypes:
        raise DTypeError(
            f"{what}: an image of dtype {pixels.dtype.name}.",
            fix=f"convert it with tf.image.convert_image_dtype to {' or '.join(dtypes)}.",
        )
    if pixels.ndim < 3 or pixels.shape[-1] not in channels or 0 in pixels.shape:
        raise ShapeError(
            f"{what}: an image of shape {pixels.shape}.",
            fix=f"give (height, width, channels), with {', '.join(map(str, channels))} channels.",
        )
    return pixels


def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Any:
    """A JPEG file of an image, as a string tensor.

    Args:
        image: uint8 (height, width, channels), with one channel or three.
        format: "grayscale", "rgb", or "" by the number of channels.
        quality: 0 to 100.
        progressive: whether the image appears in steps while it is loaded.
        optimize_size: whether to make the file smaller by looking twice.
        chroma_downsampling: whether colours have half the resolution.
        density_unit, x_density, y_density: pixels per inch ("in") or centimetre ("cm").
        xmp_metadata: metadata to store.
    Raises: DTypeError or ShapeError for other images; ArgumentError for other arguments.
    """
    pixels = _pixels(image, "encode_jpeg", ("uint8",), (1, 3))
    wanted = {"": pixels.shape[-1], "grayscale": 1, "rgb": 3}.get(format)
    if pixels.ndim != 3 or wanted != pixels.shape[-1]:
        raise ShapeError(
            f"encode_jpeg: an image of shape {pixels.shape} as format {format!r}.",
            fix="give one channel for 'grayscale', three for 'rgb'.",
        )
    scale = {"in": 1.0, "cm": 2.54}.get(density_unit)
    if scale is None:
        raise ArgumentError(f"encode_jpeg: density_unit {density_unit!r}.", fix="use 'in' or 'cm'.")
    more = {"xmp": xmp_metadata.encode()} if xmp_metadata else {}
    return _file(
        pixels, "JPEG", quality=_quality(quality), progressive=progressive, optimize=optimize_size,
        subsampling=2 if chroma_downsampling else 0, dpi=(x_density * scale, y_density * scale), **more,
    )  # fmt: skip


def _quality(quality: Any) -> int:
    found = int(known(quality, "encode_jpeg", "quality"))
    if not 0 <= found <= 100:
        raise ArgumentError(f"a JPEG quality of {found}.", fix="use 0 to 100.")
    return found


def _file(pixels: np.ndarray, kind: str, **options: Any) -> Any:
    file = io.BytesIO()
    image_of(pixels).save(file, kind, **options)
    return convert_to_tensor(file.getvalue())


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Any:
    """PNG files of images, as a string tensor.

    Args:
        image: uint8 or uint16 (..., height, width, channels), with one to four channels.
        compression: 0 (none) to 9; -1 for the usual.
    Returns: strings (...).
    Raises: DTypeError or ShapeError for other images; ArgumentError for another compression.
    """
    if not -1 <= compression <= 9:
        raise ArgumentError(f"encode_png: compression={compression}.", fix="use -1 to 9.")
    pixels = _pixels(image, "encode_png", ("uint8", "uint16"), (1, 2, 3, 4))
    front = pixels.shape[:-3]
    files = np.empty(int(np.prod(front)), object)
    for number, each in enumerate(pixels.reshape(-1, *pixels.shape[-3:])):
        if each.dtype == np.uint16:
            files[number] = written(each, compression)
        else:
            files[number] = np.asarray(_file(each, "PNG", compress_level=6 if compression < 0 else compression))[()]
    return convert_to_tensor(files.reshape(front) if front else files[0])


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, dct_method: str = "", name: str | None = None) -> Any:
    """An image after it was a JPEG file of that quality.

    Args:
        image: (height, width, channels), with one channel or three; integers, or floats from 0 to 1.
        jpeg_quality: 0 to 100; a traced tensor too.
        dct_method: not used.
    Raises: ShapeError for another number of channels.
    """
    image = image_tensor(image, "adjust_jpeg_quality")
    if len(image.shape) != 3 or image.shape[-1] not in (1, 3):
        raise ShapeError(f"adjust_jpeg_quality: an image of shape {tuple(image.shape)}.", fix="give 1 or 3 channels.")
    pixels = convert_image_dtype(image, "uint8", saturate=True)
    if is_known(pixels) and is_known(jpeg_quality):
        found = as_tensor(_worsened(np.asarray(pixels), known(jpeg_quality, "adjust_jpeg_quality", "jpeg_quality")))
    else:
        spec = TensorSpec(tuple(image.shape), "uint8")
        found = numpy_function(_worsened, [pixels, ops.cast(jpeg_quality, "int32")], [spec], stateful=False)[0]
    return convert_image_dtype(found, image.dtype, saturate=True)


def _worsened(pixels: np.ndarray, quality: Any) -> np.ndarray:
    file = io.BytesIO()
    image_of(pixels).save(file, "JPEG", quality=_quality(quality), subsampling=2)
    with opened(file.getvalue(), "adjust_jpeg_quality", ("JPEG",)) as image:
        return np.array(pixels_of(image, pixels.shape[-1]))
