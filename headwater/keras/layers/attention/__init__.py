"""Layers that weigh positions by how well they agree."""
