"""Nadam: Adam that looks ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras import settings
from headwater.keras.optimizers.base import Optimizer
from headwater.keras.variable import Variable


class Nadam(Optimizer):
    """Adam with Nesterov's momentum, whose share grows with time: mu_t = beta_1 * (1 - 0.96^t / 2).

    Args:
        learning_rate: see `Optimizer`.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the mean square stays at each step.
        epsilon: keeps the divisor away from 0.
        other arguments: see `Optimizer`.
    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam".
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
        """Make the slots, and the product of all momenta so far."""
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        dtype = variables[0].dtype if variables else settings.floatx()
        self._u_product = Variable(1.0, dtype=dtype, trainable=False)

    def _share(self, step: Any) -> Any:
        return ops.multiply(ops.subtract(1.0, ops.multiply(ops.power(0.96, step), 0.5)), self.beta_1)

    def _backend_update_step(self, grads: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        share = self._share(self.step_in(self._u_product.dtype))
        self.assign(self._u_product, ops.multiply(self._u_product, share))
        super()._backend_update_step(grads, variables, learning_rate)

    def _scales(self, learning_rate: Any, dtype: Any) -> tuple[Any, Any, Any]:
        """Factors of the mean gradient and of the gradient, and of the mean square."""
        step, rate = self.step_in(dtype), self.rate_in(learning_rate, dtype)
        share, next_share = self._share(step), self._share(ops.add(step, 1.0))
        product = ops.cast(self._u_product, dtype)
        of_mean = ops.divide(ops.multiply(rate, next_share), ops.subtract(1.0, ops.multiply(product, next_share)))
        of_gradient = ops.divide(ops.multiply(rate, ops.subtract(1.0, share)), ops.subtract(1.0, product))
        left = ops.power(ops.cast(self.beta_2, dtype), step)
        return of_mean, of_gradient, ops.divide(1.0, ops.subtract(1.0, left))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        of_mean, of_gradient, of_square = self.once(("scales", str(dtype)), lambda: self._scales(learning_rate, dtype))
        m_slot, v_slot = self.slot(self._momentums, variable), self.slot(self._velocities, variable)
        m, v = ops.convert_to_tensor(m_slot), ops.convert_to_tensor(v_slot)
        m = ops.add(m, ops.multiply(ops.subtract(gradient, m), 1.0 - self.beta_1))
        v = ops.add(v, ops.multiply(ops.subtract(ops.square(gradient), v), 1.0 - self.beta_2))
        self.assign(m_slot, m)
        self.assign(v_slot, v)
        ahead = ops.add(ops.multiply(m, of_mean), ops.multiply(gradient, of_gradient))
        size = ops.add(ops.sqrt(ops.multiply(v, of_square)), self.epsilon)
        self.assign_sub(variable, ops.divide(ahead, size))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
