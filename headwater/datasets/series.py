"""Data sets of series: to classify, and to forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.r_data import read_package_data
from headwater.datasets.text_tables import read_table, text_column
from headwater.errors import DataLossError


def read_ts(text: str) -> Columns:
    """Series and what is said of each, from a file in the `.ts` format of the UEA and UCR archives.

    Returns: "series" of shape (samples, steps, channels), or an array of (steps, channels) arrays where lengths differ;
        and "label", text for classes and numbers for targets.
    Raises: DataLossError for what is no such file.
    """
    head, found, body = text.partition("@data")
    if not found:
        raise DataLossError("this .ts file has no line @data.", fix="fetch it again.", where="")
    numeric = "@targetlabel true" in head.lower()
    rows = [line.strip().split(":") for line in body.splitlines() if line.strip()]
    samples = [np.array([channel.split(",") for channel in row[:-1]], np.float64).T for row in rows]
    labels = [row[-1] for row in rows]
    return {
        "series": _stacked(samples),
        "label": np.array(labels, np.float64) if numeric else text_column(labels),
    }


def _stacked(samples: list[np.ndarray]) -> np.ndarray:
    if len({sample.shape for sample in samples}) == 1:
        return np.stack(samples)
    ragged = np.empty(len(samples), object)
    for place, sample in enumerate(samples):
        ragged[place] = sample
    return ragged


def _ucr(root: Path, names: list[str]) -> dict[str, Columns]:
    splits = {"train" if name.endswith("_TRAIN.ts") else "test": name for name in names}
    return {split: read_ts((root / splits[split]).read_text()) for split in ("train", "test")}


def _csv(root: Path, names: list[str]) -> dict[str, Columns]:
    return {"train": read_table(root / names[0])}


def _taylor(root: Path, names: list[str]) -> dict[str, Columns]:
    stem = "usr/lib/R/site-library/forecast/data/Rdata"
    index, data = (root / f"{stem}.rdx").read_bytes(), (root / f"{stem}.rdb").read_bytes()
    return {"train": {"demand": read_package_data(index, data, "taylor")}}


def _chicago(root: Path, names: list[str]) -> dict[str, Columns]:
    stem = "usr/lib/R/site-library/modeldata/data/Rdata"
    index, data = (root / f"{stem}.rdx").read_bytes(), (root / f"{stem}.rdb").read_bytes()
    return {"train": dict(read_package_data(index, data, "Chicago"))}


def _ucr_card(name: str, folder: str, title: str) -> Card:
    files = tuple(f"sktime/datasets/data/{folder}/{folder}_{part}.ts" for part in ("TRAIN", "TEST"))
    origin = Origin("pip", "sktime", "1.2.0", files)
    return Card(name, "series classification", title, origin, "package BSD-3-Clause; UCR and UEA data", _ucr, "label")


def _csv_card(name: str, title: str, package: str, version: str, file: str) -> Card:
    origin = Origin("pip", package, version, (file,))
    return Card(name, "forecasting", title, origin, "BSD-3-Clause", _csv)


def _sktime_card(name: str, title: str, file: str) -> Card:
    return _csv_card(name, title, "sktime", "1.2.0", f"sktime/datasets/data/{file}")


def _statsmodels_card(name: str, title: str) -> Card:
    return _csv_card(name, title, "statsmodels", "0.15.0", f"statsmodels/datasets/{name}/{name}.csv")


CARDS = (
    _ucr_card("arrow_head", "ArrowHead", "outlines of 211 arrow heads of 3 kinds"),
    _ucr_card("acsf1", "ACSF1", "200 recordings of the power that 10 kinds of devices take"),
    _ucr_card("plaid", "PLAID", "1,074 recordings of the current that 11 kinds of devices take, of many lengths"),
    _ucr_card("osu_leaf", "OSULeaf", "outlines of 442 leaves of 6 kinds"),
    _ucr_card("japanese_vowels", "JapaneseVowels", "640 utterances by 9 men, 12 channels, of many lengths"),
    _ucr_card("italy_power_demand", "ItalyPowerDemand", "1,096 days of demand for power, summer or winter"),
    _ucr_card("gun_point", "GunPoint", "200 motions of a hand, with a gun or without"),
    _ucr_card("basic_motions", "BasicMotions", "80 motions of 4 kinds, 6 channels of a watch"),
    _ucr_card("tecator", "Tecator", "215 spectra of meat, and how fat it is"),
    _sktime_card("mitdb", "an electrocardiogram of the MIT-BIH database", "mitdb/mitdb.csv"),
    _sktime_card("seatbelts", "192 months of drivers hurt in Great Britain", "seatbelts/seatbelts.csv"),
    _sktime_card("solar", "289 half-hours of solar power", "solar/solar.csv"),
    _sktime_card("yahoo", "a series with anomalies marked", "yahoo/yahoo.csv"),
    _sktime_card("airline", "144 months of airline passengers", "Airline/Airline.csv"),
    _statsmodels_card("co2", "2,284 weeks of carbon dioxide at Mauna Loa"),
    _statsmodels_card("sunspots", "309 years of sunspots"),
    _statsmodels_card("elnino", "61 years of the temperature of the Pacific, by months"),
    Card(
        "taylor", "forecasting", "4,032 half-hours of demand for electricity in England and Wales",
        Origin(
            "apt", "r-cran-forecast", "",
            tuple(f"usr/lib/R/site-library/forecast/data/Rdata.{kind}" for kind in ("rdx", "rdb")),
        ),
        "package GPL-3", _taylor,
    ),
    Card(
        "chicago", "forecasting", "5,698 days of passengers at 20 stations of Chicago, with weather and sports",
        Origin(
            "apt", "r-cran-modeldata", "",
            tuple(f"usr/lib/R/site-library/modeldata/data/Rdata.{kind}" for kind in ("rdx", "rdb")),
        ),
        "package MIT", _chicago, "ridership",
    ),
)  # fmt: skip
