"""`tf.strings` is TensorFlow's, function by function; patterns mean what RE2 means by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.parity.expressions import cases, require_agreement, require_refusal

pytestmark = pytest.mark.filterwarnings("ignore")


def names(tf: Any) -> dict[str, Callable[[], Any]]:
    return {
        "S": lambda: tf.constant(["Hello World", "", " a  b ", "ÄÖ é ß", "x,y,,z"]),
        "M": lambda: tf.constant([["ab", "c"], ["", "def"]]),
        "R": lambda: tf.ragged.constant([["a b", "c"], [], ["d e f"]]),
        "BAD": lambda: tf.constant([b"a\xffb", b"\xe4\xb8", b"ok\x01", b"\xed\xa0\x80x"]),
        "long": lambda: "x" * 100,
    }


SIMPLE = cases(
    r"""
    tf.strings.lower(S)
    tf.strings.lower(S, encoding="utf-8")
    tf.strings.upper(S)
    tf.strings.upper(S, encoding="utf-8")
    tf.strings.upper(R)
    tf.strings.strip(S)
    tf.strings.strip(["\t\n\v\f\r x \r\n", "\u00a0x"])
    tf.strings.length(S)
    tf.strings.length(S, unit="UTF8_CHAR")
    tf.strings.length(BAD, unit="UTF8_CHAR")
    tf.strings.length(M)
    tf.strings.substr(["Hello", "World"], 1, 3)
    tf.strings.substr(["Hello", "World"], -3, 2)
    tf.strings.substr(["Hello", "World"], [1, -2], [2, 9])
    tf.strings.substr([["Hello"], ["World"]], [[1, 2]], [[2, 3]])
    tf.strings.substr("Hello", 5, 3)
    tf.strings.substr("Hello", [1, 2], [1, 1])
    tf.strings.substr(["ÄÖ é ß"], 1, 3, unit="UTF8_CHAR")
    tf.strings.substr(["ÄÖ é ß"], -3, 3, unit="UTF8_CHAR")
    tf.strings.substr(R, 0, 1)
    tf.strings.to_number(["1.5", "-2", " 3e2 ", "inf", "-Infinity", ".5", "1.", "0x1A"])
    tf.strings.to_number(["1.5", "1e-300"], tf.float64)
    tf.strings.to_number(["15", "-2", " 7 "], tf.int32)
    tf.strings.to_number(["9223372036854775807"], tf.int64)
    tf.strings.as_string([1, -2])
    tf.strings.as_string([1, -2], width=5)
    tf.strings.as_string([1, -2], width=5, fill="0")
    tf.strings.as_string([1, -2], width=5, fill="-")
    tf.strings.as_string([1, 2], fill="+")
    tf.strings.as_string([3.1415926, -1e10, 0.0])
    tf.strings.as_string([3.1415926, float("nan"), float("inf")], precision=2)
    tf.strings.as_string([3.1415926, 1e10], scientific=True)
    tf.strings.as_string([3.1415926, 1e10], shortest=True, precision=4)
    tf.strings.as_string([True, False])
    tf.strings.as_string(tf.constant([1 + 2j], tf.complex64))
    tf.strings.as_string(["a", "bc"], width=4)
    tf.strings.as_string(tf.ragged.constant([[1], [2, 3]]))
    tf.strings.to_hash_bucket_fast(S, 1000)
    tf.strings.to_hash_bucket_fast(R, 1000)
    tf.strings.to_hash_bucket_strong(S, 1000, [17, 2**60])
    tf.strings.to_hash_bucket(S, 1000)
    tf.strings.to_hash_bucket_fast([long, long * 2, long[:64], long[:65]], 2**62)
    """
)
JOINED = cases(
    r"""
    tf.strings.join(["a", "b"])
    tf.strings.join([["a", "b"], "-", ["c", "d"]])
    tf.strings.join([M, M], separator=", ")
    tf.strings.join([R, R], separator="|")
    tf.strings.join([R, "!"])
    tf.strings.join(["a"])
    tf.strings.join([])
    tf.strings.reduce_join(M)
    tf.strings.reduce_join(M, 0)
    tf.strings.reduce_join(M, 1, separator="-")
    tf.strings.reduce_join(M, [1, 0], separator="-")
    tf.strings.reduce_join(M, [0, 1], separator="-")
    tf.strings.reduce_join(M, -1, keepdims=True)
    tf.strings.reduce_join("a")
    tf.strings.reduce_join(R, axis=1, separator="_")
    tf.strings.unsorted_segment_join(["this", "a", "test", "is"], [0, 1, 1, 0], 2, separator=":")
    tf.strings.unsorted_segment_join(["this", "a", "test", "is"], [0, 3, 3, 1], 5)
    tf.strings.unsorted_segment_join(M, [1, 1], 2, separator=" ")
    tf.strings.format("tensor: {}", tf.range(5))
    tf.strings.format("tensor: {}", tf.range(10))
    tf.strings.format("tensor: {}", tf.range(10), summarize=2)
    tf.strings.format("tensor: {}", tf.range(10), summarize=-1)
    tf.strings.format("{} and {}", (tf.constant(1.5), tf.constant("x")))
    tf.strings.format("{}", [tf.constant(["a", "b"])])
    tf.strings.format("{}", tf.reshape(tf.range(6), (2, 3)))
    tf.strings.format("{}", tf.reshape(tf.range(8), (2, 2, 2)))
    tf.strings.format("{}", tf.constant([1.0, 0.1, 1e10, 1e-7, 123456.789]))
    tf.strings.format("{}", tf.constant([True, False]))
    tf.strings.format("a % b", tf.constant(1), placeholder="%")
    """
)
SPLIT = cases(
    r"""
    tf.strings.split(S)
    tf.strings.split(S, sep=",")
    tf.strings.split(S, sep="")
    tf.strings.split("a b c")
    tf.strings.split(M)
    tf.strings.split(R)
    tf.strings.split(["a b c d"], maxsplit=2)
    tf.strings.split(["a  b c  "], maxsplit=1)
    tf.strings.split(["a,b,c,d"], sep=",", maxsplit=2)
    tf.strings.split(["a--b--c"], sep="--")
    tf.strings.split(S).to_tensor()
    tf.strings.bytes_split(S)
    tf.strings.bytes_split("hello")
    tf.strings.bytes_split(M)
    tf.strings.bytes_split(R)
    tf.strings.ngrams(["A", "B", "C", "D"], 2)
    tf.strings.ngrams(["A", "B", "C", "D"], [1, 3])
    tf.strings.ngrams(["A", "B"], 3)
    tf.strings.ngrams(["A", "B"], 3, preserve_short_sequences=True)
    tf.strings.ngrams(["A", "B", "C"], 3, pad_values="#")
    tf.strings.ngrams(["A", "B", "C"], 3, pad_values=("<", ">"), separator="")
    tf.strings.ngrams(["A", "B", "C"], 5, pad_values=("<", ">"), padding_width=1)
    tf.strings.ngrams([["A", "B", "C"], ["D", "E", "F"]], 2)
    tf.strings.ngrams(tf.ragged.constant([["A", "B", "C"], ["D"], []]), 2)
    tf.strings.ngrams(tf.ragged.constant([["A", "B", "C"], ["D"], []]), [2, 3], preserve_short_sequences=True)
    """
)
UNICODE = cases(
    r"""
    tf.strings.unicode_decode(S, "UTF-8")
    tf.strings.unicode_decode("héllo", "UTF-8")
    tf.strings.unicode_decode(M, "UTF-8")
    tf.strings.unicode_decode(BAD, "UTF-8")
    tf.strings.unicode_decode(BAD, "UTF-8", errors="ignore")
    tf.strings.unicode_decode(BAD, "UTF-8", replacement_char=63, replace_control_characters=True)
    tf.strings.unicode_decode([b"\x00H\x00i"], "UTF-16-BE")
    tf.strings.unicode_decode_with_offsets(S, "UTF-8")
    tf.strings.unicode_decode_with_offsets(R, "UTF-8")
    tf.strings.unicode_split(S, "UTF-8")
    tf.strings.unicode_split("héllo", "UTF-8")
    tf.strings.unicode_split(R, "UTF-8")
    tf.strings.unicode_split(BAD, "UTF-8")
    tf.strings.unicode_split_with_offsets(S, "UTF-8")
    tf.strings.unicode_encode([[71, 246], [0x1F60A, 50]], "UTF-8")
    tf.strings.unicode_encode([72, 105], "UTF-16-BE")
    tf.strings.unicode_encode(tf.ragged.constant([[72, 105], [], [0x20AC]]), "UTF-32-BE")
    tf.strings.unicode_encode([72, 0xD800, 105], "UTF-8")
    tf.strings.unicode_encode([72, 0x110000, 105], "UTF-8", errors="ignore")
    tf.strings.unicode_transcode(S, "UTF-8", "UTF-16-BE")
    tf.strings.unicode_transcode([b"\xe9a"], "ISO-8859-1", "UTF-8")
    tf.strings.unicode_transcode(BAD, "UTF-8", "UTF-8")
    tf.strings.unicode_transcode(BAD, "UTF-8", "UTF-8", errors="ignore")
    tf.strings.unicode_transcode(["a\nb"], "UTF-8", "UTF-8", replace_control_characters=True, replacement_char=32)
    tf.strings.unicode_script([1, 31, 38, 0x41, 0x3B1, 0x416, 0x5D0, 0x627, 0x905, 0x4E00, 0x3042, 0xAC00, 0x10FFFF])
    """
)
PATTERNS = [
    (r"<[^>]+>", " ", "a<br/>b<c>"),
    (r"\s+", "-", "a \t\n\v b"),
    (r"\d", "#", "a1२b2"),
    (r"\w+", "W", "héllo wörld_1"),
    (r"\bis\b", "X", "this is"),
    (r"(\w)(\d)", r"\2\1", "a1b2"),
    (r"x*", "-", "abxd"),
    (r"^a", "X", "aaa"),
    (r"a$", "X", "aa\n"),
    (r"(?m)a$", "X", "aa\nba\n"),
    (r"a\z", "X", "ba"),
    (r"[[:alpha:]]+", "X", "ab1cd"),
    (r"[[:^digit:]]", "X", "a1é"),
    (r"[[:punct:]]", "", "a,b!c_d-e"),
    (r"\pL+", "L", "aé1ß"),
    (r"\p{Lu}", "U", "aÉB"),
    (r"[\p{Nd}x]", "N", "1२x"),
    (r"\PN", "-", "a1b"),
    (r"(?i)HELLO", "x", "Hello heLLo"),
    (r"a(?i)b|c", "x", "aB C ab c"),
    (r"(a|b(?i)c)d", "x", "bCd bcD ad"),
    (r"\Q.*\E", "x", "a.*b"),
    (r".", "x", "aé\n"),
    (r"(?s).", "x", "a\n"),
    (r"(?U)a+", "x", "aaa"),
    (r"(?U)a+?", "x", "aaa"),
    (r"a{2}", "x", "aaaaa"),
    (r"a{,2}", "x", "aa{,2}"),
    (r"{", "x", "a{b"),
    (r"a{1,2}?", "x", "aaa"),
    (r"(?P<n>a)", r"[\1]", "ab"),
    (r"(a)|(b)", r"[\1\2]", "ab"),
    (r"\x41\x{e9}", "x", "Aé"),
    (r"[\[\]&&~~||]", "x", "a[b]c&d~e|"),
    (r"[]a]", "x", "]a"),
    (r"[^\s]", "x", "a b"),
    (r"[\d\-x]", "x", "1-xy"),
    (r"", "-", "abc"),
    (r"a", r"\\\0", "ba"),
    (r"(?:ab)+", "x", "ababc"),
    (r"\W", "_", "a é"),
    (r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']", "", "a[b]\\c'd-e."),
]
REFUSED = cases(
    r"""
    tf.strings.regex_replace("a", "(", "b")
    tf.strings.regex_replace("a", "a)", "b")
    tf.strings.regex_replace("a", "[a", "b")
    tf.strings.regex_replace("a", "(?=a)", "b")
    tf.strings.regex_replace("a", "(?<!a)", "b")
    tf.strings.regex_replace("a", r"(a)\1", "b")
    tf.strings.regex_replace("a", "a**", "b")
    tf.strings.regex_replace("a", "a{1001}", "b")
    tf.strings.regex_replace("a", r"\p{Nonsense}", "b")
    tf.strings.lower(1)
    tf.strings.lower("a", encoding="latin")
    tf.strings.substr(["Hello"], 6, 1)
    tf.strings.substr(["Hello"], -6, 1)
    tf.strings.substr(["a", "b"], [1, 2, 3], [1, 2, 3])
    tf.strings.to_number("abc")
    tf.strings.to_number("")
    tf.strings.to_number("1_0")
    tf.strings.to_number("99999999999", tf.int32)
    tf.strings.to_number("1.5", tf.int32)
    tf.strings.as_string([1], precision=2)
    tf.strings.as_string([1.0], scientific=True, shortest=True)
    tf.strings.to_hash_bucket_fast("a", 0)
    tf.strings.to_hash_bucket_strong("a", 3, [1])
    tf.strings.join([["a"], ["b", "c"]])
    tf.strings.reduce_join(M, 2)
    tf.strings.unsorted_segment_join(["a"], [3], 2)
    tf.strings.unsorted_segment_join(["a"], [-1], 2)
    tf.strings.format("{} {}", tf.constant(1))
    tf.strings.ngrams(["a"], 0)
    tf.strings.unicode_decode(BAD, "UTF-8", errors="strict")
    tf.strings.unicode_decode(S, "no such")
    tf.strings.unicode_encode([[72]], "latin")
    tf.strings.unicode_encode([0xD800], "UTF-8", errors="strict")
    """
)


@pytest.mark.parametrize("expression", SIMPLE + JOINED + SPLIT + UNICODE)
def test_functions_of_strings_agree(expression: str) -> None:
    require_agreement(expression, names)


@pytest.mark.parametrize(("pattern", "rewrite", "text"), PATTERNS)
def test_patterns_mean_what_re2_means(pattern: str, rewrite: str, text: str) -> None:
    require_agreement(f"tf.strings.regex_replace({text!r}, {pattern!r}, {rewrite!r})")
    require_agreement(f"tf.strings.regex_replace([{text!r}], {pattern!r}, {rewrite!r}, replace_global=False)")
    require_agreement(f"tf.strings.regex_full_match([{text!r}, {pattern!r}, ''], {pattern!r})")


@pytest.mark.parametrize("expression", REFUSED)
def test_what_tensorflow_refuses_is_refused(expression: str) -> None:
    require_refusal(expression, names)


def test_much_damage_takes_no_more_time_than_none() -> None:
    import time

    import headwater as ours

    start = time.process_time()
    found = ours.strings.unicode_decode(b"\xff" * 200_000, "UTF-8")
    assert found.shape == (200_000,) and time.process_time() - start < 5
