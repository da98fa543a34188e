"""Callbacks: what is called when, the bar, early stopping, checkpoints, learning rates, tables."""

from __future__ import annotations

import csv
import json
import pathlib
import re
from typing import Any

import numpy as np
import pytest

from headwater.errors import ArgumentError
from headwater.keras import callbacks, optimizers
from headwater.keras.utils import progbar


class _Model:
    """As much of a model as callbacks see."""

    def __init__(self) -> None:
        self.stop_training = False
        self.built = True
        self.weights = [np.zeros(2)]
        self.optimizer = optimizers.SGD(1.0)
        self.metrics: list[Any] = []
        self.saved: list[str] = []

    def get_weights(self) -> list[np.ndarray]:
        return [w.copy() for w in self.weights]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weights = weights

    def save(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(path)
        pathlib.Path(path).write_text("model")

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(path)
        pathlib.Path(path).write_text("weights")

    def load_weights(self, path: str) -> None:
        assert pathlib.Path(path).read_text() == "weights"


def _run(
    callback: callbacks.Callback, values: list[float], name: str = "val_loss"
) -> tuple[_Model, callbacks.CallbackList]:
    model = _Model()
    together = callbacks.CallbackList([callback], add_history=True, model=model, verbose=0, epochs=len(values), steps=2)
    together.on_train_begin()
    for epoch, value in enumerate(values):
        together.on_epoch_begin(epoch)
        for batch in range(2):
            together.on_train_batch_begin(batch)
            together.on_train_batch_end(batch, {"loss": value})
        model.weights = [np.full(2, float(epoch))]
        together.on_epoch_end(epoch, {"loss": value, name: value})
        if model.stop_training:
            break
    together.on_train_end()
    return model, together


def test_list_knows_at_which_marks_somebody_listens() -> None:
    class Older(callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    nobody = callbacks.CallbackList([callbacks.EarlyStopping()], add_history=True)
    assert not any([nobody.needs_train_batch_begin, nobody.needs_train_batch_end, nobody.needs_test_batch_end])
    older = callbacks.CallbackList([Older()])
    assert older.needs_train_batch_end and not older.needs_train_batch_begin and not older.needs_test_batch_end
    function = callbacks.CallbackList([callbacks.LambdaCallback(on_test_batch_begin=lambda batch, logs: None)])
    assert function.needs_test_batch_begin and not function.needs_train_batch_begin


def test_logs_are_made_only_if_somebody_listens() -> None:
    asked = []

    def logs() -> dict[str, float]:
        asked.append(1)
        return {"loss": np.float32(0.5)}

    callbacks.CallbackList([callbacks.History()]).on_train_batch_end(0, logs)
    assert not asked
    seen = []
    listener = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs))
    callbacks.CallbackList([listener, listener]).on_train_batch_end(0, logs)
    assert len(asked) == 1 and seen == [{"loss": 0.5}] * 2 and type(seen[0]["loss"]) is float


def test_history_keeps_what_callbacks_add() -> None:
    adder = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=epoch))
    model, _ = _run(adder, [3.0, 2.0])
    assert model.history.history == {"loss": [3.0, 2.0], "val_loss": [3.0, 2.0], "extra": [0, 1]}
    assert model.history.epoch == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "values", "stopped", "weights"),
    [
        ({"patience": 2}, [3, 2, 2.5, 2.4, 1], 3, 3),
        ({"patience": 2, "restore_best_weights": True}, [3, 2, 2.5, 2.4, 1], 3, 1),
        ({"patience": 1, "min_delta": 0.5}, [3, 2.8, 2.7, 2.6], 1, 1),
        ({"patience": 1, "mode": "max"}, [1, 2, 3, 2], 3, 3),
        ({"patience": 2, "baseline": 1.0}, [3, 2, 2.5, 1], 2, 2),
        ({"patience": 1, "start_from_epoch": 3}, [1, 2, 3, 4, 5], 4, 4),
        ({"patience": 5}, [3, 2, 1], 0, 2),
    ],
)
def test_early_stopping_stops_when_it_should(arguments: Any, values: Any, stopped: int, weights: int) -> None:
    callback = callbacks.EarlyStopping(**arguments)
    model, _ = _run(callback, values)
    assert callback.stopped_epoch == stopped
    assert model.weights[0][0] == weights


def test_monitor_without_direction_is_refused_and_without_value_warned_of() -> None:
    with pytest.raises(ArgumentError, match="nothing says whether more of it is better"):
        _run(callbacks.EarlyStopping("val_something"), [1.0])
    with pytest.warns(UserWarning, match="'val_other'"):
        _run(callbacks.EarlyStopping("val_other", mode="min"), [1.0])


def test_metric_says_which_way_is_better() -> None:
    from headwater.keras import metrics

    callback = callbacks.EarlyStopping("val_accuracy")
    model = _Model()
    model.metrics = [metrics.SparseCategoricalAccuracy(name="accuracy")]
    callback.set_model(model)
    callback._set_monitor_op()
    assert callback._is_improvement(0.9, 0.8) and not callback._is_improvement(0.7, 0.8)


def test_checkpoint_saves_the_best(tmp_path: pathlib.Path, capsys: Any) -> None:
    pattern = str(tmp_path / "sub" / "m-{epoch:02d}-{val_loss:.1f}.keras")
    model, _ = _run(callbacks.ModelCheckpoint(pattern, save_best_only=True, verbose=1), [3, 2, 2.5, 1])
    assert [pathlib.Path(p).name for p in model.saved] == ["m-01-3.0.keras", "m-02-2.0.keras", "m-04-1.0.keras"]
    shown = capsys.readouterr().out
    assert "Epoch 1: val_loss improved from None to 3.00000, saving model to" in shown
    assert "Epoch 3: val_loss did not improve from 2.00000" in shown


def test_checkpoint_saves_after_batches(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "{epoch}-{batch}.weights.h5")
    model, _ = _run(callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=3), [1, 1, 1])
    assert [pathlib.Path(p).name for p in model.saved] == ["2-1.weights.h5", "3-2.weights.h5"]


@pytest.mark.parametrize("arguments", [{"filepath": "m"}, {"filepath": "m.keras", "save_weights_only": True}])
def test_checkpoint_refuses_names_that_do_not_fit(arguments: Any) -> None:
    with pytest.raises(ArgumentError, match="is no name for"):
        callbacks.ModelCheckpoint(**arguments)


def test_plateau_reduces_the_rate(capsys: Any) -> None:
    callback = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, verbose=1, cooldown=1, min_lr=0.3)
    model, _ = _run(callback, [1.0] * 8)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.3)
    assert "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.5." in capsys.readouterr().out


def test_scheduler_sets_the_rate_with_and_without_the_present_one() -> None:
    model, _ = _run(callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5), [1, 1, 1])
    assert model.history.history["learning_rate"] == [0.5, 0.25, 0.125]
    model, _ = _run(callbacks.LearningRateScheduler(lambda epoch: 1.0 / (epoch + 1)), [1, 1])
    assert model.history.history["learning_rate"] == [1.0, 0.5]
    with pytest.raises(ArgumentError, match="schedule gave"):
        _run(callbacks.LearningRateScheduler(lambda epoch: "fast"), [1])


def test_nan_ends_training(capsys: Any) -> None:
    model, _ = _run(callbacks.TerminateOnNaN(), [1.0, float("nan"), 1.0])
    assert model.stop_training and model.history.epoch == [0, 1]
    assert "Batch 0: Invalid loss, terminating training" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="the loss is inf at batch 0"):
        _run(callbacks.TerminateOnNaN(raise_error=True), [float("inf")])


def test_csv_has_a_line_per_epoch_and_can_be_continued(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log.csv"
    _run(callbacks.CSVLogger(path), [2, 1])
    _run(callbacks.CSVLogger(str(path), append=True), [0.5])
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows == [["epoch", "loss", "val_loss"], ["0", "2", "2"], ["1", "1", "1"], ["0", "0.5", "0.5"]]


def test_backup_is_taken_up_again(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "backup"
    _run(callbacks.BackupAndRestore(folder, delete_checkpoint=False), [1, 1])
    assert json.loads((folder / "training_metadata.json").read_text()) == {"epoch": 2, "batch": 0}
    callback = callbacks.BackupAndRestore(folder)
    model = _Model()
    model.optimizer.built = True
    callback.set_model(model)
    callback.on_train_begin()
    assert model._initial_epoch == 2
    callback.on_train_end()
    assert not folder.exists()


def test_backup_is_whole_or_the_one_before(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    def killed(source: Any, target: Any) -> None:
        raise KeyboardInterrupt

    _run(callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), [1])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("os.replace", killed)
        callback = callbacks.BackupAndRestore(tmp_path)
        callback.set_model(_Model())
        callback.on_epoch_end(1)
    assert json.loads((tmp_path / "training_metadata.json").read_text())["epoch"] == 1


def test_weights_that_a_finished_run_left_behind_are_not_taken_up(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    def killed(folder: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("shutil.rmtree", killed)
        _run(callbacks.BackupAndRestore(tmp_path), [1, 1])
    model, callback = _Model(), callbacks.BackupAndRestore(tmp_path)
    callback.set_model(model)
    callback.on_train_begin()
    assert (tmp_path / "latest.weights.h5").exists() and not hasattr(model, "_initial_epoch")


def _shown(capsys: Any) -> str:
    return re.sub(r"\d+(us|ms|s)/step", "T/step", re.sub(r" \d+s ", " 0s ", capsys.readouterr().out))


@pytest.mark.parametrize(
    ("verbose", "wanted"),
    [
        (0, ""),
        (1, "Epoch 1/2\n4/4 ━━━━━━━━━━━━━━━━━━━━ 0s T/step - loss: 3.1446 - mae: 1.6905 - val_loss: 5.0000e-04\n"),
        ("auto", "Epoch 1/2\n4/4 ━━━━━━━━━━━━━━━━━━━━ 0s T/step - loss: 3.1446 - mae: 1.6905 - val_loss: 5.0000e-04\n"),
        (2, "Epoch 1/2\n4/4 - 0s - T/step - loss: 3.1446 - mae: 1.6905 - val_loss: 5.0000e-04\n"),
    ],
)
def test_pipe_gets_one_plain_line_per_epoch(verbose: Any, wanted: str, capsys: Any) -> None:
    together = callbacks.CallbackList(add_progbar=True, model=_Model(), verbose=verbose, epochs=2, steps=4)
    together.on_train_begin()
    together.on_epoch_begin(0)
    for batch in range(4):
        together.on_train_batch_end(batch, {"loss": 9.0})
    together.on_epoch_end(0, {"loss": 3.1446, "mae": 1.6905, "val_loss": 5e-4})
    assert _shown(capsys) == wanted


def test_evaluation_of_unknown_length_shows_its_count(capsys: Any) -> None:
    together = callbacks.CallbackList(add_progbar=True, model=_Model(), verbose=1, epochs=1, steps=None)
    together.on_test_begin()
    for batch in range(3):
        together.on_test_batch_end(batch, {"loss": 1.0})
    together.on_test_end({"loss": 0.25})
    assert _shown(capsys) == "3/3 ━━━━━━━━━━━━━━━━━━━━ 0s T/step - loss: 0.2500\n"


def test_terminal_gets_a_bar_that_moves(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progbar, "_is_dynamic", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    bar = progbar.Progbar(4, interval=0)
    bar.update(1, [("loss", 2.0)])
    bar.update(4, [("loss", 1.0)])
    shown = capsys.readouterr().out
    assert shown.count("\r") == 2 and "\x1b[32m━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━\x1b[0m" in shown
    assert shown.endswith("loss: 1.0000\n") and "\x1b[1m4/4\x1b[0m" in shown


def test_interactive_logging_can_be_turned_off(capsys: Any, caplog: Any) -> None:
    from headwater.keras import config
    from headwater.keras.utils.io import print_msg

    config.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", logger="headwater"):
            print_msg("quiet")
    finally:
        config.enable_interactive_logging()
    assert capsys.readouterr().out == "" and "quiet" in caplog.text
