"""Optimizers: how they are made, what they refuse, what they keep, and that compiled steps are eager ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headwater import GradientTape, errors, function, ops
from headwater.keras import Variable, activations, losses, metrics, optimizers
from headwater.keras.optimizers import schedules

_rng = np.random.default_rng(0)
FEATURES = _rng.normal(size=(16, 4)).astype("float32")
LABELS = _rng.integers(0, 3, (16,))


@pytest.mark.parametrize("identifier", ["adam", "Adam", "ADAM", optimizers.Adam, {"class_name": "adam", "config": {}}])
def test_get_takes_names_in_any_case_classes_and_configs(identifier: Any) -> None:
    assert type(optimizers.get(identifier)) is optimizers.Adam


def test_unknown_name_lists_close_ones() -> None:
    with pytest.raises(errors.ArgumentError, match=r"(?s)'adm' does not name an optimizer.*fix  did you mean .*'adam'"):
        optimizers.get("adm")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": "fast"}, "'fast' is not a learning rate"),
        ({"lr": 0.1}, "lr is called learning_rate"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "clipnorm and clipvalue"),
        ({"clipvalue": -1.0}, "clipvalue is -1.0"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps is 1"),
        ({"use_ema": True, "ema_momentum": 1.5}, "ema_momentum is 1.5"),
        ({"momentum": 2.0}, "momentum is 2.0"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.ArgumentError, match=message):
        optimizers.SGD(**arguments)


def test_steps_that_can_not_be_made_are_refused() -> None:
    v, other = Variable([1.0], name="v"), Variable([1.0], name="other")
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(errors.StateError, match="never the variables"):
        optimizer.apply([[1.0]])
    optimizer.build([v])
    with pytest.raises(errors.StateError, match="built for other variables than 'other'"):
        optimizer.apply([[1.0]], [other])
    with pytest.raises(errors.ShapeError, match="2 gradients for 1 variables"):
        optimizer.apply([[1.0], [1.0]])
    with pytest.raises(errors.ArgumentError, match="no variable has a gradient"):
        optimizer.apply([None], [v])


def test_variable_without_gradient_stays_with_a_warning() -> None:
    v, w = Variable([1.0], name="v"), Variable([1.0], name="w")
    with pytest.warns(UserWarning, match="does not depend on the variables w"):
        optimizers.SGD(0.5).apply_gradients([(ops.ones((1,)), v), (None, w)])
    assert (v.numpy().item(), w.numpy().item()) == (0.5, 1.0)


def test_constraint_holds_after_each_step() -> None:
    from headwater.keras import constraints

    v = Variable([0.1, 1.0])
    v.constraint = constraints.NonNeg()
    optimizers.SGD(1.0).apply([[1.0, 0.5]], [v])
    np.testing.assert_allclose(v.numpy(), [0.0, 0.5])


def test_learning_rate_can_be_set_and_a_schedule_can_not() -> None:
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = schedules.ExponentialDecay(1.0, 1, 0.5)
    assert float(optimizer.learning_rate) == 1.0 and len(optimizer.variables) == 1
    with pytest.raises(TypeError, match="follows a schedule"):
        optimizer.learning_rate = 0.1
    assert float(optimizers.SGD(lambda: 0.25).learning_rate) == 0.25


def test_state_is_saved_and_loaded_by_number() -> None:
    v = Variable([1.0, 2.0])
    first = optimizers.Adam(0.1)
    first.apply([[1.0, 2.0]], [v])
    store: dict[str, Any] = {}
    first.save_own_variables(store)
    assert list(store) == ["0", "1", "2", "3"]
    second = optimizers.Adam(0.7)
    second.build([v])
    second.load_own_variables(store)
    for a, b in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    with pytest.warns(UserWarning, match="trains from a fresh state"):
        optimizers.SGD(0.1).load_own_variables(store)


def test_own_optimizer_needs_build_and_update_step() -> None:
    class Signs(optimizers.Optimizer):
        def build(self, variables: Any) -> None:
            super().build(variables)
            self.sums = [self.add_variable_from_reference(v, name="sum") for v in variables]

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            total = self.sums[self._get_variable_index(variable)]
            self.assign_add(total, gradient)
            self.assign_sub(variable, ops.sign(total) * learning_rate)

    v = Variable([1.0, 1.0], name="v")
    optimizer = Signs(learning_rate=0.25)
    optimizer.apply([[3.0, -2.0]], [v])
    np.testing.assert_allclose(v.numpy(), [0.75, 1.25])
    assert [variable.name for variable in optimizer.variables] == ["iteration", "learning_rate", "v_sum"]


def _train(compiled: bool, optimizer: Any) -> tuple[list[float], list[np.ndarray]]:
    w, b = Variable(np.full((4, 3), 0.1, "float32"), name="w"), Variable(np.zeros(3, "float32"), name="b")
    optimizer.build([w, b])
    loss = losses.SparseCategoricalCrossentropy()
    accuracy, mean, area = metrics.SparseCategoricalAccuracy(), metrics.Mean(), metrics.AUC(num_thresholds=11)

    def step(x: Any, y: Any) -> Any:
        with GradientTape() as tape:
            predictions = activations.softmax(ops.add(ops.matmul(x, w), b))
            value = loss(y, predictions)
        optimizer.apply(tape.gradient(value, [w, b]), [w, b])
        accuracy.update_state(y, predictions)
        mean.update_state(value)
        area.update_state(ops.one_hot(y, 3), predictions)
        return value

    run = function(step) if compiled else step
    values = [float(run(FEATURES, LABELS)) for _ in range(6)]
    values += [float(metric.result()) for metric in (accuracy, mean, area)]
    return values, [v.numpy() for v in (w, b, *optimizer.variables)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.Adam(0.1, amsgrad=True),
        lambda: optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=3),
        lambda: optimizers.AdamW(0.1, use_ema=True, ema_overwrite_frequency=2, global_clipnorm=0.1),
        lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1), dynamic_growth_steps=2),
        lambda: optimizers.SGD(schedules.CosineDecay(0.1, 5, warmup_target=0.2, warmup_steps=2)),
    ],
    ids=["adam", "accumulation", "averages", "loss scale", "schedule"],
)
def test_compiled_step_does_what_the_eager_one_does(make: Any) -> None:
    eager, compiled = _train(False, make()), _train(True, make())
    np.testing.assert_allclose(eager[0], compiled[0], rtol=1e-5)
    for a, b in zip(eager[1], compiled[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
