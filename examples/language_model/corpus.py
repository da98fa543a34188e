"""The Brown corpus as numbers of subwords: English prose of 1961, in 500 texts of about 2,000 words each."""

import io
import re

import numpy as np
import sentencepiece

from headwater import datasets

PADDING, UNKNOWN, START, END = range(4)
VOCABULARY = 4_000  # subwords
CONTEXT = 128  # subwords that the model sees at once


def as_printed(sentence):
    """The sentence as it stood on paper: the corpus has spaces around every sign, and quotes of a typewriter."""
    sentence = sentence.replace("``", "\u201c").replace("''", "\u201d").replace("--", "\u2014")
    sentence = re.sub(r"([.,:;?!])(?: \1)+", r"\1", sentence)  # each mark that ends a sentence stands there twice
    return re.sub(r" ([.,:;?!)\u201d])|([(\u201c]) ", r"\1\2", sentence)


def load_texts(short=False):
    """Texts to learn from, to choose by and to be judged by: of each kind of prose every 20th is held out for each."""
    columns = datasets.load("brown")["train"]
    texts = {}
    for document, sentence in zip(columns["document"], columns["text"]):
        texts.setdefault(document, []).append(as_printed(sentence))
    texts = [" ".join(texts[document]) for document in sorted(texts)]
    if short:
        texts = texts[::30]
    return [text for place, text in enumerate(texts) if place % 20 not in (5, 15)], texts[5::20], texts[15::20]


def learn_subwords(texts, path):
    """Find the VOCABULARY pieces that serve `texts` best (byte-pair encoding: Sennrich et al. 2016), and keep them."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for text in texts for line in re.split(r"(?<=[.?!]) ", text)),
        model_writer=model, model_type="bpe", vocab_size=VOCABULARY, hard_vocab_limit=False, minloglevel=2,
        pad_id=PADDING, unk_id=UNKNOWN, bos_id=START, eos_id=END,
    )  # fmt: skip
    path.write_bytes(model.getvalue())


class Subwords:
    """Texts to numbers and back: frequent words are one piece, others several."""

    def __init__(self, path):
        self.processor = sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes())

    def numbers(self, text):
        """The pieces of a text, after a START."""
        return [START, *self.processor.encode(text)]

    def text(self, numbers):
        """The text of pieces."""
        return self.processor.decode([int(number) for number in numbers if number > END])


def windows(texts, subwords):
    """All texts one after another, cut into windows: inputs and what follows each, (count, CONTEXT) int32."""
    pieces = np.array([piece for text in texts for piece in subwords.numbers(text)], "int32")
    count = (len(pieces) - 1) // CONTEXT
    return tuple(pieces[shift : count * CONTEXT + shift].reshape(count, CONTEXT) for shift in (0, 1))
