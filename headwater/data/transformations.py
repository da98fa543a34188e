"""The steps that a data set can be followed by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headwater.data.batching import Batch, Unbatch
from headwater.data.caching import Cache
from headwater.data.combining import Concatenate
from headwater.data.constructors import _require_dataset, whole
from headwater.data.mapping import Map, parallelism
from headwater.data.prefetching import Prefetch
from headwater.data.selection import Enumerate, Filter, IgnoreErrors, Repeat, Shard, Skip, Take, Unique
from headwater.data.shuffling import Shuffle

if TYPE_CHECKING:
    from headwater.data.dataset import Dataset


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
        return self._then(Map(self._stage, map_func, parallelism(num_parallel_calls), deterministic), name)

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
        _require_dataset(dataset, "concatenate")
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
        return self._then(Cache(self._stage), name)

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """The elements, made ready by another thread before they are asked for.

        Args:
            buffer_size: how many are held ready; `tf.data.AUTOTUNE` for as many as keep the consumer from waiting.
            name: what messages call it.
        """
        return self._then(Prefetch(self._stage, whole(buffer_size)), name)

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
