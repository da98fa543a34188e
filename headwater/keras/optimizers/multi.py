"""MultiOptimizer: another optimizer for each group of variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from headwater.errors import ArgumentError, StateError
from headwater.keras.optimizers.base import Optimizer
from headwater.keras.optimizers.loss_scale import LossScaleOptimizer


class OptimizerMap(MutableMapping):
    """An optimizer for each variable whose path matches a pattern, and one for all others.

    Args:
        default_optimizer: optimizer of variables that no pattern matches.
        optimizer_map: dict from path, or regular expression for the whole path, to optimizer.
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer must be an Optimizer, not {default_optimizer!r}")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"optimizer_map must be a dict, not {optimizer_map!r}")
        self._default_optimizer = default_optimizer
        self._optimizer_map = optimizer_map or {}

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of variables that no pattern matches."""
        return self._default_optimizer

    def __call__(self, variable: Any) -> Optimizer:
        return self[variable.path]

    def __getitem__(self, path: str) -> Optimizer:
        if path in self._optimizer_map:
            return self._optimizer_map[path]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, path)]
        if len(matching) > 1:
            raise ArgumentError(
                f"variable {path!r} matches {len(matching)} patterns: {matching}.", fix="make them exclusive."
            )
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, path: str, optimizer: Optimizer) -> None:
        if path in self._optimizer_map:
            raise ArgumentError(f"{path!r} has an optimizer already.", fix="delete it first.")
        if not isinstance(path, str):
            raise ArgumentError(f"{path!r} is not a path.", fix="pass a string.")
        _check_inner(optimizer)
        self._optimizer_map[path] = optimizer

    def __delitem__(self, path: str) -> None:
        del self._optimizer_map[path]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this map again."""
        from headwater.keras.saving import serialize_keras_object

        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> OptimizerMap:
        """The map that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        return cls(
            **{name: deserialize_keras_object(value, custom_objects=custom_objects) for name, value in config.items()}
        )


def _check_inner(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise ArgumentError(
            f"{optimizer!r} can't be one of several optimizers.", fix="pass a plain optimizer, such as Adam()."
        )


class MultiOptimizer(Optimizer):
    """Updates each variable with the optimizer that a map gives for it.

    Args:
        optimizer_map: an `OptimizerMap`, or a function from variable to optimizer.
        loss_scale_factor: see `Optimizer`; the same for all.
        name: name of the optimizer.
    """

    def __init__(self, optimizer_map: Any, loss_scale_factor: float | None = None, name: str | None = None) -> None:
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Optimizer] = []
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map._optimizer_map.values(), optimizer_map.default_optimizer):
                self._place_of(optimizer)

    def _place_of(self, optimizer: Optimizer) -> int:
        for place, known in enumerate(self._inner_optimizers):
            if known is optimizer:
                return place
        _check_inner(optimizer)
        optimizer.loss_scale_factor = self.loss_scale_factor
        self._inner_optimizers.append(optimizer)
        return len(self._inner_optimizers) - 1

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers inside."""
        return self._inner_optimizers

    @property
    def variables(self) -> list[Any]:
        """Its variables, then those of the optimizers inside."""
        return [*self._variables, *(v for optimizer in self._inner_optimizers for v in optimizer.variables)]

    @property
    def learning_rate(self) -> Any:
        """Refused: each optimizer inside has its own."""
        raise AttributeError("a MultiOptimizer has no learning rate of its own; see those of its `optimizers`")

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise AttributeError("a MultiOptimizer has no learning rate of its own; set those of its `optimizers`")

    def build(self, variables: Sequence[Any]) -> None:
        """Give each variable to its optimizer."""
        if self.built:
            return
        self._owner = {id(variable): self._place_of(self._optimizer_map(variable)) for variable in variables}
        for optimizer, own in self._grouped(variables):
            if own:
                optimizer.build(own)
        super().build(variables)

    def _grouped(self, variables: Sequence[Any]) -> list[tuple[Optimizer, list[Any]]]:
        groups: list[list[Any]] = [[] for _ in self._inner_optimizers]
        for variable in variables:
            groups[self._owner[id(variable)]].append(variable)
        return list(zip(self._inner_optimizers, groups, strict=True))

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Update variables; for the arguments see `Optimizer.apply`."""
        if len(grads) == 0:
            return
        variables = self._variables_of_step(grads, trainable_variables)
        gradient_of = {id(variable): gradient for gradient, variable in zip(grads, variables, strict=True)}
        for optimizer, own in self._grouped(variables):
            if own:
                optimizer.apply([gradient_of[id(variable)] for variable in own], own)
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """End training; see `Optimizer.finalize_variable_values`."""
        for optimizer, own in self._grouped(var_list):
            if own:
                optimizer.finalize_variable_values(own)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give all variables other values, in the order of `variables`."""
        if not self.built:
            raise StateError(f"{self.name} has no slots yet.", fix="call build(variables) first.")
        for variable, weight in zip(self.variables, weights, strict=False):
            variable.assign(weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        from headwater.keras.saving import serialize_keras_object

        return {
            "optimizer_map": serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
        """The optimizer that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        config = dict(config)
        config["optimizer_map"] = deserialize_keras_object(config["optimizer_map"], custom_objects=custom_objects)
        return cls(**config)
