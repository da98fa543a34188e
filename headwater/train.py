"""TensorFlow's `tf.train`: checkpoints. One file holds the values of the variables that objects own, by the names of
the attributes that lead to them.

The file is `PREFIX.index`, laid out as safetensors lays it out: the length of a JSON header (8 bytes, little-endian),
the header with dtype, shape and place of each array, then the arrays. It is written aside and renamed, so that a crash
leaves the old one or the new one, never half of one.
"""

from __future__ import annotations

import glob
import json
import os
import re
import time
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import DataLossError, NotFoundError, NotServedError, ShapeError, StateError
from headwater.frontend.module import Module
from headwater.frontend.tracing import init_scope
from headwater.frontend.variable import Variable, restore_later
from headwater.io.example import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)

__all__ = [
    "BytesList", "Checkpoint", "CheckpointManager", "CheckpointOptions", "Example", "Feature", "FeatureList",
    "FeatureLists", "Features", "FloatList", "Int64List", "SequenceExample", "checkpoints_iterator",
    "get_checkpoint_state", "latest_checkpoint", "list_variables", "load_checkpoint", "load_variable",
]  # fmt: skip

_SUFFIX = ".index"
_TAIL = "/.ATTRIBUTES/VARIABLE_VALUE"  # what TensorFlow's keys end with; accepted where a key is asked for
_CODES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
    "uint64": "U64", "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
    "complex64": "C64", "complex128": "C128",
}  # fmt: skip
_NAMES = {code: name for name, code in _CODES.items()}
_UNSERVED = {"ClusterDef", "ClusterSpec", "Coordinator", "ExponentialMovingAverage", "JobDef", "ServerDef"}


def __getattr__(name: str) -> Any:
    if name in _UNSERVED:
        raise NotServedError(
            f"tf.train.{name} is not served yet.", fix="of tf.train, checkpoints and examples are served."
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# The file


def _write_arrays(path: str, arrays: dict[str, np.ndarray]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "headwater checkpoint 1"}}
    position = 0
    for name, array in arrays.items():
        code = _CODES[as_dtype(array.dtype).name]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [position, position + array.nbytes]}
        position += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    aside = f"{path}.{os.getpid()}.part"
    try:
        with open(aside, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for array in arrays.values():
                file.write(np.ascontiguousarray(array).tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        if os.path.exists(aside):
            os.remove(aside)


class CheckpointReader:
    """The arrays of one checkpoint, read when they are asked for."""

    def __init__(self, path: Any) -> None:
        self._path = _file_of(path)
        with open(self._path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            size = os.fstat(file.fileno()).st_size
            try:
                if length > size:
                    raise ValueError("the header is longer than the file")
                self._entries = json.loads(file.read(length))
                self._entries.pop("__metadata__", None)
                ends = [entry["data_offsets"][1] for entry in self._entries.values()]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DataLossError(f"{self._path} is no checkpoint: {error}.", fix="restore another one.") from None
        self._start = 8 + length
        if size < self._start + max(ends, default=0):
            raise DataLossError(f"{self._path} is cut short.", fix="restore another one.")

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of each array."""
        return {name: list(entry["shape"]) for name, entry in self._entries.items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """The dtype of each array."""
        return {name: as_dtype(_NAMES[entry["dtype"]]) for name, entry in self._entries.items()}

    def has_tensor(self, name: str) -> bool:
        """Whether it holds an array of that name."""
        return name.removesuffix(_TAIL) in self._entries

    def get_tensor(self, name: str) -> np.ndarray:
        """An array by its name.

        Raises: NotFoundError if there is none of that name.
        """
        entry = self._entries.get(name.removesuffix(_TAIL))
        if entry is None:
            raise NotFoundError(f"{self._path} holds no {name!r}.", fix=f"it holds {', '.join(sorted(self._entries))}.")
        start, end = entry["data_offsets"]
        with open(self._path, "rb") as file:
            file.seek(self._start + start)
            raw = file.read(end - start)
        dtype = as_dtype(_NAMES[entry["dtype"]]).numpy
        return np.frombuffer(raw, np.uint8).view(dtype).reshape(entry["shape"])


def _file_of(path: Any) -> str:
    path = os.fspath(path)
    if os.path.isdir(path):
        path = latest_checkpoint(path) or path
    file = path if path.endswith(_SUFFIX) else path + _SUFFIX
    if not os.path.isfile(file):
        raise NotFoundError(
            f"there is no checkpoint {path!r}.", fix="pass what save() or latest_checkpoint() returned."
        )
    return file


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of the arrays of a checkpoint, or of the latest one in a directory."""
    return CheckpointReader(ckpt_dir_or_file)


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Names and shapes of the arrays of a checkpoint, in the order of their names."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: Any, name: str) -> np.ndarray:
    """One array of a checkpoint."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name)


# The objects


def _children(owner: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds, by name."""
    if isinstance(owner, (list, tuple)):
        yield from ((str(index), item) for index, item in enumerate(owner))
    elif isinstance(owner, dict):
        yield from ((str(key), owner[key]) for key in sorted(owner, key=str))
    elif isinstance(owner, Checkpoint):
        yield from owner._objects(numbered=False).items()
    elif hasattr(owner, "_layers") and hasattr(owner, "_trainable_variables"):  # a layer or model of Keras
        yield "variables", [*owner._trainable_variables, *owner._non_trainable_variables]
        yield "layers", list(owner._layers)
    elif not isinstance(owner, (Module, Checkpoint)) and isinstance(getattr(owner, "variables", None), list):
        yield "variables", owner.variables  # an optimizer or metric of Keras
    elif hasattr(owner, "__dict__"):
        yield from ((name, value) for name, value in sorted(vars(owner).items()) if not name.startswith("__"))


def _is_owner(value: Any) -> bool:
    """True for what may lead to variables."""
    if isinstance(value, (list, tuple, dict, Module, Checkpoint)):
        return True
    state = vars(value).get("_state") if hasattr(value, "__dict__") else None  # of a random generator
    return hasattr(value, "variables") or isinstance(state, Variable)


class SavedState:
    """What an object that is no variable keeps in a checkpoint: the bytes that its `saved_state()` gives, and its
    `restore_saved_state(data)` takes. So iterators over data sets are saved."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def numpy(self) -> np.ndarray:
        """The state, as an array of bytes."""
        return np.frombuffer(self._owner.saved_state(), np.uint8)

    def assign(self, values: np.ndarray) -> None:
        """Let the object take the state."""
        self._owner.restore_saved_state(values.tobytes())


class _Strings:
    """A variable of strings as a checkpoint keeps it: the bytes of a TensorProto."""

    def __init__(self, variable: Variable) -> None:
        self._variable = variable

    def saved_state(self) -> bytes:
        """Its strings as bytes."""
        from headwater.io.tensor_proto import serialize_tensor

        return serialize_tensor(self._variable).numpy()

    def restore_saved_state(self, data: bytes) -> None:
        """Take the strings that bytes hold."""
        from headwater.io.tensor_proto import parse_tensor

        self._variable.assign(parse_tensor(data, "string"))


def variables_of(owner: Any) -> dict[str, Any]:
    """The variables that an object leads to, and the states of what else is saved, by path; one that several paths
    lead to by its first."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    pending = [("", owner)]
    while pending:
        path, value = pending.pop(0)
        if id(value) in seen:
            continue
        if not isinstance(value, (list, tuple, dict)):
            seen.add(id(value))
        if isinstance(value, Variable):
            found[path] = value if value.dtype.kind != "string" else SavedState(_Strings(value))
        elif hasattr(type(value), "restore_saved_state"):
            found[path] = SavedState(value)
        elif not path or _is_owner(value):
            pending += [(f"{path}/{name}" if path else name, child) for name, child in _children(value)]
    return found


class CheckpointOptions:
    """Accepted for TensorFlow's sake: there is one way to write a checkpoint."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.options = options


class Checkpoint:
    """Objects whose variables are saved and restored together.

    Args:
        root: an object whose own attributes are the names.
        kwargs: objects by name: variables, modules, models, optimizers, lists and dicts of these.
    Example:
        >>> import tempfile
        >>> step = tf.Variable(3)
        >>> path = Checkpoint(step=step).write(tempfile.mkdtemp() + "/c")
        >>> step.assign(0).numpy()
        np.int32(0)
        >>> _ = Checkpoint(step=step).restore(path)
        >>> step.numpy()
        np.int32(3)
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self._root = root
        self._save_counter: Variable | None = None
        self._waiting: list[LoadStatus] = []
        for name, value in kwargs.items():
            setattr(self, name, value)

    @property
    def save_counter(self) -> Variable:
        """How many times `save` was called."""
        if self._save_counter is None:
            with init_scope():
                self._save_counter = Variable(0, trainable=False, name="save_counter", dtype="int64")
        return self._save_counter

    def _objects(self, numbered: bool = True) -> dict[str, Any]:
        own = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        root = {} if self._root is None else dict(_children(self._root))
        return {**root, **own, **({"save_counter": self.save_counter} if numbered else {})}

    def _variables(self) -> dict[str, Any]:
        return variables_of(self._objects())

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Write the values to `file_prefix`.index; the path without its end."""
        path = os.fspath(file_prefix)
        _write_arrays(path + _SUFFIX, {name: np.asarray(v.numpy()) for name, v in self._variables().items()})
        return path

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """`write` to the prefix with the next number, and note it as the latest of its directory."""
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        _write_state(os.path.dirname(path), path, [path])
        return path

    def read(self, save_path: Any, options: Any = None) -> LoadStatus:
        """Take the values from a file; those of variables that do not exist yet when they are made."""
        return LoadStatus(self, CheckpointReader(save_path))

    def restore(self, save_path: Any, options: Any = None) -> LoadStatus:
        """As `read`; nothing for None, as `latest_checkpoint` gives for an empty directory."""
        return LoadStatus(self, None) if save_path is None else self.read(save_path, options)

    def sync(self) -> None:
        """Accepted: nothing is written in the background."""


class LoadStatus:
    """What came of a restoration: which values of the file found their variables."""

    def __init__(self, checkpoint: Checkpoint, reader: CheckpointReader | None) -> None:
        self._checkpoint, self._reader = checkpoint, reader
        self._waiting = set() if reader is None else set(reader.get_variable_to_shape_map())
        self._restored: set[str] = set()
        if not self._match():
            checkpoint._waiting.append(self)  # what waits lives as long as the checkpoint, and no longer
            alive = weakref.ref(self)
            restore_later(lambda: (status := alive()) is None or status._match())

    def _match(self) -> bool:
        """Give variables that are there now their values; True when no value waits any more."""
        variables = self._checkpoint._variables()
        for name in sorted(self._waiting & set(variables)):
            values, variable = self._reader.get_tensor(name), variables[name]  # type: ignore[union-attr]
            if isinstance(variable, Variable) and values.shape != tuple(variable.shape):
                raise ShapeError(
                    f"{name} has shape {values.shape} in the checkpoint and {tuple(variable.shape)} here.",
                    fix="restore into objects of the same architecture.",
                )
            variable.assign(values)
            self._waiting.discard(name)
            self._restored.add(name)
        return not self._waiting

    def assert_consumed(self) -> LoadStatus:
        """Raise AssertionError unless every value of the file and every variable here found one another."""
        self._match()
        missing = set(self._checkpoint._variables()) - self._restored - {"save_counter"}
        if self._waiting or missing:
            raise AssertionError(
                f"values without a variable: {sorted(self._waiting)}; variables without a value: {sorted(missing)}"
            )
        return self

    def assert_existing_objects_matched(self) -> LoadStatus:
        """Raise AssertionError unless every variable here found a value."""
        self._match()
        missing = set(self._checkpoint._variables()) - self._restored - {"save_counter"}
        if missing:
            raise AssertionError(f"variables without a value in the checkpoint: {sorted(missing)}")
        return self

    def assert_nontrivial_match(self) -> LoadStatus:
        """Raise AssertionError unless something was restored."""
        self._match()
        if not self._restored:
            raise AssertionError("nothing in the checkpoint matches the objects here")
        return self

    def expect_partial(self) -> LoadStatus:
        """Say that some values of the file are not needed."""
        return self


# Directories


class CheckpointState(NamedTuple):
    """What a directory's `checkpoint` file says."""

    model_checkpoint_path: str
    all_model_checkpoint_paths: list[str]


def _write_state(directory: str, latest: str, paths: list[str]) -> None:
    def shown(path: str) -> str:
        return json.dumps(os.path.relpath(path, directory or "."))

    lines = [f"model_checkpoint_path: {shown(latest)}", *(f"all_model_checkpoint_paths: {shown(p)}" for p in paths)]
    file = os.path.join(directory, "checkpoint")
    aside = f"{file}.{os.getpid()}.part"
    with open(aside, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(aside, file)


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> CheckpointState | None:
    """Which checkpoints a directory notes; None if none."""
    file = os.path.join(os.fspath(checkpoint_dir), latest_filename or "checkpoint")
    if not os.path.isfile(file):
        return None
    with open(file, encoding="utf-8") as stream:
        found = re.findall(r'^(\w+): (".*")$', stream.read(), re.MULTILINE)
    paths = [(key, os.path.join(os.fspath(checkpoint_dir), json.loads(value))) for key, value in found]
    latest = [path for key, path in paths if key == "model_checkpoint_path"]
    every = [path for key, path in paths if key != "model_checkpoint_path"]
    return CheckpointState(latest[0], every) if latest else None


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The latest checkpoint of a directory; None if there is none."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not os.path.isfile(state.model_checkpoint_path + _SUFFIX):
        return None
    return state.model_checkpoint_path


def checkpoints_iterator(
    checkpoint_dir: Any, min_interval_secs: float = 0, timeout: float | None = None, timeout_fn: Any = None
) -> Iterator[str]:
    """Each new latest checkpoint of a directory as it comes; ends after `timeout` seconds without one."""
    seen, since = None, time.monotonic()
    while True:
        path = latest_checkpoint(checkpoint_dir)
        if path is not None and path != seen:
            seen, since = path, time.monotonic()
            yield path
            time.sleep(min_interval_secs)
        elif timeout is not None and time.monotonic() - since > timeout:
            if timeout_fn is None or timeout_fn():
                return
            since = time.monotonic()
        else:
            time.sleep(min(1.0, 0.1 if timeout is None else max(0.01, timeout / 10)))


class CheckpointManager:
    """Saves checkpoints into a directory under numbers, and removes old ones.

    Args:
        checkpoint: what to save.
        directory: where to.
        max_to_keep: how many stay; None for all.
        keep_checkpoint_every_n_hours: one of so many hours stays for good.
        checkpoint_name: start of the files' names.
        step_counter, checkpoint_interval: save only when the counter has moved on by so much.
        init_fn: called by `restore_or_initialize` if there is no checkpoint.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: Any,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: int | None = None,
        init_fn: Any = None,
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise StateError(f"max_to_keep {max_to_keep} keeps nothing.", fix="pass a number above 0, or None.")
        self._checkpoint, self._directory, self._name = checkpoint, os.fspath(directory), checkpoint_name
        self._max, self._hours = max_to_keep, keep_checkpoint_every_n_hours
        self._counter, self._interval, self._init_fn = step_counter, checkpoint_interval, init_fn
        self._last_step: int | None = None
        self._last_kept = time.time()
        state = get_checkpoint_state(self._directory)
        paths = state.all_model_checkpoint_paths if state else []
        self._paths = [path for path in paths if os.path.isfile(path + _SUFFIX)]

    @property
    def checkpoint(self) -> Checkpoint:
        """What is saved."""
        return self._checkpoint

    @property
    def directory(self) -> str:
        """Where to."""
        return self._directory

    @property
    def checkpoint_interval(self) -> int | None:
        """Steps from one checkpoint to the next."""
        return self._interval

    @property
    def checkpoints(self) -> list[str]:
        """The checkpoints that are there, oldest first."""
        return list(self._paths)

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest of them."""
        return self._paths[-1] if self._paths else None

    def save(self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None) -> str | None:
        """Save under the next number, or a given one; None if the interval is not over."""
        step = None if self._counter is None else int(self._counter)
        if check_interval and self._interval is not None and step is not None and self._last_step is not None:
            if step - self._last_step < self._interval:
                return None
        self._last_step = step
        self._checkpoint.save_counter.assign_add(1)
        number = int(self._checkpoint.save_counter) if checkpoint_number is None else int(checkpoint_number)
        path = self._checkpoint.write(os.path.join(self._directory, f"{self._name}-{number}"))
        self._paths = [*(kept for kept in self._paths if kept != path), path]
        while self._max is not None and len(self._paths) > self._max:
            self._drop(self._paths.pop(0))
        _write_state(self._directory, path, self._paths)
        return path

    def _drop(self, path: str) -> None:
        if self._hours is not None and time.time() - self._last_kept > 3600 * self._hours:
            self._last_kept = time.time()
            return
        for file in glob.glob(glob.escape(path) + _SUFFIX):
            os.remove(file)

    def restore_or_initialize(self) -> str | None:
        """Restore the newest checkpoint and return its path; without one call `init_fn`."""
        path = self.latest_checkpoint
        if path is not None:
            self._checkpoint.restore(path)
        elif self._init_fn is not None:
            self._init_fn()
        return path

    def sync(self) -> None:
        """Accepted: nothing is written in the background."""
