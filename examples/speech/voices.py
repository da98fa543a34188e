"""From sounds to spectra and back: what `convert.py` makes voices with."""

import numpy as np
from recordings import RATE

import headwater as tf
from headwater.keras import ops

TRANSFORM, HOP, MELS = 1_024, 256, 80
BINS = TRANSFORM // 2 + 1


def mel_matrix():
    """How much of each of 513 frequencies goes into each of 80 bands."""
    matrix = tf.signal.linear_to_mel_weight_matrix(MELS, BINS, RATE, 60.0, 9_000.0)
    return np.asarray(matrix)


def spectrum(sound):
    """The magnitudes of a sound, (frames, 513)."""
    real, imaginary = ops.stft(sound[None], TRANSFORM, HOP, TRANSFORM)
    return np.hypot(np.asarray(real)[0], np.asarray(imaginary)[0])


def logarithm(magnitudes):
    """Magnitudes as the network reads and writes them."""
    return np.log(np.maximum(magnitudes, 1e-3)).astype("float32")


def griffin_lim(magnitudes, rounds=60, momentum=0.99):
    """A sound whose spectrum is near `magnitudes` (Griffin and Lim 1984, sped up as by Perraudin et al. 2013)."""
    random = np.random.default_rng(0)
    phase = np.exp(2j * np.pi * random.random(magnitudes.shape))
    before = 0
    for _ in range(rounds):
        sound = inverse(magnitudes * phase)
        real, imaginary = ops.stft(sound[None], TRANSFORM, HOP, TRANSFORM)
        rebuilt = (np.asarray(real)[0] + 1j * np.asarray(imaginary)[0])[: len(magnitudes)]
        ahead = rebuilt + momentum * (rebuilt - before)
        phase, before = ahead / np.maximum(np.abs(ahead), 1e-8), rebuilt
    return inverse(magnitudes * phase)


def inverse(complex_spectrum):
    """The sound of a complex spectrum."""
    parts = complex_spectrum.real.astype("float32")[None], complex_spectrum.imag.astype("float32")[None]
    return np.asarray(ops.istft(parts, TRANSFORM, HOP, TRANSFORM, length=HOP * (len(complex_spectrum) - 1)))[0]


def pitch(sounds):
    """The median height of voices in Hertz: where frames of 93 ms repeat themselves."""
    found = []
    for sound in sounds:
        for start in range(0, len(sound) - 2_048, 1_024):
            frame = sound[start : start + 2_048] * np.hanning(2_048)
            same = np.fft.irfft(np.abs(np.fft.rfft(frame, 4_096)) ** 2)[:500]
            best = 60 + int(np.argmax(same[60:400]))  # 55 to 370 Hz
            if np.abs(frame).max() > 0.1 and same[best] > 0.4 * same[0]:
                found.append(RATE / best)
    return float(np.median(found))
