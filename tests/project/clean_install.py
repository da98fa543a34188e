"""What a user gets: wheels built from nothing, installed alone, used from another folder. Prints figures as JSON.

    python tests/project/clean_install.py        (also `make check-install`)

Fails if the download, the installation or the build is over its limit, or if the installed package cannot train.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "clean-install"
LIMITS = {"build_seconds": 180, "download_megabytes": 40, "installed_megabytes": 150}

TRAIN = """
import numpy as np
import headwater as tf
from headwater import keras
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
losses = model.fit(x, x.sum(axis=1, keepdims=True), epochs=20, verbose=0).history["loss"]
assert losses[-1] < losses[0], losses
assert model.predict(x, verbose=0).shape == (64, 1)
"""


def run(*command, **options):
    """Run a command; its output appears only if it fails."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if result.returncode:
        sys.exit(f"{' '.join(str(part) for part in command)}\n{result.stdout}\n{result.stderr}")
    return result


def megabytes(files):
    return round(sum(file.stat().st_size for file in files if file.is_file()) / 1e6, 1)


def build_wheels(python):
    """Build the package's wheel and fetch its dependencies'.

    Returns: the folder, the seconds that the build would take on two idle cores (its processor time by two: what the
    machine does besides does not count), and those that it took.
    """
    wheels = WORK / "wheels"
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run(python, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (ours,) = wheels.glob("headwater-*.whl")
    run(python, "-m", "pip", "wheel", "--wheel-dir", wheels, "--find-links", wheels, ours)
    return wheels, round(work / 2, 1), round(wall, 1)


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    home = WORK / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    wheels, build_seconds, wall_seconds = build_wheels(python)

    (site,) = (home / "lib").glob("python3*/site-packages")
    before = set(site.rglob("*"))
    run(python, "-m", "pip", "install", "--no-index", "--find-links", wheels, "headwater")
    run(python, "-m", "pip", "check")
    figures = {
        "build_seconds": build_seconds,
        "build_wall_seconds": wall_seconds,
        "download_megabytes": megabytes(wheels.glob("*.whl")),
        "wheel_megabytes": megabytes(wheels.glob("headwater-*.whl")),
        "installed_megabytes": megabytes(file for file in site.rglob("*") if file not in before),
        "packages": sorted(path.name.split("-")[0] for path in wheels.glob("*.whl")),
    }
    elsewhere = {**os.environ, "PYTHONPATH": "", "PYTHONWARNINGS": "error"}
    spoken = run(python, "-c", TRAIN, cwd=WORK, env=elsewhere)
    listed = run(home / "bin" / "headwater", "examples", cwd=WORK, env=elsewhere)
    print(json.dumps(figures))
    problems = [f"{name} is {figures[name]}, over {limit}" for name, limit in LIMITS.items() if figures[name] > limit]
    if spoken.stdout or spoken.stderr:
        problems.append(f"importing and training were not silent:\n{spoken.stdout}{spoken.stderr}")
    if "quickstart.py" not in listed.stdout:
        problems.append(f"the installed package does not list its examples:\n{listed.stdout}")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
