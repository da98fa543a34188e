"""explain says what a program consists of, and leaves variables as they were."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import headwater as tf
from headwater import backends
from headwater.errors import UnsupportedError


def test_rows_count_the_arithmetic_and_the_bytes_of_each_instruction():
    @tf.function
    def layer(x, w, b):
        return tf.nn.relu(x @ w + b)

    explanation = layer.explain(tf.ones((32, 64)), tf.ones((64, 16)), tf.ones((16,)), repeats=2)
    (row,) = explanation.rows
    assert row.name == "fused_matmul (add, relu)"
    assert row.flops == 2 * 32 * 64 * 16 + 2 * 32 * 16
    assert row.nbytes == 4 * (32 * 64 + 64 * 16 + 16 + 32 * 16)
    assert row.share == 1 and explanation.seconds == row.seconds > 0


def test_only_the_rows_that_are_looked_up_count_as_traffic():
    @tf.function
    def look_up(table, rows):
        return tf.gather(table, rows)

    (row,) = look_up.explain(tf.ones((1000, 8)), tf.constant([1, 2, 3]), repeats=1).rows
    assert row.nbytes == 3 * 4 + 2 * 3 * 8 * 4


def test_a_scan_counts_each_step():
    @tf.function
    def total(x):
        return tf.scan(lambda state, row: state + row, x)

    explanation = total.explain(tf.ones((10, 4)), repeats=1)
    assert sum(row.flops for row in explanation.rows) >= 9 * 4


def test_variables_keep_their_values():
    counter = tf.Variable(1.0)

    @tf.function
    def count():
        counter.assign_add(1.0)
        return counter.read_value()

    count.explain(repeats=3)
    assert float(counter.numpy()) == 1.0
    assert float(count()) == 2.0


def test_the_trace_and_the_picture_are_files_that_viewers_read(tmp_path):
    explanation = tf.function(lambda x: tf.sort(tf.exp(x))).explain(tf.ones((100,)), repeats=1)
    explanation.save_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    assert [event["name"] for event in events] == [row.name for row in explanation.rows]
    assert all(a["ts"] + a["dur"] <= b["ts"] + 1e-6 for a, b in itertools.pairwise(events))
    explanation.plot(tmp_path / "bars.png")
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")
    assert "of roofline" in str(explanation) and len(explanation.table(1).splitlines()) == 4


def test_other_backends_refuse():
    function = tf.function(lambda x: x + 1.0)
    with backends.using("reference"), pytest.raises(UnsupportedError, match="does not say"):
        function.explain(tf.constant(np.ones(3, np.float32)))
