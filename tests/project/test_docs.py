"""The documentation is true: its code runs, its links and paths exist, its commands are commands."""

import doctest
import linecache
import re

import pytest

from tests.project import docpages

PAGES = docpages.pages()
WITH_PYTHON = [page for page in PAGES if any(docpages.code_blocks(page, "python"))]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=docpages.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whatever a page saves goes there
    namespace = {"__name__": "__main__"}
    for line, _, text in docpages.code_blocks(page, "python"):
        source = f"{page}, block at line {line}"
        if text.startswith(">>>"):
            parsed = doctest.DocTestParser().get_doctest(text, namespace, source, str(page), line)
            runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
            runner.run(parsed, clear_globs=False)
            assert runner.summarize(verbose=False).failed == 0, source
            namespace.update(parsed.globs)
        else:
            linecache.cache[source] = (len(text), None, text.splitlines(keepends=True), source)  # `function` reads it
            exec(compile(text, source, "exec"), namespace)


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
    assert set(docpages.links(chinese)) - {"README.md"} == set(docpages.links(english)) - {"README.zh-CN.md"}


def test_environment_variables_are_all_documented_and_all_there():
    documented = set(re.findall(r"HEADWATER_[A-Z_]+", (docpages.ROOT / "docs/guides/environment.md").read_text()))
    read = set()
    for source in [*docpages.ROOT.glob("headwater/**/*.py"), *docpages.ROOT.glob("native/**/*.cc")]:
        if "tests" not in source.parts:
            text = source.read_text(encoding="utf-8")
            read |= set(re.findall(r"[\"'](HEADWATER_[A-Z_]+)[\"']", text))
    assert read == documented
