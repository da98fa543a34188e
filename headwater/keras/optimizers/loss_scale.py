"""LossScaleOptimizer: a loss scaled up as far as gradients in 16 bits stay finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import initializers
from headwater.keras.name_scope import name_scope
from headwater.keras.optimizers.base import Optimizer

_DEFAULTS = {"use_ema": False, "ema_momentum": 0.99}
_UNSUPPORTED = (
    "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum", "ema_overwrite_frequency",
    "loss_scale_factor", "gradient_accumulation_steps",
)  # fmt: skip


class LossScaleOptimizer(Optimizer):
    """An optimizer for float16: scales the loss up and gradients down, skips steps whose gradients are not finite.

    The scale is halved after such a step, and doubled after `dynamic_growth_steps` steps without one.

    Args:
        inner_optimizer: the optimizer that makes the updates.
        initial_scale: scale at the beginning.
        dynamic_growth_steps: finite steps after which the scale is doubled.
        name: name of the optimizer.
    Raises: ArgumentError for arguments that the inner optimizer should be given.
    Source: Micikevicius et al. 2018, arXiv:1710.03740.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not kwargs.pop("dynamic", True):
            raise ArgumentError(
                "a fixed loss scale needs no optimizer of its own.", fix="pass loss_scale_factor to the inner one."
            )
        for argument in _UNSUPPORTED:
            default = _DEFAULTS.get(argument)
            if kwargs.pop(argument, default) != default:
                raise ArgumentError(f"LossScaleOptimizer takes no {argument}.", fix="pass it to the inner optimizer.")
        super().__init__(learning_rate=0.0, name=name, **kwargs)
        self.inner_optimizer = inner_optimizer
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None
        # Made at once, not by build: a step that is traced before the first update must read the scale, not its start.
        self.step_counter = self.add_variable((), "zeros", dtype="int32", name="step_counter")
        start = initializers.Constant(initial_scale)
        self.dynamic_scale = self.add_variable((), start, dtype="float32", name="dynamic_scale")

    def build(self, variables: Sequence[Any]) -> None:
        """Make the variables of the inner optimizer."""
        if self.built:
            return
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Any]:
        """Its variables, then those of the inner optimizer; without those of the scale until it is built, as in files
        of Keras."""
        own = self._variables if self.built else self._variables[:2]
        return [*own, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """How many updates the inner optimizer made."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Update variables, unless a gradient is not finite; for the arguments see `Optimizer.apply`."""
        if not self.built:
            with name_scope(self.name, caller=self):
                self.build(list(trainable_variables or ()))
            self.built = True
        finite = self.check_finite(grads)
        ops.cond(finite, lambda: self._step(grads, trainable_variables), self._skip)

    def check_finite(self, grads: Sequence[Any]) -> Any:
        """True if all elements of all gradients are finite."""
        finite = [ops.all(ops.isfinite(gradient)) for gradient in grads if gradient is not None]
        result = finite[0]
        for each in finite[1:]:
            result = ops.logical_and(result, each)
        return result

    def _step(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None) -> None:
        unscale = ops.divide(1.0, self.dynamic_scale)
        grads = [None if g is None else ops.multiply(g, ops.cast(unscale, g.dtype)) for g in grads]
        self.inner_optimizer.apply(grads, trainable_variables)
        grow = ops.equal(self.step_counter, self.dynamic_growth_steps - 1)
        self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, ops.where(grow, 2.0, 1.0)))
        self.step_counter.assign(ops.where(grow, 0, ops.add(self.step_counter, 1)))

    def _skip(self) -> None:
        self.step_counter.assign(0)
        self.dynamic_scale.assign(ops.multiply(self.dynamic_scale, 0.5))

    def scale_loss(self, loss: Any) -> Any:
        """The loss, scaled up."""
        return ops.multiply(loss, ops.cast(self.dynamic_scale, loss.dtype))

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """End training; see `Optimizer.finalize_variable_values`."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        from headwater.keras.saving import serialize_keras_object

        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
        """The optimizer that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        config = dict(config)
        inner = deserialize_keras_object(config.pop("inner_optimizer"), custom_objects=custom_objects)
        return cls(inner, **config)
