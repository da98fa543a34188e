"""Pipelines of data side by side: headwater, tf.data and torch's DataLoader, in turn, on the same files and values.

    python -m benchmarks.data_pipelines generator images records examples arrays
    python -m benchmarks.data_pipelines large --gigabytes 20

`generator` reads small elements of a Python generator; `images` a folder of JPEGs: decoded, resized, flipped, batched;
`records` a TFRecord file, batched; `examples` the same, each batch parsed, and `single` parsed before it is batched;
`arrays` feeds arrays in memory to `fit`; `large` reads, shuffles and batches a TFRecord file that is larger than the
memory it may use. Each prints a row for each system: the best of several rounds, in which the systems take turns.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
ITEMS, IMAGES, RECORDS, EDGE = 20_000, 300, 5_000, 160
RANDOM = np.random.default_rng(0)


# What runs in the worker of a system


def small_items():
    for number in range(ITEMS):
        yield np.float32([number, 1, 2]), number % 10


def generator(system, _):
    if system == "torch":
        import torch

        class Items(torch.utils.data.IterableDataset):
            def __iter__(self):
                return small_items()

        return ITEMS, torch.utils.data.DataLoader(Items(), batch_size=32)
    tf = tensorflow_of(system)
    signature = (tf.TensorSpec((3,), tf.float32), tf.TensorSpec((), tf.int32))
    return ITEMS, tf.data.Dataset.from_generator(small_items, output_signature=signature).batch(32).prefetch(2)


def load_image(path):
    """With Pillow: decoded as small as will do, then resized."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((EDGE, EDGE), Image.Resampling.BILINEAR))


def images(system, folder):
    paths = sorted(str(path) for path in Path(folder).glob("*.jpg"))
    if system == "torch":
        import torch

        class Folder(torch.utils.data.Dataset):
            def __len__(self):
                return len(paths)

            def __getitem__(self, index):
                pixels = torch.from_numpy(load_image(paths[index]).copy()).float() / 255
                return torch.flip(pixels, (1,)) if torch.rand(()) < 0.5 else pixels

        return len(paths), torch.utils.data.DataLoader(Folder(), batch_size=32, num_workers=2, persistent_workers=True)
    tf = tensorflow_of(system)

    def load(path):
        pixels = tf.image.decode_jpeg(tf.io.read_file(path), channels=3)
        pixels = tf.image.resize(pixels, (EDGE, EDGE)) / 255.0
        return tf.image.random_flip_left_right(pixels)

    def load_with_pillow(path):
        pixels = load_image(path.numpy().decode()).astype(np.float32) / 255
        return pixels[:, ::-1] if RANDOM.random() < 0.5 else pixels

    function = load_with_pillow if system == "headwater, Pillow" else load
    source = tf.data.Dataset.from_tensor_slices(paths).map(function, num_parallel_calls=tf.data.AUTOTUNE)
    return len(paths), source.batch(32).prefetch(2)


FEATURES = {"label": (1, "int64"), "numbers": (16, "float32"), "text": (1, "string")}


def records(system, folder):
    tf = tensorflow_of(system)
    return RECORDS, tf.data.TFRecordDataset(f"{folder}/examples.tfrecord").batch(64).prefetch(2)


def features_of(tf):
    return {name: tf.io.FixedLenFeature([size], getattr(tf, dtype)) for name, (size, dtype) in FEATURES.items()}


def examples(system, folder):
    tf = tensorflow_of(system)
    batches = tf.data.TFRecordDataset(f"{folder}/examples.tfrecord").batch(64)
    return RECORDS, batches.map(lambda batch: tf.io.parse_example(batch, features_of(tf))).prefetch(2)


def single(system, folder):
    tf = tensorflow_of(system)
    rows = tf.data.TFRecordDataset(f"{folder}/examples.tfrecord")
    return RECORDS, rows.map(lambda row: tf.io.parse_single_example(row, features_of(tf))).batch(64).prefetch(2)


def make_records(folder):
    """Examples of a label, some numbers and a text."""
    import headwater as tf

    random = np.random.default_rng(0)
    with tf.io.TFRecordWriter(f"{folder}/examples.tfrecord") as writer:
        for number in range(RECORDS):
            example = tf.train.Example()
            feature = example.features.feature
            feature["label"].int64_list.value.append(number % 10)
            feature["numbers"].float_list.value.extend(random.random(16).tolist())
            feature["text"].bytes_list.value.append(random.bytes(200))
            writer.write(example.SerializeToString())


def tensorflow_of(system):
    if system.startswith("headwater"):
        sys.path.insert(0, str(ROOT))
        import headwater

        return headwater
    import tensorflow

    return tensorflow


def make_images(folder):
    """Photographs of a sort: smooth shapes with some noise."""
    from PIL import Image

    random = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 1, 320), np.linspace(0, 1, 240))
    for number in range(IMAGES):
        waves = [np.sin(x * a + y * b) for a, b in random.uniform(0, 20, (3, 2))]
        pixels = np.stack(waves, -1) * 100 + 128 + random.normal(0, 8, (240, 320, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(f"{folder}/{number:04d}.jpg", quality=90)


PIPELINES = {
    "generator": (generator, ("headwater", "tensorflow", "torch")),
    "images": (images, ("headwater", "headwater, Pillow", "tensorflow", "torch")),
    "records": (records, ("headwater", "tensorflow")),
    "examples": (examples, ("headwater", "tensorflow")),
    "single": (single, ("headwater", "tensorflow")),
}
FILES = {"images": make_images, "records": make_records, "examples": make_records, "single": make_records}


def worker(name, system, folder):
    """Answer each line with the seconds of a pass."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    elements, pipeline = PIPELINES[name][0](system, folder)
    for _ in sys.stdin:
        start = time.perf_counter()
        batches = sum(1 for _ in pipeline)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "elements": elements, "batches": batches}), flush=True)


# The driver


def python_of(system):
    home = "" if system.startswith("headwater") else system
    return str(ROOT / ".peers" / home / "bin" / "python") if home else sys.executable


def compare(name, rounds):
    """Best seconds of each system, which take turns."""
    systems = PIPELINES[name][1]
    import PIL

    beside = str(Path(PIL.__file__).parent.parent)  # for the peers' environments, after their own packages
    with tempfile.TemporaryDirectory() as folder:
        FILES.get(name, lambda folder: None)(folder)
        workers = {
            system: subprocess.Popen(
                [python_of(system), __file__, "worker", name, system, folder, beside],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )
            for system in systems
        }  # fmt: skip
        seconds = {system: [] for system in systems}
        for _ in range(rounds):
            for system, process in workers.items():
                process.stdin.write("run\n")
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
                seconds[system].append(answer["seconds"])
        for process in workers.values():
            process.stdin.close()
            process.wait()
    for system, found in seconds.items():
        each = min(found) / answer["elements"] * 1e6
        ratio = min(found) / min(seconds["headwater"])
        print(f"{name:10s} {system:18s} {each:9.1f} us per element  {ratio:6.2f} x ours")
    return {system: min(found) for system, found in seconds.items()}


def fit_step(tf, source, steps):
    """Seconds of a step of a small perceptron on a source."""
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Dense(512, "relu"), layers.Dense(512, "relu"), layers.Dense(10)])
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(source, steps_per_epoch=20, verbose=0)

    def measure():
        start = time.perf_counter()
        model.fit(source, steps_per_epoch=steps, verbose=0)
        return (time.perf_counter() - start) / steps

    return measure


def arrays(rounds, steps=300):
    """A step of `fit` on shuffled batches of arrays, against one on a batch that is there."""
    tf = tensorflow_of("headwater")
    x, y = RANDOM.random((30_000, 784), np.float32), RANDOM.integers(0, 10, 30_000)
    shuffled = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(128, drop_remainder=True).repeat()
    prepared = tf.data.Dataset.from_tensors((x[:128], y[:128])).repeat()
    measures = {name: fit_step(tf, source, steps) for name, source in (("one batch", prepared), ("shuffled", shuffled))}
    found = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    ratio = np.median(np.divide(found["shuffled"], found["one batch"]))
    for name, seconds in found.items():
        print(f"{'arrays':10s} {name:18s} {min(seconds) * 1e6:9.1f} us per step")
    best = min(found["shuffled"]) / min(found["one batch"])
    print(f"{'arrays':10s} shuffled / one batch: {best:.3f} (median of rounds {ratio:.3f})")
    return found


def resident():
    """Megabytes of memory in use."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def large(gigabytes, folder):
    """Write a TFRecord file of so many gigabytes, read it shuffled in batches, and say how much memory that took."""
    tf = tensorflow_of("headwater")
    from headwater.io.records import RecordWriter

    size, path = 8192, os.path.join(folder, "large.tfrecord")
    count = int(gigabytes * 1e9 / size)
    payload = np.random.default_rng(0).bytes(size)
    with RecordWriter(path) as writer:
        for number in range(count):
            writer.write(number.to_bytes(8, "little") + payload[8:])
    before, peak, seen = resident(), 0.0, 0
    source = tf.data.TFRecordDataset(path).shuffle(4096).batch(64).prefetch(2)
    start = time.perf_counter()
    for number, batch in enumerate(source):
        seen += batch.shape[0]
        if number % 16 == 0:
            peak = max(peak, resident())
    seconds = time.perf_counter() - start
    os.remove(path)
    assert seen == count, (seen, count)
    print(
        f"large      {gigabytes:.2f} GB, {count} records: {seconds:.1f} s, {gigabytes * 1e3 / seconds:.0f} MB/s; "
        f"memory {before:.0f} MB before, {peak:.0f} MB at most"
    )
    return {"seconds": seconds, "before": before, "peak": peak}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="+", choices=[*PIPELINES, "arrays", "large"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gigabytes", type=float, default=0.2)
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where `large` keeps its file")
    parser.add_argument("--json", help="where to write the figures")
    arguments = parser.parse_args()
    found = {}
    for name in arguments.what:
        if name == "large":
            found[name] = large(arguments.gigabytes, arguments.folder)
        else:
            found[name] = arrays(arguments.rounds) if name == "arrays" else compare(name, arguments.rounds)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        sys.path.append(sys.argv[5])
        worker(*sys.argv[2:5])
    else:
        main()
