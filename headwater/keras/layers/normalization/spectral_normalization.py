"""SpectralNormalization: the weights of a layer divided by their largest singular value."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import initializers
from headwater.keras.layers.core.wrapper import Wrapper
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer


class SpectralNormalization(Wrapper):
    """Divides the kernel (or the embeddings) of the layer inside by its spectral norm at each call in training.

    The norm is estimated by power iteration from a vector that is kept between calls.

    Args:
        layer: a layer with a `kernel` or with `embeddings`.
        power_iterations: steps of the iteration at each call.
    Raises: ArgumentError if `power_iterations` is not positive, or the layer has no such weights.
    Source: Miyato et al. 2018, arXiv:1802.05957.
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise ArgumentError(
                f"SpectralNormalization: power_iterations is {power_iterations}.", fix="pass 1 or more."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any) -> None:
        """Build the layer inside, and make the vector of the iteration."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        self.kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if self.kernel is None:
            raise ArgumentError(
                f"SpectralNormalization: {type(self.layer).__name__} has neither a kernel nor embeddings.",
                fix="wrap a layer that has, such as Dense or Conv2D.",
            )
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=self.kernel.dtype,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the layer inside gives, after its weights were normalized in training."""
        if training:
            self._normalize()
        return ops.cast(self.layer(inputs), inputs.dtype)

    def _normalize(self) -> None:
        """Take a step of the iteration and divide the weights; weights that are all 0 stay."""
        kernel, u = ops.convert_to_tensor(self.kernel.value), ops.convert_to_tensor(self.vector_u.value)
        new_u, new_kernel = self.normalized_weights()
        empty = ops.all(ops.equal(kernel, 0))
        self.vector_u.assign(ops.where(empty, u, new_u))
        self.kernel.assign(ops.where(empty, kernel, new_kernel))

    def normalized_weights(self) -> tuple[Any, Any]:
        """The vector after a step of the iteration, and the weights divided by their norm."""
        kernel, u = ops.convert_to_tensor(self.kernel.value), ops.convert_to_tensor(self.vector_u.value)
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        v = u
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(matrix)), axis=None)
            u = ops.normalize(ops.matmul(v, matrix), axis=None)
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        norm = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        return u, ops.reshape(ops.divide(matrix, norm), kernel.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the layer inside."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "power_iterations": self.power_iterations}
