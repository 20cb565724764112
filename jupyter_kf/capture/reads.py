"""Which names does a piece of code take from outside itself, and how sure is that?

Nested scopes (functions, lambdas, comprehensions, classes) are resolved by `scopes`, which asks
Python itself. At the top level the order of statements counts: a name that is read before
it is bound is read from outside, even if the code binds it later. The rules, and their limits:

- a loop's body counts as run, so what it binds is bound after it;
- a branch of ``if``, ``try`` or ``match`` may not run: what only some branches bind is read from
  outside too, but only if it can travel (`Sureness.MAYBE`);
- a function's body is read when the function's name is read; if that never happens at the top
  level, its names are needed but their absence is not reported (`Sureness.LATER`);
- ``from m import *`` may bind anything: then no name's absence is reported.

Pure; standard library only.
"""

from __future__ import annotations

import ast
import builtins
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jupyter_kf.capture.scopes import body_reads, bound_in, class_reads, free_in

_BUILTINS = frozenset(dir(builtins)) - {"display", "get_ipython"}
ANY_NAME = frozenset({"globals", "locals", "vars", "eval", "exec"})
"""Whoever calls one of these may read any name."""
_MODULE = frozenset({"__name__", "__file__", "__doc__", "__spec__", "__loader__", "__package__"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Sureness(enum.IntEnum):
    """How sure it is that a name is read from outside."""

    SURE = 0  # read at the top level before anything binds it
    LATER = 1  # read by a function that the code only defines
    MAYBE = 2  # bound by the code itself on some ways to the read


@dataclass(frozen=True)
class Reads:
    """What a piece of code takes from outside.

    Attributes:
        names: each name with its sureness, in the order of first appearance.
        lines: line of each name's first appearance, from 1.
        chains: dotted uses of a name: ``{"np": {("linalg", "norm")}}``.
        imports: modules that its import statements name, with their level of relativity and
            the names taken from them.
        star: whether it imports everything from some module.
        defined: every name that it binds at the top level.
    """

    names: dict[str, Sureness]
    lines: dict[str, int]
    chains: dict[str, tuple[tuple[str, ...], ...]]
    imports: tuple[tuple[str, int, tuple[str, ...]], ...]
    star: bool
    defined: frozenset[str]


def reads_of(tree: ast.Module | ast.stmt, *, future: bool = False) -> Reads:
    """What this module, or this one statement, takes from outside itself.

    Args:
        future: whether annotations are known not to be evaluated.
    """
    module = tree if isinstance(tree, ast.Module) else ast.Module([tree], [])
    seen = _survey(module)
    walk = _Walk(bound_in(module), future=future or _has_future(module))
    walk.block(module.body)
    walk.finish()
    where = seen.places
    ordered = sorted(walk.found, key=lambda n: (where.get(n, (1 << 30, 0)), n))
    return Reads(
        names={name: walk.found[name] for name in ordered},
        lines={name: where[name][0] for name in ordered if name in where},
        chains={name: tuple(sorted(uses)) for name, uses in seen.chains.items()},
        imports=tuple(seen.imports),
        star=any("*" in names for _, _, names in seen.imports),
        defined=frozenset(walk.binds),
    )


@dataclass
class _Walk:
    """Follows the statements in the order they run; see the module's rules."""

    binds: set[str]  # bound anywhere at the top level
    future: bool  # annotations are not evaluated
    sure: set[str] = field(default_factory=set)  # bound by now
    maybe: set[str] = field(default_factory=set)  # bound by now on some ways
    found: dict[str, Sureness] = field(default_factory=dict)
    later: dict[str, set[str]] = field(default_factory=dict)

    def load(self, name: str, sureness: Sureness = Sureness.SURE) -> None:
        """Notes that `name` is read here."""
        for inner in self.later.pop(name, ()):
            self.load(inner, Sureness.MAYBE if inner in self.binds else sureness)
        if name in self.sure or name in _MODULE:
            return
        if name in self.maybe:
            sureness = Sureness.MAYBE
        self.found[name] = min(self.found.get(name, sureness), sureness)

    def bind(self, name: str) -> None:
        """Notes that `name` is bound here."""
        self.sure.add(name)

    def finish(self) -> None:
        """Reads what functions that were only defined would read."""
        while self.later:
            _, names = self.later.popitem()
            for name in names:
                self.load(name, Sureness.MAYBE if name in self.binds else Sureness.LATER)

    def block(self, body: Iterable[ast.stmt]) -> bool:
        """Follows statements; whether the end of them is reached."""
        return all(map(self.statement, body))  # stops at the first that leaves the block

    def branches(self, blocks: Sequence[Sequence[ast.stmt]]) -> None:
        """Follows ways of which exactly one is taken."""
        before, ends = set(self.sure), []
        for body in blocks:
            self.sure = set(before)
            if self.block(body):
                ends.append(self.sure)
            else:
                self.maybe |= self.sure - before
        everywhere = set.intersection(*ends) if ends else before
        self.maybe |= set().union(*ends) - everywhere
        self.sure = everywhere

    def statement(self, node: ast.stmt) -> bool:
        """Follows one statement; whether the next one is reached."""
        if isinstance(node, _Function):
            self.function(node)
        elif isinstance(node, ast.ClassDef):
            self.klass(node)
        elif isinstance(node, ast.AugAssign):
            if isinstance(node.target, ast.Name):
                self.load(node.target.id)
            self.expression(node.value)
            self.expression(node.target)
        elif isinstance(node, ast.AnnAssign):
            self.annotation(node.annotation)
            if node.value is not None:
                self.assign([node.target], node.value)
        elif isinstance(node, ast.Assign):
            self.assign(node.targets, node.value)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                self.bind(alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
            self.expressions(ast.iter_child_nodes(node))
            return False
        elif isinstance(node, ast.If | ast.Try | ast.Match) or type(node).__name__ == "TryStar":
            self.choice(node)
        else:
            self.plain(node)
        return True

    def plain(self, node: ast.stmt) -> None:
        """Loops, ``with`` and simple statements: their parts in the order they run."""
        if isinstance(node, ast.For | ast.AsyncFor):
            self.expressions([node.iter, node.target])
            self.block(node.body)
            self.block(node.orelse)
        elif isinstance(node, ast.While):
            self.expression(node.test)
            self.block(node.body)
            self.block(node.orelse)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self.expressions(ast.iter_child_nodes(item))
            self.block(node.body)
        else:
            self.expressions(ast.iter_child_nodes(node))

    def choice(self, node: ast.stmt) -> None:
        """``if``, ``try`` and ``match``."""
        if isinstance(node, ast.If):
            self.expression(node.test)
            self.branches([node.body, node.orelse])
        elif isinstance(node, ast.Match):
            self.expression(node.subject)
            self.branches([*([_case(case), *case.body] for case in node.cases), []])
        else:
            assert isinstance(node, ast.Try | ast.TryStar)
            for handler in node.handlers:
                if handler.type is not None:
                    self.expression(handler.type)
            handled = [_named(handler) + handler.body for handler in node.handlers]
            self.branches([[*node.body, *node.orelse], *handled])
            self.block(node.finalbody)

    def assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        """``a = b = value``."""
        if isinstance(value, ast.Lambda) and all(isinstance(t, ast.Name) for t in targets):
            self.expressions(_defaults(value.args))
            for target in targets:
                assert isinstance(target, ast.Name)
                self.later[target.id] = free_in(ast.Expr(value))
        else:
            self.expression(value)
        self.expressions(targets)

    def function(self, node: _Function) -> None:
        """A definition: decorators, defaults and annotations run now, the body when called."""
        self.expressions([*node.decorator_list, *_defaults(node.args)])
        for argument in _arguments(node.args):
            self.annotation(argument.annotation)
        self.annotation(node.returns)
        bare = type(node)(**{**{f: getattr(node, f) for f in node._fields}, "decorator_list": []})
        self.later[node.name] = body_reads(bare)
        self.bind(node.name)

    def klass(self, node: ast.ClassDef) -> None:
        """A class: its body runs now, its methods when called."""
        self.expressions([*node.decorator_list, *node.bases, *(k.value for k in node.keywords)])
        now, rebound, methods = class_reads(node)
        for name in now | rebound:
            unsure = name in rebound or (name in self.binds and name not in self.sure)
            self.load(name, Sureness.MAYBE if unsure else Sureness.SURE)
        self.later[node.name] = methods
        self.bind(node.name)

    def nested(self, node: ast.expr) -> None:
        """A lambda or a comprehension, which may bind names of the module by ``:=``."""
        is_lambda = isinstance(node, ast.Lambda)
        made = {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
        for name in free_in(ast.Expr(node)) - (set() if is_lambda else made):
            unsure = is_lambda and name in self.binds
            self.load(name, Sureness.MAYBE if unsure else Sureness.SURE)
        if not is_lambda:
            self.sure |= made

    def annotation(self, node: ast.expr | None) -> None:
        """An annotation is needed where it is evaluated, and welcome where it is not."""
        if node is not None:
            for name in free_in(ast.Expr(node)):
                self.load(name, Sureness.MAYBE if self.future else Sureness.SURE)

    def expressions(self, nodes: Iterable[ast.AST]) -> None:
        """Several expressions in turn."""
        for node in nodes:
            self.expression(node)

    def expression(self, node: ast.AST) -> None:
        """An expression, evaluated from left to right."""
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self.load(node.id)
            elif isinstance(node.ctx, ast.Del):
                self.sure.discard(node.id)
            else:
                self.bind(node.id)
        elif isinstance(node, ast.Lambda | _Comprehension):
            self.nested(node)
        elif isinstance(node, ast.NamedExpr):
            self.expressions([node.value, node.target])
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            self.expressions(ast.iter_child_nodes(node))
            self.bind(node.name)
        elif isinstance(node, ast.MatchMapping):
            self.expressions(ast.iter_child_nodes(node))
            if node.rest:
                self.bind(node.rest)
        else:
            self.expressions(ast.iter_child_nodes(node))


def _case(case: ast.match_case) -> ast.stmt:
    parts = [case.pattern, *([case.guard] if case.guard else [])]
    return _Parts(parts)


class _Parts(ast.stmt):
    """Stands for expressions that are evaluated, and patterns that bind, before a block."""

    _fields = ("parts",)

    def __init__(self, parts: list[ast.AST]) -> None:
        super().__init__()
        self.parts = parts


def _named(handler: ast.ExceptHandler) -> list[ast.stmt]:
    return [_Parts([ast.Name(handler.name, ast.Store())])] if handler.name else []


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [d for d in (*arguments.defaults, *arguments.kw_defaults) if d is not None]


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def is_builtin(name: str) -> bool:
    """Whether every Python knows this name."""
    return name in _BUILTINS or name in _MODULE


def _has_future(module: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in module.body
    )


@dataclass
class _Survey:
    """One look at every node: places of names, dotted uses, import statements."""

    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    chains: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    imports: list[tuple[str, int, tuple[str, ...]]] = field(default_factory=list)


def _survey(module: ast.Module) -> _Survey:
    seen = _Survey()
    for node in ast.walk(module):
        kind = type(node)
        if kind is ast.Name:
            place = (node.lineno, node.col_offset)  # type: ignore[attr-defined]
            name = node.id  # type: ignore[attr-defined]
            if name not in seen.places or place < seen.places[name]:
                seen.places[name] = place
        elif kind is ast.Attribute:
            _add_chain(node, seen.chains)
        elif isinstance(node, ast.Import):
            seen.imports += [(alias.name, 0, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            seen.imports.append((node.module or "", node.level, names))
    return seen


def _add_chain(node: ast.AST, chains: dict[str, set[tuple[str, ...]]]) -> None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        chains.setdefault(node.id, set()).add(tuple(reversed(parts)))
