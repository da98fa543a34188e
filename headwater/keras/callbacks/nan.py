"""TerminateOnNaN: no training on after the loss is lost."""

from __future__ import annotations

import math
from typing import Any

from headwater.errors import StateError
from headwater.keras.callbacks.base import Callback
from headwater.keras.utils.io import print_msg


class TerminateOnNaN(Callback):
    """Stops training when the loss is NaN or infinite.

    Args:
        raise_error: raise a StateError (a RuntimeError) instead of stopping.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise StateError(
                f"the loss is {loss} at batch {batch}.",
                fix="lower the learning rate, clip gradients (clipnorm=1.0), or look for NaN in the data.",
            )
        print_msg(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
