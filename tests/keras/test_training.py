"""fit, evaluate, predict: kinds of data, steps, callbacks, repeatability, memory."""

import numpy as np
import pytest

import headwater as tf
from headwater import keras
from headwater.keras import layers

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def regression(**settings):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
    model.compile(**{"optimizer": "adam", "loss": "mse", **settings})
    return model


def generator():
    while True:
        rows = rng.integers(0, 50, 16)
        yield X[rows], Y[rows]


class Batches(keras.utils.PyDataset):
    ended = 0

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]

    def on_epoch_end(self):
        self.ended += 1


class Loader:
    """Any iterable with a length, such as a torch DataLoader."""

    def __len__(self):
        return 5

    def __iter__(self):
        return ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 50, 10))


@pytest.mark.parametrize(
    "data",
    [
        (X, Y), (X.astype("float64"), Y.astype("float64")),
        (X.tolist(), Y.tolist()), (Batches(),), (Loader(),),
    ],
)  # fmt: skip
def test_kinds_of_data(data):
    model = regression()
    history = model.fit(*data, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert history.history["loss"][1] < history.history["loss"][0]


def test_tensors_are_data_too():
    model = regression()
    model.fit(tf.convert_to_tensor(X), tf.convert_to_tensor(Y), verbose=0)
    assert model.predict(tf.convert_to_tensor(X), verbose=0).shape == (50, 1)


def test_a_generator_gives_steps_per_epoch_batches_for_each_epoch():
    model = regression()
    history = model.fit(generator(), steps_per_epoch=4, epochs=3, verbose=0)
    assert len(history.history["loss"]) == 3
    assert int(model.optimizer.iterations) == 12


def test_a_generator_that_ends_early_warns():
    model = regression()
    with pytest.warns(UserWarning, match="ran out"):
        model.fit(((X[:10], Y[:10]) for _ in range(3)), steps_per_epoch=5, verbose=0)


def test_a_data_set_is_told_of_each_epoch():
    data = Batches()
    regression().fit(data, epochs=3, verbose=0)
    assert data.ended == 3


def test_the_last_smaller_batch_counts_by_its_size():
    model = regression(metrics=["mae"])
    results = model.evaluate(X, Y, batch_size=32, verbose=0, return_dict=True)
    errors = model.predict(X, verbose=0) - Y
    np.testing.assert_allclose(results["loss"], (errors**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(results["mae"], np.abs(errors).mean(), rtol=1e-5)


def test_predict_gives_all_samples_in_order_and_structure():
    x = keras.Input((4,))
    model = keras.Model(x, {"twice": x * 2, "one": layers.Dense(1)(x)})
    found = model.predict(X, batch_size=16, verbose=0)
    np.testing.assert_allclose(found["twice"], X * 2)
    assert found["one"].shape == (50, 1)
    np.testing.assert_allclose(model.predict_on_batch(X[:3])["twice"], X[:3] * 2)


def test_the_same_seed_gives_the_same_weights():
    runs = []
    for _ in range(2):
        model = regression()
        model.fit(X, Y, epochs=3, verbose=0)
        runs.append(model.get_weights())
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_shuffling_takes_each_sample_once_an_epoch():
    class Collect(keras.Model):
        def call(self, x):
            return x

        def train_step(self, data):
            _, y = data
            return {"sum": tf.ops.sum(y), "first": y[0, 0]}

    model = Collect()
    model.compile()
    numbers = np.arange(64, dtype="float32")[:, None]
    history = model.fit(numbers, numbers, batch_size=64, epochs=3, verbose=0).history
    assert history["sum"] == [2016.0] * 3
    assert len(set(history["first"])) > 1


def test_eager_and_compiled_training_agree():
    fast, slow = regression(metrics=["mae"]), regression(metrics=["mae"], run_eagerly=True)
    slow.set_weights(fast.get_weights())
    a = fast.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    b = slow.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=1e-5)


def test_callbacks_see_batches_epochs_and_numbers():
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, type(logs["loss"])))

        def on_epoch_end(self, epoch, logs=None):
            seen.append((f"epoch {epoch}", sorted(logs)))
            logs["extra"] = 1.0
            if epoch == 1:
                self.model.stop_training = True

    history = regression().fit(X, Y, batch_size=25, epochs=5, validation_split=0.5, verbose=0, callbacks=[Watch()])
    assert seen[:2] == [(0, float), ("epoch 0", ["loss", "val_loss"])]
    assert len(history.history["loss"]) == 2


def test_initial_epoch_goes_on_from_there():
    history = regression().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_a_killed_fit_goes_on_from_its_backup_to_the_same_end(tmp_path):
    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise SystemExit

    def fit(model, *callbacks):
        return model.fit(X, Y, epochs=4, batch_size=10, shuffle=False, verbose=0, callbacks=list(callbacks))

    whole = regression()
    fit(whole)
    backup = tmp_path / "backup"
    with pytest.raises(SystemExit):
        fit(regression(), keras.callbacks.BackupAndRestore(backup), Kill())
    model = regression()
    assert fit(model, keras.callbacks.BackupAndRestore(backup)).epoch == [2, 3]
    for ours, wanted in zip(model.get_weights(), whole.get_weights()):
        np.testing.assert_array_equal(ours, wanted)
    assert not backup.exists()
    assert fit(model).epoch == [0, 1, 2, 3]


def test_weights_set_between_steps_are_used():
    model = regression()
    model.predict(X[:1], verbose=0)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    np.testing.assert_array_equal(model.predict(X[:2], verbose=0), np.zeros((2, 1)))


def test_a_train_step_may_branch_on_tensors():
    class Careful(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x))
            if loss > 1.0:
                scaled = loss * 0.0
            else:
                scaled = loss * 1.0
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss, "scaled": scaled}

    model = Careful()
    model.compile("sgd", "mse")
    assert set(model.fit(X, Y, verbose=0).history) == {"loss", "scaled"}


def test_dropout_changes_from_step_to_step_and_is_off_in_evaluation():
    model = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5, seed=1)])
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)
    with pytest.warns(UserWarning, match="trainable weights"):
        a = model.train_on_batch(X, X + 1)
    assert a != model.train_on_batch(X, X + 1)
    assert model.test_on_batch(X, X) == 0.0


def test_batch_normalization_moves_its_means_in_fit():
    model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(momentum=0.5), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X + 5, Y, epochs=5, verbose=0)
    assert (model.layers[0].moving_mean.numpy() > 4).all()


def test_class_weights_and_sample_weights_do_not_mix():
    with pytest.raises(ValueError, match="class_weight"):
        regression().fit(X, Y, class_weight={0: 1.0}, sample_weight=np.ones(50), verbose=0)
