"""How much memory a program may take: what the machine, or the container that this process lives in, has left."""

from __future__ import annotations

import re
from pathlib import Path

from headwater.errors import OutOfMemoryError

CHECKED_FROM = 64 << 20  # bytes; smaller programs are not worth a look at the machine
_CGROUPS = (  # (limit, in use, what can be dropped), version 2, then version 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def available_bytes() -> int | None:
    """Bytes that can be had without swapping or being killed; None where the system does not say."""
    found = [left for left in (_left_of_machine(), *(_left_of_group(*paths) for paths in _CGROUPS)) if left is not None]
    return min(found) if found else None


def require(name: str, nbytes: int) -> None:
    """Refuse a program that can't run.

    Args:
        name: of the function.
        nbytes: what its temporaries take.
    Raises: OutOfMemoryError if that is more than there is.
    """
    if nbytes < CHECKED_FROM:
        return
    left = available_bytes()
    if left is not None and nbytes > left:
        raise OutOfMemoryError(
            f"{name} needs {_shown(nbytes)} for its temporary values and {_shown(left)} are free: "
            f"{_shown(nbytes - left)} too much.",
            fix="use smaller batches (model.memory_plan(batch_size).largest_batch(bytes) says how many rows fit), "
            "keras.remat for layers that keep much, or a 16-bit dtype policy.",
        )


def _left_of_machine() -> int | None:
    text = _read("/proc/meminfo")
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _left_of_group(limit: str, usage: str, details: str) -> int | None:
    bound, used = _read(limit).strip(), _read(usage).strip()
    if not bound.isdigit() or not used.isdigit():
        return None
    cached = re.search(r"^(?:total_)?inactive_file (\d+)", _read(details), re.MULTILINE)
    return int(bound) - int(used) + (int(cached[1]) if cached else 0)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _shown(nbytes: int) -> str:
    return f"{nbytes / 1e9:.2f} GB" if nbytes >= 1e9 else f"{nbytes / 1e6:.0f} MB"
