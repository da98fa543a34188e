"""`keras.dtype_policies`: in which dtype layers compute and keep their variables."""

from headwater.keras.dtype_policies.policy import DTypePolicy, FloatDTypePolicy, dtype_policy, set_dtype_policy
from headwater.keras.dtype_policies.policy_map import DTypePolicyMap
from headwater.keras.dtype_policies.quantized import (
    AWQDTypePolicy,
    GPTQDTypePolicy,
    Int4DTypePolicy,
    QuantizedDTypePolicy,
    QuantizedFloat8DTypePolicy,
)
from headwater.keras.dtype_policies.registry import ALL_OBJECTS_DICT, deserialize, get, serialize
