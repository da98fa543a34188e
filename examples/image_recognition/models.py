"""The two networks: a plain convolutional one and a small residual one, both from raw pixels to ten logits."""

from headwater import keras
from headwater.keras import layers


def augmented(pixels):
    """Pixels 0..255 brought to 0..1 and, in training only, mirrored and shifted by a pixel.

    Shifts by parts of a pixel would blur the weave of the cloth, which tells a shirt from a coat: hence "nearest".
    """
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.RandomFlip("horizontal")(x)
    return layers.RandomTranslation(
        0.05, 0.05, fill_mode="constant", interpolation="nearest", name="random_translation"
    )(x)


def convolution(x, filters, strides=1, activation="relu"):
    """A 3x3 convolution, brought to mean 0 and variance 1 per filter over the batch, and activated."""
    x = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation(activation)(x) if activation else x


def build_cnn(steps=5_160, peak=4e-3):
    """Five convolutions and two poolings, then the mean of each of the last 96 maps, weighed by one dense layer.

    `steps` is the length of training: the learning rate rises to `peak` in a tenth of it and falls to 0 on a cosine.
    """
    pixels = keras.Input((28, 28, 1), name="pixels")
    x = convolution(augmented(pixels), 32)
    x = layers.MaxPooling2D()(x)
    x = convolution(convolution(x, 48), 48)
    x = layers.MaxPooling2D()(x)
    x = convolution(convolution(x, 96), 96)
    return classifier(pixels, x, "cnn", steps, peak)


def build_resnet(steps=2_150, peak=4e-3, widths=(16, 32, 64)):
    """ResNet-8: a residual block of two convolutions for each of three widths (He et al. 2015, arXiv:1512.03385)."""
    pixels = keras.Input((28, 28, 1), name="pixels")
    x = convolution(augmented(pixels), widths[0])
    for number, filters in enumerate(widths):
        strides = 1 if number == 0 else 2
        inner = convolution(convolution(x, filters, strides), filters, activation=None)
        if number > 0:
            x = convolution(layers.AveragePooling2D(2)(x), filters, activation=None)
        x = layers.ReLU()(layers.Add()([x, inner]))
    return classifier(pixels, x, "resnet", steps, peak)


def classifier(pixels, maps, name, steps, peak):
    """The compiled model: class-activation maps need `maps` to be followed by a mean and one dense layer only."""
    x = layers.GlobalAveragePooling2D(name="features")(layers.Identity(name="maps")(maps))
    model = keras.Model(pixels, layers.Dense(10, name="logits")(x), name=name)
    rate = keras.optimizers.schedules.CosineDecay(
        peak / 20, max(steps - steps // 10, 1), warmup_target=peak, warmup_steps=steps // 10
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.05)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model
