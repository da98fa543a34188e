"""`keras.datasets`: the well-known sets, from the cache, from packages that are installed, or fetched."""

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
