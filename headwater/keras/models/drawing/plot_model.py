"""plot_model: the picture of a model, in a file."""

from __future__ import annotations

import os
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.models.drawing.diagram import Box, Details, Diagram, diagram_of
from headwater.keras.models.drawing.layout import Layout
from headwater.keras.visualization.figures import new_figure

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_CHARACTER, _LINE = 0.085, 0.2  # inches, of the text
_PAD, _GAP, _BETWEEN = 0.12, 0.36, 0.4  # inches: around a text, beside boxes, between layers of the drawing
_TITLE, _BODY, _EDGE = "#1f4e79", "#eef3f8", "#1f4e79"


def plot_model(
    model: Any,
    to_file: str | os.PathLike = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model into a file: a box for each layer, an arrow for each tensor between them.

    matplotlib draws it; nothing else need be installed.

    Args:
        model: a built model.
        to_file: where to; its ending says what kind of file: .png, .svg, .pdf, .jpg.
        show_shapes: whether boxes say the shapes of what comes in and goes out.
        show_dtype: whether they say the dtype of what goes out.
        show_layer_names: whether they say the names of layers, not only their classes.
        rankdir: where data goes: "TB" down, "BT" up, "LR" to the right, "RL" to the left.
        expand_nested: whether the layers of models inside the model are drawn, in a frame.
        dpi: dots per inch of the file.
        show_layer_activations, show_trainable: whether boxes say these.
        splines: accepted; arrows are bent where they pass other layers.
    Returns: in a notebook the picture, elsewhere None.
    Raises: ArgumentError if the model is not built, or `rankdir` is none of these; UnsupportedError without matplotlib.
    Example:
        >>> import os, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = os.path.join(tempfile.mkdtemp(), "model.svg")
        >>> plot_model(model, path, show_shapes=True)
        >>> os.path.exists(path)
        True
    """
    if kwargs:
        raise ArgumentError(f"plot_model does not take {', '.join(kwargs)}.", fix="see help(keras.utils.plot_model).")
    details = Details(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, nested=expand_nested
    )
    figure = draw(diagram_of(model, details), rankdir)
    figure.savefig(to_file, dpi=dpi)
    return _shown_in_notebook(to_file)


def draw(diagram: Diagram, rankdir: str = "TB") -> Any:
    """The matplotlib figure of a diagram."""
    if rankdir not in _DIRECTIONS:
        raise ArgumentError(f"rankdir={rankdir!r} is no direction.", fix=f"pass one of {', '.join(_DIRECTIONS)}.")
    return _Drawing(diagram, rankdir).figure


class _Drawing:
    """The figure of a diagram: sizes in inches, y downward."""

    def __init__(self, diagram: Diagram, rankdir: str) -> None:
        self.sideways, self.backward = rankdir in ("LR", "RL"), rankdir in ("BT", "RL")
        self.sizes = {box: _size(box) for box in diagram.boxes}
        breadths = {box: size[1 if self.sideways else 0] for box, size in self.sizes.items()}
        self.layout = Layout(diagram.boxes, diagram.arrows, breadths, _GAP)
        self.places = self._places()
        corners = [corner for item in self.places for corner in self._corners(item)] or [(0.0, 0.0)]
        left, top = (min(values) - _BETWEEN for values in zip(*corners))
        right, bottom = (max(values) + _BETWEEN for values in zip(*corners))
        self.figure = new_figure(figsize=(right - left, bottom - top))
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(left, right), ylim=(bottom, top))
        self.axes.axis("off")
        for name, boxes in diagram.frames:
            self._frame(name, boxes)
        for way in self.layout.ways:
            self._arrow(way)
        for box in diagram.boxes:
            self._box(box)

    def _places(self) -> dict[Any, tuple[float, float]]:
        """The middle of each box and bend."""
        places = {}
        self.depth_of = {}
        along = 0.0
        for rank in self.layout.ranks:
            depth = max((self.sizes[item][0 if self.sideways else 1] for item in rank if item in self.sizes), default=0)
            for item in rank:
                self.depth_of[item] = depth
                across, middle = self.layout.middle[item], (-1 if self.backward else 1) * (along + depth / 2)
                places[item] = (middle, across) if self.sideways else (across, middle)
            along += depth + _BETWEEN
        return places

    def _corners(self, item: Any) -> list[tuple[float, float]]:
        x, y = self.places[item]
        width, height = self.sizes.get(item, (0.0, 0.0))
        return [(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)]

    def _box(self, box: Box) -> None:
        from matplotlib.patches import Rectangle

        (left, top), (right, bottom) = self._corners(box)
        title = _LINE + _PAD
        self.axes.add_patch(Rectangle((left, top), right - left, bottom - top, facecolor=_BODY, edgecolor=_EDGE))
        self.axes.add_patch(Rectangle((left, top), right - left, title, facecolor=_TITLE, edgecolor=_EDGE))
        text = {"ha": "center", "va": "center", "fontsize": 9, "family": "monospace"}
        self.axes.text((left + right) / 2, top + title / 2, box.title, color="white", **text)
        for index, line in enumerate(box.lines):
            self.axes.text((left + right) / 2, top + title + _PAD / 2 + (index + 0.5) * _LINE, line, **text)

    def _arrow(self, way: list[Any]) -> None:
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        passes = [point for bend in way[1:-1] for point in self._passes(bend)]
        points = [self._end(way[0], 1), *passes, self._end(way[-1], -1)]
        patch = FancyArrowPatch(
            path=Path(points), arrowstyle="-|>", mutation_scale=8, color="#444444", linewidth=0.9, shrinkA=0, shrinkB=0
        )
        self.axes.add_patch(patch)

    def _end(self, box: Box, side: int) -> tuple[float, float]:
        """Where arrows leave a box (side 1), or come to it (side -1)."""
        (x, y), (width, height) = self.places[box], self.sizes[box]
        side = -side if self.backward else side
        return (x + side * width / 2, y) if self.sideways else (x, y + side * height / 2)

    def _passes(self, bend: Any) -> list[tuple[float, float]]:
        """Where an arrow comes to a layer of the drawing that it passes, and where it leaves it."""
        (x, y), half = self.places[bend], self.depth_of[bend] / 2 * (-1 if self.backward else 1)
        return [(x - half, y), (x + half, y)] if self.sideways else [(x, y - half), (x, y + half)]

    def _frame(self, name: str, boxes: list[Box]) -> None:
        from matplotlib.patches import Rectangle

        if not boxes:
            return
        corners = [corner for box in boxes for corner in self._corners(box)]
        left, top = (min(values) - _GAP / 3 for values in zip(*corners))
        right, bottom = (max(values) + _GAP / 3 for values in zip(*corners))
        style = {"facecolor": "none", "edgecolor": "#999999", "linestyle": "--", "linewidth": 0.8}
        self.axes.add_patch(Rectangle((left, top), right - left, bottom - top, **style))
        self.axes.text(left + 0.03, top - 0.03, name, fontsize=7, color="#666666", va="bottom")


def _size(box: Box) -> tuple[float, float]:
    longest = max(map(len, [box.title, *box.lines]))
    height = _LINE + _PAD + (_LINE * len(box.lines) + _PAD if box.lines else 0)
    return longest * _CHARACTER + 2 * _PAD, height


def _shown_in_notebook(path: str | os.PathLike) -> Any:
    """The picture for a notebook to show; None elsewhere."""
    import sys

    if "IPython" not in sys.modules:
        return None
    from IPython import display, get_ipython

    if get_ipython() is None:
        return None
    kind = display.SVG if str(path).endswith(".svg") else display.Image
    return kind(filename=os.fspath(path))
