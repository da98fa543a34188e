"""MovieLens-100K as the two scripts of this folder use it: ratings in order of time, people and films as numbers."""

import numpy as np

from headwater import datasets

PEOPLE, FILMS = 943, 1_682  # numbers begin with 1; 0 is nobody, or no film
AGES = [18, 25, 35, 45, 50, 56]  # where one group ends and the next begins
YEARS = [1940, 1950, 1960, 1970, 1980, 1985, 1990, 1993, 1994, 1995, 1996, 1997]


def numbered(words):
    """Words as numbers from 1, in the order of the alphabet, and how many there are."""
    kinds, numbers = np.unique(words.astype(str), return_inverse=True)
    return (numbers + 1).astype("int32"), len(kinds)


def load_films():
    """Ratings, and what is known of people and of films: arrays with a row for each number, row 0 of zeros.

    Returns:
        ratings: columns "user", "film" (int32), "rating" (float32), in order of time.
        people: "age", "gender", "occupation" (int32).
        films: "genres" (float32, a column for each of them) and "year" (int32).
        titles: text of each film.
    """
    data = datasets.load("movielens_100k")
    table, users, items = data["train"], data["users"], data["items"]
    order = np.argsort(table["timestamp"], kind="stable")
    ratings = {
        "user": table["user_id"][order].astype("int32"),
        "film": table["item_id"][order].astype("int32"),
        "rating": table["rating"][order].astype("float32"),
    }
    people = {name: np.zeros(PEOPLE + 1, "int32") for name in ("age", "gender", "occupation")}
    people["age"][users["user_id"]] = np.digitize(users["age"], AGES) + 1
    people["gender"][users["user_id"]], _ = numbered(users["gender"])
    people["occupation"][users["user_id"]], _ = numbered(users["occupation"])
    names = sorted({genre for genres in items["class"] for genre in str(genres).split()})
    films = {"genres": np.zeros((FILMS + 1, len(names)), "float32"), "year": np.zeros(FILMS + 1, "int32")}
    titles = np.full(FILMS + 1, "", object)
    for number, title, year, genres in zip(
        *(items[name] for name in ("item_id", "movie_title", "release_year", "class"))
    ):
        titles[number] = f"{title} ({year})"
        films["genres"][number, [names.index(genre) for genre in str(genres).split()]] = 1
        films["year"][number] = np.digitize(int(year), YEARS) + 1 if str(year).isdigit() else 0
    return ratings, people, films, titles


def rows_of(user, film, people, films):
    """The columns that a model reads, for pairs of person and film."""
    known = {name: values[user] for name, values in people.items()}
    return {"user": user, "film": film, **known, **{name: values[film] for name, values in films.items()}}
