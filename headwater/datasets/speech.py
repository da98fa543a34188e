"""Data sets of speech: recordings, and what is said in them."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np

from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.text_tables import text_column
from headwater.errors import DataLossError

_SPOKEN = re.compile(r"(?P<stem>.*)_desc(_(?P<language>[a-z]{2,3}(_[A-Z]{2})?))?\.ogg")
_LETTER = re.compile(r'<sound\s+name="([^"]*)"\s+file="([^"]*)"')


def read_wav(path: Path) -> tuple[np.ndarray, int]:
    """The samples of a WAV file of 16 bits, (time,) or (time, channels), and how many there are in a second.

    Raises: DataLossError if it is none.
    """
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                raise DataLossError(f"{path} has {8 * file.getsampwidth()} bits a sample, not 16.", where="")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            channels, rate = file.getnchannels(), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise DataLossError(f"{path} is no WAV file: {error}.", fix="fetch it again.", where="") from None
    return (samples if channels == 1 else samples.reshape(-1, channels)), rate


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
    """Audio, what it says by its file's name, and the kind of prompt: digits, letters, phonetic, or a phrase."""
    kept = [name for name in names if "/silence/" not in name]
    relative = [name.split("/sounds/")[1].split("/", 1)[1].removesuffix(".wav") for name in kept]
    audio = np.empty(len(kept), object)
    for place, name in enumerate(kept):
        audio[place] = read_wav(root / name)[0]
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
        "tuxpaint_speech", "spoken captions", "7,400 spoken captions with their text, in 11 languages, Vorbis 44.1 kHz",
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
