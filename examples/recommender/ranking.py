"""How many stars will this person give to this film? 100,000 ratings, and what is known of people and films.

    python examples/recommender/ranking.py [--epochs 6] [--short]

A person and a film are vectors; what they have in common, and what a small network makes of age, occupation, genres and
year, is added to how kind the person is and how good the film. A tenth of the ratings is held back.
"""

import time
from pathlib import Path

import numpy as np
from films import FILMS, PEOPLE, load_films, rows_of
from training import OUTPUT, draw_curves, plt, report, start, train

import headwater as tf
from headwater import keras
from headwater.keras import layers, ops

BATCH = 512
GENRES = 19


def build_ranking(dimension=32, mean=3.53, steps=950):
    """Columns of person and film to a number of stars."""
    whole = ("user", "film", "age", "gender", "occupation", "year")
    inputs = {name: keras.Input((), name=name, dtype="int32") for name in whole}
    inputs["genres"] = keras.Input((GENRES,), name="genres")
    decay = keras.regularizers.L2(2e-5)

    def vector(name, count, size):
        return layers.Embedding(count, size, embeddings_regularizer=decay, name=f"{name}_vector")(inputs[name])

    def bias(name, count):
        return layers.Embedding(count, 1, embeddings_initializer="zeros", name=f"{name}_bias")(inputs[name])

    user, film = vector("user", PEOPLE + 1, dimension), vector("film", FILMS + 1, dimension)
    person = layers.Concatenate()([user, vector("age", 8, 4), vector("gender", 3, 2), vector("occupation", 22, 6)])
    movie = layers.Concatenate()([film, vector("year", 14, 4), inputs["genres"]])
    person, movie = (layers.Dense(dimension, name=name)(x) for name, x in (("person", person), ("movie", movie)))
    x = layers.Concatenate()([person, movie, person * movie])
    for units in (128, 64):
        x = layers.Dropout(0.4)(layers.Dense(units, activation="relu")(x))
    common = ops.sum(person * movie, axis=-1, keepdims=True)
    stars = bias("user", PEOPLE + 1) + bias("film", FILMS + 1) + common + layers.Dense(1, name="taste")(x)
    model = keras.Model(inputs, layers.Rescaling(1.0, offset=mean, name="stars")(stars), name="ranking")
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        "mse",
        metrics=[keras.metrics.RootMeanSquaredError(name="rmse")],
    )
    return model


def split(ratings, people, films, short):
    """Columns and stars of three parts, drawn by lot: 80 %, 10 % to watch, 10 % to be asked about."""
    order = np.random.default_rng(0).permutation(len(ratings["rating"]))[: 6_000 if short else None]
    cuts = [int(0.8 * len(order)), int(0.9 * len(order))]
    return [
        (rows_of(ratings["user"][part], ratings["film"][part], people, films), ratings["rating"][part, None])
        for part in np.split(order, cuts)
    ]


def biases_only(training, test):
    """The error of the oldest recipe: the mean, how kind the person is, how good the film is; drawn towards nothing."""
    (columns, stars), (asked, actual) = training, test
    mean, kindness, goodness = stars.mean(), np.zeros(PEOPLE + 1), np.zeros(FILMS + 1)
    user, film, rest = columns["user"], columns["film"], stars[:, 0] - stars.mean()
    for _ in range(5):
        goodness = np.bincount(film, rest - kindness[user], FILMS + 1) / (5 + np.bincount(film, minlength=FILMS + 1))
        kindness = np.bincount(user, rest - goodness[film], PEOPLE + 1) / (5 + np.bincount(user, minlength=PEOPLE + 1))
    return np.sqrt(np.mean((mean + kindness[asked["user"]] + goodness[asked["film"]] - actual[:, 0]) ** 2))


def draw(actual, predicted, path):
    """What the model says of films that got one star, two stars, ..."""
    figure, panel = plt.subplots(figsize=(4.6, 3.4))
    panel.violinplot([predicted[actual == stars] for stars in range(1, 6)], range(1, 6), showmedians=True)
    panel.set(xlabel="stars given", ylabel="stars predicted")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main(epochs=6, short=False, output=OUTPUT):
    """Train, compare, draw, save. Returns the root of the mean squared error on ratings that were held back."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    ratings, people, films, _ = load_films()
    training, validation, test = split(ratings, people, films, short)
    epochs = 2 if short else epochs
    model = build_ranking(mean=float(training[1].mean()), steps=epochs * -(-len(training[1]) // BATCH))
    model.summary()
    folder = Path(output) / "ranking"
    learnt, watched = (tf.data.Dataset.from_tensor_slices(pair) for pair in (training, validation))
    learnt = learnt.shuffle(len(training[1]), seed=0).batch(BATCH).prefetch(2)
    curves, watch = train(model, learnt, watched.batch(4_096), epochs, folder)

    predicted = np.clip(model.predict(test[0], batch_size=4_096, verbose=0), 1, 5)
    error = np.sqrt(np.mean((predicted - test[1]) ** 2))
    baseline = biases_only(training, test)
    print(f"root mean squared error: {error:.4f} stars; by biases alone {baseline:.4f}")

    model.save(folder / "model.keras")
    keras.utils.plot_model(model, folder / "model.svg")
    draw_curves(curves, ["loss", "rmse"], folder / "curves.png")
    draw(test[1][:, 0], predicted[:, 0], folder / "stars.png")
    report(
        "recommender/ranking", {"RMSE": (error, "<= 0.94"), "RMSE of biases": (baseline, None)}, watch.step_ms, started
    )
    return error


if __name__ == "__main__":
    start(main)
