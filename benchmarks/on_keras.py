"""Runs a script of Headwater's on real Keras and TensorFlow, to compare what it reaches and how long that takes.

    python -m benchmarks.on_keras [--backend jax] examples/NAME/train.py [arguments of the script]

In the process the name `headwater` means TensorFlow, and `headwater.keras` real Keras on the backend chosen; the sets
of `headwater.datasets`, which TensorFlow has not, stay Headwater's. What a script uses must therefore be theirs too.
"""

import argparse
import importlib
import importlib.abc
import importlib.util
import os
import runpy
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What TensorFlow has no counterpart of, and what that stands on.
OWN = ("headwater.datasets", "headwater.errors", "headwater.version")


class _Peers(types.ModuleType):
    """The module `headwater`: its attributes are TensorFlow's, but for `keras`."""

    def __getattr__(self, name):
        if name == "keras":  # TensorFlow's is another module, without some of Keras's names
            return importlib.import_module("keras")
        import tensorflow

        return getattr(tensorflow, name)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `headwater.keras...` in Keras, `headwater.datasets` at home, every other `headwater...` in TensorFlow."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname == "headwater" or (fullname.startswith("headwater.") and not fullname.startswith(OWN)):
            return importlib.util.spec_from_loader(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        if spec.name == "headwater":
            module = _Peers("headwater")
            module.__path__ = [str(ROOT / "headwater")]
            return module
        return importlib.import_module(_counterpart(spec.name))

    def exec_module(self, module):
        """Nothing is left to do: the peer's module has run."""


def _counterpart(name):
    tail = name.removeprefix("headwater.")
    return tail if tail == "keras" or tail.startswith("keras.") else f"tensorflow.{tail}"


def serve_peers(backend):
    """Let `import headwater` give TensorFlow, with Keras on a backend ("jax", "tensorflow", "torch")."""
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.meta_path.insert(0, _Finder())
    import keras

    if importlib.util.find_spec("pydot") is None:  # what Keras draws models by; the comparison needs no drawing
        keras.utils.plot_model = lambda *args, **options: None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="jax", choices=["jax", "tensorflow", "torch"])
    parser.add_argument("script", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    serve_peers(options.backend)
    sys.argv = [str(options.script), *options.arguments]
    sys.path.insert(0, str(options.script.resolve().parent))
    runpy.run_path(str(options.script), run_name="__main__")


if __name__ == "__main__":
    main()
