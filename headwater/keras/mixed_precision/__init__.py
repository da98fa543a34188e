"""`keras.mixed_precision`: the older names of dtype policies."""

from headwater.keras.dtype_policies.policy import DTypePolicy, dtype_policy, set_dtype_policy
from headwater.keras.optimizers.loss_scale import LossScaleOptimizer

Policy = DTypePolicy
global_policy, set_global_policy = dtype_policy, set_dtype_policy
