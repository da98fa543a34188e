"""What the scripts of this folder share with the other applications, and where their results go."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import Stopwatch, draw_curves, output_of, plt, report, start, train

__all__ = ["OUTPUT", "Stopwatch", "draw_curves", "plt", "report", "start", "train"]

OUTPUT = output_of(Path(__file__).parent.name)
