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
    """The tables of one workload, the ratios to the best peer, and the ratio to the floor, as text."""
    measured = {name: mine for name, mine in figures.items() if isinstance(mine, dict)}
    systems = {name: mine for name, mine in measured.items() if "failed" not in mine}
    ordered = sorted(systems.items(), key=lambda item: median(item[1]["step"]))
    rows = [
        [
            name,
            spread(mine["step"]),
            time_text(mine["first_step"]),
            time_text(mine["import"]),
            f"{mine['peak']:.0f} MB",
            f"{mine['loss'][-1]:.4f}",
            *[time_text(mine[column]) for column in _INFERENCE],
        ]
        for name, mine in ordered
    ]
    header = ["system", "step (min - max)", "first step", "import", "peak memory", "loss", *_INFERENCE]
    lines = [markdown(header, rows)]
    lines += [
        f"{name} fails: {mine['failed'].strip().splitlines()[-1]}"
        for name, mine in measured.items()
        if "failed" in mine
    ]
    ours = systems["headwater"]
    peers = {name: mine for name, mine in systems.items() if name != "headwater"}
    if peers:
        lines.append(f"training step, against the fastest peer: {_faster(ratios_to_best_peer(systems))}")
        keras = {name: mine for name, mine in systems.items() if name == "headwater" or name.startswith("keras")}
        if len(keras) > 1:
            lines.append(f"training step, against the fastest Keras: {_faster(ratios_to_best_peer(keras))}")
        for column in _INFERENCE:
            fastest = min(mine[column] for mine in peers.values())
            lines.append(f"{column}, against the fastest peer: {fastest / ours[column]:.2f}x as fast")
        leanest = min(mine["peak"] for mine in peers.values())
        lines.append(f"peak memory, of the leanest peer's: {ours['peak'] / leanest:.2f}")
    lines.append(
        f"headwater against the floor of {time_text(figures['floor'])}: {median(ours['step']) / figures['floor']:.2f}x"
    )
    return "\n".join(lines)


_INFERENCE = ("predict 1", "predict 64", "call 1", "call 64")


def _faster(ratios):
    return f"{spread(ratios, lambda ratio: f'{ratio:.2f}x')} as fast"


def ratios_to_best_peer(systems):
    """In each round, the step of the fastest peer divided by Headwater's: above 1 Headwater is faster."""
    peers = [mine["step"] for name, mine in systems.items() if name != "headwater"]
    return [min(steps) / ours for ours, *steps in zip(systems["headwater"]["step"], *peers, strict=True)]
