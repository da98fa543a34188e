"""What both scripts of this folder do: learn, translate, judge, save, draw."""

import time

import numpy as np
import sacrebleu
from pairs import Subwords, examples, learn_subwords, load_pairs
from search import translate
from training import draw_attention, draw_curves, finished, place, report, train

from headwater import keras

BATCH = 64
# BLEU of the same scripts on real Keras (JAX), by python -m benchmarks.on_keras examples/translation/recurrent.py
REAL_KERAS = {"recurrent": 48.46, "transformer": 43.63}
SHOWN = [
    "This package contains the documentation.",
    "fast and simple text editor for the console",
    "library for reading and writing image files - development files",
    "Python 3 bindings for a small database",
    "This is a game in which you fly a small plane.",
]


def draw_a_look(model, sentence, subwords, path):
    """Translate a sentence and draw where the decoder looked."""
    source = subwords.numbers([sentence])
    written = subwords.numbers(translate(model, [sentence], subwords))
    memory = model.get_layer("encoder").predict_on_batch(source)
    memory = memory if isinstance(memory, list) else [memory]
    _, weights = model.get_layer("decoder").predict_on_batch([written[:, :-1], source, *memory])
    read, wrote = subwords.pieces(source[0]), subwords.pieces(written[0])[1:]
    draw_attention(np.asarray(weights)[0, : len(wrote), : len(read)], read, wrote, path)


def learn_and_translate(name, build, epochs, beam, short, output):
    """Learn, translate what was held out and what is SHOWN, save and draw, and report."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    folder, epochs = place(output, short) / name, 1 if short else epochs
    folder.mkdir(parents=True, exist_ok=True)
    learnt, chosen, judged = load_pairs(short)
    if not (folder / "backup").exists():  # else a killed run goes on, with its own subwords
        learn_subwords((text for pair in learnt for text in pair), folder / "subwords.model")
    subwords = Subwords(folder / "subwords.model")
    inputs, targets = examples(learnt, subwords)
    print(f"{len(targets):,} pairs to learn from, {len(chosen):,} to choose by, {len(judged):,} to be judged by")

    steps = epochs * -(-len(targets) // BATCH)
    model = build(steps)
    model.summary()
    curves, watch = train(model, (inputs, targets), examples(chosen, subwords), epochs, folder, BATCH, keep_backup=True)
    model.save(folder / "translator.keras")
    keras.utils.plot_model(model, folder / "model.svg", expand_nested=True)

    english, italian = zip(*judged)
    greedy = translate(model, english, subwords)
    best = translate(model, english, subwords, width=beam)
    bleu = [sacrebleu.corpus_bleu(texts, [list(italian)]).score for texts in (greedy, best)]
    for number in range(8):
        print(f"\n  english  {english[number]}\n  italian  {italian[number]}\n  model    {best[number]}")
    for sentence, translation in zip(SHOWN, translate(model, SHOWN, subwords, width=beam)):
        print(f"\n  english  {sentence}\n  model    {translation}")
    draw_curves(curves, ["loss"], folder / "curves.png")
    draw_a_look(model, SHOWN[1], subwords, folder / "attention.png")
    (folder / "translations.txt").write_text("\n".join(best) + "\n", encoding="utf-8")
    finished(folder)

    goal = REAL_KERAS[name]
    target = f">= {goal} (real Keras)" if goal and not short else None
    figures = {"BLEU": (bleu[0], None), f"BLEU, beam of {beam}": (bleu[1], target)}
    figures["validation loss"] = (curves["val_loss"][-1], None)
    report(f"translation/{name}", figures, watch.step_ms, started)
