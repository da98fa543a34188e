"""Generator: a stream of random numbers whose position is a variable, so that compiled functions move it on too."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.tracing import init_scope
from headwater.frontend.variable import Variable
from headwater.ops import random as draws
from headwater.ops.convert import convert_to_tensor

_streams = itertools.count()


def stateless_key(seed: Any) -> Any:
    """The key of a stateless draw: from a seed of one or two numbers, as TensorFlow has them, or a key itself."""
    tensor = convert_to_tensor(seed)
    if tensor.spec.shape == (4,):
        return ops.cast(tensor, "uint32")
    if tensor.spec.shape == (2,):
        return ops.pad(ops.cast(tensor, "uint32"), [[0, 2]])
    return draws.make_key(seed)


class Generator:
    """A stream of random numbers.

    Args:
        seed: where it starts; None for somewhere that nobody knows.
    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox4x32-10).
    """

    def __init__(self, copy_from: Any = None, state: Any = None, alg: Any = None, *, seed: int | None = None) -> None:
        with init_scope():
            if copy_from is not None:
                start = copy_from.state.value()
            elif state is not None:
                start = stateless_key(state)
            else:
                start = draws.make_key(secrets.randbits(63) if seed is None else int(seed) & (2**64 - 1))
            self._state = Variable(start, trainable=False, name=f"generator_{next(_streams)}")

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """A stream that starts at a seed."""
        return cls(seed=seed)

    @classmethod
    def from_state(cls, state: Any, alg: Any = None) -> Generator:
        """A stream that goes on from another one's `state`."""
        return cls(state=state)

    @classmethod
    def from_key_counter(cls, key: int, counter: int, alg: Any = None) -> Generator:
        """A stream at a place: its key, and how many draws were made."""
        words = [
            int(key) & 0xFFFFFFFF,
            int(key) >> 32 & 0xFFFFFFFF,
            int(counter) & 0xFFFFFFFF,
            int(counter) >> 32 & 0xFFFFFFFF,
        ]
        return cls(state=np.array(words, np.uint32))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A stream that starts somewhere nobody knows."""
        return cls()

    @property
    def state(self) -> Variable:
        """The variable with its four words."""
        return self._state

    def reset_from_seed(self, seed: int) -> None:
        """Start again at a seed."""
        self._state.assign(draws.make_key(int(seed) & (2**64 - 1)))

    def reset(self, state: Any) -> None:
        """Go on from a state."""
        self._state.assign(stateless_key(state))

    def next_key(self) -> Any:
        """The key of one draw: a uint32 tensor of four words. The stream moves on."""
        key = self._state.value()
        self._state.assign(draws.next_key(key))
        return key

    def split(self, count: int = 1) -> list[Generator]:
        """Streams that do not meet this one."""
        keys = draws.split(self.next_key(), count)
        return [Generator(state=keys[index]) for index in range(count)]

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for stateless draws: int64 (2, count)."""
        return ops.cast(draws.bits(self.next_key(), (2, count), "uint32"), "int64")

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: str | None = None
    ) -> Any:
        """Numbers from the normal distribution."""
        return draws.normal(self.next_key(), shape, mean, stddev, dtype)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: str | None = None
    ) -> Any:
        """Numbers from the normal distribution within two standard deviations of the mean."""
        return draws.truncated_normal(self.next_key(), shape, mean, stddev, dtype)

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: str | None = None
    ) -> Any:
        """Numbers from minval up to maxval, without it; 1 is the default end for floats, and whole numbers need one."""
        return uniform_of(self.next_key(), shape, minval, maxval, dtype)

    def uniform_full_int(self, shape: Any, dtype: Any = "uint64", name: str | None = None) -> Any:
        """Whole numbers of all bit patterns."""
        wide = "uint64" if convert_to_tensor(0, dtype).spec.dtype.size == 8 else "uint32"
        return ops.cast(draws.bits(self.next_key(), shape, wide), dtype)

    def binomial(self, shape: Any, counts: Any, probs: Any, dtype: Any = "int32", name: str | None = None) -> Any:
        """How many of `counts` trials succeed, each with probability `probs`."""
        return ops.cast(draws.binomial(self.next_key(), shape, counts, probs), dtype)


def uniform_of(key: Any, shape: Any, minval: Any, maxval: Any, dtype: Any) -> Any:
    """Uniform numbers for one key: floats, or whole numbers if `dtype` is one."""
    if as_dtype(dtype).is_integer:
        if maxval is None:
            raise ArgumentError(
                "whole random numbers need a maxval.", fix="pass maxval, the first number that does not occur."
            )
        return draws.randint(key, shape, minval, maxval, dtype)
    return draws.uniform(key, shape, minval, 1.0 if maxval is None else maxval, dtype)


_global: Generator | None = None
_seed: int | None = None
_times_seeded = 0
_operation_draws: dict[int, int] = {}


def global_generator() -> Generator:
    """The stream of draws that are given no generator."""
    global _global
    if _global is None:
        _global = Generator()
    return _global


def set_global_generator(generator: Generator) -> None:
    """Let draws that are given no generator use this one."""
    global _global
    _global = generator


def set_seed(seed: int) -> None:
    """Start the stream of all draws anew at a seed: a program gives the same numbers each time.

    Args:
        seed: an int; its lowest 64 bits count.
    """
    global _seed, _times_seeded
    _seed = int(seed)
    _times_seeded += 1
    _operation_draws.clear()
    global_generator().reset_from_seed(_seed)


def session_seed() -> tuple[int, int] | None:
    """The seed that `set_seed` was given last, and how often it was called; None if it never was."""
    return None if _seed is None else (_seed, _times_seeded)


class _Derived(threading.local):
    keys: Callable[[], Any] | None = None
    count = 0


_derived = _Derived()


@contextlib.contextmanager
def keys_derived_from(keys: Callable[[], Any]) -> Iterator[None]:
    """Let draws of this thread follow from keys and how many draws came before, and move no stream on: so what is
    computed for one element of a data set doesn't hang on what else is computed, or when.

    Args:
        keys: called at each draw; gives uint32 (2, 4): the key for draws from the session's stream, and the one that is
            folded with the seed of a generator of its own.
    """
    before = _derived.keys, _derived.count
    _derived.keys, _derived.count = keys, 0
    try:
        yield
    finally:
        _derived.keys, _derived.count = before


def derived_key(seed: Any = None, of_generator: bool = False) -> Any:
    """The key of the next draw inside `keys_derived_from`, folded with a seed if one is given; None outside."""
    if _derived.keys is None:
        return None
    _derived.count += 1
    key = draws.fold_in(_derived.keys()[int(of_generator)], _derived.count)
    return key if seed is None else draws.fold_in(key, seed)


def is_deriving() -> bool:
    """Whether this is inside `keys_derived_from`."""
    return _derived.keys is not None


def derived_words() -> list[int] | None:
    """Words that what is made inside `keys_derived_from` may draw from later; None outside."""
    if _derived.keys is None:
        return None
    _derived.count += 1
    return [*np.asarray(_derived.keys())[0].tolist(), _derived.count]


def draw_key(seed: int | None) -> Any:
    """The key of one draw: the next of the global stream; with a seed of its own, the next of the stream of both
    seeds. Inside `keys_derived_from`, one that follows from that key."""
    derived = derived_key(seed)
    if derived is not None:
        return derived
    if seed is None:
        return global_generator().next_key()
    count = _operation_draws.get(seed, 0)
    _operation_draws[seed] = count + 1
    return draws.fold_in(draws.fold_in(draws.make_key(0 if _seed is None else _seed & (2**64 - 1)), int(seed)), count)
