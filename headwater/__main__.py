"""The command line: `headwater COMMAND`, or `python -m headwater COMMAND`."""

from __future__ import annotations

import argparse
import importlib
import sys

_COMMANDS = ("run", "doctor", "summary", "convert", "examples", "info")


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; returns the exit status.

    Args:
        arguments: those after the name of the command; by default those of the process.
    Source: own.
    """
    parser = argparse.ArgumentParser(prog="headwater", description="Headwater's command line.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name in _COMMANDS:
        importlib.import_module(f"headwater.commands.{name}").add(commands)
    choice = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    return choice.command(choice)


if __name__ == "__main__":
    sys.exit(main())
