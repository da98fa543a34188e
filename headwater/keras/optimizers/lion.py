"""Lion: steps of one size, in the direction of the sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.optimizers.base import Optimizer


class Lion(Optimizer):
    """w -= rate * sign(beta_1 * m + (1 - beta_1) * g), then m = beta_2 * m + (1 - beta_2) * g.

    Args:
        learning_rate: see `Optimizer`; a third to a tenth of Adam's.
        beta_1: share of the mean gradient in the direction, above 0.
        beta_2: how much of the mean gradient stays at each step.
        other arguments: see `Optimizer`.
    Source: Chen et al. 2023, arXiv:2302.06675.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        if not 0 < beta_1 <= 1:
            raise ArgumentError(f"beta_1 is {beta_1}.", fix="pass a share above 0, at most 1.")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, variables: Sequence[Any]) -> None:
        """Make a slot per variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        slot = self.slot(self._momentums, variable)
        m = ops.convert_to_tensor(slot)
        direction = ops.add(ops.multiply(m, self.beta_1), ops.multiply(gradient, 1.0 - self.beta_1))
        self.assign(slot, ops.add(ops.multiply(m, self.beta_2), ops.multiply(gradient, 1.0 - self.beta_2)))
        self.assign_sub(variable, ops.multiply(ops.sign(direction), self.rate_in(learning_rate, variable.dtype)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
        }
