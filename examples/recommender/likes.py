"""What people liked, in order of time, and how much of it a recommender finds."""

import numpy as np
from films import FILMS, PEOPLE

LIKED = 4  # stars from which on a film counts as liked
HISTORY = 30  # films liked last that the tower of people is told
NOTHING = FILMS + 1  # what stands in front of them: the first film has none before it, and no mean is one of nothing
SHOWN = 20


def liked_by(ratings, short):
    """What each person liked, in order of time: what is known of it, and what is to be found."""
    likes = [[] for _ in range(PEOPLE + 1)]
    for user, film, stars in zip(ratings["user"], ratings["film"], ratings["rating"]):
        if stars >= LIKED and (not short or user <= 200):
            likes[user].append(film)
    cut = [max(1, int(0.8 * len(films))) if len(films) >= 5 else len(films) for films in likes]
    return [films[:at] for films, at in zip(likes, cut)], [films[at:] for films, at in zip(likes, cut)]


def histories(known):
    """For each pair of a person and a film they liked: the films before it; and for each person: their last ones."""
    pairs, before = [], []
    for user, films in enumerate(known):
        for place, film in enumerate(films):
            pairs.append((user, film))
            before.append(padded(films[:place]))
    return np.array(pairs, "int32"), np.stack(before), np.stack([padded(films) for films in known])


def padded(films):
    """The last films of a list, in a row that is filled up with zeros."""
    row = np.zeros(HISTORY, "int32")
    films = [NOTHING, *films[1 - HISTORY :]]
    row[: len(films)] = films
    return row


def recall(scores, known, wanted):
    """The share of wanted films that are among the best 20 of those not known yet; the mean over people."""
    found = []
    for user, films in enumerate(wanted):
        if films:
            left = scores[user].copy()
            left[known[user]] = -np.inf
            left[0] = -np.inf
            found.append(len(set(films) & set(np.argpartition(-left, SHOWN)[:SHOWN])) / len(films))
    return np.mean(found)
