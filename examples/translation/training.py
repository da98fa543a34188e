"""How the scripts of this folder train, as the other applications do, and where they look."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from application import draw_curves, finished, output_of, place, plt, report, start, train

__all__ = ["OUTPUT", "draw_attention", "draw_curves", "finished", "place", "report", "start", "train"]

OUTPUT = output_of(Path(__file__).parent.name)


def draw_attention(weights, source, target, path):
    """Where the decoder looked in the English (columns) when it wrote each piece of Italian (rows)."""
    figure, panel = plt.subplots(figsize=(1.5 + 0.42 * len(source), 1.2 + 0.3 * len(target)))
    panel.imshow(weights, cmap="Blues", vmin=0, aspect="auto")
    panel.set_xticks(range(len(source)), source, rotation=60, ha="left", rotation_mode="anchor")
    panel.set_yticks(range(len(target)), target)
    panel.xaxis.tick_top()
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
