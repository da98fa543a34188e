"""Commands of `headwater`, one in each file: `add` says how it is called, and a function does it.

run.py        a script written for TensorFlow or Keras, unmodified
doctor.py     what of such a script is not served, and what to write instead
summary.py    what is in a model's file
convert.py    a model's file in another format
examples.py   the examples: list them, copy one to start from
info.py       what a bug report needs
"""
