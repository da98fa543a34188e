"""XLA through JAX: GPUs and TPUs. An optional extra; jax is imported when this backend is first used, and by nothing
else.
"""

from headwater.backends.xla.executable import load

__all__ = ["load"]
