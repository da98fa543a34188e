"""The summary of a model: a table of layers, output shapes and numbers of parameters, drawn as Keras draws it."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Sequence
from typing import Any

from headwater.errors import ArgumentError, HeadwaterError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer
from headwater.keras.models.costs import Costs
from headwater.keras.models.functional import Functional
from headwater.keras.utils.sizes import readable_size, variable_bytes


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
    show_costs: bool = False,
) -> None:
    """Print the summary of a model; the arguments are those of `Model.summary`."""
    text = summary_text(model, line_length, positions, expand_nested, show_trainable, layer_range, show_costs)
    if print_fn is not None:
        print_fn(text)
        return
    from headwater.keras.utils.io import print_msg

    print_msg(text, line_break=False)


def summary_text(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
    show_costs: bool = False,
) -> str:
    """The summary of a model as text."""
    operations = model.operations if isinstance(model, Functional) else model.layers
    chain = not isinstance(model, Functional) or _is_chain(model)
    headers = ["Layer (type)", "Output Shape", "Param #"]
    sides = ["left", "left", "right"]
    ends, length = ([0.45, 0.80, 1.0], 88) if chain else ([0.3, 0.56, 0.74, 1.0], 108)
    if not chain:
        headers.append("Connected to")
        sides.append("left")
    ends = list(positions or ends)
    if show_trainable:
        length += 12
        ends = [end * 0.9 for end in ends] + [1.0]
        headers.append("Trainable")
        sides.append("center")
    costs = Costs(model) if show_costs else None
    if costs:
        length += 28
        ends = [end * (1 - 28 / length) for end in ends] + [1 - 16 / length, 1.0]
        headers += ["FLOPs", "Activations"]
        sides += ["right", "right"]
    length = line_length or min(length, shutil.get_terminal_size().columns - 4)
    widths = _widths(ends, length)
    rows = []
    for operation in _in_range(operations, layer_range):
        rows += _rows(operation, model, chain, expand_nested, show_trainable, costs, 0)
    totals = [*_totals(model), *(costs.totals() if costs else [])]
    return "\n".join([f'Model: "{model.name}"', *draw_table(headers, rows, widths, sides), *totals, ""])


def _is_chain(model: Functional) -> bool:
    """Whether each layer is called once, on what the one before it gave."""
    depths = list(model._map.depth_of.values())
    if len(set(depths)) != len(depths) or any(len(node.input_tensors) > 1 for node in model._map.nodes):
        return False
    operations = [id(node.operation) for node in model._map.nodes]
    return len(set(operations)) == len(operations)


def _widths(ends: Sequence[float], length: int) -> list[int]:
    """Widths of the columns, borders apart, so that the table is `length` wide."""
    scale = length if ends[-1] <= 1 else 1
    stops = [int(end * scale) for end in ends]
    widths = [stop - before for stop, before in zip(stops, [0, *stops[:-1]])]
    if min(widths) < 4:
        raise ArgumentError(
            f"a summary of {length} characters per line has no room for its columns.", fix="pass a larger line_length."
        )
    # A space on either side of each cell is added, and taken from all columns in equal parts again, with the borders.
    spare = 3 * len(widths) + 1
    for index in range(len(widths)):
        share = round(spare / (len(widths) - index))
        widths[index] += 2 - share
        spare -= share
    return widths


def draw_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], sides: Sequence[str]
) -> list[str]:
    """A table with borders, as lines.

    Args:
        headers: titles of the columns.
        rows: the cells of each row.
        widths: widths of the columns, with a space on either side.
        sides: "left", "right" or "center" for each column.
    """

    def rule(left: str, line: str, middle: str, right: str) -> str:
        return left + middle.join(line * width for width in widths) + right

    def cells(row: Sequence[str], bar: str) -> list[str]:
        wrapped = [wrap(cell, width - 2) for cell, width in zip(row, widths)]
        lines = []
        for index in range(max(map(len, wrapped))):
            parts = [column[index] if index < len(column) else "" for column in wrapped]
            shown = [f" {_aligned(part, width - 2, side)} " for part, width, side in zip(parts, widths, sides)]
            lines.append(bar + bar.join(shown) + bar)
        return lines

    lines = [rule("┏", "━", "┳", "┓"), *cells(headers, "┃"), rule("┡", "━", "╇", "┩")]
    for index, row in enumerate(rows):
        if index:
            lines.append(rule("├", "─", "┼", "┤"))
        lines += cells(row, "│")
    lines.append(rule("└", "─", "┴", "┘"))
    return lines


def wrap(text: str, width: int) -> list[str]:
    """A cell's text in lines of at most `width` characters, broken between words; longer words end in an ellipsis.

    Example:
        >>> wrap("input_layer (InputLayer)", 12)
        ['input_layer', '(InputLayer)']
    """
    lines, line = [], ""
    for word in re.findall(r"\s*\S+\s*", text):
        if line and len(line) + len(word.rstrip()) > width:
            lines.append(line)
            line = ""
        line += word
    lines.append(line)
    return [line.rstrip() if len(line.rstrip()) <= width else line[: width - 1] + "…" for line in lines]


def _aligned(text: str, width: int, side: str) -> str:
    return {"left": text.ljust, "right": text.rjust, "center": text.center}[side](width)


def _in_range(operations: Sequence[Any], layer_range: Any) -> Sequence[Any]:
    if layer_range is None:
        return operations
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ArgumentError(f"layer_range={layer_range!r} is not two names of layers.", fix="pass [first, last].")
    first, last = layer_range
    begins = [index for index, operation in enumerate(operations) if re.match(first, operation.name)]
    ends = [index for index, operation in enumerate(operations) if re.match(last, operation.name)]
    if not begins or not ends:
        raise ArgumentError(
            f"layer_range={layer_range!r}: the model has no such layers.", fix="use names that summary() shows."
        )
    begin, end = sorted((min(begins), max(ends)))
    return operations[begin : end + 1]


def _rows(
    operation: Any, model: Any, chain: bool, expand_nested: bool, show_trainable: bool, costs: Costs | None, level: int
) -> list[list[str]]:
    kind = getattr(operation, "type_name", type(operation).__name__)
    prefix = f"{'   ' * level}└ " if level else ""
    row = [f"{prefix}{operation.name} ({kind})", output_shape_text(operation), _count_text(operation)]
    if not chain:
        row.append(_connections(operation, model))
    if show_trainable:
        has_weights = isinstance(operation, Layer) and bool(operation.weights)
        row.append(("Y" if operation.trainable else "N") if has_weights else "-")
    if costs:
        row += [costs.flops_text(operation), costs.activations_text(operation)]
    rows = [row]
    if expand_nested and getattr(operation, "layers", None):
        for inner in operation.layers:
            rows += _rows(inner, model, chain, expand_nested, show_trainable, costs, level + 1)
    return rows


def _count_text(operation: Any) -> str:
    if not isinstance(operation, Layer):
        return "0"
    return f"{operation.count_params():,}" if operation.built else "0 (unbuilt)"


def output_shape_text(operation: Any) -> str:
    """The shape, or shapes, of what a layer gave last; "?" if it is not known."""
    if operation._inbound_nodes:
        shapes: Any = [tuple(tensor.shape) for tensor in operation._inbound_nodes[-1].output_tensors]
    elif getattr(operation, "_build_shapes", None):
        try:
            shapes = _shapes_when_built(operation)
        except (HeadwaterError, NotImplementedError, TypeError, ValueError, AttributeError):
            return "?"
    else:
        return "?"
    texts = [f"({', '.join(map(str, shape))})" for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _shapes_when_built(layer: Any) -> list[tuple]:
    if type(layer).compute_output_shape is Layer.compute_output_shape:
        raise NotImplementedError
    found = layer.compute_output_shape(*layer._build_shapes.values())
    several = bool(found) and isinstance(found[0], (list, tuple))
    return [tuple(shape) for shape in found] if several else [tuple(found)]


def _connections(operation: Any, model: Any) -> str:
    own = set(model._map.nodes)
    found = []
    for node in operation._inbound_nodes:
        if node in own:
            for tensor in node.input_tensors:
                if isinstance(tensor, KerasTensor):
                    history = tensor._keras_history
                    found.append(f"{history.operation.name}[{history.node_index}][{history.tensor_index}]")
    return ", ".join(found) or "-"


def _totals(model: Any) -> list[str]:
    groups = [("Trainable", model.trainable_weights), ("Non-trainable", model.non_trainable_weights)]
    if model.compiled and getattr(model.optimizer, "built", False):
        groups.append(("Optimizer", model.optimizer.variables))
    everything = [variable for _, variables in groups for variable in variables]
    return [f" {name} params: {_sized(variables)}" for name, variables in [("Total", everything), *groups]]


def _sized(variables: Sequence[Any]) -> str:
    count = sum(math.prod(variable.shape) for variable in variables)
    return f"{count:,} ({readable_size(sum(map(variable_bytes, variables)))})"
