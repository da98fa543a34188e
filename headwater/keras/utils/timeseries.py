"""timeseries_dataset_from_array: windows of a series as a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.data import AUTOTUNE, Dataset
from headwater.errors import ArgumentError
from headwater.keras.utils.image_datasets import require_tf


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Windows that slide over a series, as a `tf.data.Dataset`.

    A window that begins at step s has the steps s, s + sampling_rate, ...; windows begin `sequence_stride` steps apart.

    Args:
        data: the series: (steps, ...).
        targets: what belongs to the window that begins at each step, or None.
        sequence_length: steps of a window.
        sequence_stride: steps between the beginnings of windows.
        sampling_rate: steps between the steps of a window.
        batch_size: windows in a batch; None for single ones.
        shuffle: mix the windows.
        seed: of the mixing.
        start_index, end_index: the part of the series that is used.
        format: "tf".
    Returns: a data set of windows (batch, sequence_length, ...), alone or with their targets.
    Raises: ArgumentError for numbers that do not fit to the series.
    Example:
        >>> dataset = timeseries_dataset_from_array(np.arange(6), np.arange(6) * 10, 3, batch_size=2)
        >>> x, y = next(iter(dataset))
        >>> x.numpy().tolist(), y.numpy().tolist()
        ([[0, 1, 2], [1, 2, 3]], [0, 10])
    """
    require_tf(format)
    _check(len(data), sequence_stride, sampling_rate, start_index, end_index)
    first, last = start_index or 0, len(data) if end_index is None else end_index
    count = last - first - (sequence_length - 1) * sampling_rate
    if targets is not None:
        count = min(count, len(targets))
    starts = np.arange(0, count, sequence_stride, dtype=np.int32 if count < 2**31 - 1 else np.int64)
    if shuffle:
        seed = int(np.random.randint(1e6)) if seed is None else seed  # noqa: NPY002 - set_random_seed seeds it
        np.random.RandomState(seed).shuffle(starts)
    dataset = Dataset.from_tensor_slices(starts)
    if shuffle:  # and again in each pass
        dataset = dataset.shuffle(1024 if batch_size is None else 8 * batch_size, seed=seed)
    if batch_size is not None:
        dataset = dataset.batch(batch_size)
    windows = _Windows(data[first:last], None if targets is None else targets[first:last])
    steps = np.arange(0, sequence_length * sampling_rate, sampling_rate, dtype=starts.dtype)
    return dataset.map(lambda start: windows(start, steps), num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)


class _Windows:
    """Takes windows, and their targets, by where they begin: one, or a batch of them."""

    def __init__(self, data: Any, targets: Any) -> None:
        self._data = ops.convert_to_tensor(data)
        self._targets = None if targets is None else ops.convert_to_tensor(targets)

    def __call__(self, start: Any, steps: np.ndarray) -> Any:
        places = ops.add(ops.expand_dims(start, -1), steps)
        window = ops.take(self._data, places, axis=0)
        return window if self._targets is None else (window, ops.take(self._targets, start, axis=0))


def _check(length: int, stride: int, rate: int, start: int | None, end: int | None) -> None:
    if start and not 0 <= start < length:
        raise ArgumentError(f"start_index={start} of {length} steps.", fix=f"pass 0 to {length - 1}.")
    if end and not (start or 0) < end < length:
        raise ArgumentError(
            f"end_index={end} of {length} steps, from {start or 0} on.", fix="pass a later step of the series, or None."
        )
    for name, value in (("sampling_rate", rate), ("sequence_stride", stride)):
        if not 0 < value < length:
            raise ArgumentError(f"{name}={value} of {length} steps.", fix=f"pass 1 to {length - 1}.")
