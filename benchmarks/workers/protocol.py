"""What every worker shares: the workloads, their data and starting weights, and the loop that answers the driver.

A worker is one process in one system's own environment. It reads one JSON command a line and answers with one JSON
line, so that the driver can let every system run in turn and all meet the same minutes of the same machine. This file
needs NumPy alone: it runs in the peers' environments too.
"""

import functools
import itertools
import json
import resource
import sys
import time

import numpy as np

# name -> layer sizes, batch, steps of one round, learning rate of adam
WORKLOADS = {
    "mlp_small": {"sizes": (32, 64, 64, 10), "batch": 32, "steps": 400},
    "mlp_big": {"sizes": (784, 1024, 1024, 10), "batch": 128, "steps": 30},
}


def dataset(workload):
    """Inputs and labels of one round, the same in every system: (steps * batch, inputs) float32 and (...,) int32."""
    sizes, rows = workload["sizes"], workload["steps"] * workload["batch"]
    rng = np.random.default_rng(1)
    x = rng.standard_normal((rows, sizes[0]), dtype=np.float32)
    teacher = rng.standard_normal((sizes[0], sizes[-1]), dtype=np.float32)
    return x, (x @ teacher).argmax(axis=1).astype(np.int32)


def starting_weights(workload):
    """Kernel (inputs, units) and bias of each layer, the same in every system."""
    rng = np.random.default_rng(2)
    weights = []
    for inputs, units in itertools.pairwise(workload["sizes"]):
        limit = np.sqrt(6.0 / (inputs + units))
        weights.append(rng.uniform(-limit, limit, (inputs, units)).astype(np.float32))
        weights.append(np.zeros(units, np.float32))
    return weights


def peak_megabytes():
    """The most resident memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def seconds(function, *arguments):
    """How long one call takes, and what it returns."""
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def median_of(function, repeats, batches=5):
    """Seconds of one call of `function`: the median over `batches` of `repeats` calls each."""
    function()
    times = []
    for _ in range(batches):
        start = time.perf_counter()
        for _ in range(repeats):
            function()
        times.append((time.perf_counter() - start) / repeats)
    return float(np.median(times))


def serve(make_system):
    """Answer the driver until it closes the pipe.

    Args:
        make_system: called with a workload; returns an object with `train(x, y) -> loss` over all batches of x in
            order, and `predict_row(row)`. Its imports belong inside, so that they can be timed.
    """
    replies, sys.stdout = sys.stdout, sys.stderr  # whatever a framework prints must not end up among the answers
    workload = WORKLOADS[sys.argv[1]]
    x, y = dataset(workload)
    system, losses = None, []
    for line in sys.stdin:
        command = json.loads(line)["do"]
        if command == "start":
            took, system = seconds(make_system, workload)
            answer = {"import": system.import_seconds, "build": took - system.import_seconds}
        elif command == "first_step":
            took, _ = seconds(system.train, x[: workload["batch"]], y[: workload["batch"]])
            answer = {"first_step": took}
        elif command == "round":
            took, loss = seconds(system.train, x, y)
            losses.append(float(loss))
            answer = {"step": took / workload["steps"], "loss": losses[-1]}
        elif command == "row":
            answer = {"row": median_of(functools.partial(system.predict_row, x[:1]), 50)}
        elif command == "floor":
            answer = {"floor": system.floor(workload)}
        else:
            answer = {"peak": peak_megabytes(), "version": system.version}
        replies.write(json.dumps(answer) + "\n")
        replies.flush()
