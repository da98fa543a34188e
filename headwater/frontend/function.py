"""function: a Python function traced once for each signature of its arguments, and run as one program.

The trace is differentiated, optimized and compiled as a whole. Variables that it reads are inputs, variables that it
writes are
updated in place. Inside another traced function it is traced along with that one.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import backends, tree
from headwater.errors import ArgumentError, NotTraceableError, ShapeError, UnsupportedError, index_error
from headwater.frontend.tensor import Tensor
from headwater.frontend.tensor_shape import TensorShape
from headwater.frontend.tensor_spec import TensorSpec
from headwater.frontend.variable import State, Variable
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ir.graph import Graph
from headwater.ir.replay import replay
from headwater.ir.spec import Spec
from headwater.ops.convert import convert_to_tensor
from headwater.passes import optimize
from headwater.primitives.control import call

_executing_eagerly = False  # set by run_functions_eagerly


def run_functions_eagerly(eager: bool) -> None:
    """Run every `function` as plain Python, op by op, for debugging."""
    global _executing_eagerly
    _executing_eagerly = bool(eager)


def functions_run_eagerly() -> bool:
    """Whether `run_functions_eagerly` is on."""
    return _executing_eagerly


_noted_traces: list[list[Any]] = []


def note_traces() -> list[Any]:
    """A list that gets the graph of each function that is traced from now on, until `forget_traces`."""
    _noted_traces.append([])
    return _noted_traces[-1]


def forget_traces(noted: list[Any]) -> None:
    """Add no more graphs to a list of `note_traces`."""
    _noted_traces[:] = [other for other in _noted_traces if other is not noted]


class ConcreteFunction:
    """One traced signature: a graph, and its executable on the backend in use.

    Attributes:
        graph: inputs are the arguments, then the variables read; outputs are the results, then the variables written.
        states: the variables' states, in the order of the graph's inputs.
        backend: name of the backend that it runs on; None for the one in use.
        updates: positions among the states of those that it writes, in the order of the graph's last outputs.
        prelude: what is computed before it runs, and gives it arguments beside its own (frontend/prelude.py); None
            where there is nothing.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        leaves: Sequence[Any],
        structure: Any,
        examples: Sequence[Array] = (),
        backend: str | None = None,
        prelude: Any = None,
    ) -> None:
        self.name = name
        self.backend = backend
        self.prelude = prelude
        self._source = (function, name, list(leaves), structure)
        self._of_sizes: dict[Any, ConcreteFunction] = {}  # of a signature with open sizes: traced for known ones
        self.structured_input_signature = _described(structure, leaves)
        self.input_specs = [leaf for leaf in leaves if isinstance(leaf, Spec)]
        trace = dispatch.Trace(name)
        inputs = [trace.input(leaf) if isinstance(leaf, Spec) else leaf for leaf in leaves]
        trace.examples = dict(zip(trace.graph.inputs, examples))
        if prelude is not None:
            prelude.begin(trace, inputs)
        with dispatch.tracing(trace), dispatch.recording(()):
            args, kwargs = structure.unflatten(inputs)
            result = function(*args, **kwargs)
            outputs, self._structure = tree.flatten_composites(result)
            outputs = [_as_output(output) for output in outputs]
            results = [trace.lift(output) for output in outputs if isinstance(output, Array)]
            updates = [trace.lift(trace.states[state]) for state in trace.written]
        self._template = [None if isinstance(output, Array) else output for output in outputs]
        self._positions = [index for index, output in enumerate(outputs) if isinstance(output, Array)]
        nested = tree.is_nested(result) or tree.is_composite(result)
        self._single = self._positions == [0] and len(outputs) == 1 and not nested
        self.graph = trace.graph
        self.created_variables = len(trace.created_variables)
        self.states: list[State] = _ordered_states(trace)
        self.graph.outputs = [*results, *updates]
        if prelude is not None:
            self.input_specs = prelude.finish(self.graph, len(self.states))
        order = {state: index for index, state in enumerate(self.states)}
        self.updates = tuple(order[state] for state in trace.written)
        self._output_specs = [value.spec for value in results]
        self._executables: dict[str, tuple[Any, tuple[Any, ...], int]] = {}
        self._lock = threading.Lock()
        for noted in _noted_traces:
            noted.append(self.graph)

    @property
    def inputs(self) -> list[TensorSpec]:
        """Specs of the tensors that it takes."""
        return [TensorSpec(*spec) for spec in self.input_specs]

    @property
    def outputs(self) -> list[TensorSpec]:
        """Specs of the tensors that it returns."""
        return [TensorSpec(*spec) for spec in self._output_specs]

    @property
    def structured_outputs(self) -> Any:
        """What it returns, with a TensorSpec for each tensor."""
        return self._restore([TensorSpec(*spec) for spec in self._output_specs])

    def executable(self) -> tuple[Any, tuple[Any, ...]]:
        """The executable on its backend, and the cells that it runs on."""
        backend = backends.current() if self.backend is None else backends.get(self.backend)
        found = self._executables.get(backend.name)
        if found is None or found[2] != State.moves:
            found = self._prepared(backend, found)
        return found[:2]

    def _prepared(self, backend: Any, found: Any) -> tuple[Any, tuple[Any, ...], int]:
        """The executable, compiled if it was not found, and the cells where they are now."""
        with self._lock:
            if found is None:
                graph = optimize(self.graph, backend.name)
                executable = backend.compile(graph, len(self.states), self.updates)
            else:
                executable = found[0]
            moves = -1
            while moves != State.moves:  # until none moved meanwhile
                moves, cells = State.moves, tuple(state.cell(backend) for state in self.states)
            found = self._executables[backend.name] = executable, cells, moves
            return found

    def run(self, buffers: Sequence[Any]) -> list[Any]:
        """The result buffers for argument buffers: no checks, no wrapping; the fast path of training loops."""
        executable, cells = self.executable()
        try:
            if self.backend is None:
                return executable.run(buffers, cells)
            return self._run_elsewhere(self.backend, executable, buffers, cells)
        except IndexError as error:
            raise index_error(error) from None

    def _run_elsewhere(self, name: str, executable: Any, buffers: Sequence[Any], cells: tuple[Any, ...]) -> list[Any]:
        """Buffers of the backend in use, from those: they go to the function's backend and come back."""
        here, there = backends.current(), backends.get(name)
        arguments = [backends.transfer(*pair, here, there) for pair in zip(buffers, self.input_specs)]
        results = executable.run(arguments, cells)
        return [backends.transfer(*pair, there, here) for pair in zip(results, self._output_specs)]

    def call_flat(self, tensors: Sequence[Array]) -> Any:
        """The results for the tensors among the arguments, in order."""
        recorders = dispatch.recorders()
        arguments = [*tensors, *(state.read() for state in self.states)] if recorders else tensors
        dispatch.require_values(tensors)
        if recorders and self._calls_python:
            return self._call_step_by_step(arguments)
        buffers = self.run([tensor.buffer for tensor in tensors])
        results = [Tensor(spec, buffer) for spec, buffer in zip(self._output_specs, buffers)]
        for recorder in recorders:
            recorder.record(call, arguments, {"body": self._forward}, results)
        return self._in_structure(results)

    def results(self, buffers: Sequence[Any]) -> Any:
        """What the function returned, in its structure, for the buffers that `run` returned."""
        return self._in_structure([Tensor(spec, buffer) for spec, buffer in zip(self._output_specs, buffers)])

    def results_after(self, values: Sequence[Any]) -> Any:
        """What the function returned, in its structure, for the values of its prelude."""
        buffers = iter(self.run([tensor.buffer for tensor in self.prelude.arguments(values)]))
        return self.restored(values, [Tensor(spec, buffer) for spec, buffer in zip(self._computed_specs, buffers)])

    def restored(self, values: Sequence[Any], computed: Sequence[Any]) -> Any:
        """The same, where the program's results are there: those that go past it are among the values."""
        found, passed = iter(computed), self.prelude.passed
        tensors = [values[passed[i]] if i in passed else next(found) for i in range(len(self._output_specs))]
        return self._in_structure(tensors)

    @functools.cached_property
    def _computed_specs(self) -> list[Spec]:
        """Specs of the results that do not go past the program."""
        return [spec for index, spec in enumerate(self._output_specs) if index not in self.prelude.passed]

    @functools.cached_property
    def _calls_python(self) -> bool:
        """Whether a Python function is called for its results: a gradient of the whole would call it again."""
        return any(not node.primitive.pure and node.outputs for node in self.graph.nodes)

    def _call_step_by_step(self, arguments: Sequence[Array]) -> Any:
        """The results, where tapes see every step."""
        outputs = replay(self.graph, arguments)
        for position, value in zip(self.updates, outputs[len(self._output_specs) :]):
            self.states[position].write(value)
        results = outputs[: len(self._output_specs)]
        return self._in_structure(results)

    @functools.cached_property
    def _forward(self) -> Graph:
        """The graph without its updates, for a tape that is outside of the call."""
        forward = Graph(self.graph.name)
        forward.inputs, forward.nodes = self.graph.inputs, self.graph.nodes
        forward.outputs = self.graph.outputs[: len(self._output_specs)]
        return forward

    def _in_structure(self, tensors: Sequence[Any]) -> Any:
        return tensors[0] if self._single else self._restore(tensors)

    def _restore(self, results: Sequence[Any]) -> Any:
        leaves = list(self._template)
        for position, result in zip(self._positions, results):
            leaves[position] = result
        return self._structure.unflatten(leaves)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves = tree.leaves((args, dict(sorted(kwargs.items()))))
        tensors = [convert_to_tensor(leaf) for leaf in leaves if _is_tensor_like(leaf)]
        if len(tensors) != len(self.input_specs):
            raise ArgumentError(
                f"{self.name} takes {len(self.input_specs)} tensors and is given {len(tensors)}.",
                fix="pass the traced arguments.",
            )
        if any(None in spec.shape for spec in self.input_specs):
            return self._for_sizes(tensors).call_flat(tensors)
        for tensor, spec in zip(tensors, self.input_specs):
            if tensor.spec != spec:
                raise ShapeError(
                    f"{self.name} was traced for {spec} and is given {tensor.spec}.",
                    fix="call the tf.function itself, which traces anew.",
                )
        return self.call_flat(tensors)

    def _for_sizes(self, tensors: Sequence[Any]) -> ConcreteFunction:
        """The function traced for the sizes of these tensors, where its own signature leaves them open."""
        specs = tuple(tensor.spec for tensor in tensors)
        found = self._of_sizes.get(specs)
        if found is None:
            for spec, wanted in zip(specs, self.input_specs):
                if spec.dtype is not wanted.dtype or not TensorShape(spec.shape).is_compatible_with(wanted.shape):
                    raise ShapeError(
                        f"{self.name} was traced for {wanted} and is given {spec}.",
                        fix="call the tf.function itself, which traces anew.",
                    )
            function, name, leaves, structure = self._source
            given = iter(specs)
            known = [next(given) if isinstance(leaf, Spec) else leaf for leaf in leaves]
            found = self._of_sizes[specs] = ConcreteFunction(function, name, known, structure, tensors, self.backend)
        return found


class SteppedFunction:
    """One signature of a function that works on what no program has: strings, ragged rows, tables. It runs as plain
    Python, op by op; the functions of numbers that it calls are programs still.

    Args:
        function: the Python function.
        name: its name.
        leaves: of its arguments; a Spec stands for a tensor.
        structure: of the arguments.
    """

    created_variables = 0

    def __init__(self, function: Callable[..., Any], name: str, leaves: Sequence[Any], structure: Any) -> None:
        self._function, self.name = function, name
        self._leaves, self._structure = list(leaves), structure
        self.input_specs = [leaf for leaf in leaves if isinstance(leaf, Spec)]
        self.structured_input_signature = _described(structure, leaves)

    @property
    def inputs(self) -> list[TensorSpec]:
        """Specs of the tensors that it takes."""
        return [TensorSpec(*spec) for spec in self.input_specs]

    def call_flat(self, tensors: Sequence[Array]) -> Any:
        """The results for the tensors among the arguments, in order."""
        given = iter(tensors)
        leaves = [next(given) if isinstance(leaf, Spec) else leaf for leaf in self._leaves]
        args, kwargs = self._structure.unflatten(leaves)
        return tree.map_structure(_as_result, self._function(*args, **kwargs))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in ("graph", "executable", "run"):
            raise UnsupportedError(
                f"{self.name} has no {name}: it works on strings or ragged rows, and runs op by op.",
                fix="keep what is to be compiled in a tf.function of numbers, which it may call.",
            )
        raise AttributeError(f"'SteppedFunction' object has no attribute {name!r}")


def _described(structure: Any, leaves: Sequence[Any]) -> Any:
    """Arguments with a TensorSpec for each tensor."""
    specs = [leaf if not isinstance(leaf, Spec) else TensorSpec(*leaf) for leaf in leaves]
    return getattr(structure, "describe", structure.unflatten)(specs)


def _as_result(value: Any) -> Any:
    """What a traced function would have returned: a tensor for a variable."""
    return value.__headwater_tensor__() if isinstance(value, Variable) else value


def _ordered_states(trace: dispatch.Trace) -> list[State]:
    """The variables read, in the order of their inputs; those inputs moved behind the arguments (they may come in
    between)."""
    graph = trace.graph
    states = {array.value: state for state, array in trace.state_inputs.items()}
    arguments = [value for value in graph.inputs if value not in states]
    graph.inputs = [*arguments, *(value for value in graph.inputs if value in states)]
    for index, value in enumerate(graph.inputs):
        value.index = index
    return [states[value] for value in graph.inputs if value in states]


def _as_output(value: Any) -> Any:
    return value.__headwater_tensor__() if hasattr(value, "__headwater_tensor__") else value


def _plain_tensors(args: tuple[Any, ...]) -> list[Tensor] | None:
    """The arguments as tensors; None if one is something else than a tensor or a NumPy array."""
    tensors = []
    for arg in args:
        if type(arg) is Tensor:
            tensors.append(arg)
        elif type(arg) is np.ndarray:
            tensors.append(convert_to_tensor(arg))
        else:
            return None
    return tensors


def _is_tensor_like(value: Any) -> bool:
    return isinstance(value, (Array, np.ndarray, np.generic))


class Function:
    """A callable that traces its Python function once for each signature. Made by `function`."""

    CACHE_SIZE = 128  # signatures kept; the least recently used goes first

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        autograph: bool = True,
        reduce_retracing: bool = False,
        backend: str | None = None,
    ) -> None:
        self.python_function = python_function
        self.backend = backend
        self._input_signature = None if input_signature is None else tuple(input_signature)
        self._autograph = autograph
        self._cache: OrderedDict[Any, ConcreteFunction] = OrderedDict()
        self._of_specs: dict[tuple[Spec, ...], ConcreteFunction] = {}  # the commonest calls: tensors by position alone
        self._lock = threading.RLock()
        self.experimental_traces: list[str] = []
        functools.update_wrapper(self, python_function)
        self._signature = _signature_of(python_function)
        self._defaults = _defaults_of(self._signature)
        self._variables_made = False

    @property
    def input_signature(self) -> Any:
        """The signature given at construction."""
        return self._input_signature

    @functools.cached_property
    def _traceable(self) -> Callable[..., Any]:
        if not self._autograph:
            return self.python_function
        from headwater.frontend.autograph import convert

        return convert(self.python_function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if dispatch.current_trace() is not None or _executing_eagerly:
            return (self.python_function if _executing_eagerly else self._traceable)(*args, **kwargs)
        tensors = _plain_tensors(args) if self._input_signature is None and not kwargs else None
        if tensors is None:
            concrete, tensors = self._lookup(args, kwargs)
            return concrete.call_flat(tensors)
        specs = tuple([tensor.spec for tensor in tensors])
        concrete = self._of_specs.get(specs)
        if concrete is None:
            concrete, every = self._lookup(tuple(tensors), kwargs)
            if len(every) == len(tensors):  # without defaults that are arrays
                self._of_specs[specs] = concrete
            tensors = every
        return concrete.call_flat(tensors)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The traced signature for these arguments; a TensorSpec stands for a tensor."""
        if not args and not kwargs and self._input_signature is not None:
            args = self._input_signature
        return self._lookup(args, kwargs)[0]

    def explain(self, *args: Any, repeats: int = 10, **kwargs: Any) -> Any:
        """Run it on these arguments and say where its time goes, instruction by instruction.

        Args:
            args, kwargs: as for a call; tensors with values.
            repeats: how often it runs; times are medians. Variables that it updates get their values back.
        Returns: an Explanation: print it, `plot` it, or `save_trace` it for a trace viewer.
        Raises: UnsupportedError on another backend than the CPU's.
        Example:
            >>> @tf.function
            ... def layer(x):
            ...     return tf.nn.relu(x @ x)
            >>> [row.name for row in layer.explain(tf.ones((64, 64))).rows]
            ['fused_matmul (relu)']
        """
        from headwater.frontend.explain import explain

        concrete, tensors = self._lookup(args, kwargs)
        return explain(concrete, tensors, repeats)

    def experimental_get_tracing_count(self) -> int:
        """How many signatures have been traced."""
        return len(self.experimental_traces)

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """The traced signatures, a line each."""
        return "\n".join(self.experimental_traces)

    def _lookup(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[ConcreteFunction, list[Any]]:
        args, kwargs = self._canonical(args, kwargs)
        if self._input_signature is not None:
            args = self._checked(args, kwargs)
        leaves, structure = tree.flatten_composites((args, kwargs))
        tensors, key, specs = [], [], []
        for leaf in leaves:
            if isinstance(leaf, TensorSpec):
                spec = Spec(tuple(leaf.shape), leaf.dtype)
            elif _is_tensor_like(leaf):
                leaf = convert_to_tensor(leaf)
                tensors.append(leaf)
                spec = leaf.spec
            else:
                key.append(_static_key(leaf))
                specs.append(leaf)
                continue
            key.append(spec)
            specs.append(spec)
        cache_key = (structure, tuple(key))
        found = self._cache.get(cache_key)
        if found is None:
            found = self._trace(cache_key, specs, structure, tensors)
        return found, tensors

    def _canonical(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments by position, with the defaults of those not given: however it is called, one signature."""
        if self._signature is None:
            return args, kwargs
        if not kwargs:
            positional, by_name = self._defaults
            missing = len(positional) - len(args)
            if missing <= 0:
                return args, by_name
            if not any(default is _REQUIRED for default in positional[len(args) :]):
                return (*args, *positional[len(args) :]), by_name
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def _checked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments as tensors of the input_signature."""
        signature = self._input_signature
        if len(args) < len(signature) or any(map(_holds_tensors, (*args[len(signature) :], *kwargs.values()))):
            raise ArgumentError(
                f"{self.__name__} has an input_signature of {len(signature)} arguments and is given "
                f"{len(args) + len(kwargs)}.",
                fix="pass one argument for each.",
            )
        return (*(self._matched(arg, spec) for arg, spec in zip(args, signature)), *args[len(signature) :])

    def _matched(self, arg: Any, spec: Any) -> Any:
        if isinstance(spec, dict):
            return {key: self._matched(arg[key], item) for key, item in spec.items()}
        if isinstance(spec, (list, tuple)):
            return type(spec)(self._matched(part, item) for part, item in zip(arg, spec))
        if not isinstance(spec, TensorSpec) or isinstance(arg, TensorSpec):
            return arg
        tensor = convert_to_tensor(arg, None if isinstance(arg, Array) or hasattr(arg, "dtype") else spec.dtype)
        fits = spec.shape is None or TensorShape(tensor.spec.shape).is_compatible_with(spec.shape)
        if tensor.spec.dtype is not spec.dtype or not fits:
            raise ShapeError(
                f"{self.__name__}: an argument {tensor.spec} does not match its input_signature {spec}.",
                fix="cast or reshape it, or widen the signature.",
            )
        return tensor

    def _trace(self, key: Any, specs: list[Any], structure: Any, tensors: Sequence[Array]) -> ConcreteFunction:
        with self._lock:
            found = self._cache.get(key)
            if found is None:
                examples = tensors if len(tensors) == sum(isinstance(spec, Spec) for spec in specs) else ()
                found = self._traced(specs, structure, examples)
                self.experimental_traces.append(f"{self.__name__}({', '.join(str(spec) for spec in specs)})")
                self._cache[key] = found
                if len(self._cache) > self.CACHE_SIZE:
                    self._cache.popitem(last=False)
                    self._of_specs.clear()
            return found

    def _traced(self, specs: list[Any], structure: Any, examples: Sequence[Array]) -> Any:
        """A ConcreteFunction; a SteppedFunction if strings, or others that no program has, come into it."""
        try:
            if any(isinstance(spec, Spec) and spec.dtype.kind == "string" for spec in specs):
                raise NotTraceableError("strings are among the arguments.")
            found = ConcreteFunction(self._traceable, self.__name__, specs, structure, examples, self.backend)
            return self._without_creation(specs, structure, examples) if found.created_variables else found
        except NotTraceableError:
            return SteppedFunction(self.python_function, self.__name__, specs, structure)

    def traced_after(self, prelude: Callable[[], Any], leaves: Sequence[Array], structure: Any) -> ConcreteFunction:
        """The function of one argument, traced for a call with strings, which a prelude keeps out of the program.

        Args:
            prelude: makes one.
            leaves: the tensors of the argument.
            structure: of the argument.
        Raises: NotTraceableError if more of it than a prelude can do hangs on strings.
        """
        form = tree.flatten(((structure.unflatten(list(leaves)),), {}))[1]
        specs = [leaf.spec for leaf in leaves]
        for _ in range(2):  # once more, where variables were made
            found = ConcreteFunction(
                self._traceable, self.__name__, specs, form, leaves, self.backend, prelude=prelude()
            )
            if not found.created_variables:
                break
        return found

    def _without_creation(self, specs: list[Any], structure: Any, examples: Sequence[Array]) -> ConcreteFunction:
        """Traced again, after a trace that made variables: that is allowed once, and they must be there now."""
        first, self._variables_made = not self._variables_made, True
        found = (
            ConcreteFunction(self._traceable, self.__name__, specs, structure, examples, self.backend)
            if first
            else None
        )
        if found is None or found.created_variables:
            raise ArgumentError(
                f"{self.__name__} makes a tf.Variable on a call after the first.",
                fix="make variables outside of it, or once: `if self.v is None: self.v = tf.Variable(...)`.",
            )
        return found

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        name = f"__function_{self.__name__}"
        bound = instance.__dict__.get(name)
        if bound is None or bound._origin is not self:
            method = self.python_function.__get__(instance, owner)
            bound = Function(method, self._input_signature, self._autograph, backend=self.backend)
            bound._origin = self  # type: ignore[attr-defined]
            object.__setattr__(instance, name, bound) if _has_plain_dict(instance) else instance.__dict__.__setitem__(
                name, bound
            )
        return bound

    def __repr__(self) -> str:
        return f"<tf.function {self.__name__}>"


def _has_plain_dict(instance: Any) -> bool:
    return hasattr(instance, "__dict__")


_REQUIRED = inspect.Parameter.empty


def _holds_tensors(value: Any) -> bool:
    return any(map(_is_tensor_like, tree.leaves(value)))


def _defaults_of(signature: inspect.Signature | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Defaults of the arguments by position, and of those by name alone."""
    parameters = [] if signature is None else list(signature.parameters.values())
    positional = [p.default for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_name = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not _REQUIRED}
    return tuple(positional), by_name


def _static_key(leaf: Any) -> Any:
    try:
        hash(leaf)
    except TypeError:
        return (type(leaf), id(leaf))
    return (type(leaf), leaf)


def _signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
    *,
    backend: str | None = None,
) -> Any:
    """Make a Python function run as one compiled program; a decorator, with or without arguments.

    Args:
        func: the function. Its tensors may be nested in lists, tuples and dicts; other arguments are part of the
            signature by value.
        input_signature: TensorSpecs that the arguments must match; a size of None matches any.
        autograph: turn `if`, `while` and `for` on tensors into control flow of the graph.
        jit_compile, reduce_retracing: accepted; every function is compiled, and a new shape is cheap.
        backend: where it runs: "cpu", "xla" or "reference"; by default on the backend in use. Arguments and results are
            brought there and back; variables move there, and stay until a program of another backend, or an assignment,
            needs them. Inside another traced function it is a part of that one, wherever that runs. Gradients by a tape
            outside of it run on the backend in use.
    Returns: a Function.
    Raises: ArgumentError for a backend that does not exist.
    Example:
        >>> @function
        ... def double(x):
        ...     return x + x
        >>> int(double(tf.constant(2)))
        4
    """

    backends.require_name(backend)

    def wrap(python_function: Callable[..., Any]) -> Function:
        return Function(python_function, input_signature, autograph, reduce_retracing, backend)

    return wrap if func is None else wrap(func)
