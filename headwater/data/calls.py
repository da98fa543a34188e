"""How a stage calls the user's function: traced into a program where that can be, as Python where it can't.

A function is traced for the specs of the components it gets. It runs as Python if tracing fails, if it takes or gives
what no program holds (strings, data sets, ragged tensors), if it calls Python itself, or if its elements come in more
shapes than are worth a program each.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.data.patience import lookout
from headwater.data.randomness import Seed
from headwater.data.specs import Signature, spec_of
from headwater.data.stage import Run, Stage, describe, noted
from headwater.data.structure import LEAF, Element, Form, as_component, as_tensor, flatten
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, StateError
from headwater.frontend.function import ConcreteFunction, Function, function, functions_run_eagerly
from headwater.frontend.generator import is_deriving, keys_derived_from
from headwater.frontend.prelude import described_specs
from headwater.frontend.prelude_programs import PreludePrograms
from headwater.frontend.tensor import Tensor
from headwater.frontend.tensor_spec import TensorSpec
from headwater.frontend.tracing import init_scope, output_specs
from headwater.ir.spec import Spec

_SIGNATURES = 8  # programs of one function; with more shapes it runs as Python
_PATIENCE = 64  # calls before a function is traced in a pipeline that an element stands for: there may be many
_PROBES = (5, 7)  # sizes that stand for those that are not known; few functions treat them otherwise
_debug_mode = False


def enable_debug_mode() -> None:
    """Run the functions of all data sets as plain Python, one at a time, so that a debugger can follow."""
    global _debug_mode
    _debug_mode = True


def debug_mode() -> bool:
    """Whether `enable_debug_mode` was called."""
    return _debug_mode


class Call:
    """A user's function, as a stage calls it.

    Args:
        function: what is called.
        source: the stage whose elements it is called with.
        owner: the stage that calls it, for errors.
        traceable: False for one that returns what no program can, such as data sets.
        extra: components that it is called with before those of the element, in a form of their own: for `scan`.
    """

    def __init__(self, function: Callable[..., Any], source: Stage, owner: Stage, traceable: bool = True) -> None:
        if not callable(function):
            raise ArgumentError(
                f"{owner.title} takes a function, not {type(function).__name__}.", fix="pass a callable.", where=""
            )
        self.function, self.source, self.owner = function, source, owner
        self.seed = Seed(None)
        self.form: Form | None = None  # of what it returns
        self.dtypes: list[Any] | None = None
        self.seen: Signature | None = None
        self._seen_at_first: Signature | None = None  # what the first result said
        self._traced: Function | None = None
        self._programs: dict[tuple[Any, ...], ConcreteFunction] = {}
        self.draws = False  # whether the traced function makes random draws
        self.traced: Any = None  # the function of keys and flat tensors
        self._after_preludes: PreludePrograms | None = None
        self._lock = threading.RLock()
        self._patience = _PATIENCE if is_deriving() else 0
        self.traceable = traceable and not isinstance(function, Function) and not _is_async(function)
        self.takes_strings = self.traceable  # whether it may be told apart where it does
        self._describable = traceable  # whether a trace may tell the specs of its results

    @functools.cached_property
    def place(self) -> int:
        """How far down the pipeline it is: stages draw differently."""
        return sum(1 for _ in self.source.walk())

    def begin(self, run: Run) -> ActiveCall:
        """For one pass over the elements."""
        return ActiveCall(self, run)

    def arguments(self, element: Element) -> tuple[Any, ...]:
        """What the function is called with: the items of a tuple each, anything else as one argument."""
        value = self.source.form.unflatten([as_tensor(component) for component in element])
        return value if type(value) is tuple else (value,)

    # As a program

    def program(self, specs: Sequence[Any], form: Form) -> ConcreteFunction | None:
        """The function traced for tensors of these specs, None for what is no tensor; None if it must run as Python."""
        key = tuple(specs)
        found = self._programs.get(key)
        if found is None and self._patience:
            self._patience -= 1
            return None
        if found is None and self.traceable:
            with self._lock:
                found = self._programs.get(key) or self._trace(key, form)
        return found

    def _trace(self, key: tuple[Any, ...], form: Form) -> ConcreteFunction | None:
        if None in key or any(spec.dtype == "string" for spec in key) or len(self._programs) >= _SIGNATURES:
            self.traceable = len(self._programs) > 0 and None not in key and len(self._programs) < _SIGNATURES
            return None
        if self._traced is None:
            self.traced = self._keyed(form)
            self._traced = function(self.traced, autograph=False)
        try:
            with init_scope():
                found = self._traced.get_concrete_function(NO_KEYS, *[TensorSpec(*spec) for spec in key])
        except Exception:  # whatever it is: if it is the user's mistake, it comes again when the function is called
            found = None
        if not isinstance(found, ConcreteFunction) or found._calls_python or found.created_variables or found.updates:
            self.traceable = False
            return None
        self._programs[key] = found
        return found

    def after_prelude(self, form: Form) -> PreludePrograms | None:
        """The programs of a function of strings; None if it must run as Python."""
        if not self.takes_strings:
            return None
        if self._patience:
            self._patience -= 1
            return None
        with self._lock:
            if self._after_preludes is None:
                self.traced = self._keyed(form)
                self._after_preludes = PreludePrograms(function(self.traced, autograph=False), _SIGNATURES)
            return self._after_preludes

    @property
    def programs_of_strings(self) -> PreludePrograms | None:
        """The programs of a function of strings, once there are some."""
        programs = self._after_preludes
        return programs if self.takes_strings and programs is not None and programs.known else None

    def _keyed(self, form: Form) -> Callable[..., Any]:
        """The function of keys for random draws, and of flat tensors."""
        from headwater.frontend.autograph import convert

        called = convert(self.function)

        def keyed(keys: Any, *tensors: Any) -> Any:
            def drawn() -> Any:
                self.draws = True
                return keys

            value = form.unflatten(tensors)
            with keys_derived_from(drawn):
                return called(*value) if type(value) is tuple else called(value)

        return keyed

    # What it returns

    @property
    def signature(self) -> Signature:
        """Form and specs of what it returns: as it says itself in an attribute `output_signature`, by a trace for
        specs, or as seen in a call for the first element."""
        if self.seen is None:
            told = getattr(self.function, "output_signature", None)
            found = Signature.of(told) if told is not None else self._inferred()
            self.seen = found or self._seen_at_first or self._of_first()
        return self.seen

    def _inferred(self) -> Signature | None:
        """By traces for specs. In place of sizes that are not known, two are tried: what differs then is not known of
        the results either. Where no known sizes will do, they stay open."""
        source = self.source.signature
        if not (self._describable and source.is_dense and all(spec.shape is not None for spec in source.specs)):
            return None
        specs = [Spec(tuple(spec.shape), spec.dtype) for spec in source.specs]
        try:
            first = second = self._probed(specs, _PROBES[0])
            if not source.is_static:
                second = self._probed(specs, _PROBES[1])
            return first.merged(second, self.owner.title)
        except Exception:
            pass
        try:
            return self._described(output_specs, specs)
        except Exception:
            return None

    def _probed(self, specs: Sequence[Spec], size: int) -> Signature:
        """The signature of the results if all sizes that are not known were this one."""
        known = [spec.with_shape(tuple(size if n is None else n for n in spec.shape)) for spec in specs]
        return self._described(functools.partial(described_specs, unknown=size), known)

    def _described(self, describe: Callable[..., Any], specs: Sequence[Spec]) -> Signature:
        with init_scope():
            result = describe(self._keyed(self.source.signature.form), Spec((2, 4), as_dtype("uint32")), *specs)
        return Signature(*_specs_of(result))

    def _of_first(self) -> Signature:
        result = self.of_first(lambda active, element: active(element, 0))
        assert self.form is not None
        promised = None if self._after_preludes is None else self._after_preludes.promised_outputs
        if promised is not None and len(promised) == len(result):
            return Signature(self.form, promised)
        return Signature.of_values(result, self.form).relaxed()

    def of_first(self, use: Callable[[ActiveCall, Element], Any]) -> Any:
        """What `use` makes of the first element that comes without an error."""
        run, source = Run(), first_of(self.source)
        active, failure = self.begin(run), None
        try:
            return use(active, source.first())
        except StopIteration:
            cursor: Any = iter(())
        except Exception as error:
            cursor, failure = run.open(source), error
        for _ in range(10):
            try:
                return use(active, next(cursor))
            except StopIteration:
                break
            except Exception:
                continue
        raise failure or ArgumentError(
            f"{self.owner.title}: there is no element, from which its results could be known.",
            fix="give a source that is not empty, or a function that can be traced.",
            where="",
        )

    def flattened(self, value: Any) -> tuple[Element, Form]:
        """What the function returned, as components and their form; a list stands for a tuple."""
        if type(value) is Tensor:
            return (value,), LEAF
        components, form = flatten(tuple(value) if type(value) is list else value)
        return tuple(map(as_component, components)), form

    def noted_form(self, components: Element, form: Form) -> None:
        """Hold what it returned to what it returned before.

        Raises: ArgumentError, DTypeError if it is of another structure or of other dtypes.
        """
        if self.form is None:
            self.form = form
            self.dtypes = [_dtype_of(component) for component in components]
            if self.seen is None and not self.traceable:
                self._seen_at_first = Signature.of_values(components, form).relaxed()
            return
        if form is not self.form and form != self.form:
            raise ArgumentError(
                f"the function returned {form}, and {self.form} for an element before.",
                fix="return one structure for all elements.",
            )
        for component, dtype in zip(components, self.dtypes or ()):
            if _dtype_of(component) is not dtype:
                raise DTypeError(
                    f"the function returned {_dtype_of(component)}, and {dtype} for an element before.",
                    fix="cast what it returns to one dtype.",
                )


def first_of(stage: Stage) -> Stage:
    """A stage that begins as this one does, as far as specs go, and without filling buffers."""
    while stage.keeps_elements:
        (stage,) = stage.inputs
    return stage


NO_KEYS = np.zeros((2, 4), np.uint32)


class ActiveCall:
    """A function for one pass: it knows the pass, from which random draws follow.

    Calling it gives the components of the result for an element and its index.
    """

    def __init__(self, call: Call, run: Run) -> None:
        self.of, self.run = call, run
        self.epoch = run.next_epoch(call.seed.counter)
        self._no_keys: Any = as_tensor(NO_KEYS)

    def __call__(self, element: Element, index: int) -> Element:
        outer = lookout.begin(lambda: self.place(element, index))
        try:
            return self._called(element, index)
        except StopIteration as error:
            raise noted(RuntimeError("the function raised StopIteration"), self.place(element, index)) from error
        except Exception as error:
            raise noted(error, self.place(element, index)) from None
        finally:
            lookout.end(outer)

    def place(self, element: Element, index: int) -> str:
        """What errors call the call for an element."""
        return f"{self.of.owner.title}, element {index}{describe(element)}"

    def _called(self, element: Element, index: int) -> Element:
        call = self.of
        if call.traceable or call._programs or call.takes_strings:
            tensors = [as_tensor(component) for component in element]
            if not (_debug_mode or functions_run_eagerly()):
                specs = [tensor.spec if type(tensor) is Tensor else None for tensor in tensors]
                if call.takes_strings and None not in specs and any(spec.dtype == "string" for spec in specs):
                    return self._of_strings_or_python(tensors, index)
                program = call.program(specs, call.source.form)
                if program is not None:
                    return self._of_program(program, tensors, index)
            value = call.source.form.unflatten(tensors)
            arguments = value if type(value) is tuple else (value,)
        else:
            arguments = call.arguments(element)
        return self._of_python(arguments, index)

    def _of_program(self, program: ConcreteFunction, tensors: list[Any], index: int) -> Element:
        keys = as_tensor(self.keys(index)) if self.of.draws else self._no_keys
        with init_scope():
            result = program.call_flat([keys, *tensors])
        return self.result(result)

    def _of_strings(self, programs: PreludePrograms, tensors: list[Any], index: int) -> Element:
        """The result by way of a prelude and a program."""
        keys = as_tensor(self.keys(index)) if self.of.draws or not programs.known else self._no_keys
        with init_scope():
            result = programs([keys, *tensors])
        return self.result(result)

    def _of_strings_or_python(self, tensors: list[Any], index: int) -> Element:
        """The same, or what Python gives; where it does what a program did not, it will from now on."""
        call = self.of
        programs = call.after_prelude(call.source.form)
        if programs is not None:
            with contextlib.suppress(Exception):  # if the element is to blame, Python says so
                return self._of_strings(programs, tensors, index)
        value = call.source.form.unflatten(tensors)
        found = self._of_python(value if type(value) is tuple else (value,), index)
        call.takes_strings = call.takes_strings and programs is None
        return found

    def _of_python(self, arguments: tuple[Any, ...], index: int) -> Element:
        return self.result(self.python(lambda: self.of.function(*arguments), index))

    def python(self, thunk: Callable[[], Any], index: int) -> Any:
        """What Python code of the user gives for an element, its random draws following from the element."""
        with init_scope(), keys_derived_from(lambda: self.keys(index)):
            return thunk()

    def result(self, value: Any) -> Element:
        """What the function returned, as components; a list stands for a tuple."""
        components, form = self.of.flattened(value)
        self.of.noted_form(components, form)
        return components

    def keys(self, index: int) -> np.ndarray:
        """The keys of one element: for the session's stream, and for generators of their own."""
        place = struct.pack("<QQQ", self.of.place, self.epoch, index)
        words = b"".join(word.to_bytes(8, "little") for word in self.of.seed.words)
        digests = [hashlib.blake2b(place + more, digest_size=16).digest() for more in (words, b"")]
        return np.frombuffer(b"".join(digests), np.uint32).reshape(2, 4)

    def dataset(self, element: Element, index: int) -> Stage:
        """The pipeline that the function gives for an element.

        Raises: ArgumentError if it gives something else.
        """
        call = self.of
        try:
            found = self.python(lambda: call.function(*call.arguments(element)), index)
            if not hasattr(found, "_stage"):
                raise ArgumentError(
                    f"the function returned a {type(found).__name__}, not a data set.",
                    fix="return a tf.data.Dataset, or use map().",
                )
            return found._stage
        except StopIteration as error:
            raise noted(RuntimeError("the function raised StopIteration"), self.place(element, index)) from error
        except Exception as error:
            raise noted(error, self.place(element, index)) from None

    def state(self) -> dict[str, Any]:
        """The pass, from which draws follow."""
        return {"epoch": self.epoch}

    def restore(self, state: dict[str, Any]) -> None:
        """Draw as in the pass that `state` was taken in."""
        self.epoch = int(state["epoch"])
        self.run.note_epoch(self.of.seed.counter, self.epoch)


def _dtype_of(component: Any) -> Any:
    """The dtype of a component, or its type if it has none."""
    if type(component) is Tensor:
        return component.spec.dtype
    found = spec_of(component)
    return found.dtype if isinstance(found, TensorSpec) else type(component)


def _specs_of(result: Any) -> tuple[Form, list[Any]]:
    """Form and specs of a function's result, in which a Spec stands for each tensor."""
    leaves, form = flatten(_boxed(tuple(result) if type(result) is list else result))
    specs = []
    for leaf in leaves:
        if isinstance(leaf, _Box):
            specs.append(TensorSpec(leaf.spec.shape, leaf.spec.dtype))
        elif isinstance(leaf, list):
            raise StateError("a list of tensors is stacked when there are values.")
        else:
            specs.append(spec_of(as_component(leaf)))
    return form, specs


class _Box:
    """A Spec, which is a tuple, as one component."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec


def _boxed(value: Any) -> Any:
    if isinstance(value, Spec):
        return _Box(value)
    if isinstance(value, dict):
        return {key: _boxed(item) for key, item in value.items()}
    if isinstance(value, tuple):
        items = [_boxed(item) for item in value]
        return type(value)._make(items) if hasattr(value, "_make") else tuple(items)
    return value


def _is_async(function: Any) -> bool:
    import inspect

    return inspect.iscoroutinefunction(function)
