"""Passes: the text of a graph before, the text after, and the same numbers from both."""

import numpy as np
import pytest

import headwater as tf
import headwater.ops.control
from headwater.ir.replay import run_reference
from headwater.ir.text import parse_graph, print_graph
from headwater.ir.verify import Checked, verify
from headwater.passes.common import merge_common
from headwater.passes.dead_code import remove_dead_code
from headwater.passes.fold import fold_constants
from headwater.passes.fuse import fuse
from headwater.passes.pipeline import optimize
from headwater.passes.simplify import simplify


def body(text: str) -> str:
    """A graph around some lines: two inputs %0, %1 of float32[4,3], and %2 of float32[3]."""
    return f"graph g(%0: float32[4,3], %1: float32[4,3], %2: float32[3]) {{\n{text}\n}}"


def names(graph):
    return [node.primitive.name for node in graph.nodes]


PRODUCT = (
    "%3 = transpose(%1) {perm=(1, 0)} : float32[3,4]\n%4 = matmul(%0, %3) : float32[4,4]\n"
    "%5 = tanh(%4) : float32[4,4]\n"
)

SIMPLIFICATIONS = [
    ("%3 = negative(%0) : float32[4,3]\n%4 = negative(%3) : float32[4,3]\nreturn %4", []),
    ("%3 = transpose(%0) {perm=(1, 0)} : float32[3,4]\n%4 = transpose(%3) {perm=(1, 0)} : float32[4,3]\nreturn %4", []),
    (
        "%3 = reshape(%0) {shape=(12,)} : float32[12]\n%4 = reshape(%3) {shape=(6, 2)} : float32[6,2]\nreturn %4",
        ["reshape"],
    ),
    ("%3 = transpose(%0) {perm=(1, 0)} : float32[3,4]\n%4 = matmul(%3, %1) : float32[3,3]\nreturn %4", ["matmul"]),
    ("%3 = broadcast_to(%2) {shape=(4, 3)} : float32[4,3]\n%4 = add(%0, %3) : float32[4,3]\nreturn %4", ["add"]),
    ("%3 = constant() {value=literal:float32[]:1.0} : float32[]\n%4 = multiply(%0, %3) : float32[4,3]\nreturn %4", []),
    (
        "%3 = constant() {value=literal:float32[]:2.0} : float32[]\n%4 = power(%0, %3) : float32[4,3]\nreturn %4",
        ["square"],
    ),
    (
        "%3 = constant() {value=literal:float32[]:4.0} : float32[]\n%4 = divide(%0, %3) : float32[4,3]\nreturn %4",
        ["multiply"],
    ),
    (
        "%3 = constant() {value=literal:float32[]:3.0} : float32[]\n%4 = divide(%0, %3) : float32[4,3]\nreturn %4",
        ["divide"],
    ),
    ("%3 = cast(%0) {dtype=dtype:float32} : float32[4,3]\nreturn %3", []),
    ("%3 = slice(%0) {starts=(0, 0), limits=(4, 3), strides=(1, 1)} : float32[4,3]\nreturn %3", []),
    ("%3 = negative(%1) : float32[4,3]\n%4 = add(%0, %3) : float32[4,3]\nreturn %4", ["subtract"]),
]


@pytest.mark.parametrize(("text", "expected"), SIMPLIFICATIONS)
def test_simplification(text, expected):
    graph = parse_graph(body(text))
    found = remove_dead_code(verify(simplify(graph)))
    assert [name for name in names(found) if name != "constant"] == expected
    assert_same(graph, found)


def assert_same(before, after, seed=0):
    rng = np.random.default_rng(seed)
    args = [rng.uniform(0.5, 2, value.spec.shape).astype(value.spec.dtype.numpy) for value in before.inputs]
    for a, b in zip(run_reference(before, args), run_reference(after, args), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_a_zero_added_to_a_float_stays():
    """-0.0 + 0.0 is 0.0: the sum is not its first term."""
    graph = parse_graph(
        body("%3 = constant() {value=literal:float32[]:0.0} : float32[]\n%4 = add(%0, %3) : float32[4,3]\nreturn %4")
    )
    assert "add" in names(simplify(graph))


def test_constants_are_folded_and_dead_nodes_dropped():
    graph = parse_graph(
        body(
            "%3 = constant() {value=literal:float32[]:2.0} : float32[]\n%4 = sqrt(%3) : float32[]\n"
            "%5 = exp(%1) : float32[4,3]\n"
            "%6 = multiply(%0, %4) : float32[4,3]\nreturn %6"
        )
    )
    found = remove_dead_code(fold_constants(graph))
    assert names(found) == ["constant", "multiply"]
    assert_same(graph, found)


def test_equal_nodes_are_merged_but_not_those_with_effects():
    graph = parse_graph(
        body("%3 = exp(%0) : float32[4,3]\n%4 = exp(%0) : float32[4,3]\n%5 = add(%3, %4) : float32[4,3]\nreturn %5")
    )
    assert names(merge_common(graph)) == ["exp", "add"]


def test_a_chain_with_its_reductions_is_one_node():
    graph = parse_graph(
        body(
            "%3 = reduce_max(%0) {axes=(1,)} : float32[4]\n%4 = reshape(%3) {shape=(4, 1)} : float32[4,1]\n"
            "%5 = subtract(%0, %4) : float32[4,3]\n%6 = exp(%5) : float32[4,3]\n"
            "%7 = reduce_sum(%6) {axes=(1,)} : float32[4]\n"
            "%8 = reshape(%7) {shape=(4, 1)} : float32[4,1]\n%9 = divide(%6, %8) : float32[4,3]\n"
            "%10 = reduce_sum(%9) {axes=(0,)} : float32[3]\nreturn %9, %10"
        )
    )
    found = verify(fuse(graph))
    assert names(found) == ["fused_elementwise"]
    assert_same(graph, found)


def test_a_reduction_joins_what_else_reads_the_same_value():
    text = (
        "%3 = multiply(%0, %2) : float32[4,3]\n%4 = reduce_sum(%3) {axes=(1,)} : float32[4]\n"
        "%5 = reduce_sum(%0) {axes=(0,)} : float32[3]\nreturn %4, %5"
    )
    graph = parse_graph(body(text))
    found = verify(fuse(graph))
    assert names(found) == ["fused_elementwise"]
    assert_same(graph, found)


def test_a_reduction_of_joined_axes_is_done_before_they_are_joined():
    text = (
        "%3 = reshape(%0) {shape=(2, 2, 3)} : float32[2,2,3]\n%4 = exp(%3) : float32[2,2,3]\n"
        "%5 = reshape(%4) {shape=(4, 3)} : float32[4,3]\n%6 = reduce_sum(%5) {axes=(0,)} : float32[3]\nreturn %5, %6"
    )
    graph = parse_graph(body(text))
    found = verify(fuse(remove_dead_code(simplify(graph))))
    assert names(found) == ["reshape", "fused_elementwise", "reshape"]
    assert_same(graph, found)


def test_bias_and_activation_join_the_matrix_product():
    text = PRODUCT + "return %5"
    found = verify(fuse(simplify(parse_graph(body(text)))))
    assert names(found)[-1] == "fused_matmul"
    assert_same(parse_graph(body(text)), found)


def test_a_product_that_is_used_twice_is_not_swallowed():
    text = PRODUCT + "return %4, %5"
    found = verify(fuse(simplify(remove_dead_code(parse_graph(body(text))))))
    assert "matmul" in names(found)


DESCENT = """graph step(%0: float32[5,3], %1: float32[5,4], %2: float32[3,4], %3: float32[3,4], %4: float32[4,6]) {
  %5 = matmul(%0, %1) {transpose_a=True, transpose_b=False} : float32[3,4]
  %6 = matmul(%1, %2) {transpose_a=False, transpose_b=True} : float32[5,3]
  %7 = matmul(%2, %4) {transpose_a=False, transpose_b=False} : float32[3,6]
  %8 = exp(%6) : float32[5,3]
  %9 = subtract(%3, %5) : float32[3,4]
  %10 = add(%2, %9) : float32[3,4]
  return %8, %7, %9, %10
}"""


def test_the_step_of_an_optimizer_joins_the_product_that_is_its_gradient():
    graph = parse_graph(DESCENT)
    found = verify(fuse(graph))
    fused = next(node for node in found.nodes if node.primitive.name == "fused_matmul" and len(node.outputs) == 2)
    assert [value in fused.outputs for value in found.outputs] == [False, False, True, True]
    assert_same(graph, found)


def test_a_step_of_an_optimizer_follows_the_last_other_use_of_its_variable():
    """So that it can be written over the variable; not later, so that the gradient's factors need not be kept."""
    found = fuse(parse_graph(DESCENT)).nodes
    assert [len(node.outputs) for node in found] == [1, 1, 2], [str(node) for node in found]


def test_a_region_never_needs_what_is_made_from_its_own_results():
    """exp -> matmul -> add(exp, product): the sum may not join the region of exp, which the product waits for."""
    text = (
        "%3 = exp(%0) : float32[4,3]\n%4 = transpose(%1) {perm=(1, 0)} : float32[3,4]\n"
        "%5 = matmul(%4, %3) : float32[3,3]\n"
        "%6 = matmul(%3, %5) : float32[4,3]\n%7 = add(%3, %6) : float32[4,3]\nreturn %7"
    )
    graph = parse_graph(body(text))
    found = verify(fuse(graph))
    assert_same(graph, found)


UNARY = ("exp", "negative", "tanh", "square", "sigmoid", "abs")
BINARY = ("add", "subtract", "multiply", "maximum")


def random_graph(rng):
    """A random program of element-wise nodes, reductions, products and reshapes."""
    graph = parse_graph(body("return %0"))
    values = list(graph.inputs)

    def apply(name, *inputs, **attrs):
        from headwater.ir.registry import REGISTRY

        values.extend(graph.add(REGISTRY[name], inputs, attrs))

    for _ in range(rng.integers(3, 25)):
        value = values[rng.integers(len(values))]
        kind = rng.integers(6)
        ndim = value.spec.ndim
        if kind == 0:
            apply(UNARY[rng.integers(len(UNARY))], value)
        elif kind in (1, 2):
            fitting = [other for other in values if broadcasts(other.spec.shape, value.spec.shape)]
            apply(BINARY[rng.integers(len(BINARY))], value, fitting[rng.integers(len(fitting))])
        elif kind == 3 and ndim:
            axes = tuple(sorted(rng.choice(ndim, rng.integers(1, ndim + 1), replace=False).tolist()))
            apply(("reduce_sum", "reduce_max")[rng.integers(2)], value, axes=axes)
        elif kind == 4 and ndim:
            apply(
                "reshape",
                value,
                shape=(*value.spec.shape, 1) if rng.integers(2) and ndim < 3 else value.spec.shape[::-1],
            )
        elif kind == 5 and value.spec.shape == (4, 3):
            apply("matmul", value, graph.inputs[1], transpose_a=True, transpose_b=False)
            values[-1] = apply_scaled(graph, values[-1])
    graph.outputs = [values[index] for index in rng.choice(len(values), min(3, len(values)), replace=False)]
    return graph


def apply_scaled(graph, value):
    from headwater.ir.registry import REGISTRY

    return graph.add(REGISTRY["tanh"], (value,), {})[0]


def broadcasts(a, b):
    try:
        return len(np.broadcast_shapes(a, b)) <= 3
    except ValueError:
        return False


@pytest.mark.parametrize("seed", range(150))
def test_random_programs_keep_their_results(seed):
    graph = random_graph(np.random.default_rng(seed))
    with np.errstate(all="ignore"):
        before = parse_graph(print_graph(graph))
        after = optimize(graph, "cpu")
        args = [
            np.random.default_rng(seed).uniform(-1, 1, value.spec.shape).astype(np.float32) for value in before.inputs
        ]
        for a, b in zip(run_reference(before, args), run_reference(after, args), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_what_was_assigned_costs_nothing_to_read():
    v = tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def f(x):
        v.assign(x * 3.0)
        for _ in tf.range(2):
            v.assign_add(v * x)
        return v + x

    traced = f.get_concrete_function(tf.zeros(3))
    assert "reassigned" in print_graph(traced.graph)
    after = optimize(traced.graph, "cpu")
    assert "reassigned" not in print_graph(after)
    (loop,) = [node for node in after.nodes if node.primitive.name in ("scan", "while_loop")]
    assert after.inputs[1] not in loop.inputs  # the variable as it was: nobody reads it


def test_a_pass_that_breaks_a_graph_is_named():
    from headwater.errors import GraphError
    from headwater.passes import pipeline

    def break_it(graph):
        graph.outputs = [graph.outputs[0].graph.add_input(graph.outputs[0].spec)]
        graph.inputs = graph.inputs[:-1]
        return graph

    graph = parse_graph(body("%3 = exp(%0) : float32[4,3]\nreturn %3"))
    with pytest.raises(GraphError, match="break_it"):
        pipeline._run(graph, (break_it,), Checked())


def test_the_log_shows_the_graph_after_each_pass(caplog):
    from headwater.passes.pipeline import show_graphs

    graph = parse_graph(body("%3 = exp(%0) : float32[4,3]\nreturn %3"))
    with caplog.at_level("DEBUG", logger="headwater.graph"):
        optimize(graph, "cpu")
    assert "after traced" in caplog.text
    assert "after fuse" in caplog.text
    show_graphs(False)
