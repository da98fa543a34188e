"""`keras.optimizers`: how gradients change weights."""

from headwater.keras.optimizers import legacy, schedules
from headwater.keras.optimizers.adadelta import Adadelta
from headwater.keras.optimizers.adafactor import Adafactor
from headwater.keras.optimizers.adagrad import Adagrad
from headwater.keras.optimizers.adam import Adam
from headwater.keras.optimizers.adamax import Adamax
from headwater.keras.optimizers.adamw import AdamW
from headwater.keras.optimizers.base import Optimizer
from headwater.keras.optimizers.ftrl import Ftrl
from headwater.keras.optimizers.lamb import Lamb
from headwater.keras.optimizers.lion import Lion
from headwater.keras.optimizers.loss_scale import LossScaleOptimizer
from headwater.keras.optimizers.multi import MultiOptimizer, OptimizerMap
from headwater.keras.optimizers.muon import Muon
from headwater.keras.optimizers.nadam import Nadam
from headwater.keras.optimizers.registry import ALL_OBJECTS_DICT, deserialize, get, serialize
from headwater.keras.optimizers.rmsprop import RMSprop
from headwater.keras.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from headwater.keras.optimizers.sgd import SGD
