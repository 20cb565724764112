from __future__ import annotations

import ast
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from jupyter_kf.capture import capture_estimator
from jupyter_kf.errors import CaptureError


def refused(notebook, source) -> CaptureError:
    with pytest.raises(CaptureError) as caught:
        notebook.transform(source)
    return caught.value


PLAIN = "def transform(df):\n    return df"


def test_the_text_is_imports_helpers_constants_and_the_cell_as_typed(notebook):
    notebook.run(
        "import numpy as np, pandas as pd\nCUT = 15\nCODES = {'b': 1, 'a': 2}\nKEEP = {'z', 'y'}",
        "def clean(s):\n    # spaces  kept\n    return s.fillna(CUT)",
    )
    got = notebook.transform(
        "def fit(df):\n    return {'mean': np.mean(df.x)}\n\n"
        "def transform(df, state):\n    return pd.DataFrame({'x': clean(df.x) - state['mean'],\n"
        "        'k': df.k.map(CODES)})[sorted(KEEP)]\n"
    )
    assert got.defines_fit and got.takes_state and got.state is None
    assert got.code == (
        "# What the cell uses from the notebook\n"
        "import numpy as np\n"
        "import pandas as pd\n\n\n"
        "def clean(s):\n    # spaces  kept\n    return s.fillna(CUT)\n\n\n"
        "CODES = {'b': 1, 'a': 2}\n"
        "KEEP = {'y', 'z'}\n\n\n"
        "# The cell\n"
        "def fit(df):\n    return {'mean': np.mean(df.x)}\n\n"
        "def transform(df, state):\n    return pd.DataFrame({'x': clean(df.x) - state['mean'],\n"
        "        'k': df.k.map(CODES)})[sorted(KEEP)]\n"
    ).replace("def clean", "CUT = 15\n\n\ndef clean", 1).replace("pd\n\n\nCUT", "pd\nCUT", 1)


def test_the_text_runs_in_an_empty_process(notebook):
    notebook.run("import math\nROOTS = (4, 9)\ndef root(v): return math.isqrt(v)")
    got = notebook.transform("def transform(df):\n    return [root(v) for v in ROOTS] + df")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", got.code + "\nprint(transform([1]))"],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("[2, 3, 1]\n", "")


def test_a_future_import_of_the_cell_stays_on_top(notebook):
    notebook.run("def helper(df): return df")
    got = notebook.transform(
        "from __future__ import annotations\n"
        "def transform(df: Frame) -> Frame:\n    return helper(df)"
    )
    assert got.code.startswith("from __future__ import annotations\n")
    names: dict = {}
    exec(got.code, names)
    assert names["transform"](3) == 3


SEEDED = """
import sys, os, hashlib
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
shell.run_cell('''
import numpy as np, pandas as pd, math
from functools import lru_cache
WORDS = {"one", "two", "three", "four", "five"}
NESTED = {"k": frozenset({"x", "y", "z"}), "m": [{3, 1, 2}]}
def deep(v): return wide(v) + len(NESTED)
def wide(v): return math.floor(v) if v else deep(1)
@lru_cache
def table(): return sorted(WORDS)
''').raise_error()
from jupyter_kf.capture import capture_transform
got = capture_transform('''
def fit(df):
    return {"a": table(), "b": np.mean(df.x)}
def transform(df, state):
    return pd.DataFrame({"v": [deep(v) for v in df.x if v in WORDS]})
''', shell.user_ns, Path("."))
sys.stdout.write(hashlib.sha256(got.code.encode()).hexdigest() + "\\n" + got.code)
"""


def test_the_bytes_are_the_same_whatever_the_hash_seed(tmp_path):
    texts = set()
    for seed in ("0", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", SEEDED],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 0, done.stderr
        texts.add(done.stdout)
    assert len(texts) == 1
    assert "frozenset({'x', 'y', 'z'})" in texts.pop()


def test_a_comment_elsewhere_in_the_notebook_changes_nothing(notebook):
    notebook.run("A = 1\ndef f(x): return x + A")
    before = notebook.transform("def transform(df): return f(df)").code
    notebook.run("# more\nB = object()", "unused = 3")
    assert notebook.transform("def transform(df): return f(df)").code == before


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("x = 1", 1210, "defines no `transform`"),
        ("def fit(df): return 1", 1210, "defines no `transform`"),
        ("def prepare(df): return df", 1210, "defines no `transform`"),
        ("if True:\n    def transform(df): return df", 1210, "defines no `transform`"),
        ("def transform(): return 1", 1211, "`transform`"),
        ("def transform(a, b, c): return 1", 1211, "`transform`"),
        ("def transform(df, state): return df", 1211, "`transform`"),
        ("def transform(df, *, k): return df", 1211, "`transform`"),
        ("async def transform(df): return df", 1211, "`transform`"),
        ("def transform(df): yield df", 1211, "`transform`"),
        ("class transform: pass", 1211, "`transform`"),
        ("from m import transform", 1211, "`transform`"),
        ("def fit(df): return 1\ndef transform(df): return df", 1211, "line 2"),
        ("def fit(): return 1\ndef transform(df, state): return df", 1211, "`fit`"),
        ("def fit(df, y): return 1\ndef transform(df, state): return df", 1211, "`fit`"),
        ("async def fit(df): return 1\ndef transform(df, state): return df", 1211, "`fit`"),
    ],
)
def test_a_wrong_form_is_refused_with_the_right_one(notebook, source, code, words):
    error = refused(notebook, source)
    assert error.code == code
    assert words in error.what
    assert "def " in error.fix


@pytest.mark.parametrize(
    "source",
    [
        PLAIN,
        "def transform(df, verbose=False): return df",
        "def transform(*a): return a[0]",
        "transform = lambda df: df",
        "def fit(df): return {}\ndef transform(df, state, extra=None): return df",
        "def transform(df, /, *, k=1): return df\ndef other(a, b): yield",
    ],
)
def test_every_form_that_can_be_called_is_taken(notebook, source):
    assert source in notebook.transform(source).code


@pytest.mark.parametrize(
    ("setup", "advice"),
    [
        ("import pandas as pd\nit = pd.DataFrame({'a': [1]})", "return it from fit"),
        ("import numpy as np\nit = np.zeros(3)", "return it from fit"),
        (
            "from sklearn.preprocessing import StandardScaler as S\nit = S().fit([[1.0], [2.0]])",
            "return it from fit",
        ),
        ("it = list(range(30000))", "return it from fit"),
        ("it = open('/dev/null')", "open it inside the cell"),
        ("it = object()", "inside the cell"),
    ],
)
def test_what_is_not_text_is_refused(notebook, setup, advice):
    notebook.run(setup)
    error = refused(notebook, "def transform(df):\n    return df, it")
    assert error.code == 1212
    assert "`it`" in error.what and advice in error.fix
    assert "--pickle" not in error.fix


def test_a_local_module_travels_and_is_looked_into(notebook):
    (notebook.folder / "kfh_m.py").write_text("import time\ndef stamp():\n    return time.time()\n")
    notebook.run("import kfh_m")
    got = notebook.transform("def transform(df): return df.assign(t=kfh_m.stamp())")
    assert set(got.modules) == {"kfh_m.py"}
    assert [(w["where"], w["line"], w["what"]) for w in got.warnings] == [
        ("modules/kfh_m.py", 3, "time.time()")
    ]


def test_warnings_count_lines_in_the_cell_and_name_other_places(notebook):
    notebook.run("import datetime as d\nfrom random import random as r\ndef noise(): return r()")
    got = notebook.transform(
        "import os\n\ndef transform(df):\n    d.datetime.now()\n    return noise()"
    )
    assert [(w["where"], w["line"], w["what"]) for w in got.warnings] == [
        ("cell", 4, "datetime.datetime.now()"),
        ("transform.py", 6, "random.random()"),
    ]
    assert ast.parse(got.code)


class TestEstimators:
    def test_a_fitted_object_becomes_readable_text_and_its_state(self):
        from sklearn.preprocessing import StandardScaler

        frame = pd.DataFrame({"a": [1.0, 3.0], "b": [0.0, 1.0]}, index=[7, 8])
        scaler = StandardScaler().fit(frame)
        got = capture_estimator("scaler", scaler)
        assert got.state == {"estimator": scaler} and got.takes_state and not got.defines_fit
        names: dict = {}
        exec(got.code, names)
        made = names["transform"](frame, got.state)
        assert list(made.columns) == ["a", "b"] and list(made.index) == [7, 8]
        np.testing.assert_array_equal(made.to_numpy(), scaler.transform(frame))

    def test_sparse_nameless_and_frame_outputs_become_frames(self):
        from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

        frame = pd.DataFrame({"a": [1.0, 3.0]})
        for estimator, columns in [
            (OneHotEncoder().fit(frame), ["a_1.0", "a_3.0"]),
            (FunctionTransformer(np.log1p).fit(frame), ["a"]),
            (StandardScaler().set_output(transform="pandas").fit(frame), ["a"]),
            (FunctionTransformer(np.asarray).fit(frame), ["prep_0"]),
        ]:
            names: dict = {}
            exec(capture_estimator("prep", estimator).code, names)
            made = names["transform"](frame, {"estimator": estimator})
            assert list(made.columns) == columns

    @pytest.mark.parametrize("thing", [3, "x", object(), int])
    def test_what_has_no_transform_is_refused(self, thing):
        with pytest.raises(CaptureError) as caught:
            capture_estimator("thing", thing)
        assert caught.value.code == 1214

    def test_an_unfitted_object_is_refused(self):
        from sklearn.preprocessing import StandardScaler

        with pytest.raises(CaptureError) as caught:
            capture_estimator("scaler", StandardScaler())
        assert "scaler.fit" in caught.value.fix

    def test_classes_of_the_notebook_inside_it_are_refused_by_name(self, notebook):
        notebook.run(
            "from sklearn.preprocessing import FunctionTransformer\n"
            "def mine(x): return x\nf = FunctionTransformer(mine).fit([[1]])\n"
            "g = FunctionTransformer(lambda x: x).fit([[1]])"
        )
        for name, words in [("f", "mine"), ("g", "lambda")]:
            with pytest.raises(CaptureError) as caught:
                capture_estimator(name, notebook.names[name])
            assert caught.value.code == 1214
            assert words in caught.value.cause

    def test_local_modules_of_its_classes_travel(self, notebook):
        (notebook.folder / "kfi_m.py").write_text(
            "from sklearn.base import BaseEstimator, TransformerMixin\n"
            "class Same(BaseEstimator, TransformerMixin):\n"
            "    def fit(self, X, y=None):\n        self.n_ = 1\n        return self\n"
            "    def transform(self, X): return X\n"
        )
        notebook.run("from kfi_m import Same\ns = Same().fit([[1]])")
        got = capture_estimator("s", notebook.names["s"], notebook.folder)
        assert set(got.modules) == {"kfi_m.py"}
