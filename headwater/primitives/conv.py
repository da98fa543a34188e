"""Convolution and its two gradients, channels last, over one to three spatial axes.

The three are linear in each of their inputs and are one another's gradients, so derivatives of any order need no more.
The gradient by the input is also the transposed convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.spec import Spec, sizes_differ
from headwater.primitives.elementwise import cast
from headwater.primitives.shape import reshape
from headwater.primitives.windows import Pairs, inside, output_sizes, padded, taps

_FLOAT32 = as_dtype("float32")


class Convolutional(Primitive, family=True):
    """Base of the three."""

    _output_and_kernel: Any

    def _require_operands(self, a: Spec, b: Spec, roles: tuple[str, str]) -> None:
        self.require_same_dtype(a, b)
        for spec, role in zip((a, b), roles):
            self.require_rank(spec, 3, 5, role)
        if a.ndim != b.ndim:
            raise ShapeError(
                f"{self.name}: {roles[0]} {a.shape} and {roles[1]} {b.shape} have different numbers of axes.",
                fix="both have one to three spatial axes, and two others.",
            )

    def _require_channels(self, channels: int | None, kernel: Spec, groups: int) -> None:
        inner, filters = kernel.shape[-2:]
        if channels is not None and inner is not None and channels != inner * groups:
            raise ShapeError(
                f"{self.name}: {channels} channels for a kernel {kernel.shape} of {inner} channels in {groups} "
                f"group{'s' * (groups > 1)}.",
                fix=f"feed {inner * groups} channels, or use a kernel (..., {channels // groups}, {filters}).",
            )
        self._require_filters(filters, groups)

    def _require_filters(self, filters: int | None, groups: int) -> None:
        if groups < 1 or (filters is not None and filters % groups):
            raise ShapeError(
                f"{self.name}: {filters} filters cannot be shared out to {groups} groups.",
                fix="make the number of filters a multiple of the number of groups.",
            )

    def _require_windows(self, counts: Sequence[int | None], g: Spec) -> None:
        if any(map(sizes_differ, counts, g.shape[1:-1])):
            raise ShapeError(
                f"{self.name}: g has spatial sizes {g.shape[1:-1]} where there are {tuple(counts)} windows.",
                fix="give the gradient of what the convolution returns.",
            )

    def _emit(self, kernels: Any, a: Any, b: Any, **attrs: Any) -> Any:
        """The native kernel; 16-bit floats go through it as float32."""
        dtype = a.spec.dtype
        if dtype.is_floating and dtype.size == 2:
            return kernels.decompose(
                lambda a, b: cast(self(cast(a, dtype=_FLOAT32), cast(b, dtype=_FLOAT32), **attrs), dtype=dtype), a, b
            )
        return kernels.emit(self.name, a, b, **self.native_attrs(**attrs))

    def native_attrs(self, *, strides: Any, padding: Pairs, dilation: Any, groups: int, **_: Any) -> dict[str, Any]:
        """The attributes of the native kernel: what else there is, shapes say."""
        return {"strides": strides, "low": tuple(low for low, _ in padding), "dilation": dilation, "groups": groups}

    def has_epilogue(self, dtype: DType) -> bool:
        """Whether the native kernel can put an element-wise program behind the convolution."""
        return dtype.is_floating and dtype.size > 2

    def flops(self, a: Spec, b: Spec, **attrs: Any) -> int:
        """A multiplication and an addition for each element of each window."""
        y, kernel = self._output_and_kernel(a, b, attrs)
        return 2 * y.size * kernel.size // kernel.shape[-1]

    def batch(self, size, mapped, a, b, **attrs):
        if tuple(mapped) != (True, False) or None in a.spec.shape or self.name == "convolution_kernel_gradient":
            return NotImplemented
        y = self(reshape(a, shape=(size * a.spec.shape[1], *a.spec.shape[2:])), b, **attrs)
        return reshape(y, shape=(size, a.spec.shape[1], *y.spec.shape[1:])), True


def _wide(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """16-bit floats as float32, in which they add up."""
    return tuple(a.astype(np.float32) if a.dtype.itemsize == 2 and a.dtype.kind not in "iu" else a for a in arrays)


def _by_group(x: np.ndarray, groups: int) -> np.ndarray:
    """(rows, channels) as (groups, rows, channels of a group)."""
    return x.reshape(-1, groups, x.shape[-1] // groups).transpose(1, 0, 2)


def _kernel_by_group(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(inner, filters) as (groups, inner, filters of a group)."""
    return kernel.reshape(kernel.shape[0], groups, -1).transpose(1, 0, 2)


def _convolve(x, kernel, strides, padding, dilation, groups):
    """The sum over the places of the window."""
    dtype = x.dtype
    x, kernel = _wide(x, kernel)
    counts = output_sizes("convolution", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    rows, filters = x.shape[0] * int(np.prod(counts)), kernel.shape[-1]
    y = np.zeros((groups, rows, filters // groups), x.dtype)
    whole = padded(np, x, padding, 0)
    for place, where in taps(kernel.shape[:-2], counts, strides, padding, dilation):
        y += np.matmul(_by_group(whole[(slice(None), *where)], groups), _kernel_by_group(kernel[place], groups))
    return y.transpose(1, 0, 2).reshape(x.shape[0], *counts, filters).astype(dtype)


def _lax_convolution(lax, x, kernel, strides, padding, dilation, groups):
    spatial = "DHW"[-len(strides) :]
    return lax.lax.conv_general_dilated(
        x, kernel, strides, padding, rhs_dilation=dilation, feature_group_count=groups, precision="highest",
        dimension_numbers=(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
    )  # fmt: skip


class Convolution(Convolutional):
    """Cross-correlation of a batch of images with a bank of kernels,
    y[n, o, f] = sum over k, c of x[n, o * strides + k * dilation - low, c] * kernel[k, c, f].

    Shapes: x (batch, *spatial, channels), kernel (*window, channels / groups, filters) -> (batch, *windows, filters).
    Channels and filters are cut into `groups` that do not mix.    Dtypes: both the same number, y too; 16-bit floats
    add up in float32.
    Errors: ShapeError if the channels differ or a window does not fit.    Source: Dumoulin and Visin 2016,
    arXiv:1603.07285, chapter 2.
    """

    name = "convolution"

    def infer(
        self,
        x: Spec,
        kernel: Spec,
        *,
        strides: tuple[int, ...],
        padding: Pairs,
        dilation: tuple[int, ...],
        groups: int,
    ) -> Spec:
        self.require_dtype(x, ("uint", "int", "float"))
        self._require_operands(x, kernel, ("x", "kernel"))
        self._require_channels(x.shape[-1], kernel, groups)
        counts = output_sizes(self.name, x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
        return x.with_shape((x.shape[0], *counts, kernel.shape[-1]))

    def _output_and_kernel(self, a: Spec, b: Spec, attrs: dict[str, Any]) -> tuple[Spec, Spec]:
        return self.infer(a, b, **attrs), b

    def vjp(self, g, y, x, kernel, **attrs):
        return (
            convolution_input_gradient(g, kernel, sizes=x.spec.shape[1:-1], **attrs),
            convolution_kernel_gradient(x, g, window=kernel.spec.shape[:-2], **attrs),
        )

    def cpu(self, kernels, x, kernel, *, strides, padding, dilation, groups):
        attrs = {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
        return self._emit(kernels, x, kernel, **attrs)

    def xla(self, lax, x, kernel, *, strides, padding, dilation, groups):
        return _lax_convolution(lax, x, kernel, strides, padding, dilation, groups)

    def reference(self, x, kernel, *, strides, padding, dilation, groups):
        return _convolve(x, kernel, strides, padding, dilation, groups)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        found = [Sample(c.x(rng), c.kernel(rng), **c.attrs) for c in _CASES]
        integers = (rng.integers(-4, 5, shape).astype(np.int32) for shape in ((2, 5, 3), (3, 3, 4)))
        x, kernel = np.ones((1, 5, 5, 4)), np.ones((3, 3, 4, 2))
        plain = _attrs(2)
        return [
            *found,
            Sample(*integers, **_attrs(1)),
            BadSample(ShapeError, "for a kernel", x, np.ones((3, 3, 3, 2)), **plain),
            BadSample(ShapeError, "does not fit spatial axis 0", x, np.ones((6, 3, 4, 2)), **plain),
            BadSample(ShapeError, "different numbers of axes", x, np.ones((3, 4, 2)), **plain),
            BadSample(ShapeError, "on 2 spatial axes", x, kernel, **_attrs(1)),
            BadSample(ShapeError, "must be 1 or more", x, kernel, **{**plain, "strides": (0, 1)}),
            BadSample(ShapeError, "shared out", x, np.ones((3, 3, 2, 3)), **{**plain, "groups": 2}),
            BadSample(DTypeError, "differ", x, kernel.astype(np.float32), **plain),
        ]


class ConvolutionInputGradient(Convolutional):
    """The gradient of a convolution by its input; or a transposed convolution, which spreads each element of `g` over
    the window that it came from.

    Shapes: g (batch, *windows, filters), kernel (*window, channels / groups, filters) -> (batch, *sizes, channels).
    Dtypes: both the same float, the result too.    Errors: ShapeError if `g` is not what the convolution of an input of
    `sizes` gives.    Source: Dumoulin and Visin 2016, arXiv:1603.07285, chapter 4.
    """

    name = "convolution_input_gradient"

    def infer(
        self,
        g: Spec,
        kernel: Spec,
        *,
        sizes: tuple[int | None, ...],
        strides: tuple[int, ...],
        padding: Pairs,
        dilation: tuple[int, ...],
        groups: int,
    ) -> Spec:
        self.require_dtype(g, ("float",))
        self._require_operands(g, kernel, ("g", "kernel"))
        self.require_same_size(
            g.shape[-1], kernel.shape[-1], "the filters of g and kernel,", "give g one channel for each filter."
        )
        self._require_filters(kernel.shape[-1], groups)
        self._require_windows(output_sizes(self.name, sizes, kernel.shape[:-2], strides, padding, dilation), g)
        inner = kernel.shape[-2]
        return g.with_shape((g.shape[0], *sizes, None if inner is None else inner * groups))

    def _output_and_kernel(self, a: Spec, b: Spec, attrs: dict[str, Any]) -> tuple[Spec, Spec]:
        return a, b

    def vjp(self, h, y, g, kernel, *, sizes, **attrs):
        return (
            convolution(h, kernel, **attrs),
            convolution_kernel_gradient(h, g, window=kernel.spec.shape[:-2], **attrs),
        )

    def cpu(self, kernels, g, kernel, *, sizes, strides, padding, dilation, groups):
        attrs = {"sizes": sizes, "strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
        return self._emit(kernels, g, kernel, **attrs)

    def xla(self, lax, g, kernel, *, sizes, strides, padding, dilation, groups):
        channels = kernel.shape[-2] * groups
        x = lax.numpy.zeros((g.shape[0], *sizes, channels), g.dtype)
        _, pull = lax.jax.vjp(lambda x: _lax_convolution(lax, x, kernel, strides, padding, dilation, groups), x)
        return pull(g)[0]

    def reference(self, g, kernel, *, sizes, strides, padding, dilation, groups):
        dtype = g.dtype
        g, kernel = _wide(g, kernel)
        channels = kernel.shape[-2] * groups
        whole = padded(np, np.zeros((g.shape[0], *sizes, channels), g.dtype), padding, 0)
        rows = _by_group(g, groups)
        for place, where in taps(kernel.shape[:-2], g.shape[1:-1], strides, padding, dilation):
            part = np.matmul(rows, _kernel_by_group(kernel[place], groups).transpose(0, 2, 1))
            whole[(slice(None), *where)] += part.transpose(1, 0, 2).reshape(*g.shape[:-1], channels)
        return whole[(slice(None), *inside(sizes, padding))].astype(dtype)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        found = [Sample(c.g(rng), c.kernel(rng), sizes=c.sizes, **c.attrs) for c in _CASES]
        g, kernel, plain = np.ones((1, 3, 3, 2)), np.ones((3, 3, 4, 2)), _attrs(2)
        return [
            *found,
            BadSample(ShapeError, "where there are (4, 4) windows", g, kernel, sizes=(6, 6), **plain),
            BadSample(ShapeError, "the filters of g", np.ones((1, 3, 3, 4)), kernel, sizes=(5, 5), **plain),
            BadSample(DTypeError, "dtype int32", g.astype(np.int32), kernel.astype(np.int32), sizes=(5, 5), **plain),
        ]


class ConvolutionKernelGradient(Convolutional):
    """The gradient of a convolution by its kernel.

    Shapes: x (batch, *spatial, channels), g (batch, *windows, filters) -> (*window, channels / groups, filters).
    Dtypes: both the same float, the result too.    Errors: ShapeError if `g` is not what the convolution of `x` with
    such a window gives.    Source: Dumoulin and Visin 2016, arXiv:1603.07285, chapter 4.
    """

    name = "convolution_kernel_gradient"

    def infer(
        self,
        x: Spec,
        g: Spec,
        *,
        window: tuple[int | None, ...],
        strides: tuple[int, ...],
        padding: Pairs,
        dilation: tuple[int, ...],
        groups: int,
    ) -> Spec:
        self.require_dtype(x, ("float",))
        self._require_operands(x, g, ("x", "g"))
        self.require_same_size(x.shape[0], g.shape[0], "the batches of x and g,", "give g one row for each row of x.")
        channels, filters = x.shape[-1], g.shape[-1]
        self._require_filters(filters, groups)
        if channels is not None and channels % groups:
            raise ShapeError(
                f"{self.name}: {channels} channels cannot be cut into {groups} groups.",
                fix="make the number of channels a multiple of the number of groups.",
            )
        self._require_windows(output_sizes(self.name, x.shape[1:-1], window, strides, padding, dilation), g)
        return x.with_shape((*window, None if channels is None else channels // groups, filters))

    def _output_and_kernel(self, a: Spec, b: Spec, attrs: dict[str, Any]) -> tuple[Spec, Spec]:
        return b, self.infer(a, b, **attrs)

    def vjp(self, h, y, x, g, *, window, **attrs):
        return convolution_input_gradient(g, h, sizes=x.spec.shape[1:-1], **attrs), convolution(x, h, **attrs)

    def cpu(self, kernels, x, g, *, window, strides, padding, dilation, groups):
        attrs = {"window": window, "strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
        return self._emit(kernels, x, g, **attrs)

    def xla(self, lax, x, g, *, window, strides, padding, dilation, groups):
        kernel = lax.numpy.zeros((*window, x.shape[-1] // groups, g.shape[-1]), x.dtype)
        _, pull = lax.jax.vjp(
            lambda kernel: _lax_convolution(lax, x, kernel, strides, padding, dilation, groups), kernel
        )
        return pull(g)[0]

    def reference(self, x, g, *, window, strides, padding, dilation, groups):
        dtype = x.dtype
        x, g = _wide(x, g)
        inner, filters = x.shape[-1] // groups, g.shape[-1]
        result = np.zeros((*window, inner, filters), x.dtype)
        whole, columns = padded(np, x, padding, 0), _by_group(g, groups)
        for place, where in taps(window, g.shape[1:-1], strides, padding, dilation):
            rows = _by_group(whole[(slice(None), *where)], groups)
            part = np.matmul(rows.transpose(0, 2, 1), columns)
            result[place] = part.transpose(1, 0, 2).reshape(inner, filters)
        return result.astype(dtype)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        found = [Sample(c.x(rng), c.g(rng), window=c.window, **c.attrs) for c in _CASES]
        x, g, plain = np.ones((1, 5, 5, 4)), np.ones((1, 3, 3, 2)), {"window": (3, 3), **_attrs(2)}
        return [
            *found,
            BadSample(ShapeError, "where there are (3, 3) windows", x, np.ones((1, 4, 3, 2)), **plain),
            BadSample(ShapeError, "the batches", np.ones((2, 5, 5, 4)), g, **plain),
            BadSample(ShapeError, "cut into", np.ones((1, 5, 5, 3)), g, **{**plain, "groups": 2}),
        ]


def _attrs(rank: int, **changed: Any) -> dict[str, Any]:
    plain = {"strides": (1,) * rank, "padding": ((0, 0),) * rank, "dilation": (1,) * rank, "groups": 1}
    return {**plain, **changed}


class _Case:
    """Sizes for samples of all three."""

    def __init__(
        self,
        x: tuple[int, ...],
        window: tuple[int, ...],
        filters: int,
        dtype: str = "float64",
        **changed: Any,
    ) -> None:
        self.shape, self.window, self.filters, self.dtype = x, window, filters, dtype
        self.attrs = _attrs(len(window), **changed)
        self.sizes = x[1:-1]

    def x(self, rng: np.random.Generator) -> np.ndarray:
        return self._draw(rng, self.shape)

    def kernel(self, rng: np.random.Generator) -> np.ndarray:
        return self._draw(rng, (*self.window, self.shape[-1] // self.attrs["groups"], self.filters))

    def g(self, rng: np.random.Generator) -> np.ndarray:
        steps = {name: self.attrs[name] for name in ("strides", "padding", "dilation")}
        counts = output_sizes("convolution", self.sizes, self.window, **steps)
        return self._draw(rng, (self.shape[0], *counts, self.filters))  # type: ignore[arg-type]

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(size=shape).astype(as_dtype(self.dtype).numpy)


_SAME = ((1, 1), (1, 1))
_CASES = [
    _Case((2, 7, 3), (3,), 4),
    _Case((2, 9, 2), (3,), 2, padding=((4, 0),), dilation=(2,)),
    _Case((2, 5, 6, 3), (3, 2), 4),
    _Case((1, 6, 5, 2), (3, 3), 3, strides=(2, 2), padding=_SAME),
    _Case((2, 5, 6, 4), (3, 2), 6, padding=((1, 1), (0, 1)), groups=2, dilation=(2, 1)),
    _Case((1, 7, 8, 3), (2, 3), 2, strides=(3, 2), padding=((-1, 2), (1, -2)), dilation=(1, 2)),
    _Case((1, 5, 5, 3), (3, 3), 6, padding=_SAME, groups=3),
    _Case((1, 4, 5, 3, 2), (2, 3, 2), 3, strides=(1, 2, 1), padding=((0, 1), (1, 1), (0, 0))),
    _Case((0, 5, 5, 2), (3, 3), 2),
    _Case((2, 4, 4, 5), (1, 1), 7, "float32", strides=(2, 2)),
    _Case((3, 8, 9, 16), (3, 3), 24, "float32", padding=_SAME),
    _Case((2, 13, 11, 1), (3, 3), 20, "float32"),
    _Case((2, 9, 9, 3), (3, 3), 16, "float32", strides=(2, 2), padding=((0, 1), (0, 1))),
    _Case((2, 6, 7, 40), (3, 3), 40, "float32", padding=_SAME, groups=40),
    _Case((2, 7, 7, 9), (3, 3), 18, "float32", strides=(2, 1), dilation=(1, 2), groups=9),
    _Case((2, 5, 6, 8), (3, 3), 5, "float16", padding=_SAME),
    _Case((2, 5, 6, 8), (3, 3), 16, "bfloat16", padding=_SAME, strides=(2, 2)),
]

convolution: Any = Convolution()
convolution_input_gradient: Any = ConvolutionInputGradient()
convolution_kernel_gradient: Any = ConvolutionKernelGradient()
