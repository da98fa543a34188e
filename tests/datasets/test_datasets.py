"""headwater.datasets: every set that is here loads as its card says; what is not here says what brings it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets
from headwater.datasets import origins
from headwater.datasets.__main__ import EXAMPLES, main
from headwater.datasets.cards import Card
from headwater.datasets.origins import Origin
from headwater.datasets.text_tables import read_table
from headwater.errors import DataLossError, NotFoundError, UnavailableError


@pytest.mark.parametrize("name", datasets.names())
def test_a_set_that_is_here_loads_with_its_shape_checksum_and_licence(name, capsys):
    card = datasets.card(name)
    if card.origin.find() is None:
        pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    if os.environ.get("HEADWATER_TEST_DATA") != "all" and card.origin.registry != "pip":
        pytest.skip("large sets are tested with HEADWATER_TEST_DATA=all")
    try:
        data = datasets.load(name, download=False)
    except ImportError as error:
        pytest.skip(str(error))
    for columns in data.values():
        assert len({len(values) for values in columns.values()}) == 1
        assert all(len(values) for values in columns.values())
    if card.target is not None:
        x, y = data.arrays()
        assert len(y) and card.target not in (x if isinstance(x, dict) else ())
    with capsys.disabled():
        print(f"\n{name:24} {data.shapes()[:150]}\n{'':24} {card.checksum[:16] or 'changes'}  {card.licence}", end="")


def test_every_card_tells_its_task_origin_and_licence():
    for name in datasets.names():
        card = datasets.card(name)
        assert card.name == name and card.task and card.title and card.licence, name
        assert card.origin.registry in ("pip", "npm", "apt") and card.origin.files
        assert card.checksum or type(card.origin) is not Origin
        assert len(str(card).splitlines()) == 4
    assert datasets.names("translation") and not datasets.names("no such task")


def test_a_name_that_is_none_is_answered_with_names_that_are():
    with pytest.raises(NotFoundError, match="fashion_mnist"):
        datasets.load("fashion-mnist")


class FakeOrigin(Origin):
    """A package whose client makes a wheel by itself."""

    def _run(self, folder):
        import zipfile

        with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("tiny/data/numbers.csv", "x,y,kind\n1,2.5,a\n2,NA,b\n")
            wheel.writestr("tiny/code.py", "raise SystemExit")


def tiny(**changes):
    origin = FakeOrigin("pip", "tiny-of-the-tests", "1.0", changes.pop("files", ("tiny/data/*.csv",)))
    settings = {"task": "t", "title": "t", "licence": "MIT", "read": read, "target": "kind", **changes}
    return Card("tiny", origin=origin, **settings)


def read(root, names):
    return {"train": read_table(root / names[0])}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, request):
    if "loads_with" not in request.node.name:
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


def test_what_is_not_here_says_which_command_brings_it():
    with pytest.raises(NotFoundError, match=r"tiny is not there.*\n.*headwater.datasets fetch tiny"):
        tiny().load(download=False)


def test_a_set_is_fetched_once_and_only_what_is_wanted_is_kept(home):
    card = tiny()
    data = card.load()
    assert data["train"]["x"].tolist() == [1, 2]
    np.testing.assert_array_equal(data["train"]["y"], [2.5, np.nan])
    x, y = data.arrays()
    assert sorted(x) == ["x", "y"] and y.tolist() == ["a", "b"]
    kept = [path.name for path in home.rglob("*") if path.is_file()]
    assert kept == ["numbers.csv"]
    assert card.load(download=False)["train"].keys() == data["train"].keys()
    assert "2 rows of x int64, y float64, kind text" in repr(data) and "MIT" in repr(data)


def test_a_damaged_file_is_found_before_it_is_read(home, monkeypatch):
    card = tiny()
    card.load()
    root, names = card.origin.find()
    from headwater.datasets.cache import digest_of
    from headwater.datasets.checksums import CHECKSUMS

    monkeypatch.setitem(CHECKSUMS, "tiny", digest_of(root, names))
    card.load()
    (root / names[0]).write_text("x,y,kind\n1,2.5,c\n")
    with pytest.raises(DataLossError, match="damaged, or of another version"):
        card.load()
    assert card.load(verify=False)["train"]["kind"].tolist() == ["c"]


def test_a_client_that_fails_is_quoted(monkeypatch):
    class Fails(Origin):
        command = (sys.executable, "-c", "import sys; sys.exit('no route to host')")

    with pytest.raises(UnavailableError, match="no route to host"):
        Fails("pip", "tiny-of-the-tests", "1.0", ("a",)).fetch()
    monkeypatch.setattr(origins.shutil, "which", lambda name: None)
    with pytest.raises(NotFoundError, match="needs npm, which is not installed"):
        Origin("npm", "tiny", "1.0", ("a",)).fetch()


def test_fetching_runs_no_code_of_a_package():
    assert {"--only-binary=:all:", "--no-deps"} <= set(Origin("pip", "a", "1", ("b",)).command)
    assert "--ignore-scripts" in Origin("npm", "a", "1", ("b",)).command
    assert Origin("apt", "a", "", ("b",)).command[:2] == ["apt-get", "download"]  # not install


def test_a_package_that_has_changed_is_named():
    with pytest.raises(NotFoundError, match=r"has no file tiny/other.csv"):
        tiny(files=("tiny/other.csv",)).origin.fetch()


def test_installed_packages_are_found_where_they_are():
    found = datasets.card("digits").origin.find()
    if found is None:
        pytest.skip("scikit-learn is not installed")
    root, names = found
    assert (root / names[0]).is_file()


def test_the_command_lists_and_shows(capsys):
    assert main(["list", "translation"]) == 0
    assert "translation_en_fr" in capsys.readouterr().out
    assert main(["show", "translation_en_fr"]) == 1
    assert "fetch translation_en_fr" in capsys.readouterr().err


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "headwater.datasets", "list", "topics"], capture_output=True, text=True, check=True
    )
    assert "newsgroups" in done.stdout


def test_make_data_brings_what_the_examples_load():
    scripts = (Path(__file__).parents[2] / "examples").rglob("*.py")
    loaded = {name for script in scripts for name in re.findall(r'\bload\("(\w+)"', script.read_text(encoding="utf-8"))}
    assert loaded == set(EXAMPLES)
