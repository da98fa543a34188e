"""The benchmarks measure what they say, and their tables say what was measured."""

import pytest

from benchmarks.peers import HEADWATER, compare
from benchmarks.run import cost
from benchmarks.table import comparison_table, markdown, ratios_to_best_peer, time_text
from benchmarks.workers.workloads import WORKLOADS, starting_weight


def test_a_table_is_aligned_markdown():
    assert markdown(["a", "long"], [[1, 2], ["three", 4]]).splitlines() == [
        "| a     | long |",
        "|-------|------|",
        "| 1     | 2    |",
        "| three | 4    |",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(2.5, "2.5 s"), (0.0031, "3.1 ms"), (8.7e-05, "87 us")])
def test_times_are_shown_in_the_unit_that_reads_best(seconds, text):
    assert time_text(seconds) == text


def test_the_ratio_is_to_the_fastest_peer_of_each_round():
    systems = {"headwater": {"step": [1.0, 2.0]}, "slow": {"step": [9.0, 3.0]}, "quick": {"step": [2.0, 8.0]}}
    assert ratios_to_best_peer(systems) == [2.0, 1.5]


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_system_gets_the_same_data(name):
    workload = WORKLOADS[name]
    first, again = workload.dataset(), workload.dataset()
    assert all((a == b).all() for a, b in zip(first, again))
    assert len(first[0]) == len(first[1]) == workload.steps * workload.batch


def test_every_system_gets_the_same_weights():
    assert (starting_weight(3, (5, 4)) == starting_weight(3, (5, 4))).all()
    assert not (starting_weight(3, (5, 4)) == starting_weight(4, (5, 4))).all()


def test_a_worker_trains_and_reports_every_figure_of_the_table():
    figures = compare("mlp_small", [HEADWATER], rounds=2)
    losses = figures["headwater"]["loss"]
    assert losses[-1] < losses[0]
    table = comparison_table(figures)
    assert table.startswith("| system") and "against the floor" in table


def test_the_first_step_is_measured_in_a_fresh_process():
    assert list(cost("first_step")) == ["import keras (s)", "build and compile (s)", "first fit step (s)"]
