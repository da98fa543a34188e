"""Functions whose intermediate results are computed again for the gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from headwater import tree
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ops.control import traced_once
from headwater.primitives.recompute import recompute


def rematerialize(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the values and gradients of `f`, which keeps none of the results inside `f` for the gradient: it
    computes them again.

    That saves memory in a traced function, and costs the time of `f` once more. Variables that `f` assigns are assigned
    once, and random numbers that it draws are the same again. Eagerly, `f` is called as it is.

    Args:
        f: function of tensors, and of anything else, that returns a structure of tensors.
    Returns: the function.
    Example:
        >>> layer = tf.ops.rematerialize(lambda x: tf.tanh(tf.sin(x)))
        >>> float(layer(tf.constant(0.0)))
        0.0

    Source: Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174.
    """

    @functools.wraps(f)
    def rematerialized(*args: Any, **kwargs: Any) -> Any:
        if dispatch.current_trace() is None:
            return f(*args, **kwargs)
        leaves, form = tree.flatten((args, kwargs))
        places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Array)]

        def flat(*tensors: Any) -> Any:
            given = list(leaves)
            for place, value in zip(places, tensors):
                given[place] = value
            inner, named = form.unflatten(given)
            return f(*inner, **named)

        return traced_once(
            "recompute", flat, [leaves[place] for place in places], lambda graph, *all: recompute(*all, body=graph)
        )

    return rematerialized
