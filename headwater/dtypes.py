"""The dtypes, and the one rule by which mixed dtypes promote.

A `DType` is its name: it is a `str`, equal to "float32" and usable wherever Keras or NumPy take a name, and it carries
what
TensorFlow's users read off a dtype (`is_floating`, `as_numpy_dtype`, `min`, `max`, `size`).

Promotion follows the lattice that Keras and JAX share: a Python number is weaker than any array, integers of mixed sign
    go to
the next signed width, an integer with a float takes the float, and float16 with bfloat16 meet in float32.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from headwater.errors import DTypeError


class DType(str):
    """A dtype by its name, with its properties. All of them are listed in `DTYPES`; `as_dtype` finds one."""

    __slots__ = ("code", "kind", "size", "_numpy")

    code: int  # number shared with the native runtime (native/dtype.h)
    kind: str  # one of "bool", "uint", "int", "float", "complex", "string"
    size: int  # bytes of one element

    def __new__(cls, name: str, code: int, kind: str, size: int) -> DType:
        self = super().__new__(cls, name)
        self.code, self.kind, self.size, self._numpy = code, kind, size, None
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (str(self),)

    def __copy__(self) -> DType:
        return self

    def __deepcopy__(self, memo: dict) -> DType:
        return self

    def __repr__(self) -> str:
        return f"tf.{self!s}"

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, str):
            return str.__eq__(self, other)
        if isinstance(other, (np.dtype, type)):
            try:
                return self is as_dtype(other)
            except TypeError:
                return False
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    @property
    def name(self) -> str:
        """The name, as a plain string."""
        return str(self)

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype; `ml_dtypes.bfloat16` for bfloat16."""
        if self._numpy is None:
            self._numpy = _numpy_dtype(str(self))
        return self._numpy

    @property
    def as_numpy_dtype(self) -> type:
        """The NumPy scalar type, as TensorFlow names it."""
        return self.numpy.type

    @property
    def as_datatype_enum(self) -> int:
        """The number that the native runtime knows this dtype by."""
        return self.code

    @property
    def base_dtype(self) -> DType:
        """Itself: there are no reference dtypes."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real part: float32 for complex64, itself for a real dtype."""
        return {"complex64": float32, "complex128": float64}.get(str(self), self)

    @property
    def is_bool(self) -> bool:
        """True for bool."""
        return self.kind == "bool"

    @property
    def is_integer(self) -> bool:
        """True for signed and unsigned integers, False for bool."""
        return self.kind in ("int", "uint")

    @property
    def is_unsigned(self) -> bool:
        """True for unsigned integers."""
        return self.kind == "uint"

    @property
    def is_floating(self) -> bool:
        """True for float16, bfloat16, float32 and float64."""
        return self.kind == "float"

    @property
    def is_complex(self) -> bool:
        """True for complex64 and complex128."""
        return self.kind == "complex"

    @property
    def is_numeric(self) -> bool:
        """True for whatever arithmetic is defined on: not bool, not string."""
        return self.kind in ("int", "uint", "float", "complex")

    @property
    def is_inexact(self) -> bool:
        """True for floats and complex numbers: what a gradient can flow through."""
        return self.kind in ("float", "complex")

    @property
    def min(self) -> Any:
        """The smallest finite value."""
        return False if self.is_bool else self._limits().min

    @property
    def max(self) -> Any:
        """The largest finite value."""
        return True if self.is_bool else self._limits().max

    @property
    def eps(self) -> float:
        """Distance from 1 to the next larger number; floats only."""
        return float(self._limits().eps)

    def _limits(self) -> Any:
        if self.is_integer:
            return np.iinfo(self.numpy)
        if self == "bfloat16":
            import ml_dtypes

            return ml_dtypes.finfo(self.numpy)
        if self.is_inexact:
            return np.finfo(self.numpy)
        raise DTypeError(f"dtype {self.name} has no limits.", fix="ask for the limits of a numeric dtype.")

    def is_compatible_with(self, other: Any) -> bool:
        """True if `other` names this dtype."""
        return self is as_dtype(other)


def _numpy_dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(object if name == "string" else name)


bool_ = DType("bool", 0, "bool", 1)
uint8 = DType("uint8", 1, "uint", 1)
int8 = DType("int8", 2, "int", 1)
uint16 = DType("uint16", 3, "uint", 2)
int16 = DType("int16", 4, "int", 2)
uint32 = DType("uint32", 5, "uint", 4)
int32 = DType("int32", 6, "int", 4)
uint64 = DType("uint64", 7, "uint", 8)
int64 = DType("int64", 8, "int", 8)
float16 = DType("float16", 9, "float", 2)
bfloat16 = DType("bfloat16", 10, "float", 2)
float32 = DType("float32", 11, "float", 4)
float64 = DType("float64", 12, "float", 8)
complex64 = DType("complex64", 13, "complex", 8)
complex128 = DType("complex128", 14, "complex", 16)
string = DType("string", 15, "string", 8)  # host side only: never reaches a backend

half, double = float16, float64  # other names of theirs


def __getattr__(name: str) -> Any:
    """`tf.dtypes`, as TensorFlow has it: these stand above this module and are found by name."""
    if name in ("cast", "complex", "saturate_cast"):
        import importlib

        return getattr(importlib.import_module("headwater.arrays"), name)
    if name == "bool":
        return bool_
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


DTYPES: dict[str, DType] = {
    str(dtype): dtype
    for dtype in (
        bool_, uint8, int8, uint16, int16, uint32, int32, uint64, int64,
        float16, bfloat16, float32, float64, complex64, complex128, string,
    )
}  # fmt: skip

_ALIASES: dict[Any, DType] = {
    "half": float16, "float": float32, "double": float64, "int": int32, "str": string,
    bool: bool_, int: int32, float: float32, complex: complex64, str: string, bytes: string, object: string,
}  # fmt: skip


@functools.lru_cache(maxsize=1024)
def _as_dtype(value: Any) -> DType:
    if value in _ALIASES:
        return _ALIASES[value]
    name = value if isinstance(value, str) else None
    if name is None:
        try:
            numpy_dtype = np.dtype(value)
        except TypeError:
            numpy_dtype = None
        name = "string" if numpy_dtype is not None and numpy_dtype.kind in "OSU" else getattr(numpy_dtype, "name", None)
    found = DTYPES.get(str(name).removeprefix("tf."))
    if found is None:
        raise DTypeError(f"{value!r} is not a dtype.", fix=f"use one of {', '.join(DTYPES)}.")
    return found


def as_dtype(value: Any) -> DType:
    """The `DType` that `value` names: a name, a NumPy dtype or scalar type, a Python type or a DType.

    Raises: DTypeError if it names none.
    Example:
        >>> as_dtype("float32").is_floating
        True
    """
    if type(value) is DType:
        return value
    try:
        return _as_dtype(value)
    except TypeError as error:
        if isinstance(error, DTypeError):
            raise
        raise DTypeError(f"{value!r} is not a dtype.", fix=f"use one of {', '.join(DTYPES)}.") from None


# The lattice: an edge goes from a dtype to each of the smallest ones above it. "i*", "f*" and "c*" are Python's
# numbers.
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("i*",),
    "i*": ("uint8", "int8"),
    "uint8": ("int16", "uint16"), "uint16": ("int32", "uint32"), "uint32": ("int64", "uint64"), "uint64": ("f*",),
    "int8": ("int16",), "int16": ("int32",), "int32": ("int64",), "int64": ("f*",),
    "f*": ("bfloat16", "float16", "c*"),
    "bfloat16": ("float32",), "float16": ("float32",), "float32": ("float64", "complex64"), "float64": ("complex128",),
    "c*": ("complex64",), "complex64": ("complex128",), "complex128": (),
}  # fmt: skip


@functools.cache
def _upper_bounds(name: str) -> frozenset[str]:
    return frozenset({name}).union(*(_upper_bounds(above) for above in _ABOVE[name]))


_WEAK = {bool: "bool", int: "i*", float: "f*", complex: "c*"}
_WEAK_RESULT = {"i*": int32, "f*": float32, "c*": complex64}


@functools.cache
def _promote(names: frozenset[str]) -> str:
    common = frozenset.intersection(*(_upper_bounds(name) for name in names))
    least = [name for name in common if _upper_bounds(name) >= common]
    return least[0]


@functools.lru_cache(maxsize=4096)
def result_type(*kinds: Any) -> DType:
    """The dtype that arrays of these dtypes meet in.

    Args:
        kinds: dtypes, or the types `bool`, `int`, `float`, `complex` for Python numbers, which are weak.
    Returns: a DType; without any strong one the default of the strongest kind (int32, float32, complex64).
    Example:
        >>> result_type("int64", "float32"), result_type("float16", float)
        (tf.float32, tf.float16)

    Source: jax.readthedocs.io, "Type promotion semantics" (the lattice), which Keras 3 follows.
    """
    names = frozenset(
        _WEAK[kind] if isinstance(kind, type) and kind in _WEAK else str(as_dtype(kind)) for kind in kinds
    )
    if "string" in names:
        if names == {"string"}:
            return string
        raise DTypeError("strings do not mix with numbers.", fix="convert with tf.strings.to_number first.")
    found = _promote(names)
    return _WEAK_RESULT.get(found) or DTYPES[found]


def floating(dtype: DType) -> DType:
    """The dtype in which a true division, a mean or a square root of `dtype` is computed: itself if inexact, else
    float32."""
    return dtype if dtype.is_inexact else float32
