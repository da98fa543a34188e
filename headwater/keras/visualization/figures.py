"""Figures: matplotlib's, made without a screen, so that a script on a server draws as a notebook does."""

from __future__ import annotations

import os
from typing import Any

from headwater.errors import UnsupportedError


def new_figure(**options: Any) -> Any:
    """A matplotlib figure that no window belongs to; a notebook shows it as the value of a cell.

    Args:
        options: of `matplotlib.figure.Figure`, e.g. `figsize` in inches.
    Raises: UnsupportedError without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UnsupportedError(
            "drawing needs matplotlib, which is not installed.", fix="pip install matplotlib."
        ) from None
    return Figure(**options)


def finished(figure: Any, to_file: str | os.PathLike | None, dpi: float = 110) -> Any:
    """The figure, saved if `to_file` names a file; its ending says what kind: .png, .svg, .pdf, .jpg."""
    if to_file is not None:
        figure.savefig(to_file, dpi=dpi, bbox_inches="tight")
    return figure
