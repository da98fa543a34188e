"""Element-wise primitives: result element i depends on element i of each input alone. Inputs broadcast by NumPy's rule.

A family states its rules once; a member gives its name, its local derivative and its two other lowerings. The CPU
lowering of
all is one op of the element-wise tape, named by `op`, and a chain of them becomes one tape (passes/fuse.py).

Gradients of complex functions follow TensorFlow: the cotangent is multiplied by the conjugate of the derivative.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from headwater.dtypes import DType, as_dtype, bool_
from headwater.errors import DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample, absent
from headwater.ir.registry import REGISTRY
from headwater.ir.spec import Spec, broadcast_shapes
from headwater.primitives.constant import scalar

INEXACT = ("float", "complex")
REAL = ("uint", "int", "float")
NUMERIC = ("uint", "int", "float", "complex")
INTEGER = ("uint", "int")
ANY = ("bool", "uint", "int", "float", "complex")


class Elementwise(Primitive, family=True):
    """Family: inputs of one dtype, broadcast together; the result has the broadcast shape.

    Members give `partials(y, *args)`, the local derivative with respect to each input (None where it is zero), or
    override
    `derivative(g, y, *args)` where multiplying by a partial would be wasteful.
    """

    elementwise = True
    op: ClassVar[str] = ""  # op of the tape; the name, if not given
    arity: ClassVar[int]
    kinds: ClassVar[tuple[str, ...]] = NUMERIC
    domain: ClassVar[tuple[float, float]] = (-3.0, 3.0)  # where samples are drawn from

    def infer(self, *specs: Spec) -> Spec:
        for spec in specs:
            self.require_dtype(spec, self.kinds)
        self.require_same_dtype(*specs)
        return Spec(
            broadcast_shapes(*[spec.shape for spec in specs], what=self.name), self.result_dtype(specs[0].dtype)
        )

    def result_dtype(self, dtype: DType) -> DType:
        """The dtype of the result for inputs of `dtype`."""
        return dtype

    def vjp(self, g: Any, y: Any, *args: Any) -> tuple[Any, ...]:
        if not args[-1].spec.dtype.is_inexact:
            return (None,) * len(args)
        cotangents = self.derivative(g, y, *args)
        return tuple(None if c is None else unbroadcast(c, a.spec) for c, a in zip(cotangents, args))

    def derivative(self, g: Any, y: Any, *args: Any) -> tuple[Any, ...]:
        """Cotangents of the inputs, still of the broadcast shape."""
        return tuple(
            None if partial is None else multiply(g, conjugate(partial)) for partial in self.partials(y, *args)
        )

    def partials(self, y: Any, *args: Any) -> tuple[Any, ...]:
        """Local derivatives, one for each input."""
        raise NotImplementedError(self.name)

    def cpu(self, kernels: Any, *args: Any) -> Any:
        return kernels.elementwise(self.op or self.name, *args)

    def batch(self, size: int, mapped: tuple[bool, ...], *args: Any) -> Any:
        return self(*align_batch(mapped, args)), True

    def sample_dtypes(self) -> list[str]:
        """Dtypes that samples are drawn in."""
        names = {
            "float": ["float32", "float64"],
            "int": ["int32"],
            "uint": ["uint8"],
            "bool": ["bool"],
            "complex": ["complex64"],
        }
        return [
            name for kind in ("float", "complex", "int", "uint", "bool") if kind in self.kinds for name in names[kind]
        ]

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """Random numbers inside the domain."""
        low, high = self.domain
        kind = as_dtype(dtype).kind
        if kind == "bool":
            return rng.random(shape) < 0.5
        if kind in ("int", "uint"):
            return rng.integers(max(math.ceil(low), 0 if kind == "uint" else -9), max(int(high), 1) + 1, shape).astype(
                dtype
            )
        values = rng.uniform(low, high, shape)
        return (
            (values + 1j * rng.uniform(low, high, shape)).astype(dtype) if kind == "complex" else values.astype(dtype)
        )

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        found: list[Sample] = []
        for dtype in self.sample_dtypes():
            found.append(Sample(*[self.draw(rng, (3, 4), dtype) for _ in range(self.arity)]))
        first = self.sample_dtypes()[0]
        found += [
            Sample(*[self.draw(rng, shape, first) for _ in range(self.arity)])
            for shape in ((), (0,), (2, 0, 3), (5, 1, 9))
        ]
        if self.arity > 1:
            shapes = [(3, 1, 4), (2, 1), (4,)]
            found.append(Sample(*[self.draw(rng, shapes[i], first) for i in range(self.arity)]))
            found.append(
                BadSample(ShapeError, "do not broadcast", *[self.draw(rng, (i + 2,), first) for i in range(self.arity)])
            )
            other = "float16" if first != "float16" else "float32"
            if "float" in self.kinds:
                mixed = [self.draw(rng, (3,), first if i else other) for i in range(self.arity)]
                found.append(BadSample(DTypeError, "differ", *mixed))
        refused = [
            name
            for kind, name in (("bool", "bool"), ("complex", "complex64"), ("int", "int32"))
            if kind not in self.kinds
        ]
        found += [BadSample(DTypeError, "has dtype", *[np.ones((2,), name)] * self.arity) for name in refused]
        return found


class Unary(Elementwise, family=True):
    """Family of functions of one input."""

    arity = 1


class Binary(Elementwise, family=True):
    """Family of functions of two inputs of one dtype."""

    arity = 2


class Compare(Binary, family=True):
    """Family of comparisons: the result is bool, without a gradient."""

    kinds = ("bool", *REAL)
    vjp = absent("a comparison has no derivative")

    def result_dtype(self, dtype: DType) -> DType:
        return bool_


class Predicate(Unary, family=True):
    """Family of tests of each element: the result is bool, without a gradient."""

    vjp = absent("a test has no derivative")

    def result_dtype(self, dtype: DType) -> DType:
        return bool_


class Bitwise(Binary, family=True):
    """Family of bit operations on integers and bool, without a gradient."""

    kinds = ("bool", *INTEGER)
    vjp = absent("bits have no derivative")


class Step(Unary, family=True):
    """Family of piecewise constant functions: their gradient is zero almost everywhere."""

    kinds = REAL

    def derivative(self, g: Any, y: Any, x: Any) -> tuple[Any, ...]:
        return (None,)


def align_batch(mapped: tuple[bool, ...], args: tuple[Any, ...]) -> list[Any]:
    """Inputs with a leading batch axis where `mapped`, reshaped so that they still broadcast by their trailing axes."""
    reshape = REGISTRY["reshape"]
    ndim = max(a.spec.ndim - int(m) for a, m in zip(args, mapped))
    aligned = []
    for array, is_mapped in zip(args, mapped):
        shape = array.spec.shape
        missing = ndim - (len(shape) - 1)
        aligned.append(
            reshape(array, shape=(shape[0], *(1,) * missing, *shape[1:])) if is_mapped and missing else array
        )
    return aligned


def unbroadcast(g: Any, spec: Spec) -> Any:
    """The cotangent of an input of `spec` from that of the broadcast result: summed over the axes along which it
    spread."""
    if g.spec.shape == spec.shape:
        return g
    extra = g.spec.ndim - spec.ndim
    axes = tuple(range(extra)) + tuple(
        extra + axis for axis, size in enumerate(spec.shape) if size == 1 and g.spec.shape[extra + axis] != 1
    )
    summed = REGISTRY["reduce_sum"](g, axes=axes) if axes else g
    return summed if summed.spec.shape == spec.shape else REGISTRY["reshape"](summed, shape=spec.shape)


def conjugate(x: Any) -> Any:
    """The complex conjugate; x itself if it is real."""
    return conj(x) if x.spec.dtype.is_complex else x


def _const(like: Any, value: complex) -> Any:
    return scalar(value, like.spec.dtype)


# Arithmetic


class Add(Binary):
    """Sum, a + b; for bool the logical or; strings joined, a first.    Source: own."""

    name = "add"
    kinds = (*ANY, "string")

    def derivative(self, g, y, a, b):
        return g, g

    def cpu(self, kernels, a, b):
        return kernels.elementwise("logical_or" if a.spec.dtype is bool_ else "add", a, b)

    def xla(self, lax, a, b):
        return lax.numpy.add(a, b)

    def reference(self, a, b):
        return np.add(a, b)


class Subtract(Binary):
    """Difference, a - b.    Source: own."""

    name = "subtract"

    def derivative(self, g, y, a, b):
        return g, negative(g)

    def xla(self, lax, a, b):
        return lax.numpy.subtract(a, b)

    def reference(self, a, b):
        return np.subtract(a, b)


class Multiply(Binary):
    """Product, a * b; for bool the logical and.    Source: own."""

    name = "multiply"
    kinds = ANY

    def derivative(self, g, y, a, b):
        return multiply(g, conjugate(b)), multiply(g, conjugate(a))

    def cpu(self, kernels, a, b):
        return kernels.elementwise("logical_and" if a.spec.dtype is bool_ else "multiply", a, b)

    def xla(self, lax, a, b):
        return lax.numpy.multiply(a, b)

    def reference(self, a, b):
        return np.multiply(a, b)


class Divide(Binary):
    """True quotient of floats, a / b.    Source: own."""

    name = "divide"
    kinds = INEXACT
    domain = (0.5, 3.0)

    def derivative(self, g, y, a, b):
        by_a = divide(g, conjugate(b))
        return by_a, negative(multiply(by_a, conjugate(y)))

    def xla(self, lax, a, b):
        return lax.numpy.divide(a, b)

    def reference(self, a, b):
        with np.errstate(all="ignore"):
            return np.divide(a, b)


class FloorDivide(Binary):
    """Quotient rounded towards minus infinity; 0 for an integer divided by zero.    Source: own."""

    name = "floor_divide"
    kinds = REAL
    domain = (1.2, 9.7)

    def derivative(self, g, y, a, b):
        return None, None

    def xla(self, lax, a, b):
        quotient = lax.numpy.floor_divide(a, b)
        return quotient if lax.numpy.issubdtype(a.dtype, lax.numpy.floating) else lax.numpy.where(b == 0, 0, quotient)

    def reference(self, a, b):
        with np.errstate(all="ignore"):
            return np.floor_divide(a, b)


class Remainder(Binary):
    """Remainder of the floored quotient: it has the sign of b. 0 for an integer divided by zero.    Source: own."""

    name = "remainder"
    kinds = REAL
    domain = (1.2, 9.7)

    def derivative(self, g, y, a, b):
        return g, negative(multiply(g, floor_divide(a, b)))

    def xla(self, lax, a, b):
        rest = lax.numpy.remainder(a, b)
        return rest if lax.numpy.issubdtype(a.dtype, lax.numpy.floating) else lax.numpy.where(b == 0, 0, rest)

    def reference(self, a, b):
        with np.errstate(all="ignore"):
            return np.remainder(a, b)


class Fmod(Binary):
    """Remainder of the truncated quotient: it has the sign of a.    Source: own."""

    name = "fmod"
    kinds = REAL
    domain = (1.2, 9.7)

    def derivative(self, g, y, a, b):
        return g, negative(multiply(g, trunc(divide(a, b))))

    def xla(self, lax, a, b):
        rest = lax.numpy.fmod(a, b)
        return rest if lax.numpy.issubdtype(a.dtype, lax.numpy.floating) else lax.numpy.where(b == 0, 0, rest)

    def reference(self, a, b):
        with np.errstate(all="ignore"):
            return np.fmod(a, b)


class Power(Binary):
    """a to the power b; a negative power of an integer is 0 unless the base is 1 or -1.    Source: own."""

    name = "power"
    domain = (0.4, 2.5)

    def partials(self, y, a, b):
        one = _const(b, 1)
        by_a = multiply(b, power(a, subtract(b, one)))
        if a.spec.dtype.is_complex:
            return by_a, multiply(y, log(a))
        zero = _const(a, 0)
        safe = select(greater(a, zero), a, _const(a, 1))
        return select(equal(b, zero), zero, by_a), select(greater(a, zero), multiply(y, log(safe)), zero)

    def xla(self, lax, a, b):
        if lax.numpy.issubdtype(a.dtype, lax.numpy.signedinteger):
            inverse = lax.numpy.where(a == 1, 1, lax.numpy.where(a == -1, 1 - 2 * (b & 1), 0))
            return lax.numpy.where(b < 0, inverse, lax.numpy.power(a, lax.numpy.maximum(b, 0)))
        return lax.numpy.power(a, b)

    def reference(self, a, b):
        with np.errstate(all="ignore"):
            if a.dtype.kind != "i":
                return np.power(a, b)
            inverse = np.where(a == 1, 1, np.where(a == -1, 1 - 2 * (b & 1), 0))
            return np.where(b < 0, inverse, np.power(a, np.maximum(b, 0))).astype(a.dtype)


class Maximum(Binary):
    """The larger of a and b; NaN if one is. The gradient of a tie is split in halves.    Source: own."""

    name = "maximum"
    kinds = ("bool", *REAL)

    def derivative(self, g, y, a, b):
        return _split_tie(g, y, a, b)

    def cpu(self, kernels, a, b):
        return kernels.elementwise("logical_or" if a.spec.dtype is bool_ else "maximum", a, b)

    def xla(self, lax, a, b):
        return lax.numpy.maximum(a, b)

    def reference(self, a, b):
        return np.maximum(a, b)


class Minimum(Binary):
    """The smaller of a and b; NaN if one is. The gradient of a tie is split in halves.    Source: own."""

    name = "minimum"
    kinds = ("bool", *REAL)

    def derivative(self, g, y, a, b):
        return _split_tie(g, y, a, b)

    def cpu(self, kernels, a, b):
        return kernels.elementwise("logical_and" if a.spec.dtype is bool_ else "minimum", a, b)

    def xla(self, lax, a, b):
        return lax.numpy.minimum(a, b)

    def reference(self, a, b):
        return np.minimum(a, b)


def _split_tie(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    half, zero = multiply(g, _const(g, 0.5)), _const(g, 0)
    tie = equal(a, b)
    from_a = select(tie, half, select(equal(a, y), g, zero))
    return from_a, subtract(g, from_a)


class Atan2(Binary):
    """Angle of the point (b, a), in radians from -pi to pi.    Source: own."""

    name = "atan2"
    kinds = ("float",)
    domain = (0.3, 3.0)

    def partials(self, y, a, b):
        norm = add(multiply(a, a), multiply(b, b))
        return divide(b, norm), negative(divide(a, norm))

    def xla(self, lax, a, b):
        return lax.numpy.arctan2(a, b)

    def reference(self, a, b):
        return np.arctan2(a, b)


class Hypot(Binary):
    """Length of the vector (a, b), without overflow on the way.    Source: own."""

    name = "hypot"
    kinds = ("float",)
    domain = (0.3, 3.0)

    def partials(self, y, a, b):
        return divide(a, y), divide(b, y)

    def xla(self, lax, a, b):
        return lax.numpy.hypot(a, b)

    def reference(self, a, b):
        return np.hypot(a, b)


class LogAddExp(Binary):
    """log(exp(a) + exp(b)), without overflow.    Source: own."""

    name = "logaddexp"
    kinds = ("float",)

    def partials(self, y, a, b):
        return exp(subtract(a, y)), exp(subtract(b, y))

    def xla(self, lax, a, b):
        return lax.numpy.logaddexp(a, b)

    def reference(self, a, b):
        return np.logaddexp(a, b)


class NextAfter(Binary):
    """The next number after a in the direction of b.    Source: IEEE 754-2019, section 5.3.1."""

    name = "nextafter"
    kinds = ("float",)
    vjp = absent("it moves by one unit in the last place")

    def sample_dtypes(self):
        return ["float32", "float64"]

    def xla(self, lax, a, b):
        return lax.numpy.nextafter(a, b)

    def reference(self, a, b):
        return np.nextafter(a, b)


class CopySign(Binary):
    """The magnitude of a with the sign of b.    Source: own."""

    name = "copysign"
    kinds = ("float",)

    def derivative(self, g, y, a, b):
        return multiply(g, multiply(sign(a), copysign(_const(b, 1), b))), None

    def xla(self, lax, a, b):
        return lax.numpy.copysign(a, b)

    def reference(self, a, b):
        return np.copysign(a, b)


class Ldexp(Binary):
    """a times 2 to the power b, b being a whole number held as a float.    Source: own."""

    name = "ldexp"
    kinds = ("float",)

    def draw(self, rng, shape, dtype):
        return np.round(super().draw(rng, shape, dtype))

    def derivative(self, g, y, a, b):
        return ldexp(g, b), multiply(g, multiply(y, _const(y, math.log(2))))

    def cpu(self, kernels, a, b):  # the tape's own ldexp takes an integer
        return kernels.elementwise("multiply", a, kernels.elementwise("exp2", b))

    def xla(self, lax, a, b):
        return a * lax.numpy.exp2(b)

    def reference(self, a, b):
        return np.multiply(a, np.exp2(b))

    def samples(self, rng):
        found = super().samples(rng)
        for sample in found:
            sample.differentiable = (0,)
        return found


class Gcd(Bitwise):
    """Greatest common divisor.    Source: own."""

    name = "gcd"
    kinds = INTEGER
    vjp = absent("integers have no derivative")

    def xla(self, lax, a, b):
        return lax.numpy.gcd(a, b)

    def reference(self, a, b):
        return np.gcd(a, b)


class Lcm(Bitwise):
    """Least common multiple.    Source: own."""

    name = "lcm"
    kinds = INTEGER
    vjp = absent("integers have no derivative")

    def xla(self, lax, a, b):
        return lax.numpy.lcm(a, b)

    def reference(self, a, b):
        return np.lcm(a, b)


class Negative(Unary):
    """-x.    Source: own."""

    name = "negative"

    def derivative(self, g, y, x):
        return (negative(g),)

    def xla(self, lax, x):
        return lax.numpy.negative(x)

    def reference(self, x):
        return np.negative(x)


class Abs(Unary):
    """Magnitude; real for a complex number. The gradient at 0 is 0.    Source: own."""

    name = "abs"

    def result_dtype(self, dtype):
        return dtype.real_dtype

    def derivative(self, g, y, x):
        if x.spec.dtype.is_complex:
            return (multiply(to_complex(g, zeros_like_real(g)), sign(x)),)
        return (multiply(g, sign(x)),)

    def xla(self, lax, x):
        return lax.numpy.abs(x)

    def reference(self, x):
        return np.abs(x)


class Sign(Unary):
    """-1, 0 or 1; x / |x| for a complex number.    Source: own."""

    name = "sign"
    kinds = NUMERIC

    def derivative(self, g, y, x):
        if not x.spec.dtype.is_complex:
            return (None,)
        size = abs_(x)
        safe = select(equal(size, _const(size, 0)), _const(size, 1), size)
        scale = divide(scalar(1, size.spec.dtype), safe)
        along = real(multiply(conj(y), g))
        across = subtract(g, multiply(y, to_complex(along, zeros_like_real(along))))
        return (multiply(across, to_complex(scale, zeros_like_real(scale))),)

    def xla(self, lax, x):
        return lax.numpy.sign(x)

    def reference(self, x):
        if x.dtype.kind != "c":
            return np.sign(x)
        size = np.abs(x)
        return np.where(size == 0, 0, x / np.where(size == 0, 1, size)).astype(x.dtype)


class Square(Unary):
    """x * x.    Source: own."""

    name = "square"

    def partials(self, y, x):
        return (multiply(x, _const(x, 2)),)

    def xla(self, lax, x):
        return lax.numpy.square(x)

    def reference(self, x):
        return np.square(x)


class Sqrt(Unary):
    """Square root.    Source: own."""

    name = "sqrt"
    kinds = INEXACT
    domain = (0.3, 4.0)

    def partials(self, y, x):
        return (divide(_const(y, 0.5), y),)

    def xla(self, lax, x):
        return lax.numpy.sqrt(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.sqrt(x)


class Rsqrt(Unary):
    """1 / sqrt(x).    Source: own."""

    name = "rsqrt"
    kinds = INEXACT
    domain = (0.3, 4.0)

    def partials(self, y, x):
        return (multiply(_const(y, -0.5), divide(y, x)),)

    def xla(self, lax, x):
        return lax.lax.rsqrt(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return (1 / np.sqrt(x)).astype(x.dtype)


class Cbrt(Unary):
    """Cube root, real for negative numbers too.    Source: own."""

    name = "cbrt"
    kinds = ("float",)
    domain = (0.3, 4.0)

    def partials(self, y, x):
        return (divide(_const(y, 1 / 3), square(y)),)

    def xla(self, lax, x):
        return lax.numpy.cbrt(x)

    def reference(self, x):
        return np.cbrt(x)


class Reciprocal(Unary):
    """1 / x.    Source: own."""

    name = "reciprocal"
    kinds = INEXACT
    domain = (0.3, 4.0)

    def partials(self, y, x):
        return (negative(square(y)),)

    def xla(self, lax, x):
        return lax.numpy.reciprocal(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.reciprocal(x)


# Exponentials and logarithms


class Exp(Unary):
    """e to the power x.    Source: own."""

    name = "exp"
    kinds = INEXACT

    def partials(self, y, x):
        return (y,)

    def xla(self, lax, x):
        return lax.numpy.exp(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.exp(x)


class Exp2(Unary):
    """2 to the power x.    Source: own."""

    name = "exp2"
    kinds = ("float",)

    def partials(self, y, x):
        return (multiply(y, _const(y, math.log(2))),)

    def xla(self, lax, x):
        return lax.numpy.exp2(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.exp2(x)


class Expm1(Unary):
    """exp(x) - 1, accurate near 0.    Source: own."""

    name = "expm1"
    kinds = ("float",)

    def partials(self, y, x):
        return (add(y, _const(y, 1)),)

    def xla(self, lax, x):
        return lax.numpy.expm1(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.expm1(x)


class Log(Unary):
    """Natural logarithm.    Source: own."""

    name = "log"
    kinds = INEXACT
    domain = (0.2, 4.0)

    def derivative(self, g, y, x):
        return (divide(g, conjugate(x)),)

    def xla(self, lax, x):
        return lax.numpy.log(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.log(x)


class Log2(Unary):
    """Logarithm to the base 2.    Source: own."""

    name = "log2"
    kinds = ("float",)
    domain = (0.2, 4.0)

    def partials(self, y, x):
        return (divide(_const(x, 1 / math.log(2)), x),)

    def xla(self, lax, x):
        return lax.numpy.log2(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.log2(x)


class Log10(Unary):
    """Logarithm to the base 10.    Source: own."""

    name = "log10"
    kinds = ("float",)
    domain = (0.2, 4.0)

    def partials(self, y, x):
        return (divide(_const(x, 1 / math.log(10)), x),)

    def xla(self, lax, x):
        return lax.numpy.log10(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.log10(x)


class Log1p(Unary):
    """log(1 + x), accurate near 0.    Source: own."""

    name = "log1p"
    kinds = ("float",)
    domain = (-0.7, 3.0)

    def partials(self, y, x):
        return (reciprocal(add(x, _const(x, 1))),)

    def xla(self, lax, x):
        return lax.numpy.log1p(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.log1p(x)


class Sigmoid(Unary):
    """1 / (1 + exp(-x)).    Source: own."""

    name = "sigmoid"
    kinds = ("float",)

    def derivative(self, g, y, x):
        return (multiply(g, multiply(y, subtract(_const(y, 1), y))),)

    def xla(self, lax, x):
        return lax.jax.nn.sigmoid(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            z = np.exp(-np.abs(x))
            return (np.where(x >= 0, 1, z) / (1 + z)).astype(x.dtype)


class Softplus(Unary):
    """log(1 + exp(x)), without overflow.    Source: Dugas et al. 2001, "Incorporating second-order functional
    knowledge"."""

    name = "softplus"
    kinds = ("float",)

    def partials(self, y, x):
        return (sigmoid(x),)

    def xla(self, lax, x):
        return lax.jax.nn.softplus(x)

    def reference(self, x):
        return np.logaddexp(x, np.zeros((), x.dtype))


class Relu(Unary):
    """x where it is positive, 0 elsewhere; the gradient at 0 is 0.    Source: Nair and Hinton 2010, "Rectified linear
    units"."""

    name = "relu"
    kinds = REAL

    def derivative(self, g, y, x):
        return (select(greater(y, _const(y, 0)), g, _const(g, 0)),)

    def xla(self, lax, x):
        return lax.numpy.maximum(x, lax.numpy.zeros((), x.dtype))

    def reference(self, x):
        return np.maximum(x, np.zeros((), x.dtype))


# Trigonometry


class Sin(Unary):
    """Sine of an angle in radians.    Source: own."""

    name = "sin"
    kinds = INEXACT

    def partials(self, y, x):
        return (cos(x),)

    def xla(self, lax, x):
        return lax.numpy.sin(x)

    def reference(self, x):
        return np.sin(x)


class Cos(Unary):
    """Cosine of an angle in radians.    Source: own."""

    name = "cos"
    kinds = INEXACT

    def partials(self, y, x):
        return (negative(sin(x)),)

    def xla(self, lax, x):
        return lax.numpy.cos(x)

    def reference(self, x):
        return np.cos(x)


class Tan(Unary):
    """Tangent of an angle in radians.    Source: own."""

    name = "tan"
    kinds = ("float",)
    domain = (-1.2, 1.2)

    def partials(self, y, x):
        return (add(square(y), _const(y, 1)),)

    def xla(self, lax, x):
        return lax.numpy.tan(x)

    def reference(self, x):
        return np.tan(x)


class Asin(Unary):
    """Angle in radians, from -pi/2 to pi/2, with sine x.    Source: own."""

    name = "asin"
    kinds = ("float",)
    domain = (-0.9, 0.9)

    def partials(self, y, x):
        return (rsqrt(subtract(_const(x, 1), square(x))),)

    def xla(self, lax, x):
        return lax.numpy.arcsin(x)

    def reference(self, x):
        return np.arcsin(x)


class Acos(Unary):
    """Angle in radians, from 0 to pi, with cosine x.    Source: own."""

    name = "acos"
    kinds = ("float",)
    domain = (-0.9, 0.9)

    def partials(self, y, x):
        return (negative(rsqrt(subtract(_const(x, 1), square(x)))),)

    def xla(self, lax, x):
        return lax.numpy.arccos(x)

    def reference(self, x):
        return np.arccos(x)


class Atan(Unary):
    """Angle in radians, from -pi/2 to pi/2, with tangent x.    Source: own."""

    name = "atan"
    kinds = ("float",)

    def partials(self, y, x):
        return (reciprocal(add(square(x), _const(x, 1))),)

    def xla(self, lax, x):
        return lax.numpy.arctan(x)

    def reference(self, x):
        return np.arctan(x)


class Sinh(Unary):
    """Hyperbolic sine.    Source: own."""

    name = "sinh"
    kinds = ("float",)

    def partials(self, y, x):
        return (cosh(x),)

    def xla(self, lax, x):
        return lax.numpy.sinh(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.sinh(x)


class Cosh(Unary):
    """Hyperbolic cosine.    Source: own."""

    name = "cosh"
    kinds = ("float",)

    def partials(self, y, x):
        return (sinh(x),)

    def xla(self, lax, x):
        return lax.numpy.cosh(x)

    def reference(self, x):
        with np.errstate(all="ignore"):
            return np.cosh(x)


class Tanh(Unary):
    """Hyperbolic tangent.    Source: own."""

    name = "tanh"
    kinds = INEXACT
    domain = (-1.4, 1.4)

    def partials(self, y, x):
        return (subtract(_const(y, 1), square(y)),)

    def xla(self, lax, x):
        return lax.numpy.tanh(x)

    def reference(self, x):
        return np.tanh(x)


class Asinh(Unary):
    """Inverse of the hyperbolic sine.    Source: own."""

    name = "asinh"
    kinds = ("float",)

    def partials(self, y, x):
        return (rsqrt(add(square(x), _const(x, 1))),)

    def xla(self, lax, x):
        return lax.numpy.arcsinh(x)

    def reference(self, x):
        return np.arcsinh(x)


class Acosh(Unary):
    """Inverse of the hyperbolic cosine, for x from 1.    Source: own."""

    name = "acosh"
    kinds = ("float",)
    domain = (1.3, 4.0)

    def partials(self, y, x):
        return (rsqrt(subtract(square(x), _const(x, 1))),)

    def xla(self, lax, x):
        return lax.numpy.arccosh(x)

    def reference(self, x):
        return np.arccosh(x)


class Atanh(Unary):
    """Inverse of the hyperbolic tangent, for x between -1 and 1.    Source: own."""

    name = "atanh"
    kinds = ("float",)
    domain = (-0.8, 0.8)

    def partials(self, y, x):
        return (reciprocal(subtract(_const(x, 1), square(x))),)

    def xla(self, lax, x):
        return lax.numpy.arctanh(x)

    def reference(self, x):
        return np.arctanh(x)


# Special functions


class Erf(Unary):
    """Error function, 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.    Source: DLMF 7.2.1."""

    name = "erf"
    kinds = ("float",)

    def partials(self, y, x):
        return (multiply(_const(x, 2 / math.sqrt(math.pi)), exp(negative(square(x)))),)

    def xla(self, lax, x):
        return lax.lax.erf(x)

    def reference(self, x):
        return _each(math.erf, x)


class Erfc(Unary):
    """1 - erf(x), accurate for large x.    Source: DLMF 7.2.2."""

    name = "erfc"
    kinds = ("float",)

    def partials(self, y, x):
        return (multiply(_const(x, -2 / math.sqrt(math.pi)), exp(negative(square(x)))),)

    def xla(self, lax, x):
        return lax.lax.erfc(x)

    def reference(self, x):
        return _each(math.erfc, x)


class ErfInv(Unary):
    """Inverse of the error function, for x between -1 and 1.    Source: Giles 2010, "Approximating the erfinv function"
    (start); Newton."""

    name = "erfinv"
    kinds = ("float",)
    domain = (-0.9, 0.9)

    def partials(self, y, x):
        return (multiply(_const(x, math.sqrt(math.pi) / 2), exp(square(y))),)

    def xla(self, lax, x):
        return lax.lax.erf_inv(x)

    def reference(self, x):
        return _each(_erfinv, x)


class LGamma(Unary):
    """Logarithm of the magnitude of the gamma function.    Source: DLMF 5.2."""

    name = "lgamma"
    kinds = ("float",)
    domain = (0.3, 5.0)

    def partials(self, y, x):
        return (digamma(x),)

    def xla(self, lax, x):
        return lax.lax.lgamma(x)

    def reference(self, x):
        return _each(lambda v: math.inf if math.isinf(v) or (v <= 0 and v == int(v)) else math.lgamma(v), x)


class Digamma(Unary):
    """Derivative of lgamma.    Source: DLMF 5.2.2, 5.11.2 (asymptotic series) and 5.5.2 (recurrence)."""

    name = "digamma"
    kinds = ("float",)
    domain = (0.3, 5.0)

    def partials(self, y, x):
        return (polygamma1(x),)

    def xla(self, lax, x):
        return lax.lax.digamma(x)

    def reference(self, x):
        return _each(_digamma, x)


def polygamma1(x: Any) -> Any:
    """The trigamma function, derivative of digamma: recurrence to x >= 8, then the asymptotic series (DLMF 5.15.8).

    Meant for positive x, where gamma distributions live.
    """
    one, total, shifted = _const(x, 1), _const(x, 0), x
    for _ in range(8):
        total = add(total, reciprocal(square(shifted)))
        shifted = add(shifted, one)
    inverse = reciprocal(shifted)
    squared = square(inverse)
    series = _const(x, 5 / 66)
    for coefficient in (-1 / 30, 1 / 42, -1 / 30, 1 / 6):
        series = add(_const(x, coefficient), multiply(squared, series))
    tail = add(inverse, add(multiply(_const(x, 0.5), squared), multiply(multiply(inverse, squared), series)))
    return add(total, tail)


def _each(function: Any, x: np.ndarray) -> np.ndarray:
    """A function of `math`, element by element, in float64."""
    values = np.asarray(x, np.float64)
    return np.array([function(float(v)) for v in values.ravel()], np.float64).reshape(values.shape).astype(x.dtype)


def _erfinv(p: float) -> float:
    if not -1 <= p <= 1:
        return math.nan
    if abs(p) == 1:
        return math.copysign(math.inf, p)
    w = -math.log((1 - p) * (1 + p))
    x = p * (1.5 if w < 5 else math.sqrt(w)) / 1.7
    for _ in range(60):
        slope = 2 / math.sqrt(math.pi) * math.exp(-x * x)
        error = math.erf(x) - p if abs(p) < 0.5 else math.copysign(1, x) * ((1 - abs(p)) - math.erfc(abs(x)))
        step = error / slope / (1 + x * error / slope)  # Halley
        x -= step
        if abs(step) <= 1e-17 * abs(x):
            break
    return x


def _digamma(x: float) -> float:
    if x == 0 or (x < 0 and x == math.floor(x)):
        return math.nan
    if x < 0:
        return _digamma(1 - x) - math.pi / math.tan(math.pi * x)
    total = 0.0
    while x < 10:
        total -= 1 / x
        x += 1
    s = 1 / (x * x)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    return total + math.log(x) - 0.5 / x - series


# Rounding and tests


class Floor(Step):
    """Largest whole number not above x.    Source: own."""

    name = "floor"

    def xla(self, lax, x):
        return lax.numpy.floor(x).astype(x.dtype)

    def reference(self, x):
        return np.floor(x).astype(x.dtype)


class Ceil(Step):
    """Smallest whole number not below x.    Source: own."""

    name = "ceil"

    def xla(self, lax, x):
        return lax.numpy.ceil(x).astype(x.dtype)

    def reference(self, x):
        return np.ceil(x).astype(x.dtype)


class Round(Step):
    """Nearest whole number; the even one of two equally near.    Source: IEEE 754-2019, section 4.3.1."""

    name = "round"

    def xla(self, lax, x):
        return lax.numpy.round(x)

    def reference(self, x):
        return np.round(x)


class Trunc(Step):
    """x without its fraction.    Source: own."""

    name = "trunc"

    def xla(self, lax, x):
        return lax.numpy.trunc(x).astype(x.dtype)

    def reference(self, x):
        return np.trunc(x).astype(x.dtype)


class IsNan(Predicate):
    """True where x is not a number.    Source: own."""

    name = "isnan"
    kinds = ("float",)

    def xla(self, lax, x):
        return lax.numpy.isnan(x)

    def reference(self, x):
        return np.isnan(x)


class IsInf(Predicate):
    """True where x is infinite.    Source: own."""

    name = "isinf"
    kinds = ("float",)

    def xla(self, lax, x):
        return lax.numpy.isinf(x)

    def reference(self, x):
        return np.isinf(x)


class IsFinite(Predicate):
    """True where x is neither infinite nor NaN.    Source: own."""

    name = "isfinite"
    kinds = ("float",)

    def xla(self, lax, x):
        return lax.numpy.isfinite(x)

    def reference(self, x):
        return np.isfinite(x)


class SignBit(Predicate):
    """True where the sign bit is set, -0.0 included.    Source: IEEE 754-2019, section 3.4."""

    name = "signbit"
    kinds = ("float",)

    def xla(self, lax, x):
        return lax.numpy.signbit(x)

    def reference(self, x):
        return np.signbit(x)


# Comparisons


class Equal(Compare):
    """True where a equals b.    Source: own."""

    name = "equal"
    kinds = (*ANY, "string")

    def xla(self, lax, a, b):
        return lax.numpy.equal(a, b)

    def reference(self, a, b):
        return np.equal(a, b)


class NotEqual(Compare):
    """True where a differs from b.    Source: own."""

    name = "not_equal"
    kinds = (*ANY, "string")

    def xla(self, lax, a, b):
        return lax.numpy.not_equal(a, b)

    def reference(self, a, b):
        return np.not_equal(a, b)


class Less(Compare):
    """True where a < b.    Source: own."""

    name = "less"

    def xla(self, lax, a, b):
        return lax.numpy.less(a, b)

    def reference(self, a, b):
        return np.less(a, b)


class LessEqual(Compare):
    """True where a <= b.    Source: own."""

    name = "less_equal"

    def xla(self, lax, a, b):
        return lax.numpy.less_equal(a, b)

    def reference(self, a, b):
        return np.less_equal(a, b)


class Greater(Compare):
    """True where a > b.    Source: own."""

    name = "greater"

    def xla(self, lax, a, b):
        return lax.numpy.greater(a, b)

    def reference(self, a, b):
        return np.greater(a, b)


class GreaterEqual(Compare):
    """True where a >= b.    Source: own."""

    name = "greater_equal"

    def xla(self, lax, a, b):
        return lax.numpy.greater_equal(a, b)

    def reference(self, a, b):
        return np.greater_equal(a, b)


# Bits


class BitwiseAnd(Bitwise):
    """Bits set in both.    Source: own."""

    name = "bitwise_and"

    def xla(self, lax, a, b):
        return lax.numpy.bitwise_and(a, b)

    def reference(self, a, b):
        return np.bitwise_and(a, b)


class BitwiseOr(Bitwise):
    """Bits set in one or both.    Source: own."""

    name = "bitwise_or"

    def xla(self, lax, a, b):
        return lax.numpy.bitwise_or(a, b)

    def reference(self, a, b):
        return np.bitwise_or(a, b)


class BitwiseXor(Bitwise):
    """Bits set in one of the two.    Source: own."""

    name = "bitwise_xor"

    def xla(self, lax, a, b):
        return lax.numpy.bitwise_xor(a, b)

    def reference(self, a, b):
        return np.bitwise_xor(a, b)


class BitwiseNot(Unary):
    """All bits inverted; for bool the logical not.    Source: own."""

    name = "bitwise_not"
    kinds = ("bool", *INTEGER)
    vjp = absent("bits have no derivative")

    def xla(self, lax, x):
        return lax.numpy.bitwise_not(x)

    def reference(self, x):
        return np.bitwise_not(x)


class LeftShift(Bitwise):
    """Bits moved up by b places; 0 once all are gone.    Source: own."""

    name = "left_shift"
    kinds = INTEGER
    domain = (0.0, 6.0)

    def xla(self, lax, a, b):
        return lax.lax.shift_left(*lax.numpy.broadcast_arrays(a, b))

    def reference(self, a, b):
        return np.left_shift(a, b)


class RightShift(Bitwise):
    """Bits moved down by b places, the sign kept for signed dtypes.    Source: own."""

    name = "right_shift"
    kinds = INTEGER
    domain = (0.0, 6.0)

    def xla(self, lax, a, b):
        shift = (
            lax.lax.shift_right_arithmetic
            if lax.numpy.issubdtype(a.dtype, lax.numpy.signedinteger)
            else lax.lax.shift_right_logical
        )
        return shift(*lax.numpy.broadcast_arrays(a, b))

    def reference(self, a, b):
        return np.right_shift(a, b)


class PopulationCount(Unary):
    """Number of bits that are set.    Source: own."""

    name = "population_count"
    op = "popcount"
    kinds = INTEGER
    vjp = absent("bits have no derivative")

    def xla(self, lax, x):
        return lax.lax.population_count(x)

    def reference(self, x):
        unsigned = x.astype(f"u{x.dtype.itemsize}") if x.dtype.kind == "i" else x
        bits = np.unpackbits(np.ascontiguousarray(unsigned).reshape(-1, 1).view(np.uint8), axis=1)
        return bits.sum(axis=1).reshape(x.shape).astype(x.dtype)


# Complex parts


class Real(Unary):
    """Real part.    Source: own."""

    name = "real"
    kinds = ("complex",)

    def result_dtype(self, dtype):
        return dtype.real_dtype

    def derivative(self, g, y, x):
        return (to_complex(g, zeros_like_real(g)),)

    def xla(self, lax, x):
        return lax.numpy.real(x)

    def reference(self, x):
        return np.real(x).copy()


class Imag(Unary):
    """Imaginary part.    Source: own."""

    name = "imag"
    kinds = ("complex",)

    def result_dtype(self, dtype):
        return dtype.real_dtype

    def derivative(self, g, y, x):
        return (to_complex(zeros_like_real(g), g),)

    def xla(self, lax, x):
        return lax.numpy.imag(x)

    def reference(self, x):
        return np.imag(x).copy()


class Conj(Unary):
    """Complex conjugate.    Source: own."""

    name = "conj"
    kinds = ("complex",)

    def derivative(self, g, y, x):
        return (conj(g),)

    def xla(self, lax, x):
        return lax.numpy.conj(x)

    def reference(self, x):
        return np.conj(x)


class Complex(Binary):
    """Complex number a + i b from two floats.    Source: own."""

    name = "complex"
    kinds = ("float",)

    def sample_dtypes(self):
        return ["float32", "float64"]

    def infer(self, a: Spec, b: Spec) -> Spec:
        spec = super().infer(a, b)
        if spec.dtype.size < 4:
            raise DTypeError(f"complex: its input has dtype {spec.dtype.name}.", fix="cast it to float32 or float64.")
        return spec.with_dtype(as_dtype("complex64" if spec.dtype == "float32" else "complex128"))

    def derivative(self, g, y, a, b):
        return real(g), imag(g)

    def xla(self, lax, a, b):
        return lax.lax.complex(*lax.numpy.broadcast_arrays(a, b))

    def reference(self, a, b):
        return (a + 1j * b).astype("complex64" if a.dtype == np.float32 else "complex128")


def zeros_like_real(x: Any) -> Any:
    """Zero of the dtype of x, of no axes: it broadcasts."""
    return scalar(0.0, x.spec.dtype)


# Choice and conversion


class Select(Elementwise):
    """a where the condition holds, b elsewhere.

    Shapes: condition, a and b broadcast together.    Dtypes: bool; a and b any, both the same.    Source: own.
    """

    name = "select"
    arity = 3

    def infer(self, condition: Spec, a: Spec, b: Spec) -> Spec:
        self.require_dtype(condition, ("bool",), "its condition")
        self.require_same_dtype(a, b)
        return Spec(broadcast_shapes(condition.shape, a.shape, b.shape, what="select"), a.dtype)

    def derivative(self, g, y, condition, a, b):
        zero = _const(g, 0)
        return None, select(condition, g, zero), select(condition, zero, g)

    def xla(self, lax, condition, a, b):
        return lax.numpy.where(condition, a, b)

    def reference(self, condition, a, b):
        return np.where(condition, a, b)

    def samples(self, rng):
        def sample(shapes: Any, dtype: str) -> Sample:
            return Sample(rng.random(shapes[0]) < 0.5, *[rng.normal(size=shape).astype(dtype) for shape in shapes[1:]])

        return [
            sample([(3, 4)] * 3, "float64"), sample([()] * 3, "float32"), sample([(4,), (3, 1), (1, 4)], "float32"),
            sample([(2, 1, 1), (3, 1), ()], "int32"), sample([(0, 2)] * 3, "float32"),
            BadSample(DTypeError, "condition", np.ones(2), np.ones(2), np.ones(2)),
            BadSample(DTypeError, "differ", np.ones(2, bool), np.ones(2), np.ones(2, np.float32)),
            BadSample(ShapeError, "do not broadcast", np.ones(2, bool), np.ones(3), np.ones(3)),
        ]  # fmt: skip


class Clamp(Elementwise):
    """x, held between low and high; the gradient is 1 inside and at the bounds, 0 outside.    Source: own."""

    name = "clamp"
    arity = 3
    kinds = REAL

    def derivative(self, g, y, x, low, high):
        zero = _const(g, 0)
        above = greater(maximum(x, low), high)
        rest = select(above, zero, g)
        below = less(x, low)
        return select(below, zero, rest), select(below, rest, zero), select(above, g, zero)

    def draw(self, rng, shape, dtype):
        return super().draw(rng, shape, dtype)

    def xla(self, lax, x, low, high):
        return lax.numpy.minimum(lax.numpy.maximum(x, low), high)

    def reference(self, x, low, high):
        return np.minimum(np.maximum(x, low), high)


class Cast(Unary):
    """x in another dtype: towards zero from float to integer, saturating at the bounds; 0 for NaN.

    Shapes: as x.    Dtypes: any to any; a complex number loses its imaginary part.    Source: own.
    """

    name = "cast"
    kinds = ANY

    def infer(self, x: Spec, *, dtype: DType) -> Spec:
        if (x.dtype.kind == "string") != (dtype.kind == "string"):
            raise DTypeError(
                f"cast: {x.dtype.name} does not become {dtype.name} by a cast.",
                fix="use tf.strings.to_number, tf.strings.as_string or tf.io.decode_raw.",
            )
        return x.with_dtype(dtype)

    def vjp(self, g: Any, y: Any, x: Any, *, dtype: DType) -> tuple[Any, ...]:
        source = x.spec.dtype
        if not (source.is_inexact and dtype.is_inexact):
            return (None,)
        return (cast(g, dtype=source),)

    def cpu(self, kernels, x, *, dtype):
        return kernels.elementwise("cast", x)

    def xla(self, lax, x, *, dtype):
        if lax.numpy.issubdtype(x.dtype, lax.numpy.complexfloating) and not dtype.is_complex and dtype is not bool_:
            x = lax.numpy.real(x)
        if dtype is bool_:
            return x != 0
        return lax.lax.convert_element_type(x, dtype.numpy)

    def reference(self, x, *, dtype):
        if x.dtype.kind == "c" and not dtype.is_complex and dtype is not bool_:
            x = np.real(x)
        if dtype is bool_:
            return x != 0
        if as_dtype(x.dtype).is_floating and dtype.is_integer:
            x = np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
            low, high = float(dtype.min), float(dtype.max)
            clipped = np.clip(np.trunc(x), low, np.nextafter(high, 0) if dtype.size == 8 else high)
            return np.where(x >= high, np.array(dtype.max, dtype.numpy), clipped.astype(dtype.numpy))
        return x.astype(dtype.numpy)

    def batch(self, size, mapped, x, *, dtype):
        return self(x, dtype=dtype), True

    def samples(self, rng):
        values = rng.uniform(-90, 90, (3, 5))
        pairs = [("float32", "int32"), ("float64", "float32"), ("float32", "float16"), ("float32", "bfloat16"),
                 ("int32", "float32"), ("float32", "bool"), ("bool", "float32"), ("int64", "int8"),
                 ("float32", "complex64"), ("complex64", "float32"),
                 ("float64", "float64"), ("uint8", "int32"), ("float32", "int64")]  # fmt: skip
        found = [Sample(values.astype(source), dtype=as_dtype(target)) for source, target in pairs]
        found.append(Sample(np.array([np.inf, -np.inf, np.nan, 1e20, -1e20], np.float32), dtype=as_dtype("int32")))
        return found


class Bitcast(Unary):
    """The bits of x read as another dtype of the same size.

    Shapes: as x.    Dtypes: any pair of one size.    Errors: DTypeError if the sizes differ.    Source: own.
    """

    name = "bitcast"
    kinds = ANY
    vjp = absent("bits have no derivative")

    def infer(self, x: Spec, *, dtype: DType) -> Spec:
        if x.dtype.size != dtype.size:
            raise DTypeError(
                f"bitcast: {x.dtype.name} has {x.dtype.size} bytes and {dtype.name} has {dtype.size}.",
                fix="cast, or choose a dtype of that size.",
            )
        return x.with_dtype(dtype)

    def cpu(self, kernels, x, *, dtype):
        return kernels.elementwise("bitcast", x)

    def xla(self, lax, x, *, dtype):
        return lax.lax.bitcast_convert_type(x, dtype.numpy)

    def reference(self, x, *, dtype):
        return np.ascontiguousarray(x).view(dtype.numpy)

    def batch(self, size, mapped, x, *, dtype):
        return self(x, dtype=dtype), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(3, 4)).astype(np.float32), dtype=as_dtype("int32")),
            Sample(rng.integers(0, 2**31, (5,), np.int32), dtype=as_dtype("uint32")),
            Sample(rng.normal(size=(2,)), dtype=as_dtype("int64")),
            BadSample(DTypeError, "bytes", np.ones(2, np.float32), dtype=as_dtype("int64")),
        ]


add, subtract, multiply, divide = Add(), Subtract(), Multiply(), Divide()
floor_divide, remainder, fmod, power = FloorDivide(), Remainder(), Fmod(), Power()
maximum, minimum, atan2, hypot, logaddexp = Maximum(), Minimum(), Atan2(), Hypot(), LogAddExp()
nextafter, copysign, ldexp, gcd, lcm = NextAfter(), CopySign(), Ldexp(), Gcd(), Lcm()
negative, abs_, sign, square, sqrt, rsqrt, cbrt, reciprocal = (
    Negative(), Abs(), Sign(), Square(), Sqrt(), Rsqrt(), Cbrt(), Reciprocal(),
)  # fmt: skip
exp, exp2, expm1, log, log2, log10, log1p, sigmoid, softplus, relu = (
    Exp(), Exp2(), Expm1(), Log(), Log2(), Log10(), Log1p(), Sigmoid(), Softplus(), Relu(),
)  # fmt: skip
sin, cos, tan, asin, acos, atan = Sin(), Cos(), Tan(), Asin(), Acos(), Atan()
sinh, cosh, tanh, asinh, acosh, atanh = Sinh(), Cosh(), Tanh(), Asinh(), Acosh(), Atanh()
erf, erfc, erfinv, lgamma, digamma = Erf(), Erfc(), ErfInv(), LGamma(), Digamma()
floor, ceil, round_, trunc = Floor(), Ceil(), Round(), Trunc()
isnan, isinf, isfinite, signbit = IsNan(), IsInf(), IsFinite(), SignBit()
equal, not_equal, less, less_equal, greater, greater_equal = (
    Equal(),
    NotEqual(),
    Less(),
    LessEqual(),
    Greater(),
    GreaterEqual(),
)
bitwise_and, bitwise_or, bitwise_xor, bitwise_not = BitwiseAnd(), BitwiseOr(), BitwiseXor(), BitwiseNot()
left_shift, right_shift, population_count = LeftShift(), RightShift(), PopulationCount()
real, imag, conj, to_complex = Real(), Imag(), Conj(), Complex()
select, clamp, cast, bitcast = Select(), Clamp(), Cast(), Bitcast()
