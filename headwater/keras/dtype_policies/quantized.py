"""Policies of layers whose weights are quantized: named "<mode>_from_<float policy>", as Keras writes them in files."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.dtype_policies.policy import DTypePolicy, dtype_policy

QUANTIZATION_MODES = ("int8", "float8", "int4", "gptq", "awq")


class QuantizedDTypePolicy(DTypePolicy):
    """Quantized weights under a float policy.

    Args:
        mode: "int8", "int4" or "float8".
        source_name: name of the float policy that inputs and results follow; None for the session's.
    """

    def __init__(self, mode: str, source_name: str | None = None) -> None:
        source_name = dtype_policy().name if source_name is None else source_name
        self._compute_dtype, self._variable_dtype = self._parse_name(source_name)
        base = mode.split("/")[0]
        if base not in QUANTIZATION_MODES:
            raise ArgumentError(
                f"{mode!r} is not a way to quantize.", fix=f"use one of {', '.join(QUANTIZATION_MODES)}."
            )
        if base == "int8" and self._compute_dtype == "float16":
            raise ArgumentError("int8 weights under float16 overflow.", fix="quantize from bfloat16 or float32.")
        self._name = f"{mode}_from_{source_name}"
        self._source_name = source_name
        self._mode = mode
        self._quantization_mode = base

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this policy again."""
        return {"mode": self._mode, "source_name": self._source_name}


class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """Weights in 8-bit floats, scaled by the largest values of the last `amax_history_length` steps."""

    default_amax_history_length = 1024

    def __init__(self, mode: str, source_name: str | None = None, amax_history_length: int = 1024) -> None:
        super().__init__(mode, source_name)
        if not isinstance(amax_history_length, int):
            raise TypeError(f"amax_history_length must be an int, not {amax_history_length!r}")
        self._amax_history_length = amax_history_length

    @property
    def amax_history_length(self) -> int:
        """How many steps the scale looks back."""
        return self._amax_history_length

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this policy again."""
        return {**super().get_config(), "amax_history_length": self._amax_history_length}


class _BlockPolicy(QuantizedDTypePolicy):
    """A mode with numbers in it, "name/number/number"."""

    form = ""
    allowed_bits: tuple[int, ...] = ()

    def __init__(self, mode: str, source_name: str | None = None) -> None:
        name, *texts = mode.split("/")
        parts = self.form.split("/")
        try:
            numbers = [int(text) for text in texts]
        except ValueError:
            numbers = []
        if name != parts[0] or len(numbers) != len(parts) - 1:
            raise ArgumentError(f"mode {mode!r} is not of the form {self.form}.", fix=f"write numbers in {self.form}.")
        if numbers[-1] < -1 or numbers[-1] == 0:
            raise ArgumentError(
                f"mode {mode!r} has groups of {numbers[-1]}.", fix="use -1 (no groups) or a positive size."
            )
        if self.allowed_bits and numbers[0] not in self.allowed_bits:
            raise ArgumentError(f"mode {mode!r} asks for {numbers[0]} bits.", fix=f"use one of {self.allowed_bits}.")
        super().__init__(mode, source_name)
        self.mode = name
        self._set_numbers(numbers)

    def _set_numbers(self, numbers: list[int]) -> None:
        self.weight_bits, self.group_size = numbers


class Int4DTypePolicy(_BlockPolicy):
    """4-bit weights with a scale per block: mode "int4/<block_size>", -1 for one scale per channel."""

    form = "int4/<block_size>"

    def _set_numbers(self, numbers: list[int]) -> None:
        (self.block_size,) = numbers


class GPTQDTypePolicy(_BlockPolicy):
    """Weights quantized by GPTQ: mode "gptq/<weight_bits>/<group_size>"."""

    form = "gptq/<weight_bits>/<group_size>"
    allowed_bits = (2, 3, 4, 8)


class AWQDTypePolicy(_BlockPolicy):
    """Weights quantized by AWQ: mode "awq/4/<group_size>"."""

    form = "awq/<weight_bits>/<group_size>"
    allowed_bits = (4,)


_CLASSES = {
    "int8": QuantizedDTypePolicy,
    "int4": QuantizedDTypePolicy,
    "gptq": GPTQDTypePolicy,
    "awq": AWQDTypePolicy,
    "float8": QuantizedFloat8DTypePolicy,
}


def from_name(name: str) -> QuantizedDTypePolicy:
    """The policy that "<mode>_from_<float policy>" names."""
    mode, separator, source_name = name.partition("_from_")
    if not separator:
        raise ArgumentError(f"{name!r} does not name a quantized policy.", fix="write e.g. 'int8_from_float32'.")
    cls = Int4DTypePolicy if mode.startswith("int4/") else _CLASSES.get(mode.split("/")[0], QuantizedDTypePolicy)
    return cls(mode, source_name)
