"""Data sets of speech: recordings, and what is said in them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from headwater.audio import decode_wav
from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.text_tables import text_column

_SPOKEN = re.compile(r"(?P<stem>.*)_desc(_(?P<language>[a-z]{2,3}(_[A-Z]{2})?))?\.ogg")
_LETTER = re.compile(r'<sound\s+name="([^"]*)"\s+file="([^"]*)"')


def captions(path: Path) -> dict[str, str]:
    """The captions of a stamp by language: English in the first line, the others as `fr.utf8=...`."""
    first, *others = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    found = {"en": first.strip()}
    for line in others:
        language, mark, text = line.partition(".utf8=")
        if mark and text.strip():
            found[language.strip()] = text.strip()
    return found


def _tuxpaint(root: Path, names: list[str]) -> dict[str, Columns]:
    rows = []
    for name in names:
        match = _SPOKEN.fullmatch(name)
        described = root / f"{match['stem']}.txt" if match else None
        if match is None or described is None or not described.exists():
            continue
        language = match["language"] or "en"
        text = captions(described).get(language)
        if text:
            rows.append((str(root / name), language, text))
    return _recordings(rows)


def _recordings(rows: list[tuple[str, str, str]]) -> dict[str, Columns]:
    path, language, text = (text_column(column) for column in zip(*rows))
    return {"train": {"path": path, "text": text, "language": language}}


def _prompts(root: Path, names: list[str]) -> dict[str, Columns]:
    """Sound at 8 kHz, what it says by its file's name, and its kind: digits, letters, phonetic, phrases."""
    kept = [name for name in names if "/silence/" not in name]
    relative = [name.split("/sounds/")[1].split("/", 1)[1].removesuffix(".wav") for name in kept]
    audio = np.empty(len(kept), object)
    for place, name in enumerate(kept):
        audio[place] = decode_wav((root / name).read_bytes(), desired_channels=1).audio.numpy()[:, 0]
    return {
        "train": {
            "audio": audio,
            "text": text_column([name.rpartition("/")[2] for name in relative]),
            "label": text_column([name.rpartition("/")[0] or "phrases" for name in relative]),
            "path": text_column([str(root / name) for name in kept]),
        }
    }


def _letters(root: Path, names: list[str]) -> dict[str, Columns]:
    rows, folder = [], "usr/share/klettres/"
    there = set(names)
    for name in names:
        if not name.endswith("sounds.xml"):
            continue
        for text, file in _LETTER.findall((root / name).read_text(encoding="utf-8", errors="replace")):
            if folder + file in there:
                rows.append((str(root / folder / file), file.split("/")[0], text))
    return _recordings(rows)


def _sentences(root: Path, names: list[str]) -> dict[str, Columns]:
    rows = []
    for name in names:
        if not name.endswith("transcription"):
            continue
        for line in (root / name).read_text().splitlines():
            text, _, clip = line.partition("</s>")
            path = (root / name).parent / f"{clip.strip().strip('()')}.wav"
            rows.append((str(path), "en", text.replace("<s>", "").strip()))
    return _recordings(rows)


def _prompts_card(language: str, told: str, voice: str) -> Card:
    origin = Origin("apt", f"asterisk-core-sounds-{language}-wav", "", (f"usr/share/asterisk/sounds/{voice}/*.wav",))
    title = f"telephone prompts in {told}: digits, letters, phrases; one voice, 8 kHz"
    return Card(f"prompts_{language}", "spoken digits and words", title, origin, "CC BY-SA 3.0", _prompts, "label")


CARDS = (
    Card(
        "tuxpaint_speech", "spoken captions", "7,289 spoken captions with their text, in 11 languages, Vorbis 44.1 kHz",
        Origin(
            "apt", "tuxpaint-stamps-default", "",
            ("usr/share/tuxpaint/stamps/*_desc*.ogg", "usr/share/tuxpaint/stamps/*.txt"),
        ),
        "GPL-2+", _tuxpaint,
    ),
    _prompts_card("en", "English", "en_US_f_Allison"),
    _prompts_card("es", "Spanish", "es_MX_f_Allison"),
    _prompts_card("fr", "French", "fr_CA_f_June"),
    _prompts_card("it", "Italian", "it_IT_m_Carlo"),
    _prompts_card("ru", "Russian", "ru_RU_f_IvrvoiceRU"),
    Card(
        "spoken_letters", "spoken letters", "letters and syllables in some 20 languages, Vorbis",
        Origin("apt", "klettres-data", "", ("usr/share/klettres/*.ogg", "usr/share/klettres/*/sounds.xml")),
        "GPL-2+", _letters,
    ),
    Card(
        "spoken_sentences", "speech recognition", "5 sentences of a novel and 5 calls of cards, to try things out",
        Origin(
            "apt", "pocketsphinx-testdata", "",
            tuple(f"usr/share/pocketsphinx/test/data/{part}/*{end}" for part in ("librivox", "cards")
                  for end in (".wav", "transcription")),
        ),
        "BSD-like", _sentences,
    ),
)  # fmt: skip
