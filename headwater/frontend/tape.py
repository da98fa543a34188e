"""GradientTape and ForwardAccumulator: gradients of what ran inside a `with` block."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator, Sequence
from typing import Any

from headwater import ops, tree
from headwater.autodiff import Record, Records, backward
from headwater.errors import ArgumentError, DTypeError, ShapeError, StateError, layer_path
from headwater.frontend.tensor import Tensor
from headwater.frontend.variable import State
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ir.primitive import Primitive
from headwater.ir.replay import zeros
from headwater.ops.convert import convert_to_tensor


class UnconnectedGradients(enum.Enum):
    """What the gradient is with respect to something that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


class GradientTape:
    """Records what is computed inside its block, and differentiates it.

    Args:
        persistent: allow more than one call of `gradient`.
        watch_accessed_variables: watch each trainable variable that is read inside.
    Example:
        >>> x = tf.constant(3.0)
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0

    Source: Griewank and Walther 2008, "Evaluating Derivatives", chapter 3.2.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_accessed = watch_accessed_variables
        self._records: list[Record] = []
        self._active: dict[int, Array] = {}  # arrays that a watched one flows into, by id, kept alive
        self._reads: dict[State, list[Array]] = {}
        self._watched_states: dict[State, None] = {}
        self._used = False
        self._recording = False

    # The block

    def __enter__(self) -> GradientTape:
        if self._recording:
            raise StateError("a tape is entered while it is recording.", fix="use a second tape.")
        self._start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        self._recording = True
        dispatch.add_recorder(self)

    def _stop(self) -> None:
        self._recording = False
        dispatch.remove_recorder(self)

    def record(
        self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any], outputs: Sequence[Array]
    ) -> None:
        """Keep an application if a watched array flows into it."""
        active = self._active
        for array in args:
            if id(array) in active:
                break
        else:
            return
        self._records.append(Record(primitive, tuple(args), attrs, tuple(outputs), layer_path()))
        for output in outputs:
            if output.spec.dtype.is_inexact:
                active[id(output)] = output

    def read(self, state: State, tensor: Array) -> None:
        """Keep a read of a variable, if it is watched."""
        if state in self._watched_states or (self._watch_accessed and state.trainable):
            reads = self._reads.setdefault(state, [])
            if not any(tensor is other for other in reads):
                reads.append(tensor)
                self._active[id(tensor)] = tensor

    def watch(self, tensor: Any) -> None:
        """Differentiate with respect to a tensor, a variable, or each one in a nested structure.

        Raises: DTypeError if it is not of a float or complex dtype.
        """
        for leaf in tree.leaves(tensor):
            state = getattr(leaf, "_state", None)
            if isinstance(state, State):
                self._watched_states[state] = None
                continue
            if not isinstance(leaf, Array):
                raise ArgumentError(
                    f"a tape watches tensors and variables, not {type(leaf).__name__}.",
                    fix="convert it with tf.constant first.",
                )
            if not leaf.spec.dtype.is_inexact:
                raise DTypeError(
                    f"a tensor of dtype {leaf.spec.dtype.name} has no gradient.", fix="cast it to a float dtype."
                )
            self._active[id(leaf)] = leaf

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables watched so far: in the order of their first read, then those watched by hand."""
        owners = [state.owner() for state in {**self._reads, **self._watched_states}]
        return tuple(owner for owner in owners if owner is not None)

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Do not record what is computed inside."""
        if not self._recording:
            raise StateError(
                "stop_recording is called on a tape that is not recording.", fix="call it inside of the tape's block."
            )
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forget everything recorded so far."""
        self._records, self._active, self._reads = [], {}, {}

    # Gradients

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Derivative of the sum of all elements of `target` with respect to each source.

        Args:
            target: tensor, or nested structure of tensors.
            sources: tensors and variables, nested as you like.
            output_gradients: weights of the elements of each target, of its shape; ones by default.
            unconnected_gradients: "none" or "zero": what to return for a source that no target depends on.
        Returns: the structure of `sources`, with a tensor (or None) of the source's shape for each.
        Raises: StateError if the tape was used up.
        """
        self._claim()
        mode = UnconnectedGradients(unconnected_gradients)
        targets = [convert_to_tensor(leaf) for leaf in tree.leaves(target)]
        cotangents = self._cotangents(targets, output_gradients)
        leaves, structure = tree.flatten(sources)
        groups = [self._arrays_of(leaf) for leaf in leaves]
        resume = self._recording and not self._persistent
        if resume:
            self._stop()
        try:
            found = self._backward(targets, cotangents, [array for group in groups for array in group])
        finally:
            if not self._persistent:
                self.reset()
            if resume:
                self._start()
        results, position = [], 0
        for leaf, group in zip(leaves, groups):
            parts = [part for part in found[position : position + len(group)] if part is not None]
            position += len(group)
            results.append(_sum_of(parts) if parts else self._unconnected(leaf, mode))
        return structure.unflatten(results)

    def _claim(self) -> None:
        if self._used and not self._persistent:
            raise StateError(
                "a tape that is not persistent gives gradients once.", fix="use tf.GradientTape(persistent=True)."
            )
        self._used = True

    @staticmethod
    def _cotangents(targets: list[Any], output_gradients: Any) -> list[Any]:
        if output_gradients is None:
            return [ops.ones_like(target) if target.spec.dtype.is_inexact else None for target in targets]
        given = tree.leaves(output_gradients)
        return [
            ops.ones_like(target)
            if weight is None
            else ops.broadcast_to(convert_to_tensor(weight, target.spec.dtype), target.spec.shape)
            for target, weight in zip(targets, given)
        ]

    def _backward(self, targets: list[Any], cotangents: list[Any], sources: list[Array]) -> list[Array | None]:
        pairs = [(target, cotangent) for target, cotangent in zip(targets, cotangents) if cotangent is not None]
        return backward(list(self._records), [pair[0] for pair in pairs], [pair[1] for pair in pairs], sources)

    def _arrays_of(self, source: Any) -> list[Array]:
        state = getattr(source, "_state", None)
        if isinstance(state, State):
            return self._reads.get(state, [])
        if isinstance(source, Array):
            return [source]
        raise ArgumentError(
            f"a gradient with respect to a {type(source).__name__} is asked for.",
            fix="use a tensor or variable that is watched.",
        )

    @staticmethod
    def _unconnected(source: Any, mode: UnconnectedGradients) -> Any:
        return None if mode is UnconnectedGradients.NONE else zeros(source.spec)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Derivative of each element of `target` with respect to each element of each source.

        Args:
            target: tensor of shape T.
            sources: tensors or variables, nested as you like.
        Returns: for a source of shape S a tensor of shape (*T, *S).
        """
        target = convert_to_tensor(target)
        size = target.spec.size
        basis = ops.reshape(ops.eye(size, dtype=target.spec.dtype), (size, *target.spec.shape))
        rows = self._pullbacks(target, sources, basis, unconnected_gradients)
        return tree.map_structure(
            lambda row, source: None if row is None else ops.reshape(row, (*target.spec.shape, *source.spec.shape)),
            rows,
            tree.map_structure(_array_like, sources),
        )

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Derivative of target[b] with respect to source[b], for each b.

        Args:
            target: tensor (batch, *T), where target[b] depends on source[b] alone.
            source: tensor (batch, *S).
        Returns: a tensor (batch, *T, *S).
        Raises: ShapeError if the batches differ.
        """
        target, batch = convert_to_tensor(target), target.shape[0] if len(target.shape) else None
        if not len(target.shape) or not len(source.shape) or source.shape[0] != batch:
            raise ShapeError(
                f"batch_jacobian: {tuple(target.shape)} and {tuple(source.shape)} have no common batch.",
                fix="make axis 0 the batch of both.",
            )
        inner = target.spec.shape[1:]
        size = 1
        for axis_size in inner:
            size *= axis_size
        basis = ops.reshape(ops.eye(size, dtype=target.spec.dtype), (size, 1, *inner))
        rows = self._pullbacks(
            target, source, ops.broadcast_to(basis, (size, *target.spec.shape)), unconnected_gradients
        )
        if rows is None:
            return None
        moved = ops.moveaxis(rows, 0, 1)
        return ops.reshape(moved, (batch, *inner, *source.shape[1:]))

    def _pullbacks(self, target: Any, sources: Any, basis: Any, unconnected: Any) -> Any:
        """Gradients for each cotangent stacked along axis 0 of `basis`, stacked along axis 0."""
        self._claim()
        mode = UnconnectedGradients(unconnected)
        leaves, structure = tree.flatten(sources)
        groups = [self._arrays_of(leaf) for leaf in leaves]
        arrays = [array for group in groups for array in group]
        rows: list[list[Array | None]] = []
        records = list(self._records)
        for index in range(basis.spec.shape[0]):
            rows.append(backward(records, [target], [basis[index]], arrays))
        if not self._persistent:
            self.reset()
        results, position = [], 0
        for leaf, group in zip(leaves, groups):
            columns = [[row[position + i] for i in range(len(group))] for row in rows]
            position += len(group)
            summed = [
                _sum_of([part for part in column if part is not None]) if any(p is not None for p in column) else None
                for column in columns
            ]
            if all(part is None for part in summed):
                zero = zeros(leaf.spec)
                results.append(None if mode is UnconnectedGradients.NONE else ops.stack([zero] * len(rows)))
            else:
                results.append(ops.stack([zeros(leaf.spec) if part is None else part for part in summed]))
        return structure.unflatten(results)


def _array_like(source: Any) -> Any:
    return source if isinstance(source, Array) else _SpecOnly(source.spec)


class _SpecOnly:
    def __init__(self, spec: Any) -> None:
        self.spec = spec


def _sum_of(parts: list[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = ops.add(total, part)
    return total


class ForwardAccumulator:
    """Derivatives along a direction (Jacobian-vector products) of what runs inside its block.

    Args:
        primals: tensor or variable, or a nested structure of them.
        tangents: the direction: for each primal a tensor of its shape.
    Example:
        >>> x = tf.constant([1.0, 2.0])
        >>> with ForwardAccumulator(x, tf.constant([1.0, 0.0])) as accumulator:
        ...     y = x * x
        >>> accumulator.jvp(y).numpy()
        array([2., 0.], dtype=float32)

    Source: Christianson 1992, "Automatic Hessians by reverse accumulation": a forward derivative is the reverse
    derivative of a reverse
        derivative with respect to its cotangent.
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        self._primals = tree.leaves(primals)
        self._tangents = [convert_to_tensor(tangent) for tangent in tree.leaves(tangents)]
        for primal, tangent in zip(self._primals, self._tangents):
            if tuple(primal.shape) != tangent.spec.shape:
                raise ShapeError(
                    f"a tangent of shape {tangent.spec.shape} for a primal of shape {tuple(primal.shape)}.",
                    fix="make them equal.",
                )
        self._tape = GradientTape(persistent=True)
        self._tape.watch(self._primals)

    def __enter__(self) -> ForwardAccumulator:
        self._tape.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._tape.__exit__()

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The derivative of each tensor in `primals` along the direction; None (or zeros) where it does not depend on
        the primals."""
        mode = UnconnectedGradients(unconnected_gradients)
        return tree.map_structure(lambda target: self._jvp_of(target, mode), primals)

    def _jvp_of(self, target: Any, mode: UnconnectedGradients) -> Any:
        target = target if isinstance(target, Array) else convert_to_tensor(target)
        cotangent = zeros(target.spec)
        if not isinstance(cotangent, Tensor) or not target.spec.shape:
            cotangent = ops.reshape(ops.zeros((1,), target.spec.dtype), ()) if not target.spec.shape else cotangent
        groups = [self._tape._arrays_of(primal) for primal in self._primals]
        sources = [array for group in groups for array in group]
        directions = [tangent for group, tangent in zip(groups, self._tangents) for _ in group]
        pullback = Records()
        others = tuple(recorder for recorder in dispatch.recorders() if recorder is not self._tape)
        with dispatch.recording((*others, pullback)):
            gradients = backward(list(self._tape._records), [target], [cotangent], sources)
        pairs = [(gradient, direction) for gradient, direction in zip(gradients, directions) if gradient is not None]
        with dispatch.recording(others):
            (found,) = backward(list(pullback), [pair[0] for pair in pairs], [pair[1] for pair in pairs], [cotangent])
        if found is None and mode is UnconnectedGradients.ZERO:
            return zeros(target.spec)
        return found


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str | None = "gradients",
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """Inside a traced function: derivatives of the sum of `ys` with respect to each of `xs`, from the graph itself.

    Args:
        ys: a tensor or a list of them.
        xs: a tensor or variable, or a list of them; nothing needs to watch them.
        grad_ys: weights of the elements of each y; ones by default.
        stop_gradients: tensors to take as constants.
        unconnected_gradients: "none" or "zero".
    Returns: one gradient (or None) for each of `xs`.
    Raises: StateError outside of a traced function.
    """
    trace = dispatch.current_trace()
    if trace is None:
        raise StateError("tf.gradients works on the graph of a tf.function.", fix="use tf.GradientTape.")
    ys, xs = _as_list(ys), _as_list(xs)
    sources = [convert_to_tensor(x) for x in xs]
    targets = [convert_to_tensor(y) for y in ys]
    constants = [trace.lift(convert_to_tensor(x)) for x in _as_list(stop_gradients)]
    weights = [None] * len(targets) if grad_ys is None else _as_list(grad_ys)
    cotangents = [
        ops.ones_like(target) if weight is None else convert_to_tensor(weight)
        for target, weight in zip(targets, weights)
    ]
    arrays = {trace.lift(array): array for array in (*targets, *sources)}

    def array_of(value: Any) -> Array:
        if value not in arrays:
            arrays[value] = Tensor(value.spec, value=value)
        return arrays[value]

    records = [
        Record(
            node.primitive,
            tuple(map(array_of, node.inputs)),
            node.attrs,
            tuple(map(array_of, node.outputs)),
            node.source,
        )
        for node in trace.graph.nodes
        if not any(output in constants for output in node.outputs)
    ]
    pairs = [(y, g) for y, g in zip(targets, cotangents) if y.spec.dtype.is_inexact]
    wanted = [array_of(trace.lift(source)) for source in sources]
    found = backward(records, [pair[0] for pair in pairs], [pair[1] for pair in pairs], wanted)
    zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
    return [ops.zeros_like(x) if zero and g is None else g for g, x in zip(found, sources)]


def hessians(
    ys: Any, xs: Any, gate_gradients: bool = False, aggregation_method: Any = None, name: str | None = "hessians"
) -> list[Any]:
    """Inside a traced function: second derivatives of the sum of `ys` with respect to each x, of shape (*S, *S)."""
    found = []
    for x in _as_list(xs):
        (gradient,) = gradients(ys, x)
        shape = tuple(gradient.shape)
        rows = [gradients(row, x, unconnected_gradients="zero")[0] for row in ops.unstack(ops.ravel(gradient))]
        found.append(ops.reshape(ops.stack(rows), (*shape, *shape)))
    return found


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
