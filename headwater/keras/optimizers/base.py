"""Optimizer: from gradients to new values of variables.

An update is a handful of element-wise nodes per variable, so that the compiler makes one pass over the variable and its
slots; what is the same for all variables of a step (the rate, bias corrections) is computed once, by `once`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError, StateError, UnsupportedError, layer_scope
from headwater.keras import initializers, settings
from headwater.keras.name_scope import name_scope
from headwater.keras.optimizers import clipping
from headwater.keras.optimizers.schedules.base import LearningRateSchedule
from headwater.keras.utils.naming import auto_name
from headwater.keras.variable import Variable


class Optimizer:
    """Base of the optimizers. A subclass gives `build` (its slots), `update_step` (one variable) and `get_config`.

    Args:
        learning_rate: a float, a `LearningRateSchedule` of the number of steps, or a function of no arguments.
        weight_decay: share, times the learning rate, by which weights shrink at each step; None for none.
        clipnorm: longest length of the gradient of each variable.
        clipvalue: largest magnitude of any element of a gradient.
        global_clipnorm: longest length of all gradients together.
        use_ema: keep a moving average of each variable.
        ema_momentum: how much of the average stays at each step.
        ema_overwrite_frequency: steps after which variables are set to their averages; None for only at the end of
            training.
        loss_scale_factor: factor on the loss, taken out of the gradients again: against underflow in 16 bits.
        gradient_accumulation_steps: number of steps whose mean gradient makes one update.
        name: name of the optimizer.
    Raises: ArgumentError for arguments out of range or unknown.
    Example:
        >>> from headwater.keras.optimizers import SGD
        >>> from headwater.keras.variable import Variable
        >>> v = Variable([1.0, 2.0])
        >>> SGD(0.5).apply([[1.0, 1.0]], [v])
        >>> v.numpy()
        array([0.5, 1.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any,
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
        self._variables: list[Variable] = []
        self._known: set[int] = set()
        _check_unknown(type(self).__name__, kwargs)
        _check_clipping(clipnorm, clipvalue, global_clipnorm)
        if use_ema:
            _check_ema(ema_momentum, ema_overwrite_frequency)
        if gradient_accumulation_steps is not None and gradient_accumulation_steps < 2:
            raise ArgumentError(
                f"gradient_accumulation_steps is {gradient_accumulation_steps}.",
                fix="pass 2 or more, or None for none.",
            )
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._trainable_variables: list[Any] = []
        self._places: dict[int, int] = {}
        self._excluded: set[int] = set()
        self._excluded_names: re.Pattern[str] | None = None
        self._shared: dict[Any, Any] | None = None
        self._iterations = self._own_variable(0, "iteration", "int32")
        self._learning_rate: Any = learning_rate if callable(learning_rate) else self._rate_variable(learning_rate)

    # Variables

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("_variables", "_trainable_variables"):
            self._track(value)
        super().__setattr__(name, value)

    def _track(self, value: Any) -> None:
        """Remember variables that become attributes, alone or in lists: they are part of the saved state."""
        if isinstance(value, Variable):
            known = self.__dict__.get("_known")
            if known is None:
                raise StateError(
                    f"{type(self).__name__} was given variables before it was ready.",
                    fix="call super().__init__(...) first in its __init__.",
                )
            if id(value) not in known:
                known.add(id(value))
                self._variables.append(value)
        elif type(value) in (list, tuple):
            for item in value:
                self._track(item)

    def _own_variable(self, value: Any, name: str, dtype: str) -> Variable:
        with name_scope(self.name, caller=self):
            return Variable(value, dtype=dtype, trainable=False, aggregation="only_first_replica", name=name)

    def _rate_variable(self, learning_rate: Any) -> Variable:
        try:
            rate = float(learning_rate)
        except (TypeError, ValueError):
            raise ArgumentError(
                f"{learning_rate!r} is not a learning rate.",
                fix="pass a float, a keras.optimizers.schedules object, or a function of no arguments.",
            ) from None
        return self._own_variable(rate, "learning_rate", settings.floatx())

    @property
    def variables(self) -> list[Variable]:
        """Its variables, in the order in which files keep them: iteration, learning rate, then the slots."""
        return self._variables[:]

    @property
    def iterations(self) -> Any:
        """How many updates were made."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next step; setting it gives the variable another value, or takes another
        schedule."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate() if callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        if callable(learning_rate):
            if isinstance(self._learning_rate, Variable):
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = learning_rate
        elif isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(learning_rate)
        elif isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeError(
                f"the learning rate of {self.name} follows a schedule and can't be set to {learning_rate!r}; "
                "make the optimizer with a float to be able to set it"
            )
        else:
            self._learning_rate = self._rate_variable(learning_rate)

    def build(self, variables: Sequence[Any]) -> None:
        """Make the slots for these variables; called before the first update."""
        variables = list(variables)
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = [
                self.add_variable_from_reference(variable, name="gradient_accumulator") for variable in variables
            ]
        self._places = {id(variable): place for place, variable in enumerate(variables)}
        self._trainable_variables = variables
        self.built = True

    def _get_variable_index(self, variable: Any) -> int:
        return self._places[id(variable)]

    def slot(self, slots: Sequence[Any], variable: Any) -> Any:
        """The one of `slots` that belongs to a variable."""
        return slots[self._places[id(variable)]]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new variable that belongs to the optimizer.

        Args:
            shape: its shape.
            initializer: its first value; see `keras.initializers.get`.
            dtype: its dtype; `floatx()` by default.
            aggregation: how replicas are combined where training is spread over devices.
            layout: accepted; it matters where a model is spread over devices.
            name: its name.
        """
        with name_scope(self.name, caller=self):
            variable = Variable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                layout=layout,
                name=name,
            )
        self._track(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A new variable of the shape and dtype of another one: a slot.

        Args:
            reference_variable: the variable of the model.
            name: what the slot is ("momentum"); its name has the path of the variable before it.
            initializer: its first value.
        """
        path = getattr(reference_variable, "path", None)
        if path is None:
            path = str(reference_variable.name).replace(":", "_")
        return self.add_variable(
            reference_variable.shape,
            initializer=initializer,
            dtype=reference_variable.dtype,
            name=f"{path.replace('/', '_')}_{name or 'var'}",
        )

    def add_optimizer_variables(self, trainable_variables: Sequence[Any], name: Any, initializer: Any = "zeros") -> Any:
        """A list of slots, one per variable; or, for a list of names, such a list for each name.

        Args:
            trainable_variables: the variables of the model.
            name: what the slots are; one name or a list.
            initializer: their first value; one for all, or one per name.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(starts) != len(names):
            raise ArgumentError(
                f"{len(starts)} initializers for {len(names)} names of slots.", fix="pass one per name."
            )
        slots: tuple[list[Any], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for each, slot_name, start in zip(slots, names, starts, strict=True):
                replaced = getattr(variable, "overwrite_with_gradient", False)
                each.append(None if replaced else self.add_variable_from_reference(variable, slot_name, start))
        return slots[0] if isinstance(name, str) else slots

    # Updates

    def assign(self, variable: Any, value: Any) -> None:
        """Give a variable another value; updates go through here."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    def once(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What `compute` returns, computed at most once in a step: for numbers that all variables share."""
        if self._shared is None:
            return compute()
        if key not in self._shared:
            self._shared[key] = compute()
        return self._shared[key]

    def step_in(self, dtype: Any) -> Any:
        """The number of the update being made, from 1 on, as a float of `dtype`."""
        return self.once(("step", str(dtype)), lambda: ops.cast(ops.add(self.iterations, 1), dtype))

    def rate_in(self, learning_rate: Any, dtype: Any) -> Any:
        """The learning rate in `dtype`."""
        return self.once(("rate", str(dtype)), lambda: ops.cast(learning_rate, dtype))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        raise UnsupportedError(
            f"{type(self).__name__} updates nothing.",
            fix="define update_step(self, gradient, variable, learning_rate).",
        )

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> Any:
        """Update variables.

        Args:
            grads_and_vars: pairs of gradient and variable.
        Returns: the variable that counts steps.
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Update variables.

        Args:
            grads: one gradient per variable; None for a variable that the loss does not depend on.
            trainable_variables: the variables; those that the optimizer was built for, by default.
        Raises: StateError if it was built for other variables; ShapeError if numbers differ; ArgumentError without
        gradients.
        """
        if len(grads) == 0:
            return
        with layer_scope(f"optimizer {self.name!r}"):
            self._apply(grads, trainable_variables)

    def _apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None) -> None:
        variables = self._variables_of_step(grads, trainable_variables)
        grads, variables = _with_gradients(grads, variables)
        grads, variables = _without_replaced(grads, variables)
        if grads:
            if self.loss_scale_factor is not None:
                grads = [ops.multiply(gradient, 1.0 / self.loss_scale_factor) for gradient in grads]
            if self.gradient_accumulation_steps:
                self._accumulate(grads, variables)
            else:
                self._update(grads, variables)
            if self.use_ema:
                self._update_averages()
            for variable in variables:
                if getattr(variable, "constraint", None) is not None:
                    variable.assign(variable.constraint(ops.convert_to_tensor(variable)))
        self._iterations.assign_add(1)

    def _variables_of_step(self, grads: Sequence[Any], given: Sequence[Any] | None) -> list[Any]:
        if given is None and not self.built:
            raise StateError(
                f"{self.name} was given gradients, but never the variables that they belong to.",
                fix="pass the variables, or call build(variables) first.",
            )
        variables = list(self._trainable_variables if given is None else given)
        if len(grads) != len(variables):
            raise ShapeError(
                f"{len(grads)} gradients for {len(variables)} variables.", fix="pass one gradient per variable."
            )
        if not self.built:
            with name_scope(self.name, caller=self):
                self.build(variables)
            self.built = True
        for variable in variables:
            if id(variable) not in self._places:
                raise StateError(
                    f"{self.name} was built for other variables than {getattr(variable, 'path', variable.name)!r}.",
                    fix="make a new optimizer for new variables, or build(variables) with all of them first.",
                )
        return variables

    def _update(self, grads: Sequence[Any], variables: Sequence[Any]) -> None:
        self._shared = {}
        try:
            rate = ops.convert_to_tensor(self.learning_rate)
            grads = self._clip_gradients(grads)
            self._apply_weight_decay(variables)
            self._backend_update_step(grads, variables, rate)
        finally:
            self._shared = None

    def _backend_update_step(self, grads: Sequence[Any], variables: Sequence[Any], learning_rate: Any) -> None:
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(ops.convert_to_tensor(gradient, dtype=variable.dtype), variable, learning_rate)

    def _accumulate(self, grads: Sequence[Any], variables: Sequence[Any]) -> None:
        steps = self.gradient_accumulation_steps
        assert steps is not None
        totals = [self.slot(self._accumulated_gradients, variable) for variable in variables]
        sums = [ops.add(gradient, total) for gradient, total in zip(grads, totals, strict=True)]

        def update() -> None:
            self._update([ops.multiply(total, 1.0 / steps) for total in sums], variables)
            for total in self._accumulated_gradients:
                total.assign(ops.zeros(total.shape, dtype=total.dtype))

        def wait() -> None:
            for total, value in zip(totals, sums, strict=True):
                total.assign(value)

        last = ops.equal(ops.mod(ops.add(self._iterations, 1), steps), 0)
        ops.cond(last, update, wait)

    def _clip_gradients(self, grads: Sequence[Any]) -> Sequence[Any]:
        if self.clipnorm:
            return [clipping.by_norm(gradient, self.clipnorm) for gradient in grads]
        if self.global_clipnorm:
            return clipping.by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue:
            return [ops.clip(gradient, -self.clipvalue, self.clipvalue) for gradient in grads]
        return grads

    def scale_loss(self, loss: Any) -> Any:
        """The loss whose gradients `apply` expects."""
        return loss if self.loss_scale_factor is None else ops.multiply(loss, self.loss_scale_factor)

    # Weight decay

    def exclude_from_weight_decay(
        self, var_list: Sequence[Any] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Leave variables out of weight decay.

        Args:
            var_list: variables.
            var_names: patterns; a variable whose name contains one is left out.
        Raises: StateError once the optimizer is built.
        """
        if self.built:
            raise StateError(f"{self.name} is built already.", fix="exclude variables before the first step.")
        self._excluded = {id(variable) for variable in var_list or ()}
        self._excluded_names = re.compile("|".join(var_names)) if var_names else None

    def _use_weight_decay(self, variable: Any) -> bool:
        if id(variable) in self._excluded:
            return False
        return self._excluded_names is None or self._excluded_names.search(variable.name) is None

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        if self.weight_decay is not None:
            for variable in variables:
                if self._use_weight_decay(variable):
                    self._decay(variable, self.weight_decay)

    def _decay(self, variable: Any, amount: float) -> None:
        dtype = variable.dtype
        kept = self.once(
            ("decay", str(dtype), amount),
            lambda: ops.subtract(1.0, ops.multiply(ops.cast(self.learning_rate, dtype), amount)),
        )
        variable.assign(ops.multiply(variable, kept))

    # Moving averages

    def _update_averages(self) -> None:
        begun = ops.not_equal(self.iterations, 0)
        pairs = [pair for pair in self._with_averages(self._trainable_variables) if pair[1] is not None]
        kept = {}
        for variable, average in pairs:
            if str(variable.dtype) not in kept:
                kept[str(variable.dtype)] = ops.multiply(ops.cast(begun, variable.dtype), self.ema_momentum)
            momentum = kept[str(variable.dtype)]
            value, mean = ops.convert_to_tensor(variable), ops.convert_to_tensor(average)
            average.assign(ops.add(ops.multiply(mean, momentum), ops.multiply(value, ops.subtract(1.0, momentum))))
        if self.ema_overwrite_frequency:
            due = ops.equal(ops.mod(ops.add(self.iterations, 1), self.ema_overwrite_frequency), 0)
            for variable, average in pairs:
                variable.assign(ops.where(due, average, variable))

    def _with_averages(self, variables: Sequence[Any]) -> list[tuple[Any, Any]]:
        averages = self._model_variables_moving_average
        if len(variables) != len(averages):
            raise ShapeError(
                f"{self.name} keeps averages of {len(averages)} variables, not of {len(variables)}.",
                fix="pass the variables that it was built for.",
            )
        return list(zip(variables, averages, strict=True))

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """End training: with `use_ema`, variables are set to their averages."""
        if self.use_ema:
            for variable, average in self._with_averages(var_list):
                if average is not None:
                    variable.assign(average)

    # State and config

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """What the variables would be after an update; nothing is changed.

        Args:
            optimizer_variables: values for `variables`.
            grads: one gradient per variable of the model.
            trainable_variables: values for the variables that the optimizer was built for.
        Returns: new values of the model's and of the optimizer's variables.
        """
        from headwater.keras import StatelessScope

        if not self.built:
            raise StateError(f"{self.name} has no slots yet.", fix="call build(variables) first.")
        mine, theirs = self.variables, self._trainable_variables
        if len(optimizer_variables) != len(mine) or len(trainable_variables) != len(theirs):
            raise ShapeError(
                f"{len(optimizer_variables)} and {len(trainable_variables)} values for {len(mine)} variables of the "
                f"optimizer and {len(theirs)} of the model.",
                fix="pass one value per variable, in their order.",
            )
        mapping = [*zip(theirs, trainable_variables, strict=True), *zip(mine, optimizer_variables, strict=True)]
        with StatelessScope(state_mapping=mapping) as scope:
            self.apply(grads)
        return [scope.get_current_value(v) for v in theirs], [scope.get_current_value(v) for v in mine]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give all variables other values, in the order of `variables`."""
        if not self.built:
            raise StateError(f"{self.name} has no slots yet.", fix="call build(variables) first.")
        for variable, weight in zip(self.variables, weights, strict=False):
            variable.assign(weight)

    def get_weights(self) -> list[Any]:
        """The values of all variables, as NumPy arrays."""
        return [variable.numpy() for variable in self.variables]

    def save_own_variables(self, store: Any) -> None:
        """Put the values of all variables into a store, under "0", "1" and so on."""
        for place, variable in enumerate(self.variables):
            store[str(place)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the values of all variables from a store; with a warning, none if their number differs."""
        variables = self.variables
        if len(store.keys()) != len(variables):
            warnings.warn(
                f"the state of optimizer {self.name!r} was not loaded: it has {len(variables)} variables, the file "
                f"{len(store.keys())}. It trains from a fresh state.",
                stacklevel=2,
            )
            return
        for place, variable in enumerate(variables):
            variable.assign(store[str(place)])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        return {
            "name": self.name,
            "learning_rate": self._rate_in_config(),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    def _rate_in_config(self) -> Any:
        if isinstance(self._learning_rate, Variable):
            return float(self._learning_rate.numpy())
        from headwater.keras.saving import serialize_keras_object

        return serialize_keras_object(self._learning_rate)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
        """The optimizer that `get_config` described."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            from headwater.keras.saving import deserialize_keras_object

            config["learning_rate"] = deserialize_keras_object(config["learning_rate"], custom_objects=custom_objects)
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _check_unknown(kind: str, arguments: dict[str, Any]) -> None:
    if arguments.pop("decay", None) is not None:
        warnings.warn("decay is ignored: pass a keras.optimizers.schedules object as the learning rate.", stacklevel=4)
    if arguments:
        hint = "lr is called learning_rate." if "lr" in arguments else "leave it out."
        raise ArgumentError(f"{kind} takes no argument {', '.join(map(repr, arguments))}.", fix=hint)


def _check_clipping(clipnorm: Any, clipvalue: Any, global_clipnorm: Any) -> None:
    given = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) > 1:
        raise ArgumentError(
            f"gradients can be clipped in one way, not by {' and '.join(given)}.", fix="pass one of them."
        )
    for name, value in given.items():
        if not value >= 0:
            raise ArgumentError(f"{name} is {value}.", fix="pass a number above 0, or None for no clipping.")


def _check_ema(momentum: float, frequency: int | None) -> None:
    if not 0 <= momentum <= 1:
        raise ArgumentError(f"ema_momentum is {momentum}.", fix="pass a share between 0 and 1.")
    if frequency and (not isinstance(frequency, int) or frequency < 1):
        raise ArgumentError(f"ema_overwrite_frequency is {frequency!r}.", fix="pass a number of steps, or None.")


def _with_gradients(grads: Sequence[Any], variables: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Gradients and variables without those that have none; with a warning."""
    pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
    if not pairs:
        raise ArgumentError(
            "no variable has a gradient.", fix="check that the loss is computed from the variables, inside the tape."
        )
    if len(pairs) < len(grads):
        missing = [getattr(v, "path", v.name) for g, v in zip(grads, variables, strict=True) if g is None]
        warnings.warn(
            f"the loss does not depend on the variables {', '.join(missing)}: they stay as they are.", stacklevel=4
        )
    return [gradient for gradient, _ in pairs], [variable for _, variable in pairs]


def _without_replaced(grads: Sequence[Any], variables: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Variables marked so take their "gradient" as their new value; the others are left to be updated."""
    left = []
    for gradient, variable in zip(grads, variables, strict=True):
        if getattr(variable, "overwrite_with_gradient", False):
            variable.assign(gradient)
        else:
            left.append((gradient, variable))
    return [gradient for gradient, _ in left], [variable for _, variable in left]
