"""TensorBoard: what training shows to TensorBoard, as event files."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from headwater import ops, summary
from headwater.errors import ArgumentError
from headwater.keras.callbacks.base import Callback
from headwater.keras.callbacks.embeddings import EmbeddingFiles
from headwater.keras.callbacks.layer_graph import layer_graph


class TensorBoard(Callback):
    """Writes logs for TensorBoard: `tensorboard --logdir logs`.

    Under `log_dir`, `train/` gets the logs of epochs (`epoch_loss`, ..., and the learning rate) and, if `update_freq`
    says so, of batches; `validation/` gets those of validation, and of `evaluate`.

    Args:
        log_dir: the folder.
        histogram_freq: write histograms of the weights after every so many epochs; 0 for never.
        write_graph: whether to write how the layers are connected.
        write_images: whether to write the weights as pictures, too, with the histograms.
        write_steps_per_second: whether to write how fast training is.
        update_freq: "epoch", "batch", or after how many batches logs of the batches are written.
        profile_batch: accepted; `model.explain` says where the time of a step goes.
        embeddings_freq: save the embeddings after every so many epochs, for the projector; 0 for never.
        embeddings_metadata: file with a name for each row; for several embeddings a dict from layers' names to files.
    Raises: ArgumentError for another `update_freq`.
    """

    leaves_traces = True

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq, self.write_graph, self.write_images = histogram_freq, write_graph, write_images
        self.write_steps_per_second = write_steps_per_second
        if update_freq not in ("epoch", "batch") and (isinstance(update_freq, str) or update_freq < 1):
            raise ArgumentError(
                f"update_freq={update_freq!r}.", fix="pass 'epoch', 'batch' or a number of batches.", where=""
            )
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq, self.embeddings_metadata = embeddings_freq, embeddings_metadata
        self._writers: dict[str, summary.SummaryWriter] = {}
        self._embeddings: EmbeddingFiles | None = None
        self._default: Any = None
        self._began = self._batch_began = 0.0
        self._train_step = self._began_at = 0
        self._trains = False
        if self.update_freq != "epoch":  # only then does each batch count
            self.on_train_batch_begin, self.on_train_batch_end = self._batch_begins, self._batch_ends  # type: ignore[method-assign]

    def set_model(self, model: Any) -> None:
        """Begin anew, with the graph of another model."""
        self._model = model
        self._close()
        if self.write_graph:
            graph = layer_graph(model)
            if graph is not None:
                with self._writer("train").as_default(step=0):
                    summary.graph(graph)
        if self.embeddings_freq:
            self._embeddings = EmbeddingFiles(model, self.log_dir, self.embeddings_metadata)

    def _writer(self, name: str) -> summary.SummaryWriter:
        found = self._writers.get(name)
        if found is None:
            found = self._writers[name] = summary.create_file_writer(os.path.join(self.log_dir, name))
        return found

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _scalars(self, writer: str, numbers: dict[str, Any], step: int) -> None:
        with self._writer(writer).as_default(step=step):
            for name, value in numbers.items():
                summary.scalar(name, value)

    # Training

    def on_train_begin(self, logs: Any = None) -> None:
        """Let summaries that layers write go to `train/`, if batches are written at all."""
        self._trains, self._train_step = True, 0
        if self.update_freq != "epoch":
            self._default = self._writer("train").as_default(step=self.model.optimizer.iterations)
            self._default.__enter__()

    def on_train_end(self, logs: Any = None) -> None:
        """Finish the files."""
        self._trains = False
        if self._default is not None:
            self._default.__exit__(None, None, None)
            self._default = None
        self._close()

    def _batch_begins(self, batch: int, logs: Any = None) -> None:
        self._train_step += 1
        self._batch_began = time.perf_counter()

    def _batch_ends(self, batch: int, logs: Any = None) -> None:
        if self._train_step % self.update_freq:
            return
        numbers = {f"batch_{name}": value for name, value in (logs or {}).items()}
        if self.write_steps_per_second:
            numbers["batch_steps_per_second"] = 1 / max(time.perf_counter() - self._batch_began, 1e-9)
        self._scalars("train", numbers, self._train_step)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the time."""
        self._began, self._began_at = time.perf_counter(), self._iterations()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the logs of the epoch; weights and embeddings, if they are due."""
        logs = logs or {}
        train = {f"epoch_{name}": value for name, value in logs.items() if not name.startswith("val_")}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if rate is not None:
            train["epoch_learning_rate"] = float(ops.convert_to_numpy(rate))
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._began
            train["epoch_steps_per_second"] = (self._iterations() - self._began_at) / max(seconds, 1e-9)
        self._scalars("train", train, epoch)
        held_out = {f"epoch_{name[4:]}": value for name, value in logs.items() if name.startswith("val_")}
        if held_out:
            self._scalars("validation", held_out, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._weights(epoch)
        if self._embeddings is not None and epoch % self.embeddings_freq == 0:
            self._embeddings.save(epoch)

    def _iterations(self) -> int:
        optimizer = getattr(self.model, "optimizer", None)
        return 0 if optimizer is None else int(ops.convert_to_numpy(optimizer.iterations))

    def _weights(self, epoch: int) -> None:
        with self._writer("train").as_default(step=epoch):
            for layer in self.model.layers:
                for weight in layer.weights:
                    name = weight.path.replace(":", "_")
                    summary.histogram(f"{name}/histogram", weight)
                    if self.write_images:
                        picture = weight_picture(ops.convert_to_numpy(weight))
                        if picture is not None:
                            summary.image(f"{name}/image", picture)

    # Evaluation

    def on_test_end(self, logs: Any = None) -> None:
        """Write the results against the steps of training so far."""
        if getattr(self.model, "optimizer", None) is None or not logs:
            return
        results = {f"evaluation_{name}_vs_iterations": value for name, value in logs.items()}
        self._scalars("validation", results, self._iterations())
        if not self._trains:
            self._close()


def weight_picture(values: np.ndarray) -> np.ndarray | None:
    """Weights as pictures, (pictures, height, width, 1), from 0 to 1; None if they have too many axes."""
    values = np.squeeze(values)
    if values.ndim == 1:
        values = values[None, :, None, None]
    elif values.ndim == 2:
        if values.shape[0] > values.shape[1]:
            values = values.T
        values = values[None, :, :, None]
    elif values.ndim == 3:
        values = values.transpose(2, 0, 1)[..., None]
    else:
        return None
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    return ((values - low) / (high - low if high > low else 1)).astype(np.float32)
