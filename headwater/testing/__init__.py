"""Checks for those who write tests: closeness, gradients against finite differences, all rules of a primitive."""

from headwater.testing.closeness import assert_close
from headwater.testing.gradients import check_gradients
from headwater.testing.rules import check_primitive

__all__ = ["assert_close", "check_gradients", "check_primitive"]
