from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf.capture.reads import Reads, Sureness, is_builtin, reads_of

SURE, LATER, MAYBE = Sureness.SURE, Sureness.LATER, Sureness.MAYBE


def reads(source: str) -> Reads:
    return reads_of(ast.parse(source))


def names(source: str) -> dict[str, Sureness]:
    return {n: s for n, s in reads(source).names.items() if not is_builtin(n)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = x", {"x": SURE}),
        ("x = 1\ny = x", {}),
        ("x = x + 1", {"x": SURE}),
        ("x += 1", {"x": SURE}),
        ("x[0] = 1", {"x": SURE}),
        ("x.a = 1", {"x": SURE}),
        ("print(x)\nx = 1", {"x": SURE}),
        ("del x", {}),
        ("x = 1\ndel x\ny = x", {"x": SURE}),
        ("for i in items: print(i)", {"items": SURE}),
        ("for x in range(3): m = x\nprint(m, x)", {}),
        ("while go: pass", {"go": SURE}),
        ("with open(p) as f, g(f): pass", {"p": SURE, "g": SURE}),
        ("import a.b\na.b.c", {}),
        ("import a.b as c\nc.d, a", {"a": SURE}),
        ("from m import *\nq", {"q": SURE}),
        ("a, (b, *c) = d\na, b, c", {"d": SURE}),
        ("x: int = y", {"y": SURE}),
        ("x: T", {"T": SURE}),
        ("if (n := f()): n", {"f": SURE}),
        ("[y := a for a in s]\ny", {"s": SURE}),
        ("[a for a in s if a in t]", {"s": SURE, "t": SURE}),
        ("{k: v for k, v in s for q in v}", {"s": SURE}),
        ("sorted(s, key=lambda r: r[c])", {"s": SURE, "c": SURE}),
        ("f'{x:{w}}'", {"x": SURE, "w": SURE}),
        ("try: x = 1\nexcept E as e: print(e)", {"E": SURE}),
        ("match v:\n case [a, *b]: a, b\n case {'k': c, **d}: c, d\n case P(e) as g: e, g",
         {"v": SURE, "P": SURE}),
        ("global g\ng = 1", {}),
        ("lambda: __name__", {}),
    ],
)  # fmt: skip
def test_top_level_reads_follow_the_order_of_statements(source, expected):
    assert names(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if a: x = 1\nprint(x)", {"a": SURE, "x": MAYBE}),
        ("if a: x = 1\nelse: x = 2\nprint(x)", {"a": SURE}),
        ("if a: x = 1\nelse: raise E\nprint(x)", {"a": SURE, "E": SURE}),
        ("try: x = f()\nexcept Exception: x = 1\nprint(x)", {"f": SURE}),
        ("try: x = f()\nexcept Exception: pass\nprint(x)", {"f": SURE, "x": MAYBE}),
        ("match v:\n case 1: x = 1\nx", {"v": SURE, "x": MAYBE}),
    ],
)
def test_what_only_some_ways_bind_is_perhaps_read(source, expected):
    assert names(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(): return x", {"x": LATER}),
        ("def f(): return x\nf()", {"x": SURE}),
        ("def f(): return x\nx = 1\nf()", {}),
        ("def f(): return x\nf()\nx = 1", {"x": MAYBE}),
        ("def f(x): return x", {}),
        ("def f(): x = 1; return x", {}),
        ("def f(a=d): return a", {"d": SURE}),
        ("@deco\ndef f(): pass", {"deco": SURE}),
        ("def f(a: A) -> B: pass", {"A": SURE, "B": SURE}),
        ("from __future__ import annotations\ndef f(a: A): pass", {"A": MAYBE}),
        ("def f():\n global n\n n += 1\nf()", {"n": MAYBE}),
        ("def f():\n x = 1\n def g(): return x + y\n return g", {"y": LATER}),
        ("def f(): return f()", {}),
        ("def f(): return g()\ndef g(): return f() + z", {"z": LATER}),
        ("async def f():\n async for i in s: yield i", {"s": LATER}),
        ("f = lambda v: v * k", {"k": LATER}),
        ("f = lambda v: v * k\nf(1)", {"k": SURE}),
        ("class C(B, metaclass=M): pass", {"B": SURE, "M": SURE}),
        ("class C:\n a = q\n def m(self): return r", {"q": SURE, "r": LATER}),
        ("class C:\n a = q\n def m(self): return r\nC()", {"q": SURE, "r": SURE}),
        ("class C:\n def m(self): return super().m() + __class__.x", {}),
        ("class C:\n a = 1\n b = [a for _ in range(2)]", {"a": LATER}),
        ("class C:\n x = x", {"x": MAYBE}),
    ],
)
def test_functions_read_when_they_are_called_and_classes_at_once(source, expected):
    assert names(source) == expected


def test_names_come_in_the_order_of_first_appearance():
    assert list(names("z(b); a(z); b(m)")) == ["z", "b", "a", "m"]


def test_dotted_uses_and_imports_anywhere_are_noted():
    found = reads("np.linalg.norm(np.x)\ndef f():\n from .m import a, b\n import q.r as s")
    assert ("linalg", "norm") in found.chains["np"]
    assert ("m", 1, ("a", "b")) in found.imports
    assert ("q.r", 0, ()) in found.imports


LINES = ["x = 1", "y = x", "def f(): return y", "f()", "if x: z = 2", "print(z)", "x += y"]


@given(st.permutations(LINES), st.integers(1, len(LINES)))
def test_code_given_just_what_was_found_never_misses_a_name(lines, count):
    source = "\n".join(lines[:count])
    given = {n: (lambda: 0) if n == "f" else 1 for n in names(source)}
    exec(source, {**given, "print": lambda *_: None})
