"""Which of 20 newsgroups is a post from? 18,787 posts, read by a convolution, a transformer, and a classic to compare.

    python examples/text_classification/train.py [--epochs 8] [--short]
    python examples/text_classification/ask.py "the goalie stopped every shot in the third period"

All learn from the same posts. The classic counts words, weighs them by rarity (TF-IDF), and fits a logistic regression;
a decomposition of its table also gives the networks vectors of words to begin with, and its rarities what each counts.
"""

import time

import numpy as np
from models import LENGTH, WIDTH, WORDS, build_convolution, build_transformer
from posts import load_posts
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from training import OUTPUT, draw, finished, place, report, start, train

from headwater import keras
from headwater.keras import layers

BATCH = 64


def classic(texts, numbers, asked, answers):
    """The accuracy of TF-IDF and logistic regression; {word: vector of WIDTH numbers}, {word: how rare it is}."""
    counter = TfidfVectorizer(sublinear_tf=True, min_df=2, token_pattern=r"\S+")
    table = counter.fit_transform(texts)
    accuracy = LogisticRegression(C=10, max_iter=200).fit(table, numbers).score(counter.transform(asked), answers)
    axes = TruncatedSVD(min(WIDTH, table.shape[0] - 1), random_state=0).fit(table).components_.T
    words = counter.get_feature_names_out()
    return accuracy, dict(zip(words, axes.astype("float32"))), dict(zip(words, counter.idf_))


def begin_with(model, vocabulary, vectors, rarities):
    """Give each word of the vocabulary its vector, at the size that layers like, and count rare words more."""
    table, counts = (np.zeros(model.get_layer(name).get_weights()[0].shape, "float32") for name in ("words", "counts"))
    for number, word in enumerate(vocabulary):
        if word in vectors:
            table[number, : len(vectors[word])] = vectors[word]
            counts[number] = 0.2 * rarities[word]
    model.get_layer("words").set_weights([table * (0.1 / table.std())])
    model.get_layer("counts").set_weights([counts])


def main(epochs=8, short=False, output=OUTPUT):
    """Learn, judge, save, draw, and report."""
    started, output, epochs = time.perf_counter(), place(output, short), 2 if short else epochs
    keras.utils.set_random_seed(0)
    learnt, chosen, judged, groups = load_posts(short)
    print(f"{len(learnt[0]):,} posts to learn from, {len(chosen[0])} to choose by, {len(judged[0]):,} to be judged by")
    baseline, vectors, rarities = classic(*learnt, *judged)
    print(f"TF-IDF and logistic regression: {baseline:.1%} right")

    vectorize = layers.TextVectorization(max_tokens=WORDS, output_sequence_length=LENGTH)
    vectorize.adapt(learnt[0])
    numbered = [(np.asarray(vectorize(texts)).astype("int32"), groups) for texts, groups in (learnt, chosen, judged)]
    steps = epochs * -(-len(learnt[0]) // BATCH)
    figures, curves, step_ms = {"test accuracy of TF-IDF and logistic regression": (baseline, None)}, {}, {}
    goal = None if short else f">= {baseline:.4f} (TF-IDF and logistic regression)"
    for build in (build_convolution, build_transformer):
        model = build(steps)
        model.summary()
        begin_with(model, vectorize.get_vocabulary(), vectors, rarities)
        folder = output / model.name
        curves[model.name], watch = train(model, numbered[0], numbered[1], epochs, folder, BATCH, keep_backup=True)
        _, accuracy = model.evaluate(*numbered[2], verbose=0, batch_size=256)
        print(f"{model.name}: {accuracy:.1%} of the posts that it has not seen are right")
        figures[f"test accuracy of the {model.name}"], step_ms[model.name] = (accuracy, goal), watch.step_ms
        model.save(folder / "numbers.keras")
        keras.utils.plot_model(model, folder / "model.svg", show_shapes=True)
        # What is kept takes posts as they are: the words and their numbers are part of it.
        text = keras.Input((), dtype="string")
        keras.Model(text, model(vectorize(text)), name="reader").save(folder / "reader.keras")
    (output / "groups.txt").write_text("\n".join(groups) + "\n")
    predicted = model.predict(numbered[2][0], verbose=0, batch_size=256).argmax(axis=1)
    draw(curves, judged[1], predicted, groups, output / "curves_and_confusion.png")
    for name in curves:
        finished(output / name)
    report("text_classification/train", figures, step_ms, started)


if __name__ == "__main__":
    start(main)
