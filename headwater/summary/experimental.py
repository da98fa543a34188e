"""`tf.summary.experimental`."""

from __future__ import annotations

from typing import Any

from headwater.io.wire import bytes_field
from headwater.ops.convert import convert_to_tensor
from headwater.summary import events, writer
from headwater.summary.kinds import summary_scope
from headwater.summary.writer import get_step, set_step

__all__ = ["get_step", "set_step", "summary_scope", "write_raw_pb"]


def write_raw_pb(tensor: Any, step: Any = None, name: str | None = None) -> Any:
    """Write a serialized Summary message.

    Args:
        tensor: its bytes, or a string tensor with them.
        step: of training; the default step if it is None.
        name: accepted.
    """
    target = writer.default_writer()
    if target is None:
        return convert_to_tensor(False)
    content = tensor if isinstance(tensor, bytes) else convert_to_tensor(tensor).numpy()
    target.write(events.event(int(get_step() if step is None else step), bytes_field(5, content)))
    return convert_to_tensor(True)
