"""CRC-32C, the checksum of TFRecord files and of TensorFlow's checkpoints.

Source: Castagnoli, Braeuer and Herrmann 1993, "Optimization of cyclic redundancy-check codes with 24 and 32 parity
bits" (the polynomial).
"""

from __future__ import annotations

from headwater.backends.cpu import native

_MASK = 0xA282EAD8


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    return native.crc32c(data)


def masked(crc: int) -> int:
    """A checksum as the files have it: turned and moved, so that checksums of checksums are no problem."""
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
