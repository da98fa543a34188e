"""ContrastLimitedAdaptiveHistogramEqualization: equalization by neighbourhoods."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import ColourLayer
from headwater.keras.layers.preprocessing.image.ranges import rescaled
from headwater.ops.image.batches import over_batch


class ContrastLimitedAdaptiveHistogramEqualization(ColourLayer):
    """Spreads the values of each channel within tiles of the image, and blends between the tiles.

    Args:
        value_range: the smallest and the largest value of pixels.
        clip_limit: how many times as frequent as the mean a value may count; 0 or less for no limit.
        tile_grid_size: into how many tiles rows and columns are divided.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Source: Zuiderveld 1994, "Contrast limited adaptive histogram equalization".
    """

    def __init__(
        self, value_range: Any = (0, 255), clip_limit: float = 4.0, tile_grid_size: Any = (8, 8),
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.tile_grid_size = tuple(value_range), tuple(tile_grid_size)
        self.clip_limit = clip_limit

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images, while training and otherwise; of the dtype that it had."""
        images = ops.convert_to_tensor(images)
        found = ops.cast(rescaled(images, self.value_range, (0, 255)), "float32")
        found = over_batch(found, self.data_format, "ContrastLimitedAdaptiveHistogramEqualization", self._equalized)
        return ops.cast(rescaled(found, (0, 255), self.value_range), images.dtype)

    def _equalized(self, images: Any) -> Any:
        count, height, width, channels = images.shape
        rows, columns = self.tile_grid_size
        tall, wide = -(-height // rows), -(-width // columns)
        widths = [[0, 0], [0, tall * rows - height], [0, wide * columns - width], [0, 0]]
        whole = ops.pad(images, widths, mode="symmetric") if any(map(any, widths)) else images
        pixels = ops.cast(ops.clip(whole, 0, 255), "int32")
        tiles = np.arange(count)[:, None, None] * (rows * columns)
        tiles = tiles + (np.arange(tall * rows) // tall * columns)[:, None] + np.arange(wide * columns) // wide
        tables = ops.reshape(self._tables(pixels, tiles, tall * wide), (-1,))

        def looked_up(row: np.ndarray, column: np.ndarray) -> Any:
            tile = np.arange(count)[:, None, None] * (rows * columns) + (row * columns)[:, None] + column
            return ops.take(tables, _entry(tile, channels) + pixels)

        (y0, y1, down), (x0, x1, right) = _neighbours(tall, rows), _neighbours(wide, columns)
        down, right = down[:, None, None], right[:, None]
        top = looked_up(y0, x0) * (1.0 - right) + looked_up(y0, x1) * right
        bottom = looked_up(y1, x0) * (1.0 - right) + looked_up(y1, x1) * right
        return (top * (1.0 - down) + bottom * down)[:, :height, :width]

    def _tables(self, pixels: Any, tiles: np.ndarray, size: int) -> Any:
        """What becomes of each value in each tile and channel: (tiles * channels, 256)."""
        channels = pixels.shape[-1]
        places = ops.reshape(_entry(tiles, channels) + pixels, (-1,))
        total = (int(tiles.max()) + 1) * channels
        ones = ops.ones(places.shape, "float32")
        frequency = ops.reshape(ops.segment_sum(ones, places, num_segments=total * 256), (total, 256))
        if self.clip_limit > 0:
            kept = ops.clip(frequency, 0, self.clip_limit * size / 256.0)
            frequency = kept + ops.sum(frequency - kept, axis=-1, keepdims=True) / 256.0
        reached = ops.cumsum(frequency, axis=-1)
        least = ops.min(reached, axis=-1, keepdims=True)
        rest = size - least
        return ops.clip((reached - least) * 255.0 / ops.where(rest == 0, 1.0, rest), 0, 255)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("value_range", "clip_limit", "tile_grid_size")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _entry(tiles: np.ndarray, channels: int) -> np.ndarray:
    """Where the table of each pixel's tile and channel begins."""
    return ((tiles[..., None] * channels + np.arange(channels)) * 256).astype("int32")


def _neighbours(size: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel along an axis, the tiles whose centres lie before and behind it, and the weight of the latter."""
    place = (np.arange(size * count, dtype="float32") - np.float32(size / 2.0)) / np.float32(size)
    before = np.floor(place + np.float32(1.0))
    weight = place + np.float32(1.0) - before
    before = before.astype("int32") - 1
    return np.clip(before, 0, count - 1), np.clip(before + 1, 0, count - 1), weight.astype("float32")
