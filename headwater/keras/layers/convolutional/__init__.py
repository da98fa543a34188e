"""Layers whose weights are windows that slide over their inputs."""
