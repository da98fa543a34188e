"""Layers that shift and scale what passes through them."""
