"""LAMB: Adam whose steps are as long as the weights, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer


def _length(x: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(x)))


def _ratio(of_weights: Any, of_direction: Any) -> Any:
    """Length of the weights over that of the direction; 1 if one of them is 0."""
    both = ops.logical_and(ops.greater(of_weights, 0.0), ops.greater(of_direction, 0.0))
    return ops.where(both, ops.divide(of_weights, ops.where(both, of_direction, 1.0)), 1.0)


class Lamb(Optimizer):
    """Adam's direction, scaled so that its length is the learning rate times the length of the variable.

    Args:
        learning_rate: see `Optimizer`.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the mean square stays at each step.
        epsilon: keeps the divisor away from 0.
        other arguments: see `Optimizer`.
    Source: You et al. 2020, arXiv:1904.00962.
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
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def _corrections(self, dtype: Any) -> tuple[Any, Any]:
        step = self.step_in(dtype)
        lefts = (ops.power(ops.cast(beta, dtype), step) for beta in (self.beta_1, self.beta_2))
        first, second = (ops.divide(1.0, ops.subtract(1.0, left)) for left in lefts)
        return first, second

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        first, second = self.once(("corrections", str(dtype)), lambda: self._corrections(dtype))
        m_slot, v_slot = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        m, v = ops.convert_to_tensor(m_slot), ops.convert_to_tensor(v_slot)
        m = ops.add(m, ops.multiply(ops.subtract(gradient, m), 1.0 - self.beta_1))
        v = ops.add(v, ops.multiply(ops.subtract(ops.square(gradient), v), 1.0 - self.beta_2))
        self.assign(m_slot, m)
        self.assign(v_slot, v)
        direction = ops.divide(ops.multiply(m, first), ops.add(ops.sqrt(ops.multiply(v, second)), self.epsilon))
        ratio = _ratio(_length(ops.convert_to_tensor(variable)), _length(direction))
        self.assign_sub(variable, ops.multiply(direction, ops.multiply(ratio, self.rate_in(learning_rate, dtype))))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
