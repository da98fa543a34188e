"""`keras.constraints`: what weights are brought back to after each update."""

from headwater.keras.constraints.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from headwater.keras.constraints.registry import ALL_OBJECTS_DICT, deserialize, get, serialize

max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm
