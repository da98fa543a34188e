"""Every primitive, whole: shape rule, gradient, lowerings, reference and samples, a class each. Lists are derived from
them."""
