"""Runs the Python of a Markdown page from top to bottom: `python run_page.py PAGE`. Its blocks share their names."""

import doctest
import linecache
import sys
from pathlib import Path

from tests.project import docpages


def run(page):
    """Run the blocks; SystemExit with a count if an example of a block gives something else than it shows."""
    namespace = {"__name__": "__main__"}
    for line, _, text in docpages.code_blocks(page, "python"):
        source = f"{page}, block at line {line}"
        if text.startswith(">>>"):
            parsed = doctest.DocTestParser().get_doctest(text, namespace, source, str(page), line)
            runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
            runner.run(parsed, clear_globs=False)
            if runner.summarize(verbose=False).failed:
                sys.exit(f"{source}: an example gives something else")
            namespace.update(parsed.globs)
        else:
            linecache.cache[source] = (len(text), None, text.splitlines(keepends=True), source)  # `function` reads it
            exec(compile(text, source, "exec"), namespace)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
