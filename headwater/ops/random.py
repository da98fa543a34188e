"""Random numbers without hidden state: every function takes a key and gives the same numbers for the same key.

A key is four uint32 words (key0, key1, counter_lo, counter_hi) of the Philox generator (primitives/random.py). Whoever
keeps a key as state uses it once and replaces it by `next_key`; `split` and `fold_in` make independent keys from one.

Distributions whose sampling rejects (gamma, poisson, binomial) repeat, with fresh bits, until every element is
accepted, so they are exact. Samples are constants to differentiation, save that `normal` and `uniform` pass gradients
to their parameters.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, RangeError, ShapeError
from headwater.ir import dispatch
from headwater.ir.derive import trace_graph
from headwater.ir.graph import Graph
from headwater.ir.spec import Spec, broadcast_shapes, normalize_axis
from headwater.ops import control
from headwater.ops.convert import convert_to_tensor
from headwater.ops.defaults import floatx
from headwater.ops.operands import sizes_of
from headwater.primitives import elementwise as e
from headwater.primitives.constant import scalar
from headwater.primitives.custom import stop_gradient
from headwater.primitives.fused import fused_elementwise
from headwater.primitives.index import gather
from headwater.primitives.random import random_bits
from headwater.primitives.reduce import argmax, reduce_any
from headwater.primitives.shape import broadcast_to, concatenate, reshape, slice_
from headwater.primitives.sort import argsort

BOOL, INT32, INT64 = as_dtype("bool"), as_dtype("int32"), as_dtype("int64")
UINT32, UINT64, FLOAT32, FLOAT64 = as_dtype("uint32"), as_dtype("uint64"), as_dtype("float32"), as_dtype("float64")
PRECISION = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}  # bits of the significand
MASK = 0xFFFFFFFF
FOLD, SPLIT = (0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344)  # digits of pi, so that derived keys meet no given one


# Keys


def make_key(seed: Any) -> Any:
    """The key that a seed stands for.

    Args:
        seed: an int, or an int tensor of no axes; 64 bits of it count.
    Returns: uint32 (4,): the seed as the key, and a counter of 0.
    Example:
        >>> make_key(7).numpy()
        array([7, 0, 0, 0], dtype=uint32)
    """
    if isinstance(seed, (int, np.integer)):
        return _words(int(seed) & MASK, int(seed) >> 32 & MASK, 0, 0)
    low, high = _halves(seed)
    return concatenate(low, high, _words(0, 0), axis=0)


def next_key(key: Any, blocks: int = 1) -> Any:
    """The key after this one: its counter is advanced.

    Args:
        key: uint32 (4,).
        blocks: by how much.
    Returns: uint32 (4,).
    Example:
        >>> next_key(make_key(7)).numpy()
        array([7, 0, 1, 0], dtype=uint32)
    """
    low, high = blocks & MASK, blocks >> 32 & MASK
    added = e.add(_key(key), _words(0, 0, low, high))
    before = gather(added, _constant(np.array([0, 0, 0, 2], np.int32)), axis=0, mode="clip")
    carry = e.cast(e.less(before, _words(0, 0, 0, low)), dtype=UINT32)
    return e.add(added, carry)


def fold_in(key: Any, n: Any) -> Any:
    """A key made of a key and a number; different numbers give different keys.

    Args:
        key: uint32 (4,).
        n: an int, or an int tensor of no axes; 64 bits of it count.
    Returns: uint32 (4,).
    Source: own: the number is the counter of one block of Philox, which is one-to-one, under a key drawn from `key`.
    """
    mixed = random_bits(e.bitwise_xor(_key(key), _words(*FOLD, 0, 0)), shape=(4,), dtype=UINT32)
    if isinstance(n, (int, np.integer)):
        number = _words(0, 0, int(n) & MASK, int(n) >> 32 & MASK)
    else:
        number = concatenate(_words(0, 0), *_halves(n), axis=0)
    return random_bits(e.bitwise_xor(mixed, number), shape=(4,), dtype=UINT32)


def split(key: Any, n: int = 2) -> Any:
    """Several keys made of one.

    Args:
        key: uint32 (4,).
        n: how many.
    Returns: uint32 (n, 4), a key in each row.
    """
    return random_bits(e.bitwise_xor(_key(key), _words(*SPLIT, 0, 0)), shape=(int(n), 4), dtype=UINT32)


def bits(key: Any, shape: Sequence[int], dtype: Any = "uint32") -> Any:
    """Uniformly random bits.

    Args:
        key: uint32 (4,).
        shape: of the result.
        dtype: "uint32" or "uint64".
    """
    return random_bits(_key(key), shape=_shape(shape), dtype=as_dtype(dtype))


def _constant(array: np.ndarray) -> Any:
    return dispatch.array_from_numpy(array)


def _words(*words: int) -> Any:
    return _constant(np.array(words, np.uint32))


def _halves(n: Any) -> tuple[Any, Any]:
    """The two words of an int tensor, each of shape (1,)."""
    wide = reshape(e.cast(convert_to_tensor(n), dtype=INT64), shape=(1,))
    mask, shift = scalar(MASK, INT64), scalar(32, INT64)
    low = e.cast(e.bitwise_and(wide, mask), dtype=UINT32)
    return low, e.cast(e.bitwise_and(e.right_shift(wide, shift), mask), dtype=UINT32)


def _key(key: Any) -> Any:
    found = convert_to_tensor(key)
    if found.spec.dtype is not UINT32 or found.spec.shape != (4,):
        raise ShapeError(f"a random key is uint32[4], not {found.spec}.", fix="make one with make_key(seed).")
    return found


def _keys(key: Any, n: int) -> list[Any]:
    """`split`, as a list."""
    rows = split(key, n)
    return [reshape(slice_(rows, starts=(i, 0), limits=(i + 1, 4), strides=(1, 1)), shape=(4,)) for i in range(n)]


def _shape(shape: Any) -> tuple[int, ...]:
    found = sizes_of(shape, "random")
    unknown = (
        None in found and dispatch.current_trace() is None
    )  # a trace that only looks for shapes may leave sizes open
    if unknown or any(size is not None and size < 0 for size in found):
        raise ShapeError(f"random numbers of shape {tuple(found)}.", fix="give sizes that are known.")
    return found  # type: ignore[return-value]


def _float_dtype(dtype: Any, what: str) -> DType:
    found = floatx() if dtype is None else as_dtype(dtype)
    if not found.is_floating:
        raise DTypeError(
            f"{what}: {found.name} is not a float dtype.", fix="ask for float32, or use randint for integers."
        )
    return found


# Uniform numbers


def _whole(raw: Any, dtype: DType, drop: int) -> Any:
    """Random bits as whole numbers of as many bits as the significand of `dtype` has, less `drop`, in that dtype."""
    places = 8 * raw.spec.dtype.size - PRECISION[dtype.name] + drop
    return e.cast(e.right_shift(raw, scalar(places, raw.spec.dtype)), dtype=dtype)


def _to_unit(raw: Any, dtype: DType) -> Any:
    """Uniform in [0, 1), on a grid as fine as the dtype has below 1."""
    return e.multiply(_whole(raw, dtype, 0), scalar(2.0 ** -PRECISION[dtype.name], dtype))


def _to_open_unit(raw: Any, dtype: DType) -> Any:
    """Uniform in (0, 1), without the ends: odd multiples of half a step."""
    odd = e.add(e.multiply(_whole(raw, dtype, 1), scalar(2, dtype)), scalar(1, dtype))
    return e.multiply(odd, scalar(2.0 ** -PRECISION[dtype.name], dtype))


def _to_symmetric_unit(raw: Any, dtype: DType) -> Any:
    """Uniform in (-1, 1), without the ends and 0, symmetric to the last bit."""
    precision = PRECISION[dtype.name]
    odd = e.add(e.multiply(_whole(raw, dtype, 1), scalar(2, dtype)), scalar(1 - 2.0 ** (precision - 1), dtype))
    return e.multiply(odd, scalar(2.0 ** (1 - precision), dtype))


def _drawn(make: Callable[[Any, DType], Any], key: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    """What `make` makes of random bits, element by element: as one instruction, eagerly too."""
    raw = random_bits(_key(key), shape=shape, dtype=UINT64 if dtype is FLOAT64 else UINT32)
    if dispatch.current_trace() is not None:  # the fusion pass does it there
        return make(raw, dtype)
    return fused_elementwise(raw, body=_body(make, raw.spec, dtype), shape=shape)[0]


@functools.lru_cache(maxsize=1024)
def _body(make: Callable[[Any, DType], Any], spec: Spec, dtype: DType) -> Graph:
    return trace_graph(make.__name__.strip("_"), [spec], lambda raw: [make(raw, dtype)])


def _unit(key: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    return _drawn(_to_unit, key, shape, dtype)


def _open_unit(key: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    return _drawn(_to_open_unit, key, shape, dtype)


def uniform(key: Any, shape: Sequence[int], minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None) -> Any:
    """Uniform numbers in [minval, maxval).

    Args:
        key: uint32 (4,).
        shape: of the result.
        minval, maxval: numbers, or tensors that broadcast to `shape`.
        dtype: a float dtype, the default one if None.
    Example:
        >>> uniform(make_key(1), (2, 3)).shape
        TensorShape([2, 3])
    """
    dtype = _float_dtype(dtype, "uniform")
    unit = _unit(key, _shape(shape), dtype)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)) and minval == 0 and maxval == 1:
        return unit
    low, high = convert_to_tensor(minval, dtype), convert_to_tensor(maxval, dtype)
    spread = e.add(low, e.multiply(unit, e.subtract(high, low)))
    if dtype.size == 2:  # rounding must not reach the end that is left out
        return e.select(e.less(spread, high), spread, low)
    return e.minimum(spread, stop_gradient(e.nextafter(high, low)))


def randint(key: Any, shape: Sequence[int], minval: Any, maxval: Any, dtype: Any = "int32") -> Any:
    """Uniform whole numbers in [minval, maxval).

    Args:
        key: uint32 (4,).
        shape: of the result.
        minval, maxval: ints, or int tensors that broadcast to `shape`.
        dtype: an integer dtype.
    Returns: numbers of which none is likelier than another by more than (maxval - minval) / 2**64.
    Raises: RangeError if the range is empty, where that is known.
    Example:
        >>> int(randint(make_key(1), (), 3, 4))
        3
    """
    dtype = as_dtype(dtype)
    if not dtype.is_integer:
        raise DTypeError(
            f"randint: {dtype.name} is not an integer dtype.", fix="ask for int32, or use uniform for floats."
        )
    if isinstance(minval, (int, np.integer)) and isinstance(maxval, (int, np.integer)) and minval >= maxval:
        raise RangeError(f"randint: there is no number in [{minval}, {maxval}).", fix="let maxval exceed minval.")
    low, high = (e.cast(convert_to_tensor(value), dtype=INT64) for value in (minval, maxval))
    span = e.bitcast(e.subtract(high, low), dtype=UINT64)
    drawn = e.remainder(random_bits(_key(key), shape=_shape(shape), dtype=UINT64), span)
    return e.cast(e.add(low, e.bitcast(drawn, dtype=INT64)), dtype=dtype)


def bernoulli(key: Any, p: Any, shape: Sequence[int] | None = None) -> Any:
    """True with probability `p`.

    Args:
        key: uint32 (4,).
        p: probability, a number or a tensor.
        shape: of the result; that of `p` if not given.
    Returns: bool.
    """
    p = convert_to_tensor(p)
    dtype = p.spec.dtype if p.spec.dtype in ("float32", "float64") else FLOAT32
    sizes = p.spec.shape if shape is None else _shape(shape)
    return e.less(_unit(key, sizes, dtype), convert_to_tensor(p, dtype))


def dropout(key: Any, inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None) -> Any:
    """`inputs` with elements set to 0 with probability `rate`, the others scaled up so that the mean stays.

    Args:
        key: uint32 (4,).
        inputs: float.
        rate: from 0 to less than 1.
        noise_shape: shape of the mask, which broadcasts to that of the inputs; None, or a None in it, is the inputs'
            size.
    Returns: as the inputs.
    Raises: RangeError for another rate.
    """
    x = convert_to_tensor(inputs)
    if not 0 <= rate < 1:
        raise RangeError(f"dropout: a rate of {rate}.", fix="choose a rate from 0 to less than 1.")
    if rate == 0:
        return x
    shape = x.spec.shape if noise_shape is None else noise_shape
    sizes = tuple(own if size is None else size for size, own in zip(shape, x.spec.shape))
    kept = e.greater_equal(_unit(key, _shape(sizes), FLOAT32), scalar(rate, FLOAT32))
    return e.select(kept, e.multiply(x, scalar(1 / (1 - rate), x.spec.dtype)), scalar(0, x.spec.dtype))


# Normal numbers

# Coefficients of erfinv(x) / x for float32 by falling powers of w - 2.5 and, where w >= 5, of sqrt(w) - 3;
# w = -log(1 - x**2). Source: Giles 2012, "Approximating the erfinv function", table 5.
_CENTRE = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
)  # fmt: skip
_TAIL = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
    1.00167406, 2.83297682,
)  # fmt: skip


def _quantile(x: Any) -> Any:
    """Where the normal distribution function is (1 + x) / 2; in float32 by a polynomial, one pass over the elements."""
    dtype = x.spec.dtype
    if dtype is not FLOAT32:
        return e.multiply(e.erfinv(x), scalar(math.sqrt(2), dtype))
    one = scalar(1, dtype)
    w = e.negative(e.log(e.multiply(e.subtract(one, x), e.add(one, x))))
    central = e.less(w, scalar(5, dtype))
    place = e.select(central, e.subtract(w, scalar(2.5, dtype)), e.subtract(e.sqrt(w), scalar(3, dtype)))
    centre, tail = scalar(_CENTRE[0], dtype), scalar(_TAIL[0], dtype)
    for a, b in zip(_CENTRE[1:], _TAIL[1:]):
        centre = e.add(e.multiply(centre, place), scalar(a, dtype))
        tail = e.add(e.multiply(tail, place), scalar(b, dtype))
    return e.multiply(e.select(central, centre, tail), e.multiply(x, scalar(math.sqrt(2), dtype)))


def normal(key: Any, shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None) -> Any:
    """Normally distributed numbers.

    Args:
        key: uint32 (4,).
        shape: of the result.
        mean, stddev: numbers, or tensors that broadcast to `shape`.
        dtype: a float dtype, the default one if None.
    Source: own: the inverse of the distribution function, at a uniform number.
    """
    dtype = _float_dtype(dtype, "normal")
    inner = dtype if dtype.size > 2 else FLOAT32
    return _located(_drawn(_to_normal, key, _shape(shape), inner), mean, stddev, dtype)


def truncated_normal(key: Any, shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None) -> Any:
    """Normally distributed numbers, those farther than two standard deviations from the mean left out.

    Args:
        key: uint32 (4,).
        shape: of the result.
        mean, stddev: numbers, or tensors that broadcast to `shape`.
        dtype: a float dtype, the default one if None.
    Source: own: the inverse of the distribution function, at a uniform number between its values at -2 and 2.
    """
    dtype = _float_dtype(dtype, "truncated_normal")
    inner = dtype if dtype.size > 2 else FLOAT32
    return _located(_drawn(_to_truncated, key, _shape(shape), inner), mean, stddev, dtype)


def _to_normal(raw: Any, dtype: DType) -> Any:
    return _quantile(_to_symmetric_unit(raw, dtype))


def _to_truncated(raw: Any, dtype: DType) -> Any:
    within = e.multiply(_to_symmetric_unit(raw, dtype), scalar(math.erf(math.sqrt(2)), dtype))
    return e.clamp(_quantile(within), scalar(-2, dtype), scalar(2, dtype))


def _located(drawn: Any, mean: Any, stddev: Any, dtype: DType) -> Any:
    drawn = drawn if drawn.spec.dtype is dtype else e.cast(drawn, dtype=dtype)
    if not (isinstance(stddev, (int, float)) and stddev == 1):
        drawn = e.multiply(drawn, convert_to_tensor(stddev, dtype))
    if not (isinstance(mean, (int, float)) and mean == 0):
        drawn = e.add(drawn, convert_to_tensor(mean, dtype))
    return drawn


# Exponential numbers and choices


def exponential(key: Any, shape: Sequence[int], scale: Any = 1.0, dtype: Any = None) -> Any:
    """Exponentially distributed numbers.

    Args:
        key: uint32 (4,).
        shape: of the result.
        scale: the mean.
        dtype: a float dtype, the default one if None.
    """
    dtype = _float_dtype(dtype, "exponential")
    inner = dtype if dtype.size > 2 else FLOAT32
    return _located(_drawn(_to_exponential, key, _shape(shape), inner), 0, scale, dtype)


def _to_exponential(raw: Any, dtype: DType) -> Any:
    return e.negative(e.log(_to_open_unit(raw, dtype)))


def gumbel(key: Any, shape: Sequence[int], dtype: Any = None) -> Any:
    """Numbers of the Gumbel distribution: -log of exponentially distributed ones.

    Args:
        key: uint32 (4,).
        shape: of the result.
        dtype: a float dtype, the default one if None.
    """
    dtype = _float_dtype(dtype, "gumbel")
    inner = dtype if dtype.size > 2 else FLOAT32
    return _located(_drawn(_to_gumbel, key, _shape(shape), inner), 0, 1, dtype)


def _to_gumbel(raw: Any, dtype: DType) -> Any:
    return e.negative(e.log(_to_exponential(raw, dtype)))


def categorical(key: Any, logits: Any, num_samples: int = 1, dtype: Any = "int32") -> Any:
    """Class numbers drawn with probabilities softmax(logits).

    Args:
        key: uint32 (4,).
        logits: (batch, classes), unnormalised logarithms of the probabilities.
        num_samples: how many for each row.
        dtype: an integer dtype.
    Returns: (batch, num_samples).
    Raises: ShapeError if the logits are not a matrix.
    Source: Gumbel 1954, the maximum of the logits with Gumbel noise.
    """
    logits = stop_gradient(convert_to_tensor(logits))
    if logits.spec.ndim != 2:
        raise ShapeError(f"categorical: logits of shape {logits.spec.shape}.", fix="give (batch, classes).")
    if logits.spec.dtype not in ("float32", "float64"):
        logits = e.cast(logits, dtype=FLOAT32)
    batch, classes = logits.spec.shape
    noise = gumbel(key, (batch, num_samples, classes), logits.spec.dtype)
    total = e.add(noise, reshape(logits, shape=(batch, 1, classes)))
    found = argmax(total, axis=2, dtype=INT32)
    return found if as_dtype(dtype) is INT32 else e.cast(found, dtype=as_dtype(dtype))


def permutation(key: Any, n: int, dtype: Any = "int32") -> Any:
    """The numbers 0 .. n - 1 in random order.

    Args:
        key: uint32 (4,).
        n: how many.
        dtype: "int32" or "int64".
    Returns: (n,).
    """
    return argsort(
        random_bits(_key(key), shape=(int(n),), dtype=UINT64), axis=0, descending=False, dtype=as_dtype(dtype)
    )


def shuffle(key: Any, x: Any, axis: int = 0) -> Any:
    """`x` with its slices along one axis in random order.

    Args:
        key: uint32 (4,).
        x: a tensor.
        axis: which axis.
    Returns: as `x`.
    """
    x = convert_to_tensor(x)
    place = normalize_axis(axis, x.spec.ndim, "shuffle")
    return gather(x, permutation(key, x.spec.shape[place]), axis=place, mode="clip")


# Distributions that reject


def _until_accepted(
    key: Any, shape: tuple[int, ...], dtype: DType, draw: Callable[[Any], tuple[Any, Any]], done: Any
) -> Any:
    """Values of `shape`: `draw` is called with fresh keys until every element is accepted.

    It gives candidates, and which of them are accepted.

    `done` marks elements that need no value.
    """
    start = broadcast_to(scalar(0, dtype), shape=shape)

    def missing(trip: Any, accepted: Any, values: Any) -> Any:
        return reduce_any(e.bitwise_not(accepted), axes=tuple(range(len(shape))))

    def again(trip: Any, accepted: Any, values: Any) -> tuple[Any, Any, Any]:
        candidates, good = draw(fold_in(key, trip))
        new = e.bitwise_and(good, e.bitwise_not(accepted))
        return e.add(trip, scalar(1, INT32)), e.bitwise_or(accepted, good), e.select(new, candidates, values)

    with dispatch.recording(()):
        return control.while_loop(missing, again, (scalar(0, INT32), done, start))[2]


def _nobody(shape: tuple[int, ...]) -> Any:
    return broadcast_to(scalar(False, BOOL), shape=shape)


def _parameter(value: Any, shape: tuple[int, ...], dtype: DType) -> Any:
    """A parameter as a constant of the shape of the result."""
    array = stop_gradient(convert_to_tensor(value, dtype))
    broadcast_shapes(array.spec.shape, shape, what="random")
    return array if array.spec.shape == shape else broadcast_to(array, shape=shape)


def _inner(dtype: DType) -> DType:
    return dtype if dtype.size > 2 else FLOAT32


def _log_gamma_sample(key: Any, alpha: Any) -> Any:
    """Logarithms of gamma distributed numbers, which do not underflow where alpha is small."""
    shape, dtype = alpha.spec.shape, alpha.spec.dtype
    one, third = scalar(1, dtype), scalar(1 / 3, dtype)
    small = e.less(alpha, one)
    d = e.subtract(e.select(small, e.add(alpha, one), alpha), third)
    c = e.divide(third, e.sqrt(d))
    for_loop, for_power = _keys(key, 2)

    def draw(fresh: Any) -> tuple[Any, Any]:
        for_x, for_u = _keys(fresh, 2)
        x = normal(for_x, shape, dtype=dtype)
        root = e.add(one, e.multiply(c, x))
        positive = e.greater(root, scalar(0, dtype))
        log_v = e.multiply(scalar(3, dtype), e.log(e.select(positive, root, one)))
        bound = e.add(
            e.multiply(scalar(0.5, dtype), e.square(x)), e.multiply(d, e.add(e.subtract(one, e.exp(log_v)), log_v))
        )
        accepted = e.bitwise_and(positive, e.less(e.log(_open_unit(for_u, shape, dtype)), bound))
        return e.add(e.log(d), log_v), accepted

    log_sample = _until_accepted(for_loop, shape, dtype, draw, _nobody(shape))
    power = e.divide(e.log(_open_unit(for_power, shape, dtype)), alpha)
    return e.add(log_sample, e.select(small, power, scalar(0, dtype)))


def gamma(key: Any, shape: Sequence[int], alpha: Any, dtype: Any = None) -> Any:
    """Gamma distributed numbers of scale 1.

    Args:
        key: uint32 (4,).
        shape: of the result.
        alpha: shape parameter, positive; a number, or a tensor that broadcasts to `shape`.
        dtype: a float dtype, the default one if None.
    Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; alpha below 1 by their section
    6.
    """
    dtype = _float_dtype(dtype, "gamma")
    sizes = _shape(shape)
    return _located(e.exp(_log_gamma_sample(key, _parameter(alpha, sizes, _inner(dtype)))), 0, 1, dtype)


def beta(key: Any, shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None) -> Any:
    """Beta distributed numbers.

    Args:
        key: uint32 (4,).
        shape: of the result.
        alpha, beta: parameters, positive; numbers, or tensors that broadcast to `shape`.
        dtype: a float dtype, the default one if None.
    Source: own: x / (x + y) of two gamma distributed numbers, by their logarithms.
    """
    dtype = _float_dtype(dtype, "beta")
    sizes, (first, second) = _shape(shape), _keys(key, 2)
    x = _log_gamma_sample(first, _parameter(alpha, sizes, _inner(dtype)))
    y = _log_gamma_sample(second, _parameter(beta, sizes, _inner(dtype)))
    return _located(e.sigmoid(e.subtract(x, y)), 0, 1, dtype)


def _by_search(key: Any, shape: tuple[int, ...], first: Any, ratio: Callable[[Any], Any], wanted: Any) -> Any:
    """Counts by inversion: from 0 upwards, until the probabilities passed exceed a uniform number.

    Args:
        first: probability of 0.
        ratio: function of k (a scalar) that gives the probability of k over that of k - 1.
        wanted: where a count is asked for.
    """
    level = _open_unit(key, shape, FLOAT64)
    zero, one = scalar(0, FLOAT64), scalar(1, FLOAT64)

    def searching(k: Any, probability: Any, passed: Any) -> Any:
        return e.bitwise_and(wanted, e.bitwise_and(e.greater(level, passed), e.greater(probability, zero)))

    def missing(k: Any, probability: Any, passed: Any, counts: Any) -> Any:
        return reduce_any(searching(k, probability, passed), axes=tuple(range(len(shape))))

    def step(k: Any, probability: Any, passed: Any, counts: Any) -> tuple[Any, ...]:
        on = searching(k, probability, passed)
        k = e.add(k, one)
        after = e.multiply(probability, ratio(k))
        return k, after, e.add(passed, after), e.select(on, k, counts)

    start = broadcast_to(zero, shape=shape)
    with dispatch.recording(()):
        return control.while_loop(missing, step, (zero, first, first, start))[3]


def poisson(key: Any, shape: Sequence[int], rate: Any, dtype: Any = None) -> Any:
    """Poisson distributed counts.

    Args:
        key: uint32 (4,).
        shape: of the result.
        rate: mean, not negative; a number, or a tensor that broadcasts to `shape`.
        dtype: of the result; the default float dtype if None.
    Source: Hörmann 1993, "The transformed rejection method for generating Poisson random variables" (PTRS); below 10,
    inversion.
    """
    dtype = floatx() if dtype is None else as_dtype(dtype)
    sizes = _shape(shape)
    rate = _parameter(rate, sizes, FLOAT64)
    few = e.less(rate, scalar(10, FLOAT64))
    for_few, for_many = _keys(key, 2)
    low = e.select(few, rate, scalar(1, FLOAT64))
    counts = _by_search(for_few, sizes, e.exp(e.negative(low)), lambda k: e.divide(low, k), few)
    many = _many_poisson(for_many, sizes, e.select(few, scalar(10, FLOAT64), rate), few)
    return e.cast(e.select(few, counts, many), dtype=dtype)


def _many_poisson(key: Any, shape: tuple[int, ...], rate: Any, done: Any) -> Any:
    def number(value: float) -> Any:
        return scalar(value, FLOAT64)

    log_rate = e.log(rate)
    b = e.add(number(0.931), e.multiply(number(2.53), e.sqrt(rate)))
    a = e.add(number(-0.059), e.multiply(number(0.02483), b))
    log_inverse = e.log(e.add(number(1.1239), e.divide(number(1.1328), e.subtract(b, number(3.4)))))
    quick = e.subtract(number(0.9277), e.divide(number(3.6224), e.subtract(b, number(2))))

    def draw(fresh: Any) -> tuple[Any, Any]:
        u, v, us = _hat(fresh, shape)
        place = e.add(e.multiply(e.add(e.divide(e.multiply(number(2), a), us), b), u), e.add(rate, number(0.43)))
        k = e.floor(place)
        at_once = e.bitwise_and(e.greater_equal(us, number(0.07)), e.less_equal(v, quick))
        left = e.subtract(e.add(e.log(v), log_inverse), e.log(e.add(e.divide(a, e.square(us)), b)))
        safe = e.maximum(k, number(0))
        right = e.subtract(e.subtract(e.multiply(safe, log_rate), rate), e.lgamma(e.add(safe, number(1))))
        inside = e.greater_equal(k, number(0))
        return k, e.bitwise_and(inside, e.bitwise_or(at_once, e.less_equal(left, right)))

    return _until_accepted(key, shape, FLOAT64, draw, done)


def _hat(key: Any, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """What the transformed rejection draws: u in (-1/2, 1/2), v in (0, 1), and the distance of u from the ends."""
    half, (for_u, for_v) = scalar(0.5, FLOAT64), _keys(key, 2)
    u = e.subtract(_open_unit(for_u, shape, FLOAT64), half)
    return u, _open_unit(for_v, shape, FLOAT64), e.subtract(half, e.abs_(u))


def binomial(key: Any, shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None) -> Any:
    """Binomially distributed counts of successes.

    Args:
        key: uint32 (4,).
        shape: of the result.
        counts: number of trials; a number, or a tensor that broadcasts to `shape`.
        probabilities: of a success; the same.
        dtype: of the result; the default float dtype if None.
    Source: Hörmann 1993, "The generation of binomial random variates" (BTRS); below a mean of 10, inversion.
    """
    dtype = floatx() if dtype is None else as_dtype(dtype)
    sizes, one = _shape(shape), scalar(1, FLOAT64)
    n, given = _parameter(counts, sizes, FLOAT64), _parameter(probabilities, sizes, FLOAT64)
    turned = e.greater(given, scalar(0.5, FLOAT64))
    p = e.select(turned, e.subtract(one, given), given)
    few = e.less(e.multiply(n, p), scalar(10, FLOAT64))
    for_few, for_many = _keys(key, 2)
    low = e.select(few, n, one)
    odds = e.divide(p, e.subtract(one, p))
    none = e.exp(e.multiply(low, e.log1p(e.negative(p))))

    def ratio(k: Any) -> Any:
        return e.multiply(odds, e.divide(e.maximum(e.subtract(e.add(low, one), k), scalar(0, FLOAT64)), k))

    found = _by_search(for_few, sizes, none, ratio, few)
    many = _many_binomial(
        for_many, sizes, e.select(few, scalar(40, FLOAT64), n), e.select(few, scalar(0.5, FLOAT64), p), few
    )
    successes = e.select(few, found, many)
    return e.cast(e.select(turned, e.subtract(n, successes), successes), dtype=dtype)


def _many_binomial(key: Any, shape: tuple[int, ...], n: Any, p: Any, done: Any) -> Any:
    def number(value: float) -> Any:
        return scalar(value, FLOAT64)

    one = number(1)
    spread = e.sqrt(e.multiply(e.multiply(n, p), e.subtract(one, p)))
    b = e.add(number(1.15), e.multiply(number(2.53), spread))
    a = e.add(e.add(number(-0.0873), e.multiply(number(0.0248), b)), e.multiply(number(0.01), p))
    c = e.add(e.multiply(n, p), number(0.5))
    quick = e.subtract(number(0.92), e.divide(number(4.2), b))
    log_alpha = e.log(e.multiply(e.add(number(2.83), e.divide(number(5.1), b)), spread))
    log_odds = e.log(e.divide(p, e.subtract(one, p)))
    mode = e.floor(e.multiply(e.add(n, one), p))

    def log_ways(k: Any) -> Any:
        return e.negative(e.add(e.lgamma(e.add(k, one)), e.lgamma(e.add(e.subtract(n, k), one))))

    at_mode = log_ways(mode)

    def draw(fresh: Any) -> tuple[Any, Any]:
        u, v, us = _hat(fresh, shape)
        k = e.floor(e.add(e.multiply(e.add(e.divide(e.multiply(number(2), a), us), b), u), c))
        at_once = e.bitwise_and(e.greater_equal(us, number(0.07)), e.less_equal(v, quick))
        inside = e.bitwise_and(e.greater_equal(k, number(0)), e.less_equal(k, n))
        safe = e.clamp(k, number(0), n)
        left = e.subtract(e.add(e.log(v), log_alpha), e.log(e.add(e.divide(a, e.square(us)), b)))
        right = e.add(e.subtract(log_ways(safe), at_mode), e.multiply(e.subtract(safe, mode), log_odds))
        return k, e.bitwise_and(inside, e.bitwise_or(at_once, e.less_equal(left, right)))

    return _until_accepted(key, shape, FLOAT64, draw, done)
