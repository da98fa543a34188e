"""Layers that reduce over positions."""
