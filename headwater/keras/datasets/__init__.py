"""`keras.datasets`: the well-known sets, read from the cache; nothing is downloaded."""

from headwater.keras.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)
