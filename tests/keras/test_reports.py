"""What a model says of its steps agrees with what they do."""

from __future__ import annotations

import numpy as np
import pytest

from headwater import keras
from headwater.errors import ArgumentError


@pytest.fixture
def model():
    found = keras.Sequential(
        [
            keras.Input((20,)),
            keras.layers.Dense(50, activation="relu", name="hidden"),
            keras.layers.Dense(3, activation="softmax", name="classes"),
        ]
    )
    found.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return found


def batch(rows):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 20)).astype(np.float32), rng.integers(0, 3, rows).astype(np.int32)


def test_explain_names_the_layers_and_changes_nothing(model):
    x, y = batch(16)
    before = [np.array(weight) for weight in model.get_weights()]
    explanation = model.explain(x, y, repeats=2)
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))
    sources = " ".join(row.source for row in explanation.rows)
    for part in (
        "Dense 'hidden'",
        "Dense 'hidden' (gradient)",
        f"optimizer '{model.optimizer.name}'",
        "loss",
        "metric 'accuracy'",
    ):
        assert part in sources
    assert int(model.optimizer.iterations) == 0
    assert len(model.explain(x, step="predict").rows) < len(explanation.rows)


def test_the_plan_is_what_the_program_takes(model):
    x, y = batch(16)
    plan = model.memory_plan(16)
    model.fit(x, y, batch_size=16, verbose=0)
    (program,) = model._program("train")._programs.values()
    executable, _ = program.executable()
    executable.program.run  # noqa: B018
    assert executable.program.arena_bytes + sum(s.spec.nbytes for s in program.states) + plan.inputs == plan.peak
    assert plan.weights == 4 * (20 * 50 + 50 + 50 * 3 + 3)
    assert plan.slots == 2 * plan.weights + sum(np.asarray(v).nbytes for v in model.optimizer.variables if not v.shape)
    assert plan.by_layer["hidden"]["weights"] == 4 * (20 * 50 + 50)
    assert "hidden" in plan.kept and "classes" in str(plan)


def test_the_largest_batch_fits_and_one_row_more_does_not(model):
    plan = model.memory_plan(64)
    budget = 2 * plan.peak
    rows = plan.largest_batch(budget)
    assert rows > 64
    assert model.memory_plan(rows).peak <= budget < model.memory_plan(rows + 1).peak
    assert plan.largest_batch(1000) == 0


def test_shapes_that_are_not_known_are_asked_for():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    model.compile("sgd", "mse")
    with pytest.raises(ArgumentError, match="does not say what shapes it takes"):
        model.memory_plan(8)
    x, y = np.ones((1, 3), np.float32), np.ones((1, 2), np.float32)
    assert model.memory_plan(8, x, y).inputs == 4 * 8 * 5
    with pytest.raises(ArgumentError, match="is not one of train, test, predict"):
        model.explain(x, y, step="fit")


def test_training_that_cannot_fit_refuses_to_start_and_says_by_how_much(model, monkeypatch):
    from headwater.backends.cpu import memory
    from headwater.errors import OutOfMemoryError

    assert memory.available_bytes() > 0
    plan = model.memory_plan(1 << 18)
    monkeypatch.setattr(memory, "available_bytes", lambda: 100_000_000)
    x, y = batch(1 << 18)
    before = model.get_weights()
    with pytest.raises(
        OutOfMemoryError, match=r"train_step needs 1\d\d MB for .* and 100 MB are free: \d+ MB too much"
    ):
        model.fit(x, y, batch_size=1 << 18, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))
    model.fit(x, y, batch_size=plan.largest_batch(64 << 20), steps_per_epoch=1, verbose=0)
