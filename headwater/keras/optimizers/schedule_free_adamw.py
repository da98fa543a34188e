"""Schedule-free AdamW: an average of the path in place of a falling rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer


class ScheduleFreeAdamW(Optimizer):
    """Gradients are taken between the last point and the mean of all points; no schedule is needed.

    Args:
        learning_rate: see `Optimizer`.
        beta_1: how near to the mean gradients are taken.
        beta_2: how much of the mean square stays at each step.
        epsilon: keeps the divisor away from 0.
        warmup_steps: steps over which the rate rises from 0.
        other arguments: see `Optimizer`.
    Source: Defazio et al. 2024, arXiv:2405.15682.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots; that of the last point starts at the variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        for point, variable in zip(self._momentums, variables, strict=True):
            if point is not None:
                point.assign(ops.convert_to_tensor(variable))

    def _scales(self, learning_rate: Any, dtype: Any) -> tuple[Any, Any, Any]:
        """Rate, factor of the mean square, weight of the last point in the mean."""
        step, rate = self.step_in(dtype), self.rate_in(learning_rate, dtype)
        if self.warmup_steps > 0:
            rate = ops.multiply(rate, ops.minimum(ops.divide(step, float(self.warmup_steps)), 1.0))
        left = ops.power(ops.cast(self.beta_2, dtype), step)
        return rate, ops.divide(1.0, ops.subtract(1.0, left)), ops.divide(1.0, step)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        rate, of_square, weight = self.once(("scales", str(dtype)), lambda: self._scales(learning_rate, dtype))
        point_slot, v_slot = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        point, v = ops.convert_to_tensor(point_slot), ops.convert_to_tensor(v_slot)
        v = ops.add(v, ops.multiply(ops.subtract(ops.square(gradient), v), 1.0 - self.beta_2))
        size = ops.add(ops.sqrt(ops.multiply(v, of_square)), self.epsilon)
        moved = ops.subtract(point, ops.divide(ops.multiply(gradient, rate), size))
        self.assign(v_slot, v)
        self.assign(point_slot, moved)
        away = 1.0 - self.beta_1
        mean = ops.divide(ops.subtract(variable, ops.multiply(point, away)), self.beta_1)
        mean = ops.add(mean, ops.multiply(ops.subtract(moved, mean), weight))
        self.assign(variable, ops.add(ops.multiply(moved, away), ops.multiply(mean, self.beta_1)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "warmup_steps": self.warmup_steps,
        }
