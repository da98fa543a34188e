"""What the cells that drop inputs or states while training share."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random


class DropoutRNNCell:
    """Mixed into a cell: dropout masks that are the same for all steps of a batch.

    The cell has the attributes `dropout`, `recurrent_dropout` (rates) and `seed_generator`; with `dropout_mask_count`
    it gets a list of so many masks in place of one.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: Any
    dropout_mask_count: int | None = None

    def _create_dropout_mask(self, step_input: Any, rate: float) -> Any:
        ones = ops.ones_like(step_input)
        count = self.dropout_mask_count or 1
        masks = [random.dropout(ones, rate=rate, seed=self.seed_generator) for _ in range(count)]
        return masks if self.dropout_mask_count else masks[0]

    def get_dropout_mask(self, step_input: Any) -> Any:
        """What the inputs of a step are multiplied by: made at the first step, then the same; None without dropout."""
        if self.__dict__.get("_dropout_mask") is None and self.dropout > 0:
            self.__dict__["_dropout_mask"] = self._create_dropout_mask(step_input, self.dropout)
        return self.__dict__.get("_dropout_mask")

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """The same for the states."""
        if self.__dict__.get("_recurrent_dropout_mask") is None and self.recurrent_dropout > 0:
            self.__dict__["_recurrent_dropout_mask"] = self._create_dropout_mask(step_input, self.recurrent_dropout)
        return self.__dict__.get("_recurrent_dropout_mask")

    def reset_dropout_mask(self) -> None:
        """Forget the mask of the inputs: the next batch gets another."""
        self.__dict__["_dropout_mask"] = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the mask of the states."""
        self.__dict__["_recurrent_dropout_mask"] = None
