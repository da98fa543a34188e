"""Calls whose results must be those of real Keras: function by function, with generators of arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

NAN, INF = float("nan"), float("inf")


class Case(NamedTuple):
    """One call. `rtol` is looser than 1e-5 only where a function magnifies rounding; `dtypes` False where "
    "Keras's backends differ."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    rtol: float = 1e-5
    atol: float = 1e-6
    dtypes: bool = True

    @property
    def label(self) -> str:
        """A name for the report of a test."""
        shown = ",".join(f"{a.dtype}{list(a.shape)}" if isinstance(a, np.ndarray) else str(a)[:24] for a in self.args)
        named = "".join(f",{name}={str(value)[:16]}" for name, value in self.kwargs.items())
        return f"{self.name}({shown}{named})"


def case(name: str, *args: Any, rtol: float = 1e-5, atol: float = 1e-6, dtypes: bool = True, **kwargs: Any) -> Case:
    """A call with its tolerances."""
    return Case(name, args, kwargs, rtol, atol, dtypes)


def words(text: str) -> list[str]:
    """The names in a line."""
    return text.split()


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {
        "f": rng.normal(size=(3, 4)).astype("float32"),
        "g": rng.normal(size=(3, 4)).astype("float32"),
        "row": rng.normal(size=(4,)).astype("float32"),
        "cube": rng.normal(size=(2, 3, 4)).astype("float32"),
        "unit": rng.uniform(-0.9, 0.9, (3, 4)).astype("float32"),
        "pos": rng.uniform(0.1, 3, (3, 4)).astype("float32"),
        "big": rng.uniform(1.1, 3, (3, 4)).astype("float32"),
        "i": rng.integers(-9, 9, (3, 4)).astype("int32"),
        "j": rng.integers(1, 9, (3, 4)).astype("int32"),
        "u": rng.integers(0, 200, (3, 4)).astype("uint8"),
        "s": rng.integers(-9, 9, (3, 4)).astype("int8"),
        "b": rng.random((3, 4)) < 0.5,
        "c": rng.random((3, 4)) < 0.5,
        "nan": np.where(rng.random((3, 4)) < 0.3, np.nan, rng.normal(size=(3, 4))).astype("float32"),
        "odd": np.array([NAN, INF, -INF, 0.0, -0.0, 1.5], "float32"),
        "z": (rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))).astype("complex64"),
        "h": rng.normal(size=(3, 4)).astype("float16"),
        "square": rng.normal(size=(2, 4, 4)).astype("float32") + 3 * np.eye(4, dtype="float32"),
        "spd": np.eye(4, dtype="float32") * 4 + 0.3,
    }


A = _arrays()


def _unary() -> Iterator[Case]:
    any_real = (
        "negative absolute abs sign square floor ceil trunc round sin cos tan sinh cosh tanh arcsinh arctan exp exp2 "
        "expm1 isnan isinf isfinite deg2rad rad2deg logical_not signbit sinc fabs isposinf isneginf isreal copy ravel "
        "ones_like zeros_like conj real imag angle cbrt"
    )
    for name in any_real.split():
        yield case(name, A["f"])
        if name not in ("isposinf", "isneginf"):
            yield case(name, A["i"], dtypes=name not in ("deg2rad",))
    for name in words("floor ceil trunc sign signbit isnan isinf isfinite isposinf isneginf nan_to_num"):
        yield case(name, A["odd"])
    for name in ["sqrt", "log", "log2", "log10", "log1p", "reciprocal", "rsqrt"]:
        yield case(name, A["pos"])
        if name != "rsqrt":
            yield case(name, A["j"])
    for name in ["arcsin", "arccos", "arctanh", "erf", "erfc", "erfinv"]:
        yield case(name, A["unit"])
    yield case("arccosh", A["big"])
    yield case("i0", A["f"])
    yield case("i0", 9 * A["f"], rtol=2e-5)
    for name in ["negative", "absolute", "square", "sign", "exp", "log1p", "sqrt"]:
        yield case(name, np.abs(A["h"]) if name == "sqrt" else A["h"], rtol=2e-3)
    for name in ["absolute", "negative", "conj", "real", "imag", "angle", "exp", "square"]:
        yield case(name, A["z"])
    yield case("round", 10 * A["f"], 1)
    yield case("round", 100 * A["f"], -1)
    yield case("round", 11 * A["i"], -1)
    yield case("clip", A["f"], -0.5, 0.5)
    yield case("clip", A["i"], -2, 3)
    yield case("clip", A["i"], -2.5, 3)
    yield case("clip", A["f"], A["row"] - 1, A["row"])
    yield case("nan_to_num", A["odd"], nan=1.0, posinf=9.0, neginf=-9.0)
    yield case("bitwise_not", A["i"])
    yield case("bitwise_invert", A["b"])
    yield case("view", A["f"], "int32")
    yield case("cast", A["f"], "int32")
    yield case("cast", A["f"], "bool")
    yield case("saturate_cast", 100 * A["f"], "uint8")
    yield case("saturate_cast", 300 * A["i"], "int8")
    yield case("view_as_real", A["z"])
    yield case("view_as_complex", A["f"].reshape(2, 3, 2))


def _binary() -> Iterator[Case]:
    for name in words(
        "add subtract multiply divide true_divide maximum minimum equal not_equal less less_equal greater greater_equal"
    ):
        yield case(name, A["f"], A["g"])
        yield case(name, A["f"], A["row"])
        yield case(name, A["i"], A["f"])
        yield case(name, A["i"], 2)
        yield case(name, A["i"], 2.5)
        yield case(name, 2.5, A["h"], rtol=2e-3)
    yield case("arctan2", A["f"], A["row"])
    yield case("arctan2", A["i"], A["j"])
    for name in ["floor_divide", "mod", "fmod"]:
        yield case(name, A["i"], A["j"])
        yield case(name, A["f"], A["pos"])
    for name in ["logical_and", "logical_or", "logical_xor"]:
        yield case(name, A["b"], A["c"])
        yield case(name, A["f"], A["i"])
    for name in ["bitwise_and", "bitwise_or", "bitwise_xor"]:
        yield case(name, A["i"], A["j"])
        yield case(name, A["b"], A["c"])
    for name in ["left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift"]:
        yield case(name, A["i"], A["j"] % 4)
        yield case(name, A["i"], 2)
    yield case("power", A["pos"], A["g"])
    yield case("power", A["f"], 2)
    yield case("power", A["j"], 2)
    yield case("power", A["pos"], 0.5)
    yield case("power", A["j"], A["pos"])
    for name in ["fmax", "fmin"]:
        yield case(name, A["nan"], A["f"])
        yield case(name, A["i"], A["j"])
    for name in ["logaddexp", "logaddexp2", "hypot", "heaviside"]:
        yield case(name, A["f"], A["g"])
        yield case(name, A["i"], A["j"])
    yield case("heaviside", A["odd"], 0.5)
    yield case("gcd", A["i"], A["j"])
    yield case("lcm", A["i"], A["j"])
    yield case("ldexp", A["f"], A["i"])
    yield case("nextafter", A["f"], A["g"])
    yield case("divide_no_nan", A["f"], np.array([0, 1, 0, 2], "float32"))
    yield case("isclose", A["f"], A["f"] + np.float32(1e-6))
    yield case("isclose", A["odd"], A["odd"])
    yield case("isclose", A["odd"], A["odd"], equal_nan=True)
    yield case("isclose", A["f"], A["g"], rtol=0.5)
    yield case("allclose", A["f"], A["f"])
    yield case("isin", A["i"], np.array([1, 2, 3], "int32"))
    yield case("isin", A["i"], np.array([1, 2, 3], "int32"), invert=True)
    yield case("psnr", A["f"], A["g"], 2.0)
    yield case("polar", A["pos"], A["g"])
    yield case("add", A["b"], A["c"])
    yield case("multiply", A["b"], A["c"])
    yield case("maximum", A["b"], A["c"])


def _shapes() -> Iterator[Case]:
    cube = A["cube"]
    yield case("reshape", cube, (4, -1))
    yield case("reshape", cube, -1)
    yield case("transpose", cube)
    yield case("transpose", cube, (1, 2, 0))
    yield case("swapaxes", cube, 0, -1)
    yield case("moveaxis", cube, 0, -1)
    yield case("moveaxis", cube, (0, 1), (-1, -2))
    yield case("expand_dims", cube, 1)
    yield case("expand_dims", cube, (0, -1))
    yield case("squeeze", cube[:1])
    yield case("squeeze", cube[:, :1], 1)
    yield case("broadcast_to", A["row"], (2, 3, 4))
    yield case("concatenate", [A["f"], A["g"]], axis=1)
    yield case("concatenate", [A["f"], A["i"]], axis=0)
    yield case("stack", [A["f"], A["g"]], axis=-1)
    yield case("hstack", [A["f"], A["g"]])
    yield case("hstack", [A["row"], A["row"]])
    yield case("vstack", [A["row"], A["f"]])
    yield case("dstack", [A["f"], A["g"]])
    yield case("append", A["f"], A["i"])
    yield case("append", A["f"], A["g"], axis=1)
    yield case("split", cube, 2, axis=2)
    yield case("split", cube, [1, 3], axis=-1)
    yield case("array_split", A["row"], 3)
    yield case("hsplit", A["f"], 2)
    yield case("vsplit", cube, 2)
    yield case("dsplit", cube, 2)
    yield case("unstack", A["f"], axis=1)
    yield case("tile", A["f"], 2)
    yield case("tile", A["row"], (2, 3))
    yield case("tile", cube, (2, 1))
    yield case("repeat", A["f"], 2)
    yield case("repeat", A["f"], 3, axis=1)
    yield case("repeat", A["f"], np.array([1, 0, 2]), axis=0)
    for shift, axis in ((1, None), (-2, 1), ((1, 2), (0, 1)), (5, 0)):
        yield case("roll", A["f"], shift, axis)
    yield case("flip", cube)
    yield case("flip", cube, (0, 2))
    yield case("fliplr", A["f"])
    yield case("flipud", A["f"])
    for k in range(-1, 5):
        yield case("rot90", cube, k, axes=(0, 2))
    yield case("meshgrid", A["row"], A["row"][:3])
    yield case("meshgrid", A["row"], A["row"][:3], A["row"][:2], indexing="ij")
    for k in (-2, 0, 1, 9):
        yield case("diagonal", A["f"], k)
        yield case("diagonal", cube, k % 3, 1, 2)
        yield case("tril", cube, k)
        yield case("triu", A["f"], k)
        yield case("trace", cube, k % 3, 0, 2)
    for k in (-2, 0, 1):
        yield case("diag", A["row"], k)
        yield case("diag", A["f"], k)
        yield case("diagflat", A["f"], k)
    for mode in (
        "constant",
        "edge",
        "reflect",
        "symmetric",
        "wrap",
        "maximum",
        "mean",
        "median",
        "minimum",
        "linear_ramp",
    ):
        yield case("pad", A["f"], ((1, 2), (2, 0)), mode=mode)
    for mode in ("reflect", "symmetric", "wrap", "edge"):
        yield case("pad", A["row"], (9, 7), mode=mode)
    yield case("pad", A["i"], 1, constant_values=3)
    yield case("vander", A["row"])
    yield case("vander", np.arange(4, dtype="int32"), 3, increasing=True)
    yield case("depth_to_space", cube.reshape(1, 2, 3, 4), 2)
    yield case("depth_to_space", cube.reshape(1, 4, 2, 3), 2, data_format="channels_first")
    yield case("space_to_depth", cube.reshape(1, 2, 4, 3), 2)
    yield case("space_to_depth", cube.reshape(1, 3, 2, 4), 2, data_format="channels_first")
    yield case("rearrange", cube, "b (h w) c -> b c h w", h=3)
    yield case("rearrange", cube, "a b c -> (a b) c")


def _reductions() -> Iterator[Case]:
    for name in words(
        "sum prod mean var std max min amax amin ptp any all logsumexp median nansum nanprod "
        "nanmean nanvar nanstd nanmax nanmin nanmedian"
    ):
        yield case(name, A["f"])
        yield case(name, A["cube"], axis=1)
        yield case(name, A["cube"], axis=(0, 2), keepdims=True)
        yield case(name, A["cube"], axis=-1)
        if name not in ("logsumexp", "prod", "nanprod"):
            yield case(name, A["i"], axis=0)
        yield case(name, A["nan"], axis=1)
        if name in ("sum", "prod", "mean", "max", "min", "any", "all"):
            yield case(name, A["b"], axis=0)
            yield case(name, A["u"], axis=0)
            yield case(name, A["s"], axis=1)
        if name in ("sum", "mean", "var", "max"):
            yield case(name, A["h"], axis=1, rtol=3e-3, atol=2e-3)
    yield case("max", A["f"], initial=5.0)
    yield case("min", np.zeros((0, 3), "float32"), axis=0, initial=2.0)
    yield case("prod", A["i"], dtype="float32")
    for name in ["argmax", "argmin"]:
        yield case(name, A["f"])
        yield case(name, A["cube"], axis=1)
        yield case(name, A["i"], axis=-1, keepdims=True)
    for name in ["nanargmax", "nanargmin"]:
        yield case(name, A["nan"], axis=1)
        yield case(name, A["f"], axis=0)
    for name in ["cumsum", "cumprod", "nancumsum", "nancumprod"]:
        yield case(name, A["f"])
        yield case(name, A["nan"], axis=1)
        yield case(name, A["i"], axis=0)
        yield case(name, A["b"], axis=0)
    yield case("cumsum", A["i"], axis=0, dtype="float32")
    yield case("count_nonzero", A["i"])
    yield case("count_nonzero", A["i"], axis=1)
    yield case("average", A["f"], axis=1)
    yield case("average", A["f"], axis=1, weights=np.abs(A["row"]))
    yield case("average", A["i"], weights=A["j"])
    for method in ("linear", "lower", "higher", "midpoint", "nearest"):
        for name, q in (("quantile", 0.3), ("percentile", 30.0), ("nanquantile", 0.3), ("nanpercentile", 30.0)):
            yield case(name, A["cube"], q, axis=2, method=method)
    for name in ("quantile", "nanquantile"):
        yield case(name, A["f"], np.array([0.1, 0.5, 1.0], "float32"), axis=0, keepdims=True)
        yield case(name, A["nan"], np.array([0.25, 0.5], "float32"), axis=1)
        yield case(name, A["f"], 0.4)
    yield case("norm", A["f"])
    for order in (1, 2, 3, 0, INF, -INF):
        yield case("norm", A["cube"], order, axis=1)
    for order in ("fro", "nuc", 1, -1, 2, -2, INF, -INF):
        yield case("norm", A["cube"], order, axis=(1, 2), keepdims=order == 1)
    yield case("diff", A["f"])
    yield case("diff", A["cube"], 2, axis=1)
    yield case("trapezoid", A["f"])
    yield case("trapezoid", A["f"], np.sort(A["row"]))
    yield case("trapezoid", A["f"], dx=0.5, axis=0)
    yield case("histogram", A["f"].ravel(), 5)
    yield case("histogram", A["f"].ravel(), 4, range=(-1.0, 1.0))
    yield case("histogram", A["i"].ravel(), 4)
    yield case("bincount", np.array([0, 3, 1, 3], "int32"), minlength=6)
    yield case("bincount", np.array([0, 3, 1, 3], "int32"), weights=A["row"])
    yield case("bincount", np.array([[0, 2], [1, 1]], "int32"), minlength=3)
    yield case("corrcoef", A["f"])
    for mode in ("valid", "same", "full"):
        yield case("correlate", A["f"][0], A["g"][0][:3], mode=mode)
        yield case("correlate", A["g"][0][:2], A["f"][0], mode=mode)
        yield case("correlate", A["g"][0][:3], A["f"][0], mode=mode)
        yield case("correlate", A["f"][0], A["g"][0][:2], mode=mode)
    yield case("cdist", A["f"], A["g"][:2])


def _creation() -> Iterator[Case]:
    for name in ("zeros", "ones"):
        yield case(name, (2, 3))
        yield case(name, (2, 3), "int32")
    yield case("full", (2, 2), 3)
    yield case("full", (2, 2), 1.5, dtype="float16")
    yield case("full_like", A["i"], 2.7)
    yield case("full_like", A["f"], 2, dtype="int32")
    yield case("arange", 5)
    yield case("arange", 1, 9, 2)
    yield case("arange", 0.0, 1.0, 0.25)
    yield case("arange", 5, 0, -2)
    yield case("arange", 3, dtype="float32")
    yield case("linspace", 0.0, 1.0, 7)
    yield case("linspace", 0, 5, 4, endpoint=False)
    yield case("linspace", A["row"], 2.0, 3, axis=-1)
    yield case("linspace", 0.0, 1.0, 5, retstep=True)
    yield case("linspace", 0, 9, 4, dtype="int32")
    yield case("logspace", 0.0, 2.0, 5)
    yield case("logspace", 0.0, 2.0, 5, base=2.0)
    yield case("geomspace", 1.0, 100.0, 5)
    for k in (-1, 0, 2):
        yield case("eye", 3, 4, k)
        yield case("tri", 3, 4, k)
    yield case("identity", 3)
    for name in ("bartlett", "blackman", "hamming", "hanning"):
        yield case(name, 9)
    yield case("kaiser", 9, 3.5)


def _indexing() -> Iterator[Case]:
    f, cube = A["f"], A["cube"]
    yield case("take", f, np.array([0, 2, -1], "int32"), axis=1)
    yield case("take", f, np.array([[0, 5], [11, 3]], "int32"))
    yield case("take", cube, 1, axis=1)
    yield case("take_along_axis", f, np.argsort(f, 1).astype("int32"), axis=1)
    yield case("take_along_axis", f, np.array([[0], [1], [-1]], "int32"), axis=1)
    yield case("where", A["b"], f, A["g"])
    yield case("where", A["b"], f, 0)
    yield case("where", A["i"], 1, 2.5)
    yield case("nonzero", A["i"])
    yield case("select", [A["b"], A["c"]], [f, A["g"]], 7.0)
    yield case("scatter", np.array([[0, 1], [2, 3], [0, 1]], "int32"), np.array([1, 2, 3], "float32"), (3, 4))
    yield case("scatter", np.array([[1], [0]], "int32"), f[:2], (3, 4))
    for reduction in (None, "add", "max", "min", "mul"):
        yield case(
            "scatter_update", f, np.array([[0, 1], [2, 3]], "int32"), np.array([1, -2], "float32"), reduction=reduction
        )
        yield case("scatter_update", f, np.array([[2], [0]], "int32"), A["g"][:2], reduction=reduction)
    yield case("slice", cube, (0, 1, 1), (2, 2, 3))
    yield case("slice", cube, np.array([1, 0, 2]), (1, 3, 2))
    yield case("slice_update", f, (1, 2), np.ones((2, 2), "float32"))
    yield case("unravel_index", np.array([0, 5, 11], "int32"), (3, 4))
    yield case("get_item", cube, (slice(None), -1, None))
    yield case("sort", cube, axis=1)
    yield case("sort", A["nan"])
    yield case("argsort", f)
    yield case("argsort", A["i"], axis=0)
    yield case("top_k", f, 2)
    yield case("top_k", A["i"], 3)
    yield case("in_top_k", np.array([0, 2, 3], "int32"), f, 2)
    for side in ("left", "right"):
        yield case("searchsorted", np.sort(A["row"]), f, side=side)
        yield case("searchsorted", np.array([1, 3, 3, 5], "int32"), np.array([3, 0, 9], "int32"), side=side)
    yield case("digitize", f, np.array([-1.0, 0.0, 1.0], "float32"))
    yield case("digitize", f, np.array([1.0, 0.0, -1.0], "float32"))
    yield case("unique", A["i"])
    yield case("unique", A["i"], return_index=True, return_inverse=True, return_counts=True)
    yield case("unique", np.array([[1, 2], [3, 4], [1, 2]], "int32"), axis=0)
    yield case("unique", A["i"], size=4)
    yield case("unique", np.array([1, 2, 1], "int32"), size=4, fill_value=9)
    yield case("segment_sum", f, np.array([0, 2, 0], "int32"), num_segments=4)
    yield case("segment_max", f, np.array([0, 2, 0], "int32"), num_segments=4)
    yield case("segment_min", f, np.array([0, 2, 0], "int32"), num_segments=4)
    yield case("segment_prod", f, np.array([0, 2, 0], "int32"), num_segments=4)
    yield case("segment_sum", A["i"][0], np.array([0, 9, 1, 1], "int32"), num_segments=2)


def _linear() -> Iterator[Case]:
    f, g, cube = A["f"], A["g"], A["cube"]
    yield case("matmul", f, g.T)
    yield case("matmul", cube, g.T)
    yield case("matmul", f, A["row"])
    yield case("matmul", A["row"], g.T)
    yield case("matmul", A["row"], A["row"])
    yield case("matmul", cube, cube.transpose(0, 2, 1))
    yield case("matmul", cube[:, None], cube.transpose(0, 2, 1))
    yield case("matmul", A["row"], cube.transpose(0, 2, 1))
    yield case("matmul", A["i"], A["j"].T)
    yield case("matmul", A["s"], A["s"].T)
    yield case("matmul", A["i"], g.T)
    yield case("dot", f, g.T)
    yield case("dot", cube, cube.transpose(0, 2, 1))
    yield case("dot", A["row"], A["row"])
    yield case("dot", f, 2.0)
    yield case("inner", cube, f)
    yield case("outer", f, A["row"])
    yield case("vdot", f, g)
    yield case("vdot", A["z"], A["z"])
    yield case("tensordot", cube, cube, axes=((0, 1), (0, 1)))
    yield case("tensordot", cube, g.T, axes=1)
    yield case("tensordot", f, g, axes=2)
    yield case("tensordot", f, g, axes=0)
    yield case("kron", f, g[:2, :2])
    yield case("kron", A["row"], f)
    yield case("cross", f[:, :3], g[:, :3])
    yield case("cross", f[:, :2], g[:, :2])
    yield case("cross", f[:, :2], g[:, :3])
    yield case("cross", f[:3].T, g[:3].T[0])
    yield case("cross", f, g, axis=0)
    for text, *operands in (
        ("ij,jk->ik", f, g.T),
        ("ij,kj", f, g),
        ("bij,bkj->bik", cube, cube),
        ("bij,bij->b", cube, cube),
        ("ii->i", f[:, :3]),
        ("ii", f[:, :3]),
        ("ij->ji", f),
        ("ij->", f),
        ("...ij,...kj->...ik", cube, f),
        ("b...j,jk->b...k", cube, g.T),
        ("i,j->ij", A["row"], A["row"]),
        ("ij,jk,kl->il", f, g.T, f),
        ("bqd,bkd,bkv->bqv", cube, cube, cube),
        ("ij,ij->ij", f, g),
        ("abc,abc->c", cube, cube),
        ("ij,k->k", f, A["row"]),
        ("iij,jk->ik", np.stack([f, g, f])[:, :, :3], f.T[:3]),
    ):
        yield case("einsum", text, *operands)
    yield case("einsum", "ij,jk->ik", A["s"], A["s"].T)


def _linalg() -> Iterator[Case]:
    square, spd = A["square"], A["spd"]
    yield case("cholesky", spd)
    yield case("cholesky", spd, upper=True)
    yield case("cholesky_inverse", np.linalg.cholesky(spd))
    yield case("det", square, rtol=1e-4)
    yield case("slogdet", square)
    yield case("logdet", square)
    yield case("inv", square, rtol=1e-4)
    yield case("solve", square, A["cube"].reshape(2, 4, 3), rtol=1e-4)
    yield case("solve", spd, A["row"][:, None])
    yield case("solve_triangular", np.linalg.cholesky(spd), A["f"].T, lower=True)
    yield case("svd", square, compute_uv=False)
    yield case("lstsq", A["f"].T, A["g"].T, rtol=1e-4)
    yield case("lstsq", A["f"], A["row"][:3], rtol=1e-4)
    yield case("matrix_rank", square)
    yield case("matrix_rank", np.outer(A["row"], A["row"]))
    yield case("pinv", A["f"], rtol=1e-4)
    yield case("lu_factor", square)


def _signal() -> Iterator[Case]:
    x = np.random.default_rng(3).normal(size=(2, 40)).astype("float32")
    pair = (A["f"], A["g"])
    for name in ("fft", "fft2", "ifft2"):
        yield case(name, pair, atol=1e-5)
    yield case("rfft", x, atol=1e-5)
    yield case("rfft", x, 16, atol=1e-5)
    yield case("rfft", x, 50, atol=1e-5)
    yield case("irfft", pair, atol=1e-5)
    yield case("irfft", pair, 5, atol=1e-5)
    yield case("extract_sequences", x, 8, 3)
    for window in ("hann", "hamming", None):
        for center in (True, False):
            yield case("stft", x, 8, 4, 10, window=window, center=center, atol=1e-5)


ACTIVATIONS = words(
    "relu relu6 sigmoid sparse_sigmoid softplus softsign silu swish log_sigmoid leaky_relu "
    "hard_sigmoid hard_silu hard_swish elu selu gelu celu tanh_shrink hard_tanh hard_shrink "
    "soft_shrink sparse_plus squareplus softmax log_softmax glu"
)


def _nn() -> Iterator[Case]:
    wide = 3 * A["cube"]
    for name in ACTIVATIONS:
        yield case(name, wide)
    yield case("gelu", wide, approximate=False)
    yield case("elu", wide, alpha=0.5)
    yield case("celu", wide, alpha=0.5)
    yield case("leaky_relu", wide, negative_slope=0.1)
    yield case("squareplus", wide, b=2)
    yield case("threshold", wide, 0.5, 0.1)
    yield case("softmax", wide, axis=1)
    yield case("softmax", wide, axis=(0, 2))
    yield case("log_softmax", wide, axis=0)
    yield case("glu", wide, axis=0)
    labels = np.array([[0, 3], [2, -1]], "int32")
    yield case("one_hot", labels, 4)
    yield case("one_hot", labels, 4, axis=0, dtype="int32")
    yield case("one_hot", labels, 4, axis=1)
    yield case("multi_hot", np.array([0, 2], "int32"), 5)
    yield case("multi_hot", labels, 5, dtype="int32")
    target = np.array([[0, 1, 0, 0], [0, 0, 0.5, 0.5], [1, 0, 0, 0]], "float32")
    probabilities = np.exp(A["f"]) / np.exp(A["f"]).sum(-1, keepdims=True)
    sure = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "float32")
    for output, logits in ((probabilities, False), (sure, False), (A["f"], True), (50 * A["f"], True)):
        yield case("categorical_crossentropy", target, output, from_logits=logits)
        yield case("binary_crossentropy", target, output, from_logits=logits)
        yield case("sparse_categorical_crossentropy", np.array([1, 3, 0], "int32"), output, from_logits=logits)
        yield case("sparse_categorical_crossentropy", np.array([[1], [3], [0]], "int32"), output, from_logits=logits)
    yield case("categorical_crossentropy", target.T, probabilities.T, axis=0)
    for axes in (0, (0, 2), (1,)):
        yield case("moments", A["cube"], axes)
        yield case("moments", A["cube"], axes, keepdims=True)
    yield case("moments", A["h"], 0, rtol=2e-3)
    yield case("batch_normalization", A["cube"], A["row"], np.abs(A["row"]), -1)
    yield case("batch_normalization", A["cube"], A["row"][:3], np.abs(A["row"][:3]), 1, A["row"][:3], A["row"][1:])
    yield case("layer_normalization", A["cube"])
    yield case("layer_normalization", A["cube"], A["row"], A["row"], epsilon=1e-3)
    yield case("layer_normalization", A["cube"], A["f"].reshape(12), A["g"].reshape(12), axis=(1, 2))
    yield case("layer_normalization", A["h"], rtol=3e-3, atol=2e-3)
    yield case("rms_normalization", A["cube"])
    yield case("rms_normalization", A["cube"], A["row"], axis=-1)
    yield case("normalize", A["cube"])
    yield case("normalize", A["cube"], axis=1, order=1)
    yield case("normalize", A["f"], axis=0, order=3)


def _alignment() -> Iterator[Case]:
    rng = np.random.default_rng(5)
    labels = rng.integers(1, 5, (3, 3)).astype("int32")
    logits = rng.normal(size=(3, 7, 5)).astype("float32")
    few, frames = np.array([3, 2, 1], "int32"), np.array([7, 5, 6], "int32")
    yield case("ctc_loss", labels, logits, few, frames)
    yield case("ctc_loss", labels, logits, few, frames, mask_index=0)
    for merge in (True, False):
        yield case("ctc_decode", logits, frames, merge_repeated=merge)
    image = rng.normal(size=(2, 3, 5, 6)).astype("float32")
    yield case("unfold", image, 2)
    yield case("unfold", image, (2, 3), dilation=(2, 1), padding=(1, 0), stride=(1, 2))
    yield case("fold", rng.normal(size=(2, 12, 20)).astype("float32"), (5, 6), 2)
    yield case("fold", rng.normal(size=(2, 12, 6)).astype("float32"), (4, 6), 2, stride=2)


def cases() -> list[Case]:
    """All calls."""
    groups = (_unary, _binary, _shapes, _reductions, _creation, _indexing, _linear, _linalg, _signal, _nn, _alignment)
    return [each for group in groups for each in group()]
