"""`keras.regularizers`: penalties on weights, added to the loss."""

from headwater.keras.regularizers.norms import L1, L1L2, L2, Regularizer
from headwater.keras.regularizers.orthogonal import OrthogonalRegularizer
from headwater.keras.regularizers.registry import ALL_OBJECTS_DICT, deserialize, get, serialize

l1, l2, l1_l2 = L1, L2, L1L2
orthogonal_regularizer = OrthogonalRegularizer
