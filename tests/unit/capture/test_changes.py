"""A helper means in a job what it means in the notebook, or it is refused."""

from __future__ import annotations

import pytest

from jupyter_kf.capture import capture_function
from jupyter_kf.errors import CaptureError

CLASS = """
class C:
    n = 1
    limits = [1, 2]
    def get(self, k=1):
        return self.n + k
"""


@pytest.mark.parametrize(
    ("cells", "uses", "words"),
    [
        (("K = 1", "def f(x, k=K): return x + k", "K = 100"), "f(1)", "k=K was 1"),
        (("K = 1", "f = lambda x, k=K: x + k", "K = 100"), "f(1)", "k=K was 1"),
        (("K = 1", "def f(x, *, k=2 * K + 1): return x + k", "K = 100"), "f(1)", "k=2 * K + 1"),
        (("def f(x, k=1): return x + k", "f.__defaults__ = (5,)"), "f(1)", "k=1 was 5"),
        (("def g(): return 1", "def f(x=g): return x()", "def g(): return 2"), "f()", "x=g"),
        ((CLASS, "C.n = 5"), "C().get()", "`C.n` is 5 now, and its text says 1"),
        ((CLASS, "C.get = lambda self: 7"), "C().get()", "`get` was replaced"),
        ((CLASS, "def other(self): return 7", "C.get = other"), "C().get()", "`get` was replaced"),
        ((CLASS, "C.more = 5"), "C().more", "`C.more` was set after"),
        ((CLASS, "C.limits = [3]"), "C.limits", "`C.limits` is [3] now"),
        (("K = 1", "class C:\n    n = K", "K = 100"), "C.n", "says K, which is 100"),
        (("K = 1", "class C:\n    def get(self, k=K): return k", "K = 9"), "C().get()", "method"),
        (("from dataclasses import dataclass", "@dataclass\nclass C:\n    n: int = 1", "C.n = 5"),
         "C.n", "`C.n` is 5 now"),
    ],
)  # fmt: skip
def test_a_helper_whose_text_makes_something_else_by_now_is_refused(notebook, cells, uses, words):
    notebook.run(*cells)
    with pytest.raises(CaptureError) as caught:
        notebook.capture(f"print({uses})")
    assert caught.value.code == 1203 and words in str(caught.value)
    assert "again" in caught.value.fix


SAME = """
import abc, dataclasses, enum, functools, typing
import numpy as np
K, W, CFG = 1, np.array([1.0, 2.0]), {"k": 2}

def helper(x): return x

def f(x, k=K, w=W, fn=helper, cfg=CFG, nan=np.nan, seen=[], *, m=-K, n=len("ab"), c=CFG["k"]):
    seen.append(x)
    return x + k + m + n + c

@functools.lru_cache
def cached(x=K): return x

class Base(abc.ABC):
    @abc.abstractmethod
    def get(self): ...

class C(Base):
    a = b = K
    c = a + 1
    if K:
        d = 5
    __hidden = 3
    def get(self, k=K): return self.a + self.__hidden + k
    @property
    def p(self): return 1
    @p.setter
    def p(self, value): pass
    @functools.cached_property
    def q(self): return 2
    @staticmethod
    def s(): return 3
    @classmethod
    def t(cls): return cls.c
    @functools.lru_cache
    def u(self): return 4
    alias = get

@dataclasses.dataclass(frozen=True, order=True)
class D:
    x: int = K
    y: list = dataclasses.field(default_factory=list)

@dataclasses.dataclass(slots=True)
class E:
    x: int = K

class F(enum.Enum):
    A = 1
    B = 2

class G(typing.NamedTuple):
    x: int = K

@functools.total_ordering
class H:
    def __lt__(self, other): return True
    def __eq__(self, other): return True

class I:
    kept = {}
    def __init_subclass__(cls):
        cls.made = 1
        I.kept[cls.__name__] = 1

class J(I):
    pass
"""


def test_what_the_notebook_did_not_change_travels(notebook):
    notebook.run(SAME)
    notebook.run("W = np.array([1.0, 2.0])", "def helper(x): return x")
    notebook.names["f"](1)
    cell = "print(f(1), cached(), C().get(), C().q, C.s(), C.t(), D(), E(), F.A, G(), J.made)"
    assert notebook.job(notebook.capture(cell)).split()[:3] == ["5", "1", "5"]
    notebook.run("from sklearn.base import BaseEstimator, TransformerMixin")
    notebook.run(
        "class S(TransformerMixin, BaseEstimator):\n    n = 1\n"
        "    def __init__(self, k=K): self.k = k\n"
        "    def fit(self, X, y=None): return self\n    def transform(self, X): return X"
    )
    assert notebook.job(notebook.capture("print(S().k + S.n)")).strip() == "2"


def test_a_function_that_is_the_cell_is_looked_at_too(notebook):
    notebook.run("K = 1", "def train(x, k=K): return x + k", "K = 100")
    with pytest.raises(CaptureError) as caught:
        capture_function(notebook.names["train"], bound=("x",), directory=notebook.folder)
    assert caught.value.code == 1207 and "k=K was 1" in caught.value.cause


def test_a_parameter_of_the_job_may_be_a_default(notebook):
    notebook.run("K = 1", "def f(x, k=K): return x + k", "K = 100")
    captured = notebook.capture("print(f(1))", bound=("K",))
    assert "def f(x, k=K)" in captured.preamble
