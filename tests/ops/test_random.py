"""Distributions have the distribution functions that they should; keys are independent and repeatable."""

import numpy as np
import pytest
from scipy import stats

from headwater import backends
from headwater.frontend import tensor as _tensor  # noqa: F401 - results are Tensors, which NumPy can read
from headwater.ops import random
from headwater.ops.convert import convert_to_tensor

COUNT = 20000
KEY = 20240607


@pytest.fixture(autouse=True)
def _backend():
    backends.current()  # the one that HEADWATER_BACKEND names


def sample(function, *args, **kwargs):
    """Numbers on the host."""
    return np.asarray(function(random.make_key(KEY), *args, **kwargs))


def assert_distributed(values, distribution):
    """Kolmogorov-Smirnov: a right sampler fails once in ten thousand seeds, and the seed is fixed."""
    assert stats.kstest(np.ravel(values).astype(np.float64), distribution.cdf).pvalue > 1e-4


def assert_counts(values, distribution):
    """Chi-square over the values that are expected at least ten times."""
    values = np.ravel(values).astype(np.int64)
    low, high = int(distribution.ppf(1e-3)), int(distribution.ppf(1 - 1e-3))
    edges = np.arange(low, high + 1)
    expected = distribution.pmf(edges) * values.size
    expected = np.concatenate(
        [[distribution.cdf(low - 1) * values.size], expected, [distribution.sf(high) * values.size]]
    )
    clipped = np.clip(values, low - 1, high + 1) - (low - 1)
    observed = np.bincount(clipped, minlength=expected.size)
    keep = expected >= 10
    rest = np.array([observed[~keep].sum(), expected[~keep].sum()])
    observed, expected = np.append(observed[keep], rest[0]), np.append(expected[keep], rest[1])
    if expected[-1] < 5:
        observed, expected = observed[:-1], expected[:-1] * values.size / expected[:-1].sum()
        expected *= observed.sum() / expected.sum()
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-4


def test_philox_gives_the_known_answers_of_its_authors():
    ones = 2**32 - 1
    assert [hex(w) for w in sample_words((0, 0, 0, 0))] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]
    words = sample_words((ones, ones, ones, ones), block=2**64 - 1)
    assert [hex(w) for w in words] == ["0x408f276d", "0x41c83b0e", "0xa20bc7c6", "0x6d5451fd"]


def sample_words(key, block=0):
    """One block, by the primitive's own rounds."""
    from headwater.primitives.random import _multiply_wide_numpy, philox_blocks

    words = np.array(key, np.uint32)
    low, high = np.array([block & 0xFFFFFFFF], np.uint32), np.array([block >> 32], np.uint32)
    with np.errstate(over="ignore"):
        return [int(w[0]) for w in philox_blocks(words, low, high, _multiply_wide_numpy, np.uint32)]


def test_the_same_key_gives_the_same_numbers_and_another_key_others():
    first, again = sample(random.normal, (100,)), sample(random.normal, (100,))
    np.testing.assert_array_equal(first, again)
    other = np.asarray(random.normal(random.next_key(random.make_key(KEY)), (100,)))
    assert not np.isin(other, first).any()


def test_next_key_carries_into_the_high_word():
    key = convert_to_tensor(np.array([1, 2, 2**32 - 1, 7], np.uint32))
    np.testing.assert_array_equal(np.asarray(random.next_key(key)), [1, 2, 0, 8])
    np.testing.assert_array_equal(np.asarray(random.next_key(key, 2**32 + 3)), [1, 2, 2, 9])


def test_folded_and_split_keys_all_differ():
    key = random.make_key(KEY)
    keys = [tuple(np.asarray(random.fold_in(key, n))) for n in range(200)]
    keys += [tuple(row) for row in np.asarray(random.split(key, 200))]
    assert len(set(keys)) == 400
    number = convert_to_tensor(np.int32(17).reshape(()))
    assert tuple(np.asarray(random.fold_in(key, number))) == keys[17]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_uniform_stays_inside_and_is_uniform(dtype):
    values = sample(random.uniform, (COUNT,), -2.0, 3.0, dtype=dtype).astype(np.float64)
    assert values.min() >= -2 and values.max() < 3
    if dtype.startswith("float") and dtype != "float16":
        assert_distributed(values, stats.uniform(-2, 5))
    assert abs(values.mean() - 0.5) < 0.05


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_is_normal(dtype):
    values = sample(random.normal, (COUNT,), 1.5, 2.0, dtype=dtype)
    assert values.dtype == dtype
    assert_distributed(values, stats.norm(1.5, 2.0))


def test_the_normal_quantile_is_exact_to_float32():
    x = np.concatenate([np.linspace(-0.9999, 0.9999, 4001), 1 - 2.0 ** -np.arange(14, 24), [1e-6, -1e-6]]).astype(
        np.float32
    )
    found = np.asarray(random._quantile(convert_to_tensor(x)))
    np.testing.assert_allclose(found, stats.norm.ppf((1 + x.astype(np.float64)) / 2), rtol=2e-6, atol=1e-7)


def test_truncated_normal_ends_at_two_deviations():
    values = sample(random.truncated_normal, (COUNT,), 1.0, 0.5)
    assert values.min() >= 0 and values.max() <= 2
    assert_distributed(values, stats.truncnorm(-2, 2, 1.0, 0.5))


def test_exponential_and_gumbel():
    assert_distributed(sample(random.exponential, (COUNT,), 3.0), stats.expon(scale=3.0))
    assert_distributed(sample(random.gumbel, (COUNT,)), stats.gumbel_r())


@pytest.mark.parametrize("alpha", [0.05, 0.7, 1.0, 3.5, 120.0])
def test_gamma_is_gamma(alpha):
    assert_distributed(sample(random.gamma, (COUNT,), alpha, dtype="float64"), stats.gamma(alpha))


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (2.0, 5.0), (30.0, 1.0)])
def test_beta_is_beta(alpha, beta):
    assert_distributed(sample(random.beta, (COUNT,), alpha, beta, dtype="float64"), stats.beta(alpha, beta))


@pytest.mark.parametrize("rate", [0.3, 4.0, 9.9, 10.1, 80.0, 1e5])
def test_poisson_is_poisson(rate):
    assert_counts(sample(random.poisson, (COUNT,), rate, dtype="int32"), stats.poisson(rate))


def test_poisson_of_rate_zero_is_zero():
    assert not sample(random.poisson, (10,), 0.0).any()


@pytest.mark.parametrize(
    ("n", "p"), [(1, 0.3), (10, 0.5), (40, 0.02), (100, 0.4), (100, 0.97), (10**6, 0.3), (5, 0.0), (5, 1.0)]
)
def test_binomial_is_binomial(n, p):
    values = sample(random.binomial, (COUNT,), n, p, dtype="int32")
    if p in (0.0, 1.0):
        assert (values == n * p).all()
    else:
        assert values.min() >= 0 and values.max() <= n
        assert_counts(values, stats.binom(n, p))


def test_parameters_broadcast():
    rates = convert_to_tensor(np.array([0.5, 50.0]))
    values = np.asarray(random.poisson(random.make_key(3), (5000, 2), rates))
    np.testing.assert_allclose(values.mean(0), [0.5, 50.0], rtol=0.05)


def test_randint_covers_its_range_evenly():
    values = sample(random.randint, (COUNT,), -3, 5)
    assert values.dtype == np.int32
    assert stats.chisquare(np.bincount(values + 3, minlength=8)).pvalue > 1e-4
    wide = sample(random.randint, (1000,), -(2**62), 2**62, dtype="int64")
    assert abs(wide.astype(float).mean()) < 2**62 / 8


def test_bernoulli_and_dropout_keep_the_mean():
    assert abs(sample(random.bernoulli, 0.3, (COUNT,)).mean() - 0.3) < 0.02
    kept = np.asarray(random.dropout(random.make_key(1), np.ones((200, 100), np.float32), 0.25))
    assert set(np.unique(kept)) == {0.0, np.float32(1 / 0.75)}
    assert abs(kept.mean() - 1) < 0.02
    rows = np.asarray(random.dropout(random.make_key(1), np.ones((200, 100), np.float32), 0.25, noise_shape=(None, 1)))
    assert (rows == rows[:, :1]).all()


def test_categorical_draws_by_softmax():
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-12]], np.float32))
    values = np.asarray(random.categorical(random.make_key(5), logits, 6000))
    assert values.shape == (2, 6000)
    np.testing.assert_allclose(np.bincount(values[0], minlength=3) / 6000, [0.1, 0.2, 0.7], atol=0.03)
    assert values[1].max() == 1


def test_permutation_is_one_and_shuffle_keeps_the_rows():
    assert sorted(sample(random.permutation, 1000)) == list(range(1000))
    x = np.arange(40).reshape(4, 10)
    shuffled = np.asarray(random.shuffle(random.make_key(2), x, axis=1))
    assert (shuffled != x).any()
    np.testing.assert_array_equal(np.sort(shuffled, 1), x)
    orders = [tuple(np.asarray(random.permutation(random.make_key(n), 3))) for n in range(1200)]
    assert stats.chisquare(np.unique(orders, axis=0, return_counts=True)[1]).pvalue > 1e-4
