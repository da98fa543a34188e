"""What every initializer is: a callable from shape and dtype to a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from headwater.errors import ArgumentError, UnsupportedError


class Initializer:
    """Base of the initializers; a subclass gives `__call__(shape, dtype=None)` and `get_config()`.

    Example:
        >>> class Halves(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return ops.full(shape, 0.5, dtype=dtype)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        raise UnsupportedError(f"{type(self).__name__} has no values.", fix="define __call__(self, shape, dtype=None).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this initializer again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer that `get_config` described."""
        return cls(**config)

    def clone(self) -> Initializer:
        """A new initializer of the same config."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """An initializer that draws random numbers.

    Args:
        seed: an int (the same values at each call), a `keras.random.SeedGenerator` (new values at each call), or None
            (a seed drawn once from Python's generator, which `keras.utils.set_random_seed` seeds).
    """

    arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(self, seed: Any = None) -> None:
        from headwater.keras.random.seed_generator import SeedGenerator, make_default_seed

        self._init_seed = seed
        if isinstance(seed, dict):
            from headwater.keras.saving import deserialize_keras_object

            seed = deserialize_keras_object(seed)
        elif seed is None:
            seed = make_default_seed()
        elif not isinstance(seed, (int, SeedGenerator)):
            raise ArgumentError(f"{seed!r} is not a seed.", fix="pass an int or a keras.random.SeedGenerator.")
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this initializer again."""
        from headwater.keras.saving import serialize_keras_object

        config = {"seed": serialize_keras_object(self._init_seed)}
        config.update({name: getattr(self, name) for name in self.arguments})
        return config
