"""The matmul instruction of the native runtime against float64 NumPy: every path, dtype, transpose and batch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.native.kernel_runner import CODES, INTEGERS, KernelRunner, random_array, run_one
from tests.native.runtime import native

SIZES = (1, 2, 3, 7, 16, 17, 64, 100, 257)
FLAGS = tuple(itertools.product((0, 1), (0, 1)))
# Largest error of one element, in units of sqrt(k) times the size of the factors.
TOLERANCE = {
    "float16": 2e-3,
    "bfloat16": 1.6e-2,
    "float32": 1e-6,
    "float64": 1e-14,
    "complex64": 2e-6,
    "complex128": 2e-14,
}


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def restore_threads():
    before = native.num_threads()
    yield
    native.set_num_threads(before)


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def isa(request):
    best, order = native.isa(), ["baseline", "avx2", "avx512"]
    if order.index(request.param) > order.index(best):
        pytest.skip(f"this machine has no {request.param}")
    native.set_isa(request.param)
    yield request.param
    native.set_isa(best)


def stored(matrix, transposed):
    """The operand that stands for `matrix` under a transpose flag."""
    return np.ascontiguousarray(np.swapaxes(matrix, -1, -2)) if transposed else matrix


def product(a, b, transpose_a=0, transpose_b=0, out=None, **attrs):
    """The native product of two matrices (or batches), each stored as its flag says."""
    shape = (*a.shape[:-2], a.shape[-2], b.shape[-1])
    operands = [stored(a, transpose_a), stored(b, transpose_b)]
    return run_one(
        "matmul", operands, out or a.dtype.name, shape, transpose_a=transpose_a, transpose_b=transpose_b, **attrs
    )


def check(actual, a, b):
    """Compares with the product in float64 (or complex128)."""
    dtype = a.dtype.name
    wide = np.complex128 if dtype.startswith("complex") else np.float64
    expected = a.astype(wide) @ b.astype(wide)
    assert actual.shape == expected.shape
    error = np.abs(actual.astype(wide) - expected).max(initial=0)
    assert error <= TOLERANCE[dtype] * max(a.shape[-1], 1) ** 0.5 * 4


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("n", SIZES)
def test_float32_agrees_for_all_sizes(rng, isa, m, n):
    for k in SIZES:
        a, b = random_array(rng, "float32", (m, k)), random_array(rng, "float32", (k, n))
        for flags in FLAGS:
            check(product(a, b, *flags, algorithm="own"), a, b)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64", "complex128"])
def test_other_floats_agree(rng, isa, dtype):
    for m, n, k in itertools.product((1, 3, 17, 100), (1, 7, 16, 257), (1, 2, 64, 300)):
        a, b = random_array(rng, dtype, (m, k)), random_array(rng, dtype, (k, n))
        for flags in FLAGS:
            check(product(a, b, *flags), a, b)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_wrap_around(rng, isa, dtype):
    for m, n, k in [(1, 1, 1), (3, 5, 7), (17, 300, 40)]:
        a, b = random_array(rng, dtype, (m, k)), random_array(rng, dtype, (k, n))
        for flags in FLAGS:
            np.testing.assert_array_equal(product(a, b, *flags), a @ b)


def test_bytes_may_sum_to_int32(rng, isa):
    for dtype in ("int8", "uint8"):
        a, b = random_array(rng, dtype, (5, 300)), random_array(rng, dtype, (300, 9))
        for flags in FLAGS:
            np.testing.assert_array_equal(product(a, b, *flags, out="int32"), a.astype(np.int32) @ b.astype(np.int32))


def test_bool_is_or_of_and(rng, isa):
    a, b = rng.random((9, 6)) < 0.3, rng.random((6, 20)) < 0.3
    for flags in FLAGS:
        np.testing.assert_array_equal(product(a, b, *flags), a @ b)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "int32", "complex64"])
@pytest.mark.parametrize("batch", [(1,), (3,), (2, 5), (0,), (40,)])
def test_batches_agree(rng, restore_threads, dtype, batch):
    for m, n, k in [(1, 8, 5), (4, 1, 6), (5, 6, 7), (33, 70, 20), (20, 9, 130)]:
        a = random_array(rng, dtype, (*batch, m, k))
        for shared, flags, threads in itertools.product((False, True), FLAGS, (1, 2)):
            native.set_num_threads(threads)
            b = random_array(rng, dtype, (k, n) if shared else (*batch, k, n))
            actual = product(a, b, *flags)
            if dtype == "int32":
                np.testing.assert_array_equal(actual, a @ b)
            else:
                check(actual, a, b)


@pytest.mark.parametrize("dtype", CODES)
def test_empty_operands_give_empty_or_zero_results(dtype):
    for m, n, k in [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (1, 1, 0)]:
        a, b = np.zeros((m, k), dtype=random_array(np.random.default_rng(0), dtype, ()).dtype), None
        b = np.zeros((k, n), a.dtype)
        for flags in FLAGS:
            actual = product(a, b, *flags)
            assert actual.shape == (m, n)
            assert not actual.any()


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize(
    "m,n,k",
    [
        (130, 2100, 700),
        (300, 40, 2500),
        (30, 250, 9000),
        (1, 3000, 3000),
        (2000, 1, 900),
        (9, 4000, 64),
        (2, 1500, 700),
        (5, 1029, 300),
        (12, 999, 131),
        (257, 257, 257),
    ],
)
def test_large_products_are_the_same_for_any_number_of_threads(rng, restore_threads, dtype, m, n, k):
    a, b = random_array(rng, dtype, (m, k)), random_array(rng, dtype, (k, n))
    for flags in FLAGS:
        results = []
        for threads in (1, 2, 3, 8):
            native.set_num_threads(threads)
            results.append(product(a, b, *flags, algorithm="own"))
        check(results[0], a, b)
        for result in results[1:]:
            assert result.tobytes() == results[0].tobytes()


def has_onednn():
    try:
        KernelRunner("matmul", [("float32", (64, 64))] * 2, [("float32", (64, 64))], algorithm="onednn")
    except ValueError:
        return False
    return True


onednn = pytest.mark.skipif(not has_onednn(), reason="this build has no oneDNN")


@onednn
def test_onednn_agrees(rng):
    for m, n, k in [(1, 1, 1), (3, 17, 7), (64, 100, 257), (257, 300, 64)]:
        for batch, shared in [((), False), ((3,), False), ((3,), True)]:
            a = random_array(rng, "float32", (*batch, m, k))
            b = random_array(rng, "float32", (k, n) if shared else (*batch, k, n))
            for flags in FLAGS:
                check(product(a, b, *flags, algorithm="onednn"), a, b)


# ---- epilogues -------------------------------------------------------------------------------------------------------

F32 = CODES["float32"]
EPILOGUES = {
    "bias": (["row"], [("add", F32, (0, 1), None)], lambda c, row: c + row),
    "bias and relu": (
        ["row"],
        [("add", F32, (1, 0), None), ("relu", F32, (2,), None)],
        lambda c, row: np.maximum(c + row, 0),
    ),
    "bias, tanh, residual": (
        ["row", "matrix"],
        [("add", F32, (0, 1), None), ("tanh", F32, (3,), None), ("add", F32, (2, 4), None)],
        lambda c, row, matrix: np.tanh(c + row) + matrix,
    ),
    "sigmoid": ([], [("sigmoid", F32, (0,), None)], lambda c: 1 / (1 + np.exp(-c))),
    "column and constant": (
        ["column"],
        [("const", F32, (), 0.5), ("multiply", F32, (0, 2), None), ("multiply", F32, (3, 1), None)],
        lambda c, column: c * 0.5 * column,
    ),
    "scalar times square": (
        ["scalar"],
        [("multiply", F32, (0, 0), None), ("multiply", F32, (2, 1), None)],
        lambda c, scalar: c * c * scalar,
    ),
}
ALGORITHMS = ["own", pytest.param("onednn", marks=onednn)]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", EPILOGUES)
@pytest.mark.parametrize(
    "batch,m,n,k",
    [
        ((), 1, 9, 5),
        ((), 32, 64, 64),
        ((), 33, 10, 64),
        ((), 140, 600, 300),
        ((4,), 20, 30, 10),
        ((), 7, 1, 3),
        ((), 200, 2100, 40),
        ((), 1, 700, 290),
        ((), 6, 700, 290),
        ((), 5, 6, 0),
    ],
)
def test_epilogues_finish_the_product(rng, restore_threads, algorithm, name, batch, m, n, k):
    kinds, code, function = EPILOGUES[name]
    shapes = {"row": (n,), "matrix": (*batch, m, n), "column": (m, 1), "scalar": ()}
    extras = [random_array(rng, "float32", shapes[kind]) for kind in kinds]
    a = random_array(rng, "float32", (*batch, m, k)) / 8
    b = random_array(rng, "float32", (*batch, k, n)) / 8
    results = (len(extras) + len(code),)
    expected = function(a.astype(np.float64) @ b.astype(np.float64), *extras)
    outputs = []
    for threads in (1, 2):
        native.set_num_threads(threads)
        outputs.append(
            run_one(
                "matmul", [a, b, *extras], "float32", expected.shape, algorithm=algorithm, code=code, results=results
            )
        )
        np.testing.assert_allclose(outputs[-1], expected, rtol=1e-4, atol=1e-4)
    if algorithm == "own":
        assert outputs[0].tobytes() == outputs[1].tobytes()


def test_epilogue_in_float64_and_bfloat16(rng):
    for dtype, tolerance in (("float64", 1e-12), ("bfloat16", 0.1)):
        a, b, row = (random_array(rng, dtype, shape) for shape in ((20, 30), (30, 40), (40,)))
        code = [("add", CODES[dtype], (0, 1), None), ("relu", CODES[dtype], (2,), None)]
        actual = run_one("matmul", [a, b, row], dtype, (20, 40), code=code, results=(3,))
        expected = np.maximum(a.astype(np.float64) @ b.astype(np.float64) + row.astype(np.float64), 0)
        np.testing.assert_allclose(actual.astype(np.float64), expected, rtol=tolerance, atol=tolerance)


def test_wrong_specs_are_refused():
    def make(a, b, c, dtypes=("float32",) * 3, **attrs):
        KernelRunner("matmul", [(dtypes[0], a), (dtypes[1], b)], [(dtypes[2], c)], **attrs)

    make((2, 3), (3, 4), (2, 4))
    with pytest.raises(ValueError, match="would contract an axis of 3 with an axis of 4"):
        make((2, 3), (4, 3), (2, 3))
    with pytest.raises(ValueError, match="output must be"):
        make((2, 3), (3, 4), (4, 2))
    with pytest.raises(ValueError, match="two axes"):
        make((3,), (3, 4), (4,))
    with pytest.raises(ValueError, match="batch"):
        make((2, 2, 3), (3, 3, 4), (2, 2, 4))
    with pytest.raises(ValueError, match="batch"):
        make((2, 3), (1, 3, 4), (2, 4))
    with pytest.raises(TypeError, match="differ"):
        make((2, 3), (3, 4), (2, 4), dtypes=("float32", "float64", "float32"))
    with pytest.raises(TypeError, match="cannot be"):
        make((2, 3), (3, 4), (2, 4), dtypes=("float32", "float32", "int32"))
    with pytest.raises(TypeError, match="cannot be"):
        make((2, 3), (3, 4), (2, 4), dtypes=("int16", "int16", "int32"))
    with pytest.raises(ValueError, match="algorithm"):
        make((2, 3), (3, 4), (2, 4), algorithm="strassen")
    with pytest.raises(ValueError, match="code"):
        KernelRunner("matmul", [("float32", (2, 3)), ("float32", (3, 4)), ("float32", (4,))], [("float32", (2, 4))])
