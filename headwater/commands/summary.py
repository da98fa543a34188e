"""summary: what is in a model's file."""

from __future__ import annotations

import argparse
import os
import sys

from headwater.errors import HeadwaterError


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of a parser."""
    parser = commands.add_parser("summary", help="what is in a .keras, .h5 or .weights.h5 file")
    parser.add_argument("file", help="path of the file")
    parser.add_argument("--nested", action="store_true", help="show the layers of models inside")
    parser.add_argument("--memory", type=int, metavar="BATCH", help="the memory that training on batches of this takes")
    parser.set_defaults(command=lambda choice: print_file(choice.file, choice.nested, choice.memory))


def print_file(path: str, nested: bool = False, batch_size: int | None = None) -> int:
    """Print the summary of the model, or the table of the weights, that a file holds; returns 0, or 2 if it can't.

    Args:
        path: of the file.
        nested: show the layers of models inside.
        batch_size: for how many samples to plan memory; None does not.
    Source: own.
    """
    from headwater import keras

    try:
        if path.endswith(".weights.h5"):
            print("\n".join(_weights(path)))
            return 0
        model = keras.models.load_model(path)
        model.summary(expand_nested=nested)
        if batch_size is not None:
            print(model.memory_plan(batch_size))
    except (HeadwaterError, OSError) as error:
        print(f"headwater: {error}", file=sys.stderr)
        return 2
    return 0


def _weights(path: str) -> list[str]:
    """A line for each array of a file of weights, and their sum."""
    from headwater.keras.saving.hdf5 import Reader

    lines, values, size = [], 0, 0
    with Reader(path, repr(path)) as reader:
        for name in reader.array_paths():
            array = reader.array(name)
            lines.append(f"{name:60} {array.dtype!s:10} {tuple(array.shape)}")
            values += array.size
            size += array.nbytes
    return [*lines, f"{len(lines)} arrays, {values:,} values, {size / 1e6:.2f} MB in {os.path.basename(path)}"]
