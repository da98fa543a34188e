"""Progbar: a line that shows how far a loop is, in the form that Keras gave it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras.utils.io import print_msg

_BLOCK = "━"
_BOLD, _GREEN, _GREY, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


def _is_dynamic() -> bool:
    """True where a line can be written over: a terminal, a notebook, PyCharm's console."""
    is_terminal = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
    return is_terminal or "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ


def duration(seconds: float) -> str:
    """Seconds as "12s", "3:05" or "1:02:33".

    Example:
        >>> duration(12.3), duration(185), duration(3753)
        ('12s', '3:05', '1:02:33')
    """
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"


def per_unit(seconds: float, unit: str) -> str:
    """Time per unit as "2s/step", "247ms/step" or "35us/step".

    Example:
        >>> per_unit(0.247, "step")
        '247ms/step'
    """
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    return f"{seconds * 1e3:.0f}ms/{unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{unit}"


def shown_value(value: Any) -> str:
    """A number with four places, in powers of ten if it is small; others as they are."""
    if isinstance(value, str):
        return value
    mean = float(np.mean(value))
    return f"{mean:.4f}" if abs(mean) > 1e-3 else f"{mean:.4e}"


class Progbar:
    """A progress bar.

    Args:
        target: number of units in all; None if unknown.
        width: blocks of the bar.
        verbose: 1 for a bar, 2 for one line at the end, 0 for nothing.
        interval: least seconds between two drawings.
        stateful_metrics: names of values that are shown as given; others are averaged. Or
        stateless_metrics: names of values that are averaged; others are shown as given.
        unit_name: what is counted.
    Example:
        >>> bar = Progbar(target=2, verbose=2)
        >>> bar.update(2, [("loss", 0.5)])  # doctest: +ELLIPSIS
        2/2 - 0s - ...us/step - loss: 0.5000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError("metrics are named as stateful and as stateless.", fix="name one of the two kinds.")
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self.stateful_metrics = None if stateless_metrics is not None else set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.is_dynamic = _is_dynamic()
        self._colour = self.is_dynamic and not os.environ.get("NO_COLOR")
        self._values: dict[str, list[Any]] = {}  # sum and count
        self._seen = 0
        self._start = time.time()
        self._after_first: float | None = None
        self._last_drawn = 0.0
        self._previous_width = 0

    def due(self) -> bool:
        """True if enough time has passed since the last drawing; ten drawings a second are the most."""
        return time.time() - self._last_drawn >= max(self.interval, 0.1)

    def note(self, current: int) -> None:
        """Remember how far the loop is, without drawing."""
        if current == 1 and self._after_first is None:
            self._after_first = time.time()
        self._seen = current

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Go `n` units on."""
        self.update(self._seen + n, values)

    def update(
        self, current: int, values: Sequence[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Show that `current` units are done.

        Args:
            current: units that are done.
            values: pairs of name and value to be shown.
            finalize: whether this is the end of the line; by default, if the target is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._take(name, value, current, finalize)
        self._seen = current
        now = time.time()
        each = self._seconds_per_unit(current, now)
        if self.verbose == 1 and self.is_dynamic:
            if finalize or now - self._last_drawn >= self.interval:
                self._draw(current, now, each, finalize)
                self._last_drawn = now
        elif self.verbose == 1 and finalize:
            print_msg(self._plain_line(current, now, each))
        elif self.verbose == 2 and finalize and self.target:
            count = f"{current:{len(str(self.target))}d}/{self.target}"
            print_msg(f"{count} - {now - self._start:.0f}s - {per_unit(each, self.unit_name)}{self._shown_values()}")

    def _take(self, name: str, value: Any, current: int, finalize: bool) -> None:
        averaged = (
            name in self.stateless_metrics if self.stateless_metrics is not None else name not in self.stateful_metrics
        )
        if not averaged or finalize or isinstance(value, str):
            self._values[name] = [value, 1]
            return
        units = max(current - self._seen, 1)
        total, count = self._values.get(name, (0.0, 0))
        self._values[name] = [total + value * units, count + units]

    def _seconds_per_unit(self, current: int, now: float) -> float:
        """The first unit is left out where there are more: it often takes longest."""
        if not current:
            return 0.0
        if current == 1:
            self._after_first = now
        if self._after_first is not None and current > 1:
            return (now - self._after_first) / (current - 1)
        return (now - self._start) / current

    def _shown_values(self) -> str:
        shown = (
            (name, value if count == 1 else value / max(1, count)) for name, (value, count) in self._values.items()
        )
        return "".join(f" - {name}: {shown_value(value)}" for name, value in shown)

    def _painted(self, text: str, paint: str) -> str:
        return f"{paint}{text}{_PLAIN}" if self._colour and text else text

    def _bar(self, current: int, painted: bool) -> tuple[str, int]:
        """The count and the blocks, and how wide they are on the screen."""
        if not self.target:
            text = f"{current:7d}/Unknown"
            return text, len(text)
        count = f"{current:{len(str(self.target))}d}/{self.target}"
        done = int(self.width * min(1.0, current / self.target))
        width = len(count) + 1 + self.width
        if not painted:
            return f"{count} {_BLOCK * self.width}", width
        blocks = self._painted(_BLOCK * done, _GREEN) + self._painted(_BLOCK * (self.width - done), _GREY)
        return f"{self._painted(count, _BOLD)} {blocks}", width

    def _plain_line(self, current: int, now: float, each: float) -> str:
        bar, _ = self._bar(current, painted=False)
        return f"{bar} {now - self._start:.0f}s {per_unit(each, self.unit_name)}{self._shown_values()}"

    def _draw(self, current: int, now: float, each: float, finalize: bool) -> None:
        bar, width = self._bar(current, painted=True)
        left = bool(self.target) and not finalize
        clock = duration(each * (self.target - current)) if left else f"{now - self._start:.0f}s"  # type: ignore[operator]
        rest = f" {per_unit(each, self.unit_name)}{self._shown_values()}"
        width += 1 + len(clock) + len(rest)
        padding = " " * max(0, self._previous_width - width)
        message = "\b" * self._previous_width + "\r" + bar + " " + self._painted(clock, _BOLD) + rest + padding
        print_msg(message, line_break=finalize)
        self._previous_width = width
