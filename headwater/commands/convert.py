"""convert: a model's file in another format."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headwater.errors import ArgumentError, HeadwaterError, UnsupportedError


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of a parser."""
    parser = commands.add_parser(
        "convert",
        help="a model's file in another format",
        description="The ending of OUT says which: .keras and .h5 are whole models, .json is the architecture, "
        ".weights.h5, .safetensors and .npz are the weights.",
    )
    parser.add_argument("source", metavar="IN", help="a .keras or .h5 file")
    parser.add_argument("target", metavar="OUT", help="the file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.set_defaults(command=lambda choice: convert_file(choice.source, choice.target, choice.overwrite))


def convert_file(source: str, target: str, overwrite: bool = False) -> int:
    """Write a model's file in the format that the ending of `target` names; returns 0, or 2 if it can't.

    Args:
        source: a `.keras` or `.h5` file.
        target: the file to write.
        overwrite: whether it may be there already.
    Source: own.
    """
    from headwater import keras

    try:
        write = _writer(target)
        if Path(target).exists() and not overwrite:
            raise ArgumentError(f"{target!r} exists.", fix="choose another name, or pass --overwrite.", where="")
        write(keras.models.load_model(source), target)
    except (HeadwaterError, OSError) as error:
        print(f"headwater: {error}", file=sys.stderr)
        return 2
    print(f"{target}: {Path(target).stat().st_size / 1e6:.2f} MB")
    return 0


def _writer(target: str) -> Callable[[Any, str], None]:
    """What writes a model to a file of this ending."""
    for ending, write in _WRITERS.items():
        if target.endswith(ending):
            return write
    raise ArgumentError(
        f"the ending of {target!r} names no format.", fix=f"end it in one of {', '.join(_WRITERS)}.", where=""
    )


def _write_architecture(model: Any, target: str) -> None:
    _write_bytes(target, lambda file: file.write(model.to_json(indent=1).encode()))


def _write_safetensors(model: Any, target: str) -> None:
    try:
        from safetensors.numpy import save
    except ImportError:
        raise UnsupportedError(
            ".safetensors files need the package safetensors, which is not installed.", fix="pip install safetensors."
        ) from None
    _write_bytes(target, lambda file: file.write(save(_arrays(model))))


def _write_npz(model: Any, target: str) -> None:
    import numpy as np

    _write_bytes(target, lambda file: np.savez(file, **_arrays(model)))


def _write_bytes(target: str, write: Callable[[Any], Any]) -> None:
    from headwater.keras.saving.atomic import write_file

    write_file(target, write)


def _arrays(model: Any) -> dict[str, Any]:
    """The weights by their paths."""
    import numpy as np

    return {weight.path: np.ascontiguousarray(weight.numpy()) for weight in model.weights}


_WRITERS: dict[str, Callable[[Any, str], None]] = {
    ".keras": lambda model, target: model.save(target),
    ".weights.h5": lambda model, target: model.save_weights(target),
    ".h5": lambda model, target: model.save(target),
    ".safetensors": _write_safetensors,
    ".npz": _write_npz,
    ".json": _write_architecture,
}
