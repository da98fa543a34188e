"""Loaders of folders, series and files against real Keras: the same files, order, splits, values and specs."""

import functools
import http.server
import itertools
import os
import tarfile
import threading
import warnings
import wave

import keras as real
import numpy as np
import pytest
from PIL import Image

from headwater import keras

rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for kind, count in (("cats", 5), ("dogs", 4), (".hidden", 1)):
        for number in range(count):
            folder = root / kind / ("deep" if number == 2 else "")
            folder.mkdir(parents=True, exist_ok=True)
            size = tuple(rng.integers(9, 30, 2))
            pixels = Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8))
            pixels.save(folder / f"{number}.{('png', 'PNG')[number % 2]}")
    (root / "cats" / "notes.txt").write_text("no picture")
    return root


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    for kind, count in (("neg", 3), ("pos", 4)):
        (root / kind).mkdir()
        for number in range(count):
            (root / kind / f"{number}.txt").write_text(f"{kind} {number} é" * (number + 1), encoding="utf-8")
    return root


def spec_text(dataset):
    return str(dataset.element_spec)


def assert_same(ours, theirs, atol=0.0):
    assert spec_text(ours) == spec_text(theirs)
    count = 0
    for mine, other in itertools.zip_longest(ours, theirs):
        for a, b in zip(mine if isinstance(mine, tuple) else (mine,), other if isinstance(other, tuple) else (other,)):
            a, b = np.asarray(a), np.asarray(b)
            assert a.dtype == b.dtype and a.shape == b.shape
            if a.dtype == object or not atol:
                np.testing.assert_array_equal(a, b)
            else:
                np.testing.assert_allclose(a, b, atol=atol)
        count += 1
    assert count


def both(name, *args, **settings):
    settings = {"shuffle": False, "verbose": False, **settings}
    return getattr(keras.utils, name)(*args, **settings), getattr(real.utils, name)(*args, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label_mode": "categorical", "color_mode": "grayscale", "batch_size": 4},
        {"label_mode": "binary", "color_mode": "rgba"},
        {"label_mode": None, "batch_size": None},
        {"labels": None, "interpolation": "nearest"},
        {"class_names": ["dogs", "cats"], "interpolation": "bicubic"},
        {"crop_to_aspect_ratio": True}, {"crop_to_aspect_ratio": True, "interpolation": "nearest"},
        {"pad_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "interpolation": "nearest"},
        {"data_format": "channels_first"}, {"data_format": "channels_first", "crop_to_aspect_ratio": True},
        {"interpolation": "area"}, {"interpolation": "lanczos3"}, {"image_size": 40},
    ],
)  # fmt: skip
def test_pictures_of_a_folder(pictures, settings):
    ours, theirs = both("image_dataset_from_directory", str(pictures), **{"image_size": (12, 16), **settings})
    assert ours.class_names == theirs.class_names
    assert ours.file_paths == theirs.file_paths
    # TensorFlow cuts grey off where Pillow rounds it.
    assert_same(ours, theirs, atol=1.01 if settings.get("color_mode") == "grayscale" else 2e-3)


def test_pictures_of_other_formats(tmp_path):
    (tmp_path / "a").mkdir()
    smooth = np.add.outer(np.arange(24), np.arange(16))[..., None] * np.array([3, 4, 5], np.uint8)
    for kind in ("bmp", "gif", "jpg", "jpeg"):
        Image.fromarray(smooth.astype(np.uint8)).save(tmp_path / "a" / f"x.{kind}", quality=95)
    ours, theirs = both("image_dataset_from_directory", str(tmp_path), image_size=(8, 8))
    assert ours.file_paths == theirs.file_paths
    assert_same(ours, theirs, atol=6)  # TensorFlow decodes JPEG by a quicker transform


def test_labels_given_by_hand(pictures):
    labels = [3, 1, 2, 3, 1, 2, 3, 1, 2, 7]  # the hidden folder counts here
    ours, theirs = both("image_dataset_from_directory", str(pictures), labels=labels, image_size=(8, 8))
    assert ours.class_names == theirs.class_names
    assert_same(ours, theirs, atol=2e-3)


@pytest.mark.parametrize("shuffle", [False, True])
def test_parts_of_a_folder_are_the_same_files(pictures, texts, shuffle):
    settings = {"validation_split": 0.4, "seed": 7, "shuffle": shuffle}
    for name, root, more in (
        ("image_dataset_from_directory", pictures, {"image_size": (4, 4)}),
        ("text_dataset_from_directory", texts, {}),
    ):
        for subset in ("training", "validation"):
            ours, theirs = both(name, str(root), subset=subset, **settings, **more)
            if hasattr(theirs, "file_paths"):
                assert ours.file_paths == theirs.file_paths
            labels = [sorted(np.concatenate([np.asarray(y) for _, y in each]).tolist()) for each in (ours, theirs)]
            assert labels[0] == labels[1]
        ours, theirs = both(name, str(root), subset="both", **settings, **more)
        assert type(ours) is type(theirs) and len(ours) == 2
        assert_same(ours[1], theirs[1], atol=2e-3)  # which is not mixed again


def test_what_is_shuffled_is_the_same_samples_in_another_order(pictures):
    dataset = keras.utils.image_dataset_from_directory(str(pictures), image_size=(4, 4), seed=1, verbose=False)
    ordered = keras.utils.image_dataset_from_directory(str(pictures), image_size=(4, 4), shuffle=False, verbose=False)

    def sums(data):
        return sorted(round(float(image.sum()), 1) for x, _ in data for image in np.asarray(x))

    assert sums(dataset) == sums(ordered)
    first, second = ([np.asarray(y).tolist() for _, y in dataset] for _ in range(2))
    assert sorted(itertools.chain(*first)) == sorted(itertools.chain(*second))


@pytest.mark.parametrize("settings", [{}, {"max_length": 7, "batch_size": 3}, {"label_mode": None, "batch_size": None}])
def test_texts_of_a_folder(texts, settings):
    ours, theirs = both("text_dataset_from_directory", str(texts), **settings)
    assert ours.class_names == theirs.class_names
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    "arguments",
    [
        {"label_mode": "nonsense"}, {"labels": "nonsense"}, {"color_mode": "nonsense"}, {"image_size": (1, 2, 3)},
        {"interpolation": "nonsense"}, {"validation_split": 0.5}, {"subset": "training"},
        {"validation_split": 2.0, "subset": "training"}, {"validation_split": 0.5, "subset": "nonsense"},
        {"validation_split": 0.5, "subset": "training", "shuffle": True}, {"class_names": ["birds"]},
        {"labels": None, "class_names": ["cats"]}, {"format": "nonsense"},
        {"label_mode": "binary", "class_names": ["cats"]},
        {"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_both(pictures, arguments):
    for library in (keras, real):
        with pytest.raises(ValueError):
            library.utils.image_dataset_from_directory(
                str(pictures), **{"shuffle": False, "verbose": False, **arguments}
            )


def test_too_few_labels_are_refused(pictures):
    with pytest.raises(ValueError, match="2 labels for 10 files"):
        keras.utils.image_dataset_from_directory(str(pictures), labels=[1, 2])


def test_a_broken_picture_is_named(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a" / "0.png")
    (tmp_path / "a" / "1.png").write_bytes((tmp_path / "a" / "0.png").read_bytes()[:40])
    dataset = keras.utils.image_dataset_from_directory(str(tmp_path), shuffle=False, verbose=False, batch_size=None)
    with pytest.raises(ValueError, match=r"a/1\.png can't be read"):
        list(dataset)
    with pytest.raises(FileNotFoundError, match="no text file"):
        keras.utils.text_dataset_from_directory(str(tmp_path), verbose=False)
    with pytest.raises(FileNotFoundError, match="not a folder"):
        keras.utils.text_dataset_from_directory(str(tmp_path / "none"), verbose=False)


def test_a_model_trains_on_a_folder(pictures):
    dataset = keras.utils.image_dataset_from_directory(str(pictures), image_size=(8, 8), batch_size=4, verbose=False)
    model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(dataset, validation_data=dataset, epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2


SERIES = rng.normal(size=(23, 2))


@pytest.mark.parametrize("batch_size", [4, None])
@pytest.mark.parametrize(
    "settings",
    [
        {}, {"sequence_stride": 3}, {"sampling_rate": 2}, {"start_index": 3, "end_index": 19, "sequence_stride": 2},
        {"targets": np.arange(23)}, {"targets": np.arange(21.0), "sampling_rate": 2, "start_index": 2},
        {"data": np.arange(23, dtype="int32"), "targets": np.arange(46).reshape(23, 2)},
    ],
)  # fmt: skip
def test_windows_of_a_series(settings, batch_size):
    settings = {"data": SERIES, "targets": None, "sequence_length": 4, "batch_size": batch_size, **settings}
    ours = keras.utils.timeseries_dataset_from_array(**settings)
    theirs = real.utils.timeseries_dataset_from_array(**settings)
    for a, b in itertools.zip_longest(ours.as_numpy_iterator(), theirs.as_numpy_iterator()):
        for x, y in zip(a if isinstance(a, tuple) else (a,), b if isinstance(b, tuple) else (b,)):
            np.testing.assert_array_equal(x, y)
            assert x.dtype == y.dtype
    shuffled = keras.utils.timeseries_dataset_from_array(**settings, shuffle=True, seed=3)
    assert sum(1 for _ in shuffled) == sum(1 for _ in ours)


@pytest.mark.parametrize(
    "settings",
    [
        {"sampling_rate": 0}, {"sampling_rate": 23}, {"sequence_stride": 0}, {"sequence_stride": 30},
        {"start_index": -1}, {"start_index": 23}, {"end_index": 23}, {"end_index": -2},
        {"start_index": 5, "end_index": 4}, {"format": "nonsense"},
    ],
)  # fmt: skip
def test_series_that_do_not_fit_are_refused_by_both(settings):
    for library in (keras, real):
        with pytest.raises(ValueError):
            library.utils.timeseries_dataset_from_array(SERIES, None, 4, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"left_size": 0.7}, {"right_size": 4}, {"left_size": 3, "right_size": 5},
        {"left_size": 0.35, "right_size": 0.3},
        {"left_size": 6, "shuffle": True, "seed": 3}, {"right_size": 0.26, "shuffle": True, "seed": 4},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["array", "tuple", "list", "dataset", "batches"])
def test_parts_of_data(kind, settings):
    import tensorflow

    import headwater

    x, y = np.arange(22, dtype="float32").reshape(11, 2), np.arange(11)
    found = []
    for library, data in ((keras, headwater.data), (real, tensorflow.data)):
        whole = data.Dataset.from_tensor_slices((x, y))
        source = {"array": x, "tuple": (x, y), "list": [x, y], "dataset": whole, "batches": whole.batch(4)}[kind]
        found.append(library.utils.split_dataset(source, **settings))
    for mine, other in zip(*found):
        assert_same(mine, other)


@pytest.mark.parametrize(
    "sizes", [(None, None), (0, 0), (11, None), (None, 1.5), (0.7, 0.7), ("3", None), (-1, None), (8, 8)]
)
def test_parts_that_do_not_fit_are_refused_by_both(sizes):
    for library in (keras, real):
        with pytest.raises((ValueError, TypeError)):
            library.utils.split_dataset(np.arange(11), *sizes)


# ---- get_file -------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.func.log_message = lambda *args: None
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/", folder
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("arguments", [
    {}, {"fname": "x.tar.gz"}, {"fname": "x"}, {"extract": False}, {"cache_subdir": "deep/er"}, {"untar": True},
])  # fmt: skip
def test_the_places_of_files_are_those_of_keras(server, tmp_path, arguments):
    address, folder = server
    with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
        (folder / "one.txt").write_text("one")
        archive.add(folder / "one.txt", "pictures/one.txt")
    settings = {"origin": f"{address}a.tar.gz", "extract": True, **arguments}
    found = []
    for name, library in (("ours", keras), ("theirs", real)):
        (tmp_path / name).mkdir()
        path = library.utils.get_file(cache_dir=str(tmp_path / name), **settings)
        found.append((os.path.relpath(path, tmp_path / name), sorted(os.listdir(path)) if os.path.isdir(path) else ""))
    assert found[0] == found[1]


# ---- sounds ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    root = tmp_path_factory.mktemp("sounds")
    for kind, lengths in (("no", (30, 50, 41)), ("yes", (20, 64))):
        (root / kind).mkdir()
        for number, length in enumerate(lengths):
            with wave.open(str(root / kind / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(rng.integers(-(2**15), 2**15, length).astype("<i2").tobytes())
    return root


@pytest.mark.parametrize(
    "settings",
    [{}, {"output_sequence_length": 40, "label_mode": "binary"}, {"batch_size": None, "label_mode": None}],
)
def test_sounds_of_a_folder(sounds, settings):
    ours, theirs = both("audio_dataset_from_directory", str(sounds), **{"batch_size": 2, **settings})
    assert ours.class_names == theirs.class_names
    assert_same(ours, theirs, atol=1e-7)


def test_ragged_sounds_and_both_parts(sounds):
    settings = {"ragged": True, "batch_size": 3, "validation_split": 0.4, "subset": "both"}
    ours, theirs = both("audio_dataset_from_directory", str(sounds), **settings)
    assert isinstance(ours, tuple) and isinstance(theirs, tuple)
    for mine, other in zip(ours, theirs):
        for (a, x), (b, y) in zip(mine, other, strict=True):
            assert a.to_list() == b.to_list()
            np.testing.assert_array_equal(x, y)
    for arguments in ({"ragged": True, "output_sequence_length": 3}, {"sampling_rate": -1}, {"sampling_rate": 1.5}):
        with pytest.raises(ValueError):
            keras.utils.audio_dataset_from_directory(str(sounds), **arguments)


def test_pictures_read_in_threads_leave_the_filters_of_warnings_as_they_were(pictures):
    dataset = keras.utils.image_dataset_from_directory(str(pictures), image_size=(4, 4), verbose=False)
    list(dataset)
    before = list(warnings.filters)
    for _ in range(5):
        list(dataset)
    assert warnings.filters == before
