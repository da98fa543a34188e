"""`keras.preprocessing`: the older names of helpers for images, sequences and texts, and of loaders of folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.keras.preprocessing import image, sequence, text

if TYPE_CHECKING:
    from headwater.keras.utils import (
        image_dataset_from_directory,
        text_dataset_from_directory,
        timeseries_dataset_from_array,
    )

_LOADERS = ("image_dataset_from_directory", "text_dataset_from_directory", "timeseries_dataset_from_array")


def __getattr__(name: str) -> Any:
    if name in _LOADERS:  # they bring tf.data and tf.image with them
        from headwater.keras import utils

        return getattr(utils, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LOADERS})
