"""Headwater: a deep-learning framework with TensorFlow's low-level API, Keras's high-level one, and a native core."""
