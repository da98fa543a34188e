"""Optimizers and schedules are those of Keras 3.15 on JAX: trajectories, variables in their order, configs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from headwater import ops
from headwater.keras import Variable, optimizers
from headwater.keras.optimizers import schedules

_rng = np.random.default_rng(5)
START = [_rng.normal(size=(3, 4)).astype("float32"), _rng.normal(size=(4,)).astype("float32")]
GRADIENTS = [[_rng.normal(size=v.shape).astype("float32") for v in START] for _ in range(11)]
NAMES = ("kernel", "bias")

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"learning_rate": 0.1}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.3}),
    ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.7}),
    ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}),
    ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3}),
    ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 8.0}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "gradient_accumulation_steps": 3}),
    ("Adam", {"learning_rate": 0.1}),
    ("Adam", {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    ("Adam", {"learning_rate": 0.1, "amsgrad": True}),
    ("Adam", {"learning_rate": 0.1, "weight_decay": 0.05, "gradient_accumulation_steps": 2, "use_ema": True}),
    ("AdamW", {"learning_rate": 0.1}),
    ("RMSprop", {"learning_rate": 0.1}),
    ("RMSprop", {"learning_rate": 0.1, "momentum": 0.8, "centered": True}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adamax", {"learning_rate": 0.1}),
    ("Nadam", {"learning_rate": 0.1}),
    ("Ftrl", {"learning_rate": 0.1}),
    (
        "Ftrl",
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.02,
            "beta": 0.3,
            "learning_rate_power": -0.4,
        },
    ),
    ("Lion", {"learning_rate": 0.01}),
    ("Lamb", {"learning_rate": 0.1}),
    ("Adafactor", {"learning_rate": 0.1}),
    ("Adafactor", {"learning_rate": 0.1, "relative_step": False, "clip_threshold": 0.5}),
    ("Muon", {"learning_rate": 0.1}),
    ("Muon", {"learning_rate": 0.1, "nesterov": False, "rms_rate": None, "exclude_layers": ["kernel"]}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.1, "warmup_steps": 4}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(CASES)]


def _variables(make: Any) -> list[Any]:
    return [make(value, name=name) for value, name in zip(START, NAMES)]


def _trajectory(optimizer: Any, variables: list[Any]) -> list[list[np.ndarray]]:
    optimizer.build(variables)
    path = []
    for gradients in GRADIENTS:
        scale = optimizer.loss_scale_factor or 1.0
        optimizer.apply(
            [keras.ops.convert_to_tensor(g * scale) if _is_theirs(optimizer) else g * scale for g in gradients]
        )
        path.append([np.array(v.numpy()) for v in variables])
    return path


def _is_theirs(optimizer: Any) -> bool:
    return isinstance(optimizer, keras.optimizers.Optimizer)


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=IDS)
def test_trajectory_state_and_config_are_those_of_keras(name: str, kwargs: dict[str, Any]) -> None:
    mine = getattr(optimizers, name)(**kwargs, name="opt")
    theirs = getattr(keras.optimizers, name)(**kwargs, name="opt")
    assert mine.get_config() == theirs.get_config()
    my_variables, their_variables = _variables(Variable), _variables(keras.Variable)
    found, wanted = _trajectory(mine, my_variables), _trajectory(theirs, their_variables)
    for step, (ours, others) in enumerate(zip(found, wanted)):
        for a, b in zip(ours, others):
            np.testing.assert_allclose(a, b, rtol=3e-5, atol=1e-5, err_msg=f"step {step}")
    assert [tuple(v.shape) for v in mine.variables] == [tuple(v.shape) for v in theirs.variables]
    named = [
        (a.path, b.path)
        for a, b in zip(mine.variables, theirs.variables)
        if not b.path.split("/")[-1].startswith("variable")
    ]
    assert [a for a, _ in named] == [b for _, b in named]
    for a, b in zip(mine.variables, theirs.variables):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-4, atol=1e-5, err_msg=a.path)
    mine.finalize_variable_values(my_variables)
    theirs.finalize_variable_values(their_variables)
    for a, b in zip(my_variables, their_variables):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=3e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=IDS)
def test_serialized_form_is_that_of_keras(name: str, kwargs: dict[str, Any]) -> None:
    mine = getattr(optimizers, name)(**kwargs, name="opt")
    theirs = getattr(keras.optimizers, name)(**kwargs, name="opt")
    assert optimizers.serialize(mine) == keras.optimizers.serialize(theirs)
    assert optimizers.deserialize(keras.optimizers.serialize(theirs)).get_config() == mine.get_config()


def test_excluded_variables_do_not_decay_as_in_keras() -> None:
    results = []
    for module, make in ((optimizers, Variable), (keras.optimizers, keras.Variable)):
        variables = _variables(make)
        optimizer = module.AdamW(0.1, weight_decay=0.3)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        _trajectory(optimizer, variables)
        results.append([v.numpy() for v in variables])
    for a, b in zip(*results):
        np.testing.assert_allclose(a, np.asarray(b), rtol=3e-5, atol=1e-5)


def test_loss_scale_optimizer_follows_keras_through_overflow() -> None:
    mine = optimizers.LossScaleOptimizer(optimizers.SGD(0.1, momentum=0.5), initial_scale=16.0, dynamic_growth_steps=3)
    theirs = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1, momentum=0.5), initial_scale=16.0, dynamic_growth_steps=3
    )
    my_variables, their_variables = _variables(Variable), _variables(keras.Variable)
    mine.build(my_variables)
    theirs.build(their_variables)
    state, values = [v.value for v in theirs.variables], [v.value for v in their_variables]
    for step, gradients in enumerate(GRADIENTS[:8]):
        scale = float(mine.scale_loss(ops.ones(())))
        given = [g * np.float32("nan" if step == 4 else scale) for g in gradients]
        mine.apply(given, my_variables)
        values, state = theirs.stateless_apply(state, [keras.ops.convert_to_tensor(g) for g in given], values)
        assert [float(mine.step_counter.numpy()), float(mine.dynamic_scale.numpy())] == [
            float(state[2]),
            float(state[3]),
        ]
        for a, b in zip(my_variables, values):
            np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=3e-5, atol=1e-5)


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "power": 2.0, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 10], "values": [1.0, 0.5, 0.1]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 15, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 15, "warmup_target": 0.2, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 4}),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 4, "t_mul": 1.0, "m_mul": 0.8, "alpha": 0.05},
    ),
]


@pytest.mark.parametrize(("name", "kwargs"), SCHEDULES, ids=[f"{name}-{i}" for i, (name, _) in enumerate(SCHEDULES)])
def test_schedule_is_that_of_keras(name: str, kwargs: dict[str, Any]) -> None:
    mine = getattr(schedules, name)(**kwargs)
    theirs = getattr(keras.optimizers.schedules, name)(**kwargs)
    assert mine.get_config() == theirs.get_config()
    assert schedules.serialize(mine) == keras.optimizers.schedules.serialize(theirs)
    for step in (0, 1, 3, 4, 5, 7, 10, 11, 16, 29):
        np.testing.assert_allclose(float(mine(step)), float(theirs(step)), rtol=2e-5, atol=1e-7, err_msg=f"step {step}")
    assert float(schedules.deserialize(schedules.serialize(mine))(3)) == float(mine(3))


def test_schedule_inside_an_optimizer_is_followed_and_saved_as_in_keras() -> None:
    results = []
    for module, make in ((optimizers, Variable), (keras.optimizers, keras.Variable)):
        variables = _variables(make)
        optimizer = module.SGD(module.schedules.ExponentialDecay(0.1, 2, 0.5), name="opt")
        _trajectory(optimizer, variables)
        results.append((optimizer.get_config(), [v.numpy() for v in variables], len(optimizer.variables)))
    assert results[0][0] == results[1][0]
    assert results[0][2] == results[1][2]
    for a, b in zip(results[0][1], results[1][1]):
        np.testing.assert_allclose(a, np.asarray(b), rtol=3e-5, atol=1e-5)


def test_multi_optimizer_follows_keras() -> None:
    results = []
    for module, make in ((optimizers, Variable), (keras.optimizers, keras.Variable)):
        variables = _variables(make)
        mapping = module.OptimizerMap(module.SGD(0.1), {"kernel": module.Adam(0.1)})
        optimizer = module.MultiOptimizer(mapping)
        _trajectory(optimizer, variables)
        results.append([np.array(v.numpy()) for v in variables])
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=3e-5, atol=1e-5)
