"""What `tf.signal` consists of: Fourier and cosine transforms, windows, frames, and the mel scale."""
