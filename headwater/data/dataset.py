"""Dataset: a pipeline, as its users hold it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from headwater.data.constructors import Constructors
from headwater.data.explain import Explanation, explain
from headwater.data.folding import reduce
from headwater.data.iterator import Iterator, NumpyIterator, refuse_tracing
from headwater.data.options import Options
from headwater.data.specs import DatasetSpec
from headwater.data.stage import INFINITE, UNKNOWN, Run
from headwater.data.storing import ElementWriter, shard_function
from headwater.data.structure import as_tensor
from headwater.data.transformations import Transformations, text_of
from headwater.errors import ArgumentError


class Dataset(Constructors, Transformations):
    """Elements that come one after the other, each a tensor, or tensors in tuples and dicts.

    Made by `from_tensor_slices`, `from_generator`, `range`, ...; each method gives another data set, and a loop over it
    runs the pipeline.

    Example:
        >>> ds = tf.data.Dataset.from_tensor_slices(([1, 2, 3], [10, 20, 30]))
        >>> ds = ds.map(lambda x, y: x + y).batch(2)
        >>> [batch.numpy().tolist() for batch in ds]
        [[11, 22], [33]]
    """

    is_data_component = True

    def __init__(self, stage: Any, options: Options | None = None) -> None:
        self._stage = stage
        self._options = options or Options()

    def _then(self, stage: Any, name: str | None = None) -> Dataset:
        if name is not None:
            stage.name = name
        return Dataset(stage, self._options)

    @property
    def element_spec(self) -> Any:
        """The structure of specs of its elements."""
        return self._stage.signature.element_spec

    @property
    def _type_spec(self) -> DatasetSpec:
        return DatasetSpec(self.element_spec)

    def cardinality(self) -> Any:
        """How many elements it has, as an int64 tensor: `tf.data.INFINITE_CARDINALITY` (-1), or
        `tf.data.UNKNOWN_CARDINALITY` (-2) where only a pass would say."""
        return as_tensor(np.asarray(self._stage.cardinality(), np.int64))

    def __len__(self) -> int:
        size = self._stage.cardinality()
        if size == INFINITE:
            raise TypeError("the data set is infinite: it has no length")
        if size == UNKNOWN:
            raise TypeError("the length of the data set is not known: only a pass over it would say")
        return size

    def __bool__(self) -> bool:
        return True

    __nonzero__ = __bool__

    def _run(self) -> Run:
        return Run(deterministic=self._options.in_order, timeout=self._options.element_timeout)

    def __iter__(self) -> Iterator:
        refuse_tracing("a data set is gone through")
        return Iterator(self._stage, self._run())

    def as_numpy_iterator(self) -> NumpyIterator:
        """An iterator that gives NumPy arrays and scalars.

        Example:
            >>> list(tf.data.Dataset.range(2).as_numpy_iterator())
            [np.int64(0), np.int64(1)]
        """
        return NumpyIterator(self._stage, self._run())

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises: ArgumentError if there is none, or more than one.
        """
        iterator = iter(self)
        found = next(iterator, _NOTHING)
        if found is _NOTHING or next(iterator, _NOTHING) is not _NOTHING:
            count = "no element" if found is _NOTHING else "more than one element"
            raise ArgumentError(f"the data set has {count}.", fix="use take(1), or check the pipeline.", where="")
        return found

    def reduce(self, initial_state: Any, reduce_func: Any, name: str | None = None) -> Any:
        """The state after the last element.

        Args:
            initial_state: the state before the first element: a number, tensor, or structure of them.
            reduce_func: the next state, for a state and an element.
            name: what messages call it.
        Example:
            >>> int(tf.data.Dataset.range(5).reduce(tf.constant(0, "int64"), lambda state, x: state + x))
            10
        """
        refuse_tracing("a data set is gone through")
        return reduce(self._stage, initial_state, reduce_func, self._run())

    def save(self, path: Any, compression: Any = None, shard_func: Any = None, checkpoint_args: Any = None) -> None:
        """Write the elements into a folder, which `Dataset.load` reads.

        The folder is written aside and renamed: there is a whole one or none.

        Args:
            path: of the folder; one that is there is replaced.
            compression: "GZIP", or None.
            shard_func: the number of the part that an element goes to.
            checkpoint_args: accepted.
        """
        writer = ElementWriter(text_of(path), compression, shard_function(shard_func, self._stage))
        for element in self._run().open(self._stage):
            writer.write(element)
        writer.finish(self._stage.signature)

    def explain(self, seconds: float = 2.0, elements: int | None = None) -> Explanation:
        """Run the pipeline for a while and say where its time goes, stage by stage.

        Args:
            seconds: how long it runs at most.
            elements: how many elements it gives at most.
        Returns: an Explanation: print it; `slowest` names the stage that a consumer waits for.
        Example:
            >>> import time
            >>> ds = tf.data.Dataset.range(5).map(lambda x: time.sleep(0.001) or x.numpy(), name="slow").batch(2)
            >>> ds.explain().slowest
            "map 'slow'"
        """
        return explain(self._stage, self._options.in_order, seconds, elements)

    def fingerprint(self) -> Any:
        """A number that follows from the stages of the pipeline, as a uint64 tensor."""
        text = " ".join(f"{stage.label}:{stage.cardinality()}" for stage in self._stage.walk())
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return as_tensor(np.frombuffer(digest, np.uint64)[0])

    def options(self) -> Options:
        """How it runs."""
        return self._options

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """The same data set, run otherwise."""
        return Dataset(self._stage, self._options.merge(options))

    def __repr__(self) -> str:
        kind = "".join(part.capitalize() for part in self._stage.label.split("_"))
        try:
            return f"<_{kind}Dataset element_spec={self.element_spec!r}>"
        except Exception:
            return f"<_{kind}Dataset>"

    __str__ = __repr__


_NOTHING = object()
