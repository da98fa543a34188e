"""Weights of samples by their class."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import tree
from headwater.errors import ArgumentError


def class_weights_of(y: Any, class_weight: dict[int, float]) -> np.ndarray:
    """The weight of each sample, by the class that its target names.

    Args:
        y: whole numbers, or one-hot rows.
        class_weight: dict from class to weight; classes that it lacks weigh 1.
    """
    if tree.is_nested(y):
        raise ArgumentError(
            "class_weight works for a model of one output.", fix="pass sample_weight instead.", where=""
        )
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(axis=-1) if labels.shape[-1] > 1 else labels[..., 0]
    labels = labels.astype(np.int64)
    if labels.min(initial=0) < 0:
        raise ArgumentError(
            f"class_weight is given, and the target {labels.min()} is no class.", fix="number classes from 0.", where=""
        )
    size = max(int(labels.max(initial=0)), max(map(int, class_weight), default=0)) + 1
    table = np.ones(size, dtype=np.float32)
    for label, weight in class_weight.items():
        table[int(label)] = weight
    return table[labels]


def refuse_both(sample_weight: Any) -> None:
    """Raise if sample weights are given beside class weights."""
    if sample_weight is not None:
        raise ArgumentError("both class_weight and sample_weight are given.", fix="give one of them.", where="")
