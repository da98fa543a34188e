"""Pillow, and the contents of image files: bytes in string tensors."""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.ir.dispatch import Array, adopted_array, array_to_numpy

_PILLOW_MODULES = r"PIL\."
_MOST_PIXELS = 2**29  # of one file: more is taken for an attack
_PILLOW_PIXELS = 89_478_485  # what Pillow takes unless it is told otherwise


def most_pixels() -> int:
    """How many pixels a file may declare: as many as Pillow takes, with what the user told it."""
    limit = getattr(sys.modules.get("PIL.Image"), "MAX_IMAGE_PIXELS", _PILLOW_PIXELS)
    return min(_MOST_PIXELS, limit or _MOST_PIXELS)


def pillow() -> Any:
    """The module PIL.Image.

    Raises: ImportError, with the command that installs it.
    """
    try:
        import PIL.Image
    except ImportError as error:
        raise ImportError("image files need the package Pillow: pip install pillow") from error
    return PIL.Image


def contents_of(contents: Any, what: str) -> bytes:
    """The bytes of one file, from bytes or a string tensor without axes.

    Raises: ShapeError for several of them; ArgumentError for what is no string.
    """
    if isinstance(contents, (bytes, bytearray, memoryview)):
        return bytes(contents)
    values = array_to_numpy(contents) if isinstance(contents, Array) else np.asarray(contents, object)
    if values.shape != ():
        raise ShapeError(
            f"{what}: contents of shape {values.shape}.", fix="decode one file at a time, with map for several."
        )
    value = values[()]
    if isinstance(value, bytes):
        return value
    raise ArgumentError(f"{what}: contents of type {type(value).__name__}.", fix="pass the bytes of a file.")


def kind_of(data: bytes) -> str:
    """The kind of an image file, by how it begins; "" if it is none that is known."""
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"GIF8":
        return "GIF"
    if data[:2] == b"BM":
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "JXL" if data[:2] == b"\xff\x0a" or data[4:8] == b"JXL " else ""


def _hush() -> None:
    """Let Pillow's own modules not warn of files that are odd. The filter is set once and stays: setting and taking it
    back around each file would mix up the filters of threads that decode at the same time, for the whole program."""
    if not any(getattr(module, "pattern", "") == _PILLOW_MODULES for _, _, _, module, _ in warnings.filters):
        warnings.filterwarnings("ignore", module=_PILLOW_MODULES)


@contextlib.contextmanager
def opened(data: bytes, what: str, kinds: tuple[str, ...]) -> Iterator[Any]:
    """The file as a Pillow image, not decoded yet; what goes wrong while it is used is one of our errors.

    Raises: ArgumentError for a file of another kind, and for one that is broken or cut off.
    """
    image_module, kind = pillow(), kind_of(data)
    if kind not in kinds:
        begins = f"begins with {data[:8]!r}" if data else "is empty"
        raise ArgumentError(
            f"{what}: the file ({len(data)} bytes) is no {' or '.join(kinds)}: it {begins}.",
            fix="check its path and its kind; tf.io.decode_image finds the kind by itself.",
        )
    _hush()
    try:
        with image_module.open(io.BytesIO(data), formats=[kind] if kind != "JXL" else None) as image:
            if image.width * image.height > most_pixels():
                raise image_module.DecompressionBombError(f"{image.width} x {image.height} pixels")
            yield image
    except ArgumentError:
        raise
    except (image_module.DecompressionBombWarning, image_module.DecompressionBombError) as error:
        raise ArgumentError(
            f"{what}: the {kind} file declares too many pixels: {error}",
            fix="set PIL.Image.MAX_IMAGE_PIXELS if you trust it.",
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, OverflowError) as error:
        raise ArgumentError(
            f"{what}: the {kind} file ({len(data)} bytes) is broken: {error}.",
            fix="leave the file out, or get it again; Dataset.ignore_errors() skips such files.",
        ) from None


def pixels_of(image: Any, channels: int) -> np.ndarray:
    """The pixels of a Pillow image: (height, width, channels), uint8.

    Args:
        channels: 0 for as many as the file has, or 1 to 4.
    """
    modes = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
    if channels:
        mode = modes[channels]
    elif image.mode in ("1", "L", "I", "I;16", "F"):
        mode = "L"
    elif image.mode in ("LA", "La"):
        mode = "LA"
    else:
        clear = image.mode in ("RGBA", "RGBa", "PA") or (image.mode == "P" and "transparency" in image.info)
        mode = "RGBA" if clear else "RGB"
    image = image if image.mode == mode else image.convert(mode)
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def checked_channels(channels: Any, allowed: tuple[int, ...], what: str) -> int:
    """The number of channels asked for; 0 for those of the file.

    Raises: ArgumentError for another number.
    """
    found = 0 if channels is None else int(channels)
    if found not in allowed:
        raise ArgumentError(f"{what}: channels={channels}.", fix=f"use one of {', '.join(map(str, allowed))}.")
    return found


def image_of(pixels: np.ndarray) -> Any:
    """Pixels (height, width, channels) of uint8 as a Pillow image."""
    plain = pixels[:, :, 0] if pixels.shape[-1] == 1 else pixels
    return pillow().fromarray(np.ascontiguousarray(plain))


def as_tensor(array: np.ndarray) -> Any:
    """An array that nobody else holds as a tensor."""
    return adopted_array(np.ascontiguousarray(array))
