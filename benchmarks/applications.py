"""The training step of each application, ours and real Keras's, the same script on both, interleaved.

    python -m benchmarks.applications [--rounds 3] [--peers jax tensorflow] [NAME ...]

Each script of `examples/` runs in its short form (`benchmarks/on_keras.py` has it run on Keras). What is compared is
the median time between the ends of two steps of `fit`, the first three left out; a script that a backend can't run
(a `GradientTape` on JAX) is shown as a dash.
"""

import argparse
import json
import runpy
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = 3  # steps that still compile, or fill caches


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="folders of examples; all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="+", default=["jax", "tensorflow"], help="backends of Keras")
    parser.add_argument("--worker", nargs=2, metavar=("SYSTEM", "SCRIPT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(steps_of(*options.worker)))
        return
    texts = {path: path.read_text("utf-8") for path in sorted((ROOT / "examples").glob("*/*.py"))}
    scripts = [path for path, text in texts.items() if "--short" in text and "__main__" in text]
    header = ["application", "model", "headwater", *(f"keras-{peer}" for peer in options.peers), "against the best"]
    print(f"| {' | '.join(header)} |\n|{' --- |' * len(header)}")
    for script in scripts:
        if not options.names or script.parent.name in options.names:
            for row in compare(script, options.peers, options.rounds):
                print(f"| {' | '.join(row)} |", flush=True)


def compare(script, peers, rounds):
    """A row for each model that a script trains: milliseconds of a step on each system, medians over the rounds."""
    found = {system: [] for system in ("headwater", *peers)}
    for _ in range(rounds):
        for system, times in found.items():
            times.append(measured(system, script))
    for number, (name, _) in enumerate(found["headwater"][0] or [("did not run", None)]):
        medians = {system: _median(times, number) for system, times in found.items()}
        best = min((value for system, value in medians.items() if system != "headwater" and value), default=None)
        ours = medians["headwater"]
        ratio = f"{best / ours:.2f}x" if best and ours else ""
        yield [
            f"{script.parent.name}/{script.stem}",
            name,
            *(f"{ms:.2f}" if ms else "-" for ms in medians.values()),
            ratio,
        ]


def _median(rounds, number):
    """The median over the rounds of the time of the model with this number; None if it did not run in one of them."""
    times = [models[number][1] for models in rounds if models and len(models) > number]
    return statistics.median(times) if len(times) == len(rounds) else None


def measured(system, script):
    """Names and milliseconds of each model that a script trains, from a process of its own; None if it failed."""
    command = [sys.executable, "-m", "benchmarks.applications", "--worker", system, script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout else None


def steps_of(system, script):
    """Run a script in this process, on Headwater or on Keras with a backend.

    Returns: (name of the model, milliseconds of a step) of each `fit`.
    """
    if system != "headwater":
        from benchmarks.on_keras import serve_peers

        serve_peers(system)
    from headwater import keras

    times = []
    fit = keras.Model.fit

    class Clock(keras.callbacks.Callback):
        """Notes when steps of training end."""

        def __init__(self, ends):
            super().__init__()
            self.ends = ends

        def on_train_batch_end(self, batch, logs=None):
            self.ends.append(time.perf_counter())

    def timed(model, *args, callbacks=None, **options):
        times.append((model.name, []))
        return fit(model, *args, callbacks=[*(callbacks or []), Clock(times[-1][1])], **options)

    keras.Model.fit = timed
    sys.argv = [str(script), "--short"]
    sys.path.insert(0, str(Path(script).resolve().parent))
    runpy.run_path(str(script), run_name="__main__")
    return [(name, _step(ends)) for name, ends in times if len(ends) > LEFT_OUT + 1]


def _step(ends):
    """The median time between the ends of two steps, in milliseconds."""
    later = ends[LEFT_OUT + 1 :]
    return 1000 * statistics.median(end - before for before, end in zip(ends[LEFT_OUT:], later))


if __name__ == "__main__":
    main()
