"""make_batches: from whatever `fit` takes to batches."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError, DTypeError
from headwater.keras.trainers.batches.arrays import ArrayBatches
from headwater.keras.trainers.batches.class_weights import class_weights_of, refuse_both
from headwater.keras.trainers.batches.streams import StreamBatches
from headwater.keras.trainers.batches.tensors import are_arrays


def make_batches(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: Any = False,
    class_weight: dict[int, float] | None = None,
) -> ArrayBatches | StreamBatches:
    """Batches of whatever `fit` takes.

    Raises: ArgumentError for what can't be taken for data.
    """
    if x is None:
        raise ArgumentError("there is no data: x is None.", fix="pass x.", where="")
    if are_arrays(x) and not _is_sequence_of_batches(x):
        if not are_arrays(y) or not are_arrays(sample_weight):
            raise ArgumentError(
                "`x` is an array, and `y` or `sample_weight` is none.", fix="pass arrays for all.", where=""
            )
        if class_weight is not None:
            refuse_both(sample_weight)
            sample_weight = class_weights_of(y, class_weight)
        return ArrayBatches(x, y, sample_weight, batch_size, shuffle)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ArgumentError(
                f"`{name}` is given beside a data source of type {type(x).__name__}, which has to give it itself.",
                fix=f"let the source give (x, y) or (x, y, sample_weight) and leave out `{name}`.", where="",
            )  # fmt: skip
    if not (hasattr(x, "__iter__") or hasattr(x, "__getitem__")) or isinstance(x, (str, bytes, dict)):
        raise DTypeError(
            f"data of type {type(x).__name__} is not understood.",
            fix="pass arrays, lists or dicts of arrays, a generator, a tf.data.Dataset, a keras.utils.PyDataset or an "
            "iterable.",
            where="",
        )
    return StreamBatches(x, class_weight, shuffle)


def _is_sequence_of_batches(x: Any) -> bool:
    return hasattr(x, "__getitem__") and hasattr(x, "on_epoch_end")
