"""Batches: what `fit`, `evaluate` and `predict` are given, cut into batches of tensors.

tensors.py    arrays, tables and lists as tensors
arrays.py     arrays in memory, cut into batches
streams.py    sources that give batches one by one
workers.py    the workers of a PyDataset: threads or processes, in order, watched over
ahead.py      the next batch made ready while a step runs
epochs.py     an epoch at a time, and how long steps waited
report.py     what is told of the waiting
"""

from headwater.keras.trainers.batches.arrays import ArrayBatches, split_for_validation
from headwater.keras.trainers.batches.class_weights import class_weights_of
from headwater.keras.trainers.batches.epochs import Epochs
from headwater.keras.trainers.batches.report import DataReport
from headwater.keras.trainers.batches.sources import make_batches
from headwater.keras.trainers.batches.streams import StreamBatches, unbatched
from headwater.keras.trainers.batches.tensors import as_tensor, is_array_like
from headwater.keras.utils.datasets import pack_x_y_sample_weight as pack
from headwater.keras.utils.datasets import unpack_x_y_sample_weight as unpack
