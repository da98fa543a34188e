"""Two readers of posts: a convolution and a transformer. Both begin with the numbers of words, and end in 20 logits."""

from headwater import keras
from headwater.keras import layers, ops

WORDS = 40_000  # words that have a vector of their own
LENGTH = 400  # words of a post that are looked at
BEGINNING = 200  # those that attend to one another: it costs four times as much for twice as many
WIDTH = 128
GROUPS = 20


def words(numbers, dropped):
    """Vectors of words, how much each word counts, and where there is one.

    In training a part of the words is left out, so that no post is known by one of them.
    """
    vectors = layers.Embedding(WORDS, WIDTH, name="words")(numbers)
    seen = ops.expand_dims(ops.cast(ops.not_equal(numbers, 0), "float32"), -1)
    counts = layers.Embedding(WORDS, 1, name="counts")(numbers) * seen
    return layers.Dropout(dropped, noise_shape=(None, LENGTH, 1))(vectors), counts, seen


def weighed(x, counts):
    """The sum of what words say, each as much as it counts, for posts of any length: as TF-IDF does it."""
    return ops.sum(x * counts, axis=1) / ops.sqrt(ops.sum(ops.square(counts), axis=1) + 1e-6)


def largest(x, seen):
    """The largest of each column, over the words that are there."""
    return layers.GlobalMaxPooling1D()(x - 1e4 * (1.0 - seen))


def build_convolution(steps=1_350):
    """What each word says, and every three words looked at together by 128 filters (Kim 2014, arXiv:1408.5882)."""
    numbers = keras.Input((LENGTH,), dtype="int32")
    x, counts, seen = words(numbers, dropped=0.4)
    threes = layers.Conv1D(128, 3, padding="same", activation="relu")(x)
    features = layers.Concatenate()([weighed(x, counts), layers.Dropout(0.5)(largest(threes, seen))])
    return classifier(numbers, features, "convolution", steps)


def build_transformer(steps=1_350, heads=4):
    """What each word says, and one block of self-attention over the beginning of a post: there each word takes from
    the others what it needs to be understood."""
    numbers = keras.Input((LENGTH,), dtype="int32")
    x, counts, seen = words(numbers, dropped=0.4)
    said = weighed(x, counts)
    x, counts, seen = (each[:, :BEGINNING] for each in (x, counts, seen))
    normal = layers.LayerNormalization()(x)
    attention = layers.MultiHeadAttention(heads, WIDTH // heads, dropout=0.1)
    y = x + attention(normal, normal, attention_mask=ops.equal(ops.transpose(seen, (0, 2, 1)), 1.0))
    inner = layers.Dense(2 * WIDTH, activation="gelu")(layers.LayerNormalization()(y))
    y = y + layers.Dropout(0.1)(layers.Dense(WIDTH)(inner))
    understood = layers.Concatenate()([weighed(y, counts), largest(y, seen)])
    features = layers.Concatenate()([said, layers.Dropout(0.5)(understood)])
    return classifier(numbers, features, "transformer", steps)


def classifier(numbers, features, name, steps, rate=5e-3):
    """The compiled model; the learning rate falls from `rate` to 0 on a cosine of `steps`."""
    x = layers.Dropout(0.5)(layers.BatchNormalization()(features))
    model = keras.Model(numbers, layers.Dense(GROUPS, name="groups")(x), name=name)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, max(steps, 1)))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model
