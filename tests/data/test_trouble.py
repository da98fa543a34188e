"""Trouble in a pipeline: errors that say where, iterators that go on, threads that end."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater.errors import ArgumentError, DTypeError, ShapeError, StateError

Dataset = tf.data.Dataset


def fails_at_three(x: Any) -> Any:
    if int(x) == 3:
        raise ValueError("three")
    return x.numpy()


def text_of(error: BaseException) -> str:
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


FAILING: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "map": (lambda: Dataset.range(9).map(fails_at_three), ValueError, "map, element 3"),
    "named map": (lambda: Dataset.range(9).map(fails_at_three, name="load"), ValueError, "map 'load', element 3"),
    "parallel map": (
        lambda: Dataset.range(9).map(fails_at_three, num_parallel_calls=2).prefetch(2), ValueError, "map, element 3"
    ),
    "filter": (lambda: Dataset.range(9).filter(lambda x: fails_at_three(x) >= 0), ValueError, "filter, element 3"),
    "key error": (lambda: Dataset.range(9).map(lambda x: {}["k"] if int(x) == 3 else 1), KeyError, "map, element 3"),
    "flat_map": (
        lambda: Dataset.range(9).flat_map(lambda x: Dataset.from_tensors(fails_at_three(x))), ValueError,
        "flat_map, element 3",
    ),
    "no data set": (lambda: Dataset.range(2).flat_map(lambda x: x), ArgumentError, "not a data set"),
    "generator": (
        lambda: Dataset.from_generator(lambda: (10 // (3 - n) for n in range(9))), ZeroDivisionError,
        "from_generator, element 3",
    ),
    "generator shape": (
        lambda: Dataset.from_generator(lambda: iter([[1], [1, 2]]), output_signature=tf.TensorSpec([1], "int32")),
        ShapeError, "from_generator, element 1",
    ),
    "generator dtype": (
        lambda: Dataset.from_generator(lambda: iter([1, "a"]), tf.int32), DTypeError, "from_generator, element 1"
    ),
    "generator fraction": (
        lambda: Dataset.from_generator(lambda: iter([1.0, 1.5]), tf.int32), DTypeError, "has fractions"
    ),
    "generator structure": (
        lambda: Dataset.from_generator(lambda: iter([(1, 2), (1, 2, 3)])), ArgumentError, "from_generator, element 1"
    ),
    "stop in map": (lambda: Dataset.range(3).map(lambda x: next(iter(()))), RuntimeError, "raised StopIteration"),
    "shapes": (
        lambda: Dataset.from_generator(lambda: ([1] * n for n in (2, 2, 3))).batch(3), ShapeError,
        r"elements 0 and 2 of a batch have shapes \(2,\) and \(3,\)",
    ),
    "padding": (
        lambda: Dataset.from_generator(lambda: iter([[1, 2]]), tf.int32, [None]).padded_batch(1, [1]), ShapeError,
        "larger than the padded shape",
    ),
    "dtypes": (
        lambda: Dataset.range(3).map(lambda x: x.numpy() if int(x) else 0.5), DTypeError, "map, element 1"
    ),
    "not bool": (lambda: Dataset.range(3).filter(lambda x: x), ArgumentError, "not one truth value"),
    "cardinality": (
        lambda: Dataset.range(3).apply(tf.data.experimental.assert_cardinality(2)), StateError, "more than 2"
    ),
    "choice": (
        lambda: Dataset.choose_from_datasets([Dataset.range(3)], Dataset.range(3)), ArgumentError, "chooses none of 1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_an_error_says_the_stage_and_the_element(name: str) -> None:
    make, kind, text = FAILING[name]
    with pytest.raises(kind) as error:
        list(make())
    import re

    assert re.search(text, text_of(error.value))


REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "batch size": (lambda: Dataset.range(3).batch(0), ArgumentError, "batch_size=0"),
    "buffer": (lambda: Dataset.range(3).shuffle(0), ArgumentError, "buffer_size=0"),
    "shard": (lambda: Dataset.range(3).shard(2, 2), ArgumentError, "index=2 is none of 2 shards"),
    "window": (lambda: Dataset.range(3).window(0), ArgumentError, "size=0"),
    "calls": (lambda: Dataset.range(3).map(abs, num_parallel_calls=0), ArgumentError, "num_parallel_calls=0"),
    "no function": (lambda: Dataset.range(3).map(3), ArgumentError, "map takes a function"),
    "rows": (lambda: Dataset.from_tensor_slices(([1, 2], [1])), ShapeError, "arrays of 2 and 1 rows"),
    "no rows": (lambda: Dataset.from_tensor_slices(3), ShapeError, "a number has no rows"),
    "zip": (lambda: Dataset.zip(Dataset.range(3), [1]), ArgumentError, "zip takes data sets"),
    "step": (lambda: Dataset.range(0, 3, 0), ArgumentError, "step of 0"),
    "weights": (
        lambda: Dataset.sample_from_datasets([Dataset.range(1)] * 2, [1.0]), ArgumentError, "are not 2 shares"
    ),
    "structures": (
        lambda: Dataset.range(3).concatenate(Dataset.range(3).enumerate()).element_spec, ArgumentError, "structures"
    ),
    "kinds": (
        lambda: Dataset.range(3).concatenate(Dataset.from_tensors("a")).element_spec, DTypeError, "don't fit together"
    ),
    "one pass": (lambda: Dataset.from_generator(iter([1])), ArgumentError, "once at most"),
    "single": (lambda: Dataset.range(2).get_single_element(), ArgumentError, "more than one element"),
    "unknown": (lambda: len(Dataset.range(3).filter(lambda x: x > 1)), TypeError, "not known"),
    "infinite": (lambda: len(Dataset.range(3).repeat()), TypeError, "infinite"),
    "option": (lambda: setattr(tf.data.Options(), "fast", True), AttributeError, "no setting 'fast'"),
    "buckets": (
        lambda: Dataset.range(3).bucket_by_sequence_length(lambda x: x, [2, 1], [1, 1, 1]), ArgumentError, "rising"
    ),
    "compression": (lambda: tf.data.TFRecordDataset("x", "LZ4"), ArgumentError, "LZ4"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_work_is_refused(name: str) -> None:
    make, kind, text = REFUSED[name]
    with pytest.raises(kind, match=text):
        make()


def test_asking_for_the_spec_takes_nothing_from_a_stream_that_comes_once() -> None:
    stream = iter(range(4))
    source = Dataset.from_generator(lambda: stream)
    mapped = source.map(lambda x: x.numpy() * 2)
    assert source.element_spec == mapped.element_spec == tf.TensorSpec((), "int32")
    assert [int(x) for x in mapped] == [0, 2, 4, 6]


def test_an_error_in_a_function_of_a_file_names_the_file() -> None:
    paths = ["a/good.png", "a/broken.png"]

    def load(path: Any) -> Any:
        if path.numpy().endswith(b"broken.png"):
            raise OSError("cannot identify image file")
        return 1

    with pytest.raises(OSError, match="cannot identify image file") as error:
        list(Dataset.from_tensor_slices(paths).map(load, num_parallel_calls=2))
    assert "map, element 1 (a/broken.png)" in text_of(error.value)


@pytest.mark.parametrize("parallel", [None, 2])
@pytest.mark.parametrize("ahead", [0, 3])
def test_an_iterator_goes_on_after_an_error(parallel: int | None, ahead: int) -> None:
    iterator = iter(Dataset.range(6).map(fails_at_three, num_parallel_calls=parallel).prefetch(ahead))
    assert [int(next(iterator)) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(iterator)
    assert [int(x) for x in iterator] == [4, 5]


def test_errors_come_in_the_order_of_the_elements() -> None:
    source = Dataset.range(6).map(fails_at_three).map(lambda x: x, num_parallel_calls=4).ignore_errors()
    assert [int(x) for x in source] == [0, 1, 2, 4, 5]


def test_shuffle_loses_nothing_to_errors_that_are_ignored() -> None:
    source = Dataset.range(8).map(fails_at_three).shuffle(4).ignore_errors()
    assert sorted(int(x) for x in source) == [0, 1, 2, 4, 5, 6, 7]


def data_threads() -> int:
    return sum(thread.name == "headwater-data" for thread in threading.enumerate())


def test_a_thousand_pipelines_leave_threads_and_memory_flat() -> None:
    def open_and_drop() -> None:
        source = Dataset.range(100).map(lambda x: x.numpy() + 1, num_parallel_calls=2).batch(2).prefetch(2)
        next(iter(source))

    for _ in range(100):
        open_and_drop()
    gc.collect()
    threads, objects = data_threads(), len(gc.get_objects())
    for _ in range(1000):
        open_and_drop()
    gc.collect()
    assert data_threads() <= max(64, threads)
    assert len(gc.get_objects()) < objects + 2000


def test_threads_end_when_an_iterator_is_dropped_in_the_middle() -> None:
    produced = []

    def endless() -> Any:
        while True:
            produced.append(1)
            yield 1

    iterator = iter(Dataset.from_generator(endless, tf.int32).prefetch(3))
    next(iterator)
    del iterator
    gc.collect()
    time.sleep(0.05)
    count = len(produced)
    time.sleep(0.05)
    assert len(produced) == count <= 8


def run_script(script: str, *, interrupt: bool = False) -> tuple[int, str, float]:
    listening = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # in the background too
    with subprocess.Popen(
        [sys.executable, "-c", listening + script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            start = time.monotonic()
            if interrupt:
                time.sleep(0.2)
                start = time.monotonic()
                process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=30)
            return process.returncode, output, time.monotonic() - start
        finally:
            process.kill()


SLOW = """
import time, headwater as tf
def slow(x):
    time.sleep(0.02)
    return x.numpy()
ds = tf.data.Dataset.range(10**6).map(slow, num_parallel_calls=4).batch(2).prefetch(4)
"""


def test_a_program_ends_while_pipelines_work() -> None:
    code, output, seconds = run_script(SLOW + "it = iter(ds); next(it); print('ready', flush=True)")
    assert (code, output) == (0, "") and seconds < 5


def test_a_file_may_be_the_first_tensor_of_a_program(tmp_path: Any) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    script = f"import headwater as tf\nprint('ready', flush=True)\nprint(type(tf.io.read_file({str(path)!r})).__name__)"
    assert run_script(script)[:2] == (0, "Tensor\n")


def test_control_c_ends_a_loop_within_a_second_and_the_pipeline_is_usable() -> None:
    script = SLOW + (
        "it = iter(ds)\nprint('ready', flush=True)\n"
        "try:\n    for _ in it: pass\nexcept KeyboardInterrupt:\n    print('stopped', len(next(it)))"
    )
    code, output, seconds = run_script(script, interrupt=True)
    assert (code, output) == (0, "stopped 2\n") and seconds < 5


def test_pipelines_run_in_a_child_after_a_fork() -> None:
    script = SLOW + (
        "import os, warnings\nwarnings.simplefilter('ignore')\nopen = iter(ds)\nnext(open)\n"
        "print('ready', flush=True)\nchild = os.fork()\nnext(open), next(open), next(iter(ds))\n"
        "if child: print(os.waitpid(child, 0)[1])\nelse: os._exit(0)"
    )
    code, output, seconds = run_script(script)
    assert (code, output) == (0, "0\n") and seconds < 10


def test_a_loop_over_a_data_set_in_a_tf_function_runs_op_by_op() -> None:
    @tf.function
    def total(source: Any) -> Any:
        result = tf.constant(0, "int64")
        for x in source:
            result = result + x
        return result

    source = Dataset.range(5)
    assert int(total(source)) == 10 and int(total(source)) == 10


def test_a_tape_does_not_record_what_a_pipeline_computes() -> None:
    variable = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        (value,) = Dataset.range(1).map(lambda x: tf.cast(x, tf.float32) + variable)
        loss = value * variable
    assert float(tape.gradient(loss, variable)) == 2.0


def test_debug_mode_runs_functions_as_python(monkeypatch: Any) -> None:
    from headwater.data import calls

    monkeypatch.setattr(calls, "_debug_mode", False)
    seen: list[Any] = []
    tf.data.experimental.enable_debug_mode()
    list(Dataset.range(3).map(lambda x: (seen.append(x.numpy()), x)[1], num_parallel_calls=2))
    assert seen == [0, 1, 2]


def test_a_function_of_many_shapes_is_not_traced_for_each() -> None:
    source = Dataset.from_generator(lambda: (np.ones(n, np.float32) for n in range(40)))
    found = source.map(lambda x: tf.reduce_sum(x) + 1)
    assert [float(x) for x in found] == [n + 1.0 for n in range(40)]
    assert len(found._stage.call._programs) <= 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_workers_end_when_there_is_nothing_to_do(monkeypatch: Any) -> None:
    from headwater.data.workers import Workers

    monkeypatch.setattr(Workers, "IDLE_SECONDS", 0.02)
    workers, done = Workers(), threading.Event()
    workers.submit(done.set)
    assert done.wait(5)
    end = time.monotonic() + 5
    while workers._count and time.monotonic() < end:
        time.sleep(0.01)
    assert workers._count == 0


def test_columns_that_are_not_there_and_texts_of_another_encoding_are_named(tmp_path: Any) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("größe,y\n1,2\n".encode("latin-1"))
    read = tf.data.experimental.make_csv_dataset
    with pytest.raises(tf.errors.DataLossError, match=r"t\.csv is not in utf-8"):
        read(str(path), 1)
    assert "größe" in read(str(path), 1, encoding="latin-1", num_epochs=1).element_spec
    with pytest.raises(ArgumentError, match="no column 'z'"):
        read(str(path), 1, label_name="z", encoding="latin-1")
    with pytest.raises(ArgumentError, match="no column 'z'"):
        read(str(path), 1, select_columns=["y", "z"], encoding="latin-1")


def test_rows_of_other_lengths_name_file_and_line(tmp_path: Any) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2\n3\n4,5\n")
    rows = tf.data.experimental.CsvDataset(str(path), [tf.int32, tf.int32])
    with pytest.raises(tf.errors.DataLossError, match=r"t\.csv, line 2: it has 1 fields, not 2"):
        list(rows)
    assert list(rows.ignore_errors().as_numpy_iterator()) == [(1, 2), (4, 5)]


def test_a_picture_that_is_broken_names_its_file(tmp_path: Any) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    files = Dataset.list_files(str(tmp_path / "*.png"), shuffle=False)
    pictures = files.map(lambda path: tf.image.decode_png(tf.io.read_file(path)), num_parallel_calls=2, name="decode")
    with pytest.raises(Exception, match="decode") as error:
        list(pictures)
    assert f"map 'decode', element 1 ({tmp_path / 'b.png'})" in text_of(error.value)
    assert [x.shape for x in pictures.ignore_errors()] == [(4, 4, 3)]


def hangs_at(number: int, release: threading.Event) -> Any:
    def function(x: Any) -> Any:
        if int(x) == number:
            release.wait(20)
        return x.numpy()

    return function


@pytest.mark.parametrize("parallel", [None, 2])
def test_a_function_that_hangs_is_warned_of_by_stage_and_element(parallel: Any, monkeypatch, caplog) -> None:
    monkeypatch.setattr("headwater.data.patience.WARN_AFTER", 0.2)
    release = threading.Event()
    dataset = Dataset.range(4).map(hangs_at(2, release), parallel, name="load").prefetch(3)
    iterator = iter(dataset)
    next(iterator)
    message = "map 'load', element 2: the function has been at work for 0.2 seconds, and still is."
    end = time.monotonic() + 15
    while message not in caplog.messages and time.monotonic() < end:
        time.sleep(0.02)
    release.set()
    assert caplog.messages.count(message) == 1
    assert len(list(iterator)) == 3


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_function_that_hangs_is_an_error_where_there_is_a_limit(deterministic: bool) -> None:
    release = threading.Event()
    options = tf.data.Options()
    options.element_timeout = 0.3
    dataset = Dataset.range(4).map(hangs_at(0, release), 2, deterministic, name="load").with_options(options)
    iterator = iter(dataset)
    found = []
    try:
        for _ in range(4):
            found.append(int(next(iterator)))
    except tf.errors.DeadlineExceededError as error:
        assert "map 'load', element 0: nothing came for 0.3 seconds" in str(error)
        found += [int(x) for x in iterator]
    else:
        pytest.fail("nothing was raised")
    finally:
        release.set()
    assert sorted(found)[-3:] == [1, 2, 3]


def test_an_input_that_hangs_is_an_error_behind_a_prefetch() -> None:
    release = threading.Event()
    options = tf.data.Options()
    options.element_timeout = 0.3
    iterator = iter(Dataset.range(4).map(hangs_at(1, release), name="load").prefetch(2).with_options(options))
    try:
        assert int(next(iterator)) == 0
        with pytest.raises(tf.errors.DeadlineExceededError, match="prefetch; map 'load', element 1: nothing came"):
            for _ in range(3):
                next(iterator)
    finally:
        release.set()
    assert [int(x) for x in iterator] == [1, 2, 3]
