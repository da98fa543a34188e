"""Attention: rows of values, weighted by how well a query agrees with their keys."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.ir.fused import Fused
from headwater.ir.primitive import BadSample, Sample
from headwater.ir.spec import Spec, merge_sizes, sizes_differ
from headwater.primitives import elementwise as e
from headwater.primitives.constant import scalar
from headwater.primitives.custom import stop_gradient
from headwater.primitives.linear import matmul
from headwater.primitives.random import random_bits
from headwater.primitives.reduce import reduce_max, reduce_sum
from headwater.primitives.shape import iota, reshape, transpose

EXTRAS = ("bias", "mask", "key")
_BOOL, _UINT32, _INT32, _FLOAT32 = (as_dtype(name) for name in ("bool", "uint32", "int32", "float32"))


def work_dtype(dtype: DType) -> DType:
    """The dtype that attention of `dtype` is computed in: 16-bit floats in float32."""
    return _FLOAT32 if dtype.size == 2 else dtype


def masked_logit(dtype: DType) -> float:
    """The logit of a pair that may not meet: so low that its weight is 0, unless no pair of a row may."""
    return -0.7 * float(np.finfo(dtype.numpy).max)


class Attention(Fused):
    """y[b, t, h] = sum over s of softmax(scale * q[b, t, h] . k[b, s, g] + bias)[s] * v[b, s, g], with g the group of
    head h.

    `extras` names what follows q, k, v, in this order: "bias", added to the logits; "mask", False where a query may not
    see a key; "key", four words from which `dropout`, the share of weights that is set to 0, draws. `causal` lets query
    t see the keys up to s = t. `soft_cap` c > 0 bends logits to c * tanh(logits / c). Where a row may see nothing, all
    its weights are equal.
    The second and third result, added up, are the logarithms of the rows' sums of exponentials: the second is their
    float, the third what it rounds off.
    Shapes: q (B, T, H, D), k (B, S, G, D), v (B, S, G, E), H a multiple of G; bias and mask broadcast to (B, H, T, S);
    key (4,) -> (B, T, H, E), (B, H, T), (B, H, T).
    Dtypes: q, k, v, bias the same float; mask bool; key uint32; the logarithms float32 for 16-bit floats.
    Errors: ShapeError if the shapes do not fit; DTypeError; ArgumentError for an unknown extra or a rate out of 0..1.
    Source: Vaswani et al. 2017, arXiv:1706.03762; in memory linear in the length as Rabe and Staats 2021,
    arXiv:2112.05682 and Dao et al. 2022, arXiv:2205.14135.
    """

    name = "attention"
    multiple = True

    def infer(
        self,
        q: Spec,
        k: Spec,
        v: Spec,
        *extras: Spec,
        extras_are: tuple[str, ...] = (),
        causal: bool = False,
        scale: float = 1.0,
        dropout: float = 0.0,
        soft_cap: float = 0.0,
    ) -> tuple[Spec, ...]:
        batch, rows, _ = _checked(self, (q, k, v), extras, extras_are, dropout)
        logs = Spec((batch, q.shape[2], rows), work_dtype(q.dtype))
        return q.with_shape((batch, rows, q.shape[2], v.shape[3])), logs, logs

    def decompose(self, q, k, v, *extras, extras_are=(), causal=False, scale=1.0, dropout=0.0, soft_cap=0.0):
        given, dtype = dict(zip(extras_are, extras)), q.spec.dtype
        logits, _, _ = _logits(_wide(q), _wide(k), given, causal, scale, soft_cap)
        peak = stop_gradient(_rows(reduce_max, logits))
        powers = e.exp(e.subtract(logits, peak))
        total = _rows(reduce_sum, powers)
        weights = e.divide(powers, total)
        if dropout:
            weights = e.multiply(weights, _kept(given["key"], weights.spec, dropout))
        y = _by_position(_grouped_product(weights, _by_head(_wide(v))))
        log_total = e.log(total)
        logs = e.add(peak, log_total)
        rest = e.add(e.subtract(peak, logs), log_total)
        shape = logs.spec.shape[:-1]
        return _narrow(y, dtype), reshape(logs, shape=shape), reshape(rest, shape=shape)

    def vjp(self, g, y, q, k, v, *extras, **attrs):
        found = attention_gradient(g[0], g[1], q, k, v, *y, *extras, **attrs)
        by_extra: list[Any] = [None] * len(extras)
        names = attrs.get("extras_are", ())
        if "bias" in names:
            by_extra[names.index("bias")] = attention_bias_gradient(g[0], g[1], q, k, v, *extras, **attrs)
        return (*found, *by_extra)

    def cpu(self, kernels, q, k, v, *extras, **attrs):
        if attrs.get("soft_cap"):
            return super().cpu(kernels, q, k, v, *extras, **attrs)
        if q.spec.dtype.size == 2:
            return kernels.decompose(functools.partial(_in_float32, **attrs), q, k, v, *extras)
        return kernels.emit("attention", q, k, v, *extras, **_native_attrs(**attrs))

    def invariants(self, results, *args, **attrs):
        """The output, and the logarithms whole."""
        return results[0], results[1] + results[2]

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        bad = _sample(rng)
        q, k, v = bad.args
        wrong_mask, key = np.ones((2, 1, 5, 4), bool), np.zeros(4, np.uint32)
        return [
            *_good_samples(rng),
            BadSample(ShapeError, "a multiple of", q[:, :, :3], k, v),
            BadSample(ShapeError, "broadcast to", q, k, v, wrong_mask, extras_are=("mask",)),
            BadSample(ShapeError, "must have shape", q, k[:, 1:], v),
            BadSample(DTypeError, "differ", q, k.astype(np.float32), v),
            BadSample(DTypeError, "mask of dtype", q, k, v, np.ones((1, 1, 1, 1)), extras_are=("mask",)),
            BadSample(ArgumentError, "extras_are", q, k, v, key, extras_are=("keys",)),
            BadSample(ArgumentError, "a share of 1.5", q, k, v, key, extras_are=("key",), dropout=1.5),
        ]


class AttentionGradient(Fused):
    """The cotangents of q, k and v in attention.

    Takes the cotangents of its first and second result, its inputs q, k, v, its three results, and its extras. The
    weights are computed again, tile by tile.
    Shapes: those of `attention` -> those of q, k, v.    Dtypes: those of `attention`.    Errors: as `attention`.
    Source: Dao et al. 2022, arXiv:2205.14135, algorithm 4.
    """

    name = "attention_gradient"
    multiple = True

    def infer(self, g, g_logs, q, k, v, y, logs, rest, *extras, extras_are=(), dropout=0.0, **attrs):
        _checked(self, (q, k, v), extras, extras_are, dropout)
        self.require_same_dtype(q, g, y)
        batch = merge_sizes(merge_sizes(q.shape[0], k.shape[0]), v.shape[0])
        length, groups = merge_sizes(k.shape[1], v.shape[1]), merge_sizes(k.shape[2], v.shape[2])
        depth = merge_sizes(q.shape[3], k.shape[3])
        return (
            q.with_shape((batch, q.shape[1], q.shape[2], depth)),
            k.with_shape((batch, length, groups, depth)),
            v.with_shape((batch, length, groups, v.shape[3])),
        )

    def decompose(
        self, g, g_logs, q, k, v, y, logs, rest, *extras, extras_are=(), causal=False, scale=1.0, dropout=0.0,
        soft_cap=0.0,
    ):  # fmt: skip
        given, dtype = dict(zip(extras_are, extras)), q.spec.dtype
        q, k, v, g = _wide(q), _wide(k), _wide(v), _wide(g)
        by_logits, weights, _ = _logit_cotangents(g, g_logs, q, k, v, given, causal, scale, dropout, soft_cap)
        groups = k.spec.shape[2]
        by_q = _by_position(_grouped_product(by_logits, _by_head(k)))
        by_k = _by_position(_over_rows(by_logits, _by_head(q), groups))
        by_v = _by_position(_over_rows(weights, _by_head(g), groups))
        return tuple(_narrow(each, dtype) for each in (by_q, by_k, by_v))

    def cpu(self, kernels, g, g_logs, q, k, v, y, logs, rest, *extras, **attrs):
        if attrs.get("soft_cap"):
            return super().cpu(kernels, g, g_logs, q, k, v, y, logs, rest, *extras, **attrs)
        args = (g, g_logs, q, k, v, y, logs, rest, *extras)
        if q.spec.dtype.size == 2:
            return kernels.decompose(functools.partial(_gradient_in_float32, **attrs), *args)
        return kernels.emit("attention_gradient", *args, **_native_attrs(**attrs))

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        return [_gradient_sample(rng, sample, results=True) for sample in _good_samples(rng)]


class AttentionBiasGradient(Fused):
    """The cotangent of the bias of attention: apart from the others, because few need it and all weights pass through
    memory for it.

    Takes the cotangents of the first and second result of `attention`, and its inputs.
    Shapes: those of `attention` -> that of the bias.    Dtypes: those of `attention`.    Errors: as `attention`.
    Source: own.
    """

    name = "attention_bias_gradient"

    def infer(self, g, g_logs, q, k, v, *extras, extras_are=(), dropout=0.0, **attrs):
        _checked(self, (q, k, v), extras, extras_are, dropout)
        return extras[extras_are.index("bias")]

    def decompose(self, g, g_logs, q, k, v, *extras, extras_are=(), causal=False, scale=1.0, dropout=0.0, soft_cap=0.0):
        given, dtype = dict(zip(extras_are, extras)), q.spec.dtype
        q, k, v, g = _wide(q), _wide(k), _wide(v), _wide(g)
        _, _, by_bent = _logit_cotangents(g, g_logs, q, k, v, given, causal, scale, dropout, soft_cap)
        shape = given["bias"].spec.shape
        axes = tuple(axis for axis, size in enumerate(shape) if size == 1 and by_bent.spec.shape[axis] != 1)
        found = reduce_sum(by_bent, axes=axes) if axes else by_bent
        return _narrow(reshape(found, shape=shape), dtype)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        return [
            _gradient_sample(rng, sample, results=False)
            for sample in _good_samples(rng)
            if "bias" in sample.attrs["extras_are"]
        ]


# Shapes


def _checked(
    primitive: Any, qkv: Sequence[Spec], extras: Sequence[Spec], names: Sequence[str], dropout: float
) -> tuple[int | None, int | None, int | None]:
    """The batch, the number of queries and that of keys, or an error that says what does not fit."""
    q, k, v = qkv
    what = primitive.name
    primitive.require_same_dtype(q, k, v)
    primitive.require_dtype(q, ("float",))
    for spec, role in zip(qkv, ("q", "k", "v")):
        primitive.require_rank(spec, 4, 4, role)
    for index, (a, b, role) in enumerate(((k, v, "v"), (q, k, "k"), (q, v, "v"))):
        axes = (0, 1, 2) if index == 0 else (0, 3) if index == 1 else (0,)
        if any(sizes_differ(a.shape[axis], b.shape[axis]) for axis in axes):
            wanted = tuple(a.shape[axis] if axis in axes else b.shape[axis] for axis in range(4))
            raise ShapeError(
                f"{what}: {role} of shape {b.shape} must have shape {wanted} to go with the others.",
                fix="give q (batch, queries, heads, depth), k and v (batch, keys, groups, depth).",
            )
    heads, groups = q.shape[2], merge_sizes(k.shape[2], v.shape[2])
    if heads is not None and groups is not None and (not groups or heads % groups):
        raise ShapeError(
            f"{what}: {heads} heads of queries are not a multiple of {groups} heads of keys.",
            fix="let as many heads of queries share each head of keys.",
        )
    batch = merge_sizes(merge_sizes(q.shape[0], k.shape[0]), v.shape[0])
    full = (batch, heads, q.shape[1], merge_sizes(k.shape[1], v.shape[1]))
    if full[3] == 0:
        raise ShapeError(f"{what}: there are no keys to attend to.", fix="give at least one key and value.")
    _check_extras(what, q.dtype, full, extras, names, dropout)
    return full[0], full[2], full[3]


def _check_extras(
    what: str, dtype: DType, full: tuple[Any, ...], extras: Sequence[Spec], names: Sequence[str], dropout: float
) -> None:
    ordered = [name for name in EXTRAS if name in names]
    if list(names) != ordered or len(extras) != len(names) or bool(dropout) != ("key" in names):
        raise ArgumentError(
            f"{what}: extras_are={tuple(names)} does not describe {len(extras)} further inputs and dropout={dropout}.",
            fix=f"name them, in the order of {EXTRAS}; a key goes with dropout.",
        )
    if not 0 <= dropout < 1:
        raise ArgumentError(f"{what}: a share of {dropout} to drop.", fix="choose one from 0 to less than 1.")
    for name, spec in zip(names, extras):
        wanted = {"bias": dtype, "mask": _BOOL, "key": _UINT32}[name]
        if spec.dtype is not wanted:
            raise DTypeError(f"{what}: a {name} of dtype {spec.dtype.name}.", fix=f"cast it to {wanted.name}.")
        if name == "key":
            fits = spec.ndim == 1 and not sizes_differ(spec.shape[0], 4)
        else:
            fits = spec.ndim == 4 and all(a == 1 or not sizes_differ(a, b) for a, b in zip(spec.shape, full))
        if not fits:
            shape = "(4,)" if name == "key" else f"something that broadcasts to (batch, heads, queries, keys) {full}"
            raise ShapeError(
                f"{what}: a {name} of shape {spec.shape}; it must broadcast to {shape}.", fix="reshape it."
            )


# The native kernels, which know float32 and float64


def _native_attrs(
    extras_are: tuple[str, ...] = (), causal: bool = False, scale: float = 1.0, dropout: float = 0.0,
    soft_cap: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    extras = {name: int(name in extras_are) for name in EXTRAS}
    drop_below = dropout_threshold(dropout) if dropout else 0
    return {**extras, "causal": int(causal), "scale": scale, "drop_below": drop_below, "kept": 1 / (1 - dropout)}


def _wide_extras(extras: Sequence[Any], names: Sequence[str]) -> list[Any]:
    return [_wide(extra) if name == "bias" else extra for name, extra in zip(names, extras)]


def _in_float32(q: Any, k: Any, v: Any, *extras: Any, **attrs: Any) -> tuple[Any, ...]:
    """Attention of 16-bit floats by way of float32."""
    wide = _wide_extras(extras, attrs.get("extras_are", ()))
    y, logs, rest = attention(_wide(q), _wide(k), _wide(v), *wide, **attrs)
    return _narrow(y, q.spec.dtype), logs, rest


def _gradient_in_float32(
    g: Any, g_logs: Any, q: Any, k: Any, v: Any, y: Any, logs: Any, rest: Any, *extras: Any, **attrs: Any
) -> tuple[Any, ...]:
    wide = _wide_extras(extras, attrs.get("extras_are", ()))
    found = attention_gradient(_wide(g), g_logs, *map(_wide, (q, k, v, y)), logs, rest, *wide, **attrs)
    return tuple(_narrow(each, q.spec.dtype) for each in found)


# The decomposition


def _wide(x: Any) -> Any:
    return e.cast(x, dtype=_FLOAT32) if x.spec.dtype.size == 2 else x


def _narrow(x: Any, dtype: DType) -> Any:
    return x if x.spec.dtype is dtype else e.cast(x, dtype=dtype)


def _by_head(x: Any) -> Any:
    """(B, T, H, D) -> (B, H, T, D)."""
    return transpose(x, perm=(0, 2, 1, 3))


_by_position = _by_head  # and back


def _rows(reduction: Any, x: Any) -> Any:
    """A reduction of the last axis, which stays with size 1."""
    last = x.spec.ndim - 1
    return reshape(reduction(x, axes=(last,)), shape=(*x.spec.shape[:last], 1))


def _grouped_product(a: Any, b: Any, transpose_b: bool = False) -> Any:
    """a (B, H, T, K) times b (B, G, K, N), heads of a group sharing b -> (B, H, T, N)."""
    batch, heads, rows, inner = a.spec.shape
    groups = b.spec.shape[1]
    a = reshape(a, shape=(batch, groups, heads // groups * rows, inner))
    found = matmul(a, b, transpose_a=False, transpose_b=transpose_b)
    return reshape(found, shape=(batch, heads, rows, found.spec.shape[3]))


def _over_rows(a: Any, b: Any, groups: int) -> Any:
    """Products a^T b of a (B, H, T, S) and b (B, H, T, N), added up over each group -> (B, G, S, N)."""
    batch, heads, rows, _ = a.spec.shape
    a, b = (reshape(x, shape=(batch, groups, heads // groups * rows, x.spec.shape[3])) for x in (a, b))
    return matmul(a, b, transpose_a=True, transpose_b=False)


def _logits(q: Any, k: Any, given: dict[str, Any], causal: bool, scale: float, soft_cap: float) -> tuple[Any, Any, Any]:
    """The logits (B, H, T, S), where they may count (None: everywhere), and the derivative of the cap (None: 1)."""
    q, k = _by_head(q), _by_head(k)
    dtype = q.spec.dtype
    logits = e.multiply(_grouped_product(q, k, transpose_b=True), scalar(scale, dtype))
    if "bias" in given:
        logits = e.add(logits, _wide(given["bias"]))
    slope = None
    if soft_cap:
        bent = e.tanh(e.divide(logits, scalar(soft_cap, dtype)))
        slope = e.subtract(scalar(1, dtype), e.multiply(bent, bent))
        logits = e.multiply(bent, scalar(soft_cap, dtype))
    seen = given.get("mask")
    if causal:
        shape = (1, 1, *logits.spec.shape[2:])
        below = e.greater_equal(iota(shape=shape, axis=2, dtype=_INT32), iota(shape=shape, axis=3, dtype=_INT32))
        seen = below if seen is None else e.bitwise_and(seen, below)
    if seen is not None:
        logits = e.select(seen, logits, scalar(masked_logit(dtype), dtype))
    return logits, seen, slope


def _kept(key: Any, weights: Spec, dropout: float) -> Any:
    """What weights are multiplied by: 0 for the share that is dropped, 1 / (1 - share) for the others."""
    bits = random_bits(key, shape=weights.shape, dtype=_UINT32)
    keeps = e.greater_equal(bits, scalar(dropout_threshold(dropout), _UINT32))
    return e.select(keeps, scalar(1 / (1 - dropout), weights.dtype), scalar(0, weights.dtype))


def dropout_threshold(dropout: float) -> int:
    """Weights whose random bits are below are dropped."""
    return min(round(dropout * 2**32), 2**32 - 1)


def _logit_cotangents(
    g: Any, g_logs: Any, q: Any, k: Any, v: Any, given: dict[str, Any], causal: bool, scale: float, dropout: float,
    soft_cap: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Cotangents of the products q . k, the weights as they were applied, and the cotangents of what the bias made."""
    logits, seen, slope = _logits(q, k, given, causal, scale, soft_cap)
    dtype = logits.spec.dtype
    powers = e.exp(e.subtract(logits, stop_gradient(_rows(reduce_max, logits))))
    weights = e.divide(powers, _rows(reduce_sum, powers))
    by_weights = _grouped_product(_by_head(g), _by_head(v), transpose_b=True)
    applied = weights
    if dropout:
        kept = _kept(given["key"], weights.spec, dropout)
        applied, by_weights = e.multiply(weights, kept), e.multiply(by_weights, kept)
    mean = _rows(reduce_sum, e.multiply(weights, by_weights))
    mean = e.subtract(mean, reshape(g_logs, shape=(*g_logs.spec.shape, 1)))
    by_logits = e.multiply(weights, e.subtract(by_weights, mean))
    if seen is not None:
        by_logits = e.select(seen, by_logits, scalar(0, dtype))
    if slope is not None:
        by_logits = e.multiply(by_logits, slope)
    return e.multiply(by_logits, scalar(scale, dtype)), applied, by_logits


# Samples


def _sample(
    rng: np.random.Generator, sizes: Sequence[int] = (2, 5, 6, 4, 2, 3, 3), dtype: Any = np.float64,
    extras: dict[str, Any] | None = None, tolerance: float | None = None, **attrs: Any,
) -> Sample:  # fmt: skip
    """Inputs of sizes (B, T, S, H, G, D, E)."""
    batch, rows, length, heads, groups, depth, width = sizes
    shapes = ((batch, rows, heads, depth), (batch, length, groups, depth), (batch, length, groups, width))
    q, k, v = (rng.normal(size=shape).astype(dtype) for shape in shapes)
    extras = extras or {}
    attrs = {"causal": False, "scale": 1 / math.sqrt(depth), "dropout": 0.0, "soft_cap": 0.0, **attrs}
    return Sample(q, k, v, *extras.values(), tolerance=tolerance, extras_are=tuple(extras), **attrs)


def _good_samples(rng: np.random.Generator) -> list[Sample]:
    mask = rng.uniform(size=(2, 1, 5, 6)) < 0.7
    mask[0, 0, 1] = False  # a row that sees nothing
    padding = np.arange(40).reshape(1, 1, 1, 40) < 33
    bias = rng.normal(size=(1, 4, 5, 6))
    key = rng.integers(0, 2**32, (4,), np.uint32)
    half = as_dtype("bfloat16").numpy
    return [
        _sample(rng),
        _sample(rng, causal=True, scale=0.7),
        _sample(rng, extras={"mask": mask}, causal=True),
        _sample(rng, extras={"bias": bias, "mask": mask}),
        _sample(rng, extras={"bias": bias, "key": key}, dropout=0.4),
        _sample(rng, soft_cap=2.0, causal=True),
        _sample(rng, (1, 37, 40, 2, 1, 20, 12), np.float32, {"mask": padding}, causal=True, scale=0.3),
        _sample(rng, (1, 33, 33, 2, 2, 16, 16), np.float32, {"key": key}, causal=True, dropout=0.2),
        # Weights are rounded to 8 bits on the way.
        _sample(rng, (2, 9, 7, 2, 2, 8, 8), half, tolerance=2e-2),
    ]


def _gradient_sample(rng: np.random.Generator, sample: Sample, results: bool) -> Sample:
    """Inputs of a gradient: cotangents, and the results that belong to the inputs of a sample of `attention`."""
    y, logs, rest = attention.reference(*sample.args, **sample.attrs)
    g, g_logs = rng.normal(size=y.shape).astype(y.dtype), rng.normal(size=logs.shape).astype(logs.dtype)
    q, k, v, *extras = sample.args
    return Sample(
        g, g_logs, q, k, v, *((y, logs, rest) if results else ()), *extras, tolerance=sample.tolerance, **sample.attrs
    )


attention: Any = Attention()
attention_gradient: Any = AttentionGradient()
attention_bias_gradient: Any = AttentionBiasGradient()
