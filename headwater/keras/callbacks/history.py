"""History: what `fit` returns."""

from __future__ import annotations

from typing import Any

from headwater.errors import UnsupportedError
from headwater.keras.callbacks.base import Callback


class History(Callback):
    """The logs of each epoch: `history.history["val_loss"]` is a list with a value per epoch, `history.epoch` their
    numbers; `history.data_report` says how long steps waited for their batches."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self.data_report: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start counting epochs anew; values stay."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Append the logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self

    def plot(self, metrics: Any = None, to_file: Any = None) -> Any:
        """Draw the curves of the training; arguments and result as in `keras.visualization.plot_history`."""
        from headwater.keras.visualization.curves import plot_history

        return plot_history(self, metrics, to_file)

    def to_frame(self) -> Any:
        """A pandas DataFrame with a row for each epoch and a column for each metric.

        Raises: UnsupportedError without pandas.
        """
        try:
            import pandas
        except ImportError:
            raise UnsupportedError(
                "to_frame needs pandas, which is not installed.", fix="pip install pandas."
            ) from None
        columns = {name: pandas.Series(values) for name, values in self.history.items()}
        frame = pandas.DataFrame(columns)
        return frame.set_axis(pandas.Index(self.epoch[-len(frame) :], name="epoch")) if self.epoch else frame
