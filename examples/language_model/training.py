"""How the scripts of this folder train: as the other applications do."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import draw_curves, finished, report, train

__all__ = ["draw_curves", "finished", "report", "train"]
