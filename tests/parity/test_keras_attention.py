"""Attention layers against real Keras on JAX: outputs, scores, gradients, masks, shapes, and files both ways."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras as theirs
import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours
from headwater.testing import assert_close

rng = np.random.default_rng(0)


def floats(*shape):
    return rng.normal(size=shape).astype("float32")


QUERY, VALUE, KEY = floats(2, 5, 6), floats(2, 7, 6), floats(2, 7, 6)
OTHER = floats(2, 7, 4)
IMAGE = floats(2, 3, 4, 6)
PADDED = np.array([[True] * 7, [True, True, True, False, True, False, False]])
ROWS = np.array([[True] * 5, [True, True, False, True, False]])
PAIRS = rng.uniform(size=(2, 5, 7)) < 0.6
PAIRS[..., 0] = True
HEADS = {"num_heads": 2, "key_dim": 3}
GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}

# (class, arguments, call arguments by position, call options)
CASES = {
    "dot": ("Attention", {}, [[QUERY, VALUE]], {}),
    "dot, keys": ("Attention", {"use_scale": True}, [[QUERY, VALUE, KEY]], {}),
    "dot, causal": ("Attention", {}, [[QUERY, VALUE]], {"use_causal_mask": True}),
    "dot, masks": ("Attention", {}, [[QUERY, VALUE, KEY]], {"mask": [ROWS, PADDED]}),
    "dot, masks, causal": ("Attention", {}, [[QUERY, VALUE]], {"mask": [ROWS, PADDED], "use_causal_mask": True}),
    "dot, scores": (
        "Attention", {"dropout": 0.5}, [[QUERY, VALUE]],
        {"mask": [None, PADDED], "return_attention_scores": True, "use_causal_mask": True},
    ),
    "concat": ("Attention", {"score_mode": "concat", "use_scale": True}, [[QUERY, VALUE]], {"mask": [None, PADDED]}),
    "concat, no scale": ("Attention", {"score_mode": "concat"}, [[QUERY, VALUE]], {}),
    "additive": ("AdditiveAttention", {}, [[QUERY, VALUE, KEY]], {"mask": [ROWS, PADDED]}),
    "additive, no scale": ("AdditiveAttention", {"use_scale": False}, [[QUERY, VALUE]], {"use_causal_mask": True}),
    "heads": ("MultiHeadAttention", HEADS, [QUERY, VALUE], {}),
    "heads, keys": ("MultiHeadAttention", HEADS, [QUERY, VALUE, OTHER], {}),
    # Keras on JAX can do this only where it computes the scores.
    "heads, values": (
        "MultiHeadAttention", {**HEADS, "value_dim": 5}, [QUERY, VALUE, OTHER], {"return_attention_scores": True},
    ),
    "heads, causal": ("MultiHeadAttention", {**HEADS, "use_bias": False}, [QUERY, QUERY], {"use_causal_mask": True}),
    "heads, output": ("MultiHeadAttention", {**HEADS, "output_shape": (2, 4)}, [QUERY, VALUE], {}),
    "heads, gate": ("MultiHeadAttention", {**HEADS, "use_gate": True}, [QUERY, VALUE], {}),
    "heads, window": (
        "MultiHeadAttention", {**HEADS, "sliding_window": 2}, [QUERY, QUERY], {"use_causal_mask": True},
    ),
    "heads, mask": ("MultiHeadAttention", HEADS, [QUERY, VALUE], {"attention_mask": PAIRS}),
    "heads, masks": (
        "MultiHeadAttention", HEADS, [QUERY, VALUE],
        {"attention_mask": PAIRS, "value_mask": PADDED, "key_mask": PADDED, "use_causal_mask": True},
    ),
    "heads, number mask": ("MultiHeadAttention", HEADS, [QUERY, VALUE], {"attention_mask": PAIRS.astype("float32")}),
    "heads, scores": (
        "MultiHeadAttention", HEADS, [QUERY, VALUE],
        {"attention_mask": PAIRS, "return_attention_scores": True, "use_causal_mask": True},
    ),
    "heads, dropout": (
        "MultiHeadAttention", {**HEADS, "dropout": 0.4}, [QUERY, VALUE],
        {"attention_mask": PAIRS & False, "use_causal_mask": True},
    ),
    "heads, two axes": ("MultiHeadAttention", HEADS, [IMAGE, IMAGE], {}),
    "heads, one of two axes": ("MultiHeadAttention", {**HEADS, "attention_axes": 2}, [IMAGE, IMAGE], {}),
    "groups": ("GroupQueryAttention", GROUPS, [QUERY, VALUE], {}),
    "groups, causal": ("GroupQueryAttention", {**GROUPS, "use_gate": True}, [QUERY, QUERY], {"use_causal_mask": True}),
    "groups, masks": (
        "GroupQueryAttention", {**GROUPS, "sliding_window": 3}, [QUERY, VALUE, KEY],
        {"query_mask": ROWS, "value_mask": PADDED, "attention_mask": PAIRS, "use_causal_mask": True},
    ),
    "groups, scores": (
        "GroupQueryAttention", {**GROUPS, "use_bias": False}, [QUERY, VALUE],
        {"return_attention_scores": True, "use_causal_mask": True},
    ),
}  # fmt: skip


def pair(name):
    """Our layer and theirs, called once, with the same weights; and how to call them."""
    kind, arguments, args, options = CASES[name]
    mine, other = getattr(ours.layers, kind)(**arguments), getattr(theirs.layers, kind)(**arguments)
    mine(*args, **options), other(*args, **options)
    values = [floats(*w.shape) * 0.5 for w in other.weights]
    mine.set_weights(values)
    other.set_weights(values)
    return mine, other, args, options


def leaves(structure):
    return [np.asarray(leaf) for leaf in tf.tree.leaves(structure)]


@pytest.mark.parametrize("name", CASES)
def test_outputs_scores_and_weights_equal_those_of_keras(name):
    mine, other, args, options = pair(name)
    assert [tuple(w.shape) for w in mine.weights] == [tuple(w.shape) for w in other.weights]
    assert [w.name for w in mine.weights] == [w.name for w in other.weights]
    assert [w.path.split("/", 1)[1] for w in mine.weights] == [w.path.split("/", 1)[1] for w in other.weights]
    assert len(mine.variables) == len(other.variables)
    assert mine.supports_masking == other.supports_masking
    found, wanted = leaves(mine(*args, **options)), leaves(other(*args, **options))
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_gradients_equal_those_of_keras(name):
    mine, other, args, options = pair(name)
    if options.get("return_attention_scores") or mine.dropout:
        pytest.skip("differentiated without")
    flat = args[0] if isinstance(args[0], list) else args
    weights = [floats(*np.shape(leaf)) for leaf in leaves(mine(*args, **options))]

    def loss_of_theirs(variables, *inputs):
        given = [list(inputs)] if isinstance(args[0], list) else inputs
        y, _ = other.stateless_call(variables, [v.value for v in other.non_trainable_variables], *given, **options)
        return (y * weights[0]).sum()

    variables = [v.value for v in other.trainable_variables]
    wanted = jax.grad(loss_of_theirs, tuple(range(len(flat) + 1)))(variables, *map(jax.numpy.asarray, flat))
    tensors = [tf.constant(x) for x in flat]
    with tf.GradientTape() as tape:
        for each in tensors:
            tape.watch(each)
        y = mine(tensors, **options) if isinstance(args[0], list) else mine(*tensors, **options)
        loss = ours.ops.sum(y * weights[0])
    found = tape.gradient(loss, [*mine.trainable_variables, *tensors])
    for a, b in zip(found, [*wanted[0], *wanted[1:]]):
        if a is None:
            assert not np.asarray(b).any()
        else:
            assert_close(a.numpy(), np.asarray(b), rtol=1e-4, atol=1e-5)


def test_masks_of_the_inputs_are_used_and_passed_on():
    ids = np.array([[1, 2, 3, 0], [4, 5, 0, 0]], "int32")
    found = []
    for keras in (ours, theirs):
        keras.utils.set_random_seed(0)
        embedding = keras.layers.Embedding(7, 6, mask_zero=True)
        layer = keras.layers.MultiHeadAttention(2, 3)
        layer(embedding(ids), embedding(ids))
        table, values = np.random.default_rng(1), np.random.default_rng(2)
        embedding.set_weights([table.normal(size=(7, 6)).astype("float32")])
        layer.set_weights([values.normal(size=w.shape).astype("float32") for w in layer.weights])
        x = embedding(ids)
        y = layer(x, embedding(ids), use_causal_mask=True)
        plain = keras.layers.Attention()([embedding(ids), embedding(ids)])
        found.append([np.asarray(each) for each in (y, y._keras_mask, plain, plain._keras_mask)])
    for mine, other in zip(*found):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", ["dot, keys", "heads, gate", "heads, output", "heads, window", "groups, causal"])
@pytest.mark.parametrize("back", [False, True])
def test_files_are_read_by_each_other(name, back, tmp_path):
    kind, arguments, args, options = CASES[name]
    first, second = (theirs, ours) if back else (ours, theirs)
    flat = args[0] if isinstance(args[0], list) else args
    inputs = [first.Input(x.shape[1:]) for x in flat]
    layer = getattr(first.layers, kind)(**arguments)
    y = layer(inputs, **options) if isinstance(args[0], list) else layer(*inputs, **options)
    model = first.Model(inputs, y)
    path = str(tmp_path / "model.keras")
    model.save(path)
    again = second.saving.load_model(path)
    np.testing.assert_allclose(np.asarray(again(flat)), np.asarray(model(flat)), rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(np.asarray(first.saving.load_model(path)(flat)), np.asarray(model(flat)), rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_symbolic_shapes_are_those_of_results(name):
    mine, _, args, options = pair(name)
    if "mask" in options or any("mask" in key and key != "use_causal_mask" for key in options):
        options = {key: value for key, value in options.items() if key in ("use_causal_mask",)}
    flat = args[0] if isinstance(args[0], list) else args
    inputs = [ours.Input(x.shape[1:]) for x in flat]
    y = mine(inputs, **options) if isinstance(args[0], list) else mine(*inputs, **options)
    for symbolic, found in zip(tf.tree.leaves(y), leaves(mine(*args, **options))):
        assert tuple(symbolic.shape) == (None, *found.shape[1:])


def test_dropout_is_drawn_while_training_alone():
    layer = ours.layers.MultiHeadAttention(2, 3, dropout=0.5, seed=3)
    layer(QUERY, VALUE)
    plain, again = layer(QUERY, VALUE).numpy(), layer(QUERY, VALUE, training=False).numpy()
    np.testing.assert_array_equal(plain, again)
    first, second = layer(QUERY, VALUE, training=True).numpy(), layer(QUERY, VALUE, training=True).numpy()
    assert (first != plain).any() and (first != second).any()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_agrees_with_keras(policy):
    found = []
    for keras in (ours, theirs):
        layer = keras.layers.MultiHeadAttention(2, 3, dtype=policy)
        layer(QUERY, VALUE)
        values = np.random.default_rng(2)
        layer.set_weights([values.normal(size=w.shape).astype("float32") for w in layer.weights])
        y = layer(QUERY, VALUE, use_causal_mask=True)
        found.append(np.asarray(y, "float32"))
        assert str(y.dtype) == policy.removeprefix("mixed_")
    assert_close(found[0], found[1], rtol=3e-2)


def test_wrong_arguments_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match="positive whole number"):
        ours.layers.MultiHeadAttention(0, 3)
    with pytest.raises(ValueError, match="call it on a list"):
        ours.layers.Attention()(QUERY)
    with pytest.raises(ValueError, match="divides"):
        ours.layers.GroupQueryAttention(4, 3, 2)
    with pytest.raises(ValueError, match="keeps no scores"):
        ours.layers.MultiHeadAttention(2, 3, flash_attention=True)(QUERY, VALUE, return_attention_scores=True)
