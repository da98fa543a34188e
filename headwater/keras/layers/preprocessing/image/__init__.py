"""Layers that change images, with their boxes, masks and labels: a layer a file."""
