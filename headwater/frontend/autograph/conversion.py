"""Converting a function: its source is parsed, rewritten and compiled once; closures and defaults are those of the
original."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import textwrap
import types
import weakref
from collections.abc import Callable
from typing import Any

from headwater.frontend.autograph.transform import RUNTIME, rewrite

_NOT_CONVERTED = "__headwater_not_converted__"
_FACTORY = "__headwater_factory"
_codes: weakref.WeakKeyDictionary[types.CodeType, types.CodeType | None] = weakref.WeakKeyDictionary()
_OWN = __name__.split(".", maxsplit=1)[0]
_LIBRARIES = frozenset(sys.stdlib_module_names) | {
    _OWN,
    "numpy",
    "jax",
    "optree",
    "h5py",
    "keras",
    "tensorflow",
    "torch",
    "scipy",
    "matplotlib",
}


def convert(function: Callable[..., Any]) -> Callable[..., Any]:
    """A version of `function` whose control flow may depend on tensors; the function itself if its source is not at
    hand."""
    if isinstance(function, types.MethodType):
        return types.MethodType(convert(function.__func__), function.__self__)
    if isinstance(function, functools.partial):
        return functools.partial(convert(function.func), *function.args, **function.keywords)
    if not isinstance(function, types.FunctionType) or getattr(function, _NOT_CONVERTED, False):
        return function
    code = _converted_code(function)
    if code is None:
        return function
    from headwater.frontend.autograph import runtime

    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    cells[RUNTIME] = types.CellType(runtime)
    closure = tuple(cells[name] for name in code.co_freevars)
    converted = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    converted.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(converted, function)
    setattr(converted, _NOT_CONVERTED, True)
    return converted


def is_convertible(function: Any) -> bool:
    """True for a user's own Python function: not a library's, not one converted already."""
    target = function.__func__ if isinstance(function, types.MethodType) else function
    if not isinstance(target, types.FunctionType) or getattr(target, _NOT_CONVERTED, False):
        return False
    return (target.__module__ or "").partition(".")[0] not in _LIBRARIES


def do_not_convert(function: Callable[..., Any] | None = None) -> Any:
    """Leave a function as it is; a decorator."""
    if function is None:
        return do_not_convert
    setattr(function, _NOT_CONVERTED, True)
    return function


def to_code(function: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The source of a function as autograph rewrites it."""
    target = getattr(function, "python_function", function)
    return ast.unparse(_rewritten(target))


def _rewritten(function: types.FunctionType) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function.__code__)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise SyntaxError("autograph rewrites functions that are defined by `def`")
    line = function.__code__.co_firstlineno
    ast.increment_lineno(definition, line - 1)
    definition.decorator_list = []
    return rewrite(definition, set(function.__code__.co_freevars))


def _converted_code(function: types.FunctionType) -> types.CodeType | None:
    original = function.__code__
    if original not in _codes:
        _codes[original] = _compile(function)
    return _codes[original]


def _compile(function: types.FunctionType) -> types.CodeType | None:
    try:
        definition = _rewritten(function)
    except (OSError, TypeError, SyntaxError, IndentationError):
        return None
    _strip_defaults(definition)
    names = (*function.__code__.co_freevars, RUNTIME)
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    factory = ast.FunctionDef(
        _FACTORY, arguments, [definition, ast.Return(ast.Name(definition.name, ast.Load()))], [], lineno=1, col_offset=0
    )
    if sys.version_info >= (3, 12):
        factory.type_params = []
    module = ast.fix_missing_locations(ast.Module([factory], []))
    filename = function.__code__.co_filename
    namespace: dict[str, Any] = {}
    exec(compile(module, filename, "exec"), function.__globals__, namespace)
    return namespace[_FACTORY](*[None] * len(names)).__code__


def _strip_defaults(definition: ast.FunctionDef) -> None:
    """Defaults are taken over from the original function: they must not be evaluated again."""
    arguments = definition.args
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [None if default is None else ast.Constant(None) for default in arguments.kw_defaults]
    definition.returns = None
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None:
            argument.annotation = None
