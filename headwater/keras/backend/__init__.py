"""`keras.backend`: what scripts written for older versions call."""

from headwater.keras.backend.session import clear_session
from headwater.keras.backend.standard import (
    is_float_dtype,
    is_int_dtype,
    is_keras_tensor,
    result_type,
    standardize_dtype,
)
from headwater.keras.settings import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from headwater.keras.utils.naming import get_uid
