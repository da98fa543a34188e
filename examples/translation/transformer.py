"""Translate from English to Italian with a transformer: attention alone, in several heads and blocks.

    python examples/translation/transformer.py [--epochs 4] [--beam 4] [--short]

The model is that of Vaswani et al. 2017, arXiv:1706.03762, normalised before each part; what is learnt from stands in
pairs.py.
"""

from pairs import LENGTH, PADDING, VOCABULARY
from program import learn_and_translate
from training import OUTPUT, start
from translator import DROPOUT, WIDTH, translator

from headwater import keras
from headwater.keras import layers, ops

HEADS = 4


def placed(numbers, width):
    """Vectors of pieces, plus vectors of their places."""
    places = ops.cumsum(ops.ones_like(numbers), axis=1) - 1
    x = layers.Embedding(VOCABULARY, width)(numbers) + layers.Embedding(LENGTH, width)(places)
    return layers.Dropout(DROPOUT)(x)


def attend(x, **options):
    """`x`, and what its pieces take from one another or from `value`, as far as the masks let them see."""
    value, width = options.pop("value", None), x.shape[-1]
    normal = layers.LayerNormalization()(x)
    attention = layers.MultiHeadAttention(HEADS, width // HEADS, dropout=DROPOUT)
    taken, weights = attention(normal, normal if value is None else value, return_attention_scores=True, **options)
    return x + layers.Dropout(DROPOUT)(taken), weights


def feed_forward(x):
    """`x`, and what two dense layers make of each piece by itself."""
    width = x.shape[-1]
    inner = layers.Dense(4 * width, activation="relu")(layers.LayerNormalization()(x))
    return x + layers.Dropout(DROPOUT)(layers.Dense(width)(inner))


def build_transformer(steps=3_600, width=WIDTH, blocks=2):
    """Attention alone (Vaswani et al. 2017, arXiv:1706.03762), normalised before each part."""
    source = keras.Input((LENGTH,), dtype="int32", name="english")
    x, seen = placed(source, width), ops.expand_dims(ops.not_equal(source, PADDING), 1)
    for _ in range(blocks):
        x = feed_forward(attend(x, attention_mask=seen)[0])
    encoder = keras.Model(source, layers.LayerNormalization()(x), name="encoder")

    target, read = keras.Input((None,), dtype="int32", name="italian"), keras.Input((LENGTH,), dtype="int32")
    states = keras.Input((LENGTH, width))
    x, seen = placed(target, width), ops.expand_dims(ops.not_equal(read, PADDING), 1)
    for _ in range(blocks):
        x, _ = attend(x, use_causal_mask=True)
        x, weights = attend(x, value=states, attention_mask=seen)
        x = feed_forward(x)
    outputs = [layers.LayerNormalization()(x), ops.mean(weights, axis=1)]  # of the last block, its heads together
    return translator(encoder, keras.Model([target, read, states], outputs, name="decoder"), "transformer", steps, 2e-3)


def main(epochs=4, beam=4, short=False, output=OUTPUT):
    learn_and_translate("transformer", build_transformer, epochs, beam, short, output)


if __name__ == "__main__":
    start(main, beam="translations kept at each step (default 4)")
