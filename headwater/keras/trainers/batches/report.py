"""What is told of how long steps waited for their data."""

from __future__ import annotations

import functools
from typing import Any

TELL_ABOVE = 0.25  # share of the time that steps may wait before `fit` says so
TELL_SECONDS = 1.0  # and the least time that is worth a word
EXPLAIN_SECONDS = 0.5  # that a pipeline runs again to find its slowest stage


class DataReport:
    """How long the steps of a run waited for their batches; printed, it is a few lines.

    Attributes:
        source: the kind of the source.
        steps: steps that were run.
        seconds: how long they took, with the waiting.
        waited: how long they waited for batches, in seconds.
        first: how long the first batch took: nothing can be made ready before it.
        threaded: whether batches were made ahead, in a thread.
    """

    def __init__(self, source: Any) -> None:
        self._source = source
        self.source = type(source).__name__
        self.steps = 0
        self.seconds = self.waited = self.first = 0.0
        self.threaded = False

    @property
    def share(self) -> float:
        """The share of the time that steps waited, from 0 to 1."""
        return self.waited / self.seconds if self.seconds else 0.0

    @functools.cached_property
    def stages(self) -> Any:
        """What the source says of its own stages: the table of `Dataset.explain`, for which it runs again for a moment;
        None for other sources."""
        explain = getattr(self._source, "explain", None)
        return explain(seconds=EXPLAIN_SECONDS, elements=max(self.steps, 1)) if callable(explain) else None

    @property
    def is_worth_telling(self) -> bool:
        """Whether steps waited so long that the user should know."""
        return self.share > TELL_ABOVE and self.waited > TELL_SECONDS

    @property
    def advice(self) -> str:
        """What makes batches come sooner."""
        if hasattr(self._source, "prefetch"):
            return "give its maps num_parallel_calls, cache what does not change, and end it with prefetch"
        if hasattr(self._source, "use_multiprocessing"):
            return "give it workers=2 or more, or use_multiprocessing=True if it computes in Python"
        return "make batches in less time, or through a keras.utils.PyDataset with workers or a tf.data.Dataset"

    @property
    def slowest(self) -> str:
        """The stage of a data set that takes longest, by name; empty if it does not say."""
        name = getattr(self.stages, "slowest", "")
        return str(name) if name else ""

    def __str__(self) -> str:
        each = self.waited / self.steps if self.steps else 0.0
        lines = [
            f"steps waited {self.share:.0%} of the time for batches of the {self.source}: "
            f"{self.waited:.2f} of {self.seconds:.2f} s, {each * 1e3:.2f} ms a step over {self.steps} steps "
            f"(the first batch: {self.first:.2f} s)"
        ]
        if self.share > TELL_ABOVE and self.slowest:
            lines.append(f"  slowest stage  {self.slowest}")
        if self.share > TELL_ABOVE:
            lines.append(f"  fix  {self.advice}.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<DataReport: {self.source}, waited {self.share:.0%} of {self.seconds:.2f} s>"
