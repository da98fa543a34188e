"""SwapEMAWeights: judge the model by the moving averages of its weights."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.callbacks.base import Callback


class SwapEMAWeights(Callback):
    """Exchanges weights and their moving averages before an evaluation, and back after it.

    Args:
        swap_on_epoch: exchange at the end of each epoch, too, so that checkpoints hold the averages.
    Raises: ArgumentError if the optimizer keeps no averages (`use_ema=True`).
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        keepers = [each for each in getattr(optimizer, "optimizers", [optimizer]) if each.use_ema]
        if not keepers:
            raise ArgumentError("SwapEMAWeights found no moving averages.", fix="pass use_ema=True to the optimizer.")
        pairs = [
            pair
            for each in keepers
            for pair in zip(each._trainable_variables, each._model_variables_moving_average, strict=True)
        ]
        return [(variable, average) for variable, average in pairs if average is not None]

    def _set(self, swapped: bool) -> None:
        if self._swapped is swapped:
            return
        for variable, average in self._pairs():
            value = variable.numpy()
            variable.assign(average)
            average.assign(value)
        self._swapped = swapped

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Train on the weights themselves."""
        if self.swap_on_epoch:
            self._set(False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Leave the averages in the model, if epochs count."""
        if self.swap_on_epoch:
            self._set(True)
            if epoch == (self.params or {}).get("epochs", 0) - 1:
                for variable, average in self._pairs():
                    average.assign(variable)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Judge the averages."""
        self._set(True)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Back to the weights."""
        self._set(False)

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Predict with the averages."""
        self._set(True)

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Back to the weights."""
        self._set(False)
