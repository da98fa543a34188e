"""Ending a session: names start from the beginning, caches go."""

from __future__ import annotations

import gc

from headwater.keras.dtype_policies.policy import set_dtype_policy
from headwater.keras.random import seed_generator
from headwater.keras.utils import naming


def clear_session(free_memory: bool = True) -> None:
    """Forget what earlier models left behind: names count from the beginning again, and unused objects are collected.

    Args:
        free_memory: run Python's garbage collector at once.
    """
    naming.reset_uids()
    set_dtype_policy(None)
    seed_generator.reset_global_generator()
    if free_memory:
        gc.collect()
