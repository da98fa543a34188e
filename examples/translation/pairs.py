"""Pairs of sentences, English and Italian, as numbers of subwords: what both models of this folder learn from."""

import io

import numpy as np
import sentencepiece

from headwater import datasets

PADDING, UNKNOWN, START, END = range(4)
VOCABULARY = 4_000  # subwords, the same for both languages: half of what is said here are names that both share
LENGTH = 20  # subwords of a sentence, with START and END
WORDS = 10  # longest sentence, in words
HELD_OUT = 1_000  # pairs to choose by, and as many to be judged by


def load_pairs(short=False):
    """Lists of (english, italian): to learn from, to choose by, to be judged by. No sentence is in two of them."""
    columns = datasets.load("translation_en_it")["train"]
    pairs = {}
    for english, italian in zip(columns["source"], columns["target"]):
        if max(len(english.split()), len(italian.split())) <= WORDS and english != italian:
            pairs.setdefault(english, italian)  # of several translations the first
    pairs = list(pairs.items())
    pairs = [pairs[place] for place in np.random.default_rng(0).permutation(len(pairs))]
    count = 100 if short else HELD_OUT
    held, rest = pairs[: 2 * count], pairs[2 * count : 2 * count + 1_500 if short else None]
    known = {italian for _, italian in held}
    return [pair for pair in rest if pair[1] not in known], held[:count], held[count:]


def learn_subwords(texts, path):
    """Find the VOCABULARY pieces that serve `texts` best (byte-pair encoding: Sennrich et al. 2016), and keep them."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model, model_type="bpe", vocab_size=VOCABULARY, hard_vocab_limit=False, minloglevel=2,
        pad_id=PADDING, unk_id=UNKNOWN, bos_id=START, eos_id=END,
    )  # fmt: skip
    path.write_bytes(model.getvalue())


class Subwords:
    """Texts to numbers and back: frequent words are one piece, others several."""

    def __init__(self, path):
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes())

    def numbers(self, texts):
        """(count, LENGTH) int32: START, the pieces, END, PADDING; what is longer is cut, and has no END."""
        rows = np.full((len(texts), LENGTH), PADDING, "int32")
        for row, pieces in zip(rows, self.processor.encode(list(texts))):
            pieces = [START, *pieces, END][:LENGTH]
            row[: len(pieces)] = pieces
        return rows

    def text(self, numbers):
        """The text of one row, up to END."""
        numbers = [int(number) for number in numbers]
        numbers = numbers[: numbers.index(END)] if END in numbers else numbers
        return self.processor.decode([number for number in numbers if number > END])

    def pieces(self, numbers):
        """The pieces of one row, for a picture's axis."""
        return [self.processor.id_to_piece(int(number)).replace("▁", "·") for number in numbers if number != PADDING]


def examples(pairs, subwords):
    """Inputs (english, italian so far) and targets (the next piece of italian)."""
    english = subwords.numbers([english for english, _ in pairs])
    italian = subwords.numbers([italian for _, italian in pairs])
    return (english, italian[:, :-1]), italian[:, 1:]
