"""A source larger than the memory that reading it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def test_reading_shuffling_and_batching_takes_memory_for_the_buffer_alone(tmp_path: Any) -> None:
    gigabytes, answer = 0.15, tmp_path / "answer.json"
    command = ["-m", "benchmarks.data_pipelines", "large", "--gigabytes", str(gigabytes)]
    subprocess.run(
        [sys.executable, *command, "--folder", str(tmp_path), "--json", str(answer)],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    found = json.loads(answer.read_text())["large"]
    assert found["peak"] - found["before"] < 0.6 * gigabytes * 1000  # the shuffle buffer is 34 MB
