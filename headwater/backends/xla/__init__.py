"""XLA through JAX: GPUs and TPUs. An optional extra: jax is imported here alone, when this is first used."""

from headwater.backends.xla.executable import load

__all__ = ["load"]
