"""Reading .npz files whose arrays are pickled lists of numbers, without letting the pickle run anything."""

from __future__ import annotations

import io
import pickle
import zipfile
from typing import Any

import numpy as np

from headwater.errors import ArgumentError

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _ListUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise ArgumentError(f"a data file asks for {module}.{name}.", fix="fetch the file from where Keras has it.")
        if module == "_codecs":
            return lambda text, encoding: text.encode(encoding)
        return super().find_class(module, name)


def read_lists(path: str) -> dict[str, Any]:
    """The arrays of a file by name; arrays of lists as lists."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = io.BytesIO(archive.read(name))
            version = np.lib.format.read_magic(data)
            read_header = (
                np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            )
            _, _, dtype = read_header(data)
            if dtype.hasobject:
                found[name.removesuffix(".npy")] = _ListUnpickler(data).load().tolist()
            else:
                data.seek(0)
                found[name.removesuffix(".npy")] = np.lib.format.read_array(data, allow_pickle=False)
    return found
