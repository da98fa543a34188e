"""The network of quickstart.py without keras: variables, y = f(Wx + b), a loss, a GradientTape, an update.

    python examples/by_hand.py [--epochs 40]

Nothing here is special to this network: `train_step` is plain Python that `tf.function` turns into one program.
"""

import argparse

import numpy as np
from digits import load_clean_digits, principal_components

import headwater as tf


class Layer(tf.Module):
    """One layer of the perceptron: y = f(x W + b)."""

    def __init__(self, inputs, units, activation):
        super().__init__()
        spread = np.sqrt(6.0 / (inputs + units))  # Glorot and Bengio 2010: keeps the variance from layer to layer
        self.weights = tf.Variable(tf.random.uniform((inputs, units), -spread, spread))
        self.bias = tf.Variable(tf.zeros((units,)))
        self.activation = activation

    def __call__(self, x):
        return self.activation(tf.matmul(x, self.weights) + self.bias)


class Perceptron(tf.Module):
    """32 features, two hidden layers of 64, ten logits."""

    def __init__(self):
        super().__init__()
        self.layers = [Layer(32, 64, tf.nn.relu), Layer(64, 64, tf.nn.relu), Layer(64, 10, tf.identity)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Adam(tf.Module):
    """Kingma and Ba 2015, algorithm 1: steps scaled by running means of the gradient and of its square."""

    def __init__(self, variables, rate=1e-3, decay_mean=0.9, decay_square=0.999):
        super().__init__()
        self.rate, self.decay_mean, self.decay_square = rate, decay_mean, decay_square
        self.variables_ = variables
        self.means = [tf.Variable(tf.zeros(v.shape)) for v in variables]
        self.squares = [tf.Variable(tf.zeros(v.shape)) for v in variables]
        self.step = tf.Variable(0.0)

    def update(self, gradients):
        self.step.assign_add(1.0)
        rate = self.rate * tf.sqrt(1.0 - self.decay_square**self.step) / (1.0 - self.decay_mean**self.step)
        for variable, gradient, mean, square in zip(self.variables_, gradients, self.means, self.squares, strict=True):
            mean.assign(self.decay_mean * mean + (1.0 - self.decay_mean) * gradient)
            square.assign(self.decay_square * square + (1.0 - self.decay_square) * gradient * gradient)
            variable.assign_sub(rate * mean / (tf.sqrt(square) + 1e-7))


def main(epochs):
    tf.random.set_seed(7)
    images, labels = load_clean_digits()
    shuffler = np.random.default_rng(7)
    train, test = np.split(shuffler.permutation(len(images)), [int(0.8 * len(images))])
    mean, scale, directions, _ = principal_components(tf.constant(images[train]), 32)
    features = tf.matmul((tf.constant(images) - mean) / scale, directions).numpy()

    model = Perceptron()
    optimizer = Adam(model.trainable_variables)

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        optimizer.update(tape.gradient(loss, model.trainable_variables))
        return loss

    for epoch in range(epochs):
        order = shuffler.permutation(train)
        losses = [train_step(features[rows], labels[rows]) for rows in np.array_split(order, len(order) // 32)]
        if epoch % 10 == 9 or epoch == 0:
            print(f"epoch {epoch + 1:3d}  loss {np.mean([float(loss) for loss in losses]):.4f}")

    right = tf.argmax(model(features[test]), axis=1).numpy() == labels[test]
    print(f"held-back digits: {right.mean():.2%} right")
    return right.mean()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the same perceptron by the low-level API.")
    parser.add_argument("--epochs", type=int, default=40)
    main(parser.parse_args().epochs)
