"""SeedGenerator: a state that gives a new key for each draw, also inside compiled functions.

The state is a variable of two numbers, seed and count of draws, as in Keras's files. The key that the counter-based
generator takes (four numbers) has the seed and the count in its first two: other streams, not other places of one
stream.
"""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.frontend import generator
from headwater.keras.utils.naming import auto_name

_MASK = 2**32 - 1
_STEP = np.array([0, 1], dtype=np.uint32)


_seeding: tuple[int, int] | None = None
_python_stream: Any = python_random


def make_default_seed() -> int:
    """A seed for what was given none: from Python's generator; from its seed once `tf.random.set_seed` was called."""
    global _seeding, _python_stream
    if _seeding != generator.session_seed():
        _seeding = generator.session_seed()
        _python_stream = python_random if _seeding is None else python_random.Random(_seeding[0])
    return _python_stream.randint(1, int(1e9))


class SeedGenerator:
    """Gives another key at each draw.

    Args:
        seed: int that the sequence of keys follows from; None for one from Python's generator.
        name: name of the generator.
    Raises: ArgumentError if the seed is no int.
    Example:
        >>> generator = SeedGenerator(seed=7)
        >>> generator.get_config()["seed"]
        7
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        kwargs.pop("backend", None)
        if kwargs:
            raise ArgumentError(f"SeedGenerator takes no argument {', '.join(kwargs)}.", fix="pass seed and name.")
        from headwater.keras.name_scope import name_scope
        from headwater.keras.variable import Variable

        self.name = name or auto_name(type(self).__name__)
        self._initial_seed = seed
        seed = make_default_seed() if seed is None else seed
        if not isinstance(seed, (int, np.integer)):
            raise ArgumentError(f"{seed!r} is not a seed.", fix="pass an int.")
        start = np.array([int(seed) & _MASK, 0], dtype=np.uint32)
        with name_scope(self.name):
            self.state = Variable(
                start, dtype="uint32", trainable=False, aggregation="none", name="seed_generator_state"
            )

    def next(self, ordered: bool = True) -> Any:
        """The next pair of seed and count; the state moves on. In the map of a data set, a pair that follows from the
        seed and the element alone."""
        now = ops.convert_to_tensor(self.state)
        derived = generator.derived_key(now[0], of_generator=True)
        if derived is not None:
            return derived[:2]
        self.state.assign(ops.add(now, _STEP))
        return now

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this generator again."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator that `get_config` described."""
        return cls(**config)


_global_generator: SeedGenerator | None = None


def global_seed_generator() -> SeedGenerator:
    """The generator of draws that are given no seed."""
    global _global_generator
    if _global_generator is None:
        _global_generator = SeedGenerator(name="global_seed_generator")
    return _global_generator


def reset_global_generator(seed: int | None = None) -> None:
    """Start the generator of draws without seed anew.

    Its variable is kept, if there is one, because compiled functions may hold it.
    """
    global _global_generator
    if _global_generator is not None:
        seed = make_default_seed() if seed is None else seed
        _global_generator.state.assign(np.array([seed & _MASK, 0], dtype=np.uint32))
    elif seed is not None:
        _global_generator = SeedGenerator(seed, name="global_seed_generator")


def draw_key(seed: Any) -> Any:
    """The key of one draw: four uint32.

    Args:
        seed: an int (always the same key), a SeedGenerator (a new key each time), or None (a new key from the
            session's).
    Raises: ArgumentError for anything else.
    """
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return ops.convert_to_tensor(np.array([int(seed) & _MASK, 0, 0, 0], dtype=np.uint32))
    if seed is None:
        seed = global_seed_generator()
    if isinstance(seed, SeedGenerator):
        return ops.pad(seed.next(), [[0, 2]])
    raise ArgumentError(f"{seed!r} is not a seed.", fix="pass an int or a keras.random.SeedGenerator.")
