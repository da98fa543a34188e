"""What every worker shares: what it measures, and the loop that answers the driver.

A worker is one process in one system's own environment. It reads one JSON command a line and answers with one JSON
line, so that the driver can let every system run in turn and all meet the same minutes of the same machine. This file
needs NumPy alone: it runs in the peers' environments too.
"""

import dataclasses
import functools
import json
import sys

import numpy as np
from measure import briefly, peak_megabytes, seconds
from workloads import WORKLOADS, Convolution

INFERENCE_BATCHES = (1, 64)


def inference(system, rows):
    """Seconds of `predict_on_batch` and of a compiled call, for batches of 1 and of 64 rows."""
    found = {}
    for size in INFERENCE_BATCHES:
        batch = np.ascontiguousarray(rows[:size])
        found[f"predict {size}"] = briefly(functools.partial(system.predict, batch))
        found[f"call {size}"] = briefly(functools.partial(system.call, batch))
    return found


def heavy_seconds(system, workload):
    """Seconds of each heavy operation of a step, alone; None where the system can't tell. Equal ones are measured
    once."""
    known = {}
    found = []
    for operation in workload.heavy:
        key = dataclasses.replace(operation, count=1)
        if key not in known:
            known[key] = (system.convolution if isinstance(operation, Convolution) else system.product)(operation)
        found.append(None if known[key] is None else known[key] * operation.count)
    return found


def copy_seconds(workload):
    """Seconds to move at copy speed what a step can't keep in registers: adam reads and writes the weight and its two
    moments and reads the gradient; each activation is written and read forwards, and again for its gradient."""
    numbers = 3.5 * workload.parameters + 2 * workload.activations
    block = np.ones(min(int(numbers), 1 << 24), np.float32)
    target = np.empty_like(block)
    return briefly(functools.partial(np.copyto, target, block)) * numbers / block.size


def serve(make_system):
    """Answer the driver until it closes the pipe.

    Args:
        make_system: called with a workload; returns an object with `train(x, y) -> loss` over all batches of x in
            order, `predict(batch)`, `call(batch)`, and `product(operation)` and `convolution(operation)`, the seconds
            of a heavy operation alone, or None. Its imports belong inside, so that they can be timed.
    """
    replies, sys.stdout = sys.stdout, sys.stderr  # whatever a framework prints must not end up among the answers
    workload = WORKLOADS[sys.argv[1]]
    x, y = workload.dataset()
    system = None
    for line in sys.stdin:
        command = json.loads(line)["do"]
        if command == "start":
            took, system = seconds(make_system, workload)
            answer = {"import": system.import_seconds, "build": took - system.import_seconds}
        elif command == "first_step":
            took, _ = seconds(system.train, x[: workload.batch], y[: workload.batch])
            answer = {"first_step": took}
        elif command == "round":
            took, loss = seconds(system.train, x, y)
            answer = {"step": took / workload.steps, "loss": float(loss)}
        elif command == "peak":
            answer = {"peak": peak_megabytes(), "version": system.version}
        elif command == "inference":
            rows = x if len(x) >= max(INFERENCE_BATCHES) else workload.dataset(max(INFERENCE_BATCHES))[0]
            answer = inference(system, rows)
        elif command == "heavy":
            answer = {"heavy": heavy_seconds(system, workload)}
        else:
            answer = {"copy": copy_seconds(workload)}
        replies.write(json.dumps(answer) + "\n")
        replies.flush()
