"""The newer names of `tf.signal`, and `tf.audio`, held to TensorFlow."""

from __future__ import annotations

import contextlib
import io
import struct

import numpy as np
import pytest
import tensorflow as real

import headwater as tf

pytestmark = pytest.mark.filterwarnings("ignore")

RNG = np.random.default_rng(8)
SOUND = RNG.uniform(-1, 1, (2, 64)).astype("float32")
CUBE = RNG.normal(size=(3, 4, 6)).astype("float32")
COMPLEX = (CUBE + 1j * RNG.normal(size=CUBE.shape)).astype("complex64")


def check(name, *args, tolerance=2e-5, **kwargs):
    def called(library):
        windows = {"window_fn": getattr(library.signal, kwargs["window_fn"])} if kwargs.get("window_fn") else {}
        return getattr(library.signal, name)(*args, **{**kwargs, **windows})

    found, wanted = called(tf), called(real)
    assert found.dtype.name == wanted.dtype.name
    scale = max(np.abs(wanted.numpy()).max(), 1)
    np.testing.assert_allclose(found.numpy() / scale, wanted.numpy() / scale, rtol=0, atol=tolerance)


def test_the_mel_scale_is_that_of_tensorflow():
    check("linear_to_mel_weight_matrix")
    check("linear_to_mel_weight_matrix", 40, 257, 16000, 20.0, 8000.0)
    arguments = (10, 65, 16000, 0.0, 4000.0)
    wide = (library.signal.linear_to_mel_weight_matrix(*arguments, library.float64) for library in (tf, real))
    np.testing.assert_allclose(*(np.asarray(matrix) for matrix in wide), atol=1e-6)
    for bad in ({"num_mel_bins": 0}, {"lower_edge_hertz": -1.0}, {"upper_edge_hertz": 5000.0}, {"sample_rate": 0}):
        for library in (tf, real):
            with pytest.raises(ValueError):
                library.signal.linear_to_mel_weight_matrix(**bad)


@pytest.mark.parametrize("norm", [None, "ortho"])
@pytest.mark.parametrize("window", ["vorbis_window", "kaiser_bessel_derived_window", None])
def test_modified_cosine_transforms_are_those_of_tensorflow(norm, window):
    options = {"norm": norm, "window_fn": window}
    check("mdct", SOUND, 16, pad_end=True, **options)
    check("inverse_mdct", SOUND.reshape(2, 4, 16), **options)
    window_fn = window and getattr(tf.signal, window)
    frames = tf.signal.mdct(SOUND, 16, window_fn, norm=norm)
    back = tf.signal.inverse_mdct(frames, window_fn, norm=norm).numpy()
    np.testing.assert_allclose(back[:, 8:-8], SOUND[:, 8:-8], atol=1e-5)


def test_windows_and_cepstra_are_those_of_tensorflow():
    check("kaiser_bessel_derived_window", 32)
    check("kaiser_bessel_derived_window", 16, 4.0, tolerance=1e-4)
    check("mfccs_from_log_mel_spectrograms", SOUND)
    for kind in (1, 2, 3, 4):
        for norm in (None, "ortho") if kind > 1 else (None,):
            check("dct", SOUND, type=kind, norm=norm)
            check("idct", SOUND, type=kind, norm=norm)
            check("dct", SOUND, type=kind, norm=norm, n=40)


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
def test_transforms_along_any_axes_are_those_of_numpy(norm):
    """NumPy's, because TensorFlow 2.21 has no kernel for them on a CPU."""
    for axes in (None, (0, 2), (1,), (-2, -1)):
        for name, x in (("fftn", COMPLEX), ("ifftn", COMPLEX), ("rfftn", CUBE), ("irfftn", COMPLEX)):
            found = getattr(tf.signal, f"{name}d")(x, axes=axes, norm=norm)
            wanted = getattr(np.fft, name)(x, axes=axes, norm=norm)
            np.testing.assert_allclose(found.numpy(), wanted, atol=1e-4 * max(1, np.abs(wanted).max()))
    for name, x in (("fftnd", COMPLEX), ("ifftnd", COMPLEX), ("rfftnd", CUBE)):
        found = getattr(tf.signal, name)(x, fft_length=[5, 4], axes=[1, 2], norm=norm)
        np.testing.assert_allclose(
            found.numpy(), getattr(np.fft, name[:-1])(x, s=(5, 4), axes=(1, 2), norm=norm), atol=1e-4
        )


def test_a_spectrogram_is_traced_and_differentiated():
    @tf.function
    def loudness(x):
        spectrum = tf.abs(tf.signal.stft(x, 16, 8))
        mel = spectrum @ tf.signal.linear_to_mel_weight_matrix(6, 9, 8000)
        return tf.reduce_sum(tf.signal.mfccs_from_log_mel_spectrograms(tf.math.log(mel + 1e-3)))

    x = tf.constant(SOUND)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = loudness(x)
    gradient = tape.gradient(total, x)
    there = real.constant(SOUND)
    with real.GradientTape() as tape:
        tape.watch(there)
        spectrum = real.abs(real.signal.stft(there, 16, 8))
        mel = spectrum @ real.signal.linear_to_mel_weight_matrix(6, 9, 8000)
        wanted = real.reduce_sum(real.signal.mfccs_from_log_mel_spectrograms(real.math.log(mel + 1e-3)))
    np.testing.assert_allclose(total.numpy(), wanted.numpy(), rtol=1e-4)
    np.testing.assert_allclose(gradient.numpy(), tape.gradient(wanted, there).numpy(), rtol=1e-3, atol=1e-3)


def wav_of(samples: bytes, kind=1, channels=1, rate=8000, bits=16, more=b"") -> bytes:
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits) + more
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_wav_files_go_both_ways_as_in_tensorflow():
    sound = np.concatenate([SOUND.T, [[1.5, -1.5], [1.0, -1.0], [0.5 / 32768, -0.5 / 32768]]]).astype("float32")
    mine, other = (library.audio.encode_wav(sound, 16000).numpy() for library in (tf, real))
    assert mine == other
    for options in (
        {},
        {"desired_samples": 30},
        {"desired_samples": 90},
        {"desired_channels": 1},
        {"desired_channels": 3},
    ):
        found, wanted = (library.audio.decode_wav(mine, **options) for library in (tf, real))
        np.testing.assert_array_equal(found.audio.numpy(), wanted.audio.numpy())
        assert found.audio.dtype == "float32" and found.sample_rate.dtype == "int32"
        assert int(found.sample_rate) == int(wanted.sample_rate) == 16000


def test_wav_files_of_other_widths_are_read():
    value = {
        8: (64 + 128).to_bytes(1, "little"),
        24: (1 << 22).to_bytes(3, "little"),
        32: (1 << 30).to_bytes(4, "little"),
    }
    for bits, sample in value.items():
        sound = tf.audio.decode_wav(wav_of(sample * 4, bits=bits, channels=2))
        np.testing.assert_array_equal(sound.audio.numpy(), np.full((2, 2), 0.5, "float32"))
    floats = np.array([0.25, -2.0], "<f4").tobytes()
    np.testing.assert_array_equal(tf.audio.decode_wav(wav_of(floats, kind=3, bits=32)).audio.numpy()[:, 0], [0.25, -2])
    extended = wav_of(b"\x00\x40", kind=0xFFFE, more=struct.pack("<HHIH", 22, 16, 0, 1) + b"\x00" * 14)
    assert float(tf.audio.decode_wav(extended).audio[0, 0]) == 0.5


GOOD = wav_of(b"\x00\x01" * 40)
BAD = {
    "empty": b"", "no WAV": b"RIFF" + bytes(60), "cut off": GOOD[:70], "header alone": GOOD[:20],
    "no data": GOOD[:36], "coding": wav_of(b"\x00" * 8, kind=2), "bits": wav_of(b"\x00" * 8, bits=12),
    "channels": wav_of(b"\x00" * 8, channels=0), "rate": wav_of(b"\x00" * 8, rate=0),
    "huge": GOOD[:40] + struct.pack("<I", 2**31) + GOOD[44:],
    "format": GOOD[:16] + struct.pack("<I", 2**30) + GOOD[20:],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_broken_wav_files_are_refused_with_a_remedy(name):
    with pytest.raises(tf.errors.HeadwaterError) as caught:
        tf.audio.decode_wav(BAD[name])
    assert "decode_wav" in str(caught.value) and caught.value.fix


def test_any_cut_or_changed_byte_gives_sound_or_an_error():
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(GOOD[: rng.integers(0, len(GOOD) + 1)])
        for place in rng.integers(0, max(len(data), 1), 3):
            if place < len(data):
                data[place] = rng.integers(0, 256)
        with contextlib.suppress(tf.errors.HeadwaterError):
            tf.audio.decode_wav(bytes(data))


def test_sound_in_a_traced_function_runs_op_by_op():
    @tf.function
    def loudest(data):
        return tf.reduce_max(tf.abs(tf.audio.decode_wav(data).audio))

    assert float(loudest(tf.constant(GOOD))) == pytest.approx(256 / 32768)


def test_other_kinds_of_files_are_read_through_soundfile():
    soundfile = pytest.importorskip("soundfile")
    wave = np.sin(np.arange(800) * 0.3).astype("float32") * 0.8
    for kind in ("FLAC", "AIFF", "WAV"):
        file = io.BytesIO()
        soundfile.write(file, wave, 8000, format=kind)
        sound = tf.audio.decode_audio(file.getvalue(), desired_samples=900)
        assert (sound.audio.shape, int(sound.sample_rate)) == ((900, 1), 8000)
        np.testing.assert_allclose(sound.audio.numpy()[:800, 0], wave, atol=1e-4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="decode_audio"):
        tf.audio.decode_audio(b"nothing of the kind")


def test_sound_is_resampled_through_soxr():
    pytest.importorskip("soxr")
    wave = np.sin(np.arange(4000) * 2 * np.pi * 200 / 8000).astype("float32")
    found = tf.audio.resample(wave, 8000, 12000).numpy()
    assert found.shape == (6000,)
    np.testing.assert_allclose(found[2000:4000], np.sin(np.arange(2000, 4000) * 2 * np.pi * 200 / 12000), atol=1e-4)
    assert tf.audio.resample(wave, 8000, 8000).shape == (4000,)
    with pytest.raises(ValueError):
        tf.audio.resample(wave, 0, 8000)
