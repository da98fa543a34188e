"""`tf.image` in traced functions and data sets, on broken files, and through gradients."""

import io
import threading

import numpy as np
import PIL.Image
import pytest

import headwater as tf

RNG = np.random.default_rng(2)
IMAGE = RNG.integers(0, 256, (12, 10, 3)).astype("uint8")
BATCH = RNG.uniform(0, 1, (3, 12, 10, 3)).astype("float32")
BOXES = np.array([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.45], [0.5, 0.5, 1.0, 1.0]], "float32")
SCORES = np.array([0.5, 0.9, 0.4], "float32")

TRACED = {
    "resize": lambda x: tf.image.resize(x, (5, 7), "bicubic"),
    "resize_with_pad": lambda x: tf.image.resize_with_pad(x, 9, 20),
    "crop_and_resize": lambda x: tf.image.crop_and_resize(x, BOXES, [0, 2, 1], [4, 4]),
    "adjust_hue": lambda x: tf.image.adjust_hue(tf.image.adjust_saturation(x, 1.5), 0.1),
    "adjust_contrast": lambda x: tf.image.adjust_contrast(tf.image.adjust_brightness(x, 0.1), 1.3),
    "standardized": lambda x: tf.image.per_image_standardization(tf.image.rot90(x)),
    "drawn": lambda x: tf.image.draw_bounding_boxes(x, tf.stack([BOXES] * 3)),
    "ssim": lambda x: tf.image.ssim(x, x * 0.9, 1.0, filter_size=5),
    "patches": lambda x: tf.image.extract_patches(x, [1, 3, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
    "glimpses": lambda x: tf.image.extract_glimpse(x, [4, 4], [[0.0, 0.1]] * 3, noise="zero"),
    "stateless": lambda x: tf.image.stateless_random_flip_left_right(
        tf.image.stateless_random_crop(x, [3, 8, 8, 3], seed=(1, 2)), seed=(3, 4)
    ),
    "jpeg": lambda x: tf.image.adjust_jpeg_quality(x[0], 50),
}


@pytest.mark.parametrize("name", TRACED)
def test_a_traced_function_gives_what_eager_calls_give(name):
    function = TRACED[name]
    found = tf.function(function)(tf.constant(BATCH))
    np.testing.assert_allclose(found.numpy(), function(tf.constant(BATCH)).numpy(), atol=2e-5)


def test_offsets_may_be_known_only_later():
    @tf.function
    def moved(image, start):
        cut = tf.image.crop_to_bounding_box(image, start[0], start[1], 4, 5)
        return tf.image.pad_to_bounding_box(cut, start[0], 0, 12, 10), tf.image.rot90(image[:, :10], start[1])

    found, turned = moved(tf.constant(BATCH), tf.constant([2, 3]))
    wanted = np.zeros_like(BATCH)
    wanted[:, 2:6, :5] = BATCH[:, 2:6, 3:8]
    np.testing.assert_array_equal(found.numpy(), wanted)
    np.testing.assert_array_equal(turned.numpy(), np.rot90(BATCH[:, :10], 3, axes=(1, 2)))


def test_boxes_are_selected_in_traced_functions_too():
    padded = tf.function(lambda b, s: tf.image.non_max_suppression_padded(b, s, 3, 0.5, pad_to_max_output_size=True))
    indices, count = padded(tf.constant(BOXES), tf.constant(SCORES))
    assert (indices.numpy().tolist(), int(count)) == ([1, 2, 0], 2)
    free = tf.function(lambda b, s: tf.image.non_max_suppression(b, s, 3))  # runs op by op: its size is not known
    assert free(tf.constant(BOXES), tf.constant(SCORES)).numpy().tolist() == [1, 2]
    found = tf.function(lambda b, s: tf.image.combined_non_max_suppression(b, s, 2, 3))(
        tf.constant(BOXES[None, :, None]), tf.constant(SCORES[None, :, None])
    )
    assert found[3].numpy().tolist() == [2] and found[1].shape == (1, 3)


def test_gradients_flow_through_what_is_resized_and_recoloured():
    x = tf.constant(BATCH)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.image.resize(tf.image.adjust_contrast(x, 1.5), (6, 5)) ** 2)
    gradient = tape.gradient(y, x).numpy()
    step = RNG.normal(size=BATCH.shape).astype("float32")

    def value(at):
        return float(tf.reduce_sum(tf.image.resize(tf.image.adjust_contrast(at, 1.5), (6, 5)) ** 2))

    slope = (value(BATCH + 1e-2 * step) - value(BATCH - 1e-2 * step)) / 2e-2
    assert float((gradient * step).sum()) == pytest.approx(slope, rel=2e-2)


def test_random_images_differ_from_call_to_call_and_follow_the_seed():
    for draw in (
        lambda: tf.image.random_brightness(BATCH, 0.4), lambda: tf.image.random_crop(BATCH[0], [6, 6, 3]),
        lambda: tf.image.random_hue(BATCH, 0.3), lambda: tf.image.random_flip_up_down(BATCH),
        lambda: tf.image.sample_distorted_bounding_box([60, 50, 3], BOXES[None])[1],
        lambda: tf.image.random_jpeg_quality(IMAGE, 5, 90),
    ):  # fmt: skip
        runs = []
        for _ in range(2):
            tf.random.set_seed(3)
            runs.append([draw().numpy() for _ in range(6)])
        assert all(np.array_equal(a, b) for a, b in zip(*runs))
        assert any(not np.array_equal(runs[0][0], other) for other in runs[0][1:])


def encoded(kind, **options):
    file = io.BytesIO()
    PIL.Image.fromarray(IMAGE).save(file, kind, **options)
    return file.getvalue()


def test_files_are_decoded_within_a_data_set():
    files = [tf.image.encode_png(np.roll(IMAGE, number, axis=0)).numpy() for number in range(5)]

    def prepared(data):
        image = tf.image.decode_image(data, channels=3, expand_animations=False)
        return tf.image.convert_image_dtype(tf.image.resize(image, (6, 5)), "float32")

    batches = tf.data.Dataset.from_tensor_slices(files).map(prepared).batch(2)
    found = np.concatenate([batch.numpy() for batch in batches])
    wanted = np.stack([tf.image.resize(np.roll(IMAGE, n, axis=0), (6, 5)).numpy() for n in range(5)])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_any_cut_or_changed_byte_gives_an_image_or_an_error(kind):
    rng, good = np.random.default_rng(0), encoded(kind)
    for number in range(80):
        data = bytearray(good[: rng.integers(0, len(good))] if number % 2 else good)
        for place in rng.integers(0, max(len(data), 1), 4):
            if place < len(data):
                data[place] = rng.integers(0, 256)
        try:
            assert tf.image.decode_image(bytes(data)).dtype == "uint8"
        except tf.errors.HeadwaterError as error:
            assert "decode_image" in str(error) and error.fix


def test_a_file_that_declares_too_many_pixels_is_refused():
    data = bytearray(encoded("PNG"))
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    with pytest.raises(tf.errors.InvalidArgumentError, match="decode_png"):
        tf.image.decode_png(bytes(data))


def test_repeated_calls_become_programs_and_give_the_same_bits():
    from headwater.image.repeated import _COMPILED_FROM

    factor = tf.constant(1.7)
    calls = {
        "resize": lambda x: tf.image.resize(x, (7, 5)),
        "antialiased": lambda x: tf.image.resize(x, (5, 4), antialias=True),
        "hue": lambda x: tf.image.adjust_hue(x, 0.2), "saturation": lambda x: tf.image.adjust_saturation(x, factor),
        "contrast": lambda x: tf.image.adjust_contrast(x, 0.4), "standard": tf.image.per_image_standardization,
        "padded": lambda x: tf.image.resize_with_pad(x, 8, 30),
    }  # fmt: skip
    for image in (IMAGE, tf.constant(BATCH)):
        for name, call in calls.items():
            runs = [call(image).numpy() for _ in range(_COMPILED_FROM + 1)]
            assert all(np.array_equal(runs[0], run) for run in runs), name
    for _ in range(_COMPILED_FROM + 1):
        with pytest.raises(tf.errors.InvalidArgumentError):  # which a program would not see
            tf.image.adjust_hue(IMAGE, tf.constant(3.0))


def test_calls_from_many_threads_share_programs():
    found = []

    def work(number):
        image = np.full((20, 20, 3), number, "uint8")
        found.extend(float(tf.image.resize(image, (9, 8)).numpy().mean()) - number for _ in range(8))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 64 and max(map(abs, found)) < 1e-4


@pytest.mark.parametrize("call", [
    lambda: tf.image.crop_and_resize(BATCH, BOXES[:1], [5], [3, 3]),
    lambda: tf.image.crop_and_resize(BATCH, BOXES[:1], [-1], [3, 3]),
    lambda: tf.function(lambda n: tf.image.crop_and_resize(BATCH, BOXES[:1], n, [3, 3]))(tf.constant([-1])),
    lambda: tf.image.resize(np.zeros((0, 5, 3)), (3, 3)),
    lambda: tf.keras.layers.Resizing(3, 3)(np.zeros((1, 5, 0, 3))),
    lambda: tf.image.decode_png([b"a", b"b"]),
    lambda: tf.image.decode_png(None),
])  # fmt: skip
def test_what_does_not_exist_is_refused_with_a_remedy(call):
    with pytest.raises(tf.errors.HeadwaterError) as caught:
        call()
    assert caught.value.fix


@pytest.mark.parametrize("boxes", [np.zeros((0, 4)), np.full((3, 4), np.nan), np.array([[2.0, 2, -1, -1]])])
def test_boxes_that_are_none_give_nothing_to_worry_about(boxes):
    boxes, scores = boxes.astype("float32"), np.full(len(boxes), np.nan, "float32")
    assert tf.image.non_max_suppression(boxes, scores, 3).shape == (0,)
    found = tf.image.crop_and_resize(BATCH, boxes, np.zeros(len(boxes), "int32"), [2, 2], extrapolation_value=7.0)
    assert found.shape == (len(boxes), 2, 2, 3) and np.isin(found.numpy()[np.isnan(boxes).any(-1)], 7.0).all()
    drawn = tf.image.draw_bounding_boxes(BATCH, np.stack([boxes] * 3), None)
    assert np.isfinite(drawn.numpy()).all()
