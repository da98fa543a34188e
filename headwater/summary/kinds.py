"""The kinds of summaries: numbers, histograms, pictures, sound, text, and whatever else is a tensor."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from headwater.audio import encode_wav
from headwater.control import effect
from headwater.errors import ArgumentError, ShapeError
from headwater.image import convert_image_dtype, encode_png
from headwater.io.tensor_proto import serialize_tensor
from headwater.ops.convert import convert_to_tensor
from headwater.summary import events, writer

_WAV = b"\x10\x0b"  # field 2, encoding: 11
_BUCKETS = 30


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Write one number.

    Args:
        name: what it is shown under; slashes make groups.
        data: a number, ().
        step: of training; the default step if it is None.
        description: text shown beside it.
    Returns: whether it was written, as a tensor.
    Raises: ArgumentError without any step; ShapeError if `data` is not one number.
    """

    def content(value: np.ndarray) -> bytes:
        if value.size != 1:
            raise ShapeError(
                f"scalar {name!r} is given shape {value.shape}.", fix="reduce it first, or use histogram.", where=""
            )
        return _tensor(value.reshape(()).astype(np.float32))

    return _write(name, [data], step, content, events.plugin_metadata("scalars", events.SCALAR, description))


def histogram(
    name: str, data: Any, step: Any = None, buckets: int | None = None, description: str | None = None
) -> Any:
    """Write how numbers are distributed.

    Args:
        name, step, description: as in `scalar`.
        data: numbers of any shape.
        buckets: equal parts of the range from the least to the largest; 30 by default.
    """
    count = _BUCKETS if buckets is None else int(buckets)
    if count < 0:
        raise ArgumentError(f"{count} buckets.", fix="pass 0 or more.", where="")
    metadata = events.plugin_metadata("histograms", events.TENSOR, description)
    return _write(name, [data], step, lambda values: _tensor(histogram_table(values, count)), metadata)


def histogram_table(values: np.ndarray, buckets: int) -> np.ndarray:
    """Left edge, right edge and count of each bucket: float64 (buckets, 3)."""
    values = np.asarray(values, np.float64).reshape(-1)
    values = values[np.isfinite(values)]
    if not values.size or not buckets:
        return np.zeros((buckets, 3))
    low, high = values.min(), values.max()
    if low == high:
        counts = np.zeros(buckets)
        counts[-1] = values.size
        return np.stack([np.full(buckets, low), np.full(buckets, high), counts], axis=1)
    places = np.minimum(((values - low) / ((high - low) / buckets)).astype(np.int64), buckets - 1)
    edges = np.linspace(low, high, buckets + 1)
    return np.stack([edges[:-1], edges[1:], np.bincount(places, minlength=buckets)], axis=1)


def image(name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None) -> Any:
    """Write pictures.

    Args:
        name, step, description: as in `scalar`.
        data: (images, height, width, channels), 1 to 4 channels; floats from 0 to 1, or uint8.
        max_outputs: how many of them are written.
    """

    def content(pixels: np.ndarray) -> bytes:
        if pixels.ndim != 4:
            raise ShapeError(
                f"image {name!r} is given shape {pixels.shape}.",
                fix="pass (images, height, width, channels); add an axis to a single one.",
                where="",
            )
        shown = convert_to_tensor(pixels[:max_outputs])
        shown = convert_image_dtype(shown, "uint8", saturate=True)
        files = [encode_png(shown[place]).numpy() for place in range(shown.shape[0])]
        return _strings([str(pixels.shape[2]).encode(), str(pixels.shape[1]).encode(), *files])

    return _write(name, [data], step, content, events.plugin_metadata("images", events.BLOBS, description))


def audio(
    name: str,
    data: Any,
    sample_rate: int,
    step: Any = None,
    max_outputs: int = 3,
    encoding: str | None = None,
    description: str | None = None,
) -> Any:
    """Write sound.

    Args:
        name, step, description: as in `scalar`.
        data: (clips, samples, channels), float32 from -1 to 1.
        sample_rate: samples of a second.
        max_outputs: how many clips are written.
        encoding: "wav" or None.
    """
    if encoding not in (None, "wav"):
        raise ArgumentError(f"sound can't be written as {encoding!r}.", fix="pass encoding='wav'.", where="")

    def content(samples: np.ndarray) -> bytes:
        if samples.ndim != 3:
            raise ShapeError(
                f"audio {name!r} is given shape {samples.shape}.", fix="pass (clips, samples, channels).", where=""
            )
        clips = [encode_wav(convert_to_tensor(clip), sample_rate).numpy() for clip in samples[:max_outputs]]
        return _strings([[clip, b""] for clip in clips])

    metadata = events.plugin_metadata("audio", events.BLOBS, description, _WAV)
    return _write(name, [data], step, content, metadata)


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Write text, which is shown as Markdown; arrays of texts as tables.

    Args:
        name, step, description: as in `scalar`.
        data: strings of any shape.
    """
    metadata = events.plugin_metadata("text", events.TENSOR, description)
    return _write(name, [data], step, _tensor, metadata)


def write(tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None) -> Any:
    """Write any tensor.

    Args:
        tag: its name.
        tensor: of any shape and dtype; a function that makes it is called only if it is written.
        step: as in `scalar`.
        metadata: a SummaryMetadata message, or its bytes, that says what shows it.
        name: accepted.
    """
    told = metadata.SerializeToString() if hasattr(metadata, "SerializeToString") else metadata or b""
    return _write(tag, [tensor() if callable(tensor) else tensor], step, _tensor, told)


@contextlib.contextmanager
def summary_scope(name: str, default_name: str = "summary", values: Any = None) -> Iterator[tuple[str, str]]:
    """The name that a summary is written under, and the scope: both are `name`."""
    shown = name or default_name
    yield shown, shown


def _write(name: str, data: list[Any], step: Any, content: Callable[..., bytes], metadata: bytes) -> Any:
    """Write a summary of tensors: now, or when the program that is being traced runs."""
    target = writer.default_writer()
    if target is None:
        return convert_to_tensor(False)
    step = writer.get_step() if step is None else step
    if step is None:
        raise ArgumentError(
            f"summary {name!r} has no step.", fix="pass step=, or call tf.summary.experimental.set_step.", where=""
        )

    def put(number: np.ndarray, condition: np.ndarray, *values: np.ndarray) -> None:
        if condition:
            target.write(events.summary_event(int(number), name, content(*values), metadata))

    condition = convert_to_tensor(writer.condition_to_record())
    effect(put, [convert_to_tensor(step), condition, *map(convert_to_tensor, data)])
    return condition


def _tensor(array: np.ndarray) -> bytes:
    return serialize_tensor(convert_to_tensor(array)).numpy()


def _strings(values: Any) -> bytes:
    return _tensor(np.array(values, object))
