"""CTC against a count of all alignments, one by one."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np

from headwater import ops

RNG = np.random.default_rng(2)
LOGITS = RNG.normal(size=(2, 4, 3)).astype("float32")


def _probabilities(logits: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of each sequence of labels; class 0 is the blank."""
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        merged = [label for place, label in enumerate(path) if place == 0 or label != path[place - 1]]
        score = sum(logs[place, label] for place, label in enumerate(path))
        found[tuple(label for label in merged if label)] += float(np.exp(score))
    return found


def test_loss_adds_up_all_alignments() -> None:
    labels = np.array([[1, 1], [2, 0]], "int32")
    loss = ops.ctc_loss(labels, LOGITS, [2, 1], [4, 3]).numpy()
    wanted = [-np.log(_probabilities(LOGITS[0])[(1, 1)]), -np.log(_probabilities(LOGITS[1, :3])[(2,)])]
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)


def test_beam_search_finds_the_most_probable_sequences() -> None:
    labels, scores = ops.ctc_decode(LOGITS, [4, 3], strategy="beam_search", beam_width=50, top_paths=3)
    assert labels.shape == (3, 2, 4)
    for row, frames in enumerate((4, 3)):
        ranked = sorted(_probabilities(LOGITS[row, :frames]).items(), key=lambda item: -item[1])
        for rank in range(3):
            found = tuple(int(label) for label in labels.numpy()[rank, row] if label >= 0)
            assert found == ranked[rank][0]
            np.testing.assert_allclose(scores.numpy()[row, rank], np.log(ranked[rank][1]), rtol=1e-4)
