"""Images from the contents of files."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.prelude import before_programs
from headwater.image.dtypes import convert_image_dtype
from headwater.image.files import as_tensor, checked_channels, contents_of, kind_of, opened, pixels_of
from headwater.image.jpeg import is_fast, jpeg_pixels
from headwater.image.png16 import depth_of, sixteen_bits
from headwater.ops.operands import known


def _still(contents: Any, channels: Any = 0, *settings: Any, dtype: Any = "uint8", **others: Any) -> Any:
    """Shape and dtype of the pixels of a file that was not read yet."""
    return (None, None, int(channels) if channels else None), as_dtype(dtype)


def _still_in(contents: Any, channels: Any = 0, dtype: Any = "uint8", *settings: Any, **others: Any) -> Any:
    """The same, where the dtype is the third argument."""
    return _still(contents, channels, dtype=dtype)


def _cut(contents: Any, crop_window: Any, channels: Any = 0, *settings: Any, **others: Any) -> Any:
    return _still(contents, channels)


def _any_image(
    contents: Any, channels: Any = 0, dtype: Any = "uint8", name: Any = None, expand_animations: bool = True
) -> Any:
    """The same for `decode_image`: a file may hold several frames."""
    shape, dtype = _still(contents, channels, dtype=dtype)
    return None if expand_animations else shape, dtype


@before_programs(_still)
def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Any:
    """The pixels of a JPEG file; PNG, GIF (its first frame) and BMP files are decoded too, as TensorFlow does.

    Args:
        contents: bytes, or a string tensor without axes.
        channels: 0 for as many as the file has; 1 for grey; 3 for red, green and blue.
        ratio: 1, 2, 4 or 8: decode at that fraction of the size.
        fancy_upscaling: whether colours are smoothed; Pillow always does it.
        dct_method: "INTEGER_FAST", the default, or "INTEGER_ACCURATE": as in TensorFlow, bit by bit, where
            simplejpeg is installed. Pillow, which reads files otherwise, has the accurate one alone: the two are up to
            3 of 255 apart.
        try_recover_truncated: not used: a file that is cut off is an error.
        acceptable_fraction: not used.
    Returns: uint8 (height, width, channels).
    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without Pillow.
    """
    data, fast = contents_of(contents, "decode_jpeg"), is_fast(dct_method, "decode_jpeg")
    if kind_of(data) not in ("", "JPEG"):
        return decode_image(data, channels, expand_animations=False)
    channels = checked_channels(channels, (0, 1, 3), "decode_jpeg")
    return as_tensor(jpeg_pixels(data, channels, "decode_jpeg", ratio, fast, fancy_upscaling))


@before_programs(_cut)
def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Any:
    """A part of the pixels of a JPEG file.

    Args:
        contents: bytes, or a string tensor without axes.
        crop_window: its top, left, height and width.
        channels, ratio, fancy_upscaling, dct_method: as for `decode_jpeg`.
        try_recover_truncated, acceptable_fraction: not used.
    Returns: uint8 (height, width, channels).
    Raises: ArgumentError as `decode_jpeg` does, and if the part does not lie in the image.
    """
    channels = checked_channels(channels, (0, 1, 3), "decode_and_crop_jpeg")
    data, fast = contents_of(contents, "decode_and_crop_jpeg"), is_fast(dct_method, "decode_and_crop_jpeg")
    pixels = jpeg_pixels(data, channels, "decode_and_crop_jpeg", ratio, fast, fancy_upscaling)
    window = known(crop_window, "decode_and_crop_jpeg", "crop_window").reshape(-1).tolist()
    top, left, height, width = (*window, 0, 0, 0, 0)[:4]
    if len(window) != 4 or min(top, left) < 0 or min(height, width) < 1 or (
        top + height > pixels.shape[0] or left + width > pixels.shape[1]
    ):  # fmt: skip
        raise ArgumentError(
            f"decode_and_crop_jpeg: crop_window {window} of an image of {pixels.shape[0]} x {pixels.shape[1]}.",
            fix="give (top, left, height, width) of a part of the image.",
        )
    return as_tensor(pixels[top : top + height, left : left + width])


@before_programs(_still_in)
def decode_png(contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None) -> Any:
    """The pixels of a PNG file; JPEG, GIF (its first frame) and BMP files are decoded too, as TensorFlow does.

    Args:
        contents: bytes, or a string tensor without axes.
        channels: 0 for as many as the file has; 1 grey, 3 colours, 4 colours and opacity.
        dtype: "uint8" or "uint16": files of 16 bits keep them in the latter.
    Returns: (height, width, channels).
    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without Pillow.
    """
    data, dtype = contents_of(contents, "decode_png"), as_dtype(dtype)
    if dtype.name not in ("uint8", "uint16"):
        raise ArgumentError(f"decode_png: dtype {dtype.name}.", fix="use 'uint8' or 'uint16'.")
    if kind_of(data) not in ("", "PNG"):
        return decode_image(data, channels, dtype, expand_animations=False)
    channels = checked_channels(channels, (0, 1, 3, 4), "decode_png")
    pixels = _png(data, channels, dtype.name == "uint16", "decode_png")
    return as_tensor(_stretched(pixels) if dtype.name == "uint16" and pixels.dtype == np.uint8 else pixels)


def _png(data: bytes, channels: int, wide: bool, what: str) -> np.ndarray:
    with opened(data, what, ("PNG",)) as image:
        if depth_of(data) != 16:
            return pixels_of(image, channels)
        image.load()  # Pillow checks the whole file, and keeps 8 of 16 bits
        pixels = sixteen_bits(data, channels, what)
        return pixels if wide else (pixels >> 8).astype(np.uint8)


def _stretched(pixels: np.ndarray) -> np.ndarray:
    """Samples of 8 bits in 16: repeated, as libpng does."""
    return pixels.astype(np.uint16) * 257


@before_programs(_still)
def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Any:
    """The pixels of a BMP file: uint8 (height, width, channels).

    Args:
        contents: bytes, or a string tensor without axes.
        channels: 0 for as many as the file has; or that number.
    Raises: ArgumentError for a file that is broken, or has another number of channels; ImportError without Pillow.
    """
    channels = checked_channels(channels, (0, 1, 3, 4), "decode_bmp")
    with opened(contents_of(contents, "decode_bmp"), "decode_bmp", ("BMP",)) as image:
        return as_tensor(pixels_of(image, channels))


def _frames(data: bytes, what: str, first: bool = False) -> np.ndarray:
    with opened(data, what, ("GIF",)) as image:
        count = 1 if first else getattr(image, "n_frames", 1)
        frames = []
        for number in range(count):
            image.seek(number)
            frames.append(pixels_of(image, 3))
        return np.stack(frames)


@before_programs(lambda contents, name=None: ((None, None, None, 3), as_dtype("uint8")))
def decode_gif(contents: Any, name: str | None = None) -> Any:
    """The frames of a GIF file: uint8 (frames, height, width, 3).

    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without Pillow.
    """
    return as_tensor(_frames(contents_of(contents, "decode_gif"), "decode_gif"))


def _by_pillow(contents: Any, channels: int, dtype: Any, what: str, kind: str) -> Any:
    channels = checked_channels(channels, (0, 1, 3, 4), what)
    with opened(contents_of(contents, what), what, (kind,)) as image:
        found = pixels_of(image, channels)
    return convert_image_dtype(as_tensor(found), dtype)


@before_programs(lambda *args, **kwargs: ((None, *_still_in(*args, **kwargs)[0]), _still_in(*args, **kwargs)[1]))
def decode_webp(contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None) -> Any:
    """The frames of a WebP file: (frames, height, width, channels).

    Args:
        contents: bytes, or a string tensor without axes.
        channels: 0 for as many as the file has; 3, or 4 with opacity.
        dtype: of the result.
    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without Pillow.
    """
    channels = checked_channels(channels, (0, 3, 4), "decode_webp")
    with opened(contents_of(contents, "decode_webp"), "decode_webp", ("WEBP",)) as image:
        frames = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(pixels_of(image, channels))
    return convert_image_dtype(as_tensor(np.stack(frames)), dtype)


def decode_jxl(contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None) -> Any:
    """The pixels of a JPEG XL file; Pillow needs the package pillow-jxl-plugin for it.

    Args:
        contents: bytes, or a string tensor without axes.
        channels: 0 for as many as the file has; 1, 3 or 4.
        dtype: of the result.
    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without the packages.
    """
    try:
        import pillow_jxl  # noqa: F401  (registers the format)
    except ImportError as error:
        raise ImportError("JPEG XL files need the package pillow-jxl-plugin: pip install pillow-jxl-plugin") from error
    return _by_pillow(contents, channels, dtype, "decode_jxl", "JXL")


@before_programs(_any_image)
def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = "uint8",
    name: str | None = None,
    expand_animations: bool = True,
) -> Any:
    """The pixels of a file whose kind - JPEG, PNG, GIF, BMP or WebP - is found by how it begins.

    Args:
        contents: bytes, or a string tensor without axes.
        channels: 0 or None for as many as the file has; or 1, 3, 4.
        dtype: of the result; integers span their whole range, floats lie between 0 and 1.
        expand_animations: whether the frames of a GIF get an axis in front; otherwise its first frame is taken.
    Returns: (height, width, channels), or (frames, height, width, channels).
    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without Pillow.
    """
    data, dtype = contents_of(contents, "decode_image"), as_dtype(dtype)
    channels = checked_channels(channels, (0, 1, 3, 4), "decode_image")
    kind = kind_of(data)
    if kind == "PNG":
        pixels = _png(data, channels, dtype.name != "uint8", "decode_image")
        return _scaled(pixels if pixels.dtype == np.uint16 or dtype.name == "uint8" else _stretched(pixels), dtype)
    if kind == "GIF":
        frames = _frames(data, "decode_image", first=not expand_animations)
        return _scaled(frames if expand_animations else frames[0], dtype)
    if kind == "JPEG":
        return _scaled(jpeg_pixels(data, channels, "decode_image"), dtype)
    with opened(data, "decode_image", ("JPEG", "PNG", "GIF", "BMP", "WEBP")) as image:
        pixels = pixels_of(image, channels)
    return _scaled(pixels, dtype)


def _scaled(pixels: np.ndarray, dtype: Any) -> Any:
    """Pixels in a dtype; those other than uint8 and float32 are reached by way of uint16, as in TensorFlow."""
    image = as_tensor(pixels)
    if dtype.name not in ("uint8", "float32"):
        image = convert_image_dtype(image, "uint16")
    return convert_image_dtype(image, dtype)


def is_jpeg(contents: Any, name: str | None = None) -> Any:
    """Whether contents begin as a JPEG file does: bool, of the shape of the contents."""
    values = np.asarray(contents, object)
    found = [bytes(value[:3]) == b"\xff\xd8\xff" for value in values.reshape(-1).tolist()]
    return ops.convert_to_tensor(np.array(found, bool).reshape(values.shape))


def extract_jpeg_shape(contents: Any, output_type: Any = "int32", name: str | None = None) -> Any:
    """Height, width and channels of a JPEG file, without decoding it.

    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without Pillow.
    """
    with opened(contents_of(contents, "extract_jpeg_shape"), "extract_jpeg_shape", ("JPEG",)) as image:
        sizes = (image.height, image.width, len(image.getbands()))
    return ops.cast(np.array(sizes, "int64"), output_type)
