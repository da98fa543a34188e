"""20 newsgroups: posts without headers, without empty posts, and without those that are there twice."""

import numpy as np

from headwater import datasets


def cleaned(columns, seen):
    """Texts and labels without empty posts, and without those in `seen`, to which the others are added."""
    kept = []
    for place, text in enumerate(columns["text"]):
        if text.strip() and text not in seen:
            seen.add(text)
            kept.append(place)
    return columns["text"][kept], columns["label"][kept]


def load_posts(short=False):
    """Pairs of texts and numbers of groups, to learn from, to choose by, to be judged by; and the groups' names."""
    data, seen = datasets.load("newsgroups"), set()
    train, labels = cleaned(data["train"], seen)
    test, asked = cleaned(data["test"], seen)
    groups, numbers = np.unique(labels, return_inverse=True)
    asked = np.searchsorted(groups, asked)
    order = np.random.default_rng(0).permutation(len(train))
    held, learnt = order[:500], order[500:]
    if short:
        held, learnt, test, asked = held[:100], learnt[:320], test[::20], asked[::20]
    return (train[learnt], numbers[learnt]), (train[held], numbers[held]), (test, asked), groups
