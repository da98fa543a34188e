"""Which films will this person like next? Two towers learn vectors of people and of films; near means liked.

    python examples/recommender/retrieval.py [--epochs 30] [--short]

Of each person the first 80 % of what they liked, in order of time, is for learning; the rest is what should be found
among 20 of 1,682 films. To beat: the 20 most popular films that the person is not known to like yet.
"""

import time
from pathlib import Path

import numpy as np
from films import FILMS, PEOPLE, load_films, rows_of
from likes import HISTORY, NOTHING, SHOWN, histories, liked_by, recall
from training import OUTPUT, draw_curves, plt, report, start, train

import headwater as tf
from headwater import keras
from headwater.keras import layers, ops

BATCH = 512
GENRES = 19


def build_towers(dimension=48):
    """Two models: what is known of a person, and of a film, to a vector of length 1."""
    whole = {name: keras.Input((), name=name, dtype="int32") for name in ("user", "age", "gender", "occupation")}
    history = keras.Input((HISTORY,), name="history", dtype="int32")
    sizes = {"user": (PEOPLE + 1, dimension), "age": (8, 4), "gender": (3, 2), "occupation": (22, 6)}
    vectors = [layers.Embedding(*size, name=f"{name}_vector")(whole[name]) for name, size in sizes.items()]
    seen = layers.Embedding(NOTHING + 1, dimension, mask_zero=True, name="seen_vector")(history)
    x = layers.Concatenate()([*vectors, layers.GlobalAveragePooling1D()(seen)])
    x = layers.Dense(2 * dimension, activation="relu")(layers.Dropout(0.3)(x))
    people = layers.UnitNormalization(name="person")(layers.Dense(dimension)(x))

    film, year = keras.Input((), name="film", dtype="int32"), keras.Input((), name="year", dtype="int32")
    genres = keras.Input((GENRES,), name="genres")
    vectors = [layers.Embedding(FILMS + 1, dimension, name="film_vector")(film), layers.Embedding(14, 4)(year), genres]
    x = layers.Dense(2 * dimension, activation="relu")(layers.Dropout(0.3)(layers.Concatenate()(vectors)))
    films = layers.UnitNormalization(name="film_place")(layers.Dense(dimension)(x))
    return (
        keras.Model(whole | {"history": history}, people, name="people"),
        keras.Model({"film": film, "year": year, "genres": genres}, films, name="films"),
    )


def in_batch_softmax(share):
    """The loss of a batch of pairs: each person is to find their film among those of all pairs.

    Popular films are in many batches; what they would lose by that is given back (Yi et al. 2019,
    doi:10.1145/3298689.3346996). `share` is the share of pairs that each film has.
    """
    log_share = np.log(np.maximum(share, 1e-7)).astype("float32")

    def loss(film, scores):
        film = ops.reshape(ops.cast(film, "int32"), (-1,))
        scores = scores - ops.take(log_share, film)
        other = ops.cast(ops.arange(ops.shape(film)[0])[:, None] != ops.arange(ops.shape(film)[0]), "float32")
        same = ops.cast(film[:, None] == film, "float32")
        scores = scores - 1e9 * same * other  # the same film in another pair is no wrong answer
        return -ops.diagonal(ops.log_softmax(scores, axis=-1))

    return loss


def build_retrieval(share=None, dimension=48, temperature=0.12, steps=2_000):
    """The two towers, and a model of both that scores all pairs of a batch: row, the person, column, the film."""
    people, films = build_towers(dimension)
    inputs = people.input | films.input
    found = people({name: inputs[name] for name in people.input}), films({name: inputs[name] for name in films.input})
    scores = layers.Rescaling(1 / temperature, name="scores")(ops.matmul(found[0], ops.transpose(found[1])))
    model = keras.Model(inputs, scores, name="retrieval")
    share = np.full(FILMS + 1, 1 / FILMS) if share is None else share
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)), in_batch_softmax(share))
    return people, films, model


def draw(vectors, films, titles, counts, path, shown=400):
    """The most liked films in a plane, by the two principal components of their vectors; coloured by their year."""
    often = np.argsort(-counts)[:shown]
    places = vectors[often] - vectors[often].mean(axis=0)
    places = places @ np.linalg.svd(places, full_matrices=False)[2][:2].T
    figure, panel = plt.subplots(figsize=(7.5, 5.5))
    panel.scatter(*places.T, s=10, c=films["year"][often], cmap="viridis")
    room, named = np.ptp(places, axis=0) * (0.24, 0.03), []
    for place, film in zip(places, often):
        if all((np.abs(place - other) > room).any() for other in named):  # titles do not cover one another
            panel.annotate(titles[film][:26], place, fontsize=6)
            named.append(place)
    panel.set_xlim(right=places[:, 0].max() + room[0])
    panel.set(xticks=[], yticks=[], title="Films near one another are liked by the same people (yellow: new films)")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main(epochs=30, short=False, output=OUTPUT):
    """Train, compare, draw, save. Returns recall@20 of the towers and of popularity."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    ratings, about_people, about_films, titles = load_films()
    known, wanted = liked_by(ratings, short)
    pairs, before, last = histories(known)
    counts = np.bincount(pairs[:, 1], minlength=FILMS + 1)
    epochs = 2 if short else epochs
    steps = epochs * (len(pairs) // BATCH)
    people, films, model = build_retrieval(counts / counts.sum(), steps=steps)
    model.summary()

    columns = rows_of(pairs[:, 0], pairs[:, 1], about_people, about_films) | {"history": before}
    learnt = tf.data.Dataset.from_tensor_slices((columns, pairs[:, 1]))
    learnt = learnt.shuffle(len(pairs), seed=0).batch(BATCH, drop_remainder=True).prefetch(2)
    folder = Path(output) / "retrieval"
    curves, watch = train(model, learnt, None, epochs, folder)

    everyone, everything = np.arange(PEOPLE + 1, dtype="int32"), np.arange(FILMS + 1, dtype="int32")
    asked = {"user": everyone, "history": last} | about_people
    person = people.predict(asked, batch_size=1_024, verbose=0)
    place = films.predict({"film": everything} | about_films, batch_size=2_048, verbose=0)
    found = recall(person @ place.T, known, wanted)
    popular = recall(np.tile(counts.astype("float32"), (PEOPLE + 1, 1)), known, wanted)
    print(f"recall@{SHOWN}: {found:.1%}; of the most popular films: {popular:.1%}")
    for user in (7, 42):
        scores = person[user] @ place.T
        scores[[0, *known[user]]] = -1
        print(f"person {user} liked {'; '.join(titles[film] for film in known[user][-4:])}")
        print(f"    and is shown {'; '.join(titles[film] for film in np.argsort(-scores)[:5])}")

    people.save(folder / "people.keras")
    films.save(folder / "films.keras")
    keras.utils.plot_model(model, folder / "model.svg", expand_nested=True)
    draw_curves(curves, ["loss"], folder / "curves.png")
    draw(place, about_films, titles, counts, folder / "map.png")
    figures = {
        "recall@20": (found, f"> {popular:.4f}"),
        "recall@20 of popularity": (popular, None),
    }
    report("recommender/retrieval", figures, watch.step_ms, started)
    return found, popular


if __name__ == "__main__":
    start(main)
