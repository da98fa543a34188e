"""TensorFlow's `tf.io`: files, and the formats of what is in them."""
