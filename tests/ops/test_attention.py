"""Attention in one function, against Keras on JAX, and on its own: dropout, dead rows, memory, threads."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
import pytest

import headwater as tf
from headwater import ops
from headwater.testing import assert_close

rng = np.random.default_rng(0)


def inputs(batch=2, rows=5, length=6, heads=4, groups=4, depth=8, dtype="float32"):
    shapes = ((batch, rows, heads, depth), (batch, length, groups, depth), (batch, length, groups, depth))
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


MASK = rng.uniform(size=(2, 1, 5, 6)) < 0.6
MASK[0, 0, 1] = False
CASES = {
    "plain": (inputs(), {}),
    "causal": (inputs(), {"is_causal": True}),
    "causal, more queries than keys": (inputs(rows=9), {"is_causal": True, "scale": 0.3}),
    "mask": (inputs(), {"mask": MASK}),
    "mask and causal": (inputs(), {"mask": MASK, "is_causal": True}),
    "mask of heads": (inputs(), {"mask": rng.uniform(size=(1, 4, 1, 6)) < 0.7}),
    "bias": (inputs(), {"bias": rng.normal(size=(1, 4, 5, 6)).astype("float32")}),
    "bias and mask": (inputs(), {"bias": rng.normal(size=(2, 1, 5, 6)).astype("float32"), "mask": MASK}),
    "groups": (inputs(groups=2), {"is_causal": True}),
    "one group": (inputs(groups=1, rows=70, length=150, depth=40), {"mask": rng.uniform(size=(2, 1, 1, 150)) < 0.8}),
    "tiles": (inputs(rows=300, length=300, heads=2, groups=2, depth=20), {"is_causal": True}),
}


def with_gradients(arrays, weights, options):
    tensors = [tf.constant(x) for x in arrays]
    with tf.GradientTape() as tape:
        for each in tensors:
            tape.watch(each)
        y = ops.dot_product_attention(*tensors, **options)
        loss = ops.sum(y * weights)
    return y.numpy(), [g.numpy() for g in tape.gradient(loss, tensors)]


@pytest.mark.parametrize("name", CASES)
def test_results_and_gradients_equal_those_of_keras(name):
    jax = pytest.importorskip("jax")
    keras = pytest.importorskip("keras")
    arrays, options = CASES[name]
    weights = rng.normal(size=arrays[0].shape).astype("float32")
    y, gradients = with_gradients(arrays, weights, options)

    def loss(*args):
        return (keras.ops.dot_product_attention(*args, **options) * weights).sum()

    wanted = jax.grad(loss, (0, 1, 2))(*map(jax.numpy.asarray, arrays))
    assert_close(y, keras.ops.dot_product_attention(*arrays, **options), rtol=5e-6)
    for mine, other in zip(gradients, wanted):
        assert_close(mine, other, rtol=2e-5)


def test_gradient_of_a_bias_is_added_up_over_what_shares_it():
    arrays, bias = inputs(), tf.constant(rng.normal(size=(1, 1, 5, 6)).astype("float32"))
    spread = tf.constant(np.broadcast_to(bias.numpy(), (2, 4, 5, 6)).copy())
    found = []
    for each in (bias, spread):
        with tf.GradientTape() as tape:
            tape.watch(each)
            loss = ops.sum(ops.square(ops.dot_product_attention(*arrays, bias=each)))
        found.append(tape.gradient(loss, each).numpy())
    assert_close(found[0], found[1].sum((0, 1), keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes_agree_with_float64(dtype):
    arrays = inputs(rows=50, length=140, heads=2, groups=1, depth=24, dtype="float64")
    weights = rng.normal(size=arrays[0].shape)
    wanted, wanted_gradients = with_gradients(arrays, weights, {"is_causal": True})
    cast = [ops.cast(tf.constant(x), dtype) for x in arrays]
    y, gradients = with_gradients(cast, ops.cast(tf.constant(weights), dtype), {"is_causal": True})
    tolerance = {"float16": 4e-3, "bfloat16": 3e-2, "float64": 1e-12}[dtype]
    assert str(y.dtype) == dtype
    for mine, other in zip([y, *gradients], [wanted, *wanted_gradients]):
        assert_close(mine.astype("float64"), other, rtol=tolerance)


def test_dropout_keeps_the_mean_and_depends_on_its_key_alone():
    arrays = inputs(batch=4, rows=64, length=64, heads=2, groups=2, depth=8)
    arrays[2] = np.ones_like(arrays[2])
    key = tf.constant(np.array([1, 2, 3, 4], "uint32"))
    first, again = (ops.dot_product_attention(*arrays, dropout=0.3, dropout_key=key).numpy() for _ in range(2))
    other = ops.dot_product_attention(*arrays, dropout=0.3, dropout_key=key + 1).numpy()
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert abs(first.mean() - 1) < 0.02 and first.std() > 0.01


def test_dropout_of_the_gradient_is_that_of_the_result():
    arrays = inputs(batch=1, rows=20, length=30, heads=2, groups=2, depth=8)
    key, step = tf.constant(np.array([1, 2, 3, 4], "uint32")), 1e-3
    options = {"dropout": 0.5, "dropout_key": key, "is_causal": True}
    weights = rng.normal(size=arrays[0].shape)
    arrays = [x.astype("float64") for x in arrays]
    _, gradients = with_gradients(arrays, weights, options)
    for place, gradient in enumerate(gradients):
        direction = rng.normal(size=arrays[place].shape)
        sides = []
        for move in (step, -step):
            y = ops.dot_product_attention(*_moved(arrays, place, move * direction), **options)
            sides.append((y.numpy() * weights).sum())
        assert_close((sides[0] - sides[1]) / (2 * step), (gradient * direction).sum(), rtol=1e-4)


def _moved(arrays, place, step):
    return [x + step if i == place else x for i, x in enumerate(arrays)]


@pytest.mark.parametrize("causal", [False, True])
def test_a_row_that_sees_nothing_weighs_all_alike(causal):
    arrays = inputs(batch=1, rows=200, length=300, heads=1, groups=1)
    mask = np.ones((1, 1, 200, 300), bool)
    mask[0, 0, 7] = False
    weights = np.zeros_like(arrays[0])
    weights[0, 7] = 1
    y, (by_q, by_k, by_v) = with_gradients(arrays, weights, {"mask": mask, "is_causal": causal})
    assert_close(y[0, 7, 0], arrays[2][0, :, 0].mean(0), rtol=1e-5)
    assert_close(by_v, np.full_like(by_v, 1 / 300), rtol=1e-5)
    assert not by_q.any() and not by_k.any()


def test_a_far_away_bias_keeps_its_precision():
    arrays = inputs(batch=1, rows=3, length=4, heads=1, groups=1)
    bias = np.full((1, 1, 3, 4), -1e9, "float32")
    weights = np.ones_like(arrays[0])
    _, (_, _, by_v) = with_gradients(arrays, weights, {"bias": bias})
    assert_close(by_v, np.full_like(by_v, 3 / 4), rtol=1e-5)


def test_a_soft_cap_bends_the_logits():
    q, k, v = inputs(batch=1, rows=3, length=4, heads=1, groups=1, dtype="float64")
    logits = 2 * np.tanh(np.einsum("btnh,bsnh->bnts", q, k) / np.sqrt(8) / 2)
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    found = ops.dot_product_attention(q, k, v, attn_logits_soft_cap=2.0)
    assert_close(found.numpy(), np.einsum("bnts,bsnh->btnh", weights, v), rtol=1e-10)


def test_errors_name_both_shapes():
    q, k, v = inputs()
    with pytest.raises(tf.errors.ShapeError, match="a multiple of"):
        ops.dot_product_attention(q[:, :, :3], k, v)
    with pytest.raises(tf.errors.ArgumentError, match="without a key"):
        ops.dot_product_attention(q, k, v, dropout=0.5)
