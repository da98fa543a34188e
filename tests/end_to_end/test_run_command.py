"""`python -m headwater run`: scripts written for TensorFlow or Keras, unmodified, and what their users see."""

import subprocess
import sys
import textwrap

import pytest

TENSORFLOW_SCRIPT = """
import sys
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.layers import Dense

tf.random.set_seed(1)
x = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")
model = keras.Sequential([layers.Dense(16, activation="relu"), Dense(2, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=60, batch_size=32, verbose=0)
loss, accuracy = model.evaluate(x, y, verbose=0)
assert accuracy > 0.9, accuracy
assert int(tf.__version__.split(".")[0]) == 2
print("arguments", sys.argv[1:], "name", __name__)
"""

KERAS_SCRIPT = """
import keras
from keras import layers
import keras.layers as also_layers

assert layers is also_layers
model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
print(model.count_params())
"""


@pytest.fixture
def run(tmp_path):
    """A function that writes a script and runs it by the command; returns the finished process."""

    def run_script(source, *arguments, command=("run",)):
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(source))
        return subprocess.run(
            [sys.executable, "-m", "headwater", *command, str(script), *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
        )

    return run_script


def test_a_tensorflow_script_runs_unmodified_with_its_arguments(run):
    result = run(TENSORFLOW_SCRIPT, "--rate", "0.1")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "arguments ['--rate', '0.1'] name __main__"
    assert result.stderr == ""


def test_a_keras_script_runs_unmodified(run):
    result = run(KERAS_SCRIPT)
    assert (result.returncode, result.stdout.strip()) == (0, "8"), result.stderr


def test_one_class_has_one_identity_under_every_name(run):
    result = run("""
        import keras, tensorflow as tf, headwater.keras
        from tensorflow.keras.layers import Dense
        assert Dense is keras.layers.Dense is tf.keras.layers.Dense is headwater.keras.layers.Dense
        assert tf.keras is keras
    """)
    assert result.returncode == 0, result.stderr


def test_a_traceback_begins_in_the_script(run):
    result = run("def divide():\n    return 1 / 0\n\ndivide()\n")
    assert result.returncode == 1
    first, second = result.stderr.splitlines()[:2]
    assert first.startswith("Traceback") and "script.py" in second
    assert "__main__.py" not in result.stderr
    assert result.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("import tensorflow.python.framework", "private modules"),
        ("import tensorflow.compat.v1", "TensorFlow 1"),
        ("import tensorflow.nothing_of_the_kind", "tensorflow.nothing_of_the_kind is not served"),
        ("import tensorflow as tf; tf.nothing_of_the_kind", "tensorflow.nothing_of_the_kind is not served"),
        ("from tensorflow.keras.layers import NoSuchLayer", "keras.layers that is not served"),
    ],
)
def test_a_name_that_is_not_served_is_said_so(run, statement, words):
    result = run(statement)
    assert result.returncode == 1
    assert words in result.stderr and "fix" in result.stderr


def test_exit_statuses_pass_through(run):
    assert run("import sys; sys.exit(3)").returncode == 3
    assert run("x = (").returncode == 1


def test_a_missing_script_is_one_line():
    result = subprocess.run([sys.executable, "-m", "headwater", "run", "none.py"], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr == "headwater: cannot open 'none.py': No such file or directory\n"


def test_info_tells_what_a_bug_report_needs():
    result = subprocess.run([sys.executable, "-m", "headwater", "info"], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "headwater",
        "python",
        "numpy",
        "instructions",
        "threads",
    ]
