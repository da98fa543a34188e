"""Places for boxes in layers of a drawing, so that arrows go one way and cross seldom.

Source: Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system structures".
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from typing import Any

_SWEEPS = 8


class Bend:
    """A place where a long arrow passes a layer of the drawing."""


class Layout:
    """Where boxes are: along the drawing by their longest way from a start, across it near to what they are joined to.

    Args:
        boxes: hashable objects, each after those that it has arrows from.
        arrows: pairs of them.
        breadths: how much room each box takes across the drawing.
        gap: room between neighbours.
    Attributes:
        ranks: for each layer of the drawing its boxes and bends, in order.
        middle: where across the drawing the middle of each box and bend is.
        ways: for each arrow the boxes and bends that it passes, ends included.
    """

    def __init__(
        self,
        boxes: Sequence[Hashable],
        arrows: Sequence[tuple[Any, Any]],
        breadths: dict[Any, float],
        gap: float,
    ) -> None:
        self._breadths, self._gap = breadths, gap
        rank_of = self._rank(boxes, arrows)
        self.ranks: list[list[Any]] = [[] for _ in range(max(rank_of.values(), default=-1) + 1)]
        for box in boxes:
            self.ranks[rank_of[box]].append(box)
        self.ways = [self._way(source, target, rank_of) for source, target in arrows]
        self._neighbours: dict[Any, tuple[list[Any], list[Any]]] = {}
        for way in self.ways:
            for one, next_one in itertools.pairwise(way):
                self._neighbours.setdefault(one, ([], []))[1].append(next_one)
                self._neighbours.setdefault(next_one, ([], []))[0].append(one)
        self.middle: dict[Any, float] = {}
        self._place()

    @staticmethod
    def _rank(boxes: Sequence[Any], arrows: Sequence[tuple[Any, Any]]) -> dict[Any, int]:
        sources: dict[Any, list[Any]] = {}
        for source, target in arrows:
            sources.setdefault(target, []).append(source)
        rank: dict[Any, int] = {}
        for box in boxes:
            rank[box] = max((rank[source] + 1 for source in sources.get(box, ())), default=0)
        return rank

    def _way(self, source: Any, target: Any, rank_of: dict[Any, int]) -> list[Any]:
        bends = []
        for rank in range(rank_of[source] + 1, rank_of[target]):
            bend = Bend()
            self.ranks[rank].append(bend)
            bends.append(bend)
        return [source, *bends, target]

    def _place(self) -> None:
        for rank in self.ranks:
            self._spread(rank, list(range(len(rank))))
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            for rank in self.ranks if down else reversed(self.ranks):
                wanted = {item: self._wanted(item, 0 if down else 1) for item in rank}
                rank.sort(key=wanted.__getitem__)
                self._spread(rank, [wanted[item] for item in rank])

    def _wanted(self, item: Any, side: int) -> float:
        """Where it would be straight between what it is joined to on one side, or on the other if there is nothing."""
        before, after = self._neighbours.get(item, ([], []))
        joined = (before, after)[side] or (before, after)[1 - side]
        if not joined:
            return self.middle[item]
        return sum(self.middle[other] for other in joined) / len(joined)

    def _spread(self, rank: Sequence[Any], wanted: Sequence[float]) -> None:
        """Give items in order places near to those wanted: groups that would overlap share what they lack."""
        groups: list[tuple[float, float, list[Any]]] = []  # where it starts, its breadth
        for item, middle in zip(rank, wanted):
            breadth = self._breadths.get(item, 0.0)
            start, items = middle - breadth / 2, [item]
            while groups and groups[-1][0] + groups[-1][1] + self._gap > start:
                other_start, other_breadth, other_items = groups.pop()
                shift = (other_start + other_breadth + self._gap - start) * len(items) / (len(items) + len(other_items))
                start = start + shift - other_breadth - self._gap
                breadth += other_breadth + self._gap
                items = other_items + items
            groups.append((start, breadth, items))
        for start, _, items in groups:
            for item in items:
                breadth = self._breadths.get(item, 0.0)
                self.middle[item] = start + breadth / 2
                start += breadth + self._gap
