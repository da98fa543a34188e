"""Products of matrices and tensors. All of them become one batched matrix product with transposes and reshapes
around it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.ir.spec import broadcast_shapes
from headwater.ops.convert import promote
from headwater.ops.operands import BOOL, INT32, axis_of, cut, number, pair, permuted, reshape_to, spread
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, linear
from headwater.primitives.reduce import reduce_sum

INT8 = as_dtype("int8")


def _factors(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two operands of one dtype whose products can be added up: int8 is added up in int32, bool counts as int32."""
    x1, x2 = pair(x1, x2)
    if x1.spec.dtype is INT8 or x1.spec.dtype is BOOL:
        return elementwise.cast(x1, dtype=INT32), elementwise.cast(x2, dtype=INT32)
    return x1, x2


@op
def matmul(x1: Any, x2: Any) -> Any:
    """Matrix product of two operands; axes in front of the last two are a batch and broadcast.

    Args:
        x1: a tensor (..., m, k), or a vector (k,).
        x2: a tensor (..., k, n), or a vector (k,).
    Returns: a tensor (..., m, n), without m for a vector in front and without n for a vector behind.
    Raises: ShapeError if the two k differ, or an operand is a number.
    Example:
        >>> matmul([[1, 2], [3, 4]], [1, 1]).numpy()
        array([3, 7], dtype=int32)

    Source: own.
    """
    a, b = _factors(x1, x2)
    a_shape, b_shape = a.spec.shape, b.spec.shape
    if len(a_shape) == 2 == len(b_shape):
        return linear.matmul(a, b, transpose_a=False, transpose_b=False)
    if not a_shape or not b_shape:
        raise ShapeError(
            f"matmul: {tuple(a_shape)} @ {tuple(b_shape)}: a number has no rows.", fix="use multiply for numbers."
        )
    _require_inner(a_shape[-1], b_shape[-2 if len(b_shape) > 1 else 0], a_shape, b_shape)
    rows = () if len(a_shape) == 1 else (a_shape[-2],)
    columns = () if len(b_shape) == 1 else (b_shape[-1],)
    a = reshape_to(a, (1, *a_shape)) if len(a_shape) == 1 else a
    b = reshape_to(b, (*b_shape, 1)) if len(b_shape) == 1 else b
    found = _batched(a, b)
    batch = found.spec.shape[:-2]
    return reshape_to(found, (*batch, *rows, *columns))


def _require_inner(k1: int | None, k2: int | None, shape1: Sequence[Any], shape2: Sequence[Any]) -> None:
    if k1 is not None and k2 is not None and k1 != k2:
        raise ShapeError(
            f"matmul: {tuple(shape1)} @ {tuple(shape2)} would contract an axis of {k1} with an axis of {k2}.",
            fix="make the inner sizes equal, or transpose one of the two.",
        )


def _batched(a: Any, b: Any) -> Any:
    """Product of two tensors of two axes or more, whose batches broadcast."""
    batch_a, batch_b = a.spec.shape[:-2], b.spec.shape[:-2]
    if batch_a == batch_b:
        return linear.matmul(a, b, transpose_a=False, transpose_b=False)
    if not batch_b or (math.prod(s or 0 for s in batch_b) == 1 and len(batch_b) <= len(batch_a)):
        # One matrix behind for a whole batch: all rows of the batch are rows of one product.
        *lead, k = a.spec.shape
        rows = math.prod(lead) if None not in lead else None
        found = linear.matmul(
            reshape_to(a, (rows, k)), reshape_to(b, b.spec.shape[-2:]), transpose_a=False, transpose_b=False
        )
        return reshape_to(found, (*lead, b.spec.shape[-1]))
    batch = broadcast_shapes(batch_a, batch_b, what="matmul")
    a, b = spread(a, (*batch, *a.spec.shape[-2:])), spread(b, (*batch, *b.spec.shape[-2:]))
    return linear.matmul(a, b, transpose_a=False, transpose_b=False)


@op
def dot(x1: Any, x2: Any) -> Any:
    """Product of two operands over the last axis of the first and the last but one of the second.

    Args:
        x1: a tensor (..., k).
        x2: a tensor (..., k, n), or a vector (k,); a number multiplies.
    Returns: a tensor of the remaining axes, those of x1 first.
    Raises: ShapeError if the two k differ.
    Example:
        >>> int(dot([1, 2], [3, 4]))
        11

    Source: own.
    """
    a, b = pair(x1, x2)
    if not a.spec.ndim or not b.spec.ndim:
        return elementwise.multiply(a, b)
    return _contracted(*_factors(a, b), (a.spec.ndim - 1,), (max(b.spec.ndim - 2, 0),), "dot")


@op
def inner(x1: Any, x2: Any) -> Any:
    """Product of two operands over their last axes.

    Args:
        x1: a tensor (..., k); a number multiplies.
        x2: a tensor (..., k).
    Returns: a tensor of the remaining axes, those of x1 first.
    Raises: ShapeError if the two k differ.
    Source: own.
    """
    a, b = pair(x1, x2)
    if not a.spec.ndim or not b.spec.ndim:
        return elementwise.multiply(a, b)
    return _contracted(*_factors(a, b), (a.spec.ndim - 1,), (b.spec.ndim - 1,), "inner")


@op
def outer(x1: Any, x2: Any) -> Any:
    """Products of each element of one operand with each of the other.

    Args:
        x1: a tensor of m elements.
        x2: a tensor of n elements.
    Returns: a tensor (m, n).
    Source: own.
    """
    a, b = pair(x1, x2)
    return elementwise.multiply(reshape_to(a, (a.spec.size, 1)), reshape_to(b, (1, b.spec.size)))


@op
def vdot(x1: Any, x2: Any) -> Any:
    """Product of two operands as vectors, the first one conjugated.

    Args:
        x1, x2: tensors of as many elements.
    Returns: a tensor of no axes.
    Raises: ShapeError if the numbers of elements differ.
    Source: own.
    """
    a, b = _factors(x1, x2)
    if a.spec.size != b.spec.size:
        raise ShapeError(
            f"vdot: shapes {tuple(a.spec.shape)} and {tuple(b.spec.shape)} have {a.spec.size} and {b.spec.size} "
            "elements.",
            fix="give as many elements.",
        )
    a = elementwise.conj(a) if a.spec.dtype.is_complex else a
    return _contracted(reshape_to(a, (a.spec.size,)), reshape_to(b, (b.spec.size,)), (0,), (0,), "vdot")


@op
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Sum of products of two tensors over pairs of axes.

    Args:
        x1, x2: tensors.
        axes: how many of the last axes of x1 meet the first of x2; or two sequences that name them.
    Returns: a tensor of the remaining axes, those of x1 first.
    Raises: ShapeError if the axes do not pair up.
    Example:
        >>> int(tensordot([[1, 2], [3, 4]], [[1, 1], [1, 1]]))
        10

    Source: own.
    """
    a, b = _factors(x1, x2)
    if isinstance(axes, (list, tuple)):
        first, second = (each if isinstance(each, (list, tuple)) else (each,) for each in axes)
    else:
        first, second = range(a.spec.ndim - int(axes), a.spec.ndim), range(int(axes))
    first = tuple(axis_of(axis, a.spec.ndim, "tensordot") for axis in first)
    second = tuple(axis_of(axis, b.spec.ndim, "tensordot") for axis in second)
    if len(first) != len(second):
        raise ShapeError(
            f"tensordot: {len(first)} axes do not pair up with {len(second)}.", fix="name as many axes of each tensor."
        )
    return _contracted(a, b, first, second, "tensordot")


def _contracted(a: Any, b: Any, first: Sequence[int], second: Sequence[int], what: str) -> Any:
    """Sum of products over pairs of axes, as one matrix product."""
    for i, j in zip(first, second):
        if a.spec.shape[i] != b.spec.shape[j] and None not in (a.spec.shape[i], b.spec.shape[j]):
            raise ShapeError(
                f"{what}: {tuple(a.spec.shape)} and {tuple(b.spec.shape)} would contract an axis of "
                f"{a.spec.shape[i]} with an axis of {b.spec.shape[j]}.",
                fix="make the two sizes equal, or name other axes.",
            )
    rest_a = [axis for axis in range(a.spec.ndim) if axis not in first]
    rest_b = [axis for axis in range(b.spec.ndim) if axis not in second]
    rows, columns = [a.spec.shape[axis] for axis in rest_a], [b.spec.shape[axis] for axis in rest_b]
    inner_size = math.prod(a.spec.shape[axis] for axis in first)
    left = reshape_to(permuted(a, (*rest_a, *first)), (math.prod(rows), inner_size))
    right = reshape_to(permuted(b, (*second, *rest_b)), (inner_size, math.prod(columns)))
    return reshape_to(linear.matmul(left, right, transpose_a=False, transpose_b=False), (*rows, *columns))


@op
def kron(x1: Any, x2: Any) -> Any:
    """Kronecker product: blocks of the second operand, scaled by the elements of the first.

    Args:
        x1, x2: tensors; the one of fewer axes gets axes of size 1 in front.
    Returns: a tensor whose sizes are products of those of the two.
    Source: own.
    """
    a, b = pair(x1, x2)
    ndim = max(a.spec.ndim, b.spec.ndim)
    sizes_a = (1,) * (ndim - a.spec.ndim) + tuple(a.spec.shape)
    sizes_b = (1,) * (ndim - b.spec.ndim) + tuple(b.spec.shape)
    a = reshape_to(a, [item for size in sizes_a for item in (size, 1)])
    b = reshape_to(b, [item for size in sizes_b for item in (1, size)])
    return reshape_to(elementwise.multiply(a, b), [p * q for p, q in zip(sizes_a, sizes_b)])


@op
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Sum along the diagonals of matrices.

    Args:
        x: a tensor of two axes or more.
        offset: which diagonal: above the main one if positive, below if negative.
        axis1: the axis of rows.
        axis2: the axis of columns.
    Returns: a tensor without the two axes.
    Source: own.
    """
    from headwater.ops.layout import diagonal
    from headwater.ops.reduction import sum as add_up

    return add_up(diagonal(x, offset, axis1, axis2), axis=-1)


@op
def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Cross product of vectors of three (or two) components.

    Args:
        x1, x2: tensors whose axes of components have 3 elements, or 2; the other axes broadcast.
        axisa, axisb: those axes.
        axisc: where the axis of components stands in the result.
        axis: one number in the place of all three.
    Returns: a tensor of vectors; of numbers, the third component, for two vectors of 2 components.
    Raises: ShapeError for another number of components.
    Example:
        >>> cross([1, 0, 0], [0, 1, 0]).numpy()
        array([0, 0, 1], dtype=int32)

    Source: own.
    """
    from headwater.ops.layout import moveaxis

    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = pair(x1, x2)
    a, b = moveaxis(number(a), axisa, -1), moveaxis(number(b), axisb, -1)
    counts = (a.spec.shape[-1], b.spec.shape[-1])
    if not set(counts) <= {2, 3}:
        raise ShapeError(
            f"cross: vectors of {counts[0]} and {counts[1]} components.", fix="give vectors of 3 components, or of 2."
        )
    u, v = _components(a), _components(b)

    def minor(i: int, j: int) -> Any:
        terms = [
            elementwise.multiply(u[p], v[q]) if u[p] is not None and v[q] is not None else None
            for p, q in ((i, j), (j, i))
        ]
        if terms[1] is None:
            return terms[0]
        return elementwise.negative(terms[1]) if terms[0] is None else elementwise.subtract(*terms)

    if counts == (2, 2):
        return minor(0, 1)
    parts = [minor(1, 2), minor(2, 0), minor(0, 1)]
    from headwater.ops.layout import stack

    return moveaxis(stack(parts, axis=-1), -1, axisc)


def _components(x: Any) -> list[Any]:
    last = x.spec.ndim - 1
    found = [reshape_to(cut(x, last, place, place + 1), x.spec.shape[:-1]) for place in range(x.spec.shape[-1])]
    return found if len(found) == 3 else [*found, None]


# Einstein's summation


@op
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Sum of products over named axes.

    Args:
        subscripts: a letter for each axis of each operand, and after "->" those of the result: "ij,jk->ik". A letter
            that the result does not name is summed over; "..." stands for axes that broadcast. Without "->" the
            result has the letters that occur
            once, in alphabetical order.
        operands: tensors.
        kwargs: allowed for NumPy's sake.
    Returns: a tensor.
    Raises: ArgumentError if the letters do not fit the operands; ShapeError if sizes of one letter differ.
    Example:
        >>> einsum("ij,j->i", [[1, 2], [3, 4]], [1, 1]).numpy()
        array([3, 7], dtype=int32)

    Source: own; the order of contraction by opt_einsum (Smith and Gray 2018, doi:10.21105/joss.00753).
    """
    if not operands:
        raise ArgumentError(f"einsum: no operands for {subscripts!r}.", fix="give a tensor for each group of letters.")
    tensors = promote(*operands)
    dtype = tensors[0].spec.dtype
    if dtype is INT8 or dtype is BOOL:
        tensors = [elementwise.cast(each, dtype=INT32) for each in tensors]
    terms, result = _parsed(subscripts.replace(" ", ""), tuple(each.spec.ndim for each in tensors))
    sizes = _sizes(terms, tensors, subscripts)
    work = [_single(each, term, sizes) for each, term in zip(tensors, terms)]
    for i, j in _order(terms, result, tuple(tuple(each.spec.shape) for each in tensors)):
        kept_letters = set(result).union(*(term for place, (_, term) in enumerate(work) if place not in (i, j)))
        pair_of = [work[i], work[j]]
        work = [each for place, each in enumerate(work) if place not in (i, j)]
        work.append(_product(*pair_of[0], *pair_of[1], kept_letters, sizes))
    found, letters = work[0]
    gone = tuple(place for place, letter in enumerate(letters) if letter not in result)
    found = reduce_sum(found, axes=gone) if gone else found
    letters = [letter for letter in letters if letter in result]
    return permuted(found, [letters.index(letter) for letter in result])


@functools.lru_cache(maxsize=512)
def _parsed(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """Letters of each operand and of the result, with letters in the place of `...`."""
    inputs, arrow, result = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ArgumentError(
            f"einsum: {subscripts!r} names {len(terms)} operands, and {len(ndims)} are given.",
            fix="separate the groups of letters by commas, one for each operand.",
        )
    spare = [letter for letter in map(chr, range(0x3B1, 0x3B1 + 64)) if letter not in subscripts]
    widths = [ndim - len(term.replace("...", "")) if "..." in term else 0 for term, ndim in zip(terms, ndims)]
    widest = max(widths)
    for term, ndim, width in zip(terms, ndims, widths):
        if width < 0 or ("..." not in term and len(term) != ndim):
            raise ArgumentError(
                f"einsum: {term!r} in {subscripts!r} names {len(term.replace('...', ''))} axes, and the operand "
                f"has {ndim}.",
                fix="give a letter for each axis, or `...` for several.",
            )
    expanded = tuple(term.replace("...", "".join(spare[widest - width : widest])) for term, width in zip(terms, widths))
    if arrow:
        result = result.replace("...", "".join(spare[:widest]))
    else:
        joined = "".join(term.replace("...", "") for term in terms)
        result = "".join(spare[:widest]) + "".join(
            sorted(letter for letter in set(joined) if joined.count(letter) == 1)
        )
    unknown = set(result) - set("".join(expanded))
    if unknown or len(set(result)) != len(result) or not all(letter.isalpha() for letter in "".join(expanded)):
        raise ArgumentError(
            f"einsum: {subscripts!r} is not understood.",
            fix="name each axis of the result once, by letters that occur on the left.",
        )
    return expanded, result


def _sizes(terms: Sequence[str], tensors: Sequence[Any], subscripts: str) -> dict[str, int | None]:
    """The size of each letter; 1 broadcasts."""
    sizes: dict[str, int | None] = {}
    for term, each in zip(terms, tensors):
        for letter, size in zip(term, each.spec.shape):
            known_size = sizes.get(letter, 1)
            if size not in (1, None) and known_size not in (1, None) and size != known_size:
                raise ShapeError(
                    f"einsum: {letter!r} in {subscripts!r} has sizes {known_size} and {size}, in shapes "
                    f"{', '.join(str(tuple(t.spec.shape)) for t in tensors)}.",
                    fix="give one size to axes of one letter.",
                )
            sizes[letter] = size if known_size in (1, None) and size != 1 else known_size
    return sizes


def _single(x: Any, term: str, sizes: dict[str, int | None]) -> tuple[Any, str]:
    """An operand in which no letter occurs twice: a repeated one takes the diagonal."""
    from headwater.ops.layout import diagonal

    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            x = diagonal(x, 0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return x, term


@functools.lru_cache(maxsize=512)
def _order(terms: tuple[str, ...], result: str, shapes: tuple[tuple[int | None, ...], ...]) -> list[tuple[int, int]]:
    """Pairs of operands to contract one after the other; each product goes to the end of the list."""
    if len(terms) == 1:
        return []
    if len(terms) == 2:
        return [(0, 1)]
    import opt_einsum

    plain = [tuple(1 if size is None else size for size in shape) for shape in shapes]
    path, _ = opt_einsum.contract_path(f"{','.join(terms)}->{result}", *plain, shapes=True, optimize="auto")
    pairs: list[tuple[int, int]] = []
    count = len(terms)
    for group in path:
        places = sorted(group, reverse=True)
        if len(places) == 1:
            continue
        pairs.append((places[1], places[0]))
        count -= 1
        for place in places[2:]:
            pairs.append((place, count - 1))
            count -= 1
    return pairs


def _product(
    a: Any, a_term: str, b: Any, b_term: str, wanted: set[str], sizes: dict[str, int | None]
) -> tuple[Any, str]:
    """Product of two operands, summed over the letters that nobody needs any more: one batched matrix product."""
    a, a_term = _summed(a, a_term, wanted | set(b_term))
    b, b_term = _summed(b, b_term, wanted | set(a_term))
    both = [letter for letter in a_term if letter in b_term]
    batch = [letter for letter in both if letter in wanted]
    contracted = [letter for letter in both if letter not in wanted]
    rows = [letter for letter in a_term if letter not in both]
    columns = [letter for letter in b_term if letter not in both]
    a, b = _full(a, a_term, both, sizes), _full(b, b_term, both, sizes)
    if not contracted:
        return _outer(a, a_term, b, b_term, batch, rows, columns)

    def size_of(letters: Sequence[str]) -> int:
        return math.prod(sizes[letter] for letter in letters)  # type: ignore[misc]

    def lined_up(x: Any, term: str, letters: Sequence[str], shape: Sequence[int]) -> Any:
        return reshape_to(permuted(x, [term.index(letter) for letter in letters]), shape)

    lead = [size_of(batch)] if batch else []
    k = size_of(contracted)
    row_sizes = [a.spec.shape[a_term.index(letter)] for letter in rows]
    column_sizes = [b.spec.shape[b_term.index(letter)] for letter in columns]
    m, n = math.prod(row_sizes), math.prod(column_sizes)
    # The order that needs no transpose, where an operand has one: the product can read either operand transposed.
    a_flipped = _needs_flip(a_term, batch, rows, contracted)
    b_flipped = _needs_flip(b_term, batch, contracted, columns)
    left = lined_up(
        a,
        a_term,
        [*batch, *contracted, *rows] if a_flipped else [*batch, *rows, *contracted],
        [*lead, k, m] if a_flipped else [*lead, m, k],
    )
    right = lined_up(
        b,
        b_term,
        [*batch, *columns, *contracted] if b_flipped else [*batch, *contracted, *columns],
        [*lead, n, k] if b_flipped else [*lead, k, n],
    )
    found = linear.matmul(left, right, transpose_a=a_flipped, transpose_b=b_flipped)
    return reshape_to(found, [*(sizes[letter] for letter in batch), *row_sizes, *column_sizes]), "".join(
        [*batch, *rows, *columns]
    )


def _needs_flip(term: str, batch: Sequence[str], first: Sequence[str], second: Sequence[str]) -> bool:
    """True if the letters stand in the order (batch, second, first), so that a flipped product spares a transpose."""
    straight = "".join([*batch, *first, *second])
    return term != straight and term == "".join([*batch, *second, *first])


def _summed(x: Any, term: str, wanted: set[str]) -> tuple[Any, str]:
    gone = tuple(place for place, letter in enumerate(term) if letter not in wanted)
    return (reduce_sum(x, axes=gone), "".join(letter for letter in term if letter in wanted)) if gone else (x, term)


def _full(x: Any, term: str, letters: Sequence[str], sizes: dict[str, int | None]) -> Any:
    """An operand in which shared letters of size 1 are spread to their full size."""
    return spread(x, [sizes[letter] if letter in letters else size for letter, size in zip(term, x.spec.shape)])


def _outer(
    a: Any, a_term: str, b: Any, b_term: str, batch: list[str], rows: list[str], columns: list[str]
) -> tuple[Any, str]:
    """Product without a sum: element by element."""
    letters = [*batch, *rows, *columns]

    def lined_up(x: Any, term: str) -> Any:
        mine = [letter for letter in letters if letter in term]
        moved = permuted(x, [term.index(letter) for letter in mine])
        known_sizes = dict(zip(mine, moved.spec.shape))
        return reshape_to(moved, [known_sizes.get(letter, 1) for letter in letters])

    return elementwise.multiply(lined_up(a, a_term), lined_up(b, b_term)), "".join(letters)
