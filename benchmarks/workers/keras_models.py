"""The workloads' networks in Keras's words. `keras` is the module under measurement: real Keras, or Headwater's."""

from __future__ import annotations

from typing import Any

from workloads import starting_weight


def build(keras: Any, name: str) -> Any:
    """The compiled model of a workload, with the starting weights that every system gets."""
    model, loss = MODELS[name](keras)
    large = [weight for weight in model.trainable_weights if len(weight.shape) > 1]
    for index, weight in enumerate(large):
        weight.assign(starting_weight(index, tuple(weight.shape)).reshape(weight.shape))
    metrics = [] if name == "gpt" else ["accuracy"]
    model.compile(optimizer="adam", loss=loss, metrics=metrics)
    return model


def _perceptron(keras: Any, sizes: tuple[int, ...]) -> tuple[Any, Any]:
    hidden = [keras.layers.Dense(units, activation="relu") for units in sizes[1:-1]]
    output = keras.layers.Dense(sizes[-1], activation="softmax")
    return keras.Sequential([keras.Input((sizes[0],)), *hidden, output]), "sparse_categorical_crossentropy"


def _cnn(keras: Any) -> tuple[Any, Any]:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return model, "sparse_categorical_crossentropy"


def _resnet20(keras: Any) -> tuple[Any, Any]:
    layers = keras.layers

    def unit(x: Any, filters: int, strides: int, activate: bool) -> Any:
        x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.ReLU()(x) if activate else x

    image = keras.Input((32, 32, 3))
    x = unit(image, 16, 1, activate=True)
    channels = 16
    for filters in (16, 32, 64):
        for _ in range(3):
            strides = 2 if filters != channels else 1
            y = unit(unit(x, filters, strides, activate=True), filters, 1, activate=False)
            if strides == 2:
                x = layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x)
                x = layers.BatchNormalization()(x)
            x = layers.ReLU()(layers.Add()([x, y]))
            channels = filters
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x)), "sparse_categorical_crossentropy"


def _lstm(keras: Any) -> tuple[Any, Any]:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(20000, 128),
            layers.LSTM(128, return_sequences=True),
            layers.LSTM(128),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return model, "binary_crossentropy"


def _gpt(keras: Any) -> tuple[Any, Any]:
    layers, width, heads, length, vocabulary = keras.layers, 256, 4, 128, 8192

    class TokensAndPositions(layers.Layer):
        """Embeddings of tokens plus embeddings of their places."""

        def __init__(self) -> None:
            super().__init__()
            self.tokens = layers.Embedding(vocabulary, width)
            self.positions = layers.Embedding(length, width)

        def build(self, shape: Any) -> None:
            self.tokens.build(shape)
            self.positions.build((length,))

        def call(self, x: Any) -> Any:
            return self.tokens(x) + self.positions(keras.ops.arange(x.shape[1]))

    text = keras.Input((length,), dtype="int32")
    x = TokensAndPositions()(text)
    for _ in range(4):
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(heads, width // heads)(y, y, use_causal_mask=True)
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        y = layers.Dense(4 * width, activation="gelu")(y)
        x = x + layers.Dense(width)(y)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    model = keras.Model(text, layers.Dense(vocabulary)(x))
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


MODELS = {
    "mlp_small": lambda keras: _perceptron(keras, (32, 64, 64, 10)),
    "mlp_big": lambda keras: _perceptron(keras, (784, 1024, 1024, 10)),
    "cnn": _cnn,
    "resnet20": _resnet20,
    "lstm": _lstm,
    "gpt": _gpt,
}
