"""HDF5 files: groups and plain data sets of numbers, nothing else. All readers of .h5 files go through here.

A data set is looked at before it is read: no links to elsewhere, no external storage, no virtual sets, no unknown
filters, and no declared size beyond what its stored bytes can hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, UnsupportedError

MAX_EXPANSION = 1100  # of deflate, the only compression that Keras writes, rounded up
SMALL = 64 * 1024  # bytes that a set may declare without storing them, as it does for empty and constant ones
MAX_DEPTH = 100


def h5py_module() -> Any:
    """h5py, loaded on first use."""
    try:
        import h5py
    except ImportError:
        raise UnsupportedError(
            "files of weights are HDF5, and h5py is not installed.", fix="pip install h5py"
        ) from None
    return h5py


class Reader:
    """An HDF5 file that is open for reading.

    Args:
        source: a path, or a binary file object.
        what: its name, for messages.
    Raises: ArgumentError if it is not HDF5.
    """

    def __init__(self, source: Any, what: str) -> None:
        self._h5py = h5py_module()
        self._what = what
        try:
            self._file = self._h5py.File(source, "r")
        except OSError as error:
            raise ArgumentError(
                f"{what} is not an HDF5 file, or is damaged: {error}.", fix="check the file.", where=""
            ) from None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def _refuse(self, path: str, why: str) -> ArgumentError:
        return ArgumentError(f"{self._what}: {path!r} {why}.", fix="check where the file comes from.", where="")

    def _step(self, group: Any, name: str, path: str) -> Any:
        """A member of a group, reached by a hard link; None if there is none."""
        link = group.get(name, getlink=True) if name in group else None
        if link is None:
            return None
        if type(link) is not self._h5py.HardLink:
            raise self._refuse(path, "is a link to elsewhere")
        try:
            return group[name]
        except (KeyError, OSError, RuntimeError, ValueError, TypeError) as error:
            raise self._refuse(path, f"can't be read ({error})") from None

    def _find(self, path: str) -> Any:
        found: Any = self._file
        parts = [part for part in path.split("/") if part]
        if len(parts) > MAX_DEPTH:
            raise self._refuse(path, "is nested too deep")
        for part in parts:
            if not isinstance(found, self._h5py.Group):
                return None
            found = self._step(found, part, path)
            if found is None:
                return None
        return found

    def has_group(self, path: str) -> bool:
        """Whether there is a group at `path`."""
        return isinstance(self._find(path), self._h5py.Group)

    def names(self, path: str) -> list[str]:
        """The names of what a group holds."""
        group = self._find(path)
        return list(group.keys()) if isinstance(group, self._h5py.Group) else []

    def array_paths(self) -> Iterator[str]:
        """The paths of all data sets; a group that is linked twice, or to itself, is gone through once."""
        waiting, seen = [""], set()
        while waiting:
            path = waiting.pop(0)
            found = self._find(path)
            if not isinstance(found, self._h5py.Group):
                yield path
                continue
            address = self._h5py.h5o.get_info(found.id).addr
            if address not in seen:
                seen.add(address)
                waiting += [f"{path}/{name}" if path else name for name in found]

    def array(self, path: str) -> np.ndarray:
        """The values of a data set.

        Raises: ArgumentError if there is none, or it is not a plain one.
        """
        dataset = self._find(path)
        if not isinstance(dataset, self._h5py.Dataset):
            raise self._refuse(path, "is not there" if dataset is None else "is no data set")
        bfloat16 = dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2
        if dataset.dtype.kind not in "biuf" and not bfloat16 and dataset.dtype.kind != "c":
            raise self._refuse(path, f"holds {dataset.dtype}, not numbers")
        self._check_storage(dataset, path)
        try:
            values = dataset[()]
        except (OSError, ValueError, RuntimeError) as error:
            raise self._refuse(path, f"is damaged ({error})") from None
        if bfloat16:
            import ml_dtypes

            return np.asarray(values).view(ml_dtypes.bfloat16)
        return np.asarray(values)

    def _check_storage(self, dataset: Any, path: str) -> None:
        if dataset.external or dataset.is_virtual:
            raise self._refuse(path, "is stored outside of the file")
        if dataset.shape is None:
            raise self._refuse(path, "is empty")
        properties = dataset.id.get_create_plist()
        known = {self._h5py.h5z.FILTER_DEFLATE, self._h5py.h5z.FILTER_SHUFFLE, self._h5py.h5z.FILTER_FLETCHER32}
        filters = {properties.get_filter(index)[0] for index in range(properties.get_nfilters())}
        if filters - known:
            raise self._refuse(path, "is compressed in an unknown way")
        stored = dataset.id.get_storage_size()
        size = dataset.dtype.itemsize
        for extent in dataset.shape:
            size *= int(extent)
        limit = stored * (MAX_EXPANSION if filters else 1)
        if size > max(limit, SMALL):
            raise self._refuse(path, f"declares {size} bytes, and stores {stored}")

    def attributes(self, path: str = "") -> dict[str, Any]:
        """The attributes of a group: numbers, strings and lists of them."""
        group = self._find(path)
        return {name: group.attrs[name] for name in group.attrs} if group is not None else {}

    def variables(self, path: str) -> Variables:
        """The data sets of a group, as a mapping from name to array."""
        return Variables(self, path)


class Variables(Mapping):
    """The data sets of a group, read when they are asked for."""

    def __init__(self, reader: Reader, path: str) -> None:
        self._reader, self._path = reader, path
        self._names = reader.names(path)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return self._reader.array(f"{self._path}/{name}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def put_array(group: Any, name: str, value: Any) -> None:
    """Add a data set with the values of an array or variable."""
    values = np.asarray(value)
    if values.dtype.kind == "V" or values.dtype.name == "bfloat16":
        dataset = group.create_dataset(name, data=np.ascontiguousarray(values).view("V2"))
        dataset.attrs["dtype"] = "bfloat16"
    else:
        group.create_dataset(name, data=values)
