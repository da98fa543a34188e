"""Models and weights to files and back: the format follows from the ending of the name, and from what the file is."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

from headwater.errors import ArgumentError, NotFoundError, StateError
from headwater.keras.saving import legacy_h5, model_file, state
from headwater.keras.saving.atomic import write_file
from headwater.keras.saving.hdf5 import Reader, h5py_module

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Write a model (architecture, weights, compilation, optimizer) to a file.

    Args:
        model: the model.
        filepath: path that ends in `.keras`, or in `.h5` or `.hdf5` for the older format; or an open binary file.
        overwrite: whether a file that exists may be replaced.
        zipped: accepted; a `.keras` file is always a zip archive.
    Raises: ArgumentError for another ending, or for a file that exists where `overwrite` is False.
    """
    legacy_options = {"save_format", "include_optimizer"}
    unknown = set(kwargs) - legacy_options
    if unknown:
        raise ArgumentError(
            f"save_model got unknown arguments: {', '.join(sorted(unknown))}.", fix="leave them out.", where=""
        )
    if hasattr(filepath, "write"):
        model_file.write_model(model, filepath)
        return
    path = os.fspath(filepath)
    wanted = kwargs.get("save_format")
    old = path.endswith((".h5", ".hdf5")) or wanted == "h5"
    if not old and not path.endswith(".keras") and wanted != "keras":
        raise ArgumentError(
            f"the ending of {path!r} names no format.", fix="end it in .keras (or .h5 for the older format).", where=""
        )
    _check_overwrite(path, overwrite)
    write = legacy_h5.write_model if old else model_file.write_model
    write_file(path, lambda file: write(model, file))


def _check_overwrite(path: str, overwrite: bool) -> None:
    if os.path.exists(path) and not overwrite:
        raise ArgumentError(
            f"{path!r} exists, and overwrite=False.", fix="choose another name, or pass overwrite=True.", where=""
        )


def load_model(filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """The model that a file holds.

    Args:
        filepath: a `.keras` or `.h5` file, or an open binary file.
        custom_objects: dict from name to the user's classes and functions that it may name.
        compile: whether to compile it as it was.
        safe_mode: False lets layers load that call a function of the user's (`Lambda`); code is never read from a file.
    Raises: NotFoundError if there is no such file; ArgumentError if it is damaged or names something unknown.
    """
    if hasattr(filepath, "read"):
        return model_file.read_model(filepath, "the file", custom_objects, compile, safe_mode)
    path = os.fspath(filepath)
    kind = _kind_of(path)
    if kind == "zip":
        with open(path, "rb") as file:
            return model_file.read_model(file, repr(path), custom_objects, compile, safe_mode)
    if kind == "hdf5":
        return legacy_h5.read_model(path, repr(path), custom_objects, compile, safe_mode)
    raise ArgumentError(
        f"{path!r} is neither a .keras nor an .h5 file.", fix="save the model with model.save('name.keras').", where=""
    )


def _kind_of(path: str) -> str | None:
    if not os.path.isfile(path):
        raise NotFoundError(f"there is no file {path!r}.", fix="check the path.", where="")
    if zipfile.is_zipfile(path):
        return "zip"
    with open(path, "rb") as file:
        return "hdf5" if file.read(8) == _HDF5_SIGNATURE else None


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
) -> None:
    """Write the weights of a model to a file.

    Args:
        model: the model.
        filepath: path that ends in `.weights.h5`.
        overwrite: whether a file that exists may be replaced.
        max_shard_size: only None: one file.
    Raises: ArgumentError for another ending; StateError if the model is not built.
    """
    path = os.fspath(filepath)
    if max_shard_size is not None:
        raise ArgumentError("weights in several files are not served.", fix="leave out max_shard_size.", where="")
    if not path.endswith((".weights.h5", ".h5", ".hdf5")):
        raise ArgumentError(
            f"the filename must end in `.weights.h5`; it is {path!r}.", fix="give it that ending.", where=""
        )
    if not model.built:
        raise StateError(
            f"model {model.name!r} has no weights to save: it is not built.", fix="call it on data first.", where=""
        )
    _check_overwrite(path, overwrite)

    def write(file: Any) -> None:
        with h5py_module().File(file, "w") as store:
            if path.endswith(".weights.h5"):
                state.write_state(model, store)
            else:
                legacy_h5.write_weights(model, store)

    write_file(path, write)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Give the weights of a model the values of a file.

    Args:
        model: the model.
        filepath: a `.weights.h5`, `.keras` or older `.h5` file.
        skip_mismatch: leave out layers whose weights do not fit, in place of raising.
        by_name: (older files) match layers by name instead of by order.
    Raises: NotFoundError if there is no such file; ArgumentError, ShapeError if the weights do not fit.
    """
    by_name = kwargs.pop("by_name", False)
    kwargs.pop("objects_to_skip", None)
    if kwargs:
        raise ArgumentError(
            f"load_weights got unknown arguments: {', '.join(kwargs)}.", fix="leave them out.", where=""
        )
    path = os.fspath(filepath)
    kind = _kind_of(path)
    if not model.built:
        raise StateError(
            f"model {model.name!r} has no weights to load into: it is not built.",
            fix="call it on data, or build it, first.",
            where="",
        )
    if kind == "zip":
        with open(path, "rb") as file:
            source: Any = io.BytesIO(model_file.weights_of(file, repr(path)))
    elif kind == "hdf5":
        source = path
    else:
        raise ArgumentError(f"{path!r} is neither a .keras nor an .h5 file.", fix="check the file.", where="")
    with Reader(source, repr(path)) as reader:
        attributes = reader.attributes()
        if kind == "hdf5" and ("layer_names" in attributes or "layer_names0" in attributes):
            legacy_h5.read_weights(model, reader, "", skip_mismatch, by_name, repr(path))
        elif kind == "hdf5" and "model_config" in attributes:
            legacy_h5.read_weights(model, reader, "model_weights", skip_mismatch, by_name, repr(path))
        else:
            state.read_state(model, reader, skip_mismatch, repr(path))
