"""What a primitive that only decomposes gets from its base, on each backend."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.frontend import tensor as _tensor  # noqa: F401 - results are Tensors
from headwater.ir.fused import Fused
from headwater.ir.primitive import Sample
from headwater.ir.registry import REGISTRY
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import multiply, tanh
from headwater.primitives.linear import matmul
from headwater.primitives.reduce import reduce_sum
from headwater.testing import rules


@pytest.fixture
def cell():
    class Cell(Fused):
        """factor * tanh(x @ w), and its sums over rows, for tests.

        Shapes: x (m, k), w (k, n) -> (m, n), (n,).
        """

        name = "cell_for_tests"
        multiple = True

        def decompose(self, x, w, *, factor):
            y = multiply(
                tanh(matmul(x, w, transpose_a=False, transpose_b=False)),
                scalar(factor, x.spec.dtype),
            )
            return y, reduce_sum(y, axes=(0,))

        def samples(self, rng):
            x, w = rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=(4, 2)).astype(np.float32)
            return [Sample(x, w, factor=1.5)]

    yield Cell()
    del REGISTRY["cell_for_tests"]


def test_every_rule_follows_from_the_decomposition(cell):
    rules.check_infer(cell)
    rules.check_unknown_sizes(cell)
    rules.check_vjp(cell)
    rules.check_text(cell)
    rules.check_batch(cell)
    rules.check_decomposition(cell)
    rules.check_lowering(cell, "cpu")
    rules.check_lowering(cell, "xla")


def test_a_fused_primitive_without_decomposition_is_refused():
    with pytest.raises(TypeError, match="lacks decompose"):

        class Empty(Fused):
            """Nothing."""

            name = "empty_for_tests"

            def samples(self, rng):
                return []

    assert "empty_for_tests" not in REGISTRY
