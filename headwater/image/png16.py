"""PNG files of 16 bits a sample, of which Pillow keeps 8: read and written here.

Source: ISO/IEC 15948, "Portable Network Graphics".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from headwater.errors import ArgumentError, UnsupportedError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # of each kind of colour; kind 3, a palette, has 8 bits at most
_KINDS = {channels: kind for kind, channels in _CHANNELS.items()}


def depth_of(data: bytes) -> int:
    """Bits of a sample of a PNG file; 0 if it is too short to say."""
    return data[24] if len(data) > 24 else 0


def _chunks(data: bytes, what: str) -> Iterator[tuple[bytes, bytes]]:
    """The name and content of each chunk.

    Raises: ArgumentError if the file is cut off.
    """
    place = len(_SIGNATURE)
    while place + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        if place + 12 + size > len(data):
            break
        yield name, data[place + 8 : place + 8 + size]
        place += 12 + size
        if name == b"IEND":
            return
    raise ArgumentError(f"{what}: the PNG file is cut off at {len(data)} bytes.", fix="get it again.")


def sixteen_bits(data: bytes, channels: int, what: str) -> np.ndarray:
    """The samples of a PNG file of 16 bits: uint16 (height, width, channels).

    Args:
        data: the file.
        channels: 0 for those of the file, or 1 to 4.
        what: the caller, for messages.
    Raises: ArgumentError for a broken file; UnsupportedError for an interlaced one.
    """
    chunks = list(_chunks(data, what))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if depth != 16 or kind not in _CHANNELS:
        raise ArgumentError(f"{what}: a PNG file of {depth} bits and colours of kind {kind}.", fix="get it again.")
    if interlaced:
        raise UnsupportedError(f"{what}: an interlaced PNG file of 16 bits.", fix="save it without interlacing.")
    own = _CHANNELS[kind]
    row, whole = width * own * 2, height * (width * own * 2 + 1)
    try:
        samples = zlib.decompressobj().decompress(b"".join(part for name, part in chunks if name == b"IDAT"), whole)
    except zlib.error as error:
        raise ArgumentError(f"{what}: the PNG file is broken: {error}.", fix="get it again.") from None
    if len(samples) != whole:
        raise ArgumentError(f"{what}: the PNG file has {len(samples)} of {whole} bytes.", fix="get it again.")
    lines = np.frombuffer(samples, np.uint8).reshape(height, row + 1)
    plain = _unfiltered(lines, own * 2, what)
    found = plain.reshape(height, width, own, 2).astype(np.uint16)
    return _with_channels(found[..., 0] << 8 | found[..., 1], channels)


def _unfiltered(lines: np.ndarray, step: int, what: str) -> np.ndarray:
    """Rows of bytes without what was subtracted from them: each row begins with the kind of its filter."""
    before = np.zeros(lines.shape[1] - 1, np.uint8)
    found = np.empty((len(lines), lines.shape[1] - 1), np.uint8)
    for number, line in enumerate(lines):
        kind, row = line[0], line[1:]
        if kind == 0:
            found[number] = row
        elif kind == 1:
            found[number] = np.cumsum(row.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            found[number] = row + before
        elif kind in (3, 4):
            found[number] = _predicted(row.tolist(), before.tolist(), step, kind == 4)
        else:
            raise ArgumentError(f"{what}: the PNG file has a filter of kind {kind}.", fix="get it again.")
        before = found[number]
    return found


def _predicted(row: list[int], above: list[int], step: int, paeth: bool) -> list[int]:
    """A row to which the mean, or Paeth's choice, of its neighbours is added."""
    found: list[int] = []
    for place, value in enumerate(row):
        left, up = (found[place - step] if place >= step else 0), above[place]
        if not paeth:
            found.append((value + (left + up) // 2) & 255)
            continue
        corner = above[place - step] if place >= step else 0
        guess = left + up - corner
        far_left, far_up, far_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
        nearest = left if far_left <= far_up and far_left <= far_corner else up if far_up <= far_corner else corner
        found.append((value + nearest) & 255)
    return found


def _with_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """Samples with another number of channels: brightness from colours, opacity left out or full."""
    own = samples.shape[-1]
    if channels in (0, own):
        return samples
    colour, opacity = (samples, None) if own in (1, 3) else (samples[..., :-1], samples[..., -1:])
    if channels in (1, 2) and colour.shape[-1] == 3:
        grey = colour @ np.array([0.299, 0.587, 0.114])
        colour = np.rint(grey).astype(np.uint16)[..., None]
    if channels in (3, 4) and colour.shape[-1] == 1:
        colour = np.repeat(colour, 3, axis=-1)
    if channels in (1, 3):
        return colour
    full = np.full((*colour.shape[:-1], 1), 65535, np.uint16) if opacity is None else opacity
    return np.concatenate([colour, full], axis=-1)


def written(pixels: np.ndarray, compression: int) -> bytes:
    """A PNG file of pixels (height, width, channels), uint16.

    Args:
        compression: 0 (none) to 9; -1 for the usual.
    """
    height, width, channels = pixels.shape
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 16, _KINDS[channels], 0, 0, 0)
    body = zlib.compress(lines.tobytes(), compression)
    return _SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
