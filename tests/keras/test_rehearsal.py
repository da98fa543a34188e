"""fit(fast_dev_run=, overfit_batches=) and lr_find: short runs before a long one."""

import numpy as np
import pytest

from headwater import keras
from headwater.errors import ArgumentError, UnsupportedError


def perceptron(optimizer="sgd", **options):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", **options)
    return model


def samples(count=40):
    x = np.random.default_rng(0).normal(size=(count, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


class Seen(keras.callbacks.Callback):
    """Counts the marks of training."""

    def __init__(self):
        super().__init__()
        self.epochs, self.batches, self.validated = [], 0, 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1

    def on_test_batch_end(self, batch, logs=None):
        self.validated += 1


class Recorder(keras.Model):
    """Keeps the inputs of every step."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.given = []

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        self.given.append(np.asarray(data[0]).tobytes())
        return super().train_step(data)


@pytest.mark.parametrize(("asked", "steps"), [(True, 1), (3, 3)])
def test_a_dev_run_is_one_epoch_of_so_many_batches(asked, steps):
    seen = Seen()
    x, y = samples()
    perceptron().fit(x, y, 8, 5, 0, [seen], validation_data=(x, y), validation_batch_size=8, fast_dev_run=asked)
    assert (seen.epochs, seen.batches, seen.validated) == ([0], steps, steps)


def test_a_dev_run_leaves_no_file(tmp_path):
    x, y = samples()
    writers = [
        keras.callbacks.ModelCheckpoint(tmp_path / "model.keras"),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.TensorBoard(tmp_path / "logs"),
        keras.callbacks.BackupAndRestore(tmp_path / "backup"),
    ]
    perceptron().fit(x, y, verbose=0, callbacks=writers, fast_dev_run=True)
    assert not list(tmp_path.iterdir())
    perceptron().fit(x, y, verbose=0, callbacks=writers[:2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "model.keras"]


@pytest.mark.parametrize("source", ["arrays", "generator"])
def test_overfitting_sees_the_same_few_batches_in_every_epoch(source):
    x, y = samples()
    model = Recorder()
    model.compile("sgd", "mse", run_eagerly=True)
    if source == "arrays":
        model.fit(x, y, batch_size=8, epochs=3, verbose=0, overfit_batches=2)
    else:
        batches = ((x[i : i + 8], y[i : i + 8]) for i in range(0, 40, 8))
        model.fit(batches, epochs=3, verbose=0, overfit_batches=2)
    assert len(model.given) == 6
    assert len(set(model.given[::2])) == len(set(model.given[1::2])) == 1
    assert model.given[0] != model.given[1]


def test_overfitting_learns_its_batches_by_heart_and_validates_on_them():
    x, y = samples(400)
    model = perceptron(keras.optimizers.Adam(0.05))
    unlike = x[:8], y[:8] + 100
    logs = model.fit(x, y, epochs=150, verbose=0, overfit_batches=1, validation_data=unlike).history
    assert logs["loss"][-1] < 0.02
    assert logs["val_loss"][-1] < 0.02


@pytest.mark.parametrize("options", [{"fast_dev_run": -1}, {"overfit_batches": 0.5}])
def test_what_is_no_number_of_batches_is_refused(options):
    with pytest.raises(ArgumentError, match="number of batches"):
        perceptron().fit(*samples(), verbose=0, **options)


def test_rates_grow_by_the_same_factor_and_everything_is_put_back():
    model = perceptron(keras.optimizers.Adam(0.01))
    x, y = samples(200)
    history = model.fit(x, y, epochs=2, verbose=0)
    before = [np.array(variable) for variable in [*model.variables, *model.optimizer.variables]]
    found = model.lr_find(x, y, low=1e-5, high=1.0, steps=30)
    after = [np.array(variable) for variable in [*model.variables, *model.optimizer.variables]]
    np.testing.assert_allclose(found.rates, np.geomspace(1e-5, 1.0, 30)[: len(found.rates)])
    assert len(found.losses) == len(found.rates)
    assert 1e-5 <= found.suggestion <= 1.0
    assert model.history is history and not model.stop_training
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_run_that_is_broken_off_is_put_back_too():
    model = perceptron()
    x, y = samples()
    before = [np.array(variable) for variable in model.variables]

    def broken():
        yield x, y
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.lr_find(broken())
    for old, new in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, np.array(new))


def test_a_run_ends_when_the_loss_is_beyond_measure():
    found = perceptron().lr_find(*samples(), low=1e-3, high=1e6, steps=60)
    assert len(found.rates) < 60
    assert found.suggestion < 10


def test_a_schedule_is_refused_with_what_to_do():
    model = perceptron(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)))
    with pytest.raises(UnsupportedError, match="schedule"):
        model.lr_find(*samples())


@pytest.mark.parametrize("options", [{"low": 0}, {"low": 2, "high": 1}, {"steps": 1}])
def test_rates_that_do_not_grow_are_refused(options):
    with pytest.raises(ArgumentError, match="growing"):
        perceptron().lr_find(*samples(), **options)


def test_rates_are_drawn_over_their_logarithm():
    figure = perceptron().lr_find(*samples(200)).plot()
    assert figure.axes[0].get_xscale() == "log"
