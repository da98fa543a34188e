"""Copy oneDNN's shared library under a name of our own, with its OpenMP calls bound to our thread pool.

Usage: adopt_onednn.py SOURCE TARGET

Names in the dynamic string table are replaced by others of the same length, so the file keeps its layout:

    libdnnl.so.3     libhwnn.so.3     a process may hold another oneDNN under the usual name
    libgomp.so.1     libhwpool.so     our threads instead of GCC's
    GOMP_*  omp_*    HWTR_*  hwt_*    can never bind to a libgomp that another package loaded

A library that does not use libgomp only changes its own name.
"""

import re
import struct
import sys
from pathlib import Path

SECTION = struct.Struct("<IIQQQQIIQQ")
DYNAMIC_STRINGS = b".dynstr"


def dynamic_strings(library: bytes) -> slice:
    """Where the dynamic string table lies in a little-endian 64-bit ELF file."""
    if library[:6] != b"\x7fELF\x02\x01":
        raise SystemExit("not a little-endian 64-bit ELF file")
    (table,) = struct.unpack_from("<Q", library, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", library, 0x3A)
    sections = [SECTION.unpack_from(library, table + i * size) for i in range(count)]
    names = sections[names_index][4]
    for section in sections:
        start = names + section[0]
        if library[start : start + len(DYNAMIC_STRINGS) + 1] == DYNAMIC_STRINGS + b"\0":
            return slice(section[4], section[4] + section[5])
    raise SystemExit("the library has no dynamic string table")


def rename(strings: bytes) -> bytes:
    """The table with the names replaced."""
    strings = strings.replace(b"\0libdnnl.so.3\0", b"\0libhwnn.so.3\0")
    if b"\0libgomp.so.1\0" in strings:
        strings = strings.replace(b"\0libgomp.so.1\0", b"\0libhwpool.so\0")
        strings = re.sub(rb"(?<=\0)GOMP_(?=[a-z_]+\0)", b"HWTR_", strings)
        strings = re.sub(rb"(?<=\0)omp_(?=[a-z_]+\0)", b"hwt_", strings)
    return strings


def main() -> None:
    """Copy and rename."""
    source, target = map(Path, sys.argv[1:])
    library = bytearray(source.read_bytes())
    where = dynamic_strings(library)
    library[where] = rename(bytes(library[where]))
    target.write_bytes(library)
    target.chmod(0o755)


if __name__ == "__main__":
    main()
