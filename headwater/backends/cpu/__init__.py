"""The native runtime: a graph becomes one program of native instructions with a memory plan."""

from headwater.backends.cpu.executable import load

__all__ = ["load"]
