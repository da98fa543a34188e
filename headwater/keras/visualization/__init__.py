"""`keras.visualization`: pictures of data and results: galleries, boxes, masks, training curves, confusion matrices.

Names are loaded on first use, and matplotlib or Pillow when one draws.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.keras.visualization.bounding_boxes import draw_bounding_boxes
    from headwater.keras.visualization.confusion import plot_confusion_matrix
    from headwater.keras.visualization.curves import plot_history
    from headwater.keras.visualization.galleries import (
        plot_bounding_box_gallery,
        plot_image_gallery,
        plot_segmentation_mask_gallery,
    )
    from headwater.keras.visualization.segmentation import draw_segmentation_masks

_MODULE_OF = {
    "draw_bounding_boxes": "bounding_boxes",
    "draw_segmentation_masks": "segmentation",
    "plot_bounding_box_gallery": "galleries",
    "plot_confusion_matrix": "confusion",
    "plot_history": "curves",
    "plot_image_gallery": "galleries",
    "plot_segmentation_mask_gallery": "galleries",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
