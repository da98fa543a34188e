"""Run the benchmarks: `python -m benchmarks.run [--peers] [--only NAME ...] [--rounds N]`.

Prints a table per benchmark and writes all figures as JSON to benchmarks/results/.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.costs import COSTS
from benchmarks.peers import HEADWATER, ROOT, SYSTEMS, compare
from benchmarks.table import comparison_table, markdown
from benchmarks.workers.workloads import WORKLOADS

RESULTS = Path(__file__).resolve().parent / "results"


def machine():
    """The processor's name and how many cores this process may use."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        name = next((line.split(":")[1].strip() for line in cpuinfo.open() if line.startswith("model name")), name)
    return f"{name}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"


def cost(name):
    """Run one function of costs.py in a fresh process and return its figures."""
    output = subprocess.check_output([sys.executable, "-m", "benchmarks.costs", name], text=True, cwd=ROOT)
    return json.loads(output.splitlines()[-1])


def install():
    """Build and install from nothing; size and time, as `make check-install` finds them."""
    script = ROOT / "tests" / "project" / "clean_install.py"
    output = subprocess.run([sys.executable, script], capture_output=True, text=True).stdout
    figures = json.loads(output.splitlines()[-1])
    return {name.replace("_", " "): value for name, value in figures.items() if name != "packages"}


@contextlib.contextmanager
def neighbour():
    """A process beside us that keeps as many cores busy as there are."""
    spin = "while True: sum(range(100000))"
    busy = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(len(os.sched_getaffinity(0)))]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def show(name, figures):
    if name in WORKLOADS:
        print(comparison_table(figures), flush=True)
    else:
        print(markdown(["figure", "value"], [[key, f"{value:.4g}"] for key, value in figures.items()]), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Measure Headwater, alone or beside its peers.")
    parser.add_argument("--peers", action="store_true", help="run the peers too, in turn, in every round")
    parser.add_argument("--only", nargs="+", choices=[*WORKLOADS, *COSTS, "install"], help="these benchmarks alone")
    parser.add_argument("--systems", nargs="+", choices=[system.name for system in SYSTEMS], help="these peers alone")
    parser.add_argument("--rounds", type=int, default=7, help="measured rounds of a training benchmark (default 7)")
    parser.add_argument("--neighbour", action="store_true", help="keep every core busy with another process meanwhile")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    choice = parser.parse_args()

    peers = [s for s in SYSTEMS if s is not HEADWATER and (not choice.systems or s.name in choice.systems)]
    systems = [HEADWATER, *(peers if choice.peers else [])]
    names = choice.only or [*WORKLOADS, *([] if choice.peers else [*COSTS, "install"])]
    everything = {"machine": machine(), "date": time.strftime("%Y-%m-%d %H:%M"), "rounds": choice.rounds}
    print(everything["machine"])
    for name in names:
        print(f"\n## {name}\n", flush=True)
        if name in WORKLOADS:
            with neighbour() if choice.neighbour else contextlib.nullcontext():
                everything[name] = compare(name, systems, choice.rounds)
        else:
            everything[name] = install() if name == "install" else cost(name)
        show(name, everything[name])

    path = choice.json or RESULTS / f"{'peers' if choice.peers else 'own'}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(everything, indent=2) + "\n")
    print(f"\nfigures written to {path}")


if __name__ == "__main__":
    main()
