"""Two readers of posts: a convolution and a transformer. Both begin with the numbers of words, and end in 20 logits."""

from headwater import keras
from headwater.keras import layers, ops

WORDS = 20_000  # words that have a vector of their own
LENGTH = 300  # words of a post that are looked at
WIDTH = 128
GROUPS = 20


def words(numbers, dropped):
    """Vectors of words; in training a part of the words is left out, so that no post is known by one of them."""
    x = layers.Embedding(WORDS, WIDTH, name="words")(numbers)
    return layers.Dropout(dropped, noise_shape=(None, LENGTH, 1))(x)


def summed_up(x, seen):
    """The mean and the largest of each column, over the words that are there."""
    absent = ops.expand_dims(1.0 - ops.cast(seen, "float32"), -1)
    largest = layers.GlobalMaxPooling1D()(x - 1e4 * absent)
    return layers.Concatenate()([layers.GlobalAveragePooling1D()(x, mask=seen), largest])


def build_convolution(steps=850):
    """Every three words looked at together by 192 filters (Kim 2014, arXiv:1408.5882), and the mean of all words."""
    numbers = keras.Input((LENGTH,), dtype="int32")
    seen = ops.not_equal(numbers, 0)
    x = words(numbers, dropped=0.3)
    threes = layers.Conv1D(192, 3, padding="same", activation="relu")(x)
    mean = layers.GlobalAveragePooling1D()(x, mask=seen)
    return classifier(numbers, layers.Concatenate()([mean, summed_up(threes, seen)]), "convolution", steps)


def build_transformer(steps=850, heads=4):
    """One block of self-attention: each word takes from the others what it needs to be understood."""
    numbers = keras.Input((LENGTH,), dtype="int32")
    seen = ops.not_equal(numbers, 0)
    x = words(numbers, dropped=0.3)
    normal = layers.LayerNormalization()(x)
    attention = layers.MultiHeadAttention(heads, WIDTH // heads, dropout=0.1)
    x = x + attention(normal, normal, attention_mask=ops.expand_dims(seen, 1))
    inner = layers.Dense(2 * WIDTH, activation="gelu")(layers.LayerNormalization()(x))
    x = x + layers.Dropout(0.1)(layers.Dense(WIDTH)(inner))
    return classifier(numbers, summed_up(x, seen), "transformer", steps)


def classifier(numbers, features, name, steps, rate=2e-3):
    """The compiled model; the learning rate falls from `rate` to 0 on a cosine of `steps`."""
    x = layers.Dropout(0.5)(layers.BatchNormalization()(features))
    model = keras.Model(numbers, layers.Dense(GROUPS, name="groups")(x), name=name)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, max(steps, 1)))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model
