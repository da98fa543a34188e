"""Random bits from a key: the one source of randomness. Distributions are made of them in ops/random.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample, absent
from headwater.ir.spec import Spec, sizes_differ

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10


def philox_blocks(key: Any, low: Any, high: Any, multiply_wide: Any, uint32: Any) -> list[Any]:
    """The four words of each block (low, high), by Philox4x32-10, in whatever array library is given.

    Args:
        key: four uint32 numbers, key0, key1, counter_lo, counter_hi.
        low, high: number of each block, as two uint32 arrays.
        multiply_wide: function of a constant and an array that gives the high and low words of their product.
        uint32: constructor of an uint32 number.
    """
    key0, key1 = key[0], key[1]
    words = [low, high, low * uint32(0) + key[2], low * uint32(0) + key[3]]
    for _ in range(ROUNDS):
        high0, low0 = multiply_wide(MULTIPLIERS[0], words[0])
        high1, low1 = multiply_wide(MULTIPLIERS[1], words[2])
        words = [high1 ^ words[1] ^ key0, low1, high0 ^ words[3] ^ key1, low0]
        key0, key1 = key0 + uint32(WEYL[0]), key1 + uint32(WEYL[1])
    return words


def _multiply_wide_numpy(constant: int, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    product = words.astype(np.uint64) * np.uint64(constant)
    return (product >> np.uint64(32)).astype(np.uint32), product.astype(np.uint32)


class RandomBits(Primitive):
    """Uniformly random bits. An element depends on the key and its own position alone.

    The Philox key is (key0, key1), the counter of block b is (b_lo, b_hi, counter_lo, counter_hi); element i of a
    uint32 result is word i % 4 of block i // 4, and element i of a uint64 result is words 2 i (low half) and 2 i + 1
    of that sequence.
    Shapes: key (4,) -> `shape`.    Dtypes: key uint32 -> `dtype`, uint32 or uint64.
    Errors: ShapeError if the key is not four words.
    Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """

    name = "random_bits"
    vjp = absent("bits have no derivative")

    def infer(self, key: Spec, *, shape: tuple[int, ...], dtype: DType) -> Spec:
        if key.dtype != "uint32":
            raise DTypeError(f"random_bits: its key has dtype {key.dtype.name}.", fix="make a key of uint32 words.")
        if key.ndim != 1 or sizes_differ(key.shape[0], 4):
            raise ShapeError(
                f"random_bits: a key of shape {key.shape}.", fix="give four words: key0, key1, counter_lo, counter_hi."
            )
        if dtype not in ("uint32", "uint64"):
            raise DTypeError(f"random_bits: bits of dtype {dtype.name}.", fix="ask for uint32 or uint64, and convert.")
        return Spec(tuple(shape), dtype)

    def cpu(self, kernels, key, *, shape, dtype):
        return kernels.emit("random_bits", key)

    def xla(self, lax, key, *, shape, dtype):
        jnp = lax.numpy

        def multiply_wide(constant: int, words: Any) -> tuple[Any, Any]:
            # 32 by 32 bits in halves of 16, so that no uint64 is needed.
            a_low, a_high = jnp.uint32(constant & 0xFFFF), jnp.uint32(constant >> 16)
            b_low, b_high = words & jnp.uint32(0xFFFF), words >> 16
            low = a_low * b_low
            middle = a_high * b_low + (low >> 16)
            other = a_low * b_high + (middle & jnp.uint32(0xFFFF))
            return a_high * b_high + (middle >> 16) + (other >> 16), jnp.uint32(constant) * words

        size = int(np.prod(shape, dtype=np.int64))
        per_block = 16 // dtype.size
        block = np.arange(-(-size // per_block), dtype=np.uint64)
        low, high = jnp.asarray(block.astype(np.uint32)), jnp.asarray((block >> np.uint64(32)).astype(np.uint32))
        words = jnp.stack(philox_blocks(key, low, high, multiply_wide, jnp.uint32), -1)
        if dtype.size == 8:
            words = words.reshape(-1, 2).astype(np.uint64)
            words = words[:, 0] | (words[:, 1] << 32)
        return words.reshape(-1)[:size].reshape(shape)

    def reference(self, key, *, shape, dtype):
        size = int(np.prod(shape, dtype=np.int64))
        block = np.arange(-(-size * dtype.size // 16), dtype=np.uint64)
        low, high = block.astype(np.uint32), (block >> np.uint64(32)).astype(np.uint32)
        with np.errstate(over="ignore"):
            words = np.stack(philox_blocks(key.astype(np.uint32), low, high, _multiply_wide_numpy, np.uint32), -1)
        if dtype.size == 8:
            pairs = words.reshape(-1, 2).astype(np.uint64)
            words = pairs[:, 0] | (pairs[:, 1] << np.uint64(32))
        return words.reshape(-1)[:size].reshape(shape)

    def samples(self, rng):
        uint32, uint64 = as_dtype("uint32"), as_dtype("uint64")
        key = rng.integers(0, 2**32, (4,), np.uint32)
        return [
            Sample(key, shape=(7, 3), dtype=uint32),
            Sample(key, shape=(5,), dtype=uint64),
            Sample(np.zeros(4, np.uint32), shape=(), dtype=uint32),
            Sample(np.full(4, 2**32 - 1, np.uint32), shape=(8,), dtype=uint32),
            Sample(key, shape=(0, 2), dtype=uint64),
            BadSample(DTypeError, "its key has dtype int32", np.zeros(4, np.int32), shape=(2,), dtype=uint32),
            BadSample(ShapeError, "a key of shape (2,)", np.zeros(2, np.uint32), shape=(2,), dtype=uint32),
            BadSample(DTypeError, "bits of dtype float32", key, shape=(2,), dtype=as_dtype("float32")),
        ]


random_bits = RandomBits()
