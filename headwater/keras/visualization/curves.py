"""plot_history: how training went, metric by metric."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.visualization.figures import finished, new_figure

_PLACE = 3.6  # inches, the height of a metric's axes


def plot_history(
    history: Any, metrics: Sequence[str] | str | None = None, to_file: str | os.PathLike | None = None
) -> Any:
    """Draw the curves of a training: a pair of axes for each metric, with validation beside it.

    Args:
        history: what `fit` returned, or its dict of lists.
        metrics: names of those to draw; by default all of them, the loss first.
        to_file: where to save the picture, if at all.
    Returns: the matplotlib figure.
    Raises: ArgumentError if nothing was recorded, or a metric is not among what was; UnsupportedError without
        matplotlib.
    Example:
        >>> figure = plot_history({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]})
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['training', 'validation']
    """
    values = history if isinstance(history, dict) else history.history
    names = [metrics] if isinstance(metrics, str) else list(metrics or _metrics_of(values))
    unknown = [name for name in names if name not in values]
    if unknown or not names:
        raise ArgumentError(
            f"{unknown[0]!r} was not recorded." if unknown else "no epoch was recorded.",
            fix=f"choose among {', '.join(values)}." if values else "train for an epoch first.",
        )
    epochs = None if isinstance(history, dict) else history.epoch
    figure = new_figure(figsize=(1.4 * _PLACE * len(names), _PLACE), layout="tight")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        _draw(axes, name, values, epochs)
    return finished(figure, to_file)


def _metrics_of(values: dict[str, Any]) -> list[str]:
    return [name for name in values if not (name.startswith("val_") and name[4:] in values)]


def _draw(axes: Any, name: str, values: dict[str, Any], epochs: Sequence[int] | None) -> None:
    from matplotlib.ticker import MaxNLocator

    for key, label in ((name, "training"), (f"val_{name}", "validation")):
        series = values.get(key)
        if series is None:
            continue
        # Validation may be of some epochs alone: then its values are taken for the last ones of even steps.
        numbers = _numbers(len(values[name]), epochs)
        step = max(1, len(numbers) // max(1, len(series)))
        axes.plot(numbers[step - 1 :: step][: len(series)], series, label=label, marker="." if len(series) < 15 else "")
    axes.set(xlabel="epoch", title=name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    if f"val_{name}" in values:
        axes.legend()


def _numbers(count: int, epochs: Sequence[int] | None) -> list[int]:
    """Numbers of the epochs, from 1; those before what `epochs` knows were of an earlier `fit`."""
    if epochs is not None and len(epochs) == count:
        return [epoch + 1 for epoch in epochs]
    return list(range(1, count + 1))
