"""`python -m headwater.datasets`: list the data sets, show one, bring some into the cache."""

from __future__ import annotations

import argparse
import sys

from headwater import datasets
from headwater.errors import HeadwaterError

EXAMPLES = (
    "fashion_mnist",
    "mnist_5k",
    "newsgroups",
    "translation_en_it",
    "brown",
    "movielens_100k",
    "diamonds",
    "letter_recognition",
    "taylor",
    "tuxpaint_speech",
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m headwater.datasets", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="all data sets, or those of a task")
    listing.add_argument("task", nargs="?", default="")
    for command, told in (("show", "what is in a data set"), ("fetch", "bring data sets into the cache")):
        sub = commands.add_parser(command, help=told)
        sub.add_argument("names", nargs="*", help="names of data sets; those of the examples by default")
    given = parser.parse_args(arguments)
    if given.command == "list":
        _list(given.task)
        return 0
    action = _show if given.command == "show" else _fetch
    return max([action(name) for name in given.names or EXAMPLES])


def _list(task: str) -> None:
    for name in datasets.names(task):
        card = datasets.card(name)
        there = "there" if card.origin.find() is not None else "-"
        print(f"{name:24} {there:6} {card.task:28} {card.origin!s:52} {card.licence}")


def _show(name: str) -> int:
    try:
        print(datasets.load(name, download=False))
    except HeadwaterError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def _fetch(name: str) -> int:
    try:
        datasets.fetch(name)
        data = datasets.load(name, download=False)
    except HeadwaterError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    print(f"{name}: {data.shapes()}\n  licence  {data.card.licence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
