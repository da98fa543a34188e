"""The memory plan: which storage every value lives in, decided before the first run.

Results that a variable takes are written straight into its cell where nothing reads the old value later; an
element-wise step takes over the memory of an input that dies with it; what is left gets offsets in one arena, packed by
lifetime.
"""

from __future__ import annotations

from collections.abc import Sequence

from headwater.backends.base import Placement
from headwater.backends.cpu.operands import Operand, Step, Storage

ALIGNMENT = 64


def aligned(nbytes: int) -> int:
    """`nbytes`, rounded up to whole cache lines; at least one."""
    return max(-(-nbytes // ALIGNMENT), 1) * ALIGNMENT


class MemoryPlan:
    """Places for the storages of a list of steps.

    Attributes:
        place: for each temporary its arena offset, or the storage that it shares.
        arena_bytes: size of the arena.
    """

    def __init__(self, steps: Sequence[Step], results: Sequence[Operand], scratch: Sequence[int]) -> None:
        self._steps, self._results = steps, results
        self.shared: dict[Storage, Storage] = {}
        self.offsets: dict[Storage, int] = {}
        self.scratch_offsets: list[int] = [-1] * len(steps)
        self.arena_bytes = 0
        self._scratch = scratch
        self._first: dict[Storage, int] = {}
        self._last: dict[Storage, int] = {}
        self._lifetimes()

    def storage(self, storage: Storage) -> Storage:
        """The storage that really holds it."""
        while storage in self.shared:
            storage = self.shared[storage]
        return storage

    def _lifetimes(self) -> None:
        for number, step in enumerate(self._steps):
            for operand in step.outputs:
                self._first.setdefault(operand.storage, number)
                self._last[operand.storage] = number
            for operand in step.inputs:
                self._last[operand.storage] = number

    def keep(self, storage: Storage) -> None:
        """Let a storage live to the end."""
        self._last[storage] = len(self._steps)

    def share_with_cell(self, value: Storage, cell: Storage) -> bool:
        """Let the writer of `value` write into `cell`; False if something needs the cell's old value afterwards."""
        writer = self._first.get(value)
        if value.kind != "temporary" or writer is None or value in self.shared or value.nbytes != cell.nbytes:
            return False
        last_read = self._last.get(cell, -1)
        if last_read > writer or (last_read == writer and not self._may_overwrite(self._steps[writer], value, cell)):
            return False
        self.shared[value] = cell
        self._last[cell] = len(self._steps)
        return True

    @staticmethod
    def _may_overwrite(step: Step, value: Storage, other: Storage) -> bool:
        """True if `step` may write `value` over `other`, which it reads."""
        if step.over:
            places = [place for place, operand in enumerate(step.inputs) if operand.storage is other]
            return any(step.outputs[output].storage is value and places == [place] for output, place in step.over)
        if not step.elementwise or step.attrs.get("reductions") is not None:
            return False
        written = [operand for operand in step.outputs if operand.storage is value]
        read = [operand for operand in step.inputs if operand.storage is other]
        return all(
            r.spec.shape == w.spec.shape
            and r.spec.dtype.size == w.spec.dtype.size
            and w.spec.shape == step.attrs["shape"]
            for r in read
            for w in written
        )

    def reuse_dying_inputs(self, kept: set[Storage]) -> None:
        """Let steps that can write over inputs that are not needed after them."""
        for number, step in enumerate(self._steps):
            if not step.elementwise and not step.over:
                continue
            taken: set[Storage] = set()
            for output in step.outputs:
                value = output.storage
                if value in self.shared or value in kept or self._first.get(value) != number:
                    continue
                for operand in step.inputs:
                    candidate = operand.storage
                    root = self.storage(candidate)
                    if (
                        root.kind == "temporary"
                        and root not in taken
                        and root not in kept
                        and root is not self.storage(value)
                        and self._last_of(root) == number
                        and root.nbytes == value.nbytes
                        and self._may_overwrite(step, value, candidate)
                    ):
                        self.shared[value] = root
                        self._last[root] = max(self._last[root], self._last[value])
                        taken.add(root)
                        break

    def _last_of(self, root: Storage) -> int:
        return self._last[root]

    def pack(self) -> None:
        """Give every temporary that shares with nobody an offset: large ones first, each at the lowest place that is
        free for its lifetime."""
        items: list[tuple[int, int, int, Storage | int]] = []
        for storage, first in self._first.items():
            if storage.kind == "temporary" and storage not in self.shared:
                items.append((aligned(storage.nbytes), first, self._last[storage], storage))
        for number, nbytes in enumerate(self._scratch):
            if nbytes:
                items.append((aligned(nbytes), number, number, number))
        items.sort(key=lambda item: -item[0])
        placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
        for nbytes, first, last, owner in items:
            offset = 0
            for other, end, other_first, other_last in placed:  # by offset
                if other_last < first or last < other_first:
                    continue
                if offset + nbytes <= other:
                    break
                offset = max(offset, end)
            entry = (offset, offset + nbytes, first, last)
            self._insert(placed, entry)
            self.arena_bytes = max(self.arena_bytes, offset + nbytes)
            if isinstance(owner, Storage):
                self.offsets[owner] = offset
            else:
                self.scratch_offsets[owner] = offset

    def placements(self) -> list[Placement]:
        """The temporaries that have a place in the arena, and the scratch memory of the steps."""
        found = []
        for storage in self.offsets:
            first = self._first[storage]
            source = self._steps[first].source
            found.append(Placement(source, storage.nbytes, first, min(self._last[storage], len(self._steps) - 1)))
        for number, nbytes in enumerate(self._scratch):
            if nbytes:
                found.append(Placement(self._steps[number].source, nbytes, number, number))
        return found

    @staticmethod
    def _insert(placed: list[tuple[int, int, int, int]], entry: tuple[int, int, int, int]) -> None:
        import bisect

        bisect.insort(placed, entry)
