"""AdamW: Adam, and weights that shrink on their own."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.optimizers.adam import Adam


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: w -= rate * weight_decay * w before each update.

    Args:
        learning_rate: see `Optimizer`.
        weight_decay: share, times the learning rate, by which weights shrink at each step.
        beta_1, beta_2, epsilon, amsgrad: see `Adam`.
        other arguments: see `Optimizer`.
    Source: Loshchilov and Hutter 2019, arXiv:1711.05101.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise ArgumentError(
                "AdamW without weight_decay is Adam.", fix="use keras.optimizers.Adam, or pass a float."
            )
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )
