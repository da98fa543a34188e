"""What may be said of how a pipeline runs."""

from __future__ import annotations

import enum
from typing import Any

from headwater.errors import ArgumentError


class AutoShardPolicy(enum.IntEnum):
    """How a data set would be split among machines."""

    OFF, AUTO, FILE, DATA, HINT = -1, 0, 1, 2, 3


class AutotuneAlgorithm(enum.Enum):
    """How buffers would be sized."""

    DEFAULT, HILL_CLIMB, GRADIENT_DESCENT, MAX_PARALLELISM, STAGE_BASED = range(5)


class ExternalStatePolicy(enum.Enum):
    """What to do about state outside of the pipeline when it is saved."""

    WARN, IGNORE, FAIL = range(3)


class _Settings:
    """Named settings, all of them None until they are set; other names are refused."""

    _names: tuple[str, ...] = ()

    def __init__(self) -> None:
        for name in self._names:
            object.__setattr__(self, name, None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names and not isinstance(getattr(type(self), name, None), property):
            raise AttributeError(f"{type(self).__name__} has no setting {name!r}; it has {', '.join(self._names)}")
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value is not None)
        return f"{type(self).__name__}({shown})"

    def merged(self, other: Any) -> Any:
        """These settings, with what the other sets in their place."""
        found = type(self)()
        for name in self._names:
            own, new = getattr(self, name), getattr(other, name)
            value = own.merged(new) if isinstance(own, _Settings) else own if new is None else new
            object.__setattr__(found, name, value)
        return found


class AutotuneOptions(_Settings):
    """Accepted: buffers and threads are sized by what is measured."""

    _names = ("enabled", "cpu_budget", "ram_budget", "autotune_algorithm", "initial_parallelism", "min_parallelism")


class DistributeOptions(_Settings):
    """Accepted: pipelines run on one machine."""

    _names = ("auto_shard_policy", "num_devices")


class OptimizationOptions(_Settings):
    """Accepted: what a pipeline is made of is decided when it is opened."""

    _names = (
        "apply_default_optimizations", "filter_fusion", "filter_parallelization", "inject_prefetch",
        "map_and_batch_fusion", "map_and_filter_fusion", "map_fusion", "map_parallelization", "noop_elimination",
        "parallel_batch", "seq_interleave_prefetch", "shuffle_and_repeat_fusion",
    )  # fmt: skip


class ServiceOptions(_Settings):
    """Accepted: there is no data service."""

    _names = ("pinned",)


class ThreadingOptions(_Settings):
    """Threads of a pipeline: `private_threadpool_size` bounds the calls of a parallel map that are under way."""

    _names = ("max_intra_op_parallelism", "private_threadpool_size")


class Options(_Settings):
    """How a pipeline runs.

    Attributes:
        deterministic: False lets parallel stages give what is ready first.
        threading: bounds on threads.
        element_timeout: seconds; a function of a parallel map, or the input of a prefetch, that gives nothing for so
            long is a DeadlineExceededError. (Not in TensorFlow.) A function at work for 5 seconds is warned of anyway.
        autotune, experimental_*: accepted.
    Example:
        >>> options = tf.data.Options()
        >>> options.deterministic = False
        >>> tf.data.Dataset.range(3).with_options(options).options().deterministic
        False
    """

    _names = (
        "autotune", "dataset_name", "deterministic", "element_timeout", "experimental_deterministic",
        "experimental_distribute",
        "experimental_external_state_policy", "experimental_optimization", "experimental_service",
        "experimental_slack", "experimental_symbolic_checkpoint", "experimental_threading", "experimental_warm_start",
        "framework_type", "threading",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.autotune = AutotuneOptions()
        self.experimental_distribute = DistributeOptions()
        self.experimental_optimization = OptimizationOptions()
        self.experimental_service = ServiceOptions()
        self.threading = ThreadingOptions()
        object.__setattr__(self, "experimental_threading", self.threading)

    def merge(self, options: Options) -> Options:
        """These options, with what the other ones set in their place.

        Raises: ArgumentError if `options` is none.
        """
        if not isinstance(options, Options):
            raise ArgumentError(f"{options!r} is no tf.data.Options.", fix="pass tf.data.Options().", where="")
        found = self.merged(options)
        object.__setattr__(found, "experimental_threading", found.threading)
        return found

    @property
    def in_order(self) -> bool | None:
        """Whether results come in order, if that was said."""
        return self.deterministic if self.deterministic is not None else self.experimental_deterministic
