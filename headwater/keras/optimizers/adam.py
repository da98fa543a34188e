"""Adam: momentum, over the recent size of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer


class Adam(Optimizer):
    """m += (1 - beta_1) * (g - m), v += (1 - beta_2) * (g^2 - v), w -= rate' * m / (sqrt(v) + epsilon).

    rate' = rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) makes up for slots that start at 0.

    Args:
        learning_rate: see `Optimizer`.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the mean square stays at each step.
        epsilon: keeps the divisor away from 0; the "epsilon hat" of the paper.
        amsgrad: divide by the largest mean square so far.
        other arguments: see `Optimizer`.
    Source: Kingma and Ba 2015, arXiv:1412.6980, end of section 2; Reddi et al. 2018 for amsgrad.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def _corrected_rate(self, learning_rate: Any, dtype: Any) -> Any:
        step = self.step_in(dtype)
        first = ops.subtract(1.0, ops.power(ops.cast(self.beta_1, dtype), step))
        second = ops.subtract(1.0, ops.power(ops.cast(self.beta_2, dtype), step))
        return ops.divide(ops.multiply(self.rate_in(learning_rate, dtype), ops.sqrt(second)), first)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        rate = self.once(("corrected", str(dtype)), lambda: self._corrected_rate(learning_rate, dtype))
        m_slot, v_slot = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        m, v = ops.convert_to_tensor(m_slot), ops.convert_to_tensor(v_slot)
        m = ops.add(m, ops.multiply(ops.subtract(gradient, m), 1.0 - self.beta_1))
        v = ops.add(v, ops.multiply(ops.subtract(ops.square(gradient), v), 1.0 - self.beta_2))
        self.assign(m_slot, m)
        self.assign(v_slot, v)
        if self.amsgrad:
            largest = self.slot(self._velocity_hats, variable)
            v = ops.maximum(largest, v)
            self.assign(largest, v)
        self.assign_sub(variable, ops.divide(ops.multiply(m, rate), ops.add(ops.sqrt(v), self.epsilon)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }
