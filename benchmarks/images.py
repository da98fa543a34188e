"""Images side by side: headwater's `tf.image` and image layers, real TensorFlow's and real Keras's, in turn.

    python -m benchmarks.images
    python -m benchmarks.images --rounds 15 --json

Layers are compiled on both sides (a `tf.function` here, `jax.jit` there). Each row has the median time of both, and the
median of the ratios of ours to theirs: below 1 is faster.
"""

import argparse
import io
import json
import os
import statistics
import time

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import jax
import keras as their_keras
import numpy as np
import tensorflow as their_tf
from PIL import Image

import headwater as tf
from headwater import keras

RANDOM = np.random.default_rng(0)
PICTURE = np.clip(np.cumsum(RANDOM.normal(0, 6, (375, 500, 3)), axis=1) + 128, 0, 255).astype("uint8")
BATCH = RANDOM.uniform(0, 255, (64, 64, 64, 3)).astype("float32")


def jpeg():
    """The picture as a file."""
    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, "JPEG", quality=85)
    return file.getvalue()


def functions():
    """Name, then a function of a library, and what it is called on: those of `tf.image`."""
    data = jpeg()
    yield "decode a JPEG of 500 x 375", lambda lib: lambda: lib.image.decode_jpeg(data)
    for method in ("bilinear", "nearest", "bicubic", "area"):
        yield (
            f"resize to 224 x 224, {method}",
            lambda lib, m=method: on(lib, lambda x: lib.image.resize(x, (224, 224), m)),
        )
    yield "resize, antialiased", lambda lib: on(lib, lambda x: lib.image.resize(x, (224, 224), antialias=True))
    yield "adjust hue", lambda lib: on(lib, lambda x: lib.image.adjust_hue(x, 0.1))

    def augmented(lib):
        @lib.function
        def prepare(x):
            x = lib.image.resize(lib.image.convert_image_dtype(x, lib.float32), (224, 224))
            return lib.image.random_brightness(lib.image.random_flip_left_right(x), 0.2)

        return on(lib, prepare)

    yield "resize, flip, brighten in one function", augmented


def resized(method):
    """What makes a call that resizes the picture."""
    return lambda lib: on(lib, lambda x: lib.image.resize(x, (224, 224), method))


def on(lib, function):
    """A call of the function on the picture."""
    picture = lib.constant(PICTURE)
    return lambda: function(picture)


LAYERS = {
    "RandomFlip": {}, "RandomRotation": {"factor": 0.1}, "RandomZoom": {"height_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1, "fill_mode": "constant"},
    "RandomContrast": {"factor": 0.3}, "RandomHue": {"factor": 0.2}, "RandomSharpness": {"factor": 0.5},
    "Solarization": {"threshold_factor": 0.5}, "MixUp": {},
}  # fmt: skip


def layer_pair(name, arguments):
    """Calls of our layer and of Keras's, on a batch."""
    mine, other = getattr(keras.layers, name)(**arguments), getattr(their_keras.layers, name)(**arguments)
    run = tf.function(lambda x: mine(x, training=True))
    batch = tf.constant(BATCH)
    draw = other.get_random_transformation(BATCH, training=True)
    moving = {key: value for key, value in draw.items() if hasattr(value, "dtype")}
    fixed = {key: value for key, value in draw.items() if key not in moving}
    transform = jax.jit(lambda x, drawn: other.transform_images(x, {**drawn, **fixed}))
    there = jax.numpy.asarray(BATCH)
    return lambda: run(batch), lambda: transform(there, moving)


def cases():
    """Name, a function for ours, one for theirs."""
    for name, make in functions():
        yield name, make(tf), make(their_tf)
    for name, arguments in LAYERS.items():
        yield (f"{name} of {len(BATCH)} images", *layer_pair(name, arguments))


def seconds(function):
    """How long a call takes."""
    begin = time.perf_counter()
    np.asarray(function())
    return time.perf_counter() - begin


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="print a JSON object for each row")
    options = parser.parse_args()
    for name, mine, other in cases():
        for _ in range(4):  # calls that repeat are compiled
            seconds(mine), seconds(other)
        rounds = [(seconds(mine), seconds(other)) for _ in range(options.rounds)]
        a, b = (statistics.median(column) for column in zip(*rounds))
        ratio = statistics.median(x / y for x, y in rounds)
        if options.json:
            print(json.dumps({"name": name, "ours": a, "theirs": b, "ratio": ratio}))
        else:
            print(f"{name:<40} ours {1e3 * a:8.2f} ms   theirs {1e3 * b:8.2f} ms   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
