"""Which network reads letters best? Optuna tries widths, rates and dropouts, and stops what does not look promising.

    pip install optuna
    python examples/tabular/tune.py [--trials 16] [--epochs 8] [--short]

Each trial is a short training of the model of `letters.py`, judged on letters that are neither learnt nor in the test.
Trials are kept in a file: a search that was killed goes on with the trials that are left.
"""

import time
from pathlib import Path

import numpy as np
import optuna
from letters import BATCH, build_letters, load_letters, pipelines
from training import OUTPUT, Stopwatch, plt, report, start

from headwater import keras


class Pruning(keras.callbacks.Callback):
    """Tells a trial how each epoch went, and ends it as soon as most others were better at this point."""

    def __init__(self, trial):
        super().__init__()
        self.trial = trial

    def on_epoch_end(self, epoch, logs=None):
        self.trial.report(logs["val_accuracy"], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"after epoch {epoch + 1}")


def search(trials, epochs, data, folder):
    """A study of `trials` trials, those of an earlier start included, and a `Stopwatch` of their steps."""
    watch = Stopwatch()
    steps = epochs * -(-len(data[0][1]) // BATCH)

    def judged(trial):
        keras.utils.set_random_seed(trial.number)
        model = build_letters(
            units=trial.suggest_int("units", 64, 512, step=64),
            dropout=trial.suggest_float("dropout", 0.0, 0.5),
            rate=trial.suggest_float("rate", 3e-4, 3e-2, log=True),
            steps=steps,
        )
        learnt, watched = pipelines(*data)
        callbacks = [Pruning(trial), watch]
        history = model.fit(learnt, epochs=epochs, validation_data=watched, callbacks=callbacks, verbose=0)
        return history.history["val_accuracy"][-1]

    study = optuna.create_study(
        study_name="letters",
        direction="maximize",
        storage=f"sqlite:///{folder / 'trials.db'}",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
    )
    done = [trial for trial in study.trials if trial.state.is_finished()]
    study.sampler = optuna.samplers.TPESampler(seed=len(done))  # a search that goes on draws what it has not drawn yet
    study.optimize(judged, n_trials=max(0, trials - len(done)))
    return study, watch


def draw(study, path):
    """Each trial's way, the search's best so far, and what the three settings are worth."""
    figure, panels = plt.subplots(1, 4, figsize=(15, 3.4))
    finished = [trial for trial in study.trials if trial.value is not None and trial.state.name == "COMPLETE"]
    for trial in study.trials:
        steps = sorted(trial.intermediate_values)
        pruned = trial.state.name == "PRUNED"
        values = [trial.intermediate_values[step] for step in steps]
        panels[0].plot([step + 1 for step in steps], values, color="C1" if pruned else "C0", alpha=0.6, linewidth=1)
    panels[0].set(xlabel="epoch", ylabel="validation accuracy", title="trials (orange: stopped early)")
    panels[0].set_ylim(bottom=min(trial.value for trial in finished) - 0.05)
    for panel, name in zip(panels[1:], ("units", "dropout", "rate")):
        panel.scatter([trial.params[name] for trial in finished], [trial.value for trial in finished], s=18)
        panel.set(xlabel=name, xscale="log" if name == "rate" else "linear")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main(trials=16, epochs=8, short=False, output=OUTPUT):
    """Search, train the best once more, draw, save. Returns its accuracy on the test letters."""
    started = time.perf_counter()
    training, validation, test = load_letters(short)
    trials, epochs = (5, 3) if short else (trials, epochs)
    folder = Path(output) / "tune"
    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    study, watch = search(trials, epochs, (training, validation), folder)
    pruned = sum(trial.state.name == "PRUNED" for trial in study.trials)
    print(f"best of {len(study.trials)} trials, {pruned} of them stopped early: {study.best_params}")
    draw(study, folder / "search.png")

    keras.utils.set_random_seed(0)
    longer = 2 * epochs
    model = build_letters(**study.best_params, steps=longer * -(-len(training[1]) // BATCH))
    model.fit(pipelines(training, validation)[0], epochs=longer, verbose=2)
    accuracy = np.mean(model.predict(test[0], batch_size=1_024, verbose=0).argmax(axis=1) == test[1])
    print(f"{accuracy:.2%} of {len(test[1]):,} test letters are named right")
    model.save(folder / "model.keras")
    (folder / "trials.db").unlink()  # the next start is a new search
    figures = {
        "test accuracy": (accuracy, ">= 0.96"),
        "validation accuracy of the best trial": (study.best_value, None),
        "trials stopped early": (pruned, None),
    }
    report("tabular/tune", figures, watch.step_ms, started)
    return accuracy


if __name__ == "__main__":
    start(main, epochs="of each trial; the best is then trained twice as long")
