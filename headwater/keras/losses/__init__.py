"""`keras.losses`: what training makes small."""

from headwater.keras.losses.alignment import CTC, ctc
from headwater.keras.losses.base import Loss, LossFunctionWrapper, apply_mask, match_ranks, reduce_weighted
from headwater.keras.losses.contrastive import Circle, circle
from headwater.keras.losses.crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from headwater.keras.losses.labels import check_labels
from headwater.keras.losses.margin import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from headwater.keras.losses.overlap import Dice, Tversky, dice, tversky
from headwater.keras.losses.registry import ALL_OBJECTS_DICT, deserialize, get, resolve, serialize
from headwater.keras.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)
