"""info: what a bug report needs."""

from __future__ import annotations

import argparse
import json
import os


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of a parser."""
    parser = commands.add_parser("info", help="print version, processor features and threads")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=lambda choice: print_info(choice.json))


def print_info(as_json: bool = False) -> int:
    """Print what a bug report needs, one fact a line; returns 0.

    Source: own.
    """
    import platform

    import numpy

    import headwater
    from headwater.backends.cpu import native

    facts = {
        "headwater": headwater.__version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "numpy": numpy.__version__,
        "instructions": native.isa(),
        "threads": f"{native.num_threads()} of {os.cpu_count()} cores",
    }
    print(json.dumps(facts) if as_json else "\n".join(f"{name:13} {value}" for name, value in facts.items()))
    return 0
