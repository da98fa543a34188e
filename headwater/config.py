"""TensorFlow's `tf.config`: which devices there are, and how functions run."""

from __future__ import annotations

from typing import Any, NamedTuple

from headwater.errors import ArgumentError
from headwater.frontend.function import functions_run_eagerly, run_functions_eagerly

__all__ = [
    "LogicalDevice", "PhysicalDevice", "experimental", "functions_run_eagerly", "get_visible_devices",
    "list_logical_devices",
    "list_physical_devices", "run_functions_eagerly", "set_soft_device_placement", "set_visible_devices", "threading",
]  # fmt: skip


class PhysicalDevice(NamedTuple):
    """A device that the machine has."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as programs see it."""

    name: str
    device_type: str


_PHYSICAL = PhysicalDevice("/physical_device:CPU:0", "CPU")
_LOGICAL = LogicalDevice("/device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of a type ("CPU", "GPU", "TPU"), or all: the processor is the one that is served."""
    return [_PHYSICAL] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices of a type as programs see them."""
    return [_LOGICAL] if device_type in (None, "CPU") else []


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that programs use."""
    return list_physical_devices(device_type)


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Choose the devices that programs use: the processor is always among them."""
    for device in devices if isinstance(devices, (list, tuple)) else [devices]:
        if device is not None and getattr(device, "device_type", "CPU") != "CPU":
            raise ArgumentError(f"there is no device {device}.", fix="choose among tf.config.list_physical_devices().")


def set_soft_device_placement(enabled: bool) -> None:
    """Accepted: everything runs where it can."""


def get_soft_device_placement() -> bool:
    """True: everything runs where it can."""
    return True


class _Threading:
    """How many threads work."""

    @staticmethod
    def set_intra_op_parallelism_threads(num_threads: int) -> None:
        """Let at most so many threads work on one operation; 0 for as many as there are cores."""
        from headwater.backends import get

        get("cpu").set_num_threads(int(num_threads))

    @staticmethod
    def get_intra_op_parallelism_threads() -> int:
        """How many threads work on one operation."""
        from headwater.backends import get

        return get("cpu").num_threads()

    @staticmethod
    def set_inter_op_parallelism_threads(num_threads: int) -> None:
        """Accepted: operations run one after another."""

    @staticmethod
    def get_inter_op_parallelism_threads() -> int:
        """1: operations run one after another."""
        return 1


class _Experimental:
    """Older names."""

    list_physical_devices = staticmethod(list_physical_devices)
    list_logical_devices = staticmethod(list_logical_devices)
    set_visible_devices = staticmethod(set_visible_devices)

    @staticmethod
    def set_memory_growth(device: Any, enable: bool) -> None:
        """Accepted: memory is taken when it is needed, always."""

    @staticmethod
    def get_memory_growth(device: Any) -> bool:
        """True: memory is taken when it is needed, always."""
        return True

    @staticmethod
    def enable_op_determinism() -> None:
        """Accepted: operations are deterministic, always."""


threading = _Threading()
experimental = _Experimental()
experimental_run_functions_eagerly = run_functions_eagerly
