"""The settings of a session: default dtype, fuzz factor, image layout, logging; and the limits of a quick trial run.

What the ops need lives beside them, in `headwater.ops.defaults`; the limits start from the environment variables
`KERAS_MAX_EPOCHS` and `KERAS_MAX_STEPS_PER_EPOCH`.
"""

from __future__ import annotations

import os

from headwater.errors import ArgumentError, UnsupportedError
from headwater.ops import defaults

_FLOATS = ("bfloat16", "float16", "float32", "float64")


def _limit_from_environment(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text else None


class _Settings:
    interactive_logging = True
    traceback_filtering = True
    flash_attention: bool | None = None
    max_epochs = _limit_from_environment("KERAS_MAX_EPOCHS")
    max_steps_per_epoch = _limit_from_environment("KERAS_MAX_STEPS_PER_EPOCH")


_settings = _Settings()


def floatx() -> str:
    """The default float dtype, "float32" unless it was set."""
    return str(defaults.floatx())


def set_floatx(value: str) -> None:
    """Make `value` the default float dtype.

    Args:
        value: "bfloat16", "float16", "float32" or "float64".
    Raises: ArgumentError for any other dtype.
    """
    if str(value) not in _FLOATS:
        raise ArgumentError(f"{value!r} can't be the default float dtype.", fix=f"use one of {', '.join(_FLOATS)}.")
    defaults.set_floatx(value)


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite, 1e-7 unless it was set."""
    return defaults.epsilon()


def set_epsilon(value: float) -> None:
    """Set the small number that keeps logarithms and divisions finite."""
    defaults.set_epsilon(value)


def image_data_format() -> str:
    """Where an image keeps its channels: "channels_last" unless it was set."""
    return defaults.image_data_format()


def set_image_data_format(data_format: str) -> None:
    """Set where images keep their channels, "channels_last" or "channels_first"."""
    defaults.set_image_data_format(data_format)


def enable_interactive_logging() -> None:
    """Print progress to standard output."""
    _settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Send progress to Python's `logging` instead of standard output."""
    _settings.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """True if progress is printed to standard output."""
    return _settings.interactive_logging


def enable_traceback_filtering() -> None:
    """Accepted for compatibility: messages name layers, and tracebacks are never rewritten."""
    _settings.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Accepted for compatibility: tracebacks are never rewritten."""
    _settings.traceback_filtering = False


def is_traceback_filtering_enabled() -> bool:
    """The value last set; it changes nothing else."""
    return _settings.traceback_filtering


def enable_flash_attention() -> None:
    """Ask attention layers for the kernel that keeps no matrix of scores."""
    _settings.flash_attention = True


def disable_flash_attention() -> None:
    """Ask attention layers for the plain computation."""
    _settings.flash_attention = False


def is_flash_attention_enabled() -> bool | None:
    """True or False if it was set, None while the layers may choose."""
    return _settings.flash_attention


def is_nnx_enabled() -> bool:
    """False: Flax's NNX modules are a matter of Keras on JAX."""
    return False


def max_epochs() -> int | None:
    """The most epochs that `fit` runs, None for no limit."""
    return _settings.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every `fit`, for a quick trial; None lifts the limit."""
    _settings.max_epochs = max_epochs


def max_steps_per_epoch() -> int | None:
    """The most steps of an epoch, an evaluation or a prediction, None for no limit."""
    return _settings.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the steps of every epoch, for a quick trial; None lifts the limit."""
    _settings.max_steps_per_epoch = max_steps_per_epoch


def backend() -> str:
    """The name of the library that computes: "headwater"."""
    return "headwater"


def set_backend(backend: str) -> None:
    """Accepts "headwater" alone; what runs the programs is chosen by `headwater.backends.use`.

    Raises: UnsupportedError for any other name.
    """
    if backend != "headwater":
        raise UnsupportedError(
            f"this Keras runs on Headwater, not on {backend!r}.",
            fix='headwater.backends.use("xla") runs it through JAX.',
        )


def enable_unsafe_deserialization() -> None:
    """Refused: loading a model never runs code from its file.

    Raises: UnsupportedError, always.
    """
    raise UnsupportedError(
        "models are loaded without running code from their file, always.",
        fix="pass the functions that the model needs as `custom_objects` to the loading function.",
    )
