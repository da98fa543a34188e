"""Layers of strings and categories side by side: headwater's and real Keras's, in turn, on the same values.

    python -m benchmarks.text_layers
    python -m benchmarks.text_layers --texts 10000 --rounds 9

Each row has the median time of both, and the ratio of ours to theirs: below 1 is faster.
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras as theirs
import numpy as np
import tensorflow as their_tf

import headwater as tf
from headwater import keras as ours


def texts_of(count, rng):
    """Short texts, whose words are as unevenly common as those of a language."""
    words = np.array([f"w{number:x}" for number in range(20_000)])
    places = np.minimum(rng.zipf(1.2, (count, 24)), len(words) - 1)
    return np.array([" ".join(words[row[: 4 + row[0] % 20]]) + ", and. More!" for row in places]), words


def cases(count):
    """Name, then a function for ours and one for theirs."""
    rng = np.random.default_rng(0)
    texts, words = texts_of(count, rng)
    mine, other = tf.constant(texts), their_tf.constant(texts)
    for name, arguments in {
        "indices": {"output_sequence_length": 30},
        "indices of n-grams": {"output_sequence_length": 60, "ngrams": 2},
        "multi-hot": {"output_mode": "multi_hot", "max_tokens": 2000},
        "tf-idf": {"output_mode": "tf_idf", "max_tokens": 2000},
    }.items():
        pair = [keras.layers.TextVectorization(**arguments) for keras in (ours, theirs)]
        for layer, data in zip(pair, (mine, other)):
            layer.adapt(data[:2000])
        yield f"{count} texts to {name}", lambda a=pair[0]: a(mine), lambda b=pair[1]: b(other)
    pair = [keras.layers.TextVectorization() for keras in (ours, theirs)]
    yield f"adapt to {count} texts", lambda: pair[0].adapt(mine), lambda: pair[1].adapt(other)
    few = [keras.layers.TextVectorization(vocabulary=words[:5000].tolist()) for keras in (ours, theirs)]
    yield "32 texts to indices", lambda: few[0](mine[:32]), lambda: few[1](other[:32])
    tokens = words[np.minimum(rng.zipf(1.2, 1_000_000), len(words) - 1)]
    pair = [keras.layers.StringLookup(vocabulary=words.tolist()) for keras in (ours, theirs)]
    strings = tf.constant(tokens), their_tf.constant(tokens)
    yield "look 1e6 strings up", lambda: pair[0](strings[0]), lambda: pair[1](strings[1])
    numbers = rng.integers(0, 40_000, 1_000_000)
    lookups = [keras.layers.IntegerLookup(vocabulary=np.arange(20_000) * 2) for keras in (ours, theirs)]
    both = tf.constant(numbers), their_tf.constant(numbers)
    yield "look 1e6 numbers up", lambda: lookups[0](both[0]), lambda: lookups[1](both[1])


def seconds(function):
    """How long a call takes."""
    begin = time.perf_counter()
    np.asarray(function())
    return time.perf_counter() - begin


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print a JSON object for each row")
    options = parser.parse_args()
    for name, mine, other in cases(options.texts):
        seconds(mine), seconds(other)
        rounds = [(seconds(mine), seconds(other)) for _ in range(options.rounds)]
        a, b = (statistics.median(column) for column in zip(*rounds))
        ratio = statistics.median(x / y for x, y in rounds)
        if options.json:
            print(json.dumps({"name": name, "ours": a, "keras": b, "ratio": ratio}))
        else:
            print(f"{name:<30} ours {1e3 * a:8.2f} ms   keras {1e3 * b:8.2f} ms   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
