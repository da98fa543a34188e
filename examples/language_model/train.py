"""A language model from scratch: a GPT learns English from the Brown corpus, a million words, and then writes on.

    python examples/language_model/train.py [--epochs 4] [--short] [--prompt "The old man"]

It is judged by its perplexity on texts that it has not seen: between how many pieces it hesitates, on average.
"""

import math
import time

import numpy as np
from corpus import CONTEXT, Subwords, learn_subwords, load_texts, windows
from gpt import build_gpt
from sampling import Writer, write_without_cache
from training import OUTPUT, draw_curves, finished, place, report, start, train

from headwater import keras

BATCH = 32
# Perplexity of this script on real Keras (JAX): python -m benchmarks.on_keras examples/language_model/train.py
REAL_KERAS = None
WAYS = {
    "the likeliest": {"temperature": 0},
    "temperature 1": {},
    "temperature 0.7": {"temperature": 0.7},
    "temperature 0.9, top 40": {"temperature": 0.9, "top_k": 40},
    "top 0.9 of the probability": {"top_p": 0.9},
}


def samples(model, subwords, prompt, count):
    """The prompt written on in each of the ways, as lines of text."""
    writer, pieces = Writer(model), subwords.numbers(prompt)
    for name, how in WAYS.items():
        yield f"[{name}]\n{subwords.text(writer.write(pieces, count, np.random.default_rng(5), **how)[0])}\n"


def speed(model, prompt, batch, count):
    """Pieces a second, when `batch` texts are written at once."""
    writer, rng = Writer(model, batch), np.random.default_rng(0)
    writer.write(prompt, 2, rng)  # prepares the program
    started = time.perf_counter()
    writer.write(prompt, count, rng, temperature=0.9, top_k=40)
    return batch * (count + len(prompt)) / (time.perf_counter() - started)


def speed_without_cache(model, prompt, count):
    """Pieces a second when everything is computed anew for each; and whether both ways write the same."""
    write_without_cache(model, prompt, 1)
    started = time.perf_counter()
    written = write_without_cache(model, prompt, count)
    took = time.perf_counter() - started
    same = np.array_equal(written, Writer(model).write(prompt, count, None, temperature=0))
    return count / took, same


def main(epochs=4, prompt="The old man", short=False, output=OUTPUT):
    """Learn, measure, write, save, and report."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    folder, epochs = place(output, short), 1 if short else epochs
    folder.mkdir(parents=True, exist_ok=True)
    learnt, chosen, judged = load_texts(short)
    if not (folder / "backup").exists():  # else a killed run goes on, with its own subwords
        learn_subwords(learnt, folder / "subwords.model")
    subwords = Subwords(folder / "subwords.model")
    data, validation, test = (windows(texts, subwords) for texts in (learnt, chosen, judged))
    sizes = [f"{inputs.size:,}" for inputs, _ in (data, validation, test)]
    print("{} pieces to learn from, {} to choose by, {} to be judged by".format(*sizes))

    model = build_gpt(steps=epochs * -(-len(data[0]) // BATCH))
    model.summary()
    curves, watch = train(model, data, validation, epochs, folder, BATCH, keep_backup=True)
    model.save(folder / "gpt.keras")
    keras.utils.plot_model(model, folder / "model.svg", show_shapes=True, show_layer_names=True)

    loss = model.evaluate(*test, batch_size=BATCH, verbose=0)
    words = sum(len(text.split()) for text in judged)
    count = 24 if short else 100
    text = "\n".join(samples(model, subwords, prompt, count))
    print(text)
    (folder / "samples.txt").write_text(text, encoding="utf-8")
    numbers = subwords.numbers(prompt)
    one, many = (speed(model, numbers, batch, count) for batch in (1, 32))
    slow, same = speed_without_cache(model, numbers, min(count, CONTEXT - len(numbers)))
    print(f"with the cache and without, the likeliest text is {'the same' if same else 'NOT the same'}")
    draw_curves(curves, ["loss"], folder / "curves.png")
    finished(folder)

    target = f"<= {REAL_KERAS} (real Keras)" if REAL_KERAS and not short else None
    figures = {
        "perplexity of a piece": (math.exp(loss), target),
        "perplexity of a word": (math.exp(loss * test[1].size / words), None),
        "pieces a second": (one, None),
        "pieces a second, 32 texts at once": (many, None),
        "pieces a second, without a cache": (slow, None),
    }
    report("language_model/train", figures, watch.step_ms, started)


if __name__ == "__main__":
    start(main, prompt="what is written on")
