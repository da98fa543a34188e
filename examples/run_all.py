"""Every application, one after the other, and a table of what it reached in which time.

    make examples              or: python examples/run_all.py [--short] [NAME ...]

An application ends with a line of JSON: its figures, each with the target it is held to, if there is one. The table
goes to the terminal, the figures to examples/output/figures.json too. Data is brought by `make data`.
"""

import argparse
import json
import operator
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
OUTPUT = FOLDER / "output" / "figures.json"
COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def applications(names):
    """The scripts that are programs, of the folders named, or of all."""
    scripts = sorted(FOLDER.glob("*/*.py"), key=lambda path: (path.parent, path.stem != "train", path.stem))
    programs = [path for path in scripts if "__main__" in path.read_text(encoding="utf-8")]
    return [path for path in programs if not names or path.parent.name in names]


def run(script, short):
    """What a script's last line says, with its time; an "error" in place of figures if it failed."""
    start = time.perf_counter()
    command = [sys.executable, script, *(["--short"] if short else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {"application": f"{script.parent.name}/{script.stem}", "figures": {}}
    try:
        found.update(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        found["error"] = (done.stderr.strip().splitlines() or ["it printed no figures"])[-1]
    if done.returncode and "error" not in found:
        found["error"] = f"it ended with status {done.returncode}"
    return {**found, "seconds": round(time.perf_counter() - start, 1)}


def verdict(value, target):
    """Whether a value is on the right side of a target such as ">= 0.93"; nothing for a target in words, or none."""
    sign, bound, *_ = (*(target or "").split(), "", "")
    if sign not in COMPARE:
        return ""
    return "met" if COMPARE[sign](value, float(bound)) else "MISSED"


def rows(result):
    """Lines of the table for one application."""
    minutes = f"{result['seconds'] / 60:.1f}"
    if "error" in result:
        yield result["application"], result["error"], "", "", "failed", minutes
    for name, figure in result["figures"].items():
        value, target = figure["value"], figure.get("target")
        yield result["application"], name, f"{value:.4g}", target or "", verdict(value, target), minutes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="folders of examples; all by default")
    parser.add_argument("--short", action="store_true", help="a slice of the data, to see that all of it works")
    options = parser.parse_args()
    results = []
    print("| application | figure | value | target | | minutes |\n| --- | --- | --- | --- | --- | --- |")
    for script in applications(options.names):
        results.append(run(script, options.short))
        for row in rows(results[-1]):
            print(f"| {' | '.join(row)} |", flush=True)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(results, indent=1), encoding="utf-8")
    missed = any(row[4] not in ("", "met") for result in results for row in rows(result))
    sys.exit(int(missed and not options.short))


if __name__ == "__main__":
    main()
