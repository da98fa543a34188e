"""Adagrad: the gradient over the size of all gradients so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras import initializers
from headwater.keras.optimizers.base import Optimizer


class Adagrad(Optimizer):
    """a += g^2, w -= rate * g / sqrt(a + epsilon).

    Args:
        learning_rate: see `Optimizer`.
        initial_accumulator_value: what a starts at.
        epsilon: keeps the divisor away from 0.
        other arguments: see `Optimizer`.
    Source: Duchi, Hazan and Singer 2011, "Adaptive subgradient methods".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables: Sequence[Any]) -> None:
        """Make a slot per variable."""
        if self.built:
            return
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        self._accumulators = self.add_optimizer_variables(variables, "accumulator", start)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        slot = self.slot(self._accumulators, variable)
        total = ops.add(slot, ops.square(gradient))
        self.assign(slot, total)
        scaled = ops.multiply(gradient, self.rate_in(learning_rate, variable.dtype))
        self.assign_sub(variable, ops.divide(scaled, ops.sqrt(ops.add(total, self.epsilon))))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
