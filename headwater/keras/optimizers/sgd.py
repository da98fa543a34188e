"""SGD: against the gradient, perhaps with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.optimizers.base import Optimizer


class SGD(Optimizer):
    """w -= rate * g; with momentum: v = momentum * v - rate * g, w += v.

    Args:
        learning_rate: see `Optimizer`.
        momentum: how much of the last change is repeated, between 0 and 1.
        nesterov: look ahead: w += momentum * v - rate * g.
        other arguments: see `Optimizer`.
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise ArgumentError(f"momentum is {momentum!r}.", fix="pass a share between 0 and 1.")
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables: Sequence[Any]) -> None:
        """Make a slot per variable, if there is momentum."""
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum else []

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        change = ops.multiply(gradient, self.rate_in(learning_rate, variable.dtype))
        if not self.momentum:
            self.assign_sub(variable, change)
            return
        slot = self.slot(self.momentums, variable)
        velocity = ops.subtract(ops.multiply(slot, self.momentum), change)
        self.assign(slot, velocity)
        if self.nesterov:
            velocity = ops.subtract(ops.multiply(velocity, self.momentum), change)
        self.assign_add(variable, velocity)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "nesterov": self.nesterov,
        }
