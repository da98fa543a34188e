"""A variational autoencoder: pictures become points of a small space, and points of that space become pictures.

    python examples/generators/vae.py [--epochs 8] [--short]

The loss is the negative ELBO in nats a picture: what it costs to describe the pixels given the code (binary
cross-entropy), and to describe the code given the prior (KL divergence). Kingma and Welling 2013, arXiv:1312.6114.
"""

import time

import numpy as np
from clothes import BATCH, OUTPUT, contact_sheet, draw_curves, load_clothes, place, report, start, train
from judge import Judge

from headwater import keras
from headwater.keras import layers, ops

CODE = 16


class Sampling(layers.Layer):
    """Draws a code from the normal distribution that the encoder gives, and adds its KL divergence to the loss."""

    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, mean, log_variance):
        divergence = 0.5 * (ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance)
        self.add_loss(ops.mean(ops.sum(divergence, axis=-1)))
        return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.seeds)


def build_encoder(filters=16):
    """Pictures to the mean and the logarithm of the variance of their code."""
    pictures = keras.Input((28, 28, 1))
    x = layers.Conv2D(filters, 4, 2, padding="same", activation="relu")(pictures)
    x = layers.Conv2D(2 * filters, 4, 2, padding="same", activation="relu")(x)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    outputs = [layers.Dense(CODE, name="mean")(x), layers.Dense(CODE, name="log_variance")(x)]
    return keras.Model(pictures, outputs, name="encoder")


def build_decoder(filters=16):
    """Codes to the logits of pixels."""
    codes = keras.Input((CODE,))
    x = layers.Dense(128, activation="relu")(codes)
    x = layers.Dense(7 * 7 * 2 * filters, activation="relu")(x)
    x = layers.Reshape((7, 7, 2 * filters))(x)
    x = layers.Conv2DTranspose(2 * filters, 4, 2, padding="same", activation="relu")(x)
    return keras.Model(codes, layers.Conv2DTranspose(1, 4, 2, padding="same")(x), name="decoder")


def nats(pictures, logits):
    """Binary cross-entropy of a picture: the sum over its pixels."""
    return ops.sum(ops.softplus(logits) - pictures * logits, axis=(1, 2, 3))


def build_vae():
    """The whole, compiled: its loss is the negative ELBO."""
    encoder, decoder = build_encoder(), build_decoder()
    pictures = keras.Input((28, 28, 1))
    model = keras.Model(pictures, decoder(Sampling(name="code")(*encoder(pictures))), name="vae")
    model.compile(keras.optimizers.Adam(2e-3), loss=nats)
    return model


def main(epochs=8, short=False, output=OUTPUT):
    """Train, measure, draw. Returns the ELBO of the test pictures."""
    started = time.perf_counter()
    keras.utils.set_random_seed(1)
    output = place(output, short)
    folder = output / "vae"
    images, test = load_clothes(short=short)[0], load_clothes("test", short=short)[0]
    model = build_vae()
    curves, watch = train(model, (images, images), None, 1 if short else epochs, folder, BATCH)

    elbo = -model.evaluate(test, test, batch_size=256, verbose=0)
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    decoder.save(folder / "decoder.keras")
    encoder.save(folder / "encoder.keras")

    def decoded(codes):
        return np.asarray(ops.sigmoid(decoder.predict(codes.astype("float32"), batch_size=256, verbose=0)))

    rng = np.random.default_rng(0)
    generated = decoded(rng.normal(size=(512 if short else 5_000, CODE)))
    means = encoder.predict(test[:32], verbose=0)[0]
    pairs = [test[:16], decoded(means[:16]), test[16:32], decoded(means[16:])]
    contact_sheet(np.concatenate(pairs), folder / "rebuilt.png")
    contact_sheet(generated[:96], folder / "samples.png")
    share = np.linspace(0, 1, 16)[None, :, None]
    between = means[:6, None] * (1 - share) + means[6:12, None] * share
    contact_sheet(decoded(between.reshape(-1, CODE)), folder / "between.png")
    draw_curves(curves, folder / "curves.png")
    judge = Judge(output, short)
    figures = {
        "ELBO of test pictures": (elbo, None),
        "distance": (judge.distance(generated), None),
        "distance of real pictures": (judge.of_real(short=short), None),
    }
    report("generators/vae", figures, watch.step_ms, started)
    return elbo


if __name__ == "__main__":
    start(main)
