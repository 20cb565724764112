from __future__ import annotations

import random
import sqlite3
import threading

import pytest

from jupyter_kf.capture.refusals import refuse
from jupyter_kf.errors import CaptureError


def refused(notebook, source, **options) -> CaptureError:
    with pytest.raises(CaptureError) as caught:
        notebook.capture(source, **options)
    return caught.value


def test_an_open_connection_is_refused_with_its_name_type_and_ways_out(notebook):
    notebook.names["conn"] = sqlite3.connect(":memory:")
    error = refused(notebook, "x = 1\nrows = conn.execute('select 1')")
    assert error.code == 1203
    assert error.what == (
        "the cell reads `conn` in line 2, a sqlite3 Connection, which can't travel to a job"
    )
    assert "an open connection stays in this kernel" in error.cause
    assert "--param dsn=" in error.fix
    notebook.names["conn"].close()


def test_anything_unknown_offers_the_ways_out_that_it_has(notebook):
    notebook.run("class Odd:\n    def __init__(self): self.x = 1\nodd = Odd()")
    error = refused(notebook, "odd")
    assert "`odd` in line 1, an Odd" in error.what
    assert all(way in error.fix for way in ("inside the cell", "--param", "--pickle odd"))


@pytest.mark.parametrize(
    ("setup", "advice"),
    [
        ("it = (i for i in range(3))", "it = list(it)"),
        ("it = iter([1])", "it = list(it)"),
        ("import threading\nit = threading.Thread()", "inside the cell"),
        ("import threading\nit = threading.Lock()", "inside the cell"),
        ("it = open('/dev/null')", "--param path=/dev/null"),
        ("it = open('ice $cream.csv', 'w')", "--param path='ice $cream.csv'"),
        ("import polars as pl\nit = pl.LazyFrame({'a': [1]})", "it = it.collect()"),
        (
            "from sklearn.preprocessing import StandardScaler as S\nit = S().fit([[1.0], [2.0]])",
            "%kf transform NAME --from it",
        ),
        (
            "from sklearn.linear_model import Ridge\nit = Ridge().fit([[1.0], [2.0]], [1, 2])",
            "--pickle it",
        ),
        ("import pandas as pd\nit = pd.DataFrame({'a': [object()]})", "--data"),
        ("it = []\nit.append(it)", "inside the cell"),
        ("import numpy as np\nit = np.random.default_rng(0)", "--seed seeds random, numpy"),
        ("import random\nit = random.Random(1)", "--seed seeds random, numpy"),
        ("class Net:\n    def predict(self, rows): return rows\nit = Net()", "--pickle it"),
        ("class ApiClient: pass\nit = ApiClient()", "pass its address"),
        ("from jupyter_kf.client import Client\nit = object.__new__(Client)", "use --data, --tran"),
    ],
)
def test_advice_fits_the_thing(notebook, setup, advice):
    notebook.run(setup)
    error = refused(notebook, "print(it)")
    assert error.code == 1203
    assert advice in error.fix
    assert ("%kf data" in error.fix) == ("DataFrame" in setup and "LazyFrame" not in setup)
    if hasattr(notebook.names["it"], "close"):
        notebook.names["it"].close()


def test_chance_is_no_part_of_a_transform():
    refusal = refuse("rng", random.Random(1), inside="transform")
    assert "draw in fit" in refusal.fix and "--param" not in refusal.fix


def test_a_column_that_can_not_be_stored_exactly_is_named(notebook):
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'ok': [1], 'bad': [object()]})")
    assert "column 'bad'" in refused(notebook, "df").cause


def test_all_refusals_of_a_cell_come_in_one_error(notebook):
    notebook.names.update(a=threading.Lock(), b=(i for i in "x"), c=1)
    error = refused(notebook, "a, b, c")
    assert "2 things that can't travel to a job: `a`, `b`" in error.what
    assert error.cause.count("\n") == 2 and error.fix.count("\n") == 2


def test_what_a_helper_reads_is_reported_through_the_helper(notebook):
    notebook.names["gate"] = threading.Lock()
    notebook.run("def inner(): return gate\ndef outer(): return inner()")
    assert "`gate` (through `inner`)" in refused(notebook, "outer()").what


def test_a_closure_is_refused_with_what_it_holds(notebook):
    notebook.run("def make(k):\n    def times(v): return v * k\n    return times\ntriple = make(3)")
    error = refused(notebook, "triple(1)")
    assert "made inside `make`" in error.cause and "`k`" in error.cause
    assert "functools.partial" in error.fix


def test_an_earlier_definition_under_another_name_is_refused(notebook):
    notebook.run("def f(): return 1\ng = f", "def f(): return 2")
    assert "defined again" in refused(notebook, "g()").cause


@pytest.mark.parametrize("name", ["get_ipython()", "_", "Out[1]", "In", "_1"])
def test_the_notebooks_own_machinery_is_refused(notebook, name):
    notebook.run("1 + 1")
    error = refused(notebook, f"x = {name}")
    assert error.code == 1203


def test_a_pickle_travels_by_leave_only_and_with_the_notebooks_classes(notebook):
    notebook.run(
        "class Net:\n    def __init__(self): self.w = [1.5]\n    def out(self): return self.w",
        "net = Net()",
    )
    assert refused(notebook, "net.out()").code == 1203
    captured = notebook.capture("print(net.out())", pickle=["net"])
    assert captured.values["net"].kind == "pickle"
    assert notebook.job(captured) == "[1.5]\n"


def test_a_fitted_model_travels_as_a_pickle_by_leave(notebook):
    notebook.run("from sklearn.linear_model import Ridge\nm = Ridge().fit([[1.0], [2.0]], [1, 2])")
    captured = notebook.capture("p = m.predict([[3.0]])", pickle=["m"])
    assert notebook.bound(captured)["p"] == pytest.approx(2.0, abs=1)


def test_leave_to_pickle_changes_nothing_for_what_travels_anyway(notebook):
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'a': [1]})")
    assert notebook.capture("df", pickle=["df"]).values["df"].kind == "pandas"


def test_a_pickle_that_fails_says_why(notebook):
    notebook.run("class Holder:\n    pass\nh = Holder()\nh.f = lambda: 1")
    error = refused(notebook, "h", pickle=["h"])
    assert (error.code, "lambda" in error.cause) == (1209, True)
