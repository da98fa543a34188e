"""A GPT from scratch: attention that sees only what came before, feed-forward layers, and the same vectors for reading
words and for writing them (Radford et al. 2019; tied vectors: Press and Wolf 2017, arXiv:1608.05859)."""

from corpus import CONTEXT, VOCABULARY

from headwater import keras
from headwater.keras import layers, ops

WIDTH, HEADS, BLOCKS, DROPOUT = 128, 4, 4, 0.1


@keras.saving.register_keras_serializable("headwater_examples")
class Block(layers.Layer):
    """Attention to the pieces before, then two dense layers, each added to what comes in."""

    def __init__(self, width=WIDTH, heads=HEADS, dropout=DROPOUT, **options):
        super().__init__(**options)
        self.width, self.heads, self.rate = width, heads, dropout
        self.before_attention, self.before_dense = layers.LayerNormalization(), layers.LayerNormalization()
        self.query_key_value, self.taken = layers.Dense(3 * width), layers.Dense(width)
        self.inner, self.outer = layers.Dense(4 * width, activation="gelu"), layers.Dense(width)
        self.dropout = layers.Dropout(dropout)

    def build(self, shape):
        for layer in (self.before_attention, self.before_dense, self.query_key_value, self.taken, self.inner):
            layer.build((*shape[:-1], self.width))
        self.outer.build((*shape[:-1], 4 * self.width))

    def split(self, x):
        """Queries, keys and values, each (batch, pieces, heads, width of a head)."""
        three = ops.reshape(
            self.query_key_value(self.before_attention(x)), (-1, x.shape[1], 3, self.heads, self.width // self.heads)
        )
        return three[:, :, 0], three[:, :, 1], three[:, :, 2]

    def add(self, x, attended):
        """`x` with what attention found, and what the dense layers make of both."""
        x = x + self.dropout(self.taken(ops.reshape(attended, (-1, x.shape[1], self.width))))
        return x + self.dropout(self.outer(self.inner(self.before_dense(x))))

    def call(self, x):
        queries, keys, values = self.split(x)
        return self.add(x, ops.dot_product_attention(queries, keys, values, is_causal=True))

    def step(self, x, keys, values, place):
        """The same for the piece at `place` alone: keys and values of those before it are in the cache."""
        query, key, value = self.split(x)
        places = ops.arange(CONTEXT)[None, :]
        here = (places == place)[:, :, None, None]
        keys, values = ops.where(here, key, keys), ops.where(here, value, values)
        seen = (places <= place)[:, None, None, :]
        return self.add(x, ops.dot_product_attention(query, keys, values, mask=seen)), keys, values

    def get_config(self):
        return {**super().get_config(), "width": self.width, "heads": self.heads, "dropout": self.rate}


class Step(keras.Model):
    """One piece more: from a piece, its place and the cache to logits of the next piece and the new cache.

    The cache is the keys and the values, (batch, blocks, CONTEXT, heads, width of a head) each.
    """

    def __init__(self, gpt):
        super().__init__()
        self.words, self.places, self.last = (gpt.get_layer(name) for name in ("words", "places", "last"))
        self.blocks = [layer for layer in gpt.layers if isinstance(layer, Block)]

    def call(self, inputs):
        piece, place, keys, values = inputs
        x = self.words(piece) + self.places(place)
        cache = []
        for number, block in enumerate(self.blocks):
            x, *parts = block.step(x, keys[:, number], values[:, number], place)
            cache.append(parts)
        keys, values = (ops.stack(parts, axis=1) for parts in zip(*cache))
        return self.words(self.last(x), reverse=True)[:, 0], keys, values


def build_gpt(steps=1_000, rate=3e-3, width=WIDTH, heads=HEADS, blocks=BLOCKS, dropout=DROPOUT):
    """The compiled model, from pieces (batch, CONTEXT) to logits of the piece that follows each.

    `steps` is the length of training: the learning rate rises to `rate` in a tenth of it, and falls to 0 on a cosine.
    """
    small = keras.initializers.RandomNormal(stddev=0.02)
    words = layers.ReversibleEmbedding(VOCABULARY, width, embeddings_initializer=small, name="words")
    places = layers.Embedding(CONTEXT, width, embeddings_initializer=small, name="places")
    pieces = keras.Input((CONTEXT,), dtype="int32", name="pieces")
    x = words(pieces) + places(ops.cumsum(ops.ones_like(pieces), axis=1) - 1)
    x = layers.Dropout(dropout)(x)
    for number in range(blocks):
        x = Block(width, heads, dropout, name=f"block_{number}")(x)
    x = layers.LayerNormalization(name="last")(x)
    model = keras.Model(pieces, words(x, reverse=True), name="gpt")

    warm = max(steps // 10, 1)
    schedule = keras.optimizers.schedules.CosineDecay(1e-5, max(steps - warm, 1), warmup_target=rate, warmup_steps=warm)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.05, beta_2=0.98, clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
