"""Headwater's own figures beside the training step: starting, calling, moving memory, staying flat.

Each function returns {figure: value} and is run in a fresh process by run.py: `python -m benchmarks.costs NAME`.
"""

import gc
import json
import statistics
import subprocess
import sys
import time

from benchmarks.workers.measure import median_of, peak_megabytes


def perceptron(sizes=(32, 64, 64, 10)):
    """The compiled 32-64-64-10 classifier."""
    from headwater import keras

    hidden = [keras.layers.Dense(units, activation="relu") for units in sizes[1:-1]]
    output = keras.layers.Dense(sizes[-1], activation="softmax")
    model = keras.Sequential([keras.Input((sizes[0],)), *hidden, output])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def digits(rows, features=32):
    """Random rows and labels in the shape of the digits."""
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, features), dtype=np.float32), rng.integers(0, 10, rows)


def import_time():
    """Seconds of `import numpy`, of `import headwater`, and until a tensor and a layer can be used; medians of nine.

    Names are loaded on first use, so the last figure is the one that a user waits for.
    """
    statements = {
        "import numpy (s)": "import numpy",
        "import headwater (s)": "import headwater",
        "import headwater, first tensor (s)": "import headwater as tf; tf.convert_to_tensor(1.0)",
        "import keras, first layer (s)": "from headwater import keras; keras.Sequential; keras.layers.Dense(1)",
    }
    program = "import time; start = time.perf_counter(); {0}; print(time.perf_counter() - start)"

    def once(statement):
        return float(subprocess.check_output([sys.executable, "-c", program.format(statement)], text=True))

    for statement in statements.values():
        once(statement)  # fills the file cache
    return {name: statistics.median(once(statement) for _ in range(9)) for name, statement in statements.items()}


def first_step():
    """Seconds of importing, of building, and of the first `fit` step of the perceptron, in a fresh process."""
    import numpy  # noqa: F401  (the user has it loaded by then)

    marks = [time.perf_counter()]
    from headwater import keras

    keras.Sequential, keras.layers.Dense, keras.Input  # noqa: B018  (loaded on first use)
    marks.append(time.perf_counter())
    model = perceptron()
    marks.append(time.perf_counter())
    x, y = digits(32)
    model.fit(x, y, batch_size=32, epochs=1, verbose=0)
    marks.append(time.perf_counter())
    names = ("import keras (s)", "build and compile (s)", "first fit step (s)")
    return {name: end - start for name, start, end in zip(names, marks, marks[1:], strict=False)}


def small_calls():
    """Microseconds of the small calls that users make by the million."""
    import headwater as tf

    x = tf.ones((8, 8))
    y = tf.ones((8, 8))
    model = perceptron()
    batch, labels = digits(32)
    row, tensor = batch[:1], tf.constant(batch[:1])
    model.train_on_batch(batch, labels)
    calls = {
        "eager x + y, 8x8": (lambda: x + y, 20_000),
        "eager matmul, 8x8": (lambda: tf.matmul(x, y), 20_000),
        "model(x), one row": (lambda: model(tensor), 500),
        "predict_on_batch, one row": (lambda: model.predict_on_batch(row), 2000),
        "predict, one row": (lambda: model.predict(row, verbose=0), 300),
        "train_on_batch, 32 rows": (lambda: model.train_on_batch(batch, labels), 1000),
    }
    return {f"{name} (us)": median_of(call, repeats) * 1e6 for name, (call, repeats) in calls.items()}


def fused_chain():
    """A chain of five element-wise operations on 10 million floats against one copy of the same data in and out."""
    import numpy as np

    import headwater as tf

    values = np.random.default_rng(0).standard_normal(10_000_000, dtype=np.float32)
    x = tf.constant(values)
    target = np.empty_like(values)

    @tf.function
    def chain(x):
        return tf.maximum((x * 2.0 + 1.0) * x - 0.5, 0.0)

    chain(x)
    ratios, copies, chains = [], [], []
    for _ in range(9):  # side by side, so that a busy moment meets both
        copies.append(median_of(lambda: np.copyto(target, values), 3, batches=1))
        chains.append(median_of(lambda: chain(x), 3, batches=1))
        ratios.append(chains[-1] / copies[-1])
    return {
        "copy of 40 MB (ms)": statistics.median(copies) * 1e3,
        "chain of 5 on 40 MB (ms)": statistics.median(chains) * 1e3,
        "chain / copy": statistics.median(ratios),
    }


def resident_megabytes():
    """Resident memory of this process now, in MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def flat_memory(steps=100_000):
    """Growth of resident memory over 100,000 training steps by `fit`, after 5,000 to warm up."""
    model = perceptron()
    x, y = digits(32 * 1000)

    def train(number):
        for _ in range(number // 1000):
            model.fit(x, y, batch_size=32, epochs=1, verbose=0)
        gc.collect()

    train(5000)
    before = resident_megabytes()
    start = time.perf_counter()
    train(steps)
    took = time.perf_counter() - start
    return {
        "growth over 100,000 steps (MB)": resident_megabytes() - before,
        "peak resident memory (MB)": peak_megabytes(),
        "step by fit (us)": took / steps * 1e6,
    }


COSTS = {function.__name__: function for function in (import_time, first_step, small_calls, fused_chain, flat_memory)}

if __name__ == "__main__":
    print(json.dumps(COSTS[sys.argv[1]]()))
