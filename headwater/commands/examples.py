"""examples: those that come with the package: list them, copy one to start from."""

from __future__ import annotations

import argparse
import ast
import shutil
import sys
from pathlib import Path

import headwater

_FIRST = "first_steps"  # the scripts that lie in the folder itself
_SHARED = "application.py"  # what the applications have in common


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of a parser."""
    parser = commands.add_parser("examples", help="list the examples, or copy one into this folder")
    parser.add_argument("name", nargs="?", help="which to copy; without, all are listed")
    parser.set_defaults(command=lambda choice: list_examples() if choice.name is None else copy_example(choice.name))


def example_folder() -> Path:
    """Where the examples are: beside the package in a checkout, inside it where it is installed."""
    package = Path(headwater.__file__).parent
    beside = package.parent / "examples"
    return beside if (beside / "quickstart.py").exists() else package / "examples"


def list_examples() -> int:
    """Print name and first line of each example; returns 0.

    Source: own.
    """
    for name, scripts in _examples().items():
        print(name)
        for script in scripts:
            about = ast.get_docstring(ast.parse(script.read_bytes())) or ""
            print(f"    {script.name:24} {about.splitlines()[0] if about else ''}")
    print("\nheadwater examples NAME copies one into this folder.")
    return 0


def copy_example(name: str) -> int:
    """Copy an example into the working folder; returns 0, or 2 if there is none, or there would be two.

    Args:
        name: as `list_examples` prints it.
    Source: own.
    """
    known = _examples()
    target = Path(name)
    if name not in known:
        print(f"headwater: there is no example {name!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    if target.exists():
        print(f"headwater: {name} is in this folder already", file=sys.stderr)
        return 2
    target.mkdir()
    for script in [*known[name], example_folder() / _SHARED]:
        if name != _FIRST or script.name != _SHARED:
            shutil.copy(script, target / script.name)
    print(f"python {target / known[name][0].name}")
    return 0


def _examples() -> dict[str, list[Path]]:
    """The scripts of each example, the one to begin with first."""
    folder = example_folder()
    first = [script for script in folder.glob("*.py") if script.name not in (_SHARED, "run_all.py")]
    found = {_FIRST: sorted(first, key=lambda script: (script.stem != "quickstart", script.stem))}
    for inside in sorted(folder.iterdir()):
        scripts = sorted(inside.glob("*.py"), key=lambda script: (script.stem != "train", script.stem))
        if scripts and inside.name != "output":
            found[inside.name] = scripts
    return found
