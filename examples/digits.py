"""The digits that the examples train on: 1,797 real scans, cleaned, and their principal components.

The components are computed by Headwater's own linear algebra; scikit-learn only hands over the scans.
"""

import numpy as np
from sklearn.datasets import load_digits

import headwater as tf


def load_clean_digits():
    """Images (n, 64) float32 in 0..1 and labels (n,) int64, without blank, broken or repeated scans."""
    images, labels = load_digits(return_X_y=True)
    sound = np.isfinite(images).all(axis=1) & (images.max(axis=1) > 0)
    _, first_of_each = np.unique(images, axis=0, return_index=True)
    keep = np.intersect1d(np.flatnonzero(sound), first_of_each)
    return (images[keep] / 16.0).astype("float32"), labels[keep].astype("int64")


def principal_components(images, count):
    """The mean and scale of each pixel and the `count` directions of greatest variance, (64, count)."""
    mean = tf.reduce_mean(images, axis=0)
    scale = tf.maximum(tf.math.reduce_std(images, axis=0), 0.2)  # faint border pixels stay faint
    standardised = (images - mean) / scale
    covariance = tf.matmul(standardised, standardised, transpose_a=True) / len(images)
    variances, directions = tf.linalg.eigh(covariance)  # in ascending order of variance
    kept = tf.reverse(directions, axis=[1])[:, :count]
    explained = tf.reduce_sum(variances[-count:]) / tf.reduce_sum(variances)
    return mean, scale, kept, float(explained)
