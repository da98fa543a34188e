"""The commands of `headwater` beside run: doctor, summary, convert, examples, info."""

import json
import subprocess
import sys

import numpy as np
import pytest

from headwater import keras
from headwater.__main__ import main
from headwater.commands.doctor import examine

SCRIPT = """
import tensorflow as tf
import tensorflow_hub as hub
from tensorflow.keras import layers
from tensorflow.python.framework import ops
K = tf.keras.backend
unknown = K
unknown = 3
s = tf.distribute.MirroredStrategy()
d = layers.Dense(3)
tf.constnt(3)
K.clear_session()
tf.add(1, 2, nme="sum")
unknown.anything
print(tf.__version__, tf.keras.layers.Dense.call)
"""


@pytest.fixture
def model_file(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="first"), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    path = tmp_path / "model.keras"
    model.save(path)
    return model, path


def test_the_doctor_names_what_is_not_served_line_by_line():
    findings, names = examine(SCRIPT)
    found = {finding.line: finding.name for finding in findings}
    assert found == {
        3: "tensorflow_hub",
        5: "tensorflow.python.framework.ops",
        9: "tensorflow.distribute",
        11: "tensorflow.constnt",
        13: "tensorflow.add(nme=...)",
    }
    assert names == 11
    advice = {finding.line: finding.advice for finding in findings}
    assert "constant" in advice[11]
    assert "public name" in advice[5]


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow as tf\ntf.keras.Model.fit\ntf.data.Dataset.from_tensor_slices\ntf.float32.name",
        "import tensorflow.keras.layers\ntensorflow.keras.layers.Dense(2, name='x')",
        "from keras import *\nimport keras.layers as L\nL.Conv2D(3, 3, padding='same')",
        "from . import tensorflow\ntensorflow.nothing",
        "import numpy as tf\ntf.nothing",
    ],
)
def test_the_doctor_finds_nothing_where_all_is_served(source):
    assert examine(source)[0] == []


def test_the_doctor_prints_a_verdict_and_ends_with_1_if_something_is_missing(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    assert main(["doctor", str(script)]) == 1
    printed = capsys.readouterr().out
    assert "11 names of TensorFlow and Keras, 5 not served" in printed
    assert "line 11    tensorflow.constnt" in printed
    assert main(["doctor", "--json", str(script)]) == 1
    assert json.loads(capsys.readouterr().out)[str(script)][0]["line"] == 3
    script.write_text("import keras\nkeras.Model")
    assert main(["doctor", str(script)]) == 0


@pytest.mark.parametrize("content", [b"print 'Python 2'", b"\xff\xfe\x00", None])
def test_the_doctor_says_what_it_cannot_read(tmp_path, capsys, content):
    script = tmp_path / "script.py"
    if content is not None:
        script.write_bytes(content)
    assert main(["doctor", str(script)]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_the_summary_of_a_file_is_that_of_its_model(model_file, capsys):
    model, path = model_file
    assert main(["summary", str(path), "--memory", "8"]) == 0
    printed = capsys.readouterr().out
    assert "first (Dense)" in printed
    assert "a batch of 8" in printed
    weights = path.with_name("w.weights.h5")
    model.save_weights(weights)
    assert main(["summary", str(weights)]) == 0
    printed = capsys.readouterr().out
    assert "layers/dense/vars/0" in printed
    assert "6 arrays, 25 values" in printed


@pytest.mark.parametrize("command", ["summary", "convert"])
def test_a_file_that_is_no_model_is_an_error_in_one_line_and_a_fix(command, tmp_path, capsys):
    path = tmp_path / "model.keras"
    path.write_bytes(b"nothing")
    more = [str(tmp_path / "out.h5")] if command == "convert" else []
    assert main([command, str(path), *more]) == 2
    assert "headwater: " in capsys.readouterr().err
    assert main([command, str(tmp_path / "missing.keras"), *more]) == 2
    assert "there is no file" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_a_converted_model_predicts_the_same(model_file, ending, capsys):
    model, path = model_file
    target = path.with_name(f"other{ending}")
    assert main(["convert", str(path), str(target)]) == 0
    x = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(keras.models.load_model(target).predict(x, verbose=0), model.predict(x, verbose=0))


def test_weights_are_converted_under_their_paths(model_file):
    safetensors = pytest.importorskip("safetensors.numpy", reason="reads the file that is written")
    _, path = model_file
    expected = {weight.path: weight.numpy() for weight in keras.models.load_model(path).weights}
    assert main(["convert", str(path), str(path.with_suffix(".npz"))]) == 0
    assert main(["convert", str(path), str(path.with_suffix(".safetensors"))]) == 0
    for found in (np.load(path.with_suffix(".npz")), safetensors.load_file(path.with_suffix(".safetensors"))):
        assert set(found) == set(expected)
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value)


def test_an_architecture_is_converted_to_json_that_makes_the_model_again(model_file):
    model, path = model_file
    assert main(["convert", str(path), str(path.with_suffix(".json"))]) == 0
    again = keras.models.model_from_json(path.with_suffix(".json").read_text())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_a_file_that_exists_is_kept_unless_told(model_file, capsys):
    _, path = model_file
    target = path.with_suffix(".h5")
    target.write_bytes(b"precious")
    assert main(["convert", str(path), str(target)]) == 2
    assert target.read_bytes() == b"precious"
    assert main(["convert", str(path), str(path.with_suffix(".onnx"))]) == 2
    assert "names no format" in capsys.readouterr().err
    assert main(["convert", str(path), str(target), "--overwrite"]) == 0
    assert target.read_bytes() != b"precious"


def test_examples_are_listed_and_copied_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["examples"]) == 0
    assert "quickstart.py" in capsys.readouterr().out
    assert main(["examples", "first_steps"]) == 0
    assert (tmp_path / "first_steps" / "by_hand.py").read_text().startswith('"""')
    assert not (tmp_path / "first_steps" / "application.py").exists()
    assert main(["examples", "recommender"]) == 0
    assert (tmp_path / "recommender" / "application.py").exists()
    assert main(["examples", "first_steps"]) == 2
    assert main(["examples", "nothing"]) == 2


def test_the_command_is_installed_and_says_what_there_is():
    result = subprocess.run([sys.executable, "-m", "headwater", "--help"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    for command in ("run", "doctor", "summary", "convert", "examples", "info"):
        assert command in result.stdout


def test_facts_for_a_bug_report_come_as_json(capsys):
    assert main(["info", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"headwater", "python", "numpy", "instructions", "threads"}
