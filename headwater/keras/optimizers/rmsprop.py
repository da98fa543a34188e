"""RMSprop: the gradient over its own recent size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer


def _mixed(old: Any, new: Any, kept: float) -> Any:
    return ops.add(ops.multiply(old, kept), ops.multiply(new, 1.0 - kept))


class RMSprop(Optimizer):
    """v = rho * v + (1 - rho) * g^2, w -= rate * g / sqrt(v + epsilon).

    Args:
        learning_rate: see `Optimizer`.
        rho: how much of the mean square stays at each step.
        momentum: how much of the last change is repeated.
        epsilon: keeps the divisor away from 0.
        centered: subtract the square of the mean gradient from the mean square: their variance.
        other arguments: see `Optimizer`.
    Source: Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum > 0 else []
        self._average_gradients = self.add_optimizer_variables(variables, "average_gradient") if self.centered else []

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        velocity_slot = self.slot(self._velocities, variable)
        velocity = _mixed(velocity_slot, ops.square(gradient), self.rho)
        self.assign(velocity_slot, velocity)
        if self.centered:
            average_slot = self.slot(self._average_gradients, variable)
            average = _mixed(average_slot, gradient, self.rho)
            self.assign(average_slot, average)
            velocity = ops.subtract(velocity, ops.square(average))
        scaled = ops.multiply(gradient, self.rate_in(learning_rate, variable.dtype))
        change = ops.divide(scaled, ops.sqrt(ops.add(velocity, self.epsilon)))
        if self.momentum > 0:
            momentum_slot = self.slot(self._momentums, variable)
            change = ops.add(ops.multiply(momentum_slot, self.momentum), change)
            self.assign(momentum_slot, change)
        self.assign_sub(variable, change)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
