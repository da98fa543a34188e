"""Read the repository's Markdown: its code blocks, links, headings, and the paths and commands it names."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:headwater|native|tests|benchmarks|examples|docs|requirements|cmake|licenses)/[\w./-]*)`")
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)


def pages():
    """Every Markdown page of the repository, in order."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")]
    return sorted(found)


def name(page):
    """The page's path below the root: what a failing test shows."""
    return page.relative_to(ROOT).as_posix()


def code_blocks(page, language=None):
    """(line number, language, text) of each fenced block, of one language or all."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        if language in (None, match[1]):
            yield text.count("\n", 0, match.start()) + 2, match[1], match[2]


def prose(page):
    """The page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page):
    """Targets of the links to files of the repository, without their anchors."""
    return [target.split("#")[0] for target in _LINK.findall(prose(page)) if "://" not in target and target[0] != "#"]


def named_paths(page):
    """Paths of the repository that the prose names in code style."""
    return _PATH.findall(prose(page))


def heading_levels(page):
    """The level of each heading, in order."""
    return [len(marks) for marks in _HEADING.findall(prose(page))]
