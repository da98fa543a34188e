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


def own_steps(steps=400, rounds=9):
    """A custom `train_step`, and a hand-written loop under `function`, against the built-in `fit`: side by side."""
    import headwater as tf
    from headwater import keras

    class Own(keras.Model):
        """The perceptron with a training step of its own."""

        def __init__(self):
            super().__init__()
            self.inner = perceptron()

        def call(self, x, training=False):
            return self.inner(x, training=training)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                predicted = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=predicted)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            for metric in self.metrics:
                metric.update_state(loss) if metric.name == "loss" else metric.update_state(y, predicted)
            return {metric.name: metric.result() for metric in self.metrics}

    built_in, own, by_hand = perceptron(), Own(), perceptron()
    own.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    optimizer, accuracy = keras.optimizers.Adam(), keras.metrics.SparseCategoricalAccuracy()
    loss_of = keras.losses.SparseCategoricalCrossentropy()

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            predicted = by_hand(x, training=True)
            loss = loss_of(y, predicted)
        gradients = tape.gradient(loss, by_hand.trainable_variables)
        optimizer.apply_gradients(zip(gradients, by_hand.trainable_variables, strict=True))
        accuracy.update_state(y, predicted)
        return loss

    x, y = digits(32 * steps)
    batches = [(tf.constant(x[i : i + 32]), tf.constant(y[i : i + 32])) for i in range(0, len(x), 32)]

    def loop():
        for batch in batches:
            step(*batch)

    ways = {
        "fit": lambda: built_in.fit(x, y, batch_size=32, verbose=0, shuffle=False),
        "own train_step": lambda: own.fit(x, y, batch_size=32, verbose=0, shuffle=False),
        "loop under function": loop,
    }
    times = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            times[name].append(median_of(way, 1, batches=1) / steps)
    figures = {f"{name} (us)": statistics.median(each[1:]) * 1e6 for name, each in times.items()}
    for name in list(ways)[1:]:
        ratios = [mine / built for mine, built in zip(times[name][1:], times["fit"][1:], strict=True)]
        figures[f"{name} / fit"] = statistics.median(ratios)
    return figures


def changing_lengths():
    """Steps of the lstm workload with texts of 20 to 200 tokens: a new length against the steps of known ones."""
    import numpy as np

    from headwater import keras

    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(20000, 128),
            keras.layers.LSTM(128, return_sequences=True),
            keras.layers.LSTM(128),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    lengths = rng.permutation(np.arange(20, 201, 6))

    def step(length):
        x = rng.integers(0, 20000, (32, length)).astype(np.int32)
        y = rng.integers(0, 2, (32, 1)).astype(np.int32)
        start = time.perf_counter()
        model.train_on_batch(x, y)
        return time.perf_counter() - start

    step(20), step(21)
    new = {length: step(length) for length in lengths}
    known = {length: [step(length) for _ in range(3)] for length in lengths}
    extra = [new[length] - min(known[length]) for length in lengths]
    median = statistics.median(seconds for each in known.values() for seconds in each)
    return {
        "a new length (ms, median)": statistics.median(extra) * 1e3,
        "a new length (ms, worst)": max(extra) * 1e3,
        "step of a known length (ms, median)": median * 1e3,
        "slowest step of a known length / median": max(max(each) for each in known.values()) / median,
    }


def long_attention(lengths=(2048, 8192)):
    """Forward and backward of causal attention of 4 heads of 64: how memory grows with the length."""
    import headwater as tf
    from headwater import keras

    def peak(length):
        x = tf.ones((1, length, 4, 64))

        @tf.function
        def gradients(q, k, v):
            with tf.GradientTape() as tape:
                tape.watch((q, k, v))
                y = keras.ops.dot_product_attention(q, k, v, is_causal=True)
            return tape.gradient(y, (q, k, v))

        executable, _ = gradients.get_concrete_function(x, x, x).executable()
        took = median_of(lambda: gradients(x, x, x), 1, batches=1)
        return executable.program.arena_bytes / 1e6, took

    figures = {}
    for length in lengths:
        figures[f"T={length}, arena (MB)"], figures[f"T={length} (s)"] = peak(length)
    first, last = (figures[f"T={length}, arena (MB)"] for length in (lengths[0], lengths[-1]))
    figures["arena, growth per growth of T"] = (last / first) / (lengths[-1] / lengths[0])
    figures["peak resident memory (MB)"] = peak_megabytes()
    return figures


COSTS = {
    function.__name__: function
    for function in (
        import_time, first_step, small_calls, own_steps, fused_chain, flat_memory, changing_lengths, long_attention,
    )
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(COSTS[sys.argv[1]]()))
