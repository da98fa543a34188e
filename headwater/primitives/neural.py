"""Activations, normalisations and losses whose gradients are better computed again from their inputs than from what
the forward pass would have to keep for them. They have no kernels: fusion makes one instruction of each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.fused import Fused
from headwater.ir.primitive import BadSample, Sample
from headwater.ir.spec import Spec, sizes_differ
from headwater.primitives import elementwise as e
from headwater.primitives.constant import scalar
from headwater.primitives.custom import stop_gradient
from headwater.primitives.index import put_along_axis, take_along_axis
from headwater.primitives.recompute import barrier
from headwater.primitives.reduce import reduce_max, reduce_sum
from headwater.primitives.shape import iota, reshape

_INT32 = as_dtype("int32")


def _require_wide_float(what: str, x: Spec) -> None:
    if not x.dtype.is_floating or x.dtype.size < 4:
        raise DTypeError(f"{what}: its input has dtype {x.dtype.name}.", fix="cast it to float32.")


def _rows(reduction: Any, x: Any) -> Any:
    """A reduction of the last axis, which stays with size 1."""
    last = x.spec.ndim - 1
    return _as_rows(reduction(x, axes=(last,)))


def _as_rows(x: Any) -> Any:
    """One number for each row: with a last axis of size 1."""
    return reshape(x, shape=(*x.spec.shape, 1))


def _over_lead(x: Any) -> Any:
    """The sum over all axes but the last."""
    axes = tuple(range(x.spec.ndim - 1))
    return reduce_sum(x, axes=axes) if axes else x


class Gelu(Fused):
    """x times the probability that a standard normal number is smaller, by the error function or, if `approximate`, by
    tanh.

    Shapes: any -> the same.    Dtypes: a float, the same.    Errors: DTypeError.
    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """

    name = "gelu"

    def infer(self, x: Spec, *, approximate: bool = False) -> Spec:
        self.require_dtype(x, ("float",))
        return x

    def decompose(self, x, *, approximate=False):
        half = e.multiply(x, scalar(0.5, x.spec.dtype))
        if not approximate:
            return e.multiply(half, e.erfc(e.multiply(x, scalar(-math.sqrt(0.5), x.spec.dtype))))
        return e.multiply(half, e.add(e.tanh(self._inner(x)[0]), scalar(1, x.spec.dtype)))

    def vjp(self, g, y, x, *, approximate=False):
        x, g = barrier(x, g)
        dtype = x.spec.dtype
        half, one = scalar(0.5, dtype), scalar(1, dtype)
        if approximate:
            inner, slope = self._inner(x)
            bent = e.tanh(inner)
            steep = e.multiply(e.subtract(one, e.square(bent)), e.multiply(x, slope))
            return (e.multiply(g, e.multiply(half, e.add(e.add(bent, one), steep))),)
        chance = e.multiply(half, e.add(e.erf(e.multiply(x, scalar(math.sqrt(0.5), dtype))), one))
        density = e.exp(e.multiply(e.square(x), scalar(-0.5, dtype)))
        bell = e.multiply(e.multiply(x, scalar(1 / math.sqrt(2 * math.pi), dtype)), density)
        return (e.multiply(g, e.add(chance, bell)),)

    @staticmethod
    def _inner(x: Any) -> tuple[Any, Any]:
        """What goes into tanh, sqrt(2 / pi) (x + 0.044715 x^3), and its derivative."""
        dtype, root = x.spec.dtype, math.sqrt(2 / math.pi)
        square = e.square(x)
        factor = e.add(e.multiply(square, scalar(0.044715 * root, dtype)), scalar(root, dtype))
        return e.multiply(x, factor), e.add(e.multiply(square, scalar(3 * 0.044715 * root, dtype)), scalar(root, dtype))

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        return [
            Sample(rng.normal(size=(3, 4)) * 3, approximate=False),
            Sample(rng.normal(size=(3, 4)) * 3, approximate=True),
            Sample(np.linspace(-6, 6, 40).astype(np.float32), approximate=False),
            BadSample(DTypeError, "int32", np.ones(3, np.int32), approximate=True),
        ]


class LayerNormalization(Fused):
    """(x - mean) / sqrt(variance + epsilon), with the moments of each row of the last axis; times gamma if `scaled`,
    plus beta if `centered`.

    Shapes: x (..., n), gamma (n,), beta (n,) -> as x.    Dtypes: float32 or float64, all the same.
    Errors: ShapeError if the weights are not as long as the rows; DTypeError.
    Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    """

    name = "layer_normalization"

    def infer(self, x: Spec, *weights: Spec, epsilon: float, scaled: bool, centered: bool) -> Spec:
        _require_wide_float(self.name, x)
        self.require_same_dtype(x, *weights)
        self.require_rank(x, 1)
        assert len(weights) == scaled + centered
        for weight in weights:
            if weight.ndim != 1 or sizes_differ(weight.shape[0], x.shape[-1]):
                raise ShapeError(
                    f"layer_normalization: weights of shape {weight.shape} for rows of {x.shape[-1]}.",
                    fix="give a weight for each element of a row.",
                )
        return x

    def decompose(self, x, *weights, epsilon, scaled, centered):
        deviation, factor = self._parts(x, epsilon)
        found = e.multiply(deviation, factor)
        if scaled:
            found = e.multiply(found, weights[0])
        return e.add(found, weights[-1]) if centered else found

    @staticmethod
    def _parts(x: Any, epsilon: float) -> tuple[Any, Any]:
        """Deviations from the mean, and what brings them to a variance of 1."""
        dtype = x.spec.dtype
        share = scalar(1 / max(x.spec.shape[-1], 1), dtype)
        deviation = e.subtract(x, e.multiply(_rows(reduce_sum, x), share))
        variance = e.multiply(_rows(reduce_sum, e.square(deviation)), share)
        return deviation, e.rsqrt(e.add(variance, scalar(epsilon, dtype)))

    def vjp(self, g, y, x, *weights, epsilon, scaled, centered):
        x, g = barrier(x, g)
        deviation, factor = self._parts(x, epsilon)
        normal = e.multiply(deviation, factor)
        share = scalar(1 / max(x.spec.shape[-1], 1), x.spec.dtype)
        by_normal = e.multiply(g, weights[0]) if scaled else g
        mean = e.multiply(_rows(reduce_sum, by_normal), share)
        slope = e.multiply(_rows(reduce_sum, e.multiply(by_normal, normal)), share)
        by_x = e.multiply(e.subtract(e.subtract(by_normal, mean), e.multiply(normal, slope)), factor)
        by_weights = [_over_lead(e.multiply(g, normal))] if scaled else []
        return (by_x, *by_weights, *([_over_lead(g)] if centered else []))

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        x, gamma, beta = rng.normal(size=(2, 3, 5)), rng.normal(size=5), rng.normal(size=5)
        both = {"epsilon": 1e-3, "scaled": True, "centered": True}
        return [
            Sample(x, gamma, beta, **both),
            Sample(x, gamma, epsilon=0.1, scaled=True, centered=False),
            Sample(x, beta, epsilon=0.1, scaled=False, centered=True),
            Sample(x[0, 0], epsilon=0.1, scaled=False, centered=False),
            Sample((x * 3 + 10).astype(np.float32), gamma.astype(np.float32), beta.astype(np.float32), **both),
            BadSample(ShapeError, "for rows of 5", x, gamma[:4], beta, **both),
            BadSample(
                DTypeError, "cast it to float32", x.astype(np.float16), epsilon=0.1, scaled=False, centered=False
            ),
        ]


class SparseCrossEntropy(Fused):
    """The cross-entropy of each row of logits with the class whose number is given; 0 for a number that is no class.

    The second and third result, added up, are the logarithms of the rows' sums of exponentials, in two parts as in
    `attention`. The gradient computes the probabilities from them; nobody keeps them.
    Shapes: logits (..., n), labels (...) -> (...), three times.    Dtypes: logits float32 or float64, labels int32.
    Errors: ShapeError if there is not one label for each row; DTypeError.
    Source: Blanchard, Higham and Higham 2021, "Accurately computing the log-sum-exp and softmax functions".
    """

    name = "sparse_cross_entropy"
    multiple = True

    def infer(self, logits: Spec, labels: Spec) -> tuple[Spec, Spec, Spec]:
        _require_wide_float(self.name, logits)
        self.require_rank(logits, 1)
        if labels.dtype is not _INT32:
            raise DTypeError(f"sparse_cross_entropy: labels of dtype {labels.dtype.name}.", fix="cast them to int32.")
        rows = logits.shape[:-1]
        if len(rows) != labels.ndim or any(map(sizes_differ, rows, labels.shape)):
            raise ShapeError(
                f"sparse_cross_entropy: labels of shape {labels.shape} for logits of shape {logits.shape}.",
                fix="give a label for each row.",
            )
        found = logits.with_shape(rows)
        return found, found, found

    def decompose(self, logits, labels):
        dtype = logits.spec.dtype
        top = stop_gradient(_rows(reduce_max, logits))
        top = e.select(e.isfinite(top), top, scalar(0, dtype))
        shifted = e.subtract(logits, top)
        log_total = e.log(_rows(reduce_sum, e.exp(shifted)))
        last = logits.spec.ndim - 1
        logs = e.add(top, log_total)
        rest = e.add(e.subtract(top, logs), log_total)
        shape = logits.spec.shape[:-1]
        if self._has_many_classes(logits):
            chosen = take_along_axis(logits, _as_rows(labels), axis=last, mode="fill")
            loss = reshape(e.subtract(log_total, e.subtract(chosen, top)), shape=shape)
            loss = e.select(self._is_class(logits, labels), loss, scalar(0, dtype))
        else:
            hits = e.equal(self._classes(logits), _as_rows(labels))
            chosen = e.select(hits, e.subtract(shifted, log_total), scalar(0, dtype))
            loss = e.negative(reduce_sum(chosen, axes=(last,)))
        return loss, reshape(logs, shape=shape), reshape(rest, shape=shape)

    @staticmethod
    def _has_many_classes(logits: Any) -> bool:
        """Whether finding the label's logit takes less than comparing the labels with all classes."""
        classes = logits.spec.shape[-1]
        return classes is not None and classes >= 64

    @staticmethod
    def _is_class(logits: Any, labels: Any) -> Any:
        count = scalar(logits.spec.shape[-1], _INT32)
        return e.bitwise_and(e.greater_equal(labels, scalar(0, _INT32)), e.less(labels, count))

    @staticmethod
    def _classes(logits: Any) -> Any:
        """0, 1, 2, ... along the last axis alone: a small array that broadcasts."""
        shape = (*(1,) * (logits.spec.ndim - 1), logits.spec.shape[-1])
        return iota(shape=shape, axis=logits.spec.ndim - 1, dtype=_INT32)

    def vjp(self, g, y, logits, labels):
        logits, labels, g_loss, g_logs = barrier(logits, labels, g[0], g[1])
        zero = scalar(0, logits.spec.dtype)
        g_loss = e.select(self._is_class(logits, labels), g_loss, zero)
        powers = e.exp(e.subtract(e.subtract(logits, _as_rows(y[1])), _as_rows(y[2])))
        spread = e.multiply(powers, _as_rows(e.add(g_loss, g_logs)))
        if self._has_many_classes(logits):
            last, rows = logits.spec.ndim - 1, _as_rows(labels)
            less = _as_rows(e.negative(g_loss))
            return put_along_axis(spread, rows, less, axis=last, kind="add", mode="fill"), None
        hits = e.equal(self._classes(logits), _as_rows(labels))
        return e.subtract(spread, e.select(hits, _as_rows(g_loss), zero)), None

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        logits, labels = rng.normal(size=(2, 3, 5)), rng.integers(0, 5, (2, 3), np.int32)
        outside = labels.copy()
        outside[0] = (-1, 5, 2)
        return [
            Sample(logits, labels),
            Sample(logits, outside),
            Sample(logits[0, 0], labels[0, 0]),
            Sample((rng.normal(size=(4, 70)) * 9 + 50).astype(np.float32), rng.integers(0, 70, (4,), np.int32)),
            Sample(rng.normal(size=(4, 70)), np.array([3, -1, 70, 69], np.int32)),
            BadSample(ShapeError, "a label for each row", logits, labels[0]),
            BadSample(DTypeError, "cast them to int32", logits, labels.astype(np.int64)),
        ]

    def invariants(self, results, *args, **attrs):
        """The losses, and the logarithms whole."""
        return results[0], results[1] + results[2]


gelu: Any = Gelu()
layer_normalization: Any = LayerNormalization()
sparse_cross_entropy: Any = SparseCrossEntropy()
