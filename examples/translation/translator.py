"""What both translators are made of: an encoder, a decoder, and a layer of words.

The encoder reads English and gives a vector for each piece; the decoder reads the Italian written so far and gives a
vector for each piece, and where in the English it looked; the layer of words makes logits of the decoder's vectors.
"""

from pairs import LENGTH, PADDING, VOCABULARY

from headwater import keras
from headwater.keras import layers

WIDTH = 128
DROPOUT = 0.1


def translator(encoder, decoder, name, steps, rate):
    """The three parts as one compiled model, from (english, italian so far) to logits of the next piece.

    `steps` is the length of training: the learning rate rises to `rate` in a tenth of it, and falls to 0 on a cosine.
    """
    source, target = keras.Input((LENGTH,), dtype="int32"), keras.Input((LENGTH - 1,), dtype="int32")
    memory = encoder(source)
    hidden, _ = decoder([target, source, *(memory if isinstance(memory, list) else [memory])])
    model = keras.Model([source, target], layers.Dense(VOCABULARY, name="words")(hidden), name=name)
    warm = max(steps // 10, 1)
    schedule = keras.optimizers.schedules.CosineDecay(1e-5, max(steps - warm, 1), warmup_target=rate, warmup_steps=warm)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PADDING)
    model.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), loss)
    return model
