"""The rewriting of a function's syntax tree, in four steps.

1. `return` in the middle: the rest of a block goes into the `else` of an `if` that returns; in loops a flag is set.
2. `break` and `continue`: flags, and what follows is guarded by them.
3. `if`, `while`, `for`: calls of the runtime with the parts as nested functions, and the names that they assign as
their state.
4. `and`, `or`, `not`, `a if c else b`, `assert`, chained comparisons and calls: calls of the runtime.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

RUNTIME = "__headwater_autograph"
_RETURNED, _RESULT = "__returned", "__result"


def rewrite(definition: ast.FunctionDef, free: set[str]) -> ast.FunctionDef:
    """The definition rewritten; `free` are the names that it takes from enclosing functions."""
    definition = _Returns().rewrite(definition)
    definition = _LoopExits().visit(definition)
    definition = _Statements(definition, free).rewrite(definition)
    return ast.fix_missing_locations(_Expressions().visit(definition))


# Small builders


def _name(name: str, store: bool = False) -> ast.Name:
    return ast.Name(name, ast.Store() if store else ast.Load())


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([_name(name, store=True)], value, lineno=0)


def _runtime(function: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(_name(RUNTIME), function, ast.Load()), list(args), [])


def _not(name: str) -> ast.expr:
    return ast.UnaryOp(ast.Not(), _name(name))


def _lambda(body: ast.expr) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


def _function(name: str, body: list[ast.stmt], arguments: Sequence[str] = ()) -> ast.FunctionDef:
    found = ast.FunctionDef(
        name,
        ast.arguments([], [ast.arg(a) for a in arguments], None, [], [], None, []),
        body or [ast.Pass()],
        [],
        lineno=0,
    )
    found.type_params = []  # type: ignore[attr-defined]
    return found


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def _contains(nodes: Iterable[ast.AST], kinds: tuple[type, ...], stop: tuple[type, ...] = ()) -> bool:
    """True if a node of one of `kinds` lies inside, not looking into nested functions nor into `stop`."""
    for node in nodes:
        if isinstance(node, kinds):
            return True
        if not isinstance(node, (*_SCOPES, *stop)) and _contains(ast.iter_child_nodes(node), kinds, stop):
            return True
    return False


# 1. Returns


class _Returns:
    """One `return`, at the end."""

    def rewrite(self, definition: ast.FunctionDef) -> ast.FunctionDef:
        inner = [s for s in definition.body if not isinstance(s, ast.Return)]
        if not _contains(inner, (ast.Return,)) or _contains(definition.body, (ast.Yield, ast.YieldFrom)):
            return definition
        body = self._block(definition.body)
        start: list[ast.stmt] = [_assign(_RETURNED, ast.Constant(False)), _assign(_RESULT, _runtime("no_result"))]
        end = ast.Return(_runtime("result_of", _name(_RESULT)))
        docstring = (
            body[:1] if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) else []
        )
        definition.body = [*docstring, *start, *body[len(docstring) :], end]
        return definition

    def _block(self, statements: list[ast.stmt], in_loop: bool = False) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for index, statement in enumerate(statements):
            rest = statements[index + 1 :]
            if isinstance(statement, ast.Return):
                done += [
                    _assign(_RESULT, statement.value or ast.Constant(None)),
                    _assign(_RETURNED, ast.Constant(True)),
                ]
                return [*done, ast.Break()] if in_loop else done
            if isinstance(statement, ast.If) and _contains([statement], (ast.Return,)) and not in_loop:
                return [*done, self._if(statement, rest)]
            returns = _contains([statement], (ast.Return,))
            done.append(self._inside(statement, in_loop))
            if returns and (rest or in_loop):
                done += self._after(statement, rest, in_loop)
                return done
        return done

    def _if(self, statement: ast.If, rest: list[ast.stmt]) -> ast.If:
        """The rest of the block goes into the branches that do not return."""
        branches = []
        for branch in (statement.body, statement.orelse):
            ends = bool(branch) and _always_returns(branch)
            branches.append(self._block(branch if ends else [*branch, *rest]))
        return ast.copy_location(ast.If(statement.test, branches[0] or [ast.Pass()], branches[1]), statement)

    def _inside(self, statement: ast.stmt, in_loop: bool) -> ast.stmt:
        loop = isinstance(statement, (ast.For, ast.While))
        for field in ("body", "orelse", "finalbody"):
            block = getattr(statement, field, None)
            if isinstance(block, list) and not isinstance(statement, _SCOPES):
                setattr(statement, field, self._block(block, loop or in_loop if field == "body" else in_loop))
        for handler in getattr(statement, "handlers", []):
            handler.body = self._block(handler.body, in_loop)
        return statement

    def _after(self, statement: ast.stmt, rest: list[ast.stmt], in_loop: bool) -> list[ast.stmt]:
        if in_loop and isinstance(
            statement, (ast.For, ast.While)
        ):  # a return of an inner loop leaves the outer one too
            return [ast.If(_name(_RETURNED), [ast.Break()], []), *self._block(rest, in_loop)]
        guarded = self._block(rest, in_loop)
        return [ast.If(_not(_RETURNED), guarded, [])] if guarded and not in_loop else guarded


def _always_returns(block: list[ast.stmt]) -> bool:
    last = block[-1]
    if isinstance(last, (ast.Return, ast.Raise)):
        return True
    return (
        isinstance(last, ast.If) and bool(last.orelse) and _always_returns(last.body) and _always_returns(last.orelse)
    )


# 2. Break and continue


class _LoopExits(ast.NodeTransformer):
    """Loops without `break` and `continue`: flags in their place."""

    def __init__(self) -> None:
        self._count = 0

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.AST | list[ast.stmt]:
        return self._loop(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def _loop(self, node: ast.For | ast.While) -> ast.AST | list[ast.stmt]:
        loops = (ast.For, ast.While)
        has_break = _contains(node.body, (ast.Break,), loops)
        has_continue = _contains(node.body, (ast.Continue,), loops)
        self._count += 1
        broken, continued = f"__broken_{self._count}", f"__continued_{self._count}"
        if has_break or has_continue:
            body = self._guard(node.body, broken, continued)
            node.body = [*([_assign(continued, ast.Constant(False))] if has_continue else []), *body]
        self.generic_visit(node)
        if not has_break:
            return node
        if isinstance(node, ast.While):
            node.test = ast.BoolOp(ast.And(), [_not(broken), node.test])
        else:
            node.extra_test = _not(broken)  # type: ignore[attr-defined]
        after: list[ast.stmt] = []
        if node.orelse:
            after, node.orelse = [ast.If(_not(broken), node.orelse, [])], []
        return [_assign(broken, ast.Constant(False)), node, *after]

    def _guard(self, statements: list[ast.stmt], broken: str, continued: str) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for index, statement in enumerate(statements):
            if isinstance(statement, ast.Break):
                return [*done, _assign(broken, ast.Constant(True))]
            if isinstance(statement, ast.Continue):
                return [*done, _assign(continued, ast.Constant(True))]
            breaks = _contains([statement], (ast.Break,), (ast.For, ast.While)) and not isinstance(
                statement, (ast.For, ast.While)
            )
            continues = _contains([statement], (ast.Continue,), (ast.For, ast.While)) and not isinstance(
                statement, (ast.For, ast.While)
            )
            if not (breaks or continues):
                done.append(statement)
                continue
            for field in ("body", "orelse", "finalbody"):
                block = getattr(statement, field, None)
                if isinstance(block, list) and block:
                    setattr(statement, field, self._guard(block, broken, continued) or [ast.Pass()])
            flags = [_not(name) for name, used in ((broken, breaks), (continued, continues)) if used]
            rest = self._guard(statements[index + 1 :], broken, continued)
            test = flags[0] if len(flags) == 1 else ast.BoolOp(ast.And(), flags)
            return [*done, statement, *([ast.If(test, rest, [])] if rest else [])]
        return done


# 3. Statements


class _AssignedNames(ast.NodeVisitor):
    """Names that a block assigns in its own scope, in order."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.declared: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self.names[node.id] = None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names[node.name] = None

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names[node.name] = None

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.names[(alias.asname or alias.name).partition(".")[0]] = None

    visit_ImportFrom = visit_Import  # type: ignore[assignment]  # noqa: N815 - ast's names

    def visit_Lambda(self, node: ast.Lambda) -> None:
        pass

    def visit_ListComp(self, node: ast.AST) -> None:
        pass

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # noqa: N815 - ast's names

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.names[node.name] = None
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.declared.update(dict.fromkeys(node.names, "global"))

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.declared.update(dict.fromkeys(node.names, "nonlocal"))


def _assigned(statements: Iterable[ast.AST]) -> _AssignedNames:
    visitor = _AssignedNames()
    for statement in statements:
        visitor.visit(statement)
    return visitor


class _Statements(ast.NodeTransformer):
    """`if`, `while` and `for` as calls of the runtime."""

    def __init__(self, definition: ast.FunctionDef, free: set[str]) -> None:
        self._free = free
        self._declared: dict[str, str] = {}
        self._parameters: set[str] = set()
        self._stateful: dict[str, None] = {}
        self._count = 0

    def rewrite(self, definition: ast.FunctionDef) -> ast.FunctionDef:
        arguments = definition.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        self._parameters = {argument.arg for argument in every if argument is not None}
        self._declared = _assigned(definition.body).declared
        definition.body = self._visit_block(definition.body)
        undefined = [
            name
            for name in self._stateful
            if name not in self._parameters and name not in self._declared and name not in self._free
        ]
        starts = [_assign(name, _runtime("undefined", ast.Constant(name))) for name in undefined]
        at = next(
            (
                i
                for i, s in enumerate(definition.body)
                if not isinstance(s, (ast.Global, ast.Nonlocal)) and not _is_docstring(s)
            ),
            0,
        )
        definition.body[at:at] = starts
        return definition

    def _visit_block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for statement in statements:
            visited = self.visit(statement)
            result.extend(visited if isinstance(visited, list) else [visited])
        return result

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return rewrite_nested(node, self)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def _state(self, statements: Iterable[ast.AST]) -> list[str]:
        names = [name for name in _assigned(statements).names if self._declared.get(name) != "global"]
        self._stateful.update(dict.fromkeys(names))
        return names

    def _parts(
        self,
        prefix: str,
        names: list[str],
        blocks: dict[str, list[ast.stmt]],
        arguments: dict[str, list[str]] | None = None,
    ) -> list[ast.stmt]:
        """Nested functions: the blocks, and a getter and a setter of the names."""
        used = [name for name, kind in self._declared.items() if kind == "global"]
        outer: list[ast.stmt] = [ast.Nonlocal(list(names))] if names else []
        if used:
            outer.append(ast.Global(used))
        get = _function(f"{prefix}_get", [ast.Return(ast.Tuple([_name(name) for name in names], ast.Load()))])
        unpack = ast.Assign(
            [ast.Tuple([_name(name, store=True) for name in names], ast.Store())], _name("__values"), lineno=0
        )
        put = _function(f"{prefix}_set", [*outer, unpack] if names else [ast.Pass()], ["__values"])
        parts = [
            _function(f"{prefix}_{role}", [*outer, *block], (arguments or {}).get(role, ()))
            for role, block in blocks.items()
        ]
        return [*parts, get, put]

    def visit_If(self, node: ast.If) -> list[ast.stmt]:
        names = self._state([*node.body, *node.orelse])
        prefix = self._prefix("if")
        blocks = {"body": self._visit_block(node.body), "orelse": self._visit_block(node.orelse)}
        call = _runtime(
            "if_statement", node.test, *self._roles(prefix, ("body", "orelse", "get", "set")), self._names(names)
        )
        return [*self._parts(prefix, names, blocks), ast.copy_location(ast.Expr(call), node)]

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        names = self._state([*node.body, node.test])
        prefix = self._prefix("while")
        blocks = {"test": [ast.Return(node.test)], "body": self._visit_block(node.body)}
        call = _runtime("while_statement", *self._roles(prefix, ("test", "body", "get", "set")), self._names(names))
        return [
            *self._parts(prefix, names, blocks),
            ast.copy_location(ast.Expr(call), node),
            *self._visit_block(node.orelse),
        ]

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        targets = _assigned([node.target]).names
        names = self._state([*node.body, node.target])
        prefix = self._prefix("for")
        body = [ast.Assign([node.target], _name("__item"), lineno=0), *self._visit_block(node.body)]
        extra = getattr(node, "extra_test", None)
        blocks = {"test": [ast.Return(extra if extra is not None else ast.Constant(True))], "body": body}
        parts = self._parts(prefix, names, blocks, {"body": ["__item"]})
        static = ast.Constant(extra is None)
        call = _runtime(
            "for_statement",
            node.iter,
            static,
            *self._roles(prefix, ("test", "body", "get", "set")),
            self._names(names),
            self._names(list(targets)),
        )
        return [*parts, ast.copy_location(ast.Expr(call), node), *self._visit_block(node.orelse)]

    def _prefix(self, kind: str) -> str:
        self._count += 1
        return f"__{kind}_{self._count}"

    @staticmethod
    def _roles(prefix: str, roles: Sequence[str]) -> list[ast.expr]:
        return [_name(f"{prefix}_{role}") for role in roles]

    @staticmethod
    def _names(names: Sequence[str]) -> ast.expr:
        return ast.Tuple([ast.Constant(name) for name in names], ast.Load())


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def rewrite_nested(node: ast.FunctionDef, outer: _Statements) -> ast.FunctionDef:
    """A function defined inside: rewritten on its own terms."""
    if _contains(node.body, (ast.Yield, ast.YieldFrom)):
        return node
    node = _LoopExits().visit(_Returns().rewrite(node))
    inner = _Statements(node, set())
    inner._count = outer._count + 1000
    return inner.rewrite(node)


# 4. Expressions


class _Expressions(ast.NodeTransformer):
    """Logic and calls as calls of the runtime."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        return ast.copy_location(_runtime(name, *[_lambda(value) for value in node.values]), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(_runtime("not_", node.operand), node) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(_runtime("if_expression", node.test, _lambda(node.body), _lambda(node.orelse)), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) == 1 or any(isinstance(operand, ast.NamedExpr) for operand in node.comparators):
            return node
        operands = [node.left, *node.comparators]
        pairs = [ast.Compare(a, [op], [b]) for a, op, b in zip(operands, node.ops, operands[1:])]
        return ast.copy_location(_runtime("and_", *[_lambda(pair) for pair in pairs]), node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        message = _lambda(node.msg) if node.msg is not None else ast.Constant(None)
        return ast.copy_location(ast.Expr(_runtime("assert_statement", node.test, message)), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == RUNTIME
        ):
            return node
        if isinstance(function, ast.Name) and function.id in ("super", "locals", "globals", "vars"):
            return node  # these look at the frame that calls them
        node.func = ast.copy_location(_runtime("callee", function), function)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        return node
