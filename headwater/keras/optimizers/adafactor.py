"""Adafactor: Adam's divisor from the sums of rows and columns alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer
from headwater.keras.variable import Variable


def _root_mean_square(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))


class Adafactor(Optimizer):
    """A mean square per row and per column in place of one per element; steps relative to the size of the weights.

    Args:
        learning_rate: see `Optimizer`.
        beta_2_decay: power of the step by which the mean square forgets: beta_2 = 1 - t^beta_2_decay.
        epsilon_1: added to squared gradients.
        epsilon_2: least size of the weights that steps are relative to.
        clip_threshold: largest root mean square of the direction.
        relative_step: let the rate fall as 1 / sqrt(t).
        other arguments: see `Optimizer`.
    Source: Shazeer and Stern 2018, arXiv:1804.04235.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots; those of rows and columns are empty scalars for vectors, as in Keras's files."""
        if self.built:
            return
        super().build(variables)
        self._r: list[Any] = []
        self._c: list[Any] = []
        self._v: list[Any] = []
        for variable in variables:
            if len(variable.shape) < 2:
                rows, columns = (Variable(0.0, name=variable.name, trainable=False) for _ in range(2))
                self._track([rows, columns])
            else:
                sizes = tuple(variable.shape)
                rows = self.add_variable(sizes[:-1], dtype=variable.dtype, name=variable.name)
                columns = self.add_variable((*sizes[:-2], sizes[-1]), dtype=variable.dtype, name=variable.name)
            self._r.append(rows)
            self._c.append(columns)
            self._v.append(self.add_variable_from_reference(variable, "velocity"))

    def _scales(self, learning_rate: Any, dtype: Any) -> tuple[Any, Any]:
        """The rate before it is scaled by the weights, and how much of the mean square stays."""
        step, rate = self.step_in(dtype), self.rate_in(learning_rate, dtype)
        rate = ops.minimum(rate, ops.divide(1.0, ops.sqrt(step)))
        return rate, ops.subtract(1.0, ops.power(step, self.beta_2_decay))

    def _mean_square(self, slot: Any, squares: Any, kept: Any) -> Any:
        value = ops.add(ops.multiply(slot, kept), ops.multiply(squares, ops.subtract(1.0, kept)))
        self.assign(slot, value)
        return value

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        dtype = variable.dtype
        rate, kept = self.once(("scales", str(dtype)), lambda: self._scales(learning_rate, dtype))
        velocity = self.slot(self._v, variable)
        squares = ops.add(ops.square(gradient), self.epsilon_1)
        if len(variable.shape) < 2:
            sizes = self._mean_square(velocity, squares, kept)
        else:
            rows = self._mean_square(self.slot(self._r, variable), ops.mean(squares, axis=-1), kept)
            columns = self._mean_square(self.slot(self._c, variable), ops.mean(squares, axis=-2), kept)
            rows = ops.divide(rows, ops.mean(rows, axis=-1, keepdims=True))
            sizes = ops.multiply(ops.expand_dims(rows, -1), ops.expand_dims(columns, -2))
            self.assign(velocity, sizes)
        direction = ops.divide(gradient, ops.sqrt(sizes))
        rate = ops.multiply(rate, ops.maximum(_root_mean_square(ops.convert_to_tensor(variable)), self.epsilon_2))
        excess = ops.maximum(ops.divide(_root_mean_square(direction), self.clip_threshold), 1.0)
        self.assign_sub(variable, ops.multiply(direction, ops.divide(rate, excess)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }
