"""`keras.utils`: what is handy around models. Names are loaded on first use, so that `naming` costs nothing else."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.keras.backend.session import clear_session
    from headwater.keras.backend.standard import is_keras_tensor, standardize_dtype
    from headwater.keras.layers.preprocessing.feature_space import FeatureSpace
    from headwater.keras.models.drawing.plot_model import plot_model
    from headwater.keras.saving import (
        CustomObjectScope,
        custom_object_scope,
        deserialize_keras_object,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
        serialize_keras_object,
    )
    from headwater.keras.settings import (
        disable_interactive_logging,
        enable_interactive_logging,
        is_interactive_logging_enabled,
    )
    from headwater.keras.utils.arrays import normalize, to_categorical
    from headwater.keras.utils.audio_datasets import audio_dataset_from_directory
    from headwater.keras.utils.config import Config
    from headwater.keras.utils.datasets import (
        PyDataset,
        Sequence,
        pack_x_y_sample_weight,
        split_dataset,
        unpack_x_y_sample_weight,
    )
    from headwater.keras.utils.files import get_file
    from headwater.keras.utils.image_datasets import image_dataset_from_directory
    from headwater.keras.utils.images import array_to_img, img_to_array, load_img, save_img
    from headwater.keras.utils.naming import get_uid
    from headwater.keras.utils.progbar import Progbar
    from headwater.keras.utils.seeds import set_random_seed
    from headwater.keras.utils.sequences import pad_sequences
    from headwater.keras.utils.text_datasets import text_dataset_from_directory
    from headwater.keras.utils.timeseries import timeseries_dataset_from_array

_WHERE = {
    "headwater.keras.backend.session": ("clear_session",),
    "headwater.keras.backend.standard": ("is_keras_tensor", "standardize_dtype"),
    "headwater.keras.layers.preprocessing.feature_space": ("FeatureSpace",),
    "headwater.keras.models.drawing.plot_model": ("plot_model",),
    "headwater.keras.saving": (
        "CustomObjectScope", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
        "get_registered_name", "get_registered_object", "register_keras_serializable", "serialize_keras_object",
    ),
    "headwater.keras.settings": (
        "disable_interactive_logging", "enable_interactive_logging", "is_interactive_logging_enabled",
    ),
    "headwater.keras.utils.arrays": ("normalize", "to_categorical"),
    "headwater.keras.utils.audio_datasets": ("audio_dataset_from_directory",),
    "headwater.keras.utils.config": ("Config",),
    "headwater.keras.utils.datasets": (
        "PyDataset", "Sequence", "pack_x_y_sample_weight", "split_dataset", "unpack_x_y_sample_weight",
    ),
    "headwater.keras.utils.files": ("get_file",),
    "headwater.keras.utils.image_datasets": ("image_dataset_from_directory",),
    "headwater.keras.utils.images": ("array_to_img", "img_to_array", "load_img", "save_img"),
    "headwater.keras.utils.naming": ("get_uid",),
    "headwater.keras.utils.progbar": ("Progbar",),
    "headwater.keras.utils.seeds": ("set_random_seed",),
    "headwater.keras.utils.sequences": ("pad_sequences",),
    "headwater.keras.utils.text_datasets": ("text_dataset_from_directory",),
    "headwater.keras.utils.timeseries": ("timeseries_dataset_from_array",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "bounding_boxes":
        return importlib.import_module("headwater.keras.utils.bounding_boxes")
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, "bounding_boxes"})
