"""A Wasserstein GAN with gradient penalty: the critic measures a distance instead of telling true from false.

    python examples/generators/wgan_gp.py [--epochs 5] [--short]

What keeps the critic's slope near one is a loss of its gradient with respect to pictures (Gulrajani et al. 2017,
arXiv:1704.00028), so training differentiates a gradient: a tape within a tape, compiled like any other step.
"""

from clothes import OUTPUT, start
from dcgan import Adversaries, build_discriminator, build_generator, run

import headwater as tf
from headwater import keras
from headwater.keras import ops

CRITIC_STEPS = 3  # of the critic for each of the generator
BATCH = 64 * CRITIC_STEPS


class WGAN(Adversaries):
    """The critic's mean over real pictures, less that over generated ones, is a distance: the generator shortens it."""

    def __init__(self, generator, critic, penalty=10.0):
        super().__init__(generator, critic)
        self.penalty = penalty

    def slope(self, real, fake):
        """The critic's slope at points between real and generated pictures, one of each pair."""
        share = keras.random.uniform((ops.shape(real)[0], 1, 1, 1), seed=self.seeds)
        between = share * real + (1.0 - share) * fake
        with tf.GradientTape() as tape:
            tape.watch(between)
            score = self.discriminator(between, training=True)
        gradient = tape.gradient(score, between)
        return ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)

    def train_critic(self, real):
        fake = self.generator(self.codes(ops.shape(real)[0]), training=True)
        with tf.GradientTape() as tape:
            of_real, of_fake = self.discriminator(real, training=True), self.discriminator(fake, training=True)
            distance = ops.mean(of_real) - ops.mean(of_fake)
            loss = self.penalty * ops.mean(ops.square(self.slope(real, fake) - 1.0)) - distance
        self.improve(self.discriminator_optimizer, self.discriminator, tape, loss, self.discriminator_loss)

    def train_step(self, real):
        for number in range(CRITIC_STEPS):
            self.train_critic(real[number::CRITIC_STEPS])
        with tf.GradientTape() as tape:
            fake = self.generator(self.codes(ops.shape(real)[0] // CRITIC_STEPS), training=True)
            loss = -ops.mean(self.discriminator(fake, training=True))
        self.improve(self.optimizer, self.generator, tape, loss, self.generator_loss)
        return {metric.name: metric.result() for metric in (self.generator_loss, self.discriminator_loss)}


def build_wgan():
    model = WGAN(build_generator(), build_discriminator(dropout=0.0))
    rates = (keras.optimizers.Adam(4e-4, beta_1=0.5, beta_2=0.9) for _ in range(2))
    model.compile(*rates)
    return model


def main(epochs=5, short=False, output=OUTPUT):
    keras.utils.set_random_seed(1)
    return run("wgan_gp", build_wgan(), epochs, BATCH, short, output)


if __name__ == "__main__":
    start(main)
