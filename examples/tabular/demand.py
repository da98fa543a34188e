"""How much electricity will be needed tomorrow? Twelve weeks of half-hours, and a forecast that says how sure it is.

    python examples/tabular/demand.py [--epochs 20] [--short]

Given two weeks, the network says nine quantiles of each of the next 48 half-hours. It learns them by the pinball loss,
and it is asked about three weeks that it has not seen. The forecast to beat: tomorrow is as the same day last week.
"""

import time
from pathlib import Path

import numpy as np
from training import OUTPUT, draw_curves, plt, report, start, train

import headwater as tf
from headwater import datasets, keras
from headwater.keras import layers, ops

DAY, WEEK = 48, 336
PAST = 2 * WEEK
QUANTILES = np.array([0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95], "float32")
BATCH = 64


def load_demand(short=False):
    """Windows (count, 672) of the past, with its half-hour and weekday, and (count, 48) of the day after.

    Three parts that follow one another in time: to learn from, to watch (a week), to be asked about (three weeks). The
    unit is 30,000 MW, about the mean.
    """
    series = datasets.load("taylor")["train"]["demand"].astype("float32") / 30_000
    starts = np.arange(PAST, len(series) - DAY + 1)
    test, watch = len(series) - 3 * WEEK, len(series) - 4 * WEEK
    parts = [starts[starts + DAY <= watch], starts[(starts >= watch) & (starts + DAY <= test)], starts[starts >= test]]
    if short:
        parts = [part[::8] for part in parts]
    return [
        (
            {
                "past": np.stack([series[at - PAST : at] for at in part]),
                "half_hour": part.astype("int32") % DAY,
                "weekday": part.astype("int32") // DAY % 7,
            },
            np.stack([series[at : at + DAY] for at in part]),
        )
        for part in parts
    ]


@keras.saving.register_keras_serializable("tabular")
def pinball_loss(actual, quantiles):
    """What a quantile q costs: q for each unit that it lies too low, 1 - q for each that it lies too high."""
    error = ops.expand_dims(actual, -1) - quantiles
    return ops.mean(ops.maximum(QUANTILES * error, (QUANTILES - 1) * error), axis=-1)


@keras.saving.register_keras_serializable("tabular")
def median_error(actual, quantiles):
    """How far the middle quantile is from what came."""
    return ops.abs(actual - quantiles[..., len(QUANTILES) // 2])


def build_demand(units=64, steps=600):
    """The same day last week, and what a perceptron adds: a middle for each half-hour, steps upwards and downwards."""
    past = keras.Input((PAST,), name="past")
    half_hour, weekday = (
        keras.Input((), dtype="int32", name="half_hour"),
        keras.Input((), dtype="int32", name="weekday"),
    )
    last_week = past[:, -WEEK : DAY - WEEK]
    calendar = [layers.Embedding(DAY, 8)(half_hour), layers.Embedding(7, 4)(weekday)]
    change = past[:, -WEEK:] - past[:, :-WEEK]
    x = layers.Concatenate()([past[:, -WEEK:] - ops.mean(past, axis=1, keepdims=True), change, *calendar])
    for _ in range(2):
        x = layers.Dense(units, activation="silu")(x)
        x = layers.Dropout(0.3)(x)
    half = len(QUANTILES) // 2
    middle = layers.Reshape((DAY, 1))(last_week + 0.1 * layers.Dense(DAY, name="middle")(x))
    width = layers.Dense(DAY * 2 * half, activation="softplus", bias_initializer=keras.initializers.Constant(-1.0))(x)
    width = 0.02 * layers.Reshape((DAY, 2 * half), name="steps")(width)
    upwards = middle + ops.cumsum(width[..., :half], axis=-1)  # steps are positive, so quantiles never cross
    downwards = middle - ops.flip(ops.cumsum(width[..., half:], axis=-1), axis=-1)
    output = layers.Concatenate(name="quantiles")([downwards, middle, upwards])
    model = keras.Model({"past": past, "half_hour": half_hour, "weekday": weekday}, output, name="demand")
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1.5e-3, steps)),
        pinball_loss,
        metrics=[median_error],
    )
    return model


def draw(actual, quantiles, path):
    """A week of the test, forecast day by day: the middle and the bands in which 50 % and 90 % should lie."""
    figure, panel = plt.subplots(figsize=(9, 3.4))
    hours = np.arange(actual.size) / 2
    megawatts = 30_000 * quantiles.reshape(-1, len(QUANTILES))
    panel.fill_between(hours, megawatts[:, 0], megawatts[:, -1], alpha=0.2, color="C0", linewidth=0, label="90 %")
    panel.fill_between(hours, megawatts[:, 2], megawatts[:, -3], alpha=0.4, color="C0", linewidth=0, label="50 %")
    panel.plot(hours, megawatts[:, 4], color="C0", linewidth=1, label="middle")
    panel.plot(hours, 30_000 * actual.ravel(), color="black", linewidth=0.8, label="what came")
    panel.set(xlabel="hours", ylabel="demand, MW", xlim=(0, hours[-1]), xticks=np.arange(0, hours[-1] + 1, 24))
    panel.legend(ncols=4, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main(epochs=20, short=False, output=OUTPUT):
    """Train, compare, draw, save. Returns the mean error in MW and that of last week's day."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    training, validation, (past, actual) = load_demand(short)
    epochs = 2 if short else epochs
    model = build_demand(steps=epochs * -(-len(training[1]) // BATCH))
    model.summary()
    folder = Path(output) / "demand"
    learnt, watched = (tf.data.Dataset.from_tensor_slices(pair) for pair in (training, validation))
    learnt = learnt.shuffle(len(training[1]), seed=0).batch(BATCH).prefetch(2)
    curves, watch = train(model, learnt, watched.batch(256), epochs, folder)

    quantiles = model.predict(past, batch_size=256, verbose=0)
    error = 30_000 * np.abs(quantiles[..., 4] - actual).mean()
    naive = 30_000 * np.abs(past["past"][:, -WEEK : DAY - WEEK] - actual).mean()
    inside = np.mean((actual >= quantiles[..., 0]) & (actual <= quantiles[..., -1]))
    print(f"mean error: {error:.0f} MW, as last week: {naive:.0f} MW; {inside:.1%} lie in the band of 90 %")

    model.save(folder / "model.keras")
    keras.utils.plot_model(model, folder / "model.svg", show_shapes=True)
    draw_curves(curves, ["loss", "median_error"], folder / "curves.png")
    days = slice(None, None, 6 if short else DAY)
    draw(actual[days][:7], quantiles[days][:7], folder / "week.png")
    figures = {
        "mean error, MW": (error, f"< {naive:.1f}"),
        "by seasonal naive, MW": (naive, None),
        "within the band of 90 %": (inside, None),
    }
    report("tabular/demand", figures, watch.step_ms, started)
    return error, naive


if __name__ == "__main__":
    start(main)
