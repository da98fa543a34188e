"""Control flow in the passes: what has effects stays, scans that carry the same values merge, unused parts go."""

import numpy as np
import pytest

from headwater import backends
from headwater.dtypes import as_dtype
from headwater.frontend.function import function
from headwater.frontend.tape import GradientTape
from headwater.ir.derive import trace_graph
from headwater.ir.graph import Graph
from headwater.ir.replay import run_reference
from headwater.ir.spec import Spec
from headwater.ir.verify import verify
from headwater.ops import control as ops
from headwater.ops.convert import convert_to_tensor
from headwater.passes.pipeline import GENERAL
from headwater.primitives import control
from headwater.primitives.custom import print_
from headwater.primitives.elementwise import less, multiply, sin
from headwater.primitives.reduce import reduce_all

VECTOR, BOOL = Spec((2,), as_dtype("float64")), Spec((), as_dtype("bool"))


@pytest.fixture(autouse=True)
def _reference():
    with backends.using("reference"):
        yield


def optimized(graph):
    """The graph after the general passes, each verified."""
    for step in GENERAL:
        graph = verify(step(graph), step.__name__)
    return graph


def names(graph):
    """Its primitives, in order."""
    return [node.primitive.name for node in graph.nodes]


def printing(x):
    print_(x, template="{}", stream="stderr")
    return [x]


def test_a_branch_that_prints_is_kept_though_nobody_uses_its_result():
    prints = trace_graph("prints", [VECTOR], printing)
    silent = trace_graph("silent", [VECTOR], lambda x: [x])

    def run(flag, x):
        control.cond(flag, x, branches=(silent, prints))
        control.cond(flag, x, branches=(silent, silent))
        return [x]

    assert names(optimized(trace_graph("main", [BOOL, VECTOR], run))) == ["cond"]


def test_the_scan_of_a_gradient_is_merged_with_the_first():
    rows = np.linspace(0.1, 0.9, 10).reshape(5, 2)

    def run(x):
        with GradientTape() as tape:
            tape.watch(x)
            last, every = ops.scan(lambda state, row: (sin(multiply(state, row)), state), x, convert_to_tensor(rows))
        return last, every, tape.gradient([last, every], x)

    concrete = function(run, autograph=False).get_concrete_function(convert_to_tensor(np.array([0.3, 0.7])))
    graph = concrete.graph
    assert names(graph).count("scan") == 3
    after = optimized(copy_of(graph))
    assert names(after).count("scan") == 2
    x = np.array([0.4, -0.2])
    for a, b in zip(run_reference(graph, [x]), run_reference(after, [x])):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_cotangents_that_nobody_wants_are_not_computed():
    rows = np.linspace(0.1, 0.9, 10).reshape(5, 2)

    def run(x, rows):
        with GradientTape() as tape:
            tape.watch(x)
            last, _ = ops.scan(lambda state, row: (sin(multiply(state, row)), None), x, rows)
        return tape.gradient(last, x)

    concrete = function(run, autograph=False).get_concrete_function(
        convert_to_tensor(np.zeros(2)), convert_to_tensor(rows)
    )
    before, after = concrete.graph, optimized(copy_of(concrete.graph))
    assert [len(node.outputs) for node in before.nodes if node.primitive.name == "scan"] == [1, 2, 2]
    assert [len(node.outputs) for node in after.nodes if node.primitive.name == "scan"] == [2, 1]
    args = [np.array([0.4, -0.2]), rows]
    np.testing.assert_allclose(run_reference(before, args)[0], run_reference(after, args)[0], rtol=1e-12)


def test_loops_and_branches_drop_what_is_not_used():
    def run(flag, x):
        shapes = [VECTOR, VECTOR, VECTOR]
        body = trace_graph("body", shapes, lambda a, b, w: [multiply(a, w), sin(b)])
        condition = trace_graph("condition", shapes, lambda a, b, w: [reduce_all(less(b, w), axes=(0,))])
        one = control.while_loop(x, x, x, condition=condition, body=body, num_carried=2)[1]
        branches = [trace_graph("branch", [VECTOR, VECTOR], f) for f in (lambda a, b: [a, sin(b)], lambda a, b: [a, b])]
        return [control.cond(flag, x, one, branches=tuple(branches))[1]]

    graph = trace_graph("main", [BOOL, VECTOR], run)
    after = optimized(copy_of(graph))
    loop, cond = after.nodes
    assert (len(loop.inputs), len(loop.outputs), loop.attrs["num_carried"]) == (2, 1, 1)
    assert (len(cond.inputs), len(cond.outputs)) == (2, 1)
    args = [np.array(False), np.array([0.4, -0.2])]
    np.testing.assert_allclose(run_reference(graph, args)[0], run_reference(after, args)[0])


def copy_of(graph):
    """Another graph of the same nodes."""
    copied = Graph(graph.name)
    copied.inputs, copied.nodes, copied.outputs = list(graph.inputs), list(graph.nodes), list(graph.outputs)
    return copied


def test_scans_that_carry_different_values_are_left_alone():
    first = trace_graph("first", [VECTOR], lambda x: [sin(x), x])
    second = trace_graph("second", [VECTOR], lambda x: [multiply(x, x), x])

    def run(x):
        attrs = {"num_carried": 1, "num_scanned": 0, "length": 3, "reverse": False}
        return [*control.scan(x, body=first, **attrs), *control.scan(x, body=second, **attrs)]

    assert names(optimized(trace_graph("main", [VECTOR], run))).count("scan") == 2
