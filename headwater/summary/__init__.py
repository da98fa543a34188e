"""`tf.summary`: what training shows to TensorBoard, written as event files."""

from headwater.summary import experimental
from headwater.summary.graphs import graph, trace_export, trace_off, trace_on
from headwater.summary.kinds import audio, histogram, image, scalar, text, write
from headwater.summary.writer import (
    SummaryWriter,
    create_file_writer,
    create_noop_writer,
    flush,
    record_if,
    should_record_summaries,
)

__all__ = [
    "SummaryWriter",
    "audio",
    "create_file_writer",
    "create_noop_writer",
    "experimental",
    "flush",
    "graph",
    "histogram",
    "image",
    "record_if",
    "scalar",
    "should_record_summaries",
    "text",
    "trace_export",
    "trace_off",
    "trace_on",
    "write",
]
