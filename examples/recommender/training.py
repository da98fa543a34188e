"""What the scripts of this folder share with the other applications, and where their results go."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import Stopwatch, draw_curves, plt, report, train

__all__ = ["OUTPUT", "Stopwatch", "draw_curves", "plt", "report", "train"]

OUTPUT = Path(__file__).resolve().parents[1] / "output" / Path(__file__).parent.name
