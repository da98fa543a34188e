"""Adadelta: steps as large as recent steps, over recent gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer


class Adadelta(Optimizer):
    """a = rho * a + (1 - rho) * g^2, d = g * sqrt(b + epsilon) / sqrt(a + epsilon), w -= rate * d; b follows d as a
    follows g.

    Args:
        learning_rate: see `Optimizer`; 1.0 is the paper's.
        rho: how much of the mean squares stays at each step.
        epsilon: keeps roots away from 0.
        other arguments: see `Optimizer`.
    Source: Zeiler 2012, arXiv:1212.5701.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
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
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(
            variables, ["accumulated_grad", "accumulated_delta_var"]
        )

    def _mean_square(self, slot: Any, value: Any) -> Any:
        return ops.add(ops.multiply(slot, self.rho), ops.multiply(ops.square(value), 1.0 - self.rho))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        grad_slot = self.slot(self._accumulated_grads, variable)
        delta_slot = self.slot(self._accumulated_delta_vars, variable)
        squares = self._mean_square(grad_slot, gradient)
        steps = ops.sqrt(ops.add(delta_slot, self.epsilon))
        change = ops.divide(ops.multiply(steps, gradient), ops.sqrt(ops.add(squares, self.epsilon)))
        self.assign(grad_slot, squares)
        self.assign(delta_slot, self._mean_square(delta_slot, change))
        self.assign_sub(variable, ops.multiply(change, self.rate_in(learning_rate, variable.dtype)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "epsilon": self.epsilon,
        }
