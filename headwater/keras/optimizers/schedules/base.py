"""What a schedule is: a callable from the step to the learning rate."""

from __future__ import annotations

from typing import Any, ClassVar

from headwater import ops
from headwater.errors import ArgumentError, UnsupportedError
from headwater.keras import settings


class LearningRateSchedule:
    """Base of the schedules; a subclass gives `__call__(step)` and `get_config()`.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 * 0.5 ** ops.cast(step, "float32")
        >>> round(float(Halving()(1)), 6)
        0.05
    """

    arguments: ClassVar[tuple[str, ...]] = ()

    def __call__(self, step: Any) -> Any:
        raise UnsupportedError(f"{type(self).__name__} gives no learning rate.", fix="define __call__(self, step).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        if not self.arguments:
            raise UnsupportedError(f"{type(self).__name__} can't be saved.", fix="define get_config(self).")
        return {name: getattr(self, name) for name in self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule that `get_config` described."""
        return cls(**config)


def as_float(step: Any) -> Any:
    """A step as a float tensor."""
    return ops.cast(step, settings.floatx())


def check_steps(name: str, steps: float) -> None:
    """Refuse a decay over no steps.

    Raises: ArgumentError if `steps` is not above 0.
    """
    if steps <= 0:
        raise ArgumentError(f"{name} is {steps}: a decay takes steps.", fix="pass a number above 0.")
