"""How times and memory are measured. NumPy alone: it runs in the peers' environments too."""

import resource
import time

import numpy as np


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


def briefly(function, budget=0.3):
    """Seconds of one call of `function`: the fastest of as many as fit into `budget` seconds, three at least."""
    function()
    fastest, spent, calls = float("inf"), 0.0, 0
    while spent < budget or calls < 3:
        took, _ = seconds(function)
        fastest, spent, calls = min(fastest, took), spent + took, calls + 1
    return fastest
