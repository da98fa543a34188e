"""What does a diamond cost? 53,940 diamonds with their weight, measures and three qualities in words.

    python examples/tabular/diamonds.py [--epochs 40] [--short]

The model that is saved takes rows as they stand in the table: that words become vectors, and numbers a standard scale,
is part of it. Beside it stands what is hard to beat on tables: scikit-learn's gradient boosting.
"""

import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from training import OUTPUT, draw_curves, plt, report, start, train

import headwater as tf
from headwater import datasets, keras
from headwater.keras import layers, ops
from headwater.keras.utils import FeatureSpace

# Words have an order, from worst to best, which only the trees need to be told.
GRADES = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": list("JIHGFED"),
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}
NUMBERS = ["carat", "depth", "table", "x", "y", "z"]
BATCH = 256


def load_diamonds(short=False):
    """Columns by name and prices in dollars, as three pairs: 80 % to learn from, 10 % to watch, 10 % to be asked."""
    table = datasets.load("diamonds")["train"]
    measures = np.stack([table[name] for name in "xyz"])
    sound = np.flatnonzero((measures > 0).all(axis=0) & (measures < 30).all(axis=0))  # 23 rows are slips of the pen
    order = np.random.default_rng(0).permutation(sound)[: 3_000 if short else None]
    parts = np.split(order, [int(0.8 * len(order)), int(0.9 * len(order))])
    columns = {name: table[name] for name in GRADES} | {name: table[name].astype("float32") for name in NUMBERS}
    return [({name: column[part] for name, column in columns.items()}, table["price"][part]) for part in parts]


def feature_space():
    """How a row becomes what the network reads: words as numbers, numbers on a standard scale. Learns from rows."""
    words = {name: FeatureSpace.string_categorical(output_mode="int", name=name) for name in GRADES}
    numbers = {name: FeatureSpace.float_normalized(name=name) for name in NUMBERS}
    return FeatureSpace(words | numbers, output_mode="dict")


def build_diamonds(units=192, steps=5_000):
    """Rows, made ready by the feature space, to the logarithm of their price."""
    inputs = {name: keras.Input((1,), name=name, dtype="int32") for name in GRADES}
    inputs |= {name: keras.Input((1,), name=name) for name in NUMBERS}
    vectors = [
        layers.Flatten()(layers.Embedding(len(grades) + 1, 4, name=f"vector_of_{name}")(inputs[name]))
        for name, grades in GRADES.items()
    ]
    numbers = layers.Concatenate()([inputs[name] for name in NUMBERS])
    waves = layers.Dense(64, kernel_initializer=keras.initializers.RandomNormal(stddev=2.0), name="waves")(numbers)
    x = layers.Concatenate()([*vectors, numbers, ops.sin(waves)])  # waves follow jumps, as that of prices at one carat
    for _ in range(3):
        x = layers.Dense(units, activation="silu")(x)
    model = keras.Model(
        inputs, layers.Dense(1, bias_initializer=keras.initializers.Constant(7.8), name="log_price")(x), name="diamonds"
    )
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    model.compile(keras.optimizers.Adam(rate), "mae", metrics=["mse"])
    return model


def boosted(training, test):
    """What gradient boosting, with its words as ordered numbers and its settings as they come, says of `test`."""

    def matrix(columns):
        grades = [[grades.index(word) for word in columns[name]] for name, grades in GRADES.items()]
        return np.stack([*grades, *(columns[name] for name in NUMBERS)], axis=1)

    trees = HistGradientBoostingRegressor(max_iter=500, random_state=0)
    return np.exp(trees.fit(matrix(training[0]), np.log(training[1])).predict(matrix(test[0])))


def draw(actual, predicted, path):
    """Predicted over real prices."""
    figure, panel = plt.subplots(figsize=(4.6, 4.2))
    panel.plot(actual, predicted, ".", markersize=2, alpha=0.3)
    panel.plot([300, 20_000], [300, 20_000], color="black", linewidth=0.8)
    panel.set(xscale="log", yscale="log", xlabel="price in dollars", ylabel="price predicted")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main(epochs=40, short=False, output=OUTPUT):
    """Train, compare, draw, save. Returns the mean error in dollars on diamonds that were held back."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    training, validation, test = load_diamonds(short)
    epochs = 2 if short else epochs
    learnt, watched = (
        tf.data.Dataset.from_tensor_slices((columns, np.log(prices).astype("float32")[:, None]))
        for columns, prices in (training, validation)
    )
    space = feature_space()
    space.adapt(learnt.batch(2_048).map(lambda columns, price: columns))
    learnt = learnt.shuffle(len(training[1]), seed=0).batch(BATCH)
    learnt, watched = (
        rows.map(lambda columns, price: (space(columns), price), num_parallel_calls=2).prefetch(2)
        for rows in (learnt, watched.batch(2_048))
    )
    model = build_diamonds(steps=epochs * -(-len(training[1]) // BATCH))
    model.summary()
    folder = Path(output) / "diamonds"
    curves, watch = train(model, learnt, watched, epochs, folder)

    priced = keras.Model(space.get_inputs(), model(space.get_encoded_features()), name="priced")
    priced.save(folder / "model.keras")
    asked = {name: column[:, None] for name, column in test[0].items()}
    predicted = np.exp(priced.predict(asked, batch_size=2_048, verbose=0)[:, 0])
    error, relative = np.abs(predicted - test[1]).mean(), np.abs(predicted / test[1] - 1).mean()
    trees = boosted(training, test)
    baseline, relative_baseline = np.abs(trees - test[1]).mean(), np.abs(trees / test[1] - 1).mean()
    print(f"mean error: {error:.0f} dollars, {relative:.1%}; by trees: {baseline:.0f}, {relative_baseline:.1%}")

    keras.utils.plot_model(priced, folder / "model.svg", rankdir="LR", show_layer_names=True)
    draw_curves({name: values[1:] for name, values in curves.items()}, ["loss", "mse"], folder / "curves.png")
    draw(test[1], predicted, folder / "prices.png")
    figures = {
        "mean error, dollars": (error, f"<= {baseline:.1f}"),
        "by gradient boosting, dollars": (baseline, None),
        "mean error, share of price": (relative, None),
    }
    report("tabular/diamonds", figures, watch.step_ms, started)
    return error


if __name__ == "__main__":
    start(main)
