"""Data sets of tables: features of samples, and what is to be predicted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from headwater.datasets.cards import Card
from headwater.datasets.loaded import Columns
from headwater.datasets.origins import Origin
from headwater.datasets.r_data import read_package_data, read_rda
from headwater.datasets.text_tables import read_table, text_column
from headwater.errors import UnsupportedError

_R = "usr/lib/R/site-library"


def _of_rda(root: Path, names: list[str]) -> dict[str, Columns]:
    (table,) = read_rda((root / names[0]).read_bytes()).values()
    return {"train": _as_numbers(table)}


def _as_numbers(table: Columns) -> Columns:
    """Columns of digits that R keeps as categories, as numbers; but not the last one, which is mostly the class."""
    *features, last = table
    found = {}
    for name in features:
        try:
            found[name] = np.array([np.nan if value is None else float(value) for value in table[name]])
        except ValueError:
            found[name] = table[name]
    return {**found, last: table[last]}


def _of_r_package(package: str, name: str) -> Callable[[Path, list[str]], dict[str, Columns]]:
    def read(root: Path, names: list[str]) -> dict[str, Columns]:
        stem = f"{_R}/{package}/data/Rdata"
        index, data = (root / f"{stem}.rdx").read_bytes(), (root / f"{stem}.rdb").read_bytes()
        return {"train": dict(read_package_data(index, data, name))}

    return read


def _of_csv(root: Path, names: list[str]) -> dict[str, Columns]:
    return {"train": read_table(root / names[0])}


def _of_sklearn(columns: tuple[str, ...], target: str) -> Callable[[Path, list[str]], dict[str, Columns]]:
    """Tables whose first row has the number of rows, of features, and the names of the classes."""

    def read(root: Path, names: list[str]) -> dict[str, Columns]:
        lines = (root / names[0]).read_text().split()
        classes = lines[0].split(",")[2:]
        values = np.array([line.split(",") for line in lines[1:]], np.float64)
        labels = text_column([classes[int(code)] for code in values[:, -1]])
        titles = columns or tuple(f"feature_{place}" for place in range(values.shape[1] - 1))
        return {"train": {**dict(zip(titles, values[:, :-1].T.copy())), target: labels}}

    return read


def _diabetes(root: Path, names: list[str]) -> dict[str, Columns]:
    features = np.loadtxt(root / "sklearn/datasets/data/diabetes_data_raw.csv.gz")
    target = np.loadtxt(root / "sklearn/datasets/data/diabetes_target.csv.gz")
    titles = ("age", "sex", "bmi", "blood_pressure", "s1", "s2", "s3", "s4", "s5", "s6")
    return {"train": {**dict(zip(titles, features.T.copy())), "progression": target}}


def _flights(root: Path, names: list[str]) -> dict[str, Columns]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise UnsupportedError("flights is a Parquet file, which needs pyarrow.", fix="pip install pyarrow.") from None
    from headwater.frontend.frames import columns

    return {"train": columns(pyarrow.parquet.read_table(root / names[0]))}


def _r_card(package: str, name: str, table: str, title: str, target: str, licence: str) -> Card:
    origin = Origin("apt", f"r-cran-{package}", "", (f"{_R}/{package}/data/{table}.rda",))
    return Card(name, "tables", title, origin, licence, _of_rda, target)


def _lazy_card(package: str, name: str, title: str, target: str, licence: str) -> Card:
    stem = f"{_R}/{package}/data/Rdata"
    origin = Origin("apt", f"r-cran-{package}", "", (f"{stem}.rdx", f"{stem}.rdb"))
    return Card(name, "tables", title, origin, licence, _of_r_package(package, name), target)


def _csv_card(
    name: str, title: str, package: str, version: str, file: str, target: str, licence: str, read=_of_csv
) -> Card:
    return Card(name, "tables", title, Origin("pip", package, version, (file,)), licence, read, target)


_SKLEARN = "sklearn/datasets/data/"
_IRIS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_WINE = (
    "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
    "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "dilution", "proline",
)  # fmt: skip
_MLBENCH = "package GPL-2; data of the UCI repository"
_KERNLAB = "package GPL-2"
_MODELDATA = "package MIT"
_STATSMODELS = "BSD-3-Clause; data in the public domain"

CARDS = (
    _r_card("mlbench", "letter_recognition", "LetterRecognition", "20,000 letters in 16 features", "lettr", _MLBENCH),
    _r_card("mlbench", "shuttle", "Shuttle", "58,000 readings of a shuttle in 9 features", "Class", _MLBENCH),
    _r_card("mlbench", "satellite", "Satellite", "6,435 spots of land in 36 features", "classes", _MLBENCH),
    _r_card("mlbench", "dna_splices", "DNA", "3,186 stretches of DNA in 180 bits", "Class", _MLBENCH),
    _r_card("mlbench", "pima_diabetes", "PimaIndiansDiabetes", "768 women in 8 features", "diabetes", _MLBENCH),
    _r_card("mlbench", "breast_cancer_original", "BreastCancer", "699 tumours in 9 features", "Class", _MLBENCH),
    _r_card("mlbench", "boston_housing", "BostonHousing", "506 districts in 13 features, and prices", "medv", _MLBENCH),
    _r_card("kernlab", "spam_features", "spam", "4,601 mails in 57 features", "type", _KERNLAB),
    _r_card("kernlab", "insurance", "ticdata", "9,822 households in 85 features", "CARAVAN", _KERNLAB),
    _r_card("kernlab", "income", "income", "8,993 households in 13 features", "INCOME", _KERNLAB),
    _r_card("kernlab", "musk", "musk", "476 molecules in 166 features", "Class", _KERNLAB),
    _lazy_card("ggplot2", "diamonds", "53,940 diamonds in 9 features, and their prices", "price", "package MIT"),
    _lazy_card("modeldata", "ames", "2,930 houses in 73 features, and their prices", "Sale_Price", _MODELDATA),
    _lazy_card("modeldata", "credit_data", "4,454 credits in 13 features", "Status", _MODELDATA),
    _lazy_card("modeldata", "attrition", "1,470 employees in 30 features", "Attrition", _MODELDATA),
    _csv_card(
        "iris", "150 flowers of 3 kinds in 4 features", "scikit-learn", "", f"{_SKLEARN}iris.csv", "species",
        "BSD-3-Clause", _of_sklearn(_IRIS, "species"),
    ),
    _csv_card(
        "wine", "178 wines of 3 growers in 13 features", "scikit-learn", "", f"{_SKLEARN}wine_data.csv", "cultivar",
        "BSD-3-Clause", _of_sklearn(_WINE, "cultivar"),
    ),
    _csv_card(
        "breast_cancer", "569 tumours in 30 features", "scikit-learn", "", f"{_SKLEARN}breast_cancer.csv", "diagnosis",
        "BSD-3-Clause", _of_sklearn((), "diagnosis"),
    ),
    Card(
        "diabetes", "tables", "442 patients in 10 features, and their disease a year later",
        Origin(
            "pip", "scikit-learn", "", tuple(f"{_SKLEARN}diabetes_{part}.csv.gz" for part in ("data_raw", "target"))
        ),
        "BSD-3-Clause", _diabetes, "progression",
    ),
    _csv_card(
        "penguins", "344 penguins of 3 kinds in 7 features", "palmerpenguins", "0.1.6",
        "palmerpenguins/data/penguins.csv", "species", "CC0-1.0",
    ),
    _csv_card(
        "doctor_visits", "20,190 people in 9 features: the RAND health experiment", "statsmodels", "0.15.0",
        "statsmodels/datasets/randhie/randhie.csv", "mdvis", _STATSMODELS,
    ),
    _csv_card(
        "affairs", "6,366 women in 8 features", "statsmodels", "0.15.0", "statsmodels/datasets/fair/fair.csv",
        "affairs", _STATSMODELS,
    ),
    _csv_card(
        "star98", "303 school districts in 20 features", "statsmodels", "0.15.0",
        "statsmodels/datasets/star98/star98.csv", "PR50M", _STATSMODELS,
    ),
    _csv_card(
        "auto_mpg", "392 cars in 7 features, and their thirst", "mlxtend", "0.25.0",
        "mlxtend/data/data/autompg.csv.gz", "mpg", "BSD-3-Clause",
        lambda root, names: {"train": read_table(root / names[0], names=(
            "cylinders", "displacement", "horsepower", "weight", "acceleration", "year", "origin",
            "name", "mpg"))},
    ),
    Card(
        "flights", "tables", "3 million flights in the USA: date, delay, distance, origin and destination",
        Origin("npm", "vega-datasets", "3.2.1", ("data/flights-3m.parquet",)), "BSD-3-Clause", _flights,
    ),
)  # fmt: skip
