"""Epochs: batches, an epoch at a time."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras import settings
from headwater.keras.trainers.batches.ahead import ahead_if_costly
from headwater.keras.trainers.batches.arrays import ArrayBatches
from headwater.keras.trainers.batches.report import DataReport
from headwater.keras.trainers.batches.streams import Batch, StreamBatches


class Epochs:
    """Goes through batches, an epoch at a time.

    Args:
        batches: the batches.
        steps: batches in an epoch; all of them by default.
        steps_name: the argument that says so, for messages.
    Attributes:
        report: how long was waited for batches.
    Raises: ArgumentError if the source is known to have no end, and steps are not given.
    """

    def __init__(
        self, batches: ArrayBatches | StreamBatches, steps: int | None = None, steps_name: str = "steps_per_epoch"
    ) -> None:
        self.batches = batches
        limit = settings.max_steps_per_epoch()
        if limit is not None:
            known = steps or batches.num_batches
            steps = limit if known is None else min(limit, known)
        if steps is None and isinstance(batches, StreamBatches) and batches.is_endless:
            raise ArgumentError(
                f"the {type(batches.source).__name__} has no end, so an epoch of it would have none.",
                fix=f"pass {steps_name}=, or take a part of it: dataset.take(1000).",
                where="",
            )
        self.steps = steps
        self.report = DataReport(getattr(batches, "source", None) or "arrays")
        self._open: Iterator[Batch] | None = None

    @property
    def num_steps(self) -> int | None:
        """Batches in an epoch, None if not known yet."""
        return self.steps or self.batches.num_batches

    def __iter__(self) -> Iterator[Batch]:
        """The batches of the next epoch, each the tensors and the structure that puts them together."""
        one = iter(self.batches) if self.steps is None else self._next_steps(self.steps)
        if isinstance(self.batches, StreamBatches) and not self.batches.is_cheap:
            one = ahead_if_costly(one, on_start=self._note_thread)
        yield from self._timed(one)
        self.batches.on_epoch_end()

    def _note_thread(self) -> None:
        self.report.threaded = True

    def _timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        report, clock = self.report, time.perf_counter
        begun = clock()
        try:
            while True:
                before = clock()
                try:
                    batch = next(batches)
                except StopIteration:
                    report.waited += clock() - before
                    return
                waited = clock() - before
                report.waited += waited
                if not report.steps:
                    report.first = waited
                report.steps += 1
                yield batch
        finally:
            report.seconds += clock() - begun
            batches.close()  # type: ignore[attr-defined]

    def _next_steps(self, steps: int) -> Iterator[Batch]:
        """So many batches, of the pass that the last epoch left, and of as many others as it takes."""
        done, fresh = 0, False
        while done < steps:
            if self._open is None:
                self._open, fresh = iter(self.batches), True
            batch = next(self._open, None)
            if batch is not None:
                fresh = False
                done += 1
                yield batch
                continue
            self._open = None
            if fresh or _is_exhausted(self.batches):
                warnings.warn(
                    f"the data ran out after {done} of {steps} steps of an epoch; "
                    "let it give steps * epochs batches, or repeat.",
                    stacklevel=3,
                )
                return

    def close(self) -> None:
        """End what is under way: threads, processes and open files of the source."""
        begun, self._open = self._open, None
        try:
            if begun is not None:
                begun.close()  # type: ignore[attr-defined]
            self.batches.close()
        except ValueError:  # a thread that was left behind is in the middle of a batch
            pass

    def __enter__(self) -> Epochs:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def _is_exhausted(batches: Any) -> bool:
    return isinstance(batches, StreamBatches) and batches.is_one_shot
