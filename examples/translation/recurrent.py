"""Translate from English to Italian with GRUs that look back at the English through attention.

    python examples/translation/recurrent.py [--epochs 4] [--beam 4] [--short]

Attention is that of Luong et al. 2015, arXiv:1508.04025; what is learnt from stands in pairs.py.
"""

from pairs import LENGTH, PADDING, VOCABULARY
from program import learn_and_translate
from training import OUTPUT, start
from translator import DROPOUT, WIDTH, translator

from headwater import keras
from headwater.keras import layers, ops


def build_recurrent(steps=2_400, width=WIDTH):
    """GRUs that look back at the English through attention (Luong et al. 2015, arXiv:1508.04025)."""
    source = keras.Input((LENGTH,), dtype="int32", name="english")
    x = layers.Dropout(DROPOUT)(layers.Embedding(VOCABULARY, width, mask_zero=True)(source))
    gru = layers.GRU(width // 2, return_sequences=True, return_state=True)
    states, forward, backward = layers.Bidirectional(gru)(x)
    encoder = keras.Model(source, [states, layers.Concatenate()([forward, backward])], name="encoder")

    target, read = keras.Input((None,), dtype="int32", name="italian"), keras.Input((LENGTH,), dtype="int32")
    states, first = keras.Input((LENGTH, width)), keras.Input((width,))
    x = layers.Dropout(DROPOUT)(layers.Embedding(VOCABULARY, width)(target))
    x = layers.GRU(width, return_sequences=True)(x, initial_state=first)
    context, weights = layers.Attention()(
        [x, states], mask=[None, ops.not_equal(read, PADDING)], return_attention_scores=True
    )
    x = layers.Dense(width, activation="tanh")(layers.Concatenate()([x, context]))
    decoder = keras.Model([target, read, states, first], [layers.Dropout(DROPOUT)(x), weights], name="decoder")
    return translator(encoder, decoder, "recurrent", steps, rate=4e-3)


def main(epochs=4, beam=4, short=False, output=OUTPUT):
    learn_and_translate("recurrent", build_recurrent, epochs, beam, short, output)


if __name__ == "__main__":
    start(main, beam="translations kept at each step (default 4)")
