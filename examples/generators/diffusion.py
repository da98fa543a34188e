"""A diffusion model: it learns to take noise away, and then draws clothes of a kind you name out of noise alone.

    python examples/generators/diffusion.py [--epochs 5] [--short]

A picture x and noise e are mixed by an angle a of 0..pi/2: cos(a) x + sin(a) e. A small U-Net, told the angle and the
kind of clothes, predicts the velocity cos(a) e - sin(a) x, from which both can be had; turning the angle back step by
step makes a picture of noise. Ho et al. 2020, arXiv:2006.11239; Salimans and Ho 2022, arXiv:2202.00512.
"""

import itertools
import math
import time

import numpy as np
from clothes import BATCH, CLASSES, OUTPUT, contact_sheet, draw_curves, load_clothes, place, report, start, train
from judge import Judge

from headwater import keras
from headwater.keras import layers, ops


def waves(angle, count=16):
    """An angle (batch, 1) as sines and cosines of many frequencies, (batch, 2 count)."""
    phases = angle * ops.exp(ops.linspace(0.0, math.log(64.0), count))[None]
    return ops.concatenate([ops.sin(phases), ops.cos(phases)], axis=-1)


def residual(x, told, filters):
    """Two convolutions beside a short cut; in between, a shift by what the network is told."""
    if x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1)(x)
    y = layers.Conv2D(filters, 3, padding="same")(layers.Activation("silu")(layers.GroupNormalization(8)(x)))
    y = layers.Add()([y, layers.Reshape((1, 1, filters))(layers.Dense(filters)(told))])
    y = layers.Conv2D(filters, 3, padding="same")(layers.Activation("silu")(layers.GroupNormalization(8)(y)))
    return layers.Add()([x, y])


def build_unet(filters=24):
    """(noisy pictures, waves of the angle, kind) to the velocity: down to 7x7, up again, with a bridge at 14x14."""
    noisy, angle, kind = keras.Input((28, 28, 1)), keras.Input((32,)), keras.Input((), dtype="int32")
    told = layers.Dense(64, activation="silu")(angle)
    told = layers.Dense(64, activation="silu")(layers.Add()([told, layers.Embedding(len(CLASSES), 64)(kind)]))
    x = layers.Conv2D(filters, 4, 2, padding="same")(noisy)
    bridge = residual(x, told, filters)
    x = layers.Conv2D(2 * filters, 3, 2, padding="same")(bridge)
    x = residual(x, told, 2 * filters)
    x = layers.Conv2DTranspose(filters, 4, 2, padding="same")(x)
    x = residual(layers.Concatenate()([x, bridge]), told, filters)
    velocity = layers.Conv2DTranspose(1, 4, 2, padding="same")(x)
    return keras.Model([noisy, angle, kind], velocity, name="unet")


class Diffusion(keras.Model):
    """Trains a network on pictures that it mixes with noise: the loss is the squared error of the velocity."""

    def __init__(self, network, seed=0):
        super().__init__()
        self.network, self.seeds = network, keras.random.SeedGenerator(seed)
        self.built = True  # the network is, which is all there is to build

    def call(self, inputs):
        pictures, kinds = inputs
        count = ops.shape(pictures)[0]
        noise = keras.random.normal(ops.shape(pictures), seed=self.seeds)
        angle = keras.random.uniform((count, 1), maxval=math.pi / 2, seed=self.seeds)
        cos, sin = (ops.reshape(wave, (count, 1, 1, 1)) for wave in (ops.cos(angle), ops.sin(angle)))
        velocity = self.network([cos * pictures + sin * noise, waves(angle), kinds])
        self.add_loss(ops.mean(ops.square(velocity - (cos * noise - sin * pictures))))
        return velocity


def build_diffusion(rate=2e-3, steps=2_345):
    """The compiled model. What counts in the end is a moving mean of its weights, which `fit` puts in place."""
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    model = Diffusion(build_unet())
    model.compile(keras.optimizers.Adam(falling, use_ema=True, ema_momentum=0.995))
    return model


def draw(network, kinds, steps=30, seed=0):
    """Pictures (count, 28, 28, 1) of -1..1 of the kinds asked for, out of noise."""
    x = np.random.default_rng(seed).normal(size=(len(kinds), 28, 28, 1)).astype("float32")
    angles = np.linspace(math.pi / 2, 0, steps + 1, dtype="float32")
    for angle, less in itertools.pairwise(angles):
        told = np.tile(np.asarray(waves(ops.reshape(angle, (1, 1)))), (len(kinds), 1))
        velocity = network.predict([x, told, kinds], batch_size=250, verbose=0)
        picture = np.clip(np.cos(angle) * x - np.sin(angle) * velocity, -1, 1)
        noise = (x - np.cos(angle) * picture) / np.sin(angle)
        x = np.cos(less) * picture + np.sin(less) * noise
    return x


def main(epochs=5, short=False, output=OUTPUT):
    """Train, draw, measure. Returns the distance of what was drawn from real pictures."""
    started, output = time.perf_counter(), place(output, short)
    keras.utils.set_random_seed(1)
    folder, epochs = output / "diffusion", 1 if short else epochs
    images, kinds = load_clothes(low=-1.0, short=short)
    model = build_diffusion(steps=epochs * -(-len(images) // 128))
    curves, watch = train(model, ([images, kinds],), None, epochs, folder, BATCH)

    model.network.save(folder / "network.keras")
    count, steps = (100, 3) if short else (1_000, 30)
    drawn = draw(model.network, np.repeat(np.arange(10, dtype="int32"), count // 10), steps)
    contact_sheet(drawn.reshape(10, -1, 28, 28, 1)[:, :10].reshape(-1, 28, 28, 1), folder / "samples.png", 10, low=-1.0)
    draw_curves(curves, folder / "curves.png")
    judge = Judge(output, short)
    distance = judge.distance((drawn + 1) / 2)
    figures = {"distance": (distance, None), "distance of real pictures": (judge.of_real(count, short), None)}
    report("generators/diffusion", figures, watch.step_ms, started)
    return distance


if __name__ == "__main__":
    start(main)
