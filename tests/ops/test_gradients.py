"""Gradients flow through ops and are those of central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater import ops
from headwater.primitives.reduce import cumulative_logsumexp
from headwater.testing.gradients import check_gradients

RNG = np.random.default_rng(11)
F, G = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
CUBE = RNG.normal(size=(2, 3, 4))
POSITIVE = RNG.uniform(0.3, 2, (3, 4))
SQUARE = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
PROBABLE = np.exp(F) / np.exp(F).sum(-1, keepdims=True)
TARGET = np.eye(4)[[1, 3, 0]]
ROW = RNG.normal(size=(4,))

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "divide_no_nan": (lambda x, y: ops.divide_no_nan(x, y), (F, POSITIVE)),
    "power": (lambda x, y: ops.power(x, y), (POSITIVE, F)),
    "logaddexp2": (ops.logaddexp2, (F, G)),
    "clip": (lambda x: ops.clip(x, -0.5, 0.5), (F,)),
    "sinc": (ops.sinc, (F,)),
    "i0": (ops.i0, (3 * F,)),
    "hypot": (ops.hypot, (F, G)),
    "concatenate": (lambda x, y: ops.concatenate([x, y], axis=1), (F, G)),
    "stack": (lambda x, y: ops.stack([x, y], axis=1), (F, G)),
    "split": (lambda x: ops.split(x, [1, 3], axis=1), (F,)),
    "tile": (lambda x: ops.tile(x, (2, 3)), (F,)),
    "repeat": (lambda x: ops.repeat(x, [1, 0, 2], axis=0), (F,)),
    "roll": (lambda x: ops.roll(x, (1, -2), (0, 1)), (F,)),
    "rot90": (ops.rot90, (F,)),
    "diag": (lambda x: ops.diag(x, 1), (ROW,)),
    "diagonal": (lambda x: ops.diagonal(x, -1), (F,)),
    "tril": (ops.tril, (F,)),
    "pad reflect": (lambda x: ops.pad(x, ((1, 2), (3, 1)), mode="reflect"), (F,)),
    "pad constant": (lambda x: ops.pad(x, 1, constant_values=2.0), (F,)),
    "pad mean": (lambda x: ops.pad(x, 1, mode="mean"), (F,)),
    "mean": (lambda x: ops.mean(x, axis=(0, 2)), (CUBE,)),
    "var": (lambda x: ops.var(x, axis=1), (CUBE,)),
    "std": (lambda x: ops.std(x, axis=-1), (CUBE,)),
    "logsumexp": (lambda x: ops.logsumexp(x, axis=1), (CUBE,)),
    "cumulative logsumexp": (lambda x: cumulative_logsumexp(x, axis=1, reverse=True), (F,)),
    "prod": (lambda x: ops.prod(x, axis=1), (F,)),
    "max": (lambda x: ops.max(x, axis=1), (F,)),
    "median": (lambda x: ops.median(x, axis=1), (F,)),
    "quantile": (lambda x: ops.quantile(x, 0.3, axis=1), (F,)),
    "nanmean": (lambda x: ops.nanmean(x, axis=0), (F,)),
    "average": (lambda x, w: ops.average(x, axis=1, weights=w), (F, np.abs(ROW))),
    "cumprod": (lambda x: ops.cumprod(x, axis=1), (F,)),
    "norm": (lambda x: ops.norm(x, axis=1), (F,)),
    "norm nuc": (lambda x: ops.norm(x, "nuc"), (F,)),
    "take": (lambda x: ops.take(x, np.array([0, 2, 0, -1]), axis=1), (F,)),
    "take_along_axis": (lambda x: ops.take_along_axis(x, np.argsort(F, 1), axis=1), (F,)),
    "where": (lambda x, y: ops.where(F > 0, x, y), (F, G)),
    "scatter": (lambda x: ops.scatter([[0], [2], [0]], x, (5, 4)), (F,)),
    "scatter_update": (lambda x, u: ops.scatter_update(x, [[0, 1], [2, 3]], u), (F, ROW[:2])),
    "slice_update": (lambda x, u: ops.slice_update(x, (1, 1), u), (F, G[:2, :2])),
    "getitem": (lambda x: ops.getitem(x, (slice(None, None, -1), None, slice(1, 4, 2))), (F,)),
    "getitem arrays": (lambda x: ops.getitem(x, ([0, 2, 0], slice(None), [1, 1, 3])), (RNG.normal(size=(3, 2, 4)),)),
    "getitem mask": (lambda x: ops.getitem(x, F > 0), (F,)),
    "sort": (lambda x: ops.sort(x, axis=0), (F,)),
    "top_k": (lambda x: ops.top_k(x, 2)[0], (F,)),
    "matmul broadcast": (ops.matmul, (RNG.normal(size=(2, 1, 3, 4)), RNG.normal(size=(5, 4, 2)))),
    "matmul vector": (ops.matmul, (CUBE, ROW)),
    "matmul shared": (ops.matmul, (CUBE, F.T)),
    "tensordot": (lambda x, y: ops.tensordot(x, y, axes=((0, 2), (0, 1))), (CUBE, RNG.normal(size=(2, 4, 3)))),
    "einsum": (lambda x, y: ops.einsum("bij,bkj->bik", x, y), (CUBE, CUBE + 1)),
    "einsum three": (lambda x, y, z: ops.einsum("ij,kj,kl->il", x, y, z), (F, G, F + G)),
    "einsum diagonal": (lambda x: ops.einsum("ii->i", x), (SQUARE,)),
    "cross": (ops.cross, (F[:, :3], G[:, :3])),
    "kron": (ops.kron, (F, G[:2])),
    "det": (ops.det, (SQUARE,)),
    "solve": (ops.solve, (SQUARE, F.T)),
    "lstsq": (ops.lstsq, (F.T, G.T)),
    "cholesky": (lambda x: ops.cholesky(ops.matmul(x, ops.transpose(x))), (SQUARE,)),
    "stft": (lambda x: ops.stft(x, 6, 3, 8), (RNG.normal(size=(2, 20)),)),
    "fft": (lambda a, b: ops.fft((a, b)), (F, G)),
    "extract_sequences": (lambda x: ops.extract_sequences(x, 3, 2), (RNG.normal(size=(2, 9)),)),
    "segment_sum": (lambda x: ops.segment_sum(x, [0, 1, 0], 3), (F,)),
    "segment_max": (lambda x: ops.segment_max(x, [0, 1, 0], 2), (F,)),
    "cdist": (ops.cdist, (F, G)),
    "corrcoef": (ops.corrcoef, (F,)),
    "trapezoid": (lambda x: ops.trapezoid(x, dx=0.5), (F,)),
    "histogram edges": (lambda x: ops.linspace(ops.min(x), ops.max(x), 4), (F,)),
    "softmax": (lambda x: ops.softmax(x, axis=0), (F,)),
    "log_softmax": (ops.log_softmax, (F,)),
    "sparsemax": (ops.sparsemax, (F,)),
    "gelu": (ops.gelu, (F,)),
    "gelu exact": (lambda x: ops.gelu(x, approximate=False), (F,)),
    "glu": (ops.glu, (F,)),
    "binary_crossentropy": (lambda p: ops.binary_crossentropy(TARGET, p), (PROBABLE,)),
    "binary_crossentropy logits": (lambda t, x: ops.binary_crossentropy(t, x, from_logits=True), (PROBABLE, F)),
    "categorical_crossentropy": (lambda t, p: ops.categorical_crossentropy(t, p), (TARGET, PROBABLE)),
    "sparse_categorical_crossentropy": (
        lambda x: ops.sparse_categorical_crossentropy([1, 3, 0], x, from_logits=True), (F,)
    ),
    "batch_normalization": (
        lambda x, m, v, o, s: ops.batch_normalization(x, m, v, -1, o, s),
        (CUBE, ROW, np.abs(ROW) + 0.1, ROW + 1, ROW - 1),
    ),
    "layer_normalization": (lambda x, g, b: ops.layer_normalization(x, g, b), (CUBE, ROW, ROW + 1)),
    "rms_normalization": (lambda x, s: ops.rms_normalization(x, s), (CUBE, ROW)),
    "normalize": (lambda x: ops.normalize(x, axis=1), (F,)),
    "ctc_loss": (lambda x: ops.ctc_loss([[1, 2, 1], [2, 2, 0]], x, [3, 2], [6, 5]), (RNG.normal(size=(2, 6, 4)),)),
    "fold": (lambda x: ops.fold(x, (4, 4), 2, stride=2), (RNG.normal(size=(1, 8, 4)),)),
    "unfold": (lambda x: ops.unfold(x, 2, padding=1), (RNG.normal(size=(1, 2, 3, 3)),)),
}  # fmt: skip


_ACTIVATIONS = (
    "elu selu celu silu softplus softsign log_sigmoid squareplus leaky_relu relu relu6 tanh_shrink hard_tanh "
    "soft_shrink hard_shrink sparse_plus sparse_sigmoid hard_sigmoid hard_silu sigmoid"
)


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_that_of_central_differences(name: str) -> None:
    function, args = CASES[name]
    check_gradients(function, *args, rtol=1e-5)


@pytest.mark.parametrize("name", _ACTIVATIONS.split())
def test_gradient_of_an_activation(name: str) -> None:
    check_gradients(getattr(ops, name), 2 * F, rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    ["softmax", "log_softmax", "gelu", "layer_normalization", "var", "einsum", "logsumexp", "batch_normalization"],
)
def test_second_derivative(name: str) -> None:
    function, args = CASES[name]
    check_gradients(function, *args, order=2, rtol=1e-5)


def test_gradient_of_relu_at_zero_is_zero() -> None:
    import headwater as tf

    x = tf.convert_to_tensor([-1.0, 0.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ops.relu(x)
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 0.0, 1.0]


def test_elu_of_a_large_number_has_a_finite_gradient() -> None:
    import headwater as tf

    x = tf.convert_to_tensor([1000.0, -1000.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ops.elu(x) + ops.selu(x)
    assert np.isfinite(tape.gradient(y, x).numpy()).all()


@pytest.mark.parametrize("values", [[-800.0, 0.0, 800.0, 3.0], [800.0, 0.0, -800.0, 3.0], [-np.inf, -np.inf, 2.0, 1.0]])
@pytest.mark.parametrize("reverse", [False, True])
def test_gradient_of_cumulative_logsumexp_bears_any_spread(values: list[float], reverse: bool) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.array(values[::-1] if reverse else values)
        y = np.logaddexp.accumulate(x[::-1] if reverse else x)
        held = np.maximum(y, np.finfo(float).min)
        expected = np.array([np.exp((x[::-1] if reverse else x)[j] - held[j:]).sum() for j in range(4)])
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.math.cumulative_logsumexp(variable, reverse=reverse)[:4])
    np.testing.assert_allclose(tape.gradient(total, variable), expected[::-1] if reverse else expected, rtol=1e-12)
