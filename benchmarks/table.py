"""Plain-text tables that are Markdown too, and the figures in them."""

from statistics import median


def markdown(header, rows):
    """A Markdown table with its columns aligned, as one string."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def time_text(seconds):
    """Seconds in the unit that reads best: "0.42 s", "3.1 ms", "870 us"."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def spread(values, text=time_text):
    """Median and, in brackets, the smallest and the largest."""
    return f"{text(median(values))} ({text(min(values))} - {text(max(values))})"


def comparison_table(figures):
    """The table of one workload, the ratio to the best peer, and the ratio to the floor, as text."""
    systems = {name: mine for name, mine in figures.items() if isinstance(mine, dict)}
    rows = [
        [
            name,
            spread(mine["step"]),
            time_text(mine["first_step"]),
            time_text(mine["import"]),
            time_text(mine["row"]),
            f"{mine['peak']:.0f} MB",
            f"{mine['loss'][-1]:.4f}",
        ]
        for name, mine in sorted(systems.items(), key=lambda item: median(item[1]["step"]))
    ]
    header = ["system", "step (min - max)", "first step", "import", "one row", "peak memory", "loss"]
    lines = [markdown(header, rows)]
    ours = median(systems["headwater"]["step"])
    if len(systems) > 1:
        ratios = spread(ratios_to_best_peer(systems), lambda ratio: f"{ratio:.2f}x")
        lines.append(f"headwater against the fastest peer: {ratios} faster per step")
    if "floor" in figures:
        lines.append(f"headwater against the floor of {time_text(figures['floor'])}: {ours / figures['floor']:.2f}x")
    return "\n".join(lines)


def ratios_to_best_peer(systems):
    """In each round, the step of the fastest peer divided by Headwater's: above 1 Headwater is faster."""
    peers = [mine["step"] for name, mine in systems.items() if name != "headwater"]
    return [min(steps) / ours for ours, *steps in zip(systems["headwater"]["step"], *peers, strict=True)]
