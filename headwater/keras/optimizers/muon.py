"""Muon: momentum made orthogonal, for matrices; Adam for everything else."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.keras.optimizers.base import Optimizer


class Muon(Optimizer):
    """Steps of matrices have all singular values near 1; other variables take Adam's steps.

    Args:
        learning_rate: see `Optimizer`.
        adam_beta_1, adam_beta_2, epsilon: see `Adam`; for variables that are no matrices.
        adam_weight_decay: weight decay of those variables.
        weight_decay: weight decay of matrices.
        exclude_layers: patterns; a matrix whose path contains one takes Adam's steps.
        exclude_embeddings: whether embeddings take Adam's steps.
        muon_a, muon_b, muon_c: coefficients of the iteration a * x + b * (x x') x + c * (x x')^2 x.
        adam_lr_ratio: factor on the learning rate where Adam's steps are taken.
        momentum: how much of the sum of gradients stays at each step.
        ns_steps: number of iterations.
        nesterov: look ahead.
        rms_rate: root mean square of a step, relative to the rate; None for steps as they are.
        other arguments: see `Optimizer`.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers"; Liu et al. 2025, arXiv:2502.16982, for rms_rate.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
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
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.momentum, self.ns_steps, self.nesterov, self.rms_rate = momentum, ns_steps, nesterov, rms_rate
        self.exclude_layers, self.exclude_embeddings = list(exclude_layers or []), exclude_embeddings

    def _takes_adam(self, variable: Any) -> bool:
        path = getattr(variable, "path", variable.name)
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in path.lower()):
            return True
        return any(re.search(pattern, path) for pattern in self.exclude_layers)

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        self.momentums: list[Any] = []
        self.adam_velocities: list[Any] = []
        for variable in variables:
            self.momentums.append(self.add_variable_from_reference(variable, "momentum"))
            adam = self._takes_adam(variable)
            self.adam_velocities.append(self.add_variable_from_reference(variable, "velocity") if adam else None)

    def _decay(self, variable: Any, amount: float | None) -> None:
        amount = self.adam_weight_decay if self._takes_adam(variable) else self.weight_decay
        if amount is not None:
            super()._decay(variable, amount)

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        for variable in variables:
            if self._use_weight_decay(variable):
                self._decay(variable, None)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        m_slot, v_slot = self.slot(self.momentums, variable), self.slot(self.adam_velocities, variable)
        if v_slot is None:
            self._muon_step(gradient, variable, self.rate_in(learning_rate, variable.dtype), m_slot)
        else:
            self._adam_step(gradient, variable, learning_rate, m_slot, v_slot)

    def _muon_step(self, gradient: Any, variable: Any, rate: Any, slot: Any) -> None:
        total = ops.add(ops.multiply(slot, self.momentum), gradient)
        self.assign(slot, total)
        direction = ops.add(ops.multiply(total, self.momentum), gradient) if self.nesterov else total
        step = self._orthogonal(direction)
        if self.rms_rate is not None:
            rate = ops.multiply(rate, math.sqrt(max(variable.shape)) * self.rms_rate)
        self.assign_sub(variable, ops.multiply(step, rate))

    def _orthogonal(self, x: Any) -> Any:
        """A matrix with the singular vectors of `x` and singular values near 1 (Newton-Schulz)."""
        tall = x.shape[0] > x.shape[1]
        x = ops.transpose(x) if tall else x
        x = ops.divide(x, ops.add(ops.sqrt(ops.sum(ops.square(x))), 1e-7))
        for _ in range(self.ns_steps):
            gram = ops.matmul(x, ops.transpose(x))
            mixed = ops.add(ops.multiply(gram, self.muon_b), ops.multiply(ops.matmul(gram, gram), self.muon_c))
            x = ops.add(ops.multiply(x, self.muon_a), ops.matmul(mixed, x))
        return ops.transpose(x) if tall else x

    def _corrected_rate(self, learning_rate: Any, dtype: Any) -> Any:
        step = self.step_in(dtype)
        first = ops.subtract(1.0, ops.power(ops.cast(self.adam_beta_1, dtype), step))
        second = ops.subtract(1.0, ops.power(ops.cast(self.adam_beta_2, dtype), step))
        rate = ops.multiply(self.rate_in(learning_rate, dtype), float(self.adam_lr_ratio))
        return ops.divide(ops.multiply(rate, ops.sqrt(second)), first)

    def _adam_step(self, gradient: Any, variable: Any, learning_rate: Any, m_slot: Any, v_slot: Any) -> None:
        dtype = variable.dtype
        rate = self.once(("corrected", str(dtype)), lambda: self._corrected_rate(learning_rate, dtype))
        m, v = ops.convert_to_tensor(m_slot), ops.convert_to_tensor(v_slot)
        m = ops.add(m, ops.multiply(ops.subtract(gradient, m), 1.0 - self.adam_beta_1))
        v = ops.add(v, ops.multiply(ops.subtract(ops.square(gradient), v), 1.0 - self.adam_beta_2))
        self.assign(m_slot, m)
        self.assign(v_slot, v)
        self.assign_sub(variable, ops.divide(ops.multiply(m, rate), ops.add(ops.sqrt(v), self.epsilon)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        names = (
            "adam_beta_1", "adam_beta_2", "epsilon", "exclude_layers", "muon_a", "muon_b", "muon_c", "adam_lr_ratio",
            "momentum", "ns_steps", "nesterov", "exclude_embeddings", "adam_weight_decay", "rms_rate",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
