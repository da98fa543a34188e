"""How the scripts of this folder train: as the other applications do."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import draw_curves, finished, output_of, place, report, start, train

__all__ = ["OUTPUT", "draw_curves", "finished", "place", "report", "start", "train"]

OUTPUT = output_of(Path(__file__).parent.name)
