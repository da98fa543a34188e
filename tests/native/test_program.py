"""Programs: what they compute, what they refuse, and that threads and forks do them no harm."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tests.native.runtime import (
    ARENA,
    BOOL,
    CONSTANT,
    FLOAT32,
    INPUT,
    INT32,
    OUTPUT,
    buffer_of,
    cell_program,
    native,
    one_step,
)

VECTOR = (FLOAT32, (3,))


def ones(*shape: int):
    return buffer_of(np.ones(shape, np.float32))


def test_a_program_returns_fresh_outputs():
    program = one_step("copy", [VECTOR], [VECTOR])
    x = ones(3)
    first, second = program.run([x], ())[0], program.run((x,), [])[0]
    assert not np.shares_memory(np.asarray(first), np.asarray(second))
    np.testing.assert_array_equal(np.asarray(first), 1)


def test_outputs_may_be_inputs_constants_and_views():
    constant = buffer_of(np.arange(6, dtype=np.float32))
    slots = [(*VECTOR, INPUT, 0), (FLOAT32, (2, 3), CONSTANT, 0)]
    program = native.Program(slots, [], [0, 1], [constant], 0, 1, 0, [])
    x = ones(3)
    same, view = program.run([x], ())
    assert np.shares_memory(np.asarray(same), np.asarray(x))
    assert view.shape == (2, 3)
    assert np.shares_memory(np.asarray(view), np.asarray(constant))


def test_values_travel_through_the_arena():
    copy = native.Instruction("copy", [VECTOR], [VECTOR], {})
    slots = [(*VECTOR, INPUT, 0), (*VECTOR, ARENA, 64), (*VECTOR, OUTPUT, 0)]
    program = native.Program(slots, [(copy, (0,), (1,), -1), (copy, (1,), (2,), -1)], [2], [], 128, 1, 0, ["a", "b"])
    assert np.asarray(program.run([ones(3)], ())[0]).tolist() == [1, 1, 1]
    assert program.arena_bytes == 128 <= program.measured_arena_bytes
    outputs, nanoseconds = program.profile([ones(3)], ())
    assert np.asarray(outputs[0]).tolist() == [1, 1, 1]
    assert len(nanoseconds) == 2
    assert all(each >= 0 for each in nanoseconds)


def test_a_cell_is_written_in_place_but_never_under_a_reader():
    cell = native.Cell(ones(3))
    program = cell_program((3,))
    held = cell.get()
    result = program.run([buffer_of(np.full(3, 5, np.float32))], (cell,))[0]
    assert np.asarray(held).tolist() == [1, 1, 1]
    assert np.asarray(cell.get()).tolist() == [5, 5, 5]
    program.run([ones(3)], (cell,))
    assert np.asarray(result).tolist() == [5, 5, 5]


def test_a_cell_never_writes_the_array_that_it_was_made_from():
    array = np.ones(3, np.float32)
    cell = native.Cell(buffer_of(array, copy=False))
    cell_program((3,)).run([buffer_of(np.zeros(3, np.float32))], (cell,))
    assert array.tolist() == [1, 1, 1]


def test_arguments_that_do_not_fit_are_refused():
    program = one_step("copy", [VECTOR], [VECTOR])
    with pytest.raises(ValueError, match=r"input 0 must be float32\(3,\), got float32\(4,\)"):
        program.run([ones(4)], ())
    with pytest.raises(ValueError, match="input 0"):
        program.run([buffer_of(np.ones(3, np.int32))], ())
    with pytest.raises(ValueError, match="takes 1 inputs, got 2"):
        program.run([ones(3), ones(3)], ())
    with pytest.raises(ValueError, match="takes 0 cells"):
        program.run([ones(3)], (native.Cell(ones(3)),))
    with pytest.raises(TypeError, match=r"input 0 must be a Buffer, got numpy.ndarray"):
        program.run([np.ones(3, np.float32)], ())
    with pytest.raises(TypeError, match="must be a list or tuple"):
        program.run(ones(3), ())
    with pytest.raises(ValueError, match="cell 0"):
        cell_program((3,)).run([ones(3)], (native.Cell(ones(4)),))


def test_errors_name_the_layer():
    program = one_step("gather", [VECTOR, (INT32, (1,))], [(FLOAT32, (1,))], {"axis": 0, "mode": "raise"})
    with pytest.raises(IndexError, match="in   test > gather"):
        program.run([ones(3), buffer_of(np.array([7], np.int32))], ())


def test_an_unknown_kernel_and_bad_attributes_are_refused():
    with pytest.raises(ValueError, match="no kernel named 'nothing'"):
        native.Instruction("nothing", [], [], {})
    with pytest.raises(TypeError, match="attribute 'x' has unsupported type"):
        native.Instruction("copy", [VECTOR], [VECTOR], {"x": {}})
    with pytest.raises(TypeError):
        native.Instruction("copy", [VECTOR], [VECTOR], [])


def test_a_host_function_computes_on_buffers():
    program = one_step("host", [VECTOR], [VECTOR], {"function": lambda x: [np.asarray(x) * 2]})
    assert np.asarray(program.run([ones(3)], ())[0]).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (None, TypeError),
        ([], ValueError),
        ([1.0], TypeError),
        ([np.zeros(4, np.float32)], ValueError),
        ([np.zeros(3, np.int32)], TypeError),
        ([np.zeros(3, np.float32)] * 2, ValueError),
    ],
)
def test_a_host_function_that_returns_something_else_is_refused(result, error):
    program = one_step("host", [VECTOR], [VECTOR], {"function": lambda x: result})
    with pytest.raises(error):
        program.run([ones(3)], ())


def test_an_exception_in_a_host_function_comes_through():
    def fail(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        one_step("host", [VECTOR], [VECTOR], {"function": fail}).run([ones(3)], ())


def host_program(function, inputs=(VECTOR,), outputs=(VECTOR,)):
    return one_step("host", list(inputs), list(outputs), {"function": function})


def test_control_flow_runs_its_programs():
    double = host_program(lambda x: [np.asarray(x) * 2])
    triple = host_program(lambda x: [np.asarray(x) * 3])
    below = host_program(lambda x: [np.asarray(np.asarray(x)[0] < 100)], outputs=[(BOOL, ())])
    x = ones(3)
    cond = one_step("cond", [(BOOL, ()), VECTOR], [VECTOR], {"branches": [double, triple]})
    for choice, expected in ((False, 2), (True, 3)):
        assert np.asarray(cond.run([buffer_of(np.array(choice)), x], ())[0])[0] == expected
    switch = one_step("cond", [(INT32, ()), VECTOR], [VECTOR], {"branches": [double, triple]})
    for choice, expected in ((-5, 2), (1, 3), (9, 3)):
        assert np.asarray(switch.run([buffer_of(np.array(choice, np.int32)), x], ())[0])[0] == expected
    loop = one_step("while", [VECTOR], [VECTOR], {"condition": below, "body": double, "num_carried": 1})
    assert np.asarray(loop.run([x], ())[0])[0] == 128
    call = one_step("call", [VECTOR], [VECTOR], {"program": double})
    assert np.asarray(call.run([x], ())[0])[0] == 2


def test_scan_equals_a_loop():
    body = host_program(
        lambda c, x, k: [np.asarray(c) + x * np.asarray(k), np.asarray(c) * 1], [VECTOR] * 3, [VECTOR] * 2
    )
    rows = np.random.default_rng(0).random((5, 3)).astype(np.float32)
    start, factor = np.zeros(3, np.float32), np.full(3, 2, np.float32)
    for reverse in (0, 1):
        specs = [VECTOR, (FLOAT32, (5, 3)), VECTOR]
        attrs = {"body": body, "num_carried": 1, "num_scanned": 1, "length": 5, "reverse": reverse}
        program = one_step("scan", specs, [VECTOR, (FLOAT32, (5, 3))], attrs)
        carried, stacked = (np.asarray(each) for each in program.run([buffer_of(a) for a in (start, rows, factor)], ()))
        expected, value = np.zeros((5, 3), np.float32), start
        for t in reversed(range(5)) if reverse else range(5):
            expected[t] = value
            value = value + rows[t] * factor
        np.testing.assert_array_equal(carried, value)
        np.testing.assert_array_equal(stacked, expected)


def test_sub_programs_that_do_not_fit_are_refused():
    double = host_program(lambda x: [np.asarray(x) * 2])
    other = (FLOAT32, (4,))
    for kernel, inputs, outputs, attrs in [
        ("call", [other], [VECTOR], {"program": double}),
        ("call", [VECTOR], [other], {"program": double}),
        ("call", [VECTOR], [VECTOR], {"program": cell_program((3,))}),
        ("cond", [VECTOR, VECTOR], [VECTOR], {"branches": [double]}),
        ("cond", [(BOOL, ()), VECTOR], [VECTOR], {"branches": ()}),
        ("while", [VECTOR], [VECTOR], {"condition": double, "body": double, "num_carried": 1}),
        ("while", [VECTOR], [VECTOR], {"condition": double, "body": double, "num_carried": 2}),
        ("scan", [VECTOR], [VECTOR], {"body": double, "num_carried": 1, "num_scanned": 0, "length": -1}),
        ("scan", [VECTOR], [VECTOR], {"body": double, "num_carried": 0, "num_scanned": 1, "length": 4}),
    ]:
        with pytest.raises(ValueError):
            one_step(kernel, inputs, outputs, attrs)


def test_rows_are_gathered_for_a_minibatch():
    rng = np.random.default_rng(0)
    x, y = rng.random((50, 7), np.float32), rng.integers(0, 9, 50).astype(np.int32)
    order = rng.permutation(50)
    a, b = native.gather_rows([buffer_of(x), buffer_of(y)], buffer_of(order), 10, 20)
    np.testing.assert_array_equal(np.asarray(a), x[order[10:30]])
    np.testing.assert_array_equal(np.asarray(b), y[order[10:30]])
    with pytest.raises(IndexError, match="index 50 for 50 rows"):
        native.gather_rows([buffer_of(x)], buffer_of(np.array([50])), 0, 1)
    for start, count in [(45, 6), (-1, 1), (0, -1), (2**62, 2**62)]:
        with pytest.raises(ValueError):
            native.gather_rows([buffer_of(x)], buffer_of(order), start, count)


def test_one_program_serves_many_threads():
    program = one_step("transpose", [(FLOAT32, (300, 200))], [(FLOAT32, (200, 300))], {"perm": (1, 0)})
    wrong = []

    def serve(seed: int) -> None:
        x = np.random.default_rng(seed).random((300, 200), np.float32)
        buffer = buffer_of(x)
        wrong.extend(seed for _ in range(50) if not np.array_equal(np.asarray(program.run([buffer], ())[0]), x.T))

    threads = [threading.Thread(target=serve, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_cells_may_be_read_and_written_from_many_threads():
    cell, program = native.Cell(ones(50000)), cell_program((50000,))
    values = [buffer_of(np.full(50000, value, np.float32)) for value in range(4)]
    failures = []

    def work(value: int) -> None:
        for _ in range(100):
            program.run([values[value]], (cell,))
            if not set(np.asarray(cell.get())[::5000].tolist()) <= {0, 1, 2, 3}:
                failures.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:RuntimeWarning")  # JAX's, where another test of the process has loaded it
def test_a_child_after_fork_computes():
    program = one_step("transpose", [(FLOAT32, (800, 700))], [(FLOAT32, (700, 800))], {"perm": (1, 0)})
    x = np.random.default_rng(0).random((800, 700), np.float32)
    buffer = buffer_of(x)
    program.run([buffer], ())
    for _ in range(10):
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(np.asarray(program.run([buffer], ())[0]), x.T) else 1)
        assert os.waitpid(child, 0)[1] == 0
        program.run([buffer], ())


@pytest.mark.skipif("HEADWATER_TEST_NATIVE" in os.environ, reason="starts a Python without the sanitizers")
def test_the_number_of_threads_follows_the_environment_and_the_affinity():
    code = "from headwater.backends.cpu import native; print(native.num_threads(), native.isa())"

    def threads(**variables: str) -> list[str]:
        environment = {name: value for name, value in os.environ.items() if not name.endswith("NUM_THREADS")}
        return subprocess.run(
            [sys.executable, "-c", code], env={**environment, **variables}, capture_output=True, text=True, check=True
        ).stdout.split()

    assert threads(HEADWATER_NUM_THREADS="3", OMP_NUM_THREADS="5")[0] == "3"
    assert threads(OMP_NUM_THREADS="5,2")[0] == "5"
    assert int(threads()[0]) <= len(os.sched_getaffinity(0))
    assert threads(HEADWATER_ISA="baseline")[1] == "baseline"


def test_the_number_of_threads_can_be_set():
    before = native.num_threads()
    native.set_num_threads(3)
    assert native.num_threads() == 3
    native.set_num_threads(0)
    assert native.num_threads() == before
    for bad in (-1, 257, 2**40):
        with pytest.raises(ValueError):
            native.set_num_threads(bad)
