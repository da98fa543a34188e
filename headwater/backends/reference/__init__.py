"""The oracle: NumPy, one primitive after another, as each primitive's `reference` says."""

from headwater.backends.reference.executable import load

__all__ = ["load"]
