"""`keras.callbacks`: what happens beside training, at its marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.keras.callbacks.backup import BackupAndRestore
from headwater.keras.callbacks.base import Callback
from headwater.keras.callbacks.callback_list import CallbackList
from headwater.keras.callbacks.checkpoint import ModelCheckpoint
from headwater.keras.callbacks.csv_logger import CSVLogger
from headwater.keras.callbacks.early_stopping import EarlyStopping
from headwater.keras.callbacks.functions import LambdaCallback
from headwater.keras.callbacks.history import History
from headwater.keras.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from headwater.keras.callbacks.nan import TerminateOnNaN
from headwater.keras.callbacks.progress import ProgbarLogger
from headwater.keras.callbacks.remote import RemoteMonitor
from headwater.keras.callbacks.swap_ema import SwapEMAWeights

if TYPE_CHECKING:
    from headwater.keras.callbacks.tensorboard import TensorBoard


def __getattr__(name: str) -> Any:
    """TensorBoard, which knows of pictures and sound, is loaded when it is used."""
    if name != "TensorBoard":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from headwater.keras.callbacks.tensorboard import TensorBoard

    globals()[name] = TensorBoard
    return TensorBoard


def __dir__() -> list[str]:
    return sorted({*globals(), "TensorBoard"})
