"""A generative adversarial network: one network draws clothes, another tells them from real ones, and both get better.

    python examples/generators/dcgan.py [--epochs 6] [--short]

A deep convolutional GAN (Radford et al. 2015, arXiv:1511.06434). Two networks with an optimizer each do not fit into
the built-in training step, so the model brings one, and `fit` compiles it as it does its own.
"""

import time

import numpy as np
from clothes import OUTPUT, contact_sheet, draw_curves, load_clothes, place, report, start, train
from judge import Judge

import headwater as tf
from headwater import keras
from headwater.keras import layers, ops

CODE = 64


def build_generator(filters=32):
    """Random codes to pictures of -1..1."""
    return keras.Sequential(
        [
            keras.Input((CODE,)),
            layers.Dense(7 * 7 * 2 * filters, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Reshape((7, 7, 2 * filters)),
            layers.Conv2DTranspose(filters, 4, 2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(1, 4, 2, padding="same", activation="tanh"),
        ],
        name="generator",
    )


def build_discriminator(filters=32, dropout=0.3):
    """Pictures to one logit: above 0 for real."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(filters, 4, 2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(2 * filters, 4, 2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(1),
        ],
        name="discriminator",
    )


class Adversaries(keras.Model):
    """A generator and a discriminator. Subclasses say how a batch of real pictures trains them."""

    def __init__(self, generator, discriminator, seed=0):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.seeds = keras.random.SeedGenerator(seed)
        self.generator_loss = keras.metrics.Mean("generator_loss")
        self.discriminator_loss = keras.metrics.Mean("discriminator_loss")
        self.built = True  # both networks are, which is all there is to build

    def compile(self, generator_optimizer, discriminator_optimizer):
        super().compile(optimizer=generator_optimizer)
        self.discriminator_optimizer = discriminator_optimizer
        self.optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def codes(self, count):
        return keras.random.normal((count, CODE), seed=self.seeds)

    def improve(self, optimizer, network, tape, loss, tracker):
        """One step of `network` down the gradient of `loss`."""
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        tracker.update_state(loss)


class DCGAN(Adversaries):
    """The discriminator learns to tell, the generator to be taken for real."""

    def train_step(self, real):
        with tf.GradientTape(persistent=True) as tape:
            fake = self.generator(self.codes(ops.shape(real)[0]), training=True)
            of_real = self.discriminator(real, training=True)
            of_fake = self.discriminator(fake, training=True)
            told = ops.mean(ops.softplus(-of_real)) + ops.mean(ops.softplus(of_fake))
            taken = ops.mean(ops.softplus(-of_fake))
        self.improve(self.discriminator_optimizer, self.discriminator, tape, told, self.discriminator_loss)
        self.improve(self.optimizer, self.generator, tape, taken, self.generator_loss)
        return {metric.name: metric.result() for metric in (self.generator_loss, self.discriminator_loss)}


def build_dcgan():
    model = DCGAN(build_generator(), build_discriminator())
    model.compile(keras.optimizers.Adam(4e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5))
    return model


def run(name, model, epochs, batch, short, output):
    """Train, draw, measure and save: the same for each kind of adversaries."""
    started, output = time.perf_counter(), place(output, short)
    folder = output / name
    images, _ = load_clothes(low=-1.0, short=short)
    curves, watch = train(model, (images,), None, 1 if short else epochs, folder, batch)

    model.generator.save(folder / "generator.keras")
    codes = np.random.default_rng(0).normal(size=(512 if short else 5_000, CODE)).astype("float32")
    generated = model.generator.predict(codes, batch_size=256, verbose=0)
    contact_sheet(generated[:96], folder / "samples.png", low=-1.0)
    draw_curves(curves, folder / "curves.png")
    judge = Judge(output, short)
    figures = {
        "distance": (judge.distance((generated + 1) / 2), None),
        "distance of real pictures": (judge.of_real(short=short), None),
    }
    report(f"generators/{name}", figures, watch.step_ms, started)
    return figures["distance"][0]


def main(epochs=6, short=False, output=OUTPUT):
    keras.utils.set_random_seed(1)
    return run("dcgan", build_dcgan(), epochs, 128, short, output)


if __name__ == "__main__":
    start(main)
