"""The steps that a data set can be followed by."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from headwater.data.batching import Batch, Unbatch
from headwater.data.buckets import Buckets
from headwater.data.caching import Cache
from headwater.data.combining import Concatenate
from headwater.data.constructors import require_dataset, whole
from headwater.data.folding import Rebatch, RejectionResample, Scan
from headwater.data.mapping import AUTOTUNE, Map, parallelism
from headwater.data.nesting import FlatMap, Interleave
from headwater.data.padding import PaddedBatch, RaggedBatch, SparseBatch
from headwater.data.prefetching import Prefetch
from headwater.data.selection import Enumerate, Filter, IgnoreErrors, Repeat, Shard, Skip, Take, Unique
from headwater.data.shuffling import Shuffle
from headwater.data.storing import FileCache, reading_function, shard_function
from headwater.data.structure import as_array, as_component, as_tensor
from headwater.data.windows import Groups, Window
from headwater.errors import ArgumentError

if TYPE_CHECKING:
    from headwater.data.dataset import Dataset


def text_of(value: Any) -> str:
    """A path that a user passed: a str, bytes, a Path, or a tensor of one string."""
    if isinstance(value, (str, bytes, os.PathLike)):
        return os.fsdecode(value)
    return os.fsdecode(as_array(as_component(value)).item())


class Transformations:
    """Methods of Dataset that give another data set."""

    _stage: Any

    def _then(self, stage: Any, name: str | None = None) -> Dataset:
        """A data set that ends with another stage."""
        raise NotImplementedError

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        synchronous: bool | None = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """A function of each element.

        It is traced into a program where that can be; where it can't (it reads files, uses NumPy, PIL or anything else
        of Python), it runs as it is. An error in it names the stage and the element.

        Args:
            map_func: called with the element; the items of a tuple are its arguments.
            num_parallel_calls: how many calls are under way at once; `tf.data.AUTOTUNE` for one for each processor.
            deterministic: False to get results in the order in which they are ready.
            synchronous, use_unbounded_threadpool: accepted.
            name: what messages call it.
        Example:
            >>> [int(x) for x in tf.data.Dataset.range(3).map(lambda x: x * x)]
            [0, 1, 4]
        """
        parallel, autotuned = parallelism(num_parallel_calls), num_parallel_calls == AUTOTUNE
        return self._then(Map(self._stage, map_func, parallel, deterministic, autotuned), name)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which a function is true.

        Example:
            >>> [int(x) for x in tf.data.Dataset.range(6).filter(lambda x: x % 2 == 1)]
            [1, 3, 5]
        """
        return self._then(Filter(self._stage, predicate), name)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements before the first for which a function is false."""
        return self._then(Filter(self._stage, predicate, ends=True), name)

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """The first `count` elements; all of them for -1."""
        return self._then(Take(self._stage, whole(count)), name)

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """The elements after the first `count`; none for -1."""
        return self._then(Skip(self._stage, whole(count)), name)

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element, from number `index` on."""
        return self._then(Shard(self._stage, whole(num_shards), whole(index)), name)

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """The elements `count` times over; without end for None or -1."""
        return self._then(Repeat(self._stage, None if count is None else whole(count)), name)

    def enumerate(self, start: Any = 0, name: str | None = None) -> Dataset:
        """Each element with its number, from `start` on.

        Example:
            >>> [(int(i), int(x)) for i, x in tf.data.Dataset.range(5, 7).enumerate()]
            [(0, 5), (1, 6)]
        """
        return self._then(Enumerate(self._stage, whole(start)), name)

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """The elements of another data set after those of this one."""
        require_dataset(dataset, "concatenate")
        return self._then(Concatenate(self._stage, dataset._stage), name)

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = True, name: str | None = None
    ) -> Dataset:
        """The elements in another order.

        A buffer holds the next `buffer_size` elements; each that is given is drawn from it and replaced by the next. So
        element i is one of the first i + buffer_size. If the buffer holds all of a data set of known size, the order is
        a permutation.

        Args:
            buffer_size: elements in the buffer.
            seed: what the order follows from, with `tf.random.set_seed`.
            reshuffle_each_iteration: whether each pass has another order.
            name: what messages call it.
        Example:
            >>> ds = tf.data.Dataset.range(5).shuffle(5, seed=1)
            >>> sorted(int(x) for x in ds)
            [0, 1, 2, 3, 4]
        """
        fresh = True if reshuffle_each_iteration is None else bool(reshuffle_each_iteration)
        return self._then(Shuffle(self._stage, whole(buffer_size), seed, fresh), name)

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """`batch_size` elements at a time, with one more axis in front.

        Args:
            batch_size: elements in a batch.
            drop_remainder: leave out a last batch that is smaller.
            num_parallel_calls, deterministic: accepted.
            name: what messages call it.
        Raises: ShapeError while it runs if the elements of a batch have several shapes.
        Example:
            >>> [x.numpy().tolist() for x in tf.data.Dataset.range(5).batch(2)]
            [[0, 1], [2, 3], [4]]
        """
        return self._then(Batch(self._stage, whole(batch_size), drop_remainder), name)

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of each element.

        Example:
            >>> [int(x) for x in tf.data.Dataset.from_tensors([1, 2]).unbatch()]
            [1, 2]
        """
        return self._then(Unbatch(self._stage), name)

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """The elements, computed in the first whole pass and kept for later ones.

        Args:
            filename: where to keep them; in memory by default.
            name: what messages call it.
        """
        path = text_of(filename)
        return self._then(FileCache(self._stage, path) if path else Cache(self._stage), name)

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """The elements, made ready by another thread before they are asked for.

        Args:
            buffer_size: how many are held ready; `tf.data.AUTOTUNE` for as many as keep the consumer from waiting.
            name: what messages call it.
        """
        return self._then(Prefetch(self._stage, whole(buffer_size)), name)

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the data sets that a function makes of the elements, one data set after the other.

        Example:
            >>> ds = tf.data.Dataset.range(1, 4).flat_map(lambda n: tf.data.Dataset.range(n))
            >>> [int(x) for x in ds]
            [0, 0, 1, 0, 1, 2]
        """
        return self._then(FlatMap(self._stage, map_func), name)

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = None,
        block_length: Any = None,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """The elements of the data sets that a function makes of the elements, of several of them in turn.

        Args:
            map_func: makes a data set of an element.
            cycle_length: data sets that are open at once; one for each processor by default.
            block_length: elements taken of one before it is the turn of the next.
            num_parallel_calls: not None to read them ahead, in threads.
            deterministic: False to take what is ready first.
            name: what messages call it.
        Example:
            >>> ds = tf.data.Dataset.range(3).interleave(
            ...     lambda n: tf.data.Dataset.from_tensors(n).repeat(2), cycle_length=2)
            >>> [int(x) for x in ds]
            [0, 1, 0, 1, 2, 2]
        """
        parallel = parallelism(num_parallel_calls)
        cycle = None if cycle_length is None else whole(cycle_length)
        block = None if block_length is None else whole(block_length)
        return self._then(Interleave(self._stage, map_func, cycle, block, parallel, deterministic), name)

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """`batch_size` elements at a time, padded at the ends of their axes to one shape.

        Args:
            batch_size: elements in a batch.
            padded_shapes: a shape for each component; None or -1 in it stands for the largest size of the batch. By
                default every size that is not known is padded to that.
            padding_values: a value for each component, or one for all; 0 and empty strings by default.
            drop_remainder: leave out a last batch that is smaller.
            name: what messages call it.
        Raises: ShapeError if an element is larger than its padded shape.
        Example:
            >>> ds = tf.data.Dataset.from_generator(lambda: ([1] * n for n in (1, 3)))
            >>> [x.numpy().tolist() for x in ds.padded_batch(2)]
            [[[1, 0, 0], [1, 1, 1]]]
        """
        stage = PaddedBatch(self._stage, whole(batch_size), padded_shapes, padding_values, drop_remainder)
        return self._then(stage, name)

    def ragged_batch(
        self, batch_size: Any, drop_remainder: bool = False, row_splits_dtype: Any = "int64", name: str | None = None
    ) -> Dataset:
        """`batch_size` elements at a time; components whose sizes vary become ragged tensors.

        Args:
            batch_size: elements in a batch.
            drop_remainder: leave out a last batch that is smaller.
            row_splits_dtype: int32 or int64.
            name: what messages call it.
        """
        return self._then(RaggedBatch(self._stage, whole(batch_size), drop_remainder, row_splits_dtype), name)

    def sparse_batch(self, batch_size: Any, row_shape: Any, name: str | None = None) -> Dataset:
        """`batch_size` dense elements of one component at a time, as one sparse tensor.

        Args:
            batch_size: elements in a batch.
            row_shape: of an element, not larger than this; None or -1 for the largest size of the batch.
            name: what messages call it.
        """
        return self._then(SparseBatch(self._stage, whole(batch_size), row_shape), name)

    def rebatch(self, batch_size: Any, drop_remainder: bool = False, name: str | None = None) -> Dataset:
        """The rows of batches in batches of other sizes: one, or several in turn."""
        sizes = [int(size) for size in np.asarray(batch_size).ravel()]
        return self._then(Rebatch(self._stage, sizes, drop_remainder), name)

    def window(
        self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False, name: str | None = None
    ) -> Dataset:
        """Windows of `size` elements, each a data set; for several components, one for each.

        Args:
            size: elements of a window.
            shift: from the beginning of one to that of the next; `size` by default.
            stride: from one element to the next.
            drop_remainder: leave out windows at the end that are smaller.
            name: what messages call it.
        Example:
            >>> ds = tf.data.Dataset.range(5).window(3, shift=1, drop_remainder=True)
            >>> [[int(x) for x in window] for window in ds]
            [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
        """
        size = whole(size)
        shift = size if shift is None else whole(shift)
        return self._then(Window(self._stage, size, shift, whole(stride), bool(drop_remainder)), name)

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[[Any, Any], Any],
        window_size: Any = None,
        window_size_func: Callable[[Any], Any] | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Elements gathered by a key, and what a function makes of each group that is full.

        Args:
            key_func: a whole number for an element.
            reduce_func: a data set, for a key and the data set of the elements that have it.
            window_size: how many elements fill a group.
            window_size_func: in its place: how many fill the group of a key.
            name: what messages call it.
        """
        if (window_size is None) == (window_size_func is None):
            raise ArgumentError(
                "one of window_size and window_size_func is needed.", fix="give one, and not both.", where=""
            )
        size_of = (lambda key: window_size_func(as_tensor(np.int64(key)))) if window_size_func else None
        stage = Groups(self._stage, key_func, reduce_func, size_of or (lambda key: whole(window_size)))
        return self._then(stage, name)

    def bucket_by_sequence_length(
        self,
        element_length_func: Callable[..., Any],
        bucket_boundaries: Any,
        bucket_batch_sizes: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Padded batches of elements of about the same length.

        Args:
            element_length_func: the length of an element.
            bucket_boundaries: lengths at which buckets begin and end, rising.
            bucket_batch_sizes: elements in a batch of each bucket: one more than there are boundaries.
            padded_shapes, padding_values, drop_remainder: as for `padded_batch`.
            pad_to_bucket_boundary: pad to the longest length that the bucket may have, not that it has; an element
                beyond the last boundary is an error then.
            no_padding: batch elements of one shape without padding.
            name: what messages call it.
        """
        buckets = Buckets(bucket_boundaries, bucket_batch_sizes, pad_to_bucket_boundary)

        def batched(key: Any, window: Any) -> Any:
            size = buckets.sizes[int(key)]
            if no_padding:
                return window.batch(size, drop_remainder=drop_remainder)
            shapes = buckets.shapes(int(key), padded_shapes, window._stage.signature)
            return window.padded_batch(size, shapes, padding_values, drop_remainder)

        found = self.group_by_window(
            lambda *element: buckets.of_length(element_length_func(*element)), batched,
            window_size_func=lambda key: buckets.sizes[int(key)], name=name,
        )  # fmt: skip
        found._stage.label = "bucket_by_sequence_length"
        return found

    def scan(self, initial_state: Any, scan_func: Callable[[Any, Any], Any], name: str | None = None) -> Dataset:
        """An output for each element, of a function that takes and gives a state, too.

        Args:
            initial_state: the state before the first element.
            scan_func: (next state, output), for a state and an element.
            name: what messages call it.
        Example:
            >>> ds = tf.data.Dataset.range(4).scan(tf.constant(0, "int64"), lambda s, x: (s + x, s + x))
            >>> [int(x) for x in ds]
            [0, 1, 3, 6]
        """
        return self._then(Scan(self._stage, initial_state, scan_func), name)

    def rejection_resample(
        self,
        class_func: Callable[..., Any],
        target_dist: Any,
        initial_dist: Any = None,
        seed: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Pairs of class and element, some elements left out so that the classes come as often as was asked for.

        Args:
            class_func: the class of an element: 0, 1, ...
            target_dist: how often each class shall come.
            initial_dist: how often it comes; estimated while elements come by, if it is None.
            seed: what the draws follow from.
            name: what messages call it.
        """
        return self._then(RejectionResample(self._stage, class_func, target_dist, initial_dist, seed), name)

    def snapshot(
        self,
        path: Any,
        compression: Any = "AUTO",
        reader_func: Callable[[Any], Any] | None = None,
        shard_func: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Dataset:
        """The elements, written into a folder in the first whole pass and read from there later, by other programs,
        too.

        Args:
            path: of the folder.
            compression: "GZIP", or anything else for none.
            reader_func: makes a data set of the data set of the parts' data sets; they are read in turn by default.
            shard_func: the number of the part that an element goes to.
            name: what messages call it.
        """
        shard_of = shard_function(shard_func, self._stage)
        stage = FileCache(self._stage, text_of(path), compression, "snapshot", shard_of, reading_function(reader_func))
        return self._then(stage, name)

    def unique(self, name: str | None = None) -> Dataset:
        """The elements that did not occur before; one whole number or string each."""
        return self._then(Unique(self._stage), name)

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """The elements that come without an error.

        Args:
            log_warning: whether to warn of each that is left out.
            name: what messages call it.
        """
        return self._then(IgnoreErrors(self._stage, log_warning), name)

    def apply(self, transformation_func: Callable[[Any], Any]) -> Dataset:
        """What a function makes of this data set.

        Raises: TypeError if that is no data set.
        """
        found = transformation_func(self)
        if not hasattr(found, "_stage"):
            raise TypeError(f"the transformation gave a {type(found).__name__}, not a data set")
        return found
