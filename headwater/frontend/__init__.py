"""What a user holds: tensors, variables, tapes, traced functions."""
