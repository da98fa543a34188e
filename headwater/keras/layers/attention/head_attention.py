"""What attention layers with heads share: their options, projections, masks, and the attention itself."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import constraints, initializers, regularizers
from headwater.keras.layers.activations.elementwise import Softmax
from headwater.keras.layers.core.einsum_dense import EinsumDense
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.regularization.dropout import Dropout, checked_rate
from headwater.keras.random.seed_generator import draw_key
from headwater.keras.settings import is_flash_attention_enabled


class HeadAttention(Layer):
    """Base of the attention layers that project queries, keys and values for several heads.

    Args:
        depth: size of a head, by whose root scores are divided.
        dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer, kernel_regularizer,
        bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, use_gate, seed: as the subclasses
            have them.
    """

    def __init__(
        self,
        depth: int,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._dropout = checked_rate(dropout, type(self).__name__)
        self._use_bias, self._use_gate, self.seed = use_bias, use_gate, seed
        self._sliding_window = None if sliding_window is None else self._positive(sliding_window, "sliding_window")
        self._flash_attention = flash_attention or is_flash_attention_enabled()
        self._kernel_initializer: Any = initializers.get(kernel_initializer)
        self._bias_initializer: Any = initializers.get(bias_initializer)
        self._kernel_regularizer = regularizers.get(kernel_regularizer)
        self._bias_regularizer = regularizers.get(bias_regularizer)
        self._activity_regularizer = regularizers.get(activity_regularizer)
        self._kernel_constraint = constraints.get(kernel_constraint)
        self._bias_constraint = constraints.get(bias_constraint)
        self._scale = 1 / math.sqrt(depth)
        self._attention_axes: tuple[int, ...] | None = None
        if self._flash_attention and dropout > 0:
            raise ArgumentError(
                f"{type(self).__name__}: dropout={dropout} with flash attention.",
                fix="leave flash_attention out: weights are not kept in memory in any case.",
            )

    def _positive(self, value: Any, argument: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise ArgumentError(
                f"{type(self).__name__}: {argument}={value!r} is not a positive whole number.", fix="pass one."
            )
        return value

    @property
    def dropout(self) -> float:
        """Share of the weights that is set to 0 while training."""
        return self._dropout

    @property
    def use_bias(self) -> bool:
        """Whether the projections have biases."""
        return self._use_bias

    # Building

    def _projection(self, name: str, rank: int, bound: int, sizes: Sequence[int], activation: Any = None) -> Any:
        """A dense layer from the last `bound` axes of `rank` to axes of `sizes`."""
        letters = string.ascii_lowercase
        free, inner = letters[: rank - bound], letters[rank - bound : rank]
        outer = letters[rank : rank + len(sizes)]
        return EinsumDense(
            f"{free}{inner},{inner}{outer}->{free}{outer}",
            output_shape=(*(None,) * (rank - bound - 1), *sizes),
            bias_axes=outer if self._use_bias else None,
            activation=activation,
            name=name,
            **self._get_common_kwargs_for_sublayer(),
        )

    def _get_common_kwargs_for_sublayer(self) -> dict[str, Any]:
        """What all projections are made with; each has initializers of its own."""
        return {
            "kernel_initializer": self._copy_of(self._kernel_initializer),
            "bias_initializer": self._copy_of(self._bias_initializer),
            "kernel_regularizer": self._kernel_regularizer,
            "bias_regularizer": self._bias_regularizer,
            "activity_regularizer": self._activity_regularizer,
            "kernel_constraint": self._kernel_constraint,
            "bias_constraint": self._bias_constraint,
            "dtype": self.dtype_policy,
        }

    @staticmethod
    def _copy_of(initializer: Any) -> Any:
        if not hasattr(initializer, "get_config"):
            return initializer
        return type(initializer).from_config(initializer.get_config())

    def _build_projections(self, shapes: Sequence[Any], sizes: Sequence[Sequence[int]]) -> None:
        """Make and build those of queries, keys and values, and of the gate, for inputs of `shapes`."""
        query_shape, key_shape, value_shape = shapes
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ShapeError(
                f"{type(self).__name__}: values of shape {tuple(value_shape)} and keys of shape {tuple(key_shape)} "
                "differ in more than their last axis.",
                fix="give a key for each value.",
            )
        self._query_dense = self._built("query", query_shape, sizes[0])
        self._key_dense = self._built("key", key_shape, sizes[1])
        if self._use_gate:
            gate = (sizes[0][0], sizes[2][1])
            self._gate_dense = self._built("gate", query_shape, gate, activation="sigmoid")
        self._value_dense = self._built("value", value_shape, sizes[2])

    def _built(self, name: str, shape: Any, sizes: Sequence[int], activation: Any = None) -> Any:
        dense = self._projection(name, len(shape), 1, sizes, activation)
        dense.supports_masking = True  # it keeps the positions
        dense.build(shape)
        return dense

    def _build_attention(self, rank: int) -> None:
        """Make what is needed where scores are computed, for projections of `rank` axes."""
        axes = tuple(range(1, rank - 2)) if self._attention_axes is None else self._attention_axes
        self._attention_axes = tuple(axis if axis >= 0 else rank - 1 + axis for axis in axes)
        target = string.ascii_lowercase[:rank]
        spare = iter(string.ascii_lowercase[rank:])
        source = "".join(
            next(spare) if place in self._attention_axes else letter for place, letter in enumerate(target)
        )
        batch = [target[place] for place in range(rank - 1) if place not in self._attention_axes]
        scores = "".join([*batch, *(word[place] for word in (target, source) for place in self._attention_axes)])
        self._dot_product_equation = f"{source},{target}->{scores}"
        self._combine_equation = f"{scores},{source}->{target}"
        norm_axes = tuple(range(len(scores) - len(self._attention_axes), len(scores)))
        self._softmax = Softmax(axis=norm_axes, dtype=self.dtype_policy)
        self._dropout_layer = Dropout(rate=self._dropout, dtype=self.dtype_policy, seed=self.seed)

    # Masks

    def _compute_attention_mask(
        self,
        query: Any,
        value: Any,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Which pairs may meet: bool that broadcasts to (batch, queries, keys), or None for all."""
        parts = [] if query_mask is None else [ops.expand_dims(ops.cast(query_mask, "bool"), -1)]
        parts += [ops.expand_dims(ops.cast(each, "bool"), -2) for each in (value_mask, key_mask) if each is not None]
        if use_causal_mask:
            parts.append(self._compute_causal_mask(query, value))
        if self._sliding_window is not None:
            parts.append(self._compute_sliding_window_mask(query, value))
        if attention_mask is not None:
            parts.append(ops.cast(attention_mask, "bool"))
        found = None
        for part in parts:
            found = part if found is None else ops.logical_and(found, part)
        return found

    @staticmethod
    def _places(query: Any, value: Any) -> tuple[Any, Any]:
        rows, columns = query.shape[1], (query if value is None else value).shape[1]
        return ops.reshape(ops.arange(rows), (1, rows, 1)), ops.reshape(ops.arange(columns), (1, 1, columns))

    def _compute_causal_mask(self, query: Any, value: Any = None) -> Any:
        """True where a query may see a key that is not behind it: (1, queries, keys)."""
        row, column = self._places(query, value)
        return ops.greater_equal(row, column)

    def _compute_sliding_window_mask(self, query: Any, value: Any = None) -> Any:
        """True where a key is less than the window away from a query: (1, queries, keys)."""
        row, column = self._places(query, value)
        return ops.less(ops.abs(ops.subtract(row, column)), self._sliding_window)

    def _expanded(self, mask: Any, rank: int) -> Any:
        """A mask with axes for the heads, so that it has `rank` axes."""
        assert self._attention_axes is not None
        for _ in range(rank - len(mask.shape)):
            mask = ops.expand_dims(mask, -len(self._attention_axes) * 2 - 1)
        return mask

    def _masked_softmax(self, attention_scores: Any, attention_mask: Any = None) -> Any:
        """Weights of the scores; those that the mask leaves out are 0."""
        if attention_mask is not None:
            attention_mask = self._expanded(attention_mask, len(attention_scores.shape))
        return self._softmax(attention_scores, mask=attention_mask)

    # The attention

    def _attend(
        self, query: Any, key: Any, value: Any, mask: Any, training: bool | None, scores_too: bool, causal: bool
    ) -> tuple[Any, Any]:
        """Averages of projected values, and their weights if asked for (else None)."""
        if self._flash_attention and scores_too:
            raise ArgumentError(
                f"{type(self).__name__}: flash attention keeps no scores to return.",
                fix="leave flash_attention or return_attention_scores out.",
            )
        if not scores_too and len(query.shape) == 4:
            return self._without_scores(query, key, value, mask, bool(training), causal), None
        if causal:
            below = self._compute_causal_mask(query, value)
            mask = below if mask is None else ops.logical_and(ops.cast(mask, "bool"), below)
        query = ops.multiply(query, ops.cast(self._scale, query.dtype))
        weights = self._masked_softmax(ops.einsum(self._dot_product_equation, key, query), mask)
        dropped = self._dropout_layer(weights, training=training) if self._dropout > 0 else weights
        return ops.einsum(self._combine_equation, dropped, value), weights

    def _without_scores(self, query: Any, key: Any, value: Any, mask: Any, training: bool, causal: bool) -> Any:
        if mask is not None:
            mask = self._expanded(ops.cast(mask, "bool"), 4)
        drops = training and self._dropout > 0
        found = ops.dot_product_attention(
            query, key, value, mask=mask, scale=self._scale, is_causal=causal,
            dropout=self._dropout if drops else 0.0,
            dropout_key=draw_key(self._dropout_layer.seed_generator) if drops else None,
        )  # fmt: skip
        if self._dropout == 0 or mask is None:
            return found
        # A layer with dropout gives 0 for a query that sees nothing, and not the average of all values.
        if causal:
            mask = ops.logical_and(mask, ops.expand_dims(self._compute_causal_mask(query, value), 1))
        return ops.where(ops.expand_dims(ops.swapaxes(ops.any(mask, -1), 1, 2), -1), found, 0)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "dropout": self._dropout,
            "use_bias": self._use_bias,
            "use_gate": self._use_gate,
            "sliding_window": self._sliding_window,
            "kernel_initializer": initializers.serialize(self._kernel_initializer),
            "bias_initializer": initializers.serialize(self._bias_initializer),
            "kernel_regularizer": regularizers.serialize(self._kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self._bias_regularizer),
            "activity_regularizer": regularizers.serialize(self._activity_regularizer),
            "kernel_constraint": constraints.serialize(self._kernel_constraint),
            "bias_constraint": constraints.serialize(self._bias_constraint),
            "seed": self.seed,
        }
