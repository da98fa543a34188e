"""examples/application.py: a training that is killed goes on; one that is finished begins anew."""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# Four epochs of a small model; with the argument "killed" the process gets no chance to say good-bye in the third.
SCRIPT = """
import os, signal, sys
from pathlib import Path
import numpy as np
import application
from headwater import keras

class Killed(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2 and "killed" in sys.argv:
            os.kill(os.getpid(), signal.SIGKILL)

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse")
x = np.arange(24, dtype="float32").reshape(8, 3) / 24
fit = model.fit
model.fit = lambda *data, callbacks, **options: fit(*data, callbacks=[*callbacks, Killed()], **options)
curves, watch = application.train(model, (x, x[:, :1]), (x, x[:, :1]), 4, Path(sys.argv[1]), 8, keep_backup=True)
print(len(watch.epochs), int(model.optimizer.iterations), *curves["epoch"])
if "finished" in sys.argv:
    application.finished(Path(sys.argv[1]))
"""


def run(*arguments):
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, timeout=300)


def test_a_killed_training_goes_on_where_it_was_and_a_finished_one_begins_anew(tmp_path):
    killed = run(tmp_path, "killed")
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-3000:]
    resumed = run(tmp_path)
    assert resumed.stdout.splitlines()[-1:] == ["2 4 0.0 1.0 2.0 3.0"], resumed.stdout + resumed.stderr[-3000:]
    again = run(tmp_path, "finished")  # killed after training: it has not to be repeated
    assert again.stdout.splitlines()[-1:] == ["0 4 0.0 1.0 2.0 3.0"], again.stdout + again.stderr[-3000:]
    anew = run(tmp_path)
    assert anew.stdout.splitlines()[-1:] == ["4 4 0.0 1.0 2.0 3.0"], anew.stdout + anew.stderr[-3000:]


def test_the_figures_are_reported_as_one_line_of_json(monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    application = importlib.import_module("application")
    monkeypatch.delitem(sys.modules, "application")
    application.report("a/b", {"BLEU": (np.float32(1 / 3), ">= 0.3"), "loss": (2, None)}, 1.5, 0.0)
    record = json.loads(capsys.readouterr().out)
    assert record["figures"] == {"BLEU": {"value": 0.3333, "target": ">= 0.3"}, "loss": {"value": 2.0, "target": None}}
    assert record["application"] == "a/b" and record["step_ms"] == 1.5 and record["seconds"] > 0


STARTED = '''"""What the script does.

More of it.
"""
from pathlib import Path
from application import output_of, start

def main(epochs=3, rate=0.5, name="a", short=False, output=output_of("folder")):
    print([epochs, rate, name, short, str(output)])

start(main, rate="how fast")
'''


def test_a_script_has_an_option_for_each_argument_of_its_main(tmp_path):
    (tmp_path / "script.py").write_text(STARTED)

    def run(*arguments):
        command = [sys.executable, tmp_path / "script.py", *arguments]
        return subprocess.run(command, env=os.environ | {"PYTHONPATH": str(EXAMPLES)}, capture_output=True, text=True)

    assert run().stdout == f"{[3, 0.5, 'a', False, str(EXAMPLES / 'output' / 'folder')]}\n"
    given = run("--epochs", "7", "--rate", "2", "--name", "b c", "--short", "--output", "/x")
    assert given.stdout == "[7, 2.0, 'b c', True, '/x']\n"
    told = run("--help").stdout
    assert "What the script does." in told and "how fast" in told and "More of it" not in told
    assert run("--epochs", "many").returncode == 2
