"""examples/run_all.py: which scripts are applications, and whether a figure is met."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def run_all():
    spec = importlib.util.spec_from_file_location("run_all", EXAMPLES / "run_all.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [(0.93, ">= 0.93", "met"), (0.92, ">= 0.93", "MISSED"), (0.94, "<= 0.94", "met"), (1.0, "< 1", "MISSED"),
     (1.0, None, ""), (0.8, ">= 0.75 (a baseline)", "met"), (1.0, "within 2 % of Keras on JAX", "")],
)  # fmt: skip
def test_a_figure_is_held_to_its_target(run_all, value, target, expected):
    assert run_all.verdict(value, target) == expected


def test_every_application_of_the_gallery_has_a_script(run_all):
    pages = {page.stem for page in (EXAMPLES.parent / "docs/gallery").glob("*.md") if "." not in page.stem}
    assert {script.parent.name for script in run_all.applications([])} == pages - {"README"}


def test_a_script_that_fails_is_a_row_that_says_why(run_all, tmp_path):
    script = tmp_path / "broken" / "script.py"
    script.parent.mkdir()
    script.write_text("raise ValueError('no data')")
    result = run_all.run(script, short=True)
    assert result["error"] == "ValueError: no data"
    assert [row[4] for row in run_all.rows(result)] == ["failed"]
    script.write_text('print(\'{"figures": {"accuracy": {"value": 0.5, "target": ">= 0.4"}}}\')')
    assert [row[1:5] for row in run_all.rows(run_all.run(script, short=True))] == [("accuracy", "0.5", ">= 0.4", "met")]
