"""TensorFlow's `tf.audio`: WAV files, read and written here; and, beyond it, other kinds of files and other rates.

Source: Microsoft and IBM 1991, "Multimedia programming interface and data specifications 1.0"; RFC 2361.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import int_of, known

__all__ = ["decode_audio", "decode_wav", "encode_wav", "resample"]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZE = 0xFFFFFFFF  # of sound that was written to a pipe


class DecodedSound(NamedTuple):
    """Samples, float32 (samples, channels), and how many of them make a second, int32."""

    audio: Any
    sample_rate: Any


class _Format(NamedTuple):
    """How samples are stored."""

    kind: int
    channels: int
    rate: int
    bits: int


def _contents(contents: Any, what: str) -> bytes:
    if isinstance(contents, (bytes, bytearray, memoryview)):
        return bytes(contents)
    values = np.asarray(contents, object)
    if values.shape != () or not isinstance(values[()], bytes):
        raise ShapeError(
            f"{what}: contents of shape {values.shape}.", fix="pass the bytes of one file; use map for several."
        )
    return values[()]


def _broken(why: str, size: int) -> ArgumentError:
    return ArgumentError(f"decode_wav: the file ({size} bytes) {why}.", fix="leave the file out, or get it again.")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name and content of each chunk of a WAV file. A declared size is never allocated: it only cuts.

    Raises: ArgumentError for another kind of file, and for a chunk that is cut off.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _broken(f"is no WAV file: it begins with {data[:12]!r}", len(data))
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        content = data[place + 8 : place + 8 + size]
        if len(content) < size and not (name == b"data" and size == _UNKNOWN_SIZE):
            raise _broken(f"is cut off: its chunk {name!r} has {len(content)} of {size} bytes", len(data))
        yield name, content
        place += 8 + size + (size & 1)


def _format_of(content: bytes, size: int) -> _Format:
    if len(content) < 16:
        raise _broken(f"has a format chunk of {len(content)} bytes", size)
    kind, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", content)
    if kind == _EXTENSIBLE and len(content) >= 26:
        kind = struct.unpack_from("<H", content, 24)[0]
    wanted = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}.get(kind, ())
    if bits not in wanted:
        raise UnsupportedError(
            f"decode_wav: samples of {bits} bits in coding {kind}.",
            fix="save it as PCM, or read it with tf.audio.decode_audio, through the package soundfile.",
        )
    if channels < 1 or rate < 1 or block != channels * bits // 8:
        raise _broken(f"declares {channels} channels, {rate} samples a second and blocks of {block} bytes", size)
    return _Format(kind, channels, rate, bits)


def _samples(data: bytes, form: _Format) -> np.ndarray:
    """Sound as float32 from -1 to 1, (samples, channels); bytes after the last whole block are left out."""
    width = form.bits // 8
    count = len(data) // (width * form.channels)
    raw = np.frombuffer(data, np.uint8, count * width * form.channels)
    if form.kind == _FLOAT:
        found = raw.view(f"<f{width}").astype(np.float32)
    elif width == 1:
        found = (raw.astype(np.float32) - 128) / 128
    elif width == 3:
        whole = np.zeros((count * form.channels, 4), np.uint8)
        whole[:, 1:] = raw.reshape(-1, 3)  # the lowest byte is 0: 24 bits as the upper ones of 32
        found = (whole.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
    else:
        found = (raw.view(f"<i{width}") / 2.0 ** (form.bits - 1)).astype(np.float32)
    return found.reshape(count, form.channels)


def _fitted(audio: np.ndarray, channels: int, samples: int) -> np.ndarray:
    """Sound with that many channels (the last is repeated) and samples (zeros are put behind); -1 for its own."""
    if channels > 0:
        audio = audio[:, np.minimum(np.arange(channels), audio.shape[1] - 1)]
    if samples >= 0 and samples <= len(audio):
        return audio[:samples]
    return np.pad(audio, [(0, samples - len(audio)), (0, 0)]) if samples > len(audio) else audio


def _result(audio: np.ndarray, rate: int, channels: Any, samples: Any, what: str) -> DecodedSound:
    channels, samples = int_of(channels, what, "desired_channels"), int_of(samples, what, "desired_samples")
    if channels < -1 or channels == 0 or samples < -1:
        raise ArgumentError(
            f"{what}: desired_channels={channels}, desired_samples={samples}.", fix="use positive numbers, or -1."
        )
    fitted = np.ascontiguousarray(_fitted(audio, channels, samples))
    return DecodedSound(convert_to_tensor(fitted), convert_to_tensor(np.int32(rate)))


def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> DecodedSound:
    """The sound of a WAV file.

    Args:
        contents: bytes, or a string tensor without axes: PCM of 8 to 32 bits, or floats.
        desired_channels: how many channels to return, the last one repeated; -1 for those of the file.
        desired_samples: how many samples to return, with zeros at the end; -1 for those of the file.
    Returns: samples, float32 (samples, channels) from -1 to 1, and the sample rate.
    Raises: ArgumentError for a file that is broken, or no WAV file; UnsupportedError for another coding.
    Example:
        >>> sound = decode_wav(encode_wav(np.zeros((10, 2), "float32"), 8000))
        >>> sound.audio.shape, int(sound.sample_rate)
        (TensorShape([10, 2]), 8000)
    """
    data, form = _contents(contents, "decode_wav"), None
    for chunk, content in _chunks(data):
        if chunk == b"fmt ":
            form = _format_of(content, len(data))
        elif chunk == b"data":
            if form is None:
                raise _broken("has samples before their format", len(data))
            return _result(_samples(content, form), form.rate, desired_channels, desired_samples, "decode_wav")
    raise _broken("has no samples" if form else "has no format", len(data))


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Any:
    """A WAV file of 16 bits, as a string tensor.

    Args:
        audio: float32 (samples, channels), from -1 to 1; what lies outside is cut off.
        sample_rate: samples of a second.
    Raises: ShapeError or DTypeError for other sound; ArgumentError for a rate that is not positive.
    """
    sound, rate = (
        known(convert_to_tensor(audio), "encode_wav", "audio"),
        int_of(sample_rate, "encode_wav", "sample_rate"),
    )
    if sound.dtype.kind != "f":
        raise DTypeError(f"encode_wav: sound of dtype {sound.dtype.name}.", fix="give floats from -1 to 1.")
    if sound.ndim != 2 or not 0 < sound.shape[1] < 2**15:
        raise ShapeError(f"encode_wav: sound of shape {sound.shape}.", fix="give (samples, channels).")
    if not 0 < rate < 2**31:
        raise ArgumentError(f"encode_wav: {rate} samples a second.", fix="give a positive rate.")
    scaled = sound.astype(np.float32) * np.float32(2**15)
    whole = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))  # halves away from 0
    samples = np.clip(np.nan_to_num(whole), -(2**15), 2**15 - 1).astype("<i2").tobytes()
    block = sound.shape[1] * 2
    header = struct.pack("<HHIIHH", _PCM, sound.shape[1], rate, rate * block, block, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", len(samples)) + samples
    return convert_to_tensor(b"RIFF" + struct.pack("<I", len(body)) + body)


def decode_audio(contents: Any, desired_channels: int = -1, desired_samples: int = -1) -> DecodedSound:
    """The sound of a WAV, FLAC, Ogg, MP3 or AIFF file; other kinds than WAV through the package soundfile.

    Args:
        contents: bytes, or a string tensor without axes.
        desired_channels, desired_samples: as for `decode_wav`.
    Returns: samples, float32 (samples, channels) from -1 to 1, and the sample rate.
    Raises: ArgumentError for a file that is broken, or of another kind; ImportError without soundfile.
    """
    data = _contents(contents, "decode_audio")
    if data[:4] == b"RIFF":
        try:
            return decode_wav(data, desired_channels, desired_samples)
        except UnsupportedError:  # a coding that soundfile may know
            pass
    try:
        import soundfile
    except ImportError as error:
        raise ImportError("sound other than WAV needs the package soundfile: pip install soundfile") from error
    try:
        audio, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (RuntimeError, OSError, ValueError, TypeError) as error:
        raise ArgumentError(
            f"decode_audio: the file ({len(data)} bytes, beginning with {data[:8]!r}) can't be read: {error}.",
            fix="leave the file out, or get it again.",
        ) from None
    return _result(audio, rate, desired_channels, desired_samples, "decode_audio")


def resample(audio: Any, rate_in: Any, rate_out: Any) -> Any:
    """Sound at another rate, through the package soxr.

    Args:
        audio: float32 (samples,) or (samples, channels), on the host.
        rate_in, rate_out: samples of a second, before and after.
    Returns: float32, of about samples * rate_out / rate_in samples.
    Raises: ArgumentError for a rate that is not positive; ShapeError for another shape; ImportError without soxr.
    """
    sound = known(ops.cast(audio, "float32"), "resample", "audio")
    before, after = (int_of(rate, "resample", "rate") for rate in (rate_in, rate_out))
    if before < 1 or after < 1:
        raise ArgumentError(f"resample: from {before} to {after} samples a second.", fix="give positive rates.")
    if sound.ndim not in (1, 2):
        raise ShapeError(f"resample: sound of shape {sound.shape}.", fix="give (samples,) or (samples, channels).")
    if before == after:
        return convert_to_tensor(sound)
    try:
        import soxr
    except ImportError as error:
        raise ImportError("other sample rates need the package soxr: pip install soxr") from error
    return convert_to_tensor(np.ascontiguousarray(soxr.resample(sound, before, after)))
