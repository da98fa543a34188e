"""`keras.initializers`: the values that variables start with."""

from headwater.keras.initializers.base import Initializer
from headwater.keras.initializers.constant import Constant, Identity, Ones, Zeros
from headwater.keras.initializers.orthogonal import Orthogonal
from headwater.keras.initializers.random import RandomNormal, RandomUniform, TruncatedNormal
from headwater.keras.initializers.registry import ALL_OBJECTS_DICT, deserialize, get, serialize
from headwater.keras.initializers.stft import STFT
from headwater.keras.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)

IdentityInitializer = identity = Identity
OrthogonalInitializer = orthogonal = Orthogonal
STFTInitializer = stft = STFT
constant, ones, zeros = Constant, Ones, Zeros
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling = VarianceScaling
