"""`keras.preprocessing.sequence`: sequences of different lengths as one array."""

from headwater.keras.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]
