"""The peers' environments, the worker processes in them, and rounds in which every system runs in turn."""

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".peers"
WORKERS = Path(__file__).resolve().parent / "workers"


@dataclass(frozen=True)
class System:
    """One system under measurement: how it is called, where it lives, and which worker drives it."""

    name: str
    requirements: str  # of requirements/peers-*.txt; empty for Headwater's own environment
    worker: str
    environment: dict = field(default_factory=dict)


HEADWATER = System("headwater", "", "keras_worker.py", {"HEADWATER_WORKER": "1"})
SYSTEMS = (
    HEADWATER,
    System("keras-tensorflow", "tensorflow", "keras_worker.py", {"KERAS_BACKEND": "tensorflow"}),
    System("keras-jax", "jax", "keras_worker.py", {"KERAS_BACKEND": "jax"}),
    System("keras-torch", "torch", "keras_worker.py", {"KERAS_BACKEND": "torch"}),
    System("torch", "torch", "torch_worker.py"),
    System("torch.compile", "torch", "torch_worker.py", {"TORCH_WORKER": "compile"}),
)


def python_of(system):
    """The interpreter of a system's environment; a peer's environment is made where it is missing or out of date."""
    if not system.requirements:
        return sys.executable
    wanted = ROOT / "requirements" / f"peers-{system.requirements}.txt"
    home = PEERS / system.requirements
    python, stamp = home / "bin" / "python", home / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print(f"making {home.relative_to(ROOT)} (once)", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())
    return str(python)


class Worker:
    """A running worker process: one system, one workload."""

    def __init__(self, system, workload):
        environment = {**os.environ, **system.environment, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
        self.system = system
        self._process = subprocess.Popen(
            [python_of(system), str(WORKERS / system.worker), workload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if not os.environ.get("BENCHMARK_VERBOSE") else None,
            env=environment,
            text=True,
            cwd=WORKERS,
        )

    def ask(self, command):
        """Send one command and wait for its answer, a dict.

        Raises: RuntimeError with the worker's last words if it died.
        """
        try:
            self._process.stdin.write(json.dumps({"do": command}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            words = self._process.stderr.read()[-2000:] if self._process.stderr else ""
            raise RuntimeError(f"{self.system.name} died at '{command}':\n{words}")
        return json.loads(line)

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=60)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()


def compare(workload, systems, rounds):
    """Run one workload on every system, all in turn in each round.

    Args:
        workload: a name in workers/workloads.py.
        systems: what to compare; Headwater among them.
        rounds: how many measured rounds; one more runs first, unmeasured.
    Returns: {system name: figures}; "step" holds one time per round, in seconds. A system that can't run the workload
        has "failed" and its last words instead. "floor" is the time of the step's heavy operations, each by whichever
        system is fastest at it, plus its bytes at copy speed.
    """
    figures = {system.name: {"step": [], "loss": []} for system in systems}
    workers = []
    try:
        for system in systems:
            worker, mine = Worker(system, workload), figures[system.name]
            try:
                for command in ("start", "first_step", "round"):
                    mine.update({**worker.ask(command), "step": []})
            except RuntimeError as failure:
                if system == HEADWATER:
                    raise
                figures[system.name] = {"failed": str(failure)}
            else:
                mine["loss"] = [mine["loss"]]
                workers.append(worker)
        for number in range(rounds):
            turn = number % len(workers)  # nobody always follows the same neighbour
            for worker in workers[turn:] + workers[:turn]:
                answer = worker.ask("round")
                figures[worker.system.name]["step"].append(answer["step"])
                figures[worker.system.name]["loss"].append(answer["loss"])
        for worker in workers:
            figures[worker.system.name].update(worker.ask("peak"))
        for worker in workers:
            figures[worker.system.name].update(worker.ask("inference"))
        figures["floor"] = floor(workers)
    finally:
        for worker in workers:
            worker.close()
    return figures


def floor(workers):
    """Seconds that no system can do without; each heavy operation by whoever is fastest at it."""
    answers = [worker.ask("heavy")["heavy"] for worker in workers if worker.system.name in ("headwater", "torch")]
    heavy = [min(seconds for seconds in each if seconds is not None) for each in zip(*answers, strict=True)]
    return sum(heavy) + workers[0].ask("copy")["copy"]
