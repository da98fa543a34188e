"""Primitive: one class that holds everything about one operation of the graph language.

A subclass gives a docstring and, each as a method, the rules named in `RULES`; `__init_subclass__` refuses a class that
lacks
one. A rule that is missing on purpose is written down as `vjp = absent("returns indices")`. What a backend needs is
passed in
(`kernels`, `lax`), so a primitive imports no backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from headwater.errors import DTypeError, ShapeError, UnsupportedError
from headwater.ir import dispatch
from headwater.ir.registry import REGISTRY
from headwater.ir.spec import Spec, sizes_differ

RULES = ("infer", "vjp", "cpu", "xla", "reference", "samples")


class Sample:
    """A good input of a primitive: NumPy arrays (or lists of them for a variadic primitive) and attributes.

    Args:
        args: positional inputs, NumPy arrays.
        differentiable: positions whose gradient is compared with finite differences; None means every float input.
        tolerance: allowed relative error, if the default of the table is not the right one; say why at the sample.
        project: makes of a direction one along which the gradient is defined (a symmetric one, where one triangle is
            read).
        attrs: attributes of the primitive.
    """

    def __init__(
        self,
        *args: Any,
        differentiable: Sequence[int] | None = None,
        tolerance: float | None = None,
        project: Callable[[Any], Any] | None = None,
        **attrs: Any,
    ) -> None:
        self.args, self.attrs = args, attrs
        self.differentiable, self.tolerance, self.project = differentiable, tolerance, project

    def __repr__(self) -> str:
        shapes = ", ".join(f"{a.dtype}{list(a.shape)}" for a in self.args)
        return f"{shapes} {self.attrs or ''}".strip()


class BadSample(Sample):
    """An input that must be refused, with the error's class and a part of its text."""

    def __init__(self, error: type[Exception], match: str, *args: Any, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.error, self.match = error, match


class _Absent:
    """A rule that is missing on purpose; calling it says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.rule = ""
        self.owner = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.rule, self.owner = name, getattr(owner, "name", owner.__name__)

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        raise UnsupportedError(
            f"{self.owner} has no {self.rule}: {self.reason}.", fix="compute what you need another way."
        )


def absent(reason: str) -> Any:
    """Marks a rule as missing on purpose: `vjp = absent("returns indices")`."""
    return _Absent(reason)


def is_absent(rule: Any) -> bool:
    """True for a rule that was marked with `absent`."""
    return isinstance(rule, _Absent)


class Primitive:
    """Base of every operation. Subclasses are final and stateless; instantiating one gives its only instance.

    Rules:
        infer(*specs, **attrs): the Spec of the result (a tuple of them if `multiple`); raises ShapeError or DTypeError.
        vjp(g, y, *args, **attrs): cotangents of the inputs, a tuple with None where there is none, written in
            primitives.
        cpu(kernels, *args, **attrs): the instructions of the native runtime.
        xla(lax, *args, **attrs): the same in `jax.lax` (the argument is a namespace: lax, jnp, jax).
        reference(*args, **attrs): the same in NumPy: the oracle.
        samples(rng): good inputs and bad ones, for the table of tests.
        batch(size, mapped, *args, **attrs): the result for inputs that carry a leading axis where `mapped` says so; by
            default
            the primitive is applied along that axis by a scan.
    """

    name: ClassVar[str]
    multiple: ClassVar[bool] = False  # returns a tuple
    pure: ClassVar[bool] = True  # False: kept even if unused, never merged with an equal one
    elementwise: ClassVar[bool] = False  # one tape op: may be fused into a chain
    partial_cotangents: ClassVar[bool] = False  # vjp takes None for a result on which nothing depends, not zeros

    needs: ClassVar[tuple[str, ...]] = ()  # rules that a family asks for beyond those of every primitive

    infer: Callable[..., Any]
    vjp: Callable[..., Any]
    cpu: Callable[..., Any]
    xla: Callable[..., Any]
    reference: Callable[..., Any]
    samples: Callable[..., Any]
    batch: Callable[..., Any] | None = None

    def __init_subclass__(cls, family: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if family:
            return
        missing = [rule for rule in (*RULES, *cls.needs) if getattr(cls, rule, None) is None]
        if missing:
            raise TypeError(
                f"primitive {cls.__name__} lacks {', '.join(missing)}; write `= absent(reason)` if that is on purpose"
            )
        if "name" not in cls.__dict__:
            raise TypeError(f"primitive {cls.__name__} lacks a name")
        if not (cls.__doc__ or "").strip() or cls.__doc__ == Primitive.__doc__:
            raise TypeError(f"primitive {cls.__name__} lacks a docstring")
        if cls.name in REGISTRY:
            raise TypeError(f"the name {cls.name!r} is taken by {type(REGISTRY[cls.name]).__name__}")
        for rule in RULES:
            marked = getattr(cls, rule)
            if is_absent(marked):  # perhaps by the family: let the message name the member
                own = _Absent(marked.reason)
                own.rule, own.owner = rule, cls.name
                setattr(cls, rule, own)
        REGISTRY[cls.name] = super().__new__(cls)

    def __new__(cls) -> Any:
        return REGISTRY[cls.name]

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        """Apply to arrays: computed at once, or added to the graph that is being traced."""
        return dispatch.bind(self, args, attrs)

    def flops(self, *specs: Spec, **attrs: Any) -> int:
        """How many additions, multiplications and the like one application takes: for reports. One for each element
        of an element-wise result; none for what only moves values, unless a primitive says otherwise."""
        return sum(spec.size or 0 for spec in self.infer_all(specs, attrs)) if self.elementwise else 0

    def traffic(self, *specs: Spec, **attrs: Any) -> int:
        """How many bytes one application has to read and write: for reports. All of its inputs and results, unless
        a primitive touches only a part of one."""
        return sum(spec.nbytes for spec in (*specs, *self.infer_all(specs, attrs)))

    def infer_all(self, specs: Sequence[Spec], attrs: dict[str, Any]) -> tuple[Spec, ...]:
        """`infer`, always as a tuple."""
        result = self.infer(*specs, **attrs)
        return tuple(result) if self.multiple else (result,)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return _find, (self.name,)

    # What the rules of shapes are written with.

    def require_dtype(self, spec: Spec, kinds: Sequence[str], role: str = "its input") -> None:
        """Raise DTypeError unless the dtype of `spec` is of one of `kinds` ("bool", "uint", "int", "float",
        "complex")."""
        if spec.dtype.kind not in kinds:
            raise DTypeError(
                f"{self.name}: {role} has dtype {spec.dtype.name}.",
                fix=f"cast it to a dtype of kind {' or '.join(kinds)}.",
            )

    def require_same_dtype(self, *specs: Spec) -> None:
        """Raise DTypeError unless all have one dtype."""
        if any(spec.dtype is not specs[0].dtype for spec in specs):
            names = " and ".join(spec.dtype.name for spec in specs)
            raise DTypeError(f"{self.name}: dtypes {names} differ.", fix="cast them to one dtype.")

    def require_rank(self, spec: Spec, least: int, most: int | None = None, role: str = "its input") -> None:
        """Raise ShapeError unless the number of axes lies in the bounds."""
        if spec.ndim < least or (most is not None and spec.ndim > most):
            wanted = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
            raise ShapeError(
                f"{self.name}: {role} has shape {spec.shape}, of {spec.ndim} axes; {wanted} wanted.", fix="reshape it."
            )

    def require_same_size(self, a: int | None, b: int | None, what: str, fix: str) -> None:
        """Raise ShapeError if two known sizes differ."""
        if sizes_differ(a, b):
            raise ShapeError(f"{self.name}: {what} {a} and {b} differ.", fix=fix)


def _find(name: str) -> Primitive:
    return REGISTRY[name]
