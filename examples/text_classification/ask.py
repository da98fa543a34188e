"""Ask a trained reader which newsgroup a text would be posted to.

python examples/text_classification/ask.py "the goalie stopped every shot in the third period"
"""

import argparse
from pathlib import Path

import numpy as np

from headwater import keras
from headwater.keras import ops

OUTPUT = Path(__file__).resolve().parents[1] / "output" / "text_classification"


def as_posted(text):
    """The text as those of the data set are: small letters, without signs and digits."""
    return "".join(sign if sign.isalpha() else " " for sign in text.lower())


def main(options):
    groups = (options.output / "groups.txt").read_text().split()
    reader = keras.saving.load_model(options.output / options.model / "reader.keras")
    texts = np.array([as_posted(text) for text in options.text], object)
    for text, scores in zip(options.text, np.asarray(ops.softmax(reader.predict(texts, verbose=0)))):
        best = np.argsort(-scores)[:3]
        print(f"{text[:60]}: " + ", ".join(f"{groups[place]} {scores[place]:.0%}" for place in best))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="+")
    parser.add_argument("--model", choices=("convolution", "transformer"), default="convolution")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    main(parser.parse_args())
