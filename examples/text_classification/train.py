"""Which of 20 newsgroups is a post from? 18,787 posts, read by a convolution, a transformer, and a classic to compare.

    python examples/text_classification/train.py [--epochs 5] [--short]
    python examples/text_classification/ask.py "the goalie stopped every shot in the third period"

All learn from the same posts. The classic counts words, weighs them by rarity (TF-IDF), and fits a logistic regression;
a decomposition of its table also gives the networks vectors of words to begin with.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from models import LENGTH, WIDTH, WORDS, build_convolution, build_transformer
from posts import load_posts
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from training import draw, finished, report, train

from headwater import keras
from headwater.keras import layers

BATCH = 64


def classic(texts, numbers, asked, answers):
    """The accuracy of TF-IDF and logistic regression, and vectors of words: {word: vector of WIDTH numbers}."""
    counter = TfidfVectorizer(sublinear_tf=True, min_df=2, token_pattern=r"\S+")
    table = counter.fit_transform(texts)
    accuracy = LogisticRegression(C=10, max_iter=200).fit(table, numbers).score(counter.transform(asked), answers)
    axes = TruncatedSVD(min(WIDTH, table.shape[0] - 1), random_state=0).fit(table).components_.T * counter.idf_[:, None]
    return accuracy, dict(zip(counter.get_feature_names_out(), axes.astype("float32")))


def begin_with(model, vocabulary, vectors):
    """Give each word of the vocabulary its vector, where it has one, at the size that layers like."""
    layer = model.get_layer("words")
    table = np.zeros(layer.get_weights()[0].shape, "float32")
    for number, word in enumerate(vocabulary):
        vector = vectors.get(word)
        if vector is not None:
            table[number, : len(vector)] = vector
    layer.set_weights([table * (0.1 / table.std())])


def main(options):
    started, output = time.perf_counter(), options.output / ("short" if options.short else "")
    keras.utils.set_random_seed(0)
    learnt, chosen, judged, groups = load_posts(options.short)
    print(f"{len(learnt[0]):,} posts to learn from, {len(chosen[0])} to choose by, {len(judged[0]):,} to be judged by")
    baseline, vectors = classic(*learnt, *judged)
    print(f"TF-IDF and logistic regression: {baseline:.1%} right")

    vectorize = layers.TextVectorization(max_tokens=WORDS, output_sequence_length=LENGTH)
    vectorize.adapt(learnt[0])
    numbered = [(np.asarray(vectorize(texts)).astype("int32"), groups) for texts, groups in (learnt, chosen, judged)]
    steps = options.epochs * -(-len(learnt[0]) // BATCH)
    figures, curves, step_ms = {"test accuracy of TF-IDF and logistic regression": (baseline, None)}, {}, {}
    goal = None if options.short else f">= {baseline:.4f} (TF-IDF and logistic regression)"
    for build in (build_convolution, build_transformer):
        model = build(steps)
        model.summary()
        begin_with(model, vectorize.get_vocabulary(), vectors)
        folder = output / model.name
        curves[model.name], watch = train(
            model, numbered[0], numbered[1], options.epochs, folder, BATCH, keep_backup=True
        )
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--short", action="store_true", help="some of the posts and two epochs: seconds")
    default = Path(__file__).resolve().parents[1] / "output" / "text_classification"
    parser.add_argument("--output", type=Path, default=default)
    options = parser.parse_args()
    options.epochs = options.epochs or (2 if options.short else 5)
    main(options)
