"""The documentation is true: its code runs, its links and paths exist, its commands are commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import docpages

PAGES = docpages.pages()
RUN_PAGE = Path(__file__).with_name("run_page.py")
WITH_PYTHON = [page for page in PAGES if any(docpages.code_blocks(page, "python"))]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=docpages.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    """In a process of its own, as a reader's: a page may serve the name of a library that another test has loaded."""
    found = subprocess.run(
        [sys.executable, "-W", "error", RUN_PAGE, page],
        cwd=tmp_path,  # whatever a page saves goes there
        env={**os.environ, "PYTHONPATH": str(docpages.ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]


@pytest.mark.parametrize("page", PAGES, ids=docpages.name)
def test_links_and_paths_of_a_page_exist(page):
    missing = [target for target in docpages.links(page) if not (page.parent / target).exists()]
    missing += [
        path for path in docpages.named_paths(page) if not (docpages.ROOT / path).exists() and "output" not in path
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=docpages.name)
def test_make_commands_of_a_page_are_targets(page):
    targets = set(re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (docpages.ROOT / "Makefile").read_text(), re.MULTILINE))
    targets = {target for group in targets for target in group.split()}
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= targets


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [docpages.ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.exists():
            reached.add(page)
            waiting += [(page.parent / target).resolve() for target in docpages.links(page)]
    assert [docpages.name(page) for page in PAGES if page not in reached] == []


def test_the_chinese_readme_is_in_step():
    english, chinese = docpages.ROOT / "README.md", docpages.ROOT / "README.zh-CN.md"
    assert docpages.heading_levels(chinese) == docpages.heading_levels(english)
    code = [
        [text for _, language, text in docpages.code_blocks(page) if language != "text"] for page in (english, chinese)
    ]
    assert code[0] == code[1]
    leads = [{link.replace(".zh-CN.md", ".md") for link in docpages.links(page)} for page in (english, chinese)]
    assert leads[0] == leads[1]  # a page may lead to its reader's language


def test_environment_variables_are_all_documented_and_all_there():
    documented = set(re.findall(r"HEADWATER_[A-Z_]+", (docpages.ROOT / "docs/guides/environment.md").read_text()))
    read = set()
    for source in [*docpages.ROOT.glob("headwater/**/*.py"), *docpages.ROOT.glob("native/**/*.cc")]:
        if "tests" not in source.parts:
            text = source.read_text(encoding="utf-8")
            read |= set(re.findall(r"[\"'](HEADWATER_[A-Z_]+)[\"']", text))
    assert read == documented
