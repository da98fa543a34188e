"""StringIndex: the places of many strings in a list at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headwater.backends.cpu import native


class StringIndex:
    """The places of byte strings in a list; of equal ones that of the last.

    Args:
        keys: the list.
    Example:
        >>> StringIndex([b"a", b"b"]).places(np.array([b"b", b"?"], object))
        array([ 1, -1])
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._rows = native.StringRows(list(keys))

    def places(self, strings: np.ndarray) -> np.ndarray:
        """The place of each string, -1 for those that are not in the list; int64.

        Args:
            strings: an array of any shape, of `bytes` objects.
        """
        found = self._rows.find(np.ascontiguousarray(strings, object))
        return np.asarray(found).reshape(strings.shape)
