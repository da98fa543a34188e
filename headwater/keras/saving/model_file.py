"""The `.keras` file: a zip archive of metadata.json, config.json, model.weights.h5 and the files of layers, assets."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from headwater.errors import ArgumentError, HeadwaterError
from headwater.keras.saving import asset_files, state, strict_json
from headwater.keras.saving.hdf5 import MAX_EXPANSION, Reader, h5py_module
from headwater.keras.saving.serialization import deserialize_keras_object, serialize_keras_object, sharing_scope

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
VERSION = "3.15.1"  # of the format


def write_model(model: Any, file: Any) -> None:
    """Write a model to an open binary file."""
    with sharing_scope():
        config = serialize_keras_object(model)
    metadata = {"keras_version": VERSION, "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    weights = io.BytesIO()
    with h5py_module().File(weights, "w") as store:
        state.write_state(model, store)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(config))
        archive.writestr(WEIGHTS, weights.getbuffer())
        for name, content in asset_files.collected(model).items():
            archive.writestr(name, content)


def read_model(file: Any, what: str, custom_objects: Any = None, compiled: bool = True, safe_mode: bool = True) -> Any:
    """The model that an open binary file holds.

    Args:
        file: the archive.
        what: its name, for messages.
        custom_objects: dict from name to the user's classes and functions that it may name.
        compiled: whether to compile it as it was.
        safe_mode: False lets layers load that call a function of the user's.
    Raises: ArgumentError if the file is damaged or names something unknown.
    """
    try:
        archive = zipfile.ZipFile(file, "r")
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ArgumentError(
            f"{what} is not a .keras file, or is damaged: {error}.", fix="check the file.", where=""
        ) from None
    with archive:
        config = strict_json.parse(_member(archive, CONFIG, what, strict_json.MAX_BYTES), f"{CONFIG} of {what}")
        if not isinstance(config, dict):
            raise ArgumentError(f"{CONFIG} of {what} describes no model.", fix="check the file.", where="")
        if not compiled:
            config["compile_config"] = None
        weights = _member(archive, WEIGHTS, what)
        with _damage_told(what), sharing_scope():
            model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
            with Reader(io.BytesIO(weights), f"{WEIGHTS} of {what}") as reader:
                state.read_state(model, reader, what=what)
            names = [info.filename for info in archive.infolist()]
            asset_files.restored(model, names, lambda name: _member(archive, name, what))
    return model


@contextlib.contextmanager
def _damage_told(what: str) -> Iterator[None]:
    """Tell of what a config has, or lacks, where objects are made of it, as of damage to the file."""
    try:
        yield
    except (AttributeError, LookupError) as error:
        if isinstance(error, HeadwaterError):
            raise
        raise ArgumentError(
            f"{what} does not describe a model that can be made: {type(error).__name__}: {error}.",
            fix="check the file, and the from_config methods of classes of your own.",
            where="",
        ) from error


def weights_of(file: Any, what: str) -> bytes:
    """The weights file inside a `.keras` archive."""
    try:
        with zipfile.ZipFile(file, "r") as archive:
            return _member(archive, WEIGHTS, what)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ArgumentError(
            f"{what} is not a .keras file, or is damaged: {error}.", fix="check the file.", where=""
        ) from None


def _member(archive: zipfile.ZipFile, name: str, what: str, limit: int | None = None) -> bytes:
    """One member of an archive, by its exact name, if its declared size is one that its stored bytes can hold."""
    found = [info for info in archive.infolist() if info.filename == name]
    if len(found) != 1:
        raise ArgumentError(
            f"{what} has {'no' if not found else 'more than one'} member {name!r}.",
            fix="check that the file is complete.",
            where="",
        )
    (info,) = found
    if info.file_size > info.compress_size * MAX_EXPANSION + 1024 or (limit is not None and info.file_size > limit):
        raise ArgumentError(
            f"{what}: {name!r} declares {info.file_size} bytes, and stores {info.compress_size}.",
            fix="check where the file comes from.", where="",
        )  # fmt: skip
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise ArgumentError(f"{what}: {name!r} is damaged ({error}).", fix="check the file.", where="") from None
    except Exception as error:  # zlib.error is no subclass of any of these
        raise ArgumentError(f"{what}: {name!r} is damaged ({error}).", fix="check the file.", where="") from None


def model_bytes(model: Any) -> bytes:
    """A model as the bytes of a `.keras` file."""
    file = io.BytesIO()
    write_model(model, file)
    return file.getvalue()


def model_from_bytes(data: bytes, safe: bool = True, custom_objects: Any = None) -> Any:
    """The model that `model_bytes` described."""
    return read_model(io.BytesIO(data), "a model in memory", custom_objects, safe_mode=safe)
