"""Functions of paths and strings: what hangs on them runs first, the rest is one program for all elements."""

import io

import numpy as np
import PIL.Image
import pytest

import headwater as tf

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    found = []
    for number in range(6):
        pixels = RNG.integers(0, 256, (20 + number, 31 - 2 * number, 3)).astype("uint8")
        path = folder / f"{'cat' if number % 2 else 'dog'}_{number}.{'png' if number % 3 else 'jpg'}"
        PIL.Image.fromarray(pixels).save(path)
        found.append(str(path))
    return found


def pixels_of(path):
    return tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)


def label_of(path):
    parts = tf.strings.split(path, "/")
    return tf.strings.split(parts[-1], "_")[0] == tf.constant(["cat", "dog"])


TABLE = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["cat", "dog"], [7, 8]), -1)

FUNCTIONS = {
    "resized": lambda path: tf.image.resize(pixels_of(path), (8, 6)) / 255.0,
    "flipped and labelled": lambda path: (
        tf.image.random_flip_left_right(tf.image.resize(tf.cast(pixels_of(path), "float32") / 255.0, (9, 9))),
        tf.argmax(label_of(path)),
    ),
    "cropped": lambda path: {"image": tf.image.resize_with_crop_or_pad(pixels_of(path), 12, 40)},
    "padded": lambda path: tf.image.resize_with_pad(pixels_of(path), 7, 9),
    "looked up": lambda path: TABLE.lookup(tf.strings.split(tf.strings.split(path, "/")[-1], "_")[0]) * 2,
    "length": lambda path: tf.strings.length(path) + 1,
}


def elements(function, paths, **options):
    tf.random.set_seed(4)
    dataset = tf.data.Dataset.from_tensor_slices(paths).map(function, **options)
    return dataset, list(dataset)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_program_serves_all_files_and_gives_what_calls_one_by_one_give(name, paths, monkeypatch):
    function = FUNCTIONS[name]
    dataset, found = elements(function, paths, num_parallel_calls=2)
    assert len(dataset._stage.call._after_preludes._programs) == 1
    monkeypatch.setattr("headwater.data.calls._debug_mode", True)
    _, wanted = elements(function, paths)
    for mine, other in zip(found, wanted):
        tf.nest.map_structure(lambda a, b: np.testing.assert_array_equal(a.numpy(), b.numpy()), mine, other)


def test_the_spec_of_resized_files_says_their_size(paths):
    dataset, _ = elements(FUNCTIONS["flipped and labelled"], paths)
    assert dataset.element_spec == (tf.TensorSpec((9, 9, 3), tf.float32), tf.TensorSpec((), tf.int64))


def test_a_function_that_needs_each_size_gets_a_program_for_each_as_long_as_there_are_few(paths):
    def corner(path):
        pixels = pixels_of(path)
        return pixels[: pixels.shape[0] // 2, :4]

    dataset, found = elements(corner, paths)
    assert [x.shape[0] for x in found] == [(20 + number) // 2 for number in range(6)]
    assert len(dataset._stage.call._after_preludes._programs) == 6
    np.testing.assert_array_equal(found[2].numpy(), corner(tf.constant(paths[2])).numpy())


def test_a_function_that_reads_its_string_runs_as_python(paths):
    def name_of(path):
        return len(path.numpy())

    dataset, found = elements(name_of, paths)
    assert [int(x) for x in found] == [len(path) for path in paths]
    assert not dataset._stage.call.takes_strings


def test_a_path_that_does_not_exist_is_named_and_the_others_are_read(paths):
    several = ["/nowhere/first.jpg", *paths[:2], "/nowhere/second.jpg", *paths[2:]]
    dataset = tf.data.Dataset.from_tensor_slices(several).map(FUNCTIONS["resized"], name="load")
    iterator = iter(dataset)
    with pytest.raises(tf.errors.NotFoundError, match=r"(?s)first\.jpg.*map 'load', element 0"):
        next(iterator)
    np.testing.assert_array_equal(next(iterator).numpy(), FUNCTIONS["resized"](tf.constant(paths[0])).numpy())
    assert len(list(dataset.ignore_errors())) == 6


def test_a_broken_image_is_named(paths, tmp_path):
    file = io.BytesIO()
    PIL.Image.fromarray(RNG.integers(0, 256, (30, 30, 3)).astype("uint8")).save(file, "JPEG")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(file.getvalue()[:300])
    dataset = tf.data.Dataset.from_tensor_slices([*paths, str(broken)]).map(FUNCTIONS["resized"], 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)is broken.*map, element 6.*broken\.jpg"):
        list(dataset)


def test_a_stream_of_files_goes_on_where_it_stopped(paths):
    _, whole = elements(FUNCTIONS["flipped and labelled"], paths, num_parallel_calls=2)
    tf.random.set_seed(4)
    iterator = iter(tf.data.Dataset.from_tensor_slices(paths).map(FUNCTIONS["flipped and labelled"], 2))
    next(iterator)
    place = iterator.save()
    rest = [next(iterator) for _ in range(3)]
    iterator.restore(place)
    for (again, _), (mine, _), (other, _) in zip(iterator, rest, whole[1:]):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
        np.testing.assert_array_equal(again.numpy(), mine.numpy())
