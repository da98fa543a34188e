"""TensorFlow's `tf.test`: what the machine has. Assertions on tensors are NumPy's: `np.testing.assert_allclose`."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.config import list_physical_devices
from headwater.errors import NotServedError
from headwater.frontend.tape import GradientTape
from headwater.ops.convert import convert_to_tensor


def __getattr__(name: str) -> Any:
    if name in ("Benchmark", "TestCase", "main"):
        raise NotServedError(f"tf.test.{name} is not served.", fix="use unittest or pytest, with np.testing.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether there is a GPU."""
    return bool(list_physical_devices("GPU"))


def gpu_device_name() -> str:
    """The name of the GPU; empty if there is none."""
    return "/device:GPU:0" if is_gpu_available() else ""


def is_built_with_cuda() -> bool:
    """False: programs run on the processor."""
    return False


is_built_with_gpu_support = is_built_with_rocm = is_built_with_xla = is_built_with_cuda


def compute_gradient(f: Any, x: Any, delta: float | None = None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Jacobians of f at a list of arguments: by its rules of differentiation, and by differences.

    Args:
        f: function of tensors that returns one tensor.
        x: its arguments.
        delta: step of the differences; 1 / 1024 by default.
    Returns: two lists, each with a matrix (elements of the result, elements of the argument) for each argument.
    """
    step = 1 / 1024 if delta is None else delta
    arguments = [convert_to_tensor(item) for item in x]
    with GradientTape(persistent=True) as tape:
        tape.watch(arguments)
        result = f(*arguments)
    rules = [tape.jacobian(result, item, unconnected_gradients="zero") for item in arguments]
    by_rule = [np.reshape(rule.numpy(), (result.size, item.size)) for rule, item in zip(rules, arguments)]
    return by_rule, [_differences(f, arguments, place, step) for place in range(len(arguments))]


def _differences(f: Any, arguments: list[Any], place: int, step: float) -> np.ndarray:
    base = np.array(arguments[place])
    columns = []
    for index in np.ndindex(base.shape):
        values = []
        for sign in (1, -1):
            moved = base.copy()
            moved[index] += sign * step
            values.append(np.ravel(f(*arguments[:place], convert_to_tensor(moved), *arguments[place + 1 :])))
        columns.append((values[0] - values[1]) / (2 * step))
    return np.stack(columns, axis=1)
