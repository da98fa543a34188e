"""`keras.preprocessing`: the older names of helpers for images and sequences."""

from headwater.keras.preprocessing import image, sequence
