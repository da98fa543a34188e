"""fit on any source: workers, threads, frames, what goes wrong in them, and how long steps wait."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import headwater as tf
from headwater import keras
from headwater.errors import ArgumentError, DTypeError
from headwater.frontend import frames
from headwater.keras import layers
from headwater.keras.trainers.batches.ahead import Ahead, ahead_if_costly
from headwater.keras.trainers.batches.workers import WorkerError, batches_of_workers

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def regression(**settings):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **settings})
    return model


class Numbers(keras.utils.PyDataset):
    """Batches of six; batch `broken` does what `trouble` says."""

    def __init__(self, count=10, broken=None, trouble=None, **settings):
        super().__init__(**settings)
        self.count, self.broken, self.trouble = count, broken, trouble

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == self.broken:
            self.trouble()
        return X[index * 6 : index * 6 + 6], Y[index * 6 : index * 6 + 6]


def fail():
    raise KeyError("no such row")


_before = {"threads": set(), "children": set()}


@pytest.fixture(autouse=True)
def _what_was_there_before():
    """What other tests have left to end by itself, such as the idle threads of pipelines, is none of ours."""
    _before.update(threads=set(), children=set())
    _before.update(threads=set(threads()), children=set(children()))


def threads():
    return [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("headwater-") and thread not in _before["threads"]
    ]


def children():
    with open(f"/proc/self/task/{threading.get_native_id()}/children") as file:
        return [number for number in file.read().split() if number not in _before["children"]]


KINDS = [{"workers": 3}, {"workers": 2, "use_multiprocessing": True}]


@pytest.mark.parametrize("kind", KINDS, ids=["threads", "processes"])
def test_workers_give_the_batches_that_one_gives(kind):
    plain, parallel = regression(), regression()
    plain.fit(Numbers(), epochs=2, shuffle=False, verbose=0)
    parallel.fit(Numbers(**kind), epochs=2, shuffle=False, verbose=0)
    for a, b in zip(plain.get_weights(), parallel.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not threads() and not children()
    assert parallel.predict(Numbers(**kind), verbose=0).shape == (60, 1)


@pytest.mark.parametrize("kind", KINDS, ids=["threads", "processes"])
def test_a_worker_that_raises_is_named_with_its_batch(kind):
    with pytest.raises(WorkerError, match=r"worker \d.* of the Numbers raised KeyError \('no such row'\) for batch 7"):
        regression().fit(Numbers(broken=7, trouble=fail, **kind), shuffle=False, verbose=0)
    assert not threads() and not children()


def test_a_worker_that_is_killed_is_named_with_its_batch():
    dataset = Numbers(broken=4, trouble=lambda: os.kill(os.getpid(), signal.SIGKILL), **KINDS[1])
    begun = time.monotonic()
    with pytest.raises(WorkerError, match=r"worker \d \(process \d+\) .* killed by SIGKILL at batch 4") as caught:
        regression().fit(dataset, shuffle=False, verbose=0)
    assert time.monotonic() - begun < 5
    assert "memory" in str(caught.value)
    assert not threads() and not children()


def test_a_worker_that_is_stopped_is_named_with_its_batch(monkeypatch):
    monkeypatch.setattr("headwater.keras.trainers.batches.workers.STOPPED", 0.3)
    dataset = Numbers(broken=4, trouble=lambda: os.kill(os.getpid(), signal.SIGSTOP), **KINDS[1])
    begun = time.monotonic()
    with pytest.raises(WorkerError, match=r"worker \d \(process \d+\) .* stopped by a signal at batch 4"):
        regression().fit(dataset, shuffle=False, verbose=0)
    assert time.monotonic() - begun < 5
    assert not threads() and not children()


@pytest.mark.parametrize("kind", KINDS, ids=["threads", "processes"])
def test_a_worker_that_hangs_is_named_with_its_batch(kind):
    go_on = threading.Event()
    dataset = Numbers(broken=3, trouble=lambda: go_on.wait(60), **kind)
    dataset.timeout = 0.2
    begun = time.monotonic()
    with pytest.raises(WorkerError, match=r"worker \d.* took longer than its timeout of 0.2 s for batch 3"):
        regression().fit(dataset, shuffle=False, verbose=0)
    assert time.monotonic() - begun < 5
    go_on.set()
    time.sleep(0.05)
    assert not threads() and not children()


def test_a_worker_that_takes_long_is_told_of_in_the_log(caplog, monkeypatch):
    monkeypatch.setattr("headwater.keras.trainers.batches.workers.PATIENCE", 0.1)
    dataset = Numbers(count=3, broken=1, trouble=lambda: time.sleep(0.5), workers=2)
    with caplog.at_level(logging.WARNING, logger="headwater"):
        regression().fit(dataset, shuffle=False, verbose=0)
    (record,) = caplog.records
    assert "at batch 1" in record.getMessage() and "time.sleep(0.5)" in record.getMessage()


def test_processes_draw_different_numbers_and_the_same_ones_again():
    class Draws(keras.utils.PyDataset):
        def __len__(self):
            return 6

        def __getitem__(self, index):
            return np.random.normal(size=(1, 2))  # noqa: NPY002 - the generator that users draw from

    runs = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        dataset = Draws(workers=2, use_multiprocessing=True)
        runs.append(np.concatenate(list(batches_of_workers(dataset, iter(range(6))))))
    np.testing.assert_array_equal(*runs)
    assert len(np.unique(runs[0])) == 12


def test_workers_see_what_an_epoch_changes():
    class Growing(Numbers):
        seen = ()
        bias = 0.0

        def __getitem__(self, index):
            return np.full((2, 4), self.bias, "float32"), np.zeros((2, 1), "float32")

        def on_epoch_end(self):
            self.bias += 1.0

    class Watch(keras.Model):
        def call(self, x):
            return x

        def train_step(self, data):
            return {"first": data[0][0, 0]}

    model = Watch()
    model.compile()
    history = model.fit(Growing(count=3, **KINDS[1]), epochs=3, verbose=0)
    assert history.history["first"] == [0.0, 1.0, 2.0]


def test_an_interrupt_leaves_no_thread_and_no_process():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise KeyboardInterrupt

    def slowly():
        while True:
            time.sleep(0.001)
            yield X[:6], Y[:6]

    for source, settings in ((slowly(), {"steps_per_epoch": 50}), (Numbers(**KINDS[0]), {}), (Numbers(**KINDS[1]), {})):
        model = regression()
        with pytest.raises(KeyboardInterrupt):
            model.fit(source, callbacks=[Stop()], verbose=0, **settings)
        assert not threads() and not children()
        model.fit(X, Y, verbose=0)  # the model is usable


def test_a_thread_makes_batches_of_a_costly_source_and_reads_no_further_than_it_must():
    made = []

    def costly():
        for number in range(100):
            made.append(threading.current_thread().name)
            time.sleep(0.002)
            yield np.full((2, 4), number, "float32"), np.zeros((2, 1), "float32")

    source = costly()
    model = regression()
    model.fit(source, steps_per_epoch=5, epochs=2, verbose=0)
    assert len(made) == 10
    assert set(made[5:10]) == {"MainThread", "headwater-batches"}
    assert next(source)[0][0, 0] == 10  # it goes on where fit stopped
    assert model.data_report().threaded and model.data_report().steps == 10
    assert not threads()


def test_a_cheap_source_is_read_without_a_thread():
    model = regression()
    model.fit(((X, Y) for _ in range(20)), verbose=0)
    assert not model.data_report().threaded


def test_an_error_of_a_source_is_raised_as_it_is():
    def breaks():
        for _ in range(6):
            time.sleep(0.001)
            yield X[:6], Y[:6]
        raise LookupError("row 36 is broken")

    with pytest.raises(LookupError, match="row 36"):
        regression().fit(breaks(), verbose=0)
    assert not threads()


def test_what_is_made_ahead_is_bounded_and_in_order():
    made = []

    def numbers():
        for number in range(10):
            made.append(number)
            yield number

    ahead = Ahead(numbers(), depth=2)
    assert next(ahead) == 0
    time.sleep(0.05)
    assert made == [0, 1, 2, 3]  # one taken, two ready, one in hand
    assert list(ahead) == list(range(1, 10))
    assert list(ahead_if_costly(iter(range(5)))) == list(range(5))


def test_fit_says_how_long_it_waited_and_what_helps(capsys, monkeypatch):
    monkeypatch.setattr("headwater.keras.trainers.batches.report.TELL_SECONDS", 0.01)

    def slow():
        for _ in range(10):
            time.sleep(0.005)
            yield X[:6], Y[:6]

    model = regression()
    model.fit(slow(), verbose=2)
    report = model.data_report()
    assert report.share > 0.5 and report.steps == 10 and report.waited <= report.seconds
    assert "steps waited" in capsys.readouterr().out
    assert "PyDataset with workers" in str(report)
    model.fit(X, Y, verbose=2)
    assert "waited" not in capsys.readouterr().out


def test_single_samples_are_refused_with_what_to_do():
    with pytest.raises(ArgumentError, match=r"single samples, of shapes \(4,\), \(\)"):
        regression().fit(((row, row.sum()) for row in X), verbose=0)


def test_a_loader_of_lists_of_tensors_is_a_source():
    class Loader:
        def __len__(self):
            return 3

        def __iter__(self):
            return ([X[i : i + 6], Y[i : i + 6]] for i in range(0, 18, 6))

    history = regression().fit(Loader(), validation_data=Loader(), epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2


def test_class_weights_are_weights_of_samples_of_a_source_too():
    labels = (np.arange(60) % 3).astype("int32")
    weights = np.array([1.0, 3.0, 0.5], "float32")[labels]
    found = []
    for source, settings in (
        ([(X[:30], labels[:30]), (X[30:], labels[30:])], {"class_weight": {1: 3.0, 2: 0.5}}),
        ([(X[:30], labels[:30], weights[:30]), (X[30:], labels[30:], weights[30:])], {}),
    ):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        found.append(model.fit(iter(source), verbose=0, **settings).history["loss"])
    assert found[0] == found[1]
    with pytest.raises(ArgumentError, match="-1 is no class"):
        model.fit(X, labels - 1, class_weight={0: 1.0}, verbose=0)


def test_torch_loaders_are_sources():
    torch = pytest.importorskip("torch")
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    history = regression().fit(torch.utils.data.DataLoader(dataset, batch_size=8), epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]


def test_processes_are_forked_beside_jax_without_a_warning():
    """JAX warns of every fork once it has computed; warnings are errors here."""
    jax = pytest.importorskip("jax", reason="it is JAX that warns")
    jax.numpy.ones(3).block_until_ready()
    regression().fit(Numbers(count=2, **KINDS[1]), verbose=0)


def test_many_runs_leave_threads_and_files_as_they_were():
    def slow():
        for _ in range(4):
            time.sleep(0.0004)
            yield X[:6], Y[:6]

    model = regression()
    model.fit(slow(), verbose=0)
    model.fit(Numbers(count=2, **KINDS[1]), verbose=0)
    files = len(os.listdir("/proc/self/fd"))
    for _ in range(40):
        model.fit(slow(), verbose=0)
        model.fit(Numbers(count=2, **KINDS[0]), verbose=0)
    model.fit(Numbers(count=2, **KINDS[1]), verbose=0)
    assert not threads() and not children()
    assert len(os.listdir("/proc/self/fd")) == files


# ---- frames ---------------------------------------------------------------------------------------------------------

COLUMNS = {"age": np.arange(6), "height": np.linspace(1.5, 2.0, 6), "member": np.arange(6) % 2 == 0}


TABLES = [("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "table")]


@pytest.mark.parametrize("library, make", TABLES)
def test_tables_are_matrices(library, make):
    module = pytest.importorskip(library)
    table = getattr(module, make)(COLUMNS)
    assert frames.is_frame(table)
    expected = np.stack([np.asarray(values, float) for values in COLUMNS.values()], axis=1)
    np.testing.assert_array_equal(frames.matrix(table), expected)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    column = table.column("height") if library == "pyarrow" else table["height"]
    model.fit(table, column, batch_size=2, verbose=0)
    assert model.predict(table, verbose=0).shape == (6, 1)


@pytest.mark.parametrize("library, make", TABLES)
def test_columns_feed_inputs_by_name(library, make):
    module = pytest.importorskip(library)
    table = getattr(module, make)(COLUMNS)
    inputs = {name: keras.Input((1,), name=name) for name in ("age", "height")}
    joined = layers.Concatenate()([inputs["age"], inputs["height"]])
    model = keras.Model(inputs, layers.Dense(1)(joined))
    model.compile("sgd", "mse")
    columns = {name: frames.columns(table)[name] for name in inputs}
    assert model.fit(columns, COLUMNS["height"], verbose=0).epoch == [0]


class Interchanged:
    """A table that speaks the interchange protocol and nothing else."""

    def __init__(self, table):
        self._table = table

    def __dataframe__(self, allow_copy=True):
        return self._table.__dataframe__(allow_copy=allow_copy)


@pytest.mark.filterwarnings("ignore:The Dataframe Interchange Protocol is deprecated")
@pytest.mark.parametrize("library, make", TABLES)
def test_the_interchange_protocol_gives_the_columns(library, make):
    module = pytest.importorskip(library)
    with_gaps = {"n": [1, None, 3], "f": [0.5, 1.5, None], "t": ["a", "bé", None], "b": [True, False, True]}
    table = getattr(module, make)(with_gaps if library != "pandas" else {**with_gaps, "t": ["a", "bé", "c"]})
    if not hasattr(table, "__dataframe__"):
        pytest.skip(f"{library} has no __dataframe__")
    found = frames.columns(Interchanged(table))
    np.testing.assert_array_equal(found["n"], [1, np.nan, 3])
    np.testing.assert_array_equal(found["f"], [0.5, 1.5, np.nan])
    np.testing.assert_array_equal(found["b"].astype(bool), [True, False, True])
    assert list(found["t"])[:2] == ["a", "bé"]


def test_tables_that_give_an_arrow_stream_alone_are_read_by_pyarrow():
    arrow = pytest.importorskip("pyarrow")

    class Streamed:
        def __arrow_c_stream__(self, requested_schema=None):
            return arrow.table(COLUMNS).__arrow_c_stream__(requested_schema)

    assert frames.is_frame(Streamed())
    np.testing.assert_array_equal(frames.columns(Streamed())["height"], COLUMNS["height"])


def test_text_among_numbers_is_named():
    class Table:
        columns = ("age", "city")

        def __dataframe__(self, allow_copy=True):
            raise NotImplementedError

        def __getitem__(self, name):
            values = np.array([1, 2]) if name == "age" else np.array(["a", "b"], object)

            class Column:
                def to_numpy(self):
                    return values

            return Column()

    with pytest.raises(DTypeError, match="'city' hold no numbers"):
        frames.matrix(Table(), "x")


# ---- tf.data --------------------------------------------------------------------------------------------------------


def pipeline():
    return tf.data.Dataset.from_tensor_slices((X, Y))


def test_data_sets_are_sources_and_give_what_arrays_give():
    by_arrays, by_dataset = regression(), regression()
    by_arrays.fit(X, Y, batch_size=16, shuffle=False, epochs=2, verbose=0)
    history = by_dataset.fit(pipeline().batch(16), validation_data=pipeline().batch(8), epochs=2, verbose=0)
    for a, b in zip(by_arrays.get_weights(), by_dataset.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(history.history["val_loss"]) == 2
    np.testing.assert_array_equal(by_dataset.predict(pipeline().batch(16), verbose=0), by_arrays.predict(X, verbose=0))
    assert by_dataset.evaluate(pipeline().batch(7), verbose=0) == pytest.approx(by_arrays.evaluate(X, Y, verbose=0))


def test_data_sets_that_are_not_batched_or_have_no_end_are_refused_with_what_to_do():
    with pytest.raises(ArgumentError, match=r"single samples, of shapes \(4,\), \(1,\).*\n.*dataset.batch\(32\)"):
        regression().fit(pipeline(), verbose=0)
    with pytest.raises(ArgumentError, match=r"no end.*\n.*pass steps_per_epoch="):
        regression().fit(pipeline().batch(8).repeat(), verbose=0)
    with pytest.raises(ArgumentError, match="pass validation_steps="):
        regression().fit(X, Y, validation_data=pipeline().batch(8).repeat(), verbose=0)
    history = regression().fit(pipeline().batch(8).repeat(), steps_per_epoch=3, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2


def test_elements_of_dicts_and_weights_reach_the_model():
    inputs = {"a": keras.Input((4,), name="a"), "b": keras.Input((4,), name="b")}
    model = keras.Model(inputs, layers.Dense(1)(layers.Add()(list(inputs.values()))))
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    data = tf.data.Dataset.from_tensor_slices(({"a": X, "b": -X}, Y, np.zeros((60, 1), "float32"))).batch(20)
    before = model.get_weights()
    model.fit(data, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # all weights are zero


def test_the_report_names_the_stage_that_steps_waited_for(monkeypatch):
    monkeypatch.setattr("headwater.keras.trainers.batches.report.EXPLAIN_SECONDS", 0.1)
    slow = pipeline().map(lambda x, y: (time.sleep(0.001), (x, y))[1] if x.numpy() is not None else None, name="crawl")
    model = regression()
    model.fit(slow.batch(10), verbose=0)
    assert model.data_report().share > 0.5
    assert "crawl" in model.data_report().slowest and "slowest stage" in str(model.data_report())


# ---- signals --------------------------------------------------------------------------------------------------------


@pytest.fixture
def _listens_to_ctrl_c():
    """A run in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_listens_to_ctrl_c")
def test_ctrl_c_ends_a_fit_that_waits_for_its_data():
    def slow():
        while True:
            time.sleep(0.02)
            yield X[:6], Y[:6]

    model = regression()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.fit(slow(), steps_per_epoch=1000, verbose=0)
    assert time.monotonic() - begun < 3
    assert not threads()
    assert model.fit(X, Y, verbose=0).data_report is not None


ORPHANS = """
import os, signal
import numpy as np
from headwater import keras

class Slow(keras.utils.PyDataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        if index == 3:
            os.kill(os.getppid(), signal.SIGKILL)  # the training program is killed, not its workers
        os.write(1, b"%d\\n" % os.getpid())
        return np.zeros((2, 4)), np.zeros((2, 1))

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(Slow(workers=2, use_multiprocessing=True), shuffle=False, verbose=0)
"""


def test_workers_end_when_the_program_is_killed():
    done = subprocess.run([sys.executable, "-c", ORPHANS], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    workers = set(map(int, done.stdout.split()))
    assert len(workers) == 2
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(os.path.exists(f"/proc/{worker}") for worker in workers):
        time.sleep(0.05)
    assert not [worker for worker in workers if is_running(worker)]


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
