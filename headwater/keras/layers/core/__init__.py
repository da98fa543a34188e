"""Layers that most models need."""
