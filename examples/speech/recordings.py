"""Spoken captions as the scripts of this folder use them: sound, what is said, mel spectrograms, variations.

The recordings are captions of drawings, read aloud by volunteers in eleven languages (`tuxpaint_speech`, from Debian).
"""

from typing import NamedTuple

import numpy as np
import soundfile

from headwater import datasets, keras
from headwater.keras import layers

RATE, HOP, WINDOW, TRANSFORM = 22_050, 256, 640, 1_024  # samples a second, between frames, in a frame, in its transform
MELS = 40


def read(path):
    """The sound of a file: one channel, 22,050 samples a second, as loud as the others, without silence around it."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    sound = sound.mean(axis=1)
    if rate == 2 * RATE:
        sound = np.convolve(sound, np.float32([0.125, 0.375, 0.375, 0.125]), "same")[::2]
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[max(0, loud[0] - 2_000) : loud[-1] + 3_000] if len(loud) else sound
    return sound / max(1e-6, np.abs(sound).max())


def plain(text):
    """Small letters and single spaces, nothing else."""
    return " ".join("".join(c if c.isalpha() else " " for c in text.lower()).split())


def load_captions(languages, longest=2.6, count=None):
    """Sounds, texts and languages of captions of up to `longest` seconds. Copies of a recording are left out.

    A few recordings stand there several times, for several drawings: the same text, to the sample as long.
    """
    table = datasets.load("tuxpaint_speech")["train"]
    sounds, texts, seen = [], [], set()
    for path, text, language in zip(table["path"], table["text"], table["language"]):
        if language not in languages or len(sounds) == count:
            continue
        information, text = soundfile.info(path), (language, plain(text))
        if information.duration <= longest + 0.6 and (text, information.frames) not in seen:
            seen.add((text, information.frames))
            sound = read(path)
            if len(sound) <= longest * RATE:
                sounds.append(sound)
                texts.append(text)
    return sounds, [text for _, text in texts], [language for language, _ in texts]


def held_back(texts, share):
    """Which recordings are to learn from, and which are not: a share of the texts, with all recordings of each."""
    different = sorted(set(texts))
    chosen = np.random.default_rng(0).permutation(len(different))[: int(share * len(different))]
    held = np.isin([different.index(text) for text in texts], chosen)
    return np.flatnonzero(~held), np.flatnonzero(held)


def faster(sound, speed):
    """The sound played at another speed, which changes how long it is and how high."""
    places = np.arange(0, len(sound) - 1, speed)
    return np.interp(places, np.arange(len(sound)), sound).astype("float32")


def stretched(rows, frames):
    """Rows in the same order, but `frames` of them."""
    places = np.linspace(0, len(rows) - 1, frames)
    below = np.minimum(places.astype(int), len(rows) - 2)
    share = (places - below)[:, None].astype("float32")
    return rows[below] * (1 - share) + rows[below + 1] * share


def log_mel(sounds):
    """Mel spectrograms, (frames, 40) each: decibels, scaled so that speech lies between about -1 and 1.5."""
    layer = layers.MelSpectrogram(
        TRANSFORM, HOP, WINDOW, sampling_rate=RATE, num_mel_bins=MELS, min_freq=80, max_freq=8_000
    )
    found, order = [None] * len(sounds), np.argsort([len(sound) for sound in sounds])
    for start in range(0, len(sounds), 32):
        some = order[start : start + 32]  # of about the same length
        longest = len(sounds[some[-1]])
        padded = np.stack([np.pad(sounds[at], (0, longest - len(sounds[at]))) for at in some])
        decibels = np.asarray(layer(padded)).transpose(0, 2, 1)
        for at, rows in zip(some, decibels):
            found[at] = rows[: 1 + len(sounds[at]) // HOP] / 20 + 1
    return found


def in_frame(rows, frames, shift=0):
    """A spectrogram in the middle of `frames` rows of silence, or moved from there by `shift`."""
    whole = np.full((frames, rows.shape[1]), rows.min(), "float32")
    start = min(max(0, (frames - len(rows)) // 2 + shift), max(0, frames - len(rows)))
    whole[start : start + len(rows)] = rows[:frames]
    return whole


def pitched(rows, factor):
    """Rows whose bands are moved upwards or downwards, as with a shorter or longer throat."""
    places = np.clip(np.arange(MELS) * factor, 0, MELS - 1.001)
    below = places.astype(int)
    share = (places - below).astype("float32")
    return rows[:, below] * (1 - share) + rows[:, below + 1] * share


class Variation(NamedTuple):
    """How far recordings are varied.

    Attributes:
        stretch: the least and the most that a spectrogram becomes longer by.
        pitch: the same for its bands: higher or lower.
        shift: how many frames it is moved at most.
        floor: how loud the noise is under which nothing is heard.
        gaps: axis (0 time, 1 bands) and longest size of each gap (SpecAugment, arXiv:1904.08779).
    """

    stretch: tuple
    pitch: tuple
    shift: int
    floor: tuple
    gaps: tuple


class Varied(keras.utils.PyDataset):
    """Batches in which nothing is heard twice alike: faster or slower, higher or lower, moved, in noise, with gaps."""

    def __init__(self, spectrograms, targets, frames, batch, how, seed=0, rounds=1, **options):
        super().__init__(**options)
        self.how = how
        self.spectrograms, self.targets, self.frames, self.batch = spectrograms, targets, frames, batch
        self.random, self.rounds = np.random.default_rng(seed), rounds
        self.on_epoch_end()

    def __len__(self):
        return max(1, len(self.order) // self.batch)

    def on_epoch_end(self):
        count = len(self.targets)
        self.order = np.concatenate([self.random.permutation(count) for _ in range(self.rounds)])

    def __getitem__(self, index):
        chosen = self.order[index * self.batch : (index + 1) * self.batch]
        return np.stack([self.vary(at) for at in chosen]), self.targets[chosen]

    def vary(self, at):
        random = self.random
        rows = self.spectrograms[at]
        rows = stretched(rows, min(self.frames, int(len(rows) * random.uniform(*self.how.stretch))))
        rows = pitched(rows, random.uniform(*self.how.pitch))
        most = min(max(1, self.frames - len(rows)) // 2, self.how.shift)
        rows = in_frame(rows, self.frames, random.integers(-most, most + 1))
        tone = np.interp(np.arange(MELS), [0, 13, 26, 39], random.normal(0, 0.12, 4))  # another microphone
        rows = rows + tone.astype("float32") + np.float32(random.normal(0, 0.15))
        floor = np.float32(random.uniform(*self.how.floor))
        rows = np.maximum(rows, floor + random.normal(0, 0.2, rows.shape).astype("float32"))
        for axis, longest in self.how.gaps:
            width = random.integers(0, longest)
            start = random.integers(0, rows.shape[axis] - width)
            rows[(slice(None),) * axis + (slice(start, start + width),)] = floor
        return rows
