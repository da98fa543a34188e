"""OpNode: a function of `keras.ops`, as an operation of a functional model. It is written as Keras's class of that
function.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from headwater import ops
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.operations.operation import Operation
from headwater.keras.operations.symbolic import symbolic_outputs
from headwater.keras.utils.naming import auto_name
from headwater.ops import symbolic

# Parameters that Keras passes to the call of an op; all others go to its constructor, and so into its config.
_CALL_PARAMETERS = frozenset(
    [
        "x",
        "x1",
        "x2",
        "xs",
        "y",
        "a",
        "b",
        "c",
        "input",
        "inputs",
        "key",
        "index",
        "condition",
        "indices",
        "values",
        "updates",
        "update",
        "kernel",
        "query",
        "queries",
        "keys",
        "value",
        "mask",
        "target",
        "output",
        "weights",
        "start_indices",
        "segment_ids",
        "mean",
        "variance",
        "elements",
        "pred",
        "init_val",
        "condlist",
        "choicelist",
        "sorted_sequence",
        "array",
        "arrays",
        "operands",
        "tensor",
        "tensors",
        "images",
        "logits",
        "labels",
        "data",
        "q",
        "k",
        "v",
        "image1",
        "image2",
        "volumes",
        "transform",
        "coordinates",
        "start_points",
        "end_points",
        "scale",
        "translation",
        "gamma",
        "beta",
        "offset",
    ]
)
_CLASS_NAMES = {
    "getitem": "GetItem",
    "abs": "Absolute",
    "divide_no_nan": "DivideNoNan",
    "batch_normalization": "BatchNorm",
    "layer_normalization": "LayerNorm",
    "rms_normalization": "RMSNorm",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "rgb_to_grayscale": "RGBToGrayscale",
    "rgb_to_hsv": "RGBToHSV",
    "hsv_to_rgb": "HSVToRGB",
}
_MODULES = {
    "keras.src.ops.nn": [
        "relu",
        "relu6",
        "sigmoid",
        "sparse_plus",
        "softplus",
        "softsign",
        "soft_shrink",
        "sparse_sigmoid",
        "silu",
        "squareplus",
        "log_sigmoid",
        "leaky_relu",
        "hard_sigmoid",
        "hard_silu",
        "hard_tanh",
        "hard_shrink",
        "threshold",
        "elu",
        "selu",
        "gelu",
        "celu",
        "glu",
        "tanh_shrink",
        "softmax",
        "log_softmax",
        "sparsemax",
        "max_pool",
        "average_pool",
        "adaptive_max_pool",
        "adaptive_average_pool",
        "conv",
        "depthwise_conv",
        "separable_conv",
        "conv_transpose",
        "one_hot",
        "multi_hot",
        "batch_normalization",
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "moments",
        "normalize",
        "polar",
        "psnr",
        "rms_normalization",
        "layer_normalization",
        "dot_product_attention",
        "unfold",
        "fold",
        "depth_to_space",
        "space_to_depth",
    ],
    "keras.src.ops.image": list(ops.image.__all__),
    "keras.src.ops.core": [
        "cast",
        "scatter",
        "scatter_update",
        "slice",
        "slice_update",
        "shape",
        "stop_gradient",
        "unstack",
        "while_loop",
        "cond",
        "map",
        "scan",
    ],
    "keras.src.ops.math": [
        "segment_sum",
        "segment_max",
        "top_k",
        "in_top_k",
        "logsumexp",
        "extract_sequences",
        "fft",
        "fft2",
        "ifft2",
        "rfft",
        "irfft",
        "stft",
        "istft",
        "rsqrt",
        "erf",
        "erfinv",
        "logdet",
        "view_as_complex",
        "view_as_real",
    ],
    "keras.src.ops.linalg": [
        "cholesky",
        "det",
        "eig",
        "eigh",
        "inv",
        "lu_factor",
        "norm",
        "qr",
        "solve",
        "solve_triangular",
        "svd",
        "lstsq",
    ],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def class_name(function_name: str) -> str:
    """Keras's class of an op: "log_softmax" is written "LogSoftmax"."""
    return _CLASS_NAMES.get(function_name) or "".join(part[:1].upper() + part[1:] for part in function_name.split("_"))


@functools.cache
def _functions_by_class() -> dict[str, Any]:
    functions = [getattr(place, name) for place in (ops, ops.image) for name in dir(place) if not name.startswith("_")]
    return {class_name(function.__name__): function for function in functions if symbolic.is_op(function)}


class OpNode(Operation):
    """A function of `keras.ops` with the arguments that are no tensors.

    Args:
        function: the function.
        settings: its arguments that are no tensors.
        name: name of the operation.
    """

    def __init__(self, function: Any, settings: dict[str, Any] | None = None, name: str | None = None) -> None:
        super().__init__(name or auto_name(class_name(function.__name__)))
        self.function = function
        self.settings = settings or {}

    @staticmethod
    def named(name: str) -> Any:
        """The factory (something with `from_config`) of a class of ops, None if there is no such op."""
        function = _functions_by_class().get(name)
        return None if function is None else _Factory(function)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result."""
        if self.function.__name__ == "getitem" and isinstance(args[1], list):  # a file has no tuples
            args = (args[0], tuple(args[1]))
        return self.function(*args, **kwargs, **self.settings)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Found by tracing the function."""
        return symbolic_outputs(self.call, args, kwargs)

    def get_config(self) -> dict[str, Any]:
        """Name and settings."""
        return {"name": self.name, **self.settings}

    def _serialized_names(self) -> tuple[str, str, str]:
        name = self.function.__name__
        written = class_name(name)
        return _MODULE_OF.get(name, "keras.src.ops.numpy"), written, written

    @property
    def type_name(self) -> str:
        """The name of the class that Keras has for it."""
        return class_name(self.function.__name__)

    def __repr__(self) -> str:
        return f"<{self.type_name} name={self.name}>"


class _Factory:
    def __init__(self, function: Any) -> None:
        self._function = function
        self.__name__ = class_name(function.__name__)

    def from_config(self, config: dict[str, Any]) -> OpNode:
        from headwater.keras.saving import deserialize_keras_object

        settings = {key: deserialize_keras_object(value) for key, value in config.items()}
        name = settings.pop("name", None)
        known = inspect.signature(self._function).parameters
        unknown = [key for key in settings if key not in known]
        if unknown:
            raise TypeError(f"{self.__name__} takes no argument {', '.join(unknown)}")
        return OpNode(self._function, settings, name)


def _contains_symbolic(value: Any) -> bool:
    if isinstance(value, KerasTensor):
        return True
    if isinstance(value, (list, tuple)):
        return any(map(_contains_symbolic, value))
    return isinstance(value, dict) and any(map(_contains_symbolic, value.values()))


def record_op(function: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """The result of a function of `keras.ops` on KerasTensors; the call becomes part of their graph."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    if function.__name__ == "getitem" and isinstance(bound.arguments["index"], list):
        bound.arguments["index"] = np.array(bound.arguments["index"])  # told apart from a tuple in a file
    call_args: list[Any] = []
    call_kwargs: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    in_order = True
    for name, parameter in bound.signature.parameters.items():
        value = bound.arguments[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            call_args.extend(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            settings.update(value)
        elif name in _CALL_PARAMETERS or _contains_symbolic(value):
            if in_order:
                call_args.append(value)
            elif value is not None:
                call_kwargs[name] = value
        else:
            in_order = False
            settings[name] = value
    while call_args and call_args[-1] is None:
        call_args.pop()
    if settings.get("data_format", "") is None:  # files say which one is meant
        settings["data_format"] = ops.image_data_format()
    return OpNode(function, settings).symbolic_call(*call_args, **call_kwargs)


symbolic.set_handler(lambda value: isinstance(value, KerasTensor), record_op)
