"""Builds the documentation site into build/site: python website/build.py [--serve]

Pages are those of the repository, at the same paths, so that their links hold; the API's are made from the docstrings.
The site needs no network to be read: `build/site/index.html` opens from the disk.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from api_pages import api_pages

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "build" / "site-source"
_LINK = re.compile(r"(\]\()([^)\s#]+)([^)\s]*\))")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="serve it at http://127.0.0.1:8000 and follow changes")
    options = parser.parse_args()
    assemble()
    configuration = configured()
    command = "serve" if options.serve else "build"
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # news of the makers' plans, on every run
    strict = [] if options.serve else ["--strict"]
    sys.exit(subprocess.call([sys.executable, "-m", "mkdocs", command, *strict, "--quiet", "-f", configuration]))


def assemble():
    """Put all pages, what they link to, and the API into one folder."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]:
        _put(page)
    (SOURCE / "README.md").rename(SOURCE / "index.md")
    shutil.copy(ROOT / "website" / "iframe-worker.js", SOURCE)
    api = SOURCE / "api"
    api.mkdir()
    for name, text in api_pages().items():
        (api / name).write_text(text, encoding="utf-8")


def configured():
    """Write mkdocs' configuration with the lists of pages that are made from what there is; returns its path."""
    configuration = yaml.safe_load((ROOT / "website" / "mkdocs.yml").read_text(encoding="utf-8"))
    gallery = [page for page in sorted(SOURCE.glob("docs/gallery/*.md")) if not page.stem.endswith(".zh-CN")]
    gallery.sort(key=lambda page: page.name != "README.md")
    lists = {
        "Gallery": [page.relative_to(SOURCE).as_posix() for page in gallery],
        "API": [
            {name.removesuffix(".md"): f"api/{name}"} for name in sorted(path.name for path in SOURCE.glob("api/*"))
        ],
    }
    for entry in configuration["nav"]:
        (title,) = entry
        entry[title] = lists.get(title, entry[title])
    configuration["nav"] = [entry for entry in configuration["nav"] if any(entry.values())]
    target = ROOT / "build" / "mkdocs.yml"
    target.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")
    return target


def _put(page):
    """Copy a page, and each file of the repository that it links to and that is no page of the site itself."""
    target = SOURCE / page.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = page.read_text(encoding="utf-8")
    target.write_text(_LINK.sub(lambda match: match[1] + _on_the_site(page, match[2]) + match[3], text), "utf-8")


def _on_the_site(page, link):
    """Where a link of a page leads on the site."""
    if "://" in link or link.startswith("mailto:"):
        return link
    found = (page.parent / link).resolve()
    if found.is_dir():
        readme = found / "README.md"
        return f"{link.rstrip('/')}/README.md" if readme.exists() else link
    if found == ROOT / "README.md":
        return link[: -len("README.md")] + "index.md"
    if found.suffix != ".md" and found.exists():
        copy = SOURCE / found.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found, copy)
    return link


if __name__ == "__main__":
    main()
