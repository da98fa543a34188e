"""What examples in docstrings may take for granted: `tf`, `keras`, `np` and a seed."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # the oracle of parity tests; read when Keras is first imported
# Most of the oracle's time goes into compiling what runs once: let it compile less well, and sooner.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

import numpy as np
import pytest

import headwater as tf
from headwater import keras

collect_ignore = ["tests/native/sanitized.py"]  # a plug-in, for the builds of native/tests/sanitize.sh


@pytest.fixture(autouse=True)
def _names_of_examples(request):
    """Give docstring examples the names that a user of the module has imported."""
    if isinstance(request.node, pytest.DoctestItem):
        request.getfixturevalue("doctest_namespace").update(tf=tf, keras=keras, np=np)
        keras.utils.set_random_seed(0)
