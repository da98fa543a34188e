"""Rules of the repository that no linter knows."""

import re
import subprocess
import sys

from tests.project import docpages

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = docpages.ROOT
TEXT = {".py", ".md", ".cc", ".h", ".txt", ".toml", ".cmake", ".sh", ".map", ""}
# Split, so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me|tm" + r"p)/")
HOSTS = re.compile(r"https?://(\w[\w.-]*)")
KNOWN_HOSTS = {"arxiv.org", "doi.org", "example.org", "dmlc.github.io", "www.apache.org", "localhost", "127.0.0.1"}
# Where keras.datasets fetches its files from where there is a network, as Keras does; each is checked by its hash.
KNOWN_HOSTS |= {"storage.googleapis.com", "www.cs.toronto.edu"}
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


def tracked():
    """The tracked text files of the repository."""
    names = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    return [ROOT / name for name in names if (ROOT / name).suffix in TEXT and (ROOT / name).is_file()]


def lines_with(pattern, files):
    return [
        f"{docpages.name(file)}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_path_of_a_machine_is_in_the_repository():
    assert lines_with(MACHINE_PATHS, tracked()) == []


def test_no_host_but_those_of_papers_and_specifications_is_in_the_repository():
    ours = [file for file in tracked() if file.name != "LICENSE" and "licenses" not in file.parts]
    found = {host for line in lines_with(HOSTS, ours) for host in HOSTS.findall(line)}
    assert found <= KNOWN_HOSTS


def test_nothing_is_marked_unfinished():
    assert lines_with(UNFINISHED, [file for file in tracked() if file.suffix in {".py", ".cc", ".h"}]) == []


def test_no_large_file_is_tracked():
    names = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    assert [name for name in names if (ROOT / name).is_file() and (ROOT / name).stat().st_size > 1_000_000] == []


def test_the_changelog_has_the_version_of_the_package():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    import headwater

    assert headwater.__version__ == version


def test_runtime_dependencies_are_few_bounded_below_only_and_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert len(project["dependencies"]) <= 6
    assert all(re.fullmatch(r"[\w.-]+>=[\d.]+", dependency) for dependency in project["dependencies"])
    for dependency in project["dependencies"]:
        assert re.search(rf'"{re.escape(dependency)}",\s*# \w', (ROOT / "pyproject.toml").read_text()), dependency


def test_build_tools_are_the_same_in_both_places():
    def requirements(lines):
        return sorted(re.sub(r"[\s\"']", "", line) for line in lines if line and not line.startswith("#"))

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert requirements((ROOT / "requirements/build.txt").read_text().splitlines()) == requirements(declared)


def test_the_ci_script_is_the_gate():
    script = (ROOT / ".ci" / "run").read_text()
    assert "make test" in script
    recipe = re.search(r"^test: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    stages = ["check-lint", "check-install", "check-native", "check-sanitizers", "check-python", "check-site"]
    assert recipe[1].split() == stages
