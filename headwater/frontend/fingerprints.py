"""Hashes of strings, as TensorFlow has them: FarmHash's Fingerprint64, SipHash-2-4, and an older one of its own.

Strings of one length are hashed together, by NumPy: numbers are uint64 and wrap.

Source: github.com/google/farmhash (farmhashna); Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
_MASK = (1 << 64) - 1


def fingerprint64(texts: Sequence[bytes]) -> np.ndarray:
    """FarmHash's 64-bit fingerprint of each string: uint64.

    Example:
        >>> int(fingerprint64([b"hello"])[0])
        13009744463427800296
    """
    return _by_length(texts, _farmhash)


def siphash(texts: Sequence[bytes], key: tuple[int, int]) -> np.ndarray:
    """SipHash-2-4 of each string, keyed by two numbers of 64 bits: uint64."""
    return _by_length(texts, lambda data: _siphash(data, key))


def hash64(texts: Sequence[bytes]) -> np.ndarray:
    """The hash of `tf.strings.to_hash_bucket`, of the family of MurmurHash: uint64."""
    return _by_length(texts, _murmur)


def concatenated(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """One fingerprint of two, as TensorFlow combines those of crossed features."""
    factor = _number(0xC6A4A7935BD1E995)
    found = ((first ^ factor) ^ (_mixed(second * factor) * factor)) * factor
    return _mixed(_mixed(found) * factor)


def _number(value: int) -> np.uint64:
    return np.uint64(value & _MASK)


def _by_length(texts: Sequence[bytes], hash_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The hash of each string, of those of one length at once: a matrix of bytes, a row each."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    result = np.zeros(len(texts), np.uint64)
    order = np.argsort(lengths, kind="stable")
    bounds = np.flatnonzero(np.diff(lengths[order], prepend=-1, append=-1))
    with np.errstate(over="ignore"):
        for start, end in itertools.pairwise(bounds):
            chosen = order[start:end]
            joined = b"".join([texts[place] for place in chosen])
            result[chosen] = hash_of(np.frombuffer(joined, np.uint8).reshape(len(chosen), -1))
    return result


def _fetch(data: np.ndarray, start: int, kind: str = "<u8") -> np.ndarray:
    """The bytes from `start` on as a number, of each row."""
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(data[:, start : start + size]).view(kind)[:, 0].astype(np.uint64)


def _rotated(x: np.ndarray, by: int) -> np.ndarray:
    """Bits turned to the right."""
    return (x >> np.uint64(by)) | (x << np.uint64(64 - by))


def _turned(x: np.ndarray, by: int) -> np.ndarray:
    """Bits turned to the left."""
    return _rotated(x, 64 - by)


def _mixed(x: np.ndarray) -> np.ndarray:
    return x ^ (x >> np.uint64(47))


def _hash_pair(u: np.ndarray, v: np.ndarray, factor: np.ndarray) -> np.ndarray:
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor


def _farmhash(data: np.ndarray) -> np.ndarray:
    length = data.shape[1]
    if length > 64:
        return _farmhash_long(data)
    if length > 32:
        return _farmhash_to_64(data)
    if length > 16:
        return _farmhash_to_32(data)
    return _farmhash_to_16(data)


def _farmhash_to_16(data: np.ndarray) -> np.ndarray:
    length = data.shape[1]
    factor = _K2 + np.uint64(2 * length)
    if length >= 8:
        a, b = _fetch(data, 0) + _K2, _fetch(data, length - 8)
        return _hash_pair(_rotated(b, 37) * factor + a, (_rotated(a, 25) + b) * factor, factor)
    if length >= 4:
        a = _fetch(data, 0, "<u4")
        return _hash_pair(np.uint64(length) + (a << np.uint64(3)), _fetch(data, length - 4, "<u4"), factor)
    if not length:
        return np.full(len(data), _K2)
    a, b, c = (data[:, place].astype(np.uint64) for place in (0, length >> 1, length - 1))
    y, z = a + (b << np.uint64(8)), np.uint64(length) + (c << np.uint64(2))
    return _mixed(y * _K2 ^ z * _K0) * _K2


def _farmhash_to_32(data: np.ndarray) -> np.ndarray:
    length = data.shape[1]
    factor = _K2 + np.uint64(2 * length)
    a, b = _fetch(data, 0) * _K1, _fetch(data, 8)
    c, d = _fetch(data, length - 8) * factor, _fetch(data, length - 16) * _K2
    return _hash_pair(_rotated(a + b, 43) + _rotated(c, 30) + d, a + _rotated(b + _K2, 18) + c, factor)


def _farmhash_to_64(data: np.ndarray) -> np.ndarray:
    length = data.shape[1]
    factor = _K2 + np.uint64(2 * length)
    a, b = _fetch(data, 0) * _K2, _fetch(data, 8)
    c, d = _fetch(data, length - 8) * factor, _fetch(data, length - 16) * _K2
    y = _rotated(a + b, 43) + _rotated(c, 30) + d
    z = _hash_pair(y, a + _rotated(b + _K2, 18) + c, factor)
    e, f = _fetch(data, 16) * factor, _fetch(data, 24)
    g, h = (y + _fetch(data, length - 32)) * factor, (z + _fetch(data, length - 24)) * factor
    return _hash_pair(_rotated(e + f, 43) + _rotated(g, 30) + h, e + _rotated(f + a, 18) + g, factor)


def _weak(data: np.ndarray, start: int, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    w, x, y, z = (_fetch(data, start + offset) for offset in (0, 8, 16, 24))
    a = a + w
    b = _rotated(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotated(a, 44) + c


def _farmhash_long(data: np.ndarray) -> np.ndarray:
    count, length = data.shape
    zero = np.zeros(count, np.uint64)
    x = zero + np.uint64(81)
    y = x * _K1 + np.uint64(113)
    z = _mixed(y * _K2 + np.uint64(113)) * _K2
    v, w = (zero, zero), (zero, zero)
    x = x * _K2 + _fetch(data, 0)
    end, rest = (length - 1) // 64 * 64, (length - 1) & 63
    for start in range(0, end, 64):
        x, y, z, v, w = _farmhash_round(data, start, x, y, z, v, w, _K1, 1)
    factor = _K1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    w = (w[0] + np.uint64(rest), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _farmhash_round(data, end + rest - 63, x, y, z, v, w, factor, 9)
    return _hash_pair(_hash_pair(v[0], w[0], factor) + _mixed(y) * _K0 + z, _hash_pair(v[1], w[1], factor) + x, factor)


def _farmhash_round(data, start, x, y, z, v, w, factor, weight):  # type: ignore[no-untyped-def]
    """64 bytes mixed in. In the last round the factor is another, and two of the numbers count nine times."""
    nine = np.uint64(weight)
    x = _rotated(x + y + v[0] + _fetch(data, start + 8), 37) * factor
    y = _rotated(y + v[1] + _fetch(data, start + 48), 42) * factor
    x = x ^ (w[1] * nine)
    y = y + v[0] * nine + _fetch(data, start + 40)
    z = _rotated(z + w[0], 33) * factor
    v = _weak(data, start, v[1] * factor, x + w[0])
    w = _weak(data, start + 32, z + w[1], y + _fetch(data, start + 16))
    return z, y, x, v, w


def _murmur(data: np.ndarray) -> np.ndarray:
    count, length = data.shape
    factor = np.uint64(0xC6A4A7935BD1E995)
    hashed = np.full(count, 0xDECAFCAFFE ^ (length * int(factor) & _MASK), np.uint64)
    whole = length // 8 * 8
    for start in range(0, whole, 8):
        hashed = (hashed ^ _mixed(_fetch(data, start) * factor) * factor) * factor
    if whole < length:
        for place in range(whole, length):
            hashed = hashed ^ (data[:, place].astype(np.uint64) << np.uint64(8 * (place - whole)))
        hashed = hashed * factor
    return _mixed(_mixed(hashed) * factor)


def _siphash(data: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    count, length = data.shape
    zero = np.zeros(count, np.uint64)
    first, second = map(_number, key)
    constants = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v = [zero + (np.uint64(c) ^ k) for c, k in zip(constants, (first, second, first, second))]
    whole = length // 8 * 8
    padded = np.zeros((count, whole + 8), np.uint8)
    padded[:, :length] = data
    padded[:, -1] = length & 0xFF
    for start in range(0, whole + 8, 8):
        word = _fetch(padded, start)
        v[3] = v[3] ^ word
        _sip_rounds(v, 2)
        v[0] = v[0] ^ word
    v[2] = v[2] ^ np.uint64(0xFF)
    _sip_rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_rounds(v: list[np.ndarray], count: int) -> None:
    for _ in range(count):
        v[0], v[2] = v[0] + v[1], v[2] + v[3]
        v[1], v[3] = _turned(v[1], 13) ^ v[0], _turned(v[3], 16) ^ v[2]
        v[0] = _turned(v[0], 32)
        v[2], v[0] = v[2] + v[1], v[0] + v[3]
        v[1], v[3] = _turned(v[1], 17) ^ v[2], _turned(v[3], 21) ^ v[0]
        v[2] = _turned(v[2], 32)
