"""The readers of data files: of right files, and of damaged and hostile ones."""

import bz2
import contextlib
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from headwater.datasets import archives, r_data
from headwater.datasets.images import read_idx
from headwater.datasets.series import read_ts
from headwater.datasets.speech import captions
from headwater.datasets.text_tables import read_table
from headwater.datasets.texts import _number
from headwater.datasets.translations import descriptions_of, paired
from headwater.errors import DataLossError, PermissionDeniedError, ResourceExhaustedError

# ---- R --------------------------------------------------------------------------------------------------------------


def integer(value):
    return struct.pack(">i", value)


def text(value):
    return (
        integer(9) + integer(-1)
        if value is None
        else integer(9 | 8 << 12) + integer(len(value.encode())) + value.encode()
    )


def strings(*values):
    return integer(16) + integer(len(values)) + b"".join(map(text, values))


def integers(*values, attributes=b""):
    return (
        integer(13 | (0x200 if attributes else 0)) + integer(len(values)) + b"".join(map(integer, values)) + attributes
    )


def doubles(*values):
    return integer(14) + integer(len(values)) + struct.pack(f">{len(values)}d", *values)


def pairs(**values):
    body = b"".join(integer(2 | 0x400) + integer(1) + text(name) + value for name, value in values.items())
    return body + integer(254)


def vector(*values, attributes):
    return integer(19 | 0x200) + integer(len(values)) + b"".join(values) + attributes


def document(body):
    return b"X\n" + integer(3) + integer(0x40000) + integer(0x30500) + integer(5) + b"UTF-8" + body


def table():
    factor = integers(1, 2, -(2**31), attributes=pairs(levels=strings("no", "yés")))
    return vector(
        integers(1, -(2**31), 3), doubles(0.5, 1.5, 2.5), factor, strings("a", None, "c"),
        attributes=pairs(names=strings("n", "f", "k", "s")),
    )  # fmt: skip


def check_table(found):
    np.testing.assert_array_equal(found["n"], [1, np.nan, 3])
    np.testing.assert_array_equal(found["f"], [0.5, 1.5, 2.5])
    assert found["k"].tolist() == ["no", "yés", None] and found["s"].tolist() == ["a", None, "c"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tables_of_r_are_dicts_of_columns(pack):
    check_table(r_data.read_rda(pack(b"RDX3\n" + document(pairs(frame=table()))))["frame"])


def test_data_of_r_packages_is_found_through_its_index():
    body = zlib.compress(document(table()))
    data = b"before" + integer(1000) + body
    places = vector(integers(6, 4 + len(body)), attributes=pairs(names=strings("frame")))
    index = vector(places, attributes=pairs(names=strings("variables")))
    packed = gzip.compress(document(index))
    check_table(r_data.read_package_data(packed, data, "frame"))
    with pytest.raises(DataLossError, match="no 'other' among frame"):
        r_data.read_package_data(packed, data, "other")


def test_what_r_writes_in_short_is_written_out():
    kind = pairs(a=integer(1) + text("compact_intseq"), b=integer(1) + text("base"))
    sequence = integer(238) + kind + doubles(4, 1, 1) + integer(254)
    np.testing.assert_array_equal(r_data.read_rda(b"RDX3\n" + document(pairs(x=sequence)))["x"], [1, 2, 3, 4])


def test_damaged_data_of_r_is_an_error_wherever_it_is_cut():
    whole = b"RDX3\n" + document(pairs(frame=table()))
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(DataLossError):
            r_data.read_rda(whole[:length])
    deep = b"RDX3\n" + document(pairs(x=(integer(19) + integer(1)) * 500 + integer(254)))
    with pytest.raises(DataLossError, match="too deeply"):
        r_data.read_rda(deep)
    huge = b"RDX3\n" + document(pairs(x=integer(14) + integer(2**31 - 1)))
    with pytest.raises(DataLossError, match="middle of a value"):
        r_data.read_rda(huge)
    flipped = bytearray(whole)
    for place in range(30, len(whole)):  # no bit that is wrong crashes it
        flipped[place] ^= 1 << place % 8
        with contextlib.suppress(DataLossError):
            r_data.read_rda(bytes(flipped))
        flipped[place] = whole[place]
    code = b"RDX3\n" + document(pairs(x=integer(3)))
    with pytest.raises(DataLossError, match="kind 3, which is no data"):
        r_data.read_rda(code)


# ---- other formats --------------------------------------------------------------------------------------------------


def test_idx_files_have_the_shape_that_they_tell():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    data = bytes((0, 0, 8, 3)) + struct.pack(">3i", 2, 3, 4) + array.tobytes()
    np.testing.assert_array_equal(read_idx(data), array)
    with pytest.raises(DataLossError, match="23 bytes of values, not 24"):
        read_idx(data[:-1])
    with pytest.raises(DataLossError, match="no IDX"):
        read_idx(b"PK\3\4")


def test_series_of_one_length_are_an_array_and_others_are_not():
    found = read_ts("@problemName a\n@classLabel true x y\n@data\n1,2,3:4,5,6:x\n7,8,9:0,1,2:y\n")
    np.testing.assert_array_equal(found["series"][0], [[1, 4], [2, 5], [3, 6]])
    assert found["label"].tolist() == ["x", "y"]
    ragged = read_ts("@targetLabel true\n@data\n1,2:0.5\n1,2,3:1.5\n")
    assert [each.shape for each in ragged["series"]] == [(2, 1), (3, 1)] and ragged["label"].dtype == "float64"
    with pytest.raises(DataLossError, match="no line @data"):
        read_ts("1,2,3")


def test_tables_of_text_have_numbers_where_they_can(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b'n,f,t\n1,2.5,"a, b"\n3,NA,c\n'))
    found = read_table(path)
    assert found["n"].dtype.kind == "i" and found["t"].tolist() == ["a, b", "c"]
    np.testing.assert_array_equal(found["f"], [2.5, np.nan])


def test_captions_are_read_by_language(tmp_path):
    path = tmp_path / "frog.txt"
    path.write_text("A frog.\nfr.utf8=Une grenouille.\nde.utf8=\nnonsense\n", encoding="utf-8")
    assert captions(path) == {"en": "A frog.", "fr": "Une grenouille."}


def test_paragraphs_are_paired_where_their_numbers_agree():
    english = descriptions_of("Package: a\nDescription-md5: 1\nDescription-en: One\n Two\n .\n Three", "en")
    french = {"1": ["Un", "Deux", "Trois"], "2": ["Rien"]}
    assert list(paired(english, french)) == [("One", "Un"), ("Two", "Deux"), ("Three", "Trois")]
    assert not list(paired(english, {"1": ["Un"]}))
    assert _number("BA") == 64


# ---- archives -------------------------------------------------------------------------------------------------------


def zip_of(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tar_of(path, *members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            info.linkname = content.decode() if kind != tarfile.REGTYPE else ""
            archive.addfile(info, io.BytesIO(content))
    return path


def test_archives_are_unpacked_into_their_folder(tmp_path):
    path = zip_of(tmp_path / "a.zip", **{"d/a.txt": "one", "b.txt": "two"})
    assert archives.unpack(path, tmp_path / "z")
    assert (tmp_path / "z/d/a.txt").read_text() == "one"
    path = tar_of(tmp_path / "a.tar.gz", ("./d/a.txt", tarfile.REGTYPE, b"one"), mode="w:gz")
    assert archives.unpack(path, tmp_path / "t", "tar") and (tmp_path / "t/d/a.txt").read_bytes() == b"one"
    plain = tmp_path / "plain.txt"
    plain.write_text("no archive")
    assert not archives.unpack(plain, tmp_path / "p") and not archives.unpack(path, tmp_path / "p", "zip")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:evil", "a/nul"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path, name):
    for path in (
        zip_of(tmp_path / "a.zip", **{name: "x"}),
        tar_of(tmp_path / "a.tar", (name, tarfile.REGTYPE, b"x")),
    ):
        with pytest.raises(PermissionDeniedError, match="outside of its folder"):
            archives.unpack(path, tmp_path / "inner" / "out")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    path = tar_of(tmp_path / "a.tar", ("a", tarfile.REGTYPE, b"x"), ("b", kind, b"../../secret"))
    with pytest.raises(PermissionDeniedError, match="link or a device"):
        archives.unpack(path, tmp_path / "out")
    info = zipfile.ZipInfo("b")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "../secret")
    with pytest.raises(PermissionDeniedError, match="link or a device"):
        archives.unpack(tmp_path / "a.zip", tmp_path / "out")


def test_archives_that_grow_too_large_are_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LIMIT", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * (4 << 20))
    with pytest.raises(ResourceExhaustedError):
        archives.unpack(tmp_path / "bomb.zip", tmp_path / "out")


def test_damaged_archives_are_errors(tmp_path):
    path = zip_of(tmp_path / "a.zip", a="one" * 1000)
    data = bytearray(path.read_bytes())
    data[40:60] = b"\xff" * 20
    path.write_bytes(bytes(data))
    with pytest.raises(DataLossError, match="damaged"):
        archives.unpack(path, tmp_path / "out")
