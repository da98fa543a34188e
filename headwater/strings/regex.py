"""RE2's regular expressions, as TensorFlow takes them, by Python's `re`.

What differs is translated: `\\z`, `\\pL`, `[[:alpha:]]`, `\\Q...\\E`, `(?i)` in the middle, `$` at the very end only,
`\\w`, `\\d`, `\\s` and `\\b` of ASCII alone; what RE2 has not - back-references, looking ahead or behind - is refused.
Patterns work on the characters of UTF-8. One promise of RE2 can't be kept: `re` may take exponential time on patterns
such as `(a*)*b`.

Source: github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.strings.elements import mapped, of_numbers, string_op, texts

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\\x00-\\x7f", "blank": "\\t ", "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ", "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_POSIX_ABSENT = {
    "alnum": "\\x00-/:-@\\[-`{-\U0010ffff", "alpha": "\\x00-@\\[-`{-\U0010ffff", "ascii": "\x80-\U0010ffff",
    "blank": "\\x00-\\x08\\x0a-\\x1f!-\U0010ffff", "cntrl": " -~\x80-\U0010ffff", "digit": "\\x00-/:-\U0010ffff",
    "graph": "\\x00- \\x7f-\U0010ffff", "lower": "\\x00-`{-\U0010ffff", "print": "\\x00-\\x1f\\x7f-\U0010ffff",
    "punct": "\\x00- 0-9A-Za-z\\x7f-\U0010ffff", "space": "\\x00-\\x08\\x0e-\\x1f!-\U0010ffff",
    "upper": "\\x00-@\\[-\U0010ffff", "word": "\\x00-/:-@\\[-\\^`{-\U0010ffff",
    "xdigit": "\\x00-/:-@G-`g-\U0010ffff",
}  # fmt: skip
_PERL = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_PERL_ABSENT = {
    "D": _POSIX_ABSENT["digit"], "W": _POSIX_ABSENT["word"], "S": "\\x00-\\x08\\x0b\\x0e-\\x1f!-\U0010ffff"
}  # fmt: skip
_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_PROPERTY = re.compile(r"\\([pP])(?:\{(\^?)(\w+)\}|(\w))")


class _Group:
    """A group that is open: the flags inside it, and how many flag groups were opened in it."""

    def __init__(self, flags: frozenset[str]) -> None:
        self.flags = flags
        self.opened: list[str] = []


class _Translator:
    """Writes a pattern of RE2 as one of `re`, from its first character to its last."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.place = pattern, 0
        self.out: list[str] = []
        self.groups = [_Group(frozenset())]

    def translate(self) -> str:
        """The pattern for `re`."""
        while self.place < len(self.pattern):
            self._step()
        if len(self.groups) != 1:
            raise self._refused("a parenthesis is not closed")
        self.out.append(")" * len(self.groups[0].opened))
        return "".join(self.out)

    def _refused(self, why: str) -> ArgumentError:
        return ArgumentError(
            f"the regular expression {self.pattern!r} is not one of RE2: {why}.",
            fix="see github.com/google/re2/wiki/Syntax for what may stand in one.",
        )

    def _take(self, text: str, write: str | None = None) -> None:
        self.place += len(text)
        self.out.append(text if write is None else write)

    def _step(self) -> None:
        character = self.pattern[self.place]
        if character == "\\":
            self._escape()
        elif character == "[":
            self._class()
        elif character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            opened = self.groups[-1].opened
            self._take("|", ")" * len(opened) + "|" + "".join(opened))
        elif character == "$":
            self._take("$", "$" if "m" in self.groups[-1].flags else r"\Z")
        elif character == "{":
            self._repeat()
        elif character in "*+?":
            self._quantify(character)
        else:
            self._take(character)

    def _repeat(self) -> None:
        found = _REPEAT.match(self.pattern, self.place)
        if found is None:
            self._take("{", r"\{")
            return
        if max(int(number) for number in (found[1], found[3] or 0)) > 1000:
            raise self._refused("more than 1000 repetitions")
        self._quantify(found[0])

    def _quantify(self, text: str) -> None:
        self._take(text)
        if "U" in self.groups[-1].flags:
            if self.pattern.startswith("?", self.place):
                self.place += 1
            else:
                self.out.append("?")
        elif self.pattern.startswith("?", self.place):
            self._take("?")
        if self.place < len(self.pattern) and self.pattern[self.place] in "*+?":
            raise self._refused("two repetitions in a row")

    def _open(self) -> None:
        rest = self.pattern[self.place :]
        flags = _FLAGS.match(rest)
        if flags is not None:
            self._open_flags(flags)
        elif rest.startswith("(?P<") or re.match(r"\(\?<\w", rest):
            name = re.match(r"\(\?P?<(\w+)>", rest)
            if name is None:
                raise self._refused("a group's name is none")
            self._take(name[0], f"(?P<{name[1]}>")
            self.groups.append(_Group(self.groups[-1].flags))
        elif rest.startswith("(?"):
            raise self._refused(f"{rest[:3]} looks around, or is unknown")
        else:
            self._take("(")
            self.groups.append(_Group(self.groups[-1].flags))

    def _open_flags(self, found: re.Match[str]) -> None:
        flags = (self.groups[-1].flags | set(found[1])) - set(found[2] or "")
        shown = "".join(sorted(set(found[1]) - {"U"}))
        hidden = "".join(sorted(set(found[2] or "") - {"U"}))
        write = f"(?{shown}{'-' + hidden if hidden else ''}:"
        self._take(found[0], write)
        if found[3] == ":":
            self.groups.append(_Group(frozenset(flags)))
        else:
            self.groups[-1].flags = frozenset(flags)
            self.groups[-1].opened.append(write)

    def _close(self) -> None:
        if len(self.groups) == 1:
            raise self._refused("a parenthesis too many")
        self._take(")", ")" * (len(self.groups.pop().opened) + 1))

    def _escape(self) -> None:
        rest = self.pattern[self.place :]
        if len(rest) < 2:
            raise self._refused("it ends with a backslash")
        letter = rest[1]
        if letter in _PERL or letter in _PERL_ABSENT:
            self._take(rest[:2], f"[{_PERL.get(letter) or _PERL_ABSENT[letter]}]")
        elif letter in "bB":
            self._take(rest[:2], rf"(?a:\{letter})")
        elif letter == "z":
            self._take(rest[:2], r"\Z")
        elif letter == "C":
            self._take(rest[:2], r"(?s:.)")
        elif letter == "Q":
            literal = rest[2:].partition(r"\E")[0]
            self._take(rest[: 2 + len(literal) + (2 if r"\E" in rest else 0)], re.escape(literal))
        elif letter in "pP":
            self._take(*self._property(rest, "[{}]"))
        elif letter in "123456789":
            raise self._refused("it refers back to a group")
        else:
            self._take(*self._character(rest))

    def _character(self, rest: str) -> tuple[str, str]:
        """An escaped character: what of the pattern it takes, and how `re` writes it."""
        letter = rest[1]
        if letter == "x":
            found = re.match(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))", rest)
            if found is None or int(found[1] or found[2], 16) > sys.maxunicode:
                raise self._refused(r"\x needs two digits, or some in braces")
            return found[0], re.escape(chr(int(found[1] or found[2], 16)))
        if letter == "0":
            found = re.match(r"\\0[0-7]{0,2}", rest)
            assert found is not None
            return found[0], re.escape(chr(int(found[0][1:], 8)))
        if letter == "a":
            return rest[:2], r"\x07"
        if letter == "A":
            return rest[:2], r"\A"
        if letter in "fnrtv" or not letter.isalnum():
            return rest[:2], rest[:2] if letter in "fnrtv" else re.escape(letter)
        raise self._refused(f"\\{letter} is unknown")

    def _property(self, rest: str, layout: str) -> tuple[str, str]:
        found = _PROPERTY.match(rest)
        if found is None:
            raise self._refused(r"\p needs the name of a class")
        name = found[3] or found[4]
        absent = (found[1] == "P") != bool(found[2])
        ranges = _category(name, absent)
        if ranges is None:
            raise self._refused(f"the class {name} is unknown here; general categories such as L, Lu, Nd are known")
        return found[0], layout.format(ranges)

    def _class(self) -> None:
        self._take("[")
        if self.pattern.startswith("^", self.place):
            self._take("^")
        first = True
        while first or not self.pattern.startswith("]", self.place):
            if self.place >= len(self.pattern):
                raise self._refused("a bracket is not closed")
            self._class_item()
            first = False
        self._take("]")

    def _class_item(self) -> None:
        rest = self.pattern[self.place :]
        posix = re.match(r"\[:(\^?)(\w+):\]", rest)
        if posix is not None:
            table = _POSIX_ABSENT if posix[1] else _POSIX
            if posix[2] not in table:
                raise self._refused(f"the class [:{posix[2]}:] is unknown")
            self._take(posix[0], table[posix[2]])
        elif rest.startswith("\\") and len(rest) > 1:
            letter = rest[1]
            if letter in _PERL or letter in _PERL_ABSENT:
                self._take(rest[:2], _PERL.get(letter) or _PERL_ABSENT[letter])
            elif letter in "pP":
                self._take(*self._property(rest, "{}"))
            elif letter in "123456789bBAzCQ":
                raise self._refused(f"\\{letter} in brackets")
            else:
                self._take(*self._character(rest))
        else:
            self._take(rest[0], "\\" + rest[0] if rest[0] in "[&|~]" else rest[0])


@functools.cache
def _categories() -> np.ndarray:
    """The general category of every character of Unicode."""
    return np.array([unicodedata.category(chr(code)) for code in range(sys.maxunicode + 1)])


@functools.lru_cache(maxsize=64)
def _category(name: str, absent: bool) -> str | None:
    """The characters of a general category of Unicode, as ranges inside brackets; None if there is no such one."""
    if name == "Any":
        return "\\x00-\U0010ffff"
    inside = np.char.startswith(_categories(), name)
    if not inside.any():
        return None
    steps = np.diff((inside != absent).astype(np.int8), prepend=0, append=0)
    bounds = zip(np.flatnonzero(steps == 1).tolist(), (np.flatnonzero(steps == -1) - 1).tolist())
    return "".join(re.escape(chr(a)) + (f"-{re.escape(chr(b))}" if b > a else "") for a, b in bounds)


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of RE2, compiled.

    Raises: ArgumentError if it is none.
    Example:
        >>> bool(compiled("[[:digit:]]+").fullmatch("123"))
        True
    """
    translator = _Translator(pattern)
    try:
        return re.compile(translator.translate())
    except (re.error, OverflowError, RecursionError) as error:
        raise translator._refused(str(error)) from None


def _as_text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _pattern_of(pattern: Any) -> re.Pattern[str]:
    return compiled(_as_text(texts(pattern, "a pattern").item()))


@functools.lru_cache(maxsize=256)
def _rewriting(rewrite: str, groups: int) -> tuple[Any, ...]:
    """The parts of a replacement: texts, and numbers of groups.

    Raises: ArgumentError for a group that is not there, or another escape.
    """
    parts: list[Any] = []
    pieces = re.split(r"\\(.?)", rewrite, flags=re.DOTALL)
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            parts.append(piece)
        elif piece.isdigit() and piece.isascii() and int(piece) <= groups:
            parts.append(int(piece))
        elif piece == "\\":
            parts.append("\\")
        else:
            raise ArgumentError(
                f"the replacement {rewrite!r} has \\{piece}, and the pattern {groups} groups.",
                fix=r"refer to groups as \1 to \9, to the whole as \0; write \\ for a backslash.",
            )
    return tuple(part for part in parts if part != "")


class _Replacement:
    """What a match becomes. As in RE2, an empty match right after another one is none."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts, self.end = parts, -1

    def __call__(self, match: re.Match[str]) -> str:
        if match.end() == match.start() == self.end:
            return ""
        self.end = match.end()
        return "".join([part if isinstance(part, str) else match[part] or "" for part in self.parts])


@string_op
def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None) -> Any:
    """Strings with what matches a pattern replaced.

    Args:
        input: strings.
        pattern: a regular expression of RE2.
        rewrite: what to put in its place; `\\\\1` to `\\\\9` stand for groups, `\\\\0` for all that matched.
        replace_global: replace every match, or the first only.
    Raises: ArgumentError for a pattern or a replacement that is none.
    Example:
        >>> regex_replace("Text with tags.<br /><b>contains html</b>", "<[^>]+>", " ").numpy()
        b'Text with tags.  contains html '
    """
    expression = _pattern_of(pattern)
    parts = _rewriting(_as_text(texts(rewrite, "a replacement").item()), expression.groups)

    def replaced(text: bytes) -> bytes:
        found = expression.sub(_Replacement(parts), _as_text(text), count=0 if replace_global else 1)
        return found.encode("utf-8", "surrogateescape")

    return mapped(replaced, input, "regex_replace")


@string_op
def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether each whole string matches a pattern: bool.

    Args:
        input: strings.
        pattern: a regular expression of RE2.
    Example:
        >>> regex_full_match(["TF lib", "lib TF"], ".*lib$").numpy()
        array([ True, False])
    """
    expression, array = _pattern_of(pattern), texts(input, "regex_full_match")
    matches = [expression.fullmatch(_as_text(text)) is not None for text in array.reshape(-1).tolist()]
    return of_numbers(matches, array.shape, "bool")
