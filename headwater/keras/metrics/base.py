"""Metric: variables that batches are added to, and a result that is read from them.

Updates are assignments to variables, so they work eagerly and inside a compiled program alike; nothing is read back to
the host until someone asks for a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from headwater import ops
from headwater.errors import ShapeError, StateError, UnsupportedError
from headwater.keras import dtype_policies, initializers, settings
from headwater.keras.name_scope import name_scope
from headwater.keras.utils.naming import auto_name
from headwater.keras.variable import Variable


class Metric:
    """Base of the metrics. A subclass makes variables in `__init__`, and gives `update_state` and `result`.

    Args:
        dtype: dtype, or dtype policy, to compute in; `floatx()` by default.
        name: name of the metric in logs; made from the class by default.
    Example:
        >>> class Count(Metric):
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.total = self.add_variable((), "zeros", name="total")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.total.assign_add(len(y_true))
        ...     def result(self):
        ...         return self.total.value
        >>> float(Count()([1, 2, 3], None))
        3.0
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._variables: list[Variable] = []
        self._metrics: list[Metric] = []
        self.name = name or auto_name(type(self).__name__)
        self._dtype_policy = dtype_policies.get(dtype or settings.floatx())
        self._dtype = self._dtype_policy.compute_dtype

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("_variables", "_metrics"):
            self._track(value)
        super().__setattr__(name, value)

    def _track(self, value: Any) -> None:
        """Remember variables and metrics that become attributes, alone or in lists."""
        if isinstance(value, Variable):
            if not any(value is known for known in self._own_variables()):
                self._variables.append(value)
        elif isinstance(value, Metric):
            if not any(value is known for known in self._metrics):
                self._metrics.append(value)
        elif type(value) in (list, tuple):
            for item in value:
                self._track(item)

    def _own_variables(self) -> list[Variable]:
        try:
            return self._variables
        except AttributeError:
            raise StateError(
                f"{type(self).__name__} was given variables before it was ready.",
                fix="call super().__init__() first in its __init__.",
            ) from None

    @property
    def dtype(self) -> str:
        """The dtype that the metric is computed in."""
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """Its variables, and those of metrics inside it."""
        return [*self._variables, *(variable for metric in self._metrics for variable in metric.variables)]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A new variable that belongs to the metric.

        Args:
            shape: its shape.
            initializer: its first value; see `keras.initializers.get`.
            dtype: its dtype; `floatx()` by default.
            aggregation: how replicas are combined where training is spread over devices.
            name: its name.
        """
        self._own_variables()
        with name_scope(self.name.replace("/", ">"), caller=self):
            variable = Variable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                synchronization="on_read",
                name=name,
            )
        self._track(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """The older name of `add_variable`."""
        return self.add_variable(shape, initializer or "zeros", dtype=dtype, name=name)

    def reset_state(self) -> None:
        """Start over: all variables become 0."""
        for variable in self.variables:
            variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    reset_states = reset_state

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch."""
        raise UnsupportedError(f"{type(self).__name__} measures nothing.", fix="define update_state(self, ...).")

    def result(self) -> Any:
        """The value of the metric over all batches since the last reset."""
        raise UnsupportedError(f"{type(self).__name__} has no result.", fix="define result(self).")

    def merge_state(self, metrics: Iterable[Metric]) -> None:
        """Add what other metrics of the same kind have gathered.

        Raises: ShapeError if their variables differ from this metric's.
        """
        for other in metrics:
            mine, theirs = self.variables, other.variables
            if [tuple(v.shape) for v in mine] != [tuple(v.shape) for v in theirs]:
                raise ShapeError(
                    f"{self} can't take over what {other} gathered.", fix="merge metrics made with the same arguments."
                )
            for variable, addend in zip(mine, theirs, strict=True):
                variable.assign_add(addend)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What the variables would be after an update, starting from `metric_variables`; the metric stays as it is."""
        with self._in_place_of(metric_variables) as scope:
            self.update_state(*args, **kwargs)
        return _values_after(scope, self.variables)

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """What the result would be if `metric_variables` were the values of its variables."""
        with self._in_place_of(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """What the variables would be after a reset."""
        from headwater.keras import StatelessScope

        with StatelessScope() as scope:
            self.reset_state()
        return _values_after(scope, self.variables)

    def _in_place_of(self, values: Sequence[Any]) -> Any:
        from headwater.keras import StatelessScope

        variables = self.variables
        if len(values) != len(variables):
            raise ShapeError(
                f"{len(values)} values for the {len(variables)} variables of {self}.",
                fix="pass one per variable, in their order.",
            )
        return StatelessScope(state_mapping=list(zip(variables, values, strict=True)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _values_after(scope: Any, variables: Sequence[Variable]) -> list[Any]:
    values = [scope.get_current_value(variable) for variable in variables]
    return [variable if value is None else value for variable, value in zip(variables, values, strict=True)]
