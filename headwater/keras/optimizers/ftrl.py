"""FTRL: follow the regularised leader; many weights become exactly 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import initializers
from headwater.keras.optimizers.base import Optimizer


class Ftrl(Optimizer):
    """Weights from sums of gradients, with l1 and l2 penalties taken into account at once.

    Args:
        learning_rate: see `Optimizer`.
        learning_rate_power: how the rate falls with the sum of squared gradients, 0 or below; 0 for not at all.
        initial_accumulator_value: what the sum of squares starts at, 0 or more.
        l1_regularization_strength: weight of the l1 penalty, 0 or more.
        l2_regularization_strength: weight of the l2 penalty, 0 or more.
        l2_shrinkage_regularization_strength: weight of an l2 penalty on the loss itself, 0 or more.
        beta: added to the root of the sum of squares.
        other arguments: see `Optimizer`.
    Source: McMahan et al. 2013, "Ad click prediction: a view from the trenches".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )
        if learning_rate_power > 0.0:
            raise ArgumentError(f"learning_rate_power is {learning_rate_power}.", fix="pass 0 or a number below it.")
        for argument, value in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            if value < 0.0:
                raise ArgumentError(f"{argument} is {value}.", fix="pass 0 or a number above it.")
        self.learning_rate_power, self.beta = learning_rate_power, beta
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        self._accumulators, self._linears = self.add_optimizer_variables(
            variables, ["accumulator", "linear"], [start, "zeros"]
        )

    def _root(self, total: Any) -> Any:
        return ops.sqrt(total) if self.learning_rate_power == -0.5 else ops.power(total, -self.learning_rate_power)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        rate = self.rate_in(learning_rate, variable.dtype)
        total_slot, linear_slot = self.slot(self._accumulators, variable), self.slot(self._linears, variable)
        value = ops.convert_to_tensor(variable)
        total = ops.add(total_slot, ops.square(gradient))
        root = self._root(total)
        if self.l2_shrinkage_regularization_strength:
            gradient = ops.add(gradient, ops.multiply(value, 2.0 * self.l2_shrinkage_regularization_strength))
        grown = ops.divide(ops.subtract(root, self._root(ops.convert_to_tensor(total_slot))), rate)
        linear = ops.add(linear_slot, ops.subtract(gradient, ops.multiply(grown, value)))
        penalty = ops.add(ops.divide(self.beta, rate), 2.0 * self.l2_regularization_strength)
        l1 = self.l1_regularization_strength
        shrunk = ops.subtract(ops.clip(linear, -l1, l1), linear)
        self.assign(linear_slot, linear)
        self.assign(total_slot, total)
        self.assign(variable, ops.divide(shrunk, ops.add(ops.divide(root, rate), penalty)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
