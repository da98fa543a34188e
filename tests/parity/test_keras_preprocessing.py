"""keras.preprocessing.text and .sequence against real Keras, which serves them under TensorFlow's name."""

import random

import numpy as np
import pytest
from keras.src.legacy.preprocessing import sequence as real_sequence
from keras.src.legacy.preprocessing import text as real_text

from headwater.keras.preprocessing import sequence, text

TEXTS = [
    "The cat sat on the mat; the dog (a big one!) sat beside it.",
    "A dog is not a cat.\tIt's never been.",
    "",
    "Über den Wolken: ÇA va? 日本 語",
]
SETTINGS = [
    {}, {"num_words": 5}, {"num_words": 5, "oov_token": "<OOV>"}, {"oov_token": "?", "lower": False},
    {"char_level": True}, {"split": "-", "filters": " .!"}, {"analyzer": str.split},
]  # fmt: skip


def fitted(module, settings):
    tokenizer = module.Tokenizer(**settings)
    tokenizer.fit_on_texts(TEXTS)
    tokenizer.fit_on_texts([["Cat", "tail"], "more words"])
    return tokenizer


@pytest.mark.parametrize("settings", SETTINGS)
def test_words_are_numbered_alike(settings):
    ours, theirs = fitted(text, settings), fitted(real_text, settings)
    for name in ("word_counts", "word_index", "index_word", "document_count"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert dict(ours.word_docs) == dict(theirs.word_docs) and dict(ours.index_docs) == dict(theirs.index_docs)
    asked = [*TEXTS, "a new cat", ["Dog", "unheard"]]
    sequences = ours.texts_to_sequences(asked)
    assert sequences == theirs.texts_to_sequences(asked)
    assert ours.sequences_to_texts([*sequences, [1, 99]]) == theirs.sequences_to_texts([*sequences, [1, 99]])
    for mode in ("binary", "count", "freq", "tfidf"):
        np.testing.assert_array_equal(ours.texts_to_matrix(asked, mode), theirs.texts_to_matrix(asked, mode))
    assert ours.get_config().keys() == theirs.get_config().keys()


def test_tokenizers_are_written_and_read_by_both():
    ours, theirs = fitted(text, {"num_words": 7}), fitted(real_text, {"num_words": 7})
    again, other = text.tokenizer_from_json(theirs.to_json()), real_text.tokenizer_from_json(ours.to_json(indent=1))
    for tokenizer in (again, other):
        assert tokenizer.texts_to_sequences(TEXTS) == ours.texts_to_sequences(TEXTS)
        np.testing.assert_array_equal(tokenizer.texts_to_matrix(TEXTS, "tfidf"), ours.texts_to_matrix(TEXTS, "tfidf"))
    for broken in ("[]", "{}", '{"config": {}}', "no json"):
        with pytest.raises(ValueError):
            text.tokenizer_from_json(broken)


def test_sequences_alone_are_enough_for_counts():
    for module in (text, real_text):
        tokenizer = module.Tokenizer(num_words=4)
        with pytest.raises(ValueError):
            tokenizer.sequences_to_matrix([[1]], "tfidf")
        with pytest.raises(ValueError):
            tokenizer.sequences_to_matrix([[1]], "nonsense")
        with pytest.raises(ValueError):
            module.Tokenizer().sequences_to_matrix([[1]])
    ours, theirs = text.Tokenizer(num_words=4), real_text.Tokenizer(num_words=4)
    for tokenizer in (ours, theirs):
        tokenizer.fit_on_sequences([[1, 2, 2], [2, 3]])
    np.testing.assert_array_equal(*(each.sequences_to_matrix([[1, 2, 9], []], "tfidf") for each in (ours, theirs)))


def test_words_and_their_hashes_are_alike():
    for each in TEXTS:
        assert text.text_to_word_sequence(each) == real_text.text_to_word_sequence(each)
        assert text.hashing_trick(each, 50, "md5") == real_text.hashing_trick(each, 50, "md5")
        assert text.one_hot(each, 50) == real_text.one_hot(each, 50)


@pytest.mark.parametrize(
    "settings",
    [{}, {"stride": 2, "sampling_rate": 2}, {"reverse": True, "start_index": 3, "end_index": 15}, {"shuffle": True}],
)
def test_windows_of_series_are_alike(settings):
    data, targets = np.arange(40).reshape(20, 2), np.arange(20) * 10
    ours, theirs = (
        module.TimeseriesGenerator(data, targets, length=4, batch_size=3, **settings)
        for module in (sequence, real_sequence)
    )
    assert len(ours) == len(theirs)
    for index in range(len(ours)):
        found = []
        for generator in (ours, theirs):
            np.random.seed(index)  # noqa: NPY002 - both draw from it
            found.append(generator[index])
        for a, b in zip(*found):
            np.testing.assert_array_equal(a, b)
    for module in (sequence, real_sequence):
        for arguments in ((data, targets[1:], 4), (data, targets, 20)):
            with pytest.raises(ValueError):
                module.TimeseriesGenerator(*arguments)


@pytest.mark.parametrize(
    "settings",
    [{"seed": 1}, {"negative_samples": 0, "shuffle": False}, {"categorical": True, "window_size": 1, "seed": 4}],
)
@pytest.mark.parametrize("thinned", [False, True])
def test_pairs_of_words_are_alike(settings, thinned):
    words = [3, 1, 0, 4, 1, 5, 9, 2, 6]
    table = sequence.make_sampling_table(12, 0.05)
    np.testing.assert_allclose(table, real_sequence.make_sampling_table(12, 0.05), rtol=1e-12)
    found = []
    for module in (sequence, real_sequence):
        random.seed(2)
        found.append(module.skipgrams(words, 10, sampling_table=table if thinned else None, **settings))
    assert found[0] == tuple(found[1])
    pairs, labels = sequence.skipgrams(words, 10)
    assert len(pairs) == len(labels) and sum(labels) * 2 == len(labels)
