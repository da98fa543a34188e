"""TensorFlow's `tf.version`: the version whose public names are served."""

from __future__ import annotations

VERSION = "2.21.0"
GIT_VERSION = COMPILER_VERSION = "headwater"
GRAPH_DEF_VERSION = GRAPH_DEF_VERSION_MIN_CONSUMER = GRAPH_DEF_VERSION_MIN_PRODUCER = 0
