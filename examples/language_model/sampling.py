"""Write on: choose pieces by their probabilities, with a cache so that each step computes one piece only."""

import numpy as np
from corpus import CONTEXT, END
from gpt import Step


def choose(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """A piece for each row of logits (batch, pieces), drawn by chance.

    Args:
        temperature: what logits are divided by: below 1 the likely becomes likelier, 0 always takes the likeliest.
        top_k: only that many of the likeliest pieces may be drawn.
        top_p: only the likeliest pieces that together have this probability may be drawn (Holtzman et al. 2020).
    """
    logits = np.array(logits, "float64")
    logits[:, : END + 1] = -np.inf  # padding and the like are no text
    if temperature == 0:
        return logits.argmax(axis=1)
    order = np.argsort(-logits, axis=1)[:, :top_k]
    logits = np.take_along_axis(logits, order, axis=1) / temperature
    likely = np.exp(logits - logits[:, :1])
    likely /= likely.sum(axis=1, keepdims=True)
    if top_p is not None:
        likely[np.cumsum(likely, axis=1) - likely >= top_p] = 0  # the first that passes top_p still counts
        likely /= likely.sum(axis=1, keepdims=True)
    drawn = (np.cumsum(likely, axis=1) < rng.random((len(likely), 1))).sum(axis=1, keepdims=True)
    return np.take_along_axis(order, np.minimum(drawn, (likely > 0).sum(axis=1, keepdims=True) - 1), axis=1)[:, 0]


class Writer:
    """Continues texts, `batch` at a time; the cache of keys and values is kept between calls of `read`."""

    def __init__(self, gpt, batch=1):
        self.step, self.batch = Step(gpt), batch
        block = self.step.blocks[0]
        shape = (batch, len(self.step.blocks), CONTEXT, block.heads, block.width // block.heads)
        self.empty = np.zeros(shape, "float32")
        self.forget()

    def forget(self):
        """Start a new text."""
        self.place, self.keys, self.values = 0, self.empty, self.empty

    def read(self, pieces):
        """Take one piece for each text; return the logits of what follows, (batch, pieces)."""
        pieces, place = np.reshape(pieces, (self.batch, 1)), np.full((self.batch, 1), self.place)
        logits, self.keys, self.values = self.step.predict_on_batch(
            [pieces.astype("int32"), place.astype("int32"), self.keys, self.values]
        )
        self.place += 1
        return logits

    def write(self, prompt, count, rng, **how):
        """`count` more pieces after `prompt`, a list of pieces; each text goes its own way. (batch, pieces)

        When the context is full, the last half of it is read again, and the writing goes on from there.
        """
        self.forget()
        written = np.tile(np.asarray(prompt, "int32"), (self.batch, 1))
        for column in written.T:
            logits = self.read(column)
        for _ in range(count):
            pieces = choose(logits, rng, **how)
            written = np.concatenate([written, pieces[:, None].astype("int32")], axis=1)
            if self.place == CONTEXT:
                self.forget()
                for column in written[:, -CONTEXT // 2 : -1].T:
                    self.read(column)
            logits = self.read(pieces)
        return written


def write_without_cache(gpt, prompt, count):
    """The likeliest continuation, everything computed anew for each piece: what the cache is measured against."""
    written = np.zeros((1, CONTEXT), "int32")
    written[0, : len(prompt)] = prompt
    for place in range(len(prompt), len(prompt) + count):
        logits = np.asarray(gpt.predict_on_batch(written))[:, place - 1]
        written[0, place] = choose(logits, None, temperature=0)[0]
    return written[:, : len(prompt) + count]
