"""The attention instructions of the native runtime against float64 NumPy, on each instruction set, and their bits for
each number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.testing import assert_close
from tests.native.kernel_runner import KernelRunner
from tests.native.runtime import native


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def restore_threads():
    before = native.num_threads()
    yield
    native.set_num_threads(before)


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def isa(request):
    best, order = native.isa(), ["baseline", "avx2", "avx512"]
    if order.index(request.param) > order.index(best):
        pytest.skip(f"this machine has no {request.param}")
    native.set_isa(request.param)
    yield request.param
    native.set_isa(best)


def expected(g, g_logs, q, k, v, causal, scale, bias=None, mask=None):
    """Attention and its gradients in NumPy, a head at a time."""
    heads, groups = q.shape[2], k.shape[2]
    y, logs = np.zeros((*q.shape[:3], v.shape[3])), np.zeros((q.shape[0], heads, q.shape[1]))
    by_q, by_k, by_v = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    for b in range(q.shape[0]):
        for h in range(heads):
            group = h // (heads // groups)
            qh, kh, vh, gh = q[b, :, h], k[b, :, group], v[b, :, group], g[b, :, h]
            s = scale * qh @ kh.T + (0 if bias is None else bias[b % len(bias), h % bias.shape[1]])
            seen = np.ones(s.shape, bool) if mask is None else np.broadcast_to(mask[b % len(mask), 0], s.shape).copy()
            seen &= np.tri(*s.shape, dtype=bool) if causal else True
            s = np.where(seen, s, -1e30)
            top = s.max(-1, keepdims=True)
            p = np.exp(s - top)
            logs[b, h] = (top + np.log(p.sum(-1, keepdims=True)))[:, 0]
            p /= p.sum(-1, keepdims=True)
            y[b, :, h] = p @ vh
            dp = gh @ vh.T
            ds = p * (dp - (p * dp).sum(-1, keepdims=True) + g_logs[b, h][:, None]) * seen * scale
            by_q[b, :, h] = ds @ kh
            by_k[b, :, group] += ds.T @ qh
            by_v[b, :, group] += p.T @ gh
    return y, logs, by_q, by_k, by_v


def runners(q, k, v, extras, causal, scale, **attrs):
    """The two instructions for such inputs."""
    dtype, rows = q.dtype.name, (q.shape[0], q.shape[2], q.shape[1])
    y = (*q.shape[:3], v.shape[3])
    flags = {name: int(name in extras) for name in ("bias", "mask", "key")}
    attrs = {"causal": int(causal), "scale": scale, "drop_below": 0, "kept": 1.0, **flags, **attrs}
    qkv = [(dtype, x.shape) for x in (q, k, v)]
    more = [(x.dtype.name, x.shape) for x in extras.values()]
    forward = KernelRunner("attention", [*qkv, *more], [(dtype, y), (dtype, rows), (dtype, rows)], **attrs)
    given = [(dtype, y), (dtype, rows), *qkv, (dtype, y), (dtype, rows), (dtype, rows), *more]
    return forward, KernelRunner("attention_gradient", given, qkv, **attrs)


def computed(g, g_logs, q, k, v, extras, causal, scale, **attrs):
    """Results and gradients of the instructions."""
    forward, backward = runners(q, k, v, extras, causal, scale, **attrs)
    y, logs, rest = forward(q, k, v, *extras.values())
    gradients = backward(g, g_logs, q, k, v, y, logs, rest, *extras.values())
    return [y, logs + rest, *gradients]


def arrays(rng, batch, rows, keys, heads, groups, depth, width, dtype="float32"):
    shapes = [
        (batch, rows, heads, width), (batch, heads, rows), (batch, rows, heads, depth), (batch, keys, groups, depth),
        (batch, keys, groups, width),
    ]  # fmt: skip
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


# batch, rows, keys, heads, groups, depth, width
SIZES = [
    (1, 1, 1, 1, 1, 1, 1), (2, 7, 5, 2, 1, 3, 2), (1, 128, 128, 2, 2, 64, 64), (1, 200, 130, 2, 1, 20, 33),
    (1, 97, 300, 1, 1, 65, 40), (1, 65, 700, 1, 1, 128, 16), (2, 129, 129, 4, 2, 8, 100),
]  # fmt: skip


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_results_and_gradients_are_those_of_numpy(rng, isa, sizes, causal):
    given = arrays(rng, *sizes)
    found = computed(*given, {}, causal, 0.3)
    for mine, wanted in zip(found, expected(*[x.astype("float64") for x in given], causal, 0.3)):
        assert_close(mine, wanted, rtol=2e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_biases_and_masks_are_applied(rng, isa, dtype, causal, shared):
    given = arrays(rng, 2, 70, 150, 2, 2, 16, 16, dtype)
    bias = rng.normal(size=(1, 2, 70, 1) if shared else (2, 2, 70, 150)).astype(dtype)
    mask = rng.uniform(size=(2, 1, 1, 150) if shared else (2, 1, 70, 150)) < 0.7
    mask[..., 0] = True
    found = computed(*given, {"bias": bias, "mask": mask}, causal, 0.5)
    wide = [x.astype("float64") for x in given]
    for mine, wanted in zip(found, expected(*wide, causal, 0.5, bias.astype("float64"), mask)):
        assert_close(mine, wanted, rtol=2e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("sizes", [(1, 300, 300, 2, 1, 16, 16), (1, 700, 2500, 2, 2, 64, 64)], ids=str)
@pytest.mark.parametrize("causal", [False, True])
def test_bits_do_not_depend_on_the_number_of_threads(rng, restore_threads, sizes, causal):
    given, bits = arrays(rng, *sizes), []
    for threads in (1, 2, 5):
        native.set_num_threads(threads)
        bits.append([x.tobytes() for x in computed(*given, {}, causal, 0.2)])
    assert bits[0] == bits[1] == bits[2]


def test_dropped_weights_are_those_of_the_random_bits(rng):
    g, g_logs, q, k, v = arrays(rng, 1, 30, 270, 2, 2, 8, 270)
    v[0, :, 0] = v[0, :, 1] = np.eye(270)
    key = np.array([1, 2, 3, 4], "uint32")
    attrs = {"drop_below": 2**31, "kept": 2.0}
    plain = computed(g, g_logs, q, k, v, {}, False, 0.3)[0]
    dropped = computed(g, g_logs, q, k, v, {"key": key}, False, 0.3, **attrs)[0]
    (bits,) = KernelRunner("random_bits", [("uint32", (4,))], [("uint32", (1, 2, 30, 270))])(key)
    kept = (bits >= 2**31).transpose(0, 2, 1, 3)
    assert_close(dropped, np.where(kept, 2 * plain, 0), rtol=1e-5)


def test_memory_is_linear_in_the_length():
    def scratch(length):
        q = np.zeros((1, length, 4, 64), "float32")
        forward, backward = runners(q, q, q, {}, True, 1.0)
        return forward.program.arena_bytes + backward.program.arena_bytes

    assert scratch(8192) <= 2 * scratch(4096) + 4096
    assert scratch(8192) <= 8 * 8192 * 4 * 64 * 4


def test_wrong_shapes_are_refused():
    q, k = np.zeros((1, 4, 3, 8), "float32"), np.zeros((1, 4, 2, 8), "float32")
    with pytest.raises(ValueError, match="multiple of groups"):
        runners(q, k, k, {}, False, 1.0)
    with pytest.raises(ValueError, match="does not broadcast"):
        runners(q, q, q, {"mask": np.ones((1, 1, 1, 3), bool)}, False, 1.0)
