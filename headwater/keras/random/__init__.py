"""`keras.random`: random numbers that follow from a seed."""

from headwater.keras.random.draws import (
    beta,
    binomial,
    categorical,
    dropout,
    gamma,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from headwater.keras.random.seed_generator import SeedGenerator, draw_key, global_seed_generator, make_default_seed
