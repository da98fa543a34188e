"""The ways to make a data set that `tf.data.Dataset` has."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from headwater.data import sources
from headwater.data.combining import Choose, Sample, Zip
from headwater.data.randomness import Seed
from headwater.data.readers import matching_files
from headwater.data.shuffling import Shuffle
from headwater.data.specs import Signature
from headwater.data.storing import Stored, reading_function
from headwater.data.structure import as_array, flatten
from headwater.data.tables import arrow_rows, frame_columns, parquet_rows
from headwater.data.tensorflow_folders import StoredByTensorFlow, is_of_tensorflow
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from headwater.data.dataset import Dataset


def whole(value: Any) -> int:
    """A whole number that a user passed: an int, or a tensor of one."""
    return int(np.asarray(value))


class Constructors:
    """Class methods of Dataset that take values, functions or other data sets."""

    @classmethod
    def _new(cls, stage: Any, name: str | None = None) -> Dataset:
        from headwater.data.dataset import Dataset

        if name is not None:
            stage.name = name
        return Dataset(stage)

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """A data set of one element.

        Args:
            tensors: a number, array or tensor, or a tuple or dict of them, nested as deep as you like.
            name: what messages call it.
        Example:
            >>> [x.shape for x in tf.data.Dataset.from_tensors([[1, 2], [3, 4]])]
            [TensorShape([2, 2])]
        """
        return Constructors._new(sources.from_tensors(tensors), name)

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """A data set of the rows of arrays.

        The arrays are copied once; a `numpy.memmap` stays on its file. Followed by `shuffle`, `repeat`, `take` and the
        like, then `batch`, it runs as one gather for each batch.

        Args:
            tensors: arrays, or a tuple or dict of them, of one first size.
            name: what messages call it.
        Raises: ShapeError if the first sizes differ, or there is an array without axes.
        Example:
            >>> ds = tf.data.Dataset.from_tensor_slices({"a": [1, 2], "b": [[3.0], [4.0]]})
            >>> [(int(x["a"]), x["b"].numpy().tolist()) for x in ds]
            [(1, [3.0]), (2, [4.0])]
        """
        return Constructors._new(sources.from_tensor_slices(tensors), name)

    @staticmethod
    def from_list(elements: list[Any], name: str | None = None) -> Dataset:
        """A data set of the elements of a list, of one structure."""
        if not elements:
            raise ArgumentError("the list is empty.", fix="give at least one element.", where="")
        columns, form = zip(*(flatten(element) for element in elements))
        if any(other != form[0] for other in form):
            raise ArgumentError("the elements have several structures.", fix="give elements of one.", where="")
        flat = [tuple(map(sources.as_component, element)) for element in columns]
        signature = Signature.of_values(flat[0], form[0])
        for element in flat[1:]:
            signature = signature.merged(Signature.of_values(element, form[0]), "from_list")
        return Constructors._new(sources.Elements(flat, signature), name)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """A data set of what a generator of Python yields.

        Args:
            generator: called for each pass over the data set; gives an iterable. An iterable that can be gone through
                again and again will do, too.
            output_types, output_shapes: dtypes and shapes of the items' components.
            args: tensors that `generator` is called with, as NumPy values.
            output_signature: a structure of TensorSpecs in their place. If nothing is said, the first item says it: its
                structure, dtypes and ranks.
            name: what messages call it.
        Raises: ArgumentError if `generator` is neither.
        Example:
            >>> ds = tf.data.Dataset.from_generator(lambda: ((i, [0.5] * i) for i in range(3)))
            >>> ds.element_spec
            (TensorSpec(shape=(), dtype=tf.int32, name=None), TensorSpec(shape=(None,), dtype=tf.float32, name=None))
        """
        if not callable(generator):
            if not hasattr(generator, "__iter__") or hasattr(generator, "__next__"):
                raise ArgumentError(
                    f"a {type(generator).__name__} can be gone through once at most.",
                    fix="pass the function that makes it.",
                    where="",
                )
            generator = generator.__iter__
        if output_signature is not None and (output_types is not None or output_shapes is not None):
            raise ArgumentError(
                "both output_signature and output_types or output_shapes are given.", fix="give one of them.", where=""
            )
        signature = _signature(output_types, output_shapes, output_signature)
        values = tuple(as_array(sources.as_component(arg))[()] for arg in args or ())
        return Constructors._new(sources.Generated(generator, signature, values), name)

    @staticmethod
    def range(*args: Any, output_type: Any = "int64", name: str | None = None) -> Dataset:
        """A data set of numbers: range(stop), range(start, stop) or range(start, stop, step).

        Example:
            >>> list(tf.data.Dataset.range(1, 10, 4).as_numpy_iterator())
            [np.int64(1), np.int64(5), np.int64(9)]
        """
        values = [np.asarray(arg).item() for arg in args]
        if not 1 <= len(values) <= 3:
            raise ArgumentError(
                f"range takes 1 to 3 numbers, not {len(values)}.", fix="pass stop, or start, stop and step.", where=""
            )
        start, stop, step = {1: (0, *values, 1), 2: (*values, 1), 3: tuple(values)}[len(values)]
        return Constructors._new(sources.Range(start, stop, step, output_type), name)

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: Any = "int64", name: str | None = None) -> Dataset:
        """A data set of start, start + step, ..., without end.

        Example:
            >>> [int(x) for x in tf.data.Dataset.counter(start=2).take(3)]
            [2, 3, 4]
        """
        values = [np.asarray(value).item() for value in (start, step)]
        return Constructors._new(sources.Range(values[0], None, values[1], dtype), name)

    @staticmethod
    def random(
        seed: int | None = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> Dataset:
        """A data set of random whole numbers from 0 up to 2**32, without end.

        Args:
            seed: what the numbers follow from.
            rerandomize_each_iteration: whether each pass draws other ones; only if there is no seed, by default.
            name: what messages call it.
        """
        return Constructors._new(sources.random_numbers(seed, rerandomize_each_iteration), name)

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """A data set of the elements of several ones side by side; it ends with the first that ends.

        Args:
            args: data sets; or one tuple or dict of them, nested as deep as you like.
            datasets: the same by name.
            name: what messages call it.
        Example:
            >>> a, b = tf.data.Dataset.range(3), tf.data.Dataset.range(5, 9)
            >>> [(int(x), int(y)) for x, y in tf.data.Dataset.zip(a, b)]
            [(0, 5), (1, 6), (2, 7)]
        """
        if args and datasets is not None:
            raise ArgumentError("data sets are given twice.", fix="leave out `datasets`.", where="")
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        given = tuple(given) if isinstance(given, list) else given
        parts, form = flatten(given)
        for part in parts:
            require_dataset(part, "zip")
        if not parts:
            raise ArgumentError("there is nothing to zip.", fix="give at least one data set.", where="")
        return Constructors._new(Zip([part._stage for part in parts], form), name)

    @staticmethod
    def list_files(
        file_pattern: Any, shuffle: bool | None = None, seed: int | None = None, name: str | None = None
    ) -> Dataset:
        """A data set of the paths of the files that match a pattern, or patterns.

        Args:
            file_pattern: with `*`, `?` and `[...]`.
            shuffle: False for the order of their names; another order in each pass by default.
            seed: what that order follows from.
            name: what messages call it.
        Raises: NotFoundError if no file matches.
        """
        stage: Any = matching_files(file_pattern)
        if shuffle or shuffle is None:
            stage = Shuffle(stage, stage.cardinality(), seed, True)
        return Constructors._new(stage, name)

    @staticmethod
    def from_parquet(filenames: Any, columns: Any = None, name: str | None = None) -> Dataset:
        """A data set of the rows of Parquet files, as dicts, read a part at a time. Not in TensorFlow.

        Args:
            filenames: one path, or several.
            columns: names of the columns that are wanted; all by default.
            name: what messages call it.
        Raises: UnsupportedError if pyarrow is not installed.
        """
        return Constructors._new(parquet_rows(filenames, columns), name)

    @staticmethod
    def from_arrow(source: Any, columns: Any = None, name: str | None = None) -> Dataset:
        """A data set of the rows of an Arrow table, or of Arrow (Feather) files, as dicts. Not in TensorFlow.

        Args:
            source: a table, one path, or several.
            columns: names of the columns that are wanted; all by default.
            name: what messages call it.
        Raises: UnsupportedError if pyarrow is not installed.
        """
        return Constructors._new(arrow_rows(source, columns), name)

    @staticmethod
    def from_frame(frame: Any, name: str | None = None) -> Dataset:
        """A data set of the rows of a frame of pandas, polars or any library with the interchange protocol, as dicts.
        Not in TensorFlow."""
        return Constructors._new(sources.from_tensor_slices(frame_columns(frame)), name)

    @staticmethod
    def load(
        path: Any,
        element_spec: Any = None,
        compression: Any = None,
        reader_func: Any = None,
        wait: bool = False,
    ) -> Dataset:
        """A data set that `save` wrote, or TensorFlow's.

        Args:
            path: of its folder.
            element_spec: of its elements; it is in the folder, too.
            compression, wait: accepted: the folder says how it was written, and is there only when it is whole.
            reader_func: makes a data set of the data set of the parts' data sets.
        Raises: NotFoundError, DataLossError if there is none, or it is damaged.
        """
        signature = None if element_spec is None else Signature.of(element_spec)
        folder = os.fsdecode(path)
        stored = (StoredByTensorFlow if is_of_tensorflow(folder) else Stored)(folder, signature)
        reader = reading_function(reader_func)
        return Constructors._new(stored if reader is None else reader(stored))

    @staticmethod
    def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = True) -> Dataset:
        """A data set whose next element comes from the one that another says.

        Args:
            datasets: data sets of one structure.
            choice_dataset: data set of whole numbers: places in `datasets`.
            stop_on_empty_dataset: whether to end when the chosen one has ended; otherwise that choice gives nothing.
        Example:
            >>> parts = [tf.data.Dataset.from_tensors(x).repeat() for x in (0, 1)]
            >>> choices = tf.data.Dataset.from_tensor_slices([0, 1, 1])
            >>> [int(x) for x in tf.data.Dataset.choose_from_datasets(parts, choices)]
            [0, 1, 1]
        """
        require_dataset(choice_dataset, "choose_from_datasets")
        parts = [part._stage for part in _nonempty(datasets, "choose_from_datasets")]
        return Constructors._new(Choose(parts, choice_dataset._stage, bool(stop_on_empty_dataset)))

    @staticmethod
    def sample_from_datasets(
        datasets: Any,
        weights: Any = None,
        seed: int | None = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """A data set whose next element comes from one of several, drawn each time.

        Args:
            datasets: data sets of one structure.
            weights: how likely each is drawn: a list, or a data set of lists; equally by default.
            seed: what the draws follow from.
            stop_on_empty_dataset: whether to end when a drawn one has ended; otherwise it is drawn no more.
            rerandomize_each_iteration: whether each pass draws anew; only if there is no seed, by default.
        """
        parts = [part._stage for part in _nonempty(datasets, "sample_from_datasets")]
        fresh = bool(rerandomize_each_iteration) if rerandomize_each_iteration is not None else seed is None
        weights = getattr(weights, "_stage", weights)
        return Constructors._new(Sample(parts, weights, Seed(seed, fresh), bool(stop_on_empty_dataset)))


def require_dataset(value: Any, what: str) -> None:
    """Raise ArgumentError unless a value is a data set."""
    if not hasattr(value, "_stage"):
        raise ArgumentError(
            f"{what} takes data sets, not {type(value).__name__}.",
            fix="make one with tf.data.Dataset.from_tensor_slices.",
            where="",
        )


def _nonempty(datasets: Any, what: str) -> list[Any]:
    found = list(datasets)
    if not found:
        raise ArgumentError(f"{what}: there are no data sets.", fix="give at least one.", where="")
    for part in found:
        require_dataset(part, what)
    return found


def _signature(output_types: Any, output_shapes: Any, output_signature: Any) -> Signature | None:
    """What was said of a generator's items; None if nothing was."""
    if output_signature is not None:
        return Signature.of(_as_specs(output_signature))
    if output_types is None:
        if output_shapes is not None:
            raise ArgumentError("output_shapes is given without output_types.", fix="give both.", where="")
        return None
    types, form = flatten(_tupled(output_types))
    shapes = [None] * len(types) if output_shapes is None else _shapes_like(output_shapes, types)
    return Signature(form, [TensorSpec(shape, as_dtype(dtype)) for dtype, shape in zip(types, shapes)])


def _as_specs(signature: Any) -> Any:
    """The signature, tuples for lists.

    Raises: ArgumentError if something in it is no spec.
    """
    found = _tupled(signature)
    for spec in flatten(found)[0]:
        if not hasattr(spec, "is_compatible_with"):
            raise ArgumentError(
                f"{spec!r} in output_signature is no spec.", fix="use tf.TensorSpec(shape, dtype).", where=""
            )
    return found


def _tupled(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_tupled, value))
    if isinstance(value, dict):
        return type(value)((key, _tupled(item)) for key, item in value.items())
    return value


def _shapes_like(output_shapes: Any, types: Any) -> list[Any]:
    if len(types) == 1 and (output_shapes is None or not isinstance(output_shapes, dict)):
        inner = output_shapes
        if isinstance(inner, tuple) and len(inner) == 1 and isinstance(inner[0], (tuple, list)):
            inner = inner[0]
        return [inner]
    if isinstance(output_shapes, dict):
        return [item for key in sorted(output_shapes) for item in _nested_shapes(output_shapes[key])]
    return [item for part in output_shapes for item in _nested_shapes(part)]


def _nested_shapes(value: Any) -> list[Any]:
    """Shapes in nested tuples: a tuple of sizes is one."""
    if value is None or all(size is None or isinstance(size, (int, np.integer)) for size in _sizes(value)):
        return [value]
    return [item for part in _sizes(value) for item in _nested_shapes(part)]


def _sizes(value: Any) -> list[Any]:
    return [value[key] for key in sorted(value)] if isinstance(value, dict) else list(value)
