# ruff: noqa: E501 - a table of expressions, one a line
"""`tf.lookup` is TensorFlow's: what tables are filled with, what they give, and what they refuse; and how they are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headwater as ours
from tests.parity.expressions import cases, require_agreement, require_refusal

pytestmark = pytest.mark.filterwarnings("ignore")

_FILE = ""  # a vocabulary that the fixture writes


@pytest.fixture(scope="module", autouse=True)
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _FILE
    path = tmp_path_factory.mktemp("lookup") / "words.txt"
    path.write_bytes(b"emerson\t10\nlake\t20\npalmer\t30\n")
    _FILE = str(path)


def _inserted(table: Any, keys: Any, values: Any) -> Any:
    table.insert(keys, values)
    return table


def _removed(table: Any, keys: Any) -> Any:
    table.remove(keys)
    return table


def names(tf: Any) -> dict[str, Callable[[], Any]]:
    lookup, many = tf.lookup, tf.lookup.experimental
    int64 = tf.int64
    return {
        "lookup": lambda: lookup,
        "Pairs": lambda: lookup.KeyValueTensorInitializer,
        "T": lambda: lookup.StaticHashTable(lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1),
        "N": lambda: lookup.StaticHashTable(
            lookup.KeyValueTensorInitializer(tf.constant([5, 6], int64), tf.constant(["x", "y"])), "?"
        ),
        "V": lambda: lookup.StaticVocabularyTable(
            lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], int64)), 3
        ),
        "W": lambda: lookup.StaticVocabularyTable(
            lookup.KeyValueTensorInitializer(tf.constant([5, 6], int64), tf.constant([0, 1], int64)), 3
        ),
        "M": lambda: _inserted(many.MutableHashTable(tf.string, int64, -1), ["a", "b"], tf.constant([1, 2], int64)),
        "P": lambda: _inserted(many.MutableHashTable(tf.string, tf.float32, [0.0, 9.0]), ["a"], [[1.0, 2.0]]),
        "S": lambda: _inserted(many.MutableHashTable(int64, tf.string, "?"), tf.constant([1], int64), ["one"]),
        "D": lambda: _inserted(many.DenseHashTable(int64, tf.float32, -1.0, -5, -6), tf.constant([1, 2], int64), [1.0, 2.0]),
        "E": lambda: _inserted(
            many.DenseHashTable(int64, int64, -1, empty_key=[-5, 0], deleted_key=[-6, 0]),
            tf.constant([[1, 2], [3, 4]], int64), tf.constant([12, 34], int64),
        ),
        "removed": lambda: _removed,
        "inserted": lambda: _inserted,
        "File": lambda: lookup.TextFileInitializer,
        "Index": lambda: lookup.TextFileIndex,
        "path": lambda: _FILE,
    }  # fmt: skip


AGREE = cases(
    """
    T.lookup(tf.constant(["a", "z"]))
    T.lookup(tf.constant([["a"], ["b"]]))
    T.lookup(tf.constant("b"))
    T[tf.constant(["b"])]
    T.lookup(tf.ragged.constant([["a"], ["b", "q"]]))
    T.lookup(tf.SparseTensor([[0, 0]], ["a"], [1, 1]))
    T.size()
    T.key_dtype.name
    T.value_dtype.name
    T.default_value
    sorted(zip(*[x.numpy().tolist() for x in T.export()]))
    N.lookup(tf.constant([5, 7], tf.int64))
    lookup.StaticHashTable(Pairs(["a", "a"], [1, 1]), -1).size()
    lookup.StaticHashTable(Pairs(["a"], ["b"]), "c").lookup(tf.constant(["a", "x"]))
    lookup.StaticHashTable(Pairs([1, 2], [0.5, 1.5], key_dtype=tf.int64, value_dtype=tf.float32), 0.0).lookup(tf.constant([2, 3], tf.int64))
    V.lookup(tf.constant(["a", "b", "z", "y", "x", ""]))
    V.lookup(tf.ragged.constant([["a"], [], ["zz", "b"]]))
    V.size()
    W.lookup(tf.constant([5, 77, 8, -3], tf.int64))
    lookup.StaticVocabularyTable(None, 3).lookup(tf.constant(["a", "z", "y"]))
    lookup.StaticVocabularyTable(None, 3, lookup_key_dtype=tf.string).size()
    M.lookup(tf.constant(["b", "c"]))
    M.lookup(tf.constant(["b", "c"]), dynamic_default_values=tf.constant(5, tf.int64))
    M.lookup(tf.constant(["b", "c"]), dynamic_default_values=tf.constant([5, 6], tf.int64))
    M.size()
    removed(M, tf.constant(["a", "nope"])).size()
    removed(M, tf.constant(["a"])).lookup(tf.constant(["a", "b"]))
    inserted(M, ["a"], tf.constant([9], tf.int64)).lookup(tf.constant(["a"]))
    sorted(zip(*[x.numpy().tolist() for x in M.export()]))
    P.lookup(tf.constant([["a"], ["b"]]))
    P.size()
    S.lookup(tf.constant([1, 2], tf.int64))
    D.lookup(tf.constant([2, 7], tf.int64))
    D.size()
    removed(D, tf.constant([1], tf.int64)).size()
    E.lookup(tf.constant([[3, 4], [9, 9]], tf.int64))
    lookup.StaticHashTable(File(path, tf.string, 0, tf.int64, 1), -1).lookup(tf.constant(["lake", "x"]))
    lookup.StaticHashTable(File(path, tf.string, 0, tf.int64, Index.LINE_NUMBER), -1).lookup(tf.constant(["palmer"]))
    lookup.StaticHashTable(File(path, tf.int64, Index.LINE_NUMBER, tf.string, Index.WHOLE_LINE), "?").lookup(tf.constant([0, 9], tf.int64))
    lookup.StaticHashTable(File(path, tf.string, 0, tf.int64, Index.LINE_NUMBER, value_index_offset=5), -1).lookup(tf.constant(["emerson"]))
    lookup.StaticHashTable(File(path, tf.string, 0, tf.float32, 1, vocab_size=2), -1.0).size()
    lookup.StaticVocabularyTable(File(path, tf.string, 0, tf.int64, Index.LINE_NUMBER), 1).lookup(tf.constant(["lake", "x"]))
    Index.WHOLE_LINE, Index.LINE_NUMBER
    """
)
REFUSED = cases(
    """
    T.lookup(tf.constant([1]))
    lookup.StaticHashTable(Pairs(["a", "a"], [1, 2]), -1)
    lookup.StaticHashTable(Pairs(["a"], [1, 2]), -1)
    lookup.StaticHashTable(Pairs(["a"], [1]), "text")
    lookup.StaticVocabularyTable(Pairs(["a"], tf.constant([0], tf.int64)), 0)
    lookup.StaticVocabularyTable(Pairs(["a"], [0.5]), 1)
    M.insert(["a"], ["text"])
    M.insert(["a", "b"], tf.constant([1], tf.int64))
    M.lookup(tf.constant([1]))
    P.insert(["a"], [1.0])
    D.insert(tf.constant([-5], tf.int64), [1.0])
    D.remove(tf.constant([-6], tf.int64))
    tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, -1.0, -5, -5)
    lookup.StaticHashTable(File("/no/such/file", tf.string, 0, tf.int64, 1), -1)
    lookup.StaticHashTable(File(path, tf.string, 0, tf.int64, 5), -1)
    lookup.StaticHashTable(File(path, tf.string, 0, tf.int64, 0), -1)
    lookup.StaticHashTable(File(path, tf.string, Index.LINE_NUMBER, tf.int64, 1), -1)
    lookup.StaticHashTable(File(path, tf.string, 0, tf.int64, 1, vocab_size=9), -1)
    """
)


@pytest.mark.parametrize("expression", AGREE)
def test_tables_agree(expression: str) -> None:
    require_agreement(expression, names)


@pytest.mark.parametrize("expression", REFUSED)
def test_what_tensorflow_refuses_is_refused(expression: str) -> None:
    require_refusal(expression, names)


def test_functions_look_words_up() -> None:
    table = names(ours)["T"]()

    @ours.function
    def looked_up(words: Any, x: Any) -> Any:
        return table.lookup(words), x * 2

    found, doubled = looked_up(ours.constant(["b", "q"]), ours.constant(2.0))
    assert np.asarray(found).tolist() == [2, -1] and float(doubled) == 4.0

    numbers = names(ours)["N"]()

    @ours.function
    def named(keys: Any) -> Any:
        return numbers.lookup(keys + 1)

    assert np.asarray(named(ours.constant([4, 4], "int64"))).tolist() == [b"x", b"x"]


def test_a_checkpoint_keeps_tables_and_variables_of_strings(tmp_path: Path) -> None:
    class Owner(ours.Module):
        def __init__(self, *pairs: Any) -> None:
            super().__init__()
            self.table = _inserted(ours.lookup.experimental.MutableHashTable("string", "int64", -1), *pairs)
            self.vectors = ours.lookup.experimental.MutableHashTable("int64", "string", ["?", "?"])
            self.words = ours.Variable(["x", "y"])

    owner = Owner(["a", "b"], [1, 2])
    owner.vectors.insert(ours.constant([7], "int64"), [["p", "q"]])
    owner.words.assign(["é", ""])
    path = ours.train.Checkpoint(owner=owner).write(str(tmp_path / "c"))
    other = Owner(["c"], [3])
    ours.train.Checkpoint(owner=other).restore(path).assert_consumed()
    assert np.asarray(other.table.lookup(ours.constant(["a", "b", "c"]))).tolist() == [1, 2, -1]
    assert np.asarray(other.vectors.lookup(ours.constant([7], "int64"))).tolist() == [[b"p", b"q"]]
    assert np.asarray(other.words).tolist() == ["é".encode(), b""]


def test_a_damaged_state_of_a_table_is_refused() -> None:
    table = names(ours)["M"]()
    state = table.saved_state()
    for spoiled in (state[:-3], b"", b"\xff\xff"):
        with pytest.raises(ours.errors.OpError):
            table.restore_saved_state(spoiled)
    table.restore_saved_state(state)
    assert int(table.size()) == 2
