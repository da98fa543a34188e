"""Data sets of ratings."""

from __future__ import annotations

from pathlib import Path

from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.r_data import read_package_data
from headwater.datasets.text_tables import read_table

_ML = "recbole/dataset_example/ml-100k/ml-100k"
_DSLABS = "usr/lib/R/site-library/dslabs/data/Rdata"


def _movielens_100k(root: Path, names: list[str]) -> dict[str, Columns]:
    """The ratings as "train", and tables of films and users beside them."""
    tables = {"train": "inter", "items": "item", "users": "user"}
    splits = {split: read_table(root / f"{_ML}.{kind}", separator="\t") for split, kind in tables.items()}
    return {split: {name.partition(":")[0]: values for name, values in each.items()} for split, each in splits.items()}


def _movielens_small(root: Path, names: list[str]) -> dict[str, Columns]:
    index, data = (root / f"{_DSLABS}.rdx").read_bytes(), (root / f"{_DSLABS}.rdb").read_bytes()
    table = read_package_data(index, data, "movielens")
    order = ("userId", "movieId", "rating", "timestamp", "title", "year", "genres")
    return {"train": {name: table[name] for name in order}}


CARDS = (
    Card(
        "movielens_100k", "recommendation", "MovieLens: 100,000 ratings of 1,682 films by 943 users, with both",
        Origin("pip", "recbole", "1.2.1", tuple(f"{_ML}.{kind}" for kind in ("inter", "item", "user"))),
        "package MIT; data under GroupLens's terms: not to be passed on, not for commerce", _movielens_100k, "rating",
    ),
    Card(
        "movielens_small", "recommendation", "MovieLens: 100,004 ratings of 9,066 films by 671 users",
        Origin("apt", "r-cran-dslabs", "", (f"{_DSLABS}.rdx", f"{_DSLABS}.rdb")),
        "package Artistic-2.0; data under GroupLens's terms", _movielens_small, "rating",
    ),
)  # fmt: skip
