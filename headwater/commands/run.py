"""run: a script written for TensorFlow or Keras, unmodified."""

from __future__ import annotations

import argparse
import builtins
import os
import sys
import types
from types import TracebackType

from headwater import aliases


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of a parser."""
    parser = commands.add_parser("run", help="run a script written for TensorFlow or Keras, unmodified")
    parser.add_argument("script", help="path of the script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on to the script as its sys.argv[1:]")
    parser.set_defaults(command=lambda choice: run_script(choice.script, choice.arguments))


def run_script(path: str, arguments: list[str]) -> int:
    """Run a script as `python script.py` would, with `tensorflow` and `keras` served by Headwater.

    Args:
        path: of the script.
        arguments: its sys.argv[1:].
    Returns: 0, or 1 if the script ended with an error, whose traceback is printed as Python prints it.
    Raises: SystemExit when the script does.
    Source: own.
    """
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        print(f"headwater: cannot open {path!r}: {error.strerror}", file=sys.stderr)
        return 2
    aliases.serve_names()
    main_module = types.ModuleType("__main__")
    main_module.__dict__.update(__file__=path, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main_module
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(path))  # it was the working folder, for `python -m`
    try:
        exec(compile(source, path, "exec"), main_module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = _from_script(error.__traceback__, path)
        sys.excepthook(type(error), error, error.__traceback__)
        if note := aliases.explain(error):
            print(note, file=sys.stderr)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _from_script(traceback: TracebackType | None, path: str) -> TracebackType | None:
    """The traceback without the frames of this file; None if the script did not even compile."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename != path:
        traceback = traceback.tb_next
    return traceback
