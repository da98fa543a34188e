"""Map: a function of each element, one after the other or several at a time."""

from __future__ import annotations

import collections
import itertools
import queue
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from headwater.data.calls import Call, debug_mode
from headwater.data.patience import nothing_came, wait
from headwater.data.specs import Signature
from headwater.data.stage import Cursor, Over, Run, Stage
from headwater.data.structure import Element, Form
from headwater.data.vectorizing import OnBatches, OnStringRows, on_batches, on_string_rows
from headwater.data.workers import Crew, Job, cores, forks
from headwater.errors import ArgumentError, NotTraceableError

AUTOTUNE = -1
_MOMENT = 0.005  # seconds for which a consumer waits for several elements rather than for one
_AHEAD = 8  # elements for each thread, so that none waits for the next one
_NOT_ASKED = object()


def parallelism(num_parallel_calls: Any) -> int:
    """How many calls are under way at once: 0 for one after the other.

    Raises: ArgumentError if it is neither positive nor AUTOTUNE.
    """
    if num_parallel_calls is None:
        return 0
    count = int(num_parallel_calls)
    if count == AUTOTUNE:
        return cores()
    if count < 1:
        raise ArgumentError(
            f"num_parallel_calls={num_parallel_calls} is not positive.", fix="pass tf.data.AUTOTUNE.", where=""
        )
    return count


class Map(Stage):
    """A function of each element.

    Args:
        source: the input.
        function: called with the element; the items of a tuple are its arguments.
        parallel: calls under way at once; 0 for one after the other, in the thread that asks.
        deterministic: whether results come in the order of the elements.
        autotuned: whether it may read further ahead than that.
    """

    label = "map"

    def __init__(
        self,
        source: Stage,
        function: Callable[..., Any],
        parallel: int = 0,
        deterministic: bool | None = None,
        autotuned: bool = False,
    ) -> None:
        super().__init__(source)
        self.call = Call(function, source, self)
        self.parallel, self.deterministic, self.autotuned = parallel, deterministic, autotuned
        self._on_batches: Any = _NOT_ASKED
        self._on_string_rows: Any = _NOT_ASKED

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """That of the function's results."""
        return self.call.signature

    @property
    def form(self) -> Form:
        return self.call.form or self.signature.form

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    def first(self) -> Element:
        return self.call.begin(Run())(self.inputs[0].first(), 0)

    def on_batches(self) -> OnBatches | None:
        """The function as one of batches of elements; None if it must see them one by one."""
        if self._on_batches is _NOT_ASKED:
            self._on_batches = on_batches(self.call)
        return self._on_batches

    def on_string_rows(self) -> OnStringRows | None:
        """The function of strings as one of several elements; None as long as that is not known, or if it must see
        them one by one."""
        if self._on_string_rows is _NOT_ASKED:
            programs = self.call.programs_of_strings
            if programs is None:
                return None
            self._on_string_rows = on_string_rows(self.call, programs)
        return self._on_string_rows

    def of_string_rows(self, elements: Sequence[Element]) -> list[Element] | None:
        """The results for several elements at once; None if they must be called for one by one, so that an error says
        which of them is to blame."""
        if not elements:
            return []
        function = self.on_string_rows()
        try:
            return None if function is None else function(elements)
        except NotTraceableError:
            self._on_string_rows = None
        except Exception:
            pass
        return None

    @property
    def ahead(self) -> int:
        """How many elements it reads before their results are asked for."""
        return self.parallel * _AHEAD if self.autotuned else self.parallel

    def crew(self) -> Crew:
        """Who makes the calls."""
        return Crew(self.parallel, is_alone=self.parallel >= cores())

    def open(self, run: Run) -> Cursor:
        if not self.parallel or debug_mode():
            return MapCursor(self, run)
        ordered = self.deterministic if self.deterministic is not None else run.deterministic
        return ParallelCursor(self, run, ordered is not False)


class MapCursor(Over):
    """Calls the function when an element is asked for."""

    def __init__(self, stage: Map, run: Run) -> None:
        super().__init__(stage, run)
        self.call = stage.call.begin(run)
        self.index = 0
        self.left: collections.deque[Element] = collections.deque()  # elements of the input to be called for next

    def __next__(self) -> Element:
        element = self.left.popleft() if self.left else next(self.upstream)
        self.index += 1
        return self.call(element, self.index - 1)

    def take(self, count: int) -> list[Element]:
        if count > 1 and not self.left and self.stage.on_string_rows() is not None:
            self.left.extend(self.upstream.take(count))
            found = self.stage.of_string_rows(self.left)
            if found is not None:
                self.left.clear()
                self.index += len(found)
                return found
        return super().take(count)

    def state(self) -> dict[str, Any]:
        waiting = [{"index": self.index + place, "element": element} for place, element in enumerate(self.left)]
        index = self.index + len(waiting)
        return {"index": index, "waiting": waiting, "call": self.call.state(), **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.left = collections.deque(tuple(each["element"]) for each in state["waiting"])
        self.index = int(state["index"]) - len(self.left)
        self.call.restore(state["call"])
        super().restore(state)


class ParallelCursor(Over):
    """Keeps calls under way in other threads. Its place holds the elements whose results were not given yet: they are
    called again."""

    def __init__(self, stage: Map, run: Run, ordered: bool) -> None:
        super().__init__(stage, run)
        self.stage = stage
        self.call = stage.call.begin(run)
        self.called = self.call if run.watch is None else run.watch.measured(stage, self.call)
        self.ordered, self.limit, self.timeout = ordered, stage.ahead, run.timeout
        self.crew = stage.crew()
        self.index, self.ended = 0, False
        self.left: collections.deque[Element] = collections.deque()  # elements of the input to be called for next
        self.pending: collections.OrderedDict[Job, tuple[int, Element]] = collections.OrderedDict()
        self.finished: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.closed: list[bool] = []
        self.of_fork = forks()
        weakref.finalize(self, self.closed.append, True).atexit = False

    def __next__(self) -> Element:
        self._look_for_forks()
        self._fill()
        if not self.pending:
            raise StopIteration
        try:
            return self._result()
        finally:
            self._fill()

    def _look_for_forks(self) -> None:
        if self.of_fork != forks():  # the threads that worked are not in this process
            self._begin_again([(index, element) for index, element in self.pending.values() if index >= 0])

    def _result(self) -> Element:
        """What the next of the calls that are under way gives."""
        job = self._oldest() if self.ordered else self._first_finished()
        try:
            return job.result() if self.timeout is None else job.result_within(lambda attempt: self._wait(job, attempt))
        finally:
            self.pending.pop(job, None)

    def _wait(self, job: Job, attempt: Any) -> None:
        assert self.timeout is not None
        index, element = self.pending[job]
        wait(attempt, self.timeout, lambda: self.call.place(element, index))

    def take(self, count: int) -> list[Element]:
        if count <= 1 or not self.ordered or self.left or self.stage.on_string_rows() is None:
            return super().take(count)
        self._look_for_forks()
        found: list[Element] = []
        while self.pending and len(found) < count:  # what is under way; nothing more is begun
            found.append(self._result())
        wanted = 0 if self.ended else count - len(found)
        if wanted:
            self.left.extend(self.upstream.take(wanted))
            self.ended = len(self.left) < wanted
        results = self.stage.of_string_rows(self.left)
        if results is None:
            return found + super().take(len(self.left))
        self.left.clear()
        self.index += len(results)
        return found + results

    def _fill(self) -> None:
        """Begin calls; an error of the input has its place among their results."""
        finished = None if self.ordered else self.finished.put
        while (self.left or not self.ended) and len(self.pending) < self.limit:
            try:
                element = self.left.popleft() if self.left else next(self.upstream)
            except StopIteration:
                self.ended = True
                return
            except Exception as error:
                self.pending[Job.failed(error, finished)] = (-1, ())
                return
            self._start(self.index, element)
            self.index += 1

    def _start(self, index: int, element: Element) -> None:
        call = self.called
        job = Job(lambda: call(element, index), self.closed, None if self.ordered else self.finished.put)
        self.pending[job] = index, element
        self.crew.add(job)

    def _oldest(self) -> Job:
        """The job whose result comes next. Where it is not done, one of those after it is waited for, for a moment: to
        be woken for each element costs more than the elements that are ready come later."""
        oldest = next(iter(self.pending))
        if not oldest.is_done:
            next(itertools.islice(self.pending, len(self.pending) // 2, None)).wait(_MOMENT)
        return oldest

    def _first_finished(self) -> Job:
        try:
            return self.finished.get_nowait()
        except queue.Empty:
            oldest = next(iter(self.pending))
            if self.timeout is None:
                oldest.run()  # help: if no thread has begun it
                return self.finished.get()
        try:
            return self.finished.get(timeout=self.timeout)
        except queue.Empty:
            index, element = self.pending.pop(oldest)  # its result may still come
            raise nothing_came(self.call.place(element, index), self.timeout) from None

    def state(self) -> dict[str, Any]:
        waiting = [{"index": index, "element": element} for index, element in self.pending.values() if index >= 0]
        waiting += [{"index": self.index + place, "element": element} for place, element in enumerate(self.left)]
        return {
            "index": self.index + len(self.left), "ended": self.ended, "waiting": waiting, "call": self.call.state(),
            **super().state(),
        }  # fmt: skip

    def _begin_again(self, waiting: list[tuple[int, Element]]) -> None:
        """Forget the calls that are under way, and make those of these elements."""
        self.closed.append(True)
        self.closed, self.finished, self.of_fork = [], queue.SimpleQueue(), forks()
        self.crew = self.stage.crew()
        weakref.finalize(self, self.closed.append, True).atexit = False
        self.pending.clear()
        for index, element in waiting:
            self._start(index, element)

    def restore(self, state: dict[str, Any]) -> None:
        self.index, self.ended = int(state["index"]), bool(state.get("ended"))
        self.left.clear()
        self.call.restore(state["call"])
        super().restore(state)
        self._begin_again([(int(each["index"]), tuple(each["element"])) for each in state["waiting"]])
