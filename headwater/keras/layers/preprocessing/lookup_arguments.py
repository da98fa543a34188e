"""What the arguments of lookup layers must be."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras.layers.preprocessing.vocabulary import repeated
from headwater.keras.saving.serialization import in_safe_mode

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
_OLDER_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def one_of(value: Any, allowed: tuple[str, ...], argument: str, owner: str) -> None:
    """Raise ArgumentError if a string argument is not one of those that are understood."""
    if not isinstance(value, str) or value not in allowed:
        raise ArgumentError(
            f"Unknown value for `{argument}` argument of {owner}: {value!r}.", fix=f"use one of {', '.join(allowed)}."
        )


def output_mode(value: Any) -> Any:
    """The mode by its present name."""
    return _OLDER_MODES.get(value, value) if isinstance(value, str) else value


def encoding(name: Any) -> str:
    """The name of an encoding of text.

    Raises: ArgumentError if Python knows none of that name.
    """
    try:
        "".encode(name)
    except (LookupError, TypeError) as error:
        raise ArgumentError(f"`encoding` is {name!r}: {error}.", fix='pass e.g. "utf-8".') from None
    return name


def salt_key(salt: Any, owner: str) -> list[int] | None:
    """The two halves of the key of a keyed hash; None if there is none.

    Raises: ArgumentError if `salt` is not one or two whole numbers.
    """
    if salt is None:
        return None
    if isinstance(salt, int):
        return [salt, salt]
    if isinstance(salt, (tuple, list)) and len(salt) == 2:
        return list(salt)
    raise ArgumentError(
        f"The `salt` argument for `{owner}` is {salt!r}.", fix="pass one whole number, or a tuple of two."
    )


def check(layer: Any) -> None:
    """Raise ArgumentError if the arguments of a lookup layer do not fit together."""
    owner = type(layer).__name__
    one_of(layer.output_mode, OUTPUT_MODES, "output_mode", owner)
    one_of(layer.oov_method, ("floormod", "farmhash"), "oov_method", owner)
    for wrong, what, fix in _CONTRADICTIONS:
        if wrong(layer):
            raise ArgumentError(f"{owner}: {what.format(**layer.__dict__)}", fix=fix)


_CONTRADICTIONS = (
    (
        lambda layer: layer.max_tokens is not None and not isinstance(layer.max_tokens, (int, float, np.number)),
        "max_tokens={max_tokens!r} is no number.",
        "pass 2 or more, or None for any number; a feature takes its name by name=.",
    ),
    (
        lambda layer: layer.max_tokens is not None and layer.max_tokens <= 1,
        "max_tokens={max_tokens} leaves no room for a vocabulary.",
        "pass 2 or more, or None for any number.",
    ),
    (
        lambda layer: layer.pad_to_max_tokens and layer.max_tokens is None,
        "pad_to_max_tokens=True, and there is no max_tokens to pad to.",
        "pass max_tokens.",
    ),
    (
        lambda layer: layer.num_oov_indices < 0,
        "num_oov_indices={num_oov_indices} is negative.",
        "pass 0 or more.",
    ),
    (
        lambda layer: layer.salt is not None and layer._holds_numbers and layer.oov_method != "farmhash",
        "`salt` is the key of a hash, and oov_method={oov_method!r} takes none.",
        'pass oov_method="farmhash".',
    ),
    (
        lambda layer: layer.invert and layer.output_mode != "int",
        "invert=True gives tokens, not output_mode={output_mode!r}.",
        'leave out output_mode, or pass "int".',
    ),
    (
        lambda layer: layer.invert and layer.oov_token is None,
        "invert=True needs a token for unknown indices, and oov_token is None.",
        "pass oov_token.",
    ),
    (
        lambda layer: layer.sparse and layer.output_mode == "int",
        "sparse=True is for vectors, not for output_mode='int'.",
        'leave out sparse, or pass output_mode="one_hot", "multi_hot", "count" or "tf_idf".',
    ),
    (
        lambda layer: layer.input_idf_weights is not None and layer.output_mode != "tf_idf",
        "`idf_weights` is given, and output_mode is {output_mode!r}.",
        'pass output_mode="tf_idf", or leave out idf_weights.',
    ),
    (
        lambda layer: layer.output_mode == "tf_idf" and layer._has_input_vocabulary and layer.input_idf_weights is None,
        "`vocabulary` is given without `idf_weights`, which output_mode='tf_idf' needs.",
        "pass idf_weights, a weight for each token.",
    ),
)


def check_vocabulary(layer: Any, given: list[Any], tokens: list[Any], may_be_empty: bool = False) -> None:
    """Raise ArgumentError if a vocabulary can't be a layer's.

    Args:
        layer: a lookup layer.
        given: the vocabulary as it was passed.
        tokens: the same without the special tokens at its beginning.
        may_be_empty: whether there need be no token.
    """
    if not given and not may_be_empty:
        raise ArgumentError("Cannot set an empty vocabulary.", fix="pass at least one token.")
    twice = repeated(tokens)
    if twice:
        shown = ", ".join(map(repr, twice[:10])) + (", ..." if len(twice) > 10 else "")
        raise ArgumentError(
            f"The vocabulary has {len(twice)} tokens more than once: {shown}.", fix="pass each token once."
        )
    for role, token, checked in (
        ("mask", layer.mask_token, layer.mask_token is not None),
        ("OOV", layer.oov_token, layer.oov_token is not None and layer.invert),
    ):
        if checked and token in tokens:
            raise ArgumentError(
                f"Found the reserved {role} token {token!r} in the vocabulary, at index "
                f"{given.index(token, len(given) - len(tokens))}.",
                fix=f"remove the special tokens, or begin with {_special_tokens(layer)}.",
            )
    size = len(tokens) + layer._token_start_index()
    if layer.max_tokens is not None and size > layer.max_tokens:
        raise ArgumentError(
            f"The vocabulary has {size} tokens, special ones included, and max_tokens is {layer.max_tokens}.",
            fix="pass fewer tokens, or a greater max_tokens.",
        )


def _special_tokens(layer: Any) -> str:
    """The tokens that a vocabulary may begin with, in words."""
    mask = f"{layer.mask_token!r} and then " if layer._oov_start_index() else ""
    return f"{mask}{layer.num_oov_indices} times {layer.oov_token!r}"


def refuse_path(config: dict[str, Any]) -> None:
    """Raise ArgumentError if a config names a file to read a vocabulary from."""
    if isinstance(config.get("vocabulary"), str) and in_safe_mode():
        raise ArgumentError(
            f"a config names the vocabulary file {config['vocabulary']!r}, which lies outside of the model's file.",
            fix="if you trust where it comes from, pass safe_mode=False to the loading function.",
            where="",
        )
