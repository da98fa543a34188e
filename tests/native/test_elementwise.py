"""The element-wise engine against NumPy and the C library: operations, shapes, reductions, memory, errors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from headwater.backends.cpu import native
from tests.native.kernel_runner import CODES, DTYPES, FLOATS, INTEGERS, KernelRunner, numpy_dtype, random_array

SHAPES = [(), (0,), (1,), (7,), (8, 8), (3, 1, 5), (33, 65)]
SIGNED = ("int8", "int16", "int32", "int64")
COMPLEX = ("complex64", "complex128")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -3.5, np.inf, -np.inf, np.nan, 1e-30, -1e30, 88.0, -80.0]


@pytest.fixture
def rng():
    return np.random.default_rng(11)


Entry = tuple[str, int, tuple[int, ...], Any]


def entry(op: str, dtype: str, *args: int, immediate: Any = None) -> Entry:
    """An entry of a program."""
    return (op, CODES[dtype], args, immediate)


def run(
    arrays: Sequence[np.ndarray],
    shape: tuple[int, ...],
    code: Sequence[Entry],
    results: Sequence[int],
    outputs: Sequence[tuple[str, tuple[int, ...]]],
    reductions: Sequence[Any] | None = None,
) -> list[np.ndarray]:
    """The results of a program on some arrays."""
    attrs: dict[str, Any] = {"shape": shape, "code": list(code), "results": tuple(results)}
    if reductions is not None:
        attrs["reductions"] = list(reductions)
    inputs = [(array.dtype.name, array.shape) for array in arrays]
    return KernelRunner("elementwise", inputs, outputs, **attrs)(*arrays)


def apply(op: str, dtype: str, *arrays: np.ndarray, immediate: Any = None) -> np.ndarray:
    """One operation on arrays that broadcast to one another."""
    shape = np.broadcast_shapes(*[array.shape for array in arrays])
    code = [entry(op, dtype, *range(len(arrays)), immediate=immediate)]
    return run(arrays, shape, code, [len(arrays)], [(dtype, shape)])[0]


def wide(array: np.ndarray) -> np.ndarray:
    """In a dtype that NumPy computes in without rounding to 16 bits."""
    return array.astype(np.float32) if array.dtype.name in ("float16", "bfloat16") else array


def close(actual: np.ndarray, expected: np.ndarray, ulps: float = 4) -> None:
    """Within some units in the last place of the actual dtype; NaN where NaN, infinite where infinite."""
    assert actual.shape == np.shape(expected)
    if actual.dtype.kind not in "fV" and actual.dtype.name != "bfloat16":
        np.testing.assert_array_equal(actual, np.asarray(expected).astype(actual.dtype))
        return
    spacing = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}[actual.dtype.name]
    tiny = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 5e-324}[actual.dtype.name]
    with np.errstate(all="ignore"):
        expected = np.asarray(expected).astype(actual.dtype).astype(np.float64)
    np.testing.assert_allclose(
        actual.astype(np.float64), expected, rtol=ulps * spacing, atol=ulps * tiny, equal_nan=True
    )


def floats(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random numbers with the special ones among them."""
    array = np.asarray(rng.standard_normal(shape) * 3, np.float64)
    flat = array.reshape(-1)
    count = min(flat.size // 2, len(SPECIAL))
    flat[:count] = SPECIAL[:count]
    with np.errstate(all="ignore"):
        return array.astype(numpy_dtype(dtype))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def by_element(function: Callable[..., float]) -> Callable[..., np.ndarray]:
    """`function` of the standard library on arrays."""

    def call(*values: float) -> float:
        try:
            return function(*map(float, values))
        except (ValueError, OverflowError):
            return math.nan

    return lambda *arrays: np.vectorize(call, otypes=[np.float64])(*arrays)


UNARY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "negative": np.negative, "abs": np.abs, "sign": np.sign, "square": np.square, "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": lambda x: 1 / x, "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1,
    "log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "erf": by_element(math.erf),
    "erfc": by_element(math.erfc), "cbrt": np.cbrt, "floor": np.floor, "ceil": np.ceil, "round": np.rint,
    "trunc": np.trunc, "sigmoid": sigmoid, "softplus": lambda x: np.logaddexp(x, 0), "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x * sigmoid(x),
}  # fmt: skip
BINARY: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "maximum": np.maximum, "minimum": np.minimum, "atan2": np.arctan2, "hypot": np.hypot,
    "copysign": np.copysign, "heaviside": np.heaviside, "power": np.power,
}  # fmt: skip
COMPARISONS: dict[str, Callable[..., np.ndarray]] = {
    "equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
    "greater": np.greater, "greater_equal": np.greater_equal,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
}  # fmt: skip


# ---- operations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", UNARY)
def test_unary_operations_on_floats_are_numpys(op, dtype, rng):
    for shape in SHAPES:
        x = floats(rng, dtype, shape)
        with np.errstate(all="ignore"):
            close(apply(op, dtype, x), UNARY[op](wide(x).astype(np.float64)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", BINARY)
def test_binary_operations_on_floats_are_numpys(op, dtype, rng):
    for shape in SHAPES:
        x, y = floats(rng, dtype, shape), floats(rng, dtype, shape)
        y = np.ascontiguousarray(y.reshape(-1)[::-1]).reshape(shape)
        with np.errstate(all="ignore"):
            expected = BINARY[op](wide(x).astype(np.float64), wide(y).astype(np.float64))
            close(apply(op, dtype, x, y), expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_logaddexp_keeps_its_digits(dtype, rng):
    x, y = floats(rng, dtype, (200,)), floats(rng, dtype, (200,))[::-1].copy()
    with np.errstate(all="ignore"):
        expected = np.logaddexp(wide(x).astype(np.float64), wide(y).astype(np.float64))
    spacing = {"float16": 1e-3, "bfloat16": 1e-2, "float32": 1e-6, "float64": 1e-14}[dtype]
    actual = apply("logaddexp", dtype, x, y).astype(np.float64)
    with np.errstate(all="ignore"):
        expected = expected.astype(numpy_dtype(dtype)).astype(np.float64)
    np.testing.assert_allclose(actual, expected, rtol=spacing, atol=spacing)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", ["floor_divide", "remainder", "fmod", "nextafter"])
def test_divisions_of_floats_are_numpys(op, dtype, rng):
    x, y = floats(rng, dtype, (100,)), floats(rng, dtype, (100,))[::-1].copy()
    y[50:] = y[50:] * numpy_dtype(dtype).type(0.25)
    with np.errstate(all="ignore"):
        if op == "nextafter":
            expected = np.nextafter(x, y)
        else:
            expected = getattr(np, op)(wide(x), wide(y)).astype(numpy_dtype(dtype))
    actual = apply(op, dtype, x, y)
    np.testing.assert_array_equal(actual.astype(np.float64), expected.astype(np.float64))
    assert (np.signbit(wide(actual)) == np.signbit(wide(expected)))[~np.isnan(wide(expected))].all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", COMPARISONS)
def test_comparisons_give_bools(op, dtype, rng):
    if dtype in COMPLEX and op in ("less", "less_equal", "greater", "greater_equal"):
        pytest.skip("complex numbers have no order here")
    for shape in SHAPES:
        x, y = random_array(rng, dtype, shape), random_array(rng, dtype, shape)
        y = np.where(np.asarray(rng.random(shape)) < 0.5, x, y).astype(x.dtype)
        np.testing.assert_array_equal(apply(op, "bool", x, y), COMPARISONS[op](x, y))


@pytest.mark.parametrize("dtype", FLOATS)
def test_predicates_see_special_numbers(dtype, rng):
    x = floats(rng, dtype, (40,))
    for op, function in {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite, "signbit": np.signbit}.items():
        np.testing.assert_array_equal(apply(op, "bool", x), function(wide(x)))
    np.testing.assert_array_equal(apply("logical_not", "bool", x), ~wide(x).astype(bool))


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(
    "op",
    ["add", "subtract", "multiply", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm"],
)
def test_binary_operations_on_integers_wrap_as_numpys(op, dtype, rng):
    for shape in SHAPES:
        x, y = random_array(rng, dtype, shape), random_array(rng, dtype, shape)
        if op == "lcm":
            x, y = x % 7, y % 5
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(apply(op, dtype, x, y), getattr(np, op)(x, y))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_division_is_defined_everywhere(dtype, rng):
    x, y = random_array(rng, dtype, (200,)), random_array(rng, dtype, (200,)) % 11
    info = np.iinfo(numpy_dtype(dtype))
    x[:4] = [info.min, info.max, info.min, 0]
    y = y.astype(x.dtype)
    y[:4] = np.array([-1 if info.min else 1, 0, 0, 0]).astype(x.dtype)
    with np.errstate(all="ignore"):
        for op in ("floor_divide", "remainder", "fmod"):
            expected = getattr(np, op)(x, y)
            np.testing.assert_array_equal(apply(op, dtype, x, y), expected)
        if dtype in SIGNED:
            assert apply("floor_divide", dtype, x[:1], y[:1])[0] == info.min
        quotient = x.astype(np.float32) / y.astype(np.float32)
    close(apply("divide", "float32", x, y), quotient, 1)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_unary_operations_on_integers_are_numpys(dtype, rng):
    x = random_array(rng, dtype, (100,))
    bits = x.dtype.itemsize * 8
    unsigned = [int(value) % 2**bits for value in x]
    with np.errstate(all="ignore"):
        for op, expected in {
            "negative": np.negative(x), "abs": np.abs(x), "sign": np.sign(x), "square": np.square(x),
            "bitwise_not": np.invert(x), "floor": x, "round": x, "relu": np.maximum(x, 0),
            "popcount": np.array([value.bit_count() for value in unsigned]),
            "clz": np.array([bits - value.bit_length() for value in unsigned]),
        }.items():  # fmt: skip
            np.testing.assert_array_equal(apply(op, dtype, x), expected.astype(x.dtype), err_msg=op)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_beyond_the_width_are_defined(dtype, rng):
    x = random_array(rng, dtype, (64,))
    bits = x.dtype.itemsize * 8
    count = np.arange(64).astype(x.dtype)
    big = np.full(64, bits + 3).astype(x.dtype)
    left, right = apply("left_shift", dtype, x, count), apply("right_shift", dtype, x, count)
    for i in range(64):
        expected = (int(x[i]) << i) % 2**bits if i < bits else 0
        assert int(left[i]) % 2**bits == expected
        assert int(right[i]) == (int(x[i]) >> i if i < bits else (-1 if x[i] < 0 else 0))
    assert (apply("left_shift", dtype, x, big) == 0).all()
    np.testing.assert_array_equal(apply("right_shift", dtype, x, big), np.where(x < 0, -1, 0).astype(x.dtype))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_powers_wrap(dtype, rng):
    x, y = random_array(rng, dtype, (50,)), (np.arange(50) % 9).astype(numpy_dtype(dtype))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(apply("power", dtype, x, y), np.power(x, y))


def test_bools_are_computed_as_logic(rng):
    x, y = random_array(rng, "bool", (33,)), random_array(rng, "bool", (33,))
    for op, function in {
        "add": np.logical_or, "multiply": np.logical_and, "maximum": np.logical_or, "minimum": np.logical_and,
        "bitwise_and": np.logical_and, "bitwise_or": np.logical_or, "bitwise_xor": np.logical_xor,
    }.items():  # fmt: skip
        np.testing.assert_array_equal(apply(op, "bool", x, y), function(x, y))
    np.testing.assert_array_equal(apply("bitwise_not", "bool", x), ~x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_select_chooses_by_element(dtype, rng):
    for shape in SHAPES:
        x, y = random_array(rng, dtype, shape), random_array(rng, dtype, shape)
        mask = random_array(rng, "bool", shape)
        np.testing.assert_array_equal(apply("select", dtype, mask, x, y), np.where(mask, x, y))
    one = random_array(rng, dtype, ())
    for chosen in (np.array(True), np.array(False)):
        actual = apply("select", dtype, chosen, x, one)
        np.testing.assert_array_equal(actual, np.where(chosen, x, one))


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
def test_clamp_limits_both_sides(dtype, rng):
    x = random_array(rng, dtype, (100,))
    low, high = np.array(2).astype(x.dtype), np.array(9).astype(x.dtype)
    np.testing.assert_array_equal(apply("clamp", dtype, x, low, high), np.minimum(np.maximum(x, low), high))


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_casts_truncate_and_saturate(source, target, rng):
    x = random_array(rng, source, (300,))
    if source in FLOATS:
        x = (x.astype(np.float64) * 100).astype(x.dtype)
    actual = apply("cast", target, x)
    with np.errstate(all="ignore"):
        values = x.real if source in COMPLEX and target not in COMPLEX and target != "bool" else x
        if target in INTEGERS and (source in FLOATS or source in COMPLEX):
            info = np.iinfo(numpy_dtype(target))
            expected = np.array([min(max(int(value), info.min), info.max) for value in values.astype(np.float64)])
        elif target in ("float16", "bfloat16"):
            expected = values.astype(np.float64)
        else:
            expected = values
        if target == "bool" and source in COMPLEX:
            expected = x != 0
        expected = expected.astype(numpy_dtype(target))
    np.testing.assert_array_equal(actual.astype(np.complex128), expected.astype(np.complex128))


def test_casts_of_special_floats_are_defined():
    x = np.array([np.nan, np.inf, -np.inf, 3e9, -3e9, 1e30, -1.9, 255.9, 256, -128.9], np.float32)
    for dtype in INTEGERS:
        info = np.iinfo(numpy_dtype(dtype))
        limited = [0 if math.isnan(v) else info.max if v >= 2.0**64 else info.min if v < -(2.0**64) else
                   min(max(int(v), info.min), info.max) for v in x.tolist()]  # fmt: skip
        assert apply("cast", dtype, x).tolist() == limited
        assert apply("cast", dtype, x.astype(np.float64)).tolist() == limited
    assert apply("cast", "bool", x).all()


def test_doubles_are_rounded_to_half_once():
    x = 1 + 2.0**-11 + np.array([0.0, 2.0**-40, -(2.0**-40)])
    np.testing.assert_array_equal(apply("cast", "float16", x), x.astype(np.float16))


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_bitcasts_keep_the_bits(size, rng):
    names = [name for name in DTYPES if numpy_dtype(name).itemsize == size and name not in ("bool", "complex64")]
    for source, target in itertools.product(names, names):
        x = random_array(rng, source, (20,))
        actual = apply("bitcast", target, x)
        assert actual.tobytes() == x.tobytes()


@pytest.mark.parametrize("dtype", COMPLEX)
def test_complex_arithmetic_is_numpys(dtype, rng):
    x, y = random_array(rng, dtype, (50,)), random_array(rng, dtype, (50,))
    tolerance = 1e-5 if dtype == "complex64" else 1e-13
    for op in ("add", "subtract", "multiply", "divide", "power"):
        np.testing.assert_allclose(apply(op, dtype, x, y), getattr(np, op)(x, y), rtol=tolerance, err_msg=op)
    names = {
        "asin": "arcsin",
        "acos": "arccos",
        "atan": "arctan",
        "asinh": "arcsinh",
        "acosh": "arccosh",
        "atanh": "arctanh",
    }
    for op in ("negative", "square", "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
               "tan", "sinh", "cosh", "tanh", "conj", "reciprocal", *names):  # fmt: skip
        expected = getattr(np, names.get(op, op))(x)
        np.testing.assert_allclose(apply(op, dtype, x), expected, rtol=tolerance, atol=tolerance, err_msg=op)
    part = "float32" if dtype == "complex64" else "float64"
    for op, function in {"real": np.real, "imag": np.imag, "abs": np.abs, "angle": np.angle}.items():
        np.testing.assert_allclose(apply(op, part, x), function(x), rtol=tolerance)
    joined = apply("complex", dtype, x.real.copy(), x.imag.copy())
    np.testing.assert_array_equal(joined, x)


@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_ldexp_scales_by_powers_of_two(dtype):
    x = np.array([1, -3.5, 0, np.inf, np.nan, 1e-30, 2.0**-126, 1.5, 1.5], dtype)
    k = np.array([3, -7, 5, 1, 1, 160, -20, 2000, -2000], np.int32)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(apply("ldexp", dtype, x, k), np.ldexp(x, k))
        np.testing.assert_array_equal(apply("ldexp", dtype, x, k.astype(np.int64)), np.ldexp(x, k))


def test_constants_and_iota_fill_the_space():
    shape = (3, 4, 5)
    for axis in range(3):
        actual = run([], shape, [entry("iota", "int32", immediate=axis)], [0], [("int32", shape)])[0]
        np.testing.assert_array_equal(actual, np.indices(shape, np.int32)[axis])
    for dtype in DTYPES:
        actual = run([], shape, [entry("const", dtype, immediate=1)], [0], [(dtype, shape)])[0]
        np.testing.assert_array_equal(actual, np.ones(shape, numpy_dtype(dtype)))
    value = run([], (2,), [entry("const", "uint64", immediate=2**64 - 1)], [0], [("uint64", (2,))])[0]
    assert value.tolist() == [2**64 - 1] * 2
    value = run([], (2,), [entry("const", "complex64", immediate=1 - 2j)], [0], [("complex64", (2,))])[0]
    assert value.tolist() == [1 - 2j] * 2


@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_rare_functions_are_the_librarys(dtype, rng):
    x = np.concatenate([rng.uniform(-5, 5, 100), rng.uniform(0, 50, 100), [1.4616321449683623, 0.5, 1, 2]]).astype(
        dtype
    )
    expected = by_element(math.lgamma)(x)
    np.testing.assert_allclose(
        apply("lgamma", dtype, x), expected, rtol=2e-6 if dtype == "float32" else 1e-11, atol=1e-6
    )
    p = np.concatenate([rng.uniform(-1, 1, 300), [0, 0.999999, -0.99999, 1e-6]]).astype(dtype)
    inverse = apply("erfinv", dtype, p).astype(np.float64)
    back = by_element(math.erf)(inverse)
    np.testing.assert_allclose(back, p.astype(np.float64), rtol=1e-6 if dtype == "float32" else 1e-14, atol=1e-7)
    assert apply("erfinv", dtype, np.array([1, -1, 2], dtype)).tolist()[:2] == [np.inf, -np.inf]
    positive = np.abs(x) + numpy_dtype(dtype).type(0.1)
    step = apply("digamma", dtype, (positive + 1).astype(dtype)) - apply("digamma", dtype, positive)
    np.testing.assert_allclose(step, 1 / positive, rtol=1e-4 if dtype == "float32" else 1e-11)
    assert abs(float(apply("digamma", dtype, np.array([1], dtype))[0]) + 0.5772156649015329) < 1e-7


def test_angles_far_from_zero_are_reduced_exactly():
    x = np.array([1e5, -1e7, 1e15, 1e22, 1.7e308, 3e38], np.float64)
    np.testing.assert_allclose(apply("sin", "float64", x), np.sin(x), rtol=1e-15)
    y = x[[0, 1, 2, 3, 5]].astype(np.float32)
    np.testing.assert_allclose(apply("cos", "float32", y), np.cos(y.astype(np.float64)).astype(np.float32), rtol=3e-7)


# ---- broadcasting --------------------------------------------------------------------------------------------------

BROADCASTS = [
    ((3, 1, 5), (4, 1)), ((8, 8), (8,)), ((8, 8), (8, 1)), ((8, 8), ()), ((1,), (7,)), ((2, 3, 4, 5), (3, 1, 5)),
    ((2, 3, 4, 5), (2, 1, 4, 1)), ((2, 3, 4, 5), (1, 3, 1, 5)), ((600, 3), (3,)), ((600, 3), (600, 1)),
    ((5, 1), (1, 600)),
    ((3, 500), (500,)), ((3, 500), (3, 1)), ((2, 3, 700), (3, 1)), ((2, 3, 700), (2, 1, 700)), ((0, 3), (3,)),
    ((40, 1, 70), (60, 1)),
    ((1000, 1000), (1000,)), ((1000, 1000), (1000, 1)), ((5000,), ()), ((3, 5000), (3, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), BROADCASTS)
@pytest.mark.parametrize("dtype", ("float32", "int32", "float16", "bool", "float64"))
def test_inputs_broadcast_by_numpys_rule(first, second, dtype, rng):
    x, y = random_array(rng, dtype, first), random_array(rng, dtype, second)
    shape = np.broadcast_shapes(first, second)
    with np.errstate(all="ignore"):
        expected = x + y
    np.testing.assert_array_equal(apply("add", dtype, x, y), expected)
    code = [entry("add", dtype, 0, 1), entry("maximum", dtype, 1, 2), entry("multiply", dtype, 3, 0)]
    with np.errstate(all="ignore"):
        expected = np.maximum(y, expected) * x
    np.testing.assert_array_equal(run([x, y], shape, code, [4], [(dtype, shape)])[0], expected)


def test_an_input_or_a_constant_may_be_a_result(rng):
    x, y = random_array(rng, "float32", (3, 5)), random_array(rng, "bfloat16", (5,))
    code = [entry("const", "int8", immediate=-3)]
    outputs = [("float32", (3, 5)), ("bfloat16", (3, 5)), ("int8", (3, 5)), ("float32", (3, 5))]
    actual = run([x, y], (3, 5), code, [0, 1, 2, 0], outputs)
    np.testing.assert_array_equal(actual[0], x)
    np.testing.assert_array_equal(actual[1], np.broadcast_to(y, (3, 5)))
    np.testing.assert_array_equal(actual[2], np.full((3, 5), -3))
    np.testing.assert_array_equal(actual[3], x)


# ---- programs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7,), (8, 8), (50, 30), (3, 700), (2, 5000), (4, 9, 33)])
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_give_the_same_as_numpy(shape, seed):
    rng = np.random.default_rng(seed)
    dtype = ("float32", "float64")[seed % 2]
    shapes = [shape, shape[-1:], (*shape[:-1], 1), (), shape]
    arrays = [random_array(rng, dtype, s) for s in shapes]
    values: list[np.ndarray] = list(arrays)
    numbers = list(range(len(arrays)))
    code: list[Entry] = []

    def emit(op: str, args: Sequence[int], value: np.ndarray, result: str = dtype) -> None:
        code.append(entry(op, result, *args))
        values.append(value)
        if result == dtype:
            numbers.append(len(values) - 1)

    def draw() -> int:
        return (
            numbers[-1 - min(int(rng.geometric(0.4)) - 1, len(numbers) - 1)]
            if rng.random() < 0.6
            else int(rng.choice(numbers))
        )

    for _ in range(20):
        a, b, c, d = draw(), draw(), draw(), draw()
        kind = int(rng.integers(11))
        if kind < 4:
            op = ("add", "subtract", "maximum", "minimum")[kind]
            emit(op, (a, b), getattr(np, op)(values[a], values[b]))
        elif kind == 4:
            emit("multiply", (a, numbers[-1]), values[a] * values[numbers[-1]])
            emit("tanh", (len(values) - 1,), np.tanh(values[-1]))
        elif kind == 5:
            emit("floor", (a,), np.floor(values[a]))
        elif kind == 6:
            emit("abs", (a,), np.abs(values[a]))
        elif kind == 7:
            emit("negative", (a,), -values[a])
        elif kind == 8:
            emit("less", (a, b), values[a] < values[b], "bool")
            emit("select", (len(values) - 1, c, d), np.where(values[-1], values[c], values[d]))
        elif kind == 9:
            emit("greater", (a, b), values[a] > values[b], "bool")
            mask = len(values) - 1
            emit("select", (mask, c, d), np.where(values[mask], values[c], values[d]))
            emit("select", (mask, d, b), np.where(values[mask], values[d], values[b]))
        else:
            emit("row_max", (a,), np.broadcast_to(values[a], shape).max(axis=-1, keepdims=True))
    ends = [numbers[-1], numbers[-4], numbers[-1]]
    emit("add", (numbers[-1], 0), values[numbers[-1]] + values[0])
    ends[0] = len(values) - 1
    emit("add", (ends[1], 0), values[ends[1]] + values[0])
    ends[1] = ends[2] = len(values) - 1
    actual = run(arrays, shape, code, ends, [(dtype, shape)] * 3)
    for value, end in zip(actual, ends, strict=True):
        np.testing.assert_allclose(value, np.broadcast_to(values[end], shape), rtol=1e-4, atol=1e-4)


def test_rounding_to_16_bits_follows_each_operation(rng):
    for dtype in ("float16", "bfloat16"):
        kind = numpy_dtype(dtype)
        x, y, z = (random_array(rng, dtype, (500,)) for _ in range(3))
        code = [
            entry("multiply", dtype, 0, 1),
            entry("add", dtype, 3, 2),
            entry("subtract", dtype, 4, 0),
            entry("sqrt", dtype, 5),
        ]
        with np.errstate(all="ignore"):
            product = (x.astype(np.float32) * y.astype(np.float32)).astype(kind)
            total = (product.astype(np.float32) + z.astype(np.float32)).astype(kind)
            difference = (total.astype(np.float32) - x.astype(np.float32)).astype(kind)
            expected = np.sqrt(difference.astype(np.float32)).astype(kind)
        actual = run([x, y, z], (500,), code, [6], [(dtype, (500,))])[0]
        np.testing.assert_array_equal(actual.astype(np.float32), expected.astype(np.float32))


# ---- rows ----------------------------------------------------------------------------------------------------------

ROWS = [
    (1, 1),
    (5, 1),
    (1, 10),
    (7, 10),
    (300, 10),
    (3, 100),
    (40, 300),
    (5, 1000),
    (2, 5000),
    (3, 9000),
    (1, 70000),
    (2, 3, 40),
]


@pytest.mark.parametrize("shape", ROWS)
@pytest.mark.parametrize("dtype", ("float32", "float64", "bfloat16"))
def test_softmax_runs_in_one_pass(shape, dtype, rng):
    x = random_array(rng, dtype, shape)
    code = [
        entry("row_max", dtype, 0), entry("subtract", dtype, 0, 1), entry("exp", dtype, 2),
        entry("row_sum", dtype, 3), entry("divide", dtype, 3, 4), entry("log", dtype, 4), entry("add", dtype, 6, 1),
    ]  # fmt: skip
    kept = (*shape[:-1], 1)
    actual, largest, total = run([x], shape, code, [5, 1, 7], [(dtype, shape), (dtype, shape[:-1]), (dtype, kept)])
    exact = x.astype(np.float64)
    powers = np.exp(exact - exact.max(-1, keepdims=True))
    tolerance = {"float32": 1e-5, "float64": 1e-13, "bfloat16": 0.05}[dtype]
    np.testing.assert_allclose(actual.astype(np.float64), powers / powers.sum(-1, keepdims=True), rtol=tolerance)
    np.testing.assert_array_equal(largest.astype(np.float64), exact.max(-1))
    expected = np.log(powers.sum(-1, keepdims=True)) + exact.max(-1, keepdims=True)
    np.testing.assert_allclose(total.astype(np.float64), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", ROWS)
def test_layer_norm_runs_in_one_pass(shape, rng):
    x = random_array(rng, "float32", shape)
    gain, shift = random_array(rng, "float32", shape[-1:]), random_array(rng, "float32", shape[-1:])
    f = "float32"
    code = [
        entry("const", f, immediate=1.0 / shape[-1]), entry("row_sum", f, 0), entry("multiply", f, 4, 3),
        entry("subtract", f, 0, 5), entry("square", f, 6), entry("row_sum", f, 7), entry("multiply", f, 8, 3),
        entry("const", f, immediate=1e-3), entry("add", f, 9, 10), entry("rsqrt", f, 11), entry("multiply", f, 6, 12),
        entry("multiply", f, 13, 1), entry("add", f, 14, 2),
    ]  # fmt: skip
    actual, mean = run([x, gain, shift], shape, code, [15, 5], [(f, shape), (f, (*shape[:-1], 1))])
    exact = x.astype(np.float64)
    centred = exact - exact.mean(-1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-3) * gain + shift
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(mean, exact.mean(-1, keepdims=True), rtol=1e-4, atol=1e-6)


def test_rows_of_size_zero_reduce_to_the_identity():
    x = np.zeros((3, 0), np.float32)
    code = [entry("row_sum", "float32", 0), entry("row_max", "float32", 0)]
    total, largest = run([x], (3, 0), code, [1, 2], [("float32", (3, 1)), ("float32", (3,))])
    assert total.tolist() == [[0]] * 3
    assert largest.tolist() == [-np.inf] * 3


# ---- reductions ----------------------------------------------------------------------------------------------------

AXES = [axes for count in range(5) for axes in itertools.combinations(range(4), count)]
KINDS = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min}


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (2, 1, 3, 7), (2, 3, 1, 900), (20, 30, 4, 16)])
def test_reductions_of_any_axes_are_numpys(axes, shape, rng):
    for dtype in ("float32", "float64", "int32", "float16"):
        x = random_array(rng, dtype, shape)
        kept = tuple(size for axis, size in enumerate(shape) if axis not in axes)
        for kind, function in KINDS.items():
            code = [entry("negative", dtype, 0)]
            outputs = [(dtype, kept), (dtype, shape)]
            with np.errstate(all="ignore"):
                values = -wide(x)
                exact = function(values.astype(np.float64) if dtype != "int32" else values, axis=axes or (), **(
                    {"dtype": np.int32} if dtype == "int32" and kind in ("sum", "prod") else {}))  # fmt: skip
                expected = np.asarray(exact).astype(x.dtype)
            actual, whole = run([x], shape, code, [1, 1], outputs, [(kind, axes), None])
            np.testing.assert_array_equal(whole, -x)
            if dtype == "int32" or kind in ("max", "min"):
                np.testing.assert_array_equal(actual, expected)
            else:
                exact_values = values.astype(np.float64)
                magnitude = np.abs(exact_values).sum(axis=axes or ()) if kind == "sum" else np.abs(exact)
                unit = {"float32": 1e-5, "float64": 1e-13, "float16": 2e-3}[dtype]
                with np.errstate(all="ignore"):
                    error = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
                same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
                assert (same | (error <= unit * magnitude + 1e-7)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_reduces(dtype, rng):
    x = random_array(rng, dtype, (60, 50))
    for axes in [(0,), (1,), (0, 1)]:
        kept = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
        if dtype == "bool":
            for kind, function in {"any": np.any, "all": np.all, "max": np.any, "min": np.all}.items():
                y = x | (np.arange(50) < 3)
                actual = run([y], x.shape, [], [0], [(dtype, kept)], [(kind, axes)])[0]
                np.testing.assert_array_equal(actual, function(y, axis=axes))
            continue
        if dtype in INTEGERS:
            with np.errstate(all="ignore"):
                expected = np.sum(x, axis=axes, dtype=x.dtype)
            np.testing.assert_array_equal(run([x], x.shape, [], [0], [(dtype, kept)], [("sum", axes)])[0], expected)
        else:
            exact = np.sum(wide(x).astype(np.complex128), axis=axes)
            actual = run([x], x.shape, [], [0], [(dtype, kept)], [("sum", axes)])[0]
            tolerance = {2: 2.0**-7, 4: 1e-5, 8: 1e-5, 16: 1e-12}[x.dtype.itemsize]
            np.testing.assert_allclose(actual.astype(np.complex128), exact, rtol=tolerance, atol=tolerance * 10)
        if dtype not in COMPLEX:
            actual = run([x], x.shape, [], [0], [(dtype, kept)], [("max", axes)])[0]
            np.testing.assert_array_equal(wide(actual), wide(x).max(axis=axes))


def test_extremes_propagate_nan(rng):
    x = random_array(rng, "float32", (40, 70))
    x[3, 5] = np.nan
    for kind in ("max", "min"):
        for axes in [(0,), (1,), (0, 1)]:
            kept = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
            actual = run([x], x.shape, [], [0], [("float32", kept)], [(kind, axes)])[0]
            np.testing.assert_array_equal(actual, KINDS[kind](x, axis=axes))


def test_one_pass_gives_a_result_and_its_sums(rng):
    for shape in [(50, 40), (3, 2000), (2000, 3), (5, 600)]:
        x, y = random_array(rng, "float32", shape), random_array(rng, "float32", shape)
        rows, columns = shape
        outputs = [("float32", shape), ("float32", (columns,)), ("float32", (rows,)), ("float32", ())]
        reductions = [None, ("sum", (0,)), ("max", (1,)), ("sum", (0, 1))]
        actual = run([x, y], shape, [entry("multiply", "float32", 0, 1)], [2, 2, 2, 2], outputs, reductions)
        product = x * y
        np.testing.assert_array_equal(actual[0], product)
        np.testing.assert_allclose(actual[1], product.astype(np.float64).sum(0), rtol=1e-5, atol=1e-4)
        np.testing.assert_array_equal(actual[2], product.max(1))
        np.testing.assert_allclose(actual[3], product.astype(np.float64).sum(), rtol=1e-5, atol=1e-3)


def test_a_long_sum_of_ones_is_right():
    ones = np.ones(10_000_000, np.float32)
    assert run([ones], ones.shape, [], [0], [("float32", ())], [("sum", (0,))])[0] == 1e7
    tall = ones.reshape(1_000_000, 10)
    assert (run([tall], tall.shape, [], [0], [("float32", (10,))], [("sum", (0,))])[0] == 1e6).all()
    tenths = np.full(3_000_000, 0.1, np.float32)
    total = run([tenths], tenths.shape, [], [0], [("float32", ())], [("sum", (0,))])[0]
    assert abs(total / (0.1 * 3_000_000) - 1) < 1e-6


def test_sums_over_nothing_are_the_identity():
    x = np.zeros((0, 3), np.float32)
    assert run([x], (0, 3), [], [0], [("float32", (3,))], [("sum", (0,))])[0].tolist() == [0, 0, 0]
    assert run([x], (0, 3), [], [0], [("float32", (0,))], [("sum", (1,))])[0].shape == (0,)
    assert run([x], (0, 3), [], [0], [("float32", ())], [("prod", (0, 1))])[0] == 1
    assert run([np.float32(3)], (), [], [0], [("float32", ())], [("sum", ())])[0] == 3


# ---- memory and threads --------------------------------------------------------------------------------------------


def run_in_place(
    arrays: list[np.ndarray], shape: tuple[int, ...], code: list[Entry], results: list[int], cells: list[int]
) -> list[np.ndarray]:
    """A program whose results are written over some of its inputs, which are held by cells."""
    codes = [CODES[array.dtype.name] for array in arrays]
    inputs = [(code_, array.shape) for code_, array in zip(codes, arrays, strict=True)]
    outputs = [inputs[cell] for cell in cells]
    attrs = {"shape": shape, "code": code, "results": tuple(results)}
    instruction = native.Instruction("elementwise", inputs, outputs, attrs)
    buffers = [
        native.Buffer.from_array(np.array(array), code_, True) for array, code_ in zip(arrays, codes, strict=True)
    ]
    held = [native.Cell(buffers[cell]) for cell in cells]
    free = [index for index in range(len(arrays)) if index not in cells]
    slots = [(*spec, 1, cells.index(i)) if i in cells else (*spec, 0, free.index(i)) for i, spec in enumerate(inputs)]
    scratch = instruction.scratch_bytes
    program = native.Program(
        slots=slots,
        steps=[(instruction, tuple(range(len(arrays))), tuple(cells), 0 if scratch else -1)],
        outputs=[],
        constants=[],
        arena_bytes=(scratch + 63) // 64 * 64,
        num_inputs=len(free),
        num_cells=len(cells),
        labels=["elementwise"],
    )
    arguments = [buffers[index] for index in free]
    del buffers
    program.run(arguments, tuple(held))
    return [np.array(cell.get()) for cell in held]


@pytest.mark.parametrize("shape", [(5,), (3000,), (40, 100), (3, 6000), (200_000,)])
def test_adam_updates_its_variables_in_place(shape, rng):
    f = "float32"
    p, m, v, g = (random_array(rng, f, shape) for _ in range(4))
    v = np.abs(v)
    rate, first, second = np.float32(0.01), np.float32(0.9), np.float32(0.999)
    arrays = [p, m, v, g, np.asarray(rate), np.asarray(first), np.asarray(second)]
    code = [
        entry("const", f, immediate=1.0), entry("subtract", f, 7, 5), entry("subtract", f, 7, 6),
        entry("multiply", f, 1, 5), entry("multiply", f, 3, 8), entry("add", f, 10, 11),
        entry("square", f, 3), entry("multiply", f, 13, 9), entry("multiply", f, 2, 6), entry("add", f, 14, 15),
        entry("sqrt", f, 16), entry("const", f, immediate=1e-7), entry("add", f, 17, 18), entry("divide", f, 12, 19),
        entry("multiply", f, 20, 4), entry("subtract", f, 0, 21), entry("add", f, 22, 1), entry("subtract", f, 23, 1),
    ]  # fmt: skip
    new_p, new_m, new_v = run_in_place(arrays, shape, code, [22, 12, 16], [0, 1, 2])
    expected_m = m * first + g * (1 - first)
    expected_v = g * g * (1 - second) + v * second
    np.testing.assert_allclose(new_m, expected_m, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(new_v, expected_v, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(new_p, p - rate * expected_m / (np.sqrt(expected_v) + 1e-7), rtol=1e-5, atol=1e-5)


def test_a_result_over_an_input_that_is_read_later_is_right(rng):
    for shape in [(9,), (5000,), (2, 9000)]:
        x, y = random_array(rng, "float32", shape), random_array(rng, "float32", shape)
        code = [
            entry("add", "float32", 0, 1), entry("exp", "float32", 1), entry("multiply", "float32", 0, 3),
            entry("row_sum", "float32", 0), entry("add", "float32", 4, 5), entry("add", "float32", 6, 1),
        ]  # fmt: skip
        new_x, new_y = run_in_place([x, y], shape, code, [2, 7], [0, 1])
        np.testing.assert_array_equal(new_x, x + y)
        expected = x * np.exp(y.astype(np.float64)) + x.astype(np.float64).sum(-1, keepdims=True) + y
        np.testing.assert_allclose(new_y, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("shape", [(1_000_000,), (1000, 1000), (100_000, 7), (7, 100_000), (30, 40, 500)])
def test_results_do_not_depend_on_the_number_of_threads(shape, rng):
    x = random_array(rng, "float32", shape)
    rank = len(shape)
    before = native.num_threads()
    answers = []
    for count in (1, 2, 5):
        native.set_num_threads(count)
        answers.append(
            run([x], shape, [entry("tanh", "float32", 0)], [1] * 4,
                [("float32", shape), ("float32", ()), ("float32", shape[1:]), ("float32", shape[:-1])],
                [None, ("sum", tuple(range(rank))), ("sum", (0,)), ("sum", (rank - 1,))])
        )  # fmt: skip
    native.set_num_threads(before)
    for other in answers[1:]:
        for a, b in zip(answers[0], other, strict=True):
            assert a.tobytes() == b.tobytes()
    exact = np.tanh(x.astype(np.float64))
    np.testing.assert_allclose(answers[0][1], exact.sum(), rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(answers[0][2], exact.sum(0), rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(answers[0][3], exact.sum(-1), rtol=1e-4, atol=1e-2)


def test_large_results_are_written_whole(rng):
    x = random_array(rng, "float32", (5_000_003,))
    actual = apply("add", "float32", x, np.float32(1))
    np.testing.assert_array_equal(actual, x + np.float32(1))
    x = x[:5_000_000].reshape(5000, 1000)
    np.testing.assert_array_equal(apply("multiply", "float32", x, x[0]), x * x[0])


@pytest.mark.parametrize("isa", ("baseline", "avx2", "avx512"))
def test_all_instruction_sets_agree(isa, rng):
    before = native.isa()
    try:
        native.set_isa(isa)
    except ValueError:
        pytest.skip("this machine does not have it")
    try:
        for dtype in FLOATS:
            x = floats(rng, dtype, (333,))
            for op, function in UNARY.items():
                with np.errstate(all="ignore"):
                    close(apply(op, dtype, x), function(wide(x).astype(np.float64)))
        y = random_array(rng, "float32", (40, 33))
        total = run([y], y.shape, [], [0], [("float32", (33,))], [("sum", (0,))])[0]
        np.testing.assert_allclose(total, y.sum(0), rtol=1e-4, atol=1e-5)
    finally:
        native.set_isa(before)


# ---- errors --------------------------------------------------------------------------------------------------------

F = CODES["float32"]
BAD = {
    "there is no such operation": {"code": [("sine", F, (0,), None)]},
    "expected 2 arguments, got 1": {"code": [("add", F, (0,), None)]},
    "argument 7 is not an earlier value": {"code": [("exp", F, (7,), None)]},
    "argument -1 is not an earlier value": {"code": [("exp", F, (-1,), None)]},
    "has dtype int32, expected float32": {"code": [("exp", CODES["int32"], (0,), None)]},
    "has dtype float32, expected bool": {"code": [("select", F, (0, 0, 0), None)]},
    "not defined for float32": {"code": [("gcd", F, (0, 0), None)]},
    "value 9 does not exist": {"results": (9,)},
    "2 results for 1 outputs": {"results": (1, 1)},
    "one reduction (or None) per result": {"reductions": [None, None]},
    "there is no reduction 'mean'": {"reductions": [("mean", (0,))]},
    "axis 4 is out of range": {"reductions": [("sum", (4,))]},
    "given twice": {"reductions": [("sum", (0, 0))]},
    "the output has shape (2, 3), expected (3,)": {"reductions": [("sum", (0,))]},
    "does not broadcast to (2, 4)": {"shape": (2, 4)},
    "the output has shape (2, 3), expected (5, 2, 3)": {"shape": (5, 2, 3)},
    "any is not defined for float32": {"reductions": [("any", (0,))], "outputs": [("float32", (3,))]},
    "axis 5 is out of range": {"code": [("iota", F, (), 5)]},
    "iota needs an axis": {"code": [("iota", F, (), None)]},
    "a constant needs an immediate": {"code": [("const", F, (), None)]},
    "a complex number cannot be": {"code": [("const", F, (), 1j)]},
    "their sizes differ": {"code": [("bitcast", CODES["float64"], (0,), None)]},
    "must be an integer": {"code": [("ldexp", F, (0, 0), None)]},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_programs_are_refused_with_a_reason(message):
    attrs: dict[str, Any] = {
        "shape": (2, 3),
        "code": [entry("exp", "float32", 0)],
        "results": (1,),
        "outputs": [("float32", (2, 3))],
    }
    attrs.update(BAD[message])
    outputs = attrs.pop("outputs")
    with pytest.raises((ValueError, TypeError)) as caught:
        KernelRunner("elementwise", [("float32", (2, 3))], outputs, **attrs)
    assert message in str(caught.value)
