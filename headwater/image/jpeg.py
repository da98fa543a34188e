"""JPEG files: through simplejpeg where it is installed, which is the quicker and has TensorFlow's transforms; through
Pillow otherwise, and for whatever simplejpeg does not take.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.image.files import kind_of, most_pixels, opened, pixels_of

_COLOURS = ("Gray", "RGB", "YCbCr")  # as simplejpeg names them; inks are left to Pillow
_FAST = {"": True, "INTEGER_FAST": True, "INTEGER_ACCURATE": False}


@functools.cache
def turbo() -> Any:
    """The module simplejpeg; None without it."""
    try:
        import simplejpeg
    except ImportError:
        return None
    return simplejpeg


def is_fast(dct_method: str, what: str) -> bool:
    """Whether a transform is the quicker, less exact one; it is the default.

    Raises: ArgumentError for one that is not known.
    """
    if dct_method not in _FAST:
        raise ArgumentError(
            f"{what}: dct_method {dct_method!r}.", fix="use 'INTEGER_FAST' or 'INTEGER_ACCURATE', or leave it out."
        )
    return _FAST[dct_method]


def jpeg_pixels(
    data: bytes, channels: int, what: str, ratio: int = 1, fast: bool = True, smooth_colours: bool = True
) -> np.ndarray:
    """The pixels of a JPEG file: uint8 (height, width, channels).

    Args:
        data: what the file holds.
        channels: 0 for as many as the file has; 1 or 3.
        what: who asks, for errors.
        ratio: 1, 2, 4 or 8: decode at that fraction of the size.
        fast: take the quicker transform, up to 3 of 255 away; Pillow has the exact one alone.
        smooth_colours: whether colours, of which most files have a quarter of the pixels, are smoothed between them;
            Pillow always does it.
    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without Pillow and simplejpeg.
    """
    if ratio not in (1, 2, 4, 8):
        raise ArgumentError(f"{what}: ratio={ratio}.", fix="use 1, 2, 4 or 8.")
    found = _by_turbo(data, channels, fast, smooth_colours) if ratio == 1 else None
    return found if found is not None else _by_pillow(data, channels, ratio, what)


def _by_turbo(data: bytes, channels: int, fast: bool, smooth_colours: bool) -> np.ndarray | None:
    """The pixels; None for a file that is odd in any way: Pillow reads it, or says what is wrong."""
    library = turbo()
    if library is None or kind_of(data) != "JPEG":
        return None
    try:
        height, width, colours, _ = library.decode_jpeg_header(data)
        if colours not in _COLOURS or height * width > most_pixels():
            return None
        space = "GRAY" if channels == 1 or (not channels and colours == "Gray") else "RGB"
        return library.decode_jpeg(data, space, fastdct=fast, fastupsample=not smooth_colours)
    except ValueError:
        return None


def _by_pillow(data: bytes, channels: int, ratio: int, what: str) -> np.ndarray:
    with opened(data, what, ("JPEG",)) as image:
        width, height = image.size
        if channels == 1 and image.mode != "L":
            image.draft("L", image.size)  # the brightness that the file has, without the way through colours
        if ratio > 1:
            image.draft(None, (max(width // ratio, 1), max(height // ratio, 1)))
        return pixels_of(image, channels or (1 if image.mode == "L" else 3))
