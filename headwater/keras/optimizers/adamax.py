"""Adamax: Adam with the largest recent gradient as divisor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer


class Adamax(Optimizer):
    """m += (1 - beta_1) * (g - m), u = max(beta_2 * u, |g|), w -= rate / (1 - beta_1^t) * m / (u + epsilon).

    Args:
        learning_rate: see `Optimizer`.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the largest gradient stays at each step.
        epsilon: keeps the divisor away from 0.
        other arguments: see `Optimizer`.
    Source: Kingma and Ba 2015, arXiv:1412.6980, section 7.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        self._m, self._u = self.add_optimizer_variables(variables, ["momentum", "norm"])

    def _corrected_rate(self, learning_rate: Any, dtype: Any) -> Any:
        left = ops.power(ops.cast(self.beta_1, dtype), self.step_in(dtype))
        return ops.divide(self.rate_in(learning_rate, dtype), ops.subtract(1.0, left))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        rate = self.once(("corrected", str(dtype)), lambda: self._corrected_rate(learning_rate, dtype))
        m_slot, u_slot = self.slot(self._m, variable), self.slot(self._u, variable)
        m = ops.convert_to_tensor(m_slot)
        m = ops.add(m, ops.multiply(ops.subtract(gradient, m), 1.0 - self.beta_1))
        u = ops.maximum(ops.multiply(u_slot, self.beta_2), ops.absolute(gradient))
        self.assign(m_slot, m)
        self.assign(u_slot, u)
        self.assign_sub(variable, ops.divide(ops.multiply(m, rate), ops.add(u, self.epsilon)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
