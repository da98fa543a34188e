"""A plug-in of pytest that puts the native module of a build under sanitizers in place of the installed one.

`native/tests/sanitize.sh` loads it, and names the folder of the build in HEADWATER_TEST_NATIVE.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys

NAME = "headwater.backends.cpu._native"

(_path,) = pathlib.Path(os.environ["HEADWATER_TEST_NATIVE"]).glob("_native*.so")
_spec = importlib.util.spec_from_file_location(NAME, _path)
assert _spec is not None and _spec.loader is not None
sys.modules[NAME] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[NAME])
