"""Translate with a trained model: the best continuation at each step, or the best few (beam search)."""

import numpy as np
from pairs import END, LENGTH, PADDING, START

from headwater.keras import ops

STRIDE = 8  # what is written so far is padded to a multiple of it: few shapes, so few programs


def candidates(model, written, source, memory, width):
    """The likeliest next pieces after each row, at most `width`, and the logarithms of their probabilities."""
    count = written.shape[1]
    length = min(count + -count % STRIDE, LENGTH)  # no vector says where in a sentence a piece after LENGTH stands
    padded = np.pad(written, ((0, 0), (0, length - count)), constant_values=PADDING)
    hidden, _ = model.get_layer("decoder").predict_on_batch([padded, source, *memory])
    logits = model.get_layer("words")(np.asarray(hidden)[:, count - 1])
    values, places = ops.top_k(ops.log_softmax(logits), min(width, logits.shape[-1]))
    return np.array(values), np.array(places)


def translate_batch(model, source, width, length_power):
    """For each row of `source` the best of the `width` translations that were kept at each step, as numbers."""
    count, rows = len(source), np.arange(len(source))[:, None]
    memory = model.get_layer("encoder").predict_on_batch(source)
    memory = [np.repeat(np.asarray(each), width, axis=0) for each in (memory if isinstance(memory, list) else [memory])]
    source = np.repeat(source, width, axis=0)
    written = np.full((count, width, 1), START, "int32")
    scores = np.where(np.arange(width) == 0, 0.0, -np.inf) * np.ones((count, 1))  # all begin alike: keep one of them
    for _ in range(LENGTH - 1):
        values, places = candidates(model, written.reshape(count * width, -1), source, memory, width)
        values, places = values.reshape(count, width, -1), places.reshape(count, width, -1)
        ended = np.isin(written[:, :, -1], (END, PADDING))
        values[ended], places[ended] = np.where(np.arange(values.shape[2]) == 0, 0.0, -np.inf), PADDING  # one way on
        total = (scores[:, :, None] + values).reshape(count, -1)
        best = np.argsort(-total, axis=1, kind="stable")[:, :width]
        pieces = np.take_along_axis(places.reshape(count, -1), best, axis=1)
        written = np.concatenate([written[rows, best // places.shape[2]], pieces[:, :, None]], axis=2).astype("int32")
        scores = np.take_along_axis(total, best, axis=1)
        if np.isin(pieces, (END, PADDING)).all():
            break
    lengths = (written != PADDING).sum(axis=2)
    return written[rows[:, 0], np.argmax(scores / lengths**length_power, axis=1)]


def translate(model, sentences, subwords, width=1, length_power=0.8, batch=128):
    """Translations of texts, in order. `width=1` takes the best piece at each step; 4 or 5 is usual for a beam."""
    source = subwords.numbers(sentences)
    texts = []
    for start in range(0, len(source), batch):
        rows = source[start : start + batch]
        padded = np.pad(rows, ((0, batch - len(rows)), (0, 0)), constant_values=PADDING) if start else rows
        texts += [subwords.text(row[1:]) for row in translate_batch(model, padded, width, length_power)[: len(rows)]]
    return texts
