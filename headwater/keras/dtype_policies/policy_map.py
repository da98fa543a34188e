"""DTypePolicyMap: policies by the path of a layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.dtype_policies import registry
from headwater.keras.dtype_policies.policy import DTypePolicy


class DTypePolicyMap(DTypePolicy, MutableMapping):
    """A policy for each layer whose path matches a pattern, and one for all others.

    Args:
        default_policy: policy (or its name) of layers that no pattern matches; None for the session's.
        policy_map: dict from path, or regular expression for the whole path, to policy.
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, Any] | None = None) -> None:
        if isinstance(default_policy, DTypePolicyMap):
            raise ArgumentError("a map of policies can't be the default of another.", fix="pass a single policy.")
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(f"policy_map must be a dict, not {policy_map!r}")
        self._default_policy_arg = default_policy
        self._default_policy = registry.get(default_policy)
        self._policy_map = policy_map or {}

    @property
    def name(self) -> str:
        """ "map_" and the name of the default policy."""
        return f"map_{self.default_policy.name}"

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that no pattern matches."""
        return self._default_policy

    @property
    def compute_dtype(self) -> str:
        """That of the default policy."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """That of the default policy."""
        return self.default_policy.variable_dtype

    @property
    def quantization_mode(self) -> str | None:
        """That of the default policy."""
        return self.default_policy.quantization_mode

    def __getitem__(self, path: str) -> DTypePolicy:
        if path in self._policy_map:
            return self._policy_map[path]
        matching = [pattern for pattern in self._policy_map if re.fullmatch(pattern, path)]
        if len(matching) > 1:
            raise ArgumentError(
                f"layer {path!r} matches {len(matching)} patterns: {matching}.", fix="make them exclusive."
            )
        return self._policy_map[matching[0]] if matching else self.default_policy

    def __setitem__(self, path: str, policy: Any) -> None:
        if path in self._policy_map:
            raise ArgumentError(f"{path!r} has a policy already: {self._policy_map[path]}.", fix="delete it first.")
        self._policy_map[path] = registry.get(policy)

    def __delitem__(self, path: str) -> None:
        del self._policy_map[path]

    def __contains__(self, path: object) -> bool:
        return path in self._policy_map

    def __len__(self) -> int:
        return len(self._policy_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._policy_map)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        mapping = [(path, policy.name) for path, policy in self._policy_map.items()]
        return f"<DTypePolicyMap default_policy={self._default_policy.name}, mapping={mapping}>"

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this map again."""
        from headwater.keras.saving import serialize_keras_object

        return {"default_policy": self._default_policy_arg, "policy_map": serialize_keras_object(self._policy_map)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> DTypePolicyMap:
        """The map that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        return cls(
            config["default_policy"], deserialize_keras_object(config["policy_map"], custom_objects=custom_objects)
        )


registry.ALL_OBJECTS_DICT["DTypePolicyMap"] = DTypePolicyMap
