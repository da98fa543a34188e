"""Randomness of pipelines: what stage i of a pass draws for its element follows from its seed, the pass and i alone.

So a pass that is taken up in the middle, or whose elements are computed in parallel, draws what it would have drawn
anyway.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from headwater.data.stage import EpochCounter, Run
from headwater.frontend.generator import derived_words, session_seed

_BLOCK = 1024  # draws made at once
_made: dict[tuple[int, int], int] = {}


def _session_draw() -> list[int] | None:
    """Words that follow from `tf.random.set_seed` and how many pipelines drew from it since; None if it was never
    called."""
    session = session_seed()
    if session is None:
        return None
    if session not in _made:
        _made.clear()
    _made[session] = _made.get(session, -1) + 1
    return [session[0] & (2**64 - 1), _made[session]]


class Seed:
    """What a stage's draws follow from.

    Args:
        seed: an int; None for one that follows from `tf.random.set_seed`, or, if that was never called, from nothing.
        fresh: whether each pass draws anew.
    """

    def __init__(self, seed: Any = None, fresh: bool = True) -> None:
        self.fresh = fresh
        self.words = self._words(seed)
        self.counter = EpochCounter()

    @staticmethod
    def _words(seed: Any) -> list[int]:
        if seed is None:
            return derived_words() or _session_draw() or [secrets.randbits(63), secrets.randbits(63)]
        words = [int(word) & (2**64 - 1) for word in np.ravel(np.asarray(seed))]
        session = session_seed()
        return words if session is None else [*words, session[0] & (2**64 - 1)]

    def draws(self, run: Run) -> Draws:
        """The draws of a pass that begins."""
        return Draws(self, run)


def seeds_of(stage: Any, run: Run) -> list[Any]:
    """The seeds of all stages of a pipeline, and which passes of theirs come next: one that followed from nothing
    would be drawn anew in another process."""
    found = [seed for part in stage.walk() for seed in part.seeds()]
    return [[run.epochs.get(seed.counter, seed.counter.passes), *map(str, seed.words)] for seed in found]


def restore_seeds(stage: Any, run: Run, state: list[Any]) -> None:
    """Let a pipeline that was not opened yet have the seeds of another."""
    seeds = [seed for part in stage.walk() for seed in part.seeds()]
    if len(seeds) != len(state):
        raise ValueError(f"{len(state)} seeds were saved, and there are {len(seeds)}")
    for seed, (epoch, *words) in zip(seeds, state):
        seed.words = [int(word) for word in words]
        run.epochs[seed.counter] = int(epoch)


class Draws:
    """The draws of one pass, in blocks of a stream that can be entered anywhere."""

    def __init__(self, seed: Seed, run: Run) -> None:
        self.seed, self.run = seed, run
        self.words = seed.words
        self.epoch = run.next_epoch(seed.counter) if seed.fresh else 0
        self.count = 0
        self._block: Any = None

    def generator(self, block: int) -> np.random.Generator:
        """A generator of NumPy that only this pass and block have."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([*self.words, self.epoch, block])))

    def next(self) -> float:
        """The next number from 0 up to 1."""
        place = self.count % _BLOCK
        if place == 0 or self._block is None:
            self._block = self.generator(self.count // _BLOCK).random(_BLOCK).tolist()
        self.count += 1
        return self._block[place]

    def permutation(self, size: int) -> np.ndarray:
        """An order of `size` things."""
        return self.generator(0).permutation(size)

    def state(self) -> dict[str, Any]:
        """Where it stands; the iterator's state has the seeds."""
        return {"epoch": self.epoch, "count": self.count}

    def restore(self, state: dict[str, Any]) -> None:
        """Go where `state` says; later passes of the run go on from there."""
        self.epoch, self.count, self._block = int(state["epoch"]), int(state["count"]), None
        if self.seed.fresh:
            self.run.note_epoch(self.seed.counter, self.epoch)
