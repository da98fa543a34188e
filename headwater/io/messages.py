"""Messages as Python objects: what protocol buffers' classes offer, for the few that TensorFlow's files are made of."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from headwater.errors import ArgumentError, DTypeError
from headwater.io import wire


class Field(NamedTuple):
    """A field of a message.

    Attributes:
        number: on the wire.
        kind: "bytes", "float", "int64", or the class of a message.
        form: "one", "many", or "map" (from strings to messages).
    """

    number: int
    kind: Any
    form: str = "one"


def checked_value(kind: str, value: Any) -> Any:
    """A value as a repeated field keeps it.

    Raises: DTypeError for one of another type; ArgumentError for a number that does not fit.
    """
    if kind == "bytes":
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        raise DTypeError(f"{value!r:.60} is not bytes.", fix="encode text: text.encode().")
    value = value.item() if isinstance(value, (np.generic, np.ndarray)) and np.size(value) == 1 else value
    if kind == "int64":
        if not isinstance(value, int):
            raise DTypeError(f"{value!r:.60} is not a whole number.", fix="pass int(value).")
        if not -(2**63) <= value < 2**63:
            raise ArgumentError(f"{value} does not fit into 64 bits.", fix="pass a smaller number.")
        return int(value)
    if not isinstance(value, (int, float)):
        raise DTypeError(f"{value!r:.60} is not a number.", fix="pass float(value).")
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


class Repeated(list):
    """The values of a repeated field: a list that holds values of its kind alone."""

    def __init__(self, kind: Any, values: Iterable[Any] = ()) -> None:
        self.kind = kind
        super().__init__(map(self._checked, values))

    def _checked(self, value: Any) -> Any:
        if isinstance(self.kind, str):
            return checked_value(self.kind, value)
        if not isinstance(value, self.kind):
            raise DTypeError(f"{value!r:.60} is no {self.kind.__name__}.", fix=f"pass a {self.kind.__name__}.")
        return value

    def append(self, value: Any) -> None:
        """Add a value."""
        super().append(self._checked(value))

    def extend(self, values: Iterable[Any]) -> None:
        """Add values."""
        super().extend(map(self._checked, values))

    def insert(self, place: Any, value: Any) -> None:
        """Add a value before another one."""
        super().insert(place, self._checked(value))

    def add(self, **values: Any) -> Any:
        """Add a message, and return it."""
        message = self.kind(**values)
        super().append(message)
        return message

    def __iadd__(self, values: Iterable[Any]) -> Repeated:
        self.extend(values)
        return self

    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(
            place, list(map(self._checked, value)) if isinstance(place, slice) else self._checked(value)
        )


class MessageMap(dict):
    """Messages by name; one that is asked for comes to be."""

    def __init__(self, kind: Any, values: Any = ()) -> None:
        super().__init__()
        self.kind = kind
        for key, message in dict(values).items():
            self[key] = message

    def __missing__(self, key: Any) -> Any:
        message = self.kind()
        self[key] = message
        return message

    def __setitem__(self, key: Any, message: Any) -> None:
        key = key.decode() if isinstance(key, bytes) else key
        if not isinstance(key, str) or not isinstance(message, self.kind):
            raise DTypeError(f"{key!r:.60}: {message!r:.60} in a map.", fix=f"map str to {self.kind.__name__}.")
        super().__setitem__(key, message)

    def get_or_create(self, key: str) -> Any:
        """The message of a name, made if there is none."""
        return self[key]


class Message:
    """Base of messages. Fields are attributes; a message inside one comes to be when it is asked for."""

    fields: ClassVar[dict[str, Field]] = {}
    oneof: ClassVar[str] = ""  # the name of the choice that all fields are, if they are one

    def __init__(self, **values: Any) -> None:
        self._values: dict[str, Any] = {}
        for name, value in values.items():
            if name not in self.fields:
                raise ArgumentError(
                    f"{type(self).__name__} has no field {name!r}.", fix=f"use one of {', '.join(self.fields)}."
                )
            if value is not None:
                self._assign(name, value)

    def _assign(self, name: str, value: Any) -> None:
        field = self.fields[name]
        if field.form == "many":
            self._values[name] = Repeated(field.kind, value)
        elif field.form == "map":
            self._values[name] = MessageMap(field.kind, value)
        elif isinstance(value, dict):
            self._values[name] = field.kind(**value)
        elif isinstance(value, field.kind):
            if self.oneof:
                self._values.clear()
            self._values[name] = value
        else:
            raise DTypeError(f"{name} is {value!r:.60}.", fix=f"pass a {field.kind.__name__}.")

    def __getattr__(self, name: str) -> Any:
        field = type(self).fields.get(name)
        if field is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name not in self._values:
            made = field.kind if field.form == "one" else Repeated if field.form == "many" else MessageMap
            self._values[name] = made() if field.form == "one" else made(field.kind)
            if field.form == "one":
                self._values[name]._implied = True  # type: ignore[attr-defined]
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        raise AttributeError(
            f"{name!r} of {type(self).__name__} can't be assigned; change it in place, or use CopyFrom, extend or []"
        )

    # What is there

    def _is_empty(self) -> bool:
        return not self.ListFields()

    def HasField(self, name: str) -> bool:  # noqa: N802 - the names of protocol buffers' classes
        """Whether a message was put there."""
        if name == self.oneof:
            return self.WhichOneof(name) is not None
        if self.fields[name].form != "one":
            raise ArgumentError(f"{name} is repeated: it has no presence.", fix="look at its length.")
        value = self._values.get(name)
        return value is not None and not (getattr(value, "_implied", False) and value._is_empty())

    def WhichOneof(self, name: str) -> str | None:  # noqa: N802
        """The name of the field that is set, of those of which one may be."""
        if name != self.oneof:
            raise ArgumentError(f"{type(self).__name__} has no choice {name!r}.", fix=f"use {self.oneof!r}.")
        return next((field for field in reversed(self._values) if self.HasField(field)), None)

    def ListFields(self) -> list[tuple[Any, Any]]:  # noqa: N802
        """Names and values of the fields that are there."""
        if self.oneof:
            chosen = self.WhichOneof(self.oneof)
            return [] if chosen is None else [(chosen, self._values[chosen])]
        found = []
        for name, field in self.fields.items():
            value = self._values.get(name)
            if value is not None and (self.HasField(name) if field.form == "one" else len(value)):
                found.append((name, value))
        return found

    # Written and read

    def SerializeToString(self, deterministic: bool = True) -> bytes:  # noqa: N802
        """The message as bytes; maps in the order of their keys."""
        parts = []
        for name, value in self.ListFields():
            parts.append(_written(self.fields[name], value))
        return b"".join(parts)

    def ByteSize(self) -> int:  # noqa: N802
        """How many bytes it takes."""
        return len(self.SerializeToString())

    @classmethod
    def FromString(cls, serialized: bytes) -> Any:  # noqa: N802
        """The message that bytes hold.

        Raises: DataLossError if they hold none.
        """
        message = cls()
        message.MergeFromString(serialized)
        return message

    def ParseFromString(self, serialized: bytes) -> int:  # noqa: N802
        """Become the message that bytes hold; how many bytes were read."""
        self.Clear()
        return self.MergeFromString(serialized)

    def MergeFromString(self, serialized: bytes) -> int:  # noqa: N802
        """Add what bytes hold; how many bytes were read."""
        data = bytes(serialized)
        self._merge(data, 0, len(data))
        return len(data)

    def _merge(self, data: bytes, start: int, end: int) -> None:
        by_number = {field.number: (name, field) for name, field in self.fields.items()}
        for number, kind, value in wire.fields(data, start, end):
            if number in by_number:
                self._merge_field(*by_number[number], kind, value, data)

    def _merge_field(self, name: str, field: Field, kind: int, value: Any, data: bytes) -> None:
        if isinstance(field.kind, str):
            list.extend(getattr(self, name), read_values(field.kind, kind, value, data))
            return
        if kind != wire.BYTES:
            raise wire.damaged(f"{name} of {type(self).__name__} is a number")
        if field.form == "map":
            key, message = _map_entry(field.kind, data, *value)
            getattr(self, name)[key] = message
        elif field.form == "many":
            getattr(self, name).add()._merge(data, *value)
        else:
            if self.oneof and name not in self._values:
                self._values.clear()
            child = getattr(self, name)
            child._implied = False
            child._merge(data, *value)

    def Clear(self) -> None:  # noqa: N802
        """Forget every field."""
        self._values.clear()

    def ClearField(self, name: str) -> None:  # noqa: N802
        """Forget a field."""
        self._values.pop(name, None)

    def CopyFrom(self, other: Any) -> None:  # noqa: N802
        """Become equal to another message."""
        if other is not self:
            self.ParseFromString(other.SerializeToString())
            self._implied = False

    def MergeFrom(self, other: Any) -> None:  # noqa: N802
        """Add what another message holds."""
        self.MergeFromString(other.SerializeToString())

    def SetInParent(self) -> None:  # noqa: N802
        """Count as put there, though empty."""
        self._implied = False

    def IsInitialized(self) -> bool:  # noqa: N802
        """True: no field is required."""
        return True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.SerializeToString() == other.SerializeToString()  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        return type(self).FromString, (self.SerializeToString(),)

    def __deepcopy__(self, memo: Any) -> Any:
        return self.FromString(self.SerializeToString())

    def __repr__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines())

    __str__ = __repr__

    def _lines(self) -> list[str]:
        lines: list[str] = []
        for name, value in self.ListFields():
            form = self.fields[name].form
            for item in value.items() if form == "map" else value if form == "many" else [value]:
                lines += _shown(name, item)
        return lines


def _shown(name: str, value: Any) -> list[str]:
    if isinstance(value, tuple):
        inner = [f'key: "{_escaped(value[0].encode())}"', *_shown("value", value[1])]
    elif isinstance(value, Message):
        inner = value._lines()
    else:
        shown = f'"{_escaped(value)}"' if isinstance(value, bytes) else _number(value)
        return [f"{name}: {shown}"]
    return [f"{name} {{", *(f"  {line}" for line in inner), "}"]


def _number(value: Any) -> str:
    if isinstance(value, float):
        shown = str(np.float32(value))
        return shown.removesuffix(".0")
    return str(value)


_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escaped(value: bytes) -> str:
    return "".join(_ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in value)


def read_values(kind: str, wire_kind: int, value: Any, data: bytes) -> list[Any]:
    """The values of a field of a list, packed or not.

    Raises: DataLossError if they are of another kind.
    """
    if kind == "bytes" and wire_kind == wire.BYTES:
        return [data[value[0] : value[1]]]
    if kind == "float" and wire_kind == wire.FIXED32:
        return list(struct.unpack("<f", value.to_bytes(4, "little")))
    if kind == "int64" and wire_kind == wire.VARINT:
        return [wire.signed(value)]
    if kind != "bytes" and wire_kind == wire.BYTES:
        return packed(kind, data, *value).tolist()
    raise wire.damaged(f"a list of {kind} holds a field of wire type {wire_kind}")


def packed(kind: str, data: bytes, start: int, end: int) -> np.ndarray:
    """Packed values: float32 or int64."""
    if kind == "int64":
        return wire.read_varints(data, start, end).astype(np.int64)
    if (end - start) % 4:
        raise wire.damaged("packed floats end inside one")
    return np.frombuffer(data, "<f4", (end - start) // 4, start)


def _map_entry(kind: Any, data: bytes, start: int, end: int) -> tuple[str, Any]:
    key, message = "", kind()
    for number, wire_kind, value in wire.fields(data, start, end):
        if number in (1, 2) and wire_kind != wire.BYTES:
            raise wire.damaged("an entry of a map is a number")
        if number == 1:
            try:
                key = data[value[0] : value[1]].decode()
            except UnicodeDecodeError:
                raise wire.damaged("a name is not UTF-8") from None
        elif number == 2:
            message = kind()
            message._merge(data, *value)
    return key, message


def _written(field: Field, value: Any) -> bytes:
    if field.form == "map":
        entries = ((key.encode(), message.SerializeToString()) for key, message in sorted(value.items()))
        return b"".join(
            wire.bytes_field(field.number, wire.bytes_field(1, key) + wire.bytes_field(2, message))
            for key, message in entries
        )
    if field.kind == "float":
        return wire.bytes_field(field.number, wire.packed_floats(value))
    if field.kind == "int64":
        return wire.bytes_field(field.number, wire.packed_varints(value))
    items = value if field.form == "many" else [value]
    return b"".join(
        wire.bytes_field(field.number, item if field.kind == "bytes" else item.SerializeToString()) for item in items
    )
