"""The pages of the API, one for each public module: signature and docstring of every name, from the live objects."""

import inspect
import re
import types
import typing

import headwater
from headwater import keras

_SECTION = re.compile(
    r"^(Args|Returns|Raises|Attributes|Example|Examples|Source|Shapes|Call arguments)(?: \((.*)\))?:(.*)$"
)
_ENTRY = re.compile(r"^([\w*][\w*, .`\"'=|/\[\]()-]*?): (.*)$")


def api_pages():
    """The texts of all pages, by file name.

    Returns: dict from e.g. "keras.layers.md" to Markdown.
    """
    pages = {}
    for title, module in _modules():
        names = _public_names(module)
        if names:
            body = "\n".join(_entry(f"{title}.{name}", value) for name, value in names)
            about = inspect.getdoc(module) or ""
            pages[f"{title}.md"] = f"# {title}\n\n{_prose(about.splitlines())}\n\n{body}"
    return pages


def _modules():
    yield "tf", headwater
    for door in sorted(headwater._MODULES):
        module = getattr(headwater, door, None)
        if isinstance(module, types.ModuleType) and door != "keras":
            yield f"tf.{door}", module
    yield "keras", keras
    for part in sorted(keras._SUBMODULES):
        module = getattr(keras, part, None)
        if isinstance(module, types.ModuleType):
            yield f"keras.{part}", module


def _public_names(module):
    """Classes and functions of a module, without what it only imports for itself."""
    found = []
    for name in sorted(dir(module), key=str.lower):
        value = getattr(module, name, None)
        own = getattr(value, "__module__", "") or ""
        if name.startswith("_") or isinstance(value, types.ModuleType) or not callable(value):
            continue
        if own.startswith("headwater") and not isinstance(value, typing.TypeVar):
            found.append((name, value))
    return found


def _entry(name, value):
    kind = "class" if inspect.isclass(value) else "function"
    lines = [f"## {name} {{ #{name} }}", "", "```python", f"{name}{_signature(value)}", "```", ""]
    lines.append(_documentation(value))
    if kind == "class":
        for method, function in _methods(value):
            lines += [
                f"### {method} {{ #{name}.{method} }}",
                "",
                "```python",
                f"{method}{_signature(function)}",
                "```",
                "",
            ]
            lines.append(_documentation(function))
    return "\n".join(lines) + "\n"


def _signature(value):
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return "(...)"
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return re.sub(r"<(?:function|class) '?([\w.<>]+)'?[^>]*>", r"\1", str(inspect.Signature(plain)))


def _methods(cls):
    """Documented public methods that a class of its own defines."""
    for name, value in vars(cls).items():
        function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield name, function


def _documentation(value):
    """A docstring as Markdown: sections in bold, arguments as lists, doctests as code."""
    text = inspect.getdoc(value) or ""
    lines, out = text.splitlines(), []
    while lines:
        match = _SECTION.match(lines[0])
        if match:
            lines.pop(0)
            out.append(_section(match[1], match[2], match[3].strip(), _indented(lines)))
        else:
            block = []
            while lines and not _SECTION.match(lines[0]):
                block.append(lines.pop(0))
            out.append(_prose(block))
    return "\n\n".join(part for part in out if part) + "\n"


def _indented(lines):
    """Take the indented lines that come first."""
    block = []
    while lines and (not lines[0].strip() or lines[0].startswith(" ")):
        block.append(lines.pop(0))
    return inspect.cleandoc("\n".join(["", *block])).splitlines()


def _section(name, note, rest, block):
    title = f"**{name}**" + (f" ({note})" if note else "")
    if name.startswith("Example"):
        return f"{title}\n\n```pycon\n" + "\n".join(block).strip("\n") + "\n```"
    if name in ("Args", "Attributes", "Call arguments") and not rest:
        return f"{title}\n\n" + "\n".join(_entries(block))
    return f"{title}: " + _prose([rest, *block]).replace("\n", " ").strip()


def _entries(block):
    """Lines `name: text`, gone on with by indented ones, as a list."""
    items = []
    for line in block:
        match = _ENTRY.match(line)
        if match and not line.startswith(" "):
            items.append(f"- `{match[1]}`: {_escaped(match[2])}")
        elif items and line.strip():
            items[-1] += " " + _escaped(line.strip())
        elif line.strip():
            items.append(f"- {_escaped(line.strip())}")
    return items


def _prose(lines):
    """Paragraphs; what is indented or a doctest is shown as code."""
    out, code = [], []
    for line in [*lines, ""]:
        if line.startswith((" ", ">>>")):
            code.append(line)
            continue
        if code:
            out += ["", "```pycon", *inspect.cleandoc("\n".join(["", *code])).splitlines(), "```", ""]
            code = []
        out.append(_escaped(line))
    return "\n".join(out).strip()


def _escaped(text):
    """Text outside of code without what Markdown takes for markup."""
    parts = re.split(r"(`[^`]*`)", text)
    plain = [part if part.startswith("`") else re.sub(r"([<*_\[\]])", r"\\\1", part) for part in parts]
    return "".join(plain)
