"""Casts from 16 bits are made where they are used, not stored."""

import numpy as np

import headwater as tf
from headwater.ir.replay import run_reference
from headwater.ir.text import parse_graph
from headwater.passes.copy_casts import copy_casts
from headwater.passes.dead_code import remove_dead_code
from headwater.passes.pipeline import optimize

TEXT = """graph g(%0: bfloat16[64,80], %1: float32[80]) {
%2 = cast(%0) {dtype=dtype:float32} : float32[64,80]
%3 = reduce_sum(%2) {axes=(0,)} : float32[80]
%4 = slice(%2) {starts=(0, 0), limits=(1, 80), strides=(1, 1)} : float32[1,80]
%5 = multiply(%2, %3) : float32[64,80]
%6 = add(%5, %4) : float32[64,80]
return %6
}"""


def test_each_user_casts_for_itself():
    graph = parse_graph(TEXT)
    found = remove_dead_code(copy_casts(graph))
    casts = [node for node in found.nodes if node.primitive.name == "cast"]
    assert sorted(node.outputs[0].spec.shape for node in casts) == [(1, 80), (64, 80), (64, 80)]
    rng = np.random.default_rng(0)
    x = tf.cast(rng.normal(size=(64, 80)), "bfloat16").numpy()
    inputs = (x, rng.normal(size=80).astype("float32"))
    for a, b in zip(run_reference(graph, inputs), run_reference(found, inputs)):
        np.testing.assert_array_equal(a, b)


def test_no_region_stores_the_wide_array():
    nodes = optimize(
        parse_graph(TEXT.replace("return %6", "%7 = cast(%6) {dtype=dtype:bfloat16} : bfloat16[64,80]\nreturn %7")),
        "cpu",
    ).nodes
    wide = [value for node in nodes for value in node.outputs if value.spec.shape == (64, 80)]
    assert [value.spec.dtype.name for value in wide] == ["bfloat16"]


def test_small_arrays_and_single_uses_are_left_alone():
    small = parse_graph(TEXT.replace("64", "4"))
    assert copy_casts(small) is small


def test_casts_that_meet_in_a_region_are_one_again():
    text = TEXT.replace("%6 = add(%5, %4)", "%6 = add(%5, %2)")
    bodies = [node.attrs["body"] for node in optimize(parse_graph(text), "cpu").nodes if "body" in node.attrs]
    casts = [sum(node.primitive.name == "cast" for node in body.nodes) for body in bodies]
    assert max(casts) == 1
