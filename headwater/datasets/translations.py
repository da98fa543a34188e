"""Texts in two languages: how Debian's packages are described, paragraph by paragraph, and captions of stamps.

The descriptions come with apt's lists of the distribution that this machine uses. They are fetched into a folder of
their own; the lists of the system are not touched. A paragraph is paired with its translation where a description and
its translation have equally many of them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.speech import captions
from headwater.datasets.text_tables import text_column
from headwater.errors import NotFoundError, UnavailableError

LANGUAGES = ("it", "fr", "de", "es")
_HELPER = "/usr/lib/apt/apt-helper"


@dataclass(frozen=True)
class DescriptionLists(Origin):
    """apt's lists of translated descriptions, as pairs in files of tab-separated values."""

    @property
    def command(self) -> list[str]:
        """What fetches the lists."""
        return ["apt-get", "update"]

    def _roots(self) -> Iterator[Path]:
        yield self.cache

    def fetch(self) -> None:
        """Fetch the lists and write the pairs of each language into the cache.

        Raises: NotFoundError without apt; UnavailableError if it can't fetch them.
        """
        if shutil.which("apt-get") is None or not Path(_HELPER).exists():
            raise NotFoundError("translations come with apt, which this system has not.", fix="run it on Debian.")
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.cache) as scratch:
            lists = self._update(Path(scratch))
            english = _descriptions(lists, "en")
            for language in LANGUAGES:
                pairs = list(paired(english, _descriptions(lists, language)))
                text = "".join(f"{source}\t{target}\n" for source, target in pairs)
                part = Path(scratch) / language
                part.write_text(text, encoding="utf-8")
                part.replace(self.cache / f"en-{language}.tsv")

    def _update(self, scratch: Path) -> Path:
        lists = scratch / "lists"
        (lists / "partial").mkdir(parents=True)
        wanted = "".join(f'"{language}";' for language in (*LANGUAGES, "en"))
        settings = scratch / "apt.conf"
        settings.write_text(
            f"#clear Acquire::Languages;\nAcquire::Languages {{{wanted}}};\n"
            f'Dir::State::lists "{lists}";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n'
        )
        done = subprocess.run(
            ["apt-get", "-q", "-c", str(settings), "update"], capture_output=True, text=True, check=False, timeout=1800
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise UnavailableError(f"apt-get update failed: {said}", fix="look at your network; then again.", where="")
        return lists


def _descriptions(lists: Path, language: str) -> dict[str, list[str]]:
    """The paragraphs of each description by its checksum."""
    found: dict[str, list[str]] = {}
    for path in sorted(lists.glob(f"*_Translation-{language}*")):
        text = subprocess.run([_HELPER, "cat-file", str(path)], capture_output=True, check=True).stdout
        found.update(descriptions_of(text.decode("utf-8", errors="replace"), language))
    return found


def descriptions_of(text: str, language: str) -> dict[str, list[str]]:
    """The paragraphs of each description of a list, by its checksum.

    Example:
        >>> text = "Package: a\\nDescription-md5: 1\\nDescription-en: A tool\\n It is\\n small.\\n .\\n End."
        >>> descriptions_of(text, "en")
        {'1': ['A tool', 'It is small.', 'End.']}
    """
    found = {}
    for stanza in text.split("\n\n"):
        head, mark, body = stanza.partition(f"\nDescription-{language}: ")
        _, _, digest = head.partition("Description-md5: ")
        if mark and digest:
            title, _, long = body.partition("\n")
            parts = [" ".join(part.split()) for part in long.replace("\n .\n", "\n\n").split("\n\n")]
            found[digest.split("\n")[0].strip()] = [title.strip(), *(part for part in parts if part)]
    return found


def paired(english: dict[str, list[str]], other: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Paragraphs of descriptions with equally many of them in both languages, each pair once."""
    seen = set()
    for digest, paragraphs in other.items():
        source = english.get(digest, ())
        if len(source) != len(paragraphs):
            continue
        for pair in zip(source, paragraphs):
            if pair not in seen and pair[0] != pair[1]:
                seen.add(pair)
                yield pair


def _pairs(root: Path, names: list[str]) -> dict[str, Columns]:
    rows = [line.split("\t") for line in (root / names[0]).read_text(encoding="utf-8").splitlines()]
    return {"train": {"source": text_column([row[0] for row in rows]), "target": text_column([row[1] for row in rows])}}


def _captions(root: Path, names: list[str]) -> dict[str, Columns]:
    rows = [
        (each["en"], text, language)
        for each in (captions(root / name) for name in names)
        for language, text in each.items()
        if language != "en" and each["en"]
    ]
    source, target, language = (text_column(column) for column in zip(*rows))
    return {"train": {"source": source, "target": target, "language": language}}


def _card(language: str, told: str) -> Card:
    origin = DescriptionLists("apt", "description-lists", "", (f"en-{language}.tsv",))
    title = f"descriptions of Debian's packages in English and {told}, paragraph by paragraph"
    return Card(f"translation_en_{language}", "translation", title, origin, "each package's own", _pairs, "target")


CARDS = (
    _card("it", "Italian"),
    _card("fr", "French"),
    _card("de", "German"),
    _card("es", "Spanish"),
    Card(
        "tuxpaint_captions", "translation", "captions of 952 stamps in English and 77 other languages",
        Origin("apt", "tuxpaint-stamps-default", "", ("usr/share/tuxpaint/stamps/*.txt",)),
        "GPL-2+", _captions, "target",
    ),
)  # fmt: skip
