"""`keras.optimizers.schedules`: learning rates that follow from the number of steps taken."""

from headwater.keras.optimizers.schedules.base import LearningRateSchedule
from headwater.keras.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from headwater.keras.optimizers.schedules.decay import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from headwater.keras.optimizers.schedules.registry import ALL_OBJECTS_DICT, deserialize, serialize
