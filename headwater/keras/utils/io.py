"""Where messages for the user go: standard output, or Python's `logging` if interactive logging is off."""

from __future__ import annotations

import logging
import sys

from headwater.keras import settings

_logger = logging.getLogger("headwater")


def print_msg(message: str, line_break: bool = True) -> None:
    """Show a message; characters that the output can't show become question marks."""
    if not settings.is_interactive_logging_enabled():
        _logger.info("%s", message)
        return
    text = f"{message}\n" if line_break else message
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
    sys.stdout.flush()
