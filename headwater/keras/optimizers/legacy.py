"""`keras.optimizers.legacy`: names of Keras 2 that are refused, with what to use in their place."""

from __future__ import annotations

from typing import Any

from headwater.errors import UnsupportedError


class _Legacy:
    """An optimizer of Keras 2; it can't be made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        raise UnsupportedError(
            f"keras.optimizers.legacy.{name} is gone since Keras 3.", fix=f"use keras.optimizers.{name}.", where=""
        )


class Optimizer(_Legacy):
    """Refused: use `keras.optimizers.Optimizer`."""


class Adagrad(_Legacy):
    """Refused: use `keras.optimizers.Adagrad`."""


class Adam(_Legacy):
    """Refused: use `keras.optimizers.Adam`."""


class Ftrl(_Legacy):
    """Refused: use `keras.optimizers.Ftrl`."""


class RMSprop(_Legacy):
    """Refused: use `keras.optimizers.RMSprop`."""


class SGD(_Legacy):
    """Refused: use `keras.optimizers.SGD`."""
