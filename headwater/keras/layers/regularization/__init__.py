"""Layers that add noise, drop values or add to the loss, while training."""
