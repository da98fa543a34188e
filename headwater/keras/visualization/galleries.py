"""Galleries: images in rows and columns, with labels, boxes or masks."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.visualization.batches import channels_last
from headwater.keras.visualization.bounding_boxes import draw_bounding_boxes
from headwater.keras.visualization.figures import new_figure
from headwater.keras.visualization.segmentation import draw_segmentation_masks


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Mapping[int, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: tuple[float, float] = (0, 255),
    scale: float = 2,
    path: str | os.PathLike | None = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: float = 60,
    legend_handles: Any = None,
    data_format: str | None = None,
) -> Any:
    """Draw images in rows and columns.

    Args:
        images: of shape (batch, height, width, 1 or 3).
        y_true, y_pred: classes of the images, written above them.
        label_map: names of the classes.
        rows, cols: how many; by default as near to a square as holds them all.
        value_range: what black and white are in `images`.
        scale: inches, of an image.
        path: the file to save to. Without, the picture is shown in a window or notebook, where there is one.
        show: whether to show it.
        transparent, dpi: of the file.
        legend_handles: matplotlib's, for a legend below.
        data_format: "channels_last" or "channels_first".
    Returns: the matplotlib figure.
    Raises: ArgumentError if there are labels and no names, or both a path and `show`; UnsupportedError without
        matplotlib.
    Example:
        >>> figure = plot_image_gallery(np.zeros((6, 4, 4, 3)), y_true=[0] * 6, label_map={0: "night"}, show=False)
        >>> len(figure.axes), figure.axes[0].get_title()
        (6, 'Label: night')
    """
    if path is not None and show:
        raise ArgumentError("both path and show are given.", fix="give one of them.", where="")
    if label_map is None and not (y_true is None and y_pred is None):
        raise ArgumentError("there are labels, and no label_map with their names.", fix="pass label_map=.", where="")
    low, high = value_range
    pixels = (channels_last(images, data_format).astype(np.float32) - low) / (high - low)
    rows, cols = _grid(len(pixels), rows, cols)
    show = path is None if show is None else show
    make = _window if show else new_figure
    figure = make(figsize=(cols * scale, rows * scale), frameon=False, layout="tight")
    titles = {name: _labels(values) for name, values in (("Label", y_true), ("Pred", y_pred)) if values is not None}
    for index, axes in enumerate(figure.subplots(rows, cols, squeeze=False).flat):
        axes.axis("off")
        if index < len(pixels):
            axes.imshow(np.clip(pixels[index], 0, 1), cmap="gray", vmin=0, vmax=1)
            parts = [f"{name}: {(label_map or {}).get(values[index], 'Unknown')}" for name, values in titles.items()]
            axes.set_title("  ".join(parts), fontsize=8)
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    if path is not None:
        figure.savefig(path, pad_inches=0, bbox_inches="tight", transparent=transparent, dpi=dpi)
    elif show:
        _show(figure)
    return figure


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: dict[str, Any] | None = None,
    y_pred: dict[str, Any] | None = None,
    value_range: tuple[float, float] = (0, 255),
    true_color: Sequence[int] = (0, 188, 212),
    pred_color: Sequence[int] = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: Mapping[int, str] | None = None,
    ground_truth_mapping: Mapping[int, str] | None = None,
    prediction_mapping: Mapping[int, str] | None = None,
    legend: bool = False,
    legend_handles: Any = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Draw images with true and predicted boxes in rows and columns.

    Args:
        images: of shape (batch, height, width, 3).
        bounding_box_format: of the boxes, e.g. "xyxy".
        y_true, y_pred: boxes, as `draw_bounding_boxes` takes them.
        value_range: what black and white are in `images`.
        true_color, pred_color: colours of the two.
        line_thickness, font_scale, text_thickness: as in `draw_bounding_boxes`.
        class_mapping: names of the classes; `ground_truth_mapping` and `prediction_mapping` of one of the two.
        legend: whether to say which colour is which; `legend_handles` say something else.
        rows, cols, kwargs: as in `plot_image_gallery`.
    Returns: the matplotlib figure.
    Raises: ArgumentError if both `legend` and `legend_handles` are given.
    Example:
        >>> boxes = {"boxes": [[[1, 1, 3, 3]]], "labels": [[0]]}
        >>> figure = plot_bounding_box_gallery(np.zeros((1, 8, 8, 3)), "xyxy", y_true=boxes, show=False)
        >>> len(figure.axes)
        1
    """
    if legend and legend_handles:
        raise ArgumentError("both legend and legend_handles are given.", fix="give one of them.", where="")
    low, high = value_range
    pixels = (channels_last(images, data_format).astype(np.float32) - low) / (high - low) * 255
    draw = functools.partial(
        draw_bounding_boxes, bounding_box_format=bounding_box_format, line_thickness=line_thickness,
        text_thickness=text_thickness or line_thickness, font_scale=font_scale, data_format="channels_last",
    )  # fmt: skip
    drawn: np.ndarray = pixels.clip(0, 255).astype(np.uint8)
    if y_true is not None:
        drawn = draw(drawn, y_true, color=true_color, class_mapping=ground_truth_mapping or class_mapping)
    if y_pred is not None:
        drawn = draw(drawn, y_pred, color=pred_color, class_mapping=prediction_mapping or class_mapping)
    if legend:
        legend_handles = _legend({"Ground Truth": true_color, "Prediction": pred_color})
    return plot_image_gallery(
        drawn, legend_handles=legend_handles, rows=rows, cols=cols, data_format="channels_last", **kwargs
    )


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: tuple[float, float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Mapping[int, Sequence[int]] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Draw each image in a row, with its true and predicted mask over it beside it.

    Args:
        images: of shape (batch, height, width, 3).
        num_classes, color_mapping, blend, alpha, ignore_index: as in `draw_segmentation_masks`.
        value_range: what black and white are in `images`.
        y_true, y_pred: masks, of shape (batch, height, width, 1).
        data_format: "channels_last" or "channels_first", of images and masks.
        kwargs: as in `plot_image_gallery`.
    Returns: the matplotlib figure.
    Example:
        >>> masks = np.ones((2, 8, 8, 1), "int32")
        >>> figure = plot_segmentation_mask_gallery(np.zeros((2, 8, 8, 3)), 2, y_true=masks, show=False)
        >>> len(figure.axes)
        4
    """
    low, high = value_range
    pixels = ((channels_last(images, data_format).astype(np.float32) - low) / (high - low) * 255).clip(0, 255)
    columns = [pixels]
    for masks in (y_true, y_pred):
        if masks is not None:
            whole = np.asarray(ops.convert_to_numpy(masks)).astype(np.int32)
            whole = channels_last(whole, data_format) if whole.ndim == 4 else whole
            columns.append(
                draw_segmentation_masks(
                    pixels, whole, num_classes, color_mapping, alpha, blend, ignore_index, "channels_last"
                ).astype(np.float32)
            )
    rows, gallery = len(pixels), np.stack(columns, axis=1).reshape(-1, *pixels.shape[1:])
    return plot_image_gallery(gallery, rows=rows, cols=len(columns), data_format="channels_last", **kwargs)


def _grid(count: int, rows: int | None, cols: int | None) -> tuple[int, int]:
    """Rows and columns that hold all images, if neither or one of them is given."""
    if rows is None:
        rows = math.ceil(count / cols) if cols else math.ceil(math.sqrt(count))
    return max(rows, 1), cols or max(1, math.ceil(count / max(rows, 1)))


def _labels(values: Any) -> list[int]:
    return np.asarray(ops.convert_to_numpy(values)).reshape(-1).tolist()


def _legend(colors: dict[str, Sequence[int]]) -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(color=[part / 255 for part in color], label=name) for name, color in colors.items()]


def _window(**options: Any) -> Any:
    """A figure that a window or a notebook's cell shows."""
    import matplotlib.pyplot as plt

    return plt.figure(**options)


def _show(figure: Any) -> None:
    import matplotlib.pyplot as plt

    plt.show()
    plt.close(figure)
