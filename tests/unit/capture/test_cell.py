from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jupyter_kf.capture import capture_cell, write
from jupyter_kf.errors import CaptureError
from jupyter_kf.worker.bind import load_inputs


def kinds(captured) -> dict[str, str]:
    return {one["name"]: one["kind"] for one in captured.listing}


def test_imports_of_the_notebook_are_repeated_as_it_would_write_them(notebook):
    notebook.run(
        "import numpy as np, os.path as p, json, xml.etree.ElementTree as ET",
        "from sklearn.linear_model import LogisticRegression as LR\nfrom math import sqrt",
    )
    preamble = notebook.capture("LR, np, p, json, ET, sqrt").preamble
    assert preamble.splitlines() == [
        "from sklearn.linear_model import LogisticRegression as LR",
        "import numpy as np",
        "import posixpath as p",
        "import json",
        "import xml.etree.ElementTree as ET",
        "from math import sqrt",
    ]


def test_a_submodule_used_through_its_package_is_imported(notebook):
    notebook.run("import sklearn.linear_model, sklearn as sk, importlib.metadata")
    captured = notebook.capture(
        "sklearn.linear_model.Ridge, sk.linear_model, importlib.metadata.version"
    )
    assert {"import sklearn", "import sklearn.linear_model"} <= set(captured.preamble.splitlines())
    assert "import importlib.metadata" in captured.preamble
    assert notebook.job(captured) == ""


def test_an_object_that_does_not_know_its_home_is_found_in_its_package(notebook):
    notebook.run(
        "from polars import col\nfrom numpy import log1p as l1\nfrom random import randint as r\n"
        "from string import digits"
    )
    captured = notebook.capture("a = col, l1(0.0), digits, r(1, 2)")
    assert "from polars import col" in captured.preamble
    assert "from numpy import log1p as l1" in captured.preamble
    assert "digits = '0123456789'" in captured.preamble
    notebook.bound(captured)


def test_helpers_travel_as_typed_with_all_they_use(notebook):
    notebook.run(
        "import math\nSCALE = 3\nNAMES = {'b', 'a'}",
        "def root(x):\n    # as typed,   with   spaces\n    return math.sqrt(x) * SCALE\n",
        "twice = lambda v: (\n    root(v) * 2\n)",
        "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)",
    )
    captured = notebook.capture("print(twice(4), even(4), sorted(NAMES))")
    assert "    # as typed,   with   spaces\n" in captured.preamble
    assert "NAMES = {'a', 'b'}" in captured.preamble
    assert notebook.job(captured) == "12.0 True ['a', 'b']\n"


def test_decorators_come_with_their_functions(notebook):
    notebook.run(
        "import functools\n"
        "def loud(f):\n    def inner(*a): return f(*a) + '!'\n    return inner\n"
        "def quiet(f):\n    @functools.wraps(f)\n"
        "    def inner(*a): return f(*a) + '.'\n    return inner",
        "@loud\ndef a(): return 'a'\n@quiet\ndef b(): return 'b'\n"
        "@functools.lru_cache(maxsize=4)\ndef c(): return 'c'",
    )
    assert notebook.job(notebook.capture("print(a(), b(), c())")) == "a! b. c\n"


def test_classes_of_every_common_form_travel(notebook):
    notebook.run(
        "import enum, collections\nfrom dataclasses import dataclass, field\n"
        "from typing import NamedTuple\nfrom datetime import date",
        "class Base:\n    '''two\n  lines'''\n    size = 2\n"
        "    def area(self): return self.size ** 2\n",
        "@dataclass\nclass Config:\n    lr: float = 0.1\n"
        "    tags: list = field(default_factory=list)\n"
        "class Colour(enum.Enum):\n    RED = 1\n"
        "class Point(NamedTuple):\n    x: int\n    y: int = 2\n"
        "Pair = collections.namedtuple('Pair', 'left right')\n"
        "class Square(Base):\n    def area(self): return super().area() + 1",
        "config = Config(0.5, ['a'])\ncolour = Colour.RED\npoint = Point(1)\npair = Pair(1, 'b')",
    )
    captured = notebook.capture(
        "print(Square().area(), config, colour, point, pair, Base.__doc__ == '''two\n  lines''')"
    )
    expected = (
        "5 Config(lr=0.5, tags=['a']) Colour.RED Point(x=1, y=2) Pair(left=1, right='b') True\n"
    )
    assert notebook.job(captured) == expected


def test_a_class_that_was_defined_again_travels_as_it_is_now(notebook):
    notebook.run("class A:\n    old = 1", "class A:\n    new = 2")
    assert "new = 2" in notebook.capture("A").preamble


def test_definitions_inside_blocks_keep_their_strings_exact(notebook):
    notebook.run("if True:\n    def f():\n        return '''a\n    b'''")
    assert notebook.bound(notebook.capture("y = f()"))["y"] == "a\n    b"


def test_an_alias_travels_with_what_it_names(notebook):
    notebook.run("def f(): return 1\ng = f\nimport pandas as pd\nFrame = pd.DataFrame")
    names = notebook.bound(notebook.capture("y = g(), Frame.__name__"))
    assert names["y"] == (1, "DataFrame")


def test_annotations_that_were_never_evaluated_need_not_travel(notebook):
    notebook.run("from __future__ import annotations\ndef f(x: Missing) -> Gone: return x")
    captured = notebook.capture("y = f(1)")
    assert captured.preamble.startswith("from __future__ import annotations\n")
    assert notebook.bound(captured)["y"] == 1


def test_data_travels_in_files_and_comes_back_exactly(notebook):
    notebook.run(
        "import numpy as np, pandas as pd, polars as pl, pyarrow as pa",
        "df = pd.DataFrame({'a': [1, 2], 'c': pd.Categorical(['x', None])}, index=[5, 6])\n"
        "s = pd.Series([1.5], name='n')\ni = pd.date_range('2024', periods=3, tz='Europe/Berlin')\n"
        "arr = np.arange(6.0).reshape(2, 3)\nt = pa.table({'q': [1]})\nca = t['q']\n"
        "p = pl.DataFrame({'z': ['é']})\nps = p['z']\npa1 = pa.array([1, None])",
    )
    captured = notebook.capture("df, s, i, arr, t, ca, p, ps, pa1")
    names, old = notebook.bound(captured), notebook.names
    pd.testing.assert_frame_equal(names["df"], old["df"])
    pd.testing.assert_series_equal(names["s"], old["s"])
    pd.testing.assert_index_equal(names["i"], old["i"])
    assert names["i"].freq == old["i"].freq
    np.testing.assert_array_equal(names["arr"], old["arr"])
    assert names["t"].equals(old["t"]) and names["ca"].equals(old["ca"])
    assert names["pa1"].equals(old["pa1"]) and isinstance(names["pa1"], pa.Int64Array)
    assert names["p"].equals(old["p"]) and names["ps"].equals(old["ps"])
    assert kinds(captured) == {
        "df": "pandas", "s": "series", "i": "index", "arr": "npy", "t": "arrow",
        "ca": "arrow-chunked", "p": "polars", "ps": "polars-series", "pa1": "arrow-array",
    }  # fmt: skip
    names["df"].loc[5, "a"] = 9  # it is the job's own, and may be changed
    names["arr"][0, 0] = 7


def test_a_cell_runs_in_another_process_with_frames_helpers_and_values(notebook):
    notebook.run(
        "import pandas as pd\nCUT = 15",
        "df = pd.DataFrame({'late': [3, 20, None]})\ndef late(f): return (f.late > CUT).sum()",
    )
    captured = notebook.capture("print(late(df))\ndisplay(df)")
    assert notebook.job(captured).splitlines()[0] == "1"


def test_long_json_goes_into_a_file_and_short_values_into_the_text(notebook):
    notebook.run(
        "long = {'k': list(range(5000))}\nshort = {'k': [1, (2.5, None)]}\nodd = float('nan')"
    )
    captured = notebook.capture("long, short, odd")
    assert captured.preamble == "short = {'k': [1, (2.5, None)]}\nodd = float(\"nan\")\n"
    assert captured.values["long"].kind == "json"
    names = notebook.bound(captured)
    assert names["long"] == notebook.names["long"] and names["odd"] != names["odd"]


def test_names_that_the_job_binds_do_not_travel(notebook):
    notebook.run("X_train = object()\ndef score(m): return m, X_train")
    captured = notebook.capture("score(model), lr", bound={"X_train", "model", "lr"})
    assert set(kinds(captured)) == {"score"}


def test_helpers_see_what_the_job_binds_beside_them(notebook, tmp_path):
    notebook.run("def score(): return y_valid + 1")
    write(notebook.capture("score()", bound={"y_valid"}), tmp_path / "in")
    job = {"y_valid": 1}
    assert load_inputs(tmp_path / "in", job) is job
    assert job["score"]() == 2


def test_an_undefined_name_is_reported_with_its_line_and_a_guess(notebook):
    notebook.run("threshold = 3")
    with pytest.raises(CaptureError) as caught:
        notebook.capture("x = 1\ny = treshold")
    assert caught.value.code == 1204
    assert "line 2 of the cell reads `treshold`" in caught.value.what
    assert "did you mean `threshold`?" in caught.value.cause


def test_a_name_that_may_be_bound_by_the_cell_is_no_error_when_it_can_not_travel(notebook):
    notebook.run("model = (i for i in range(3))\ndepth = 4")
    captured = notebook.capture("if False: model = 1; depth = 2\nelse: pass\nprint(model, depth)")
    assert set(kinds(captured)) == {"depth"}


def test_builtins_are_not_captured_unless_the_notebook_replaced_them(notebook):
    notebook.run("from math import pow")
    assert notebook.capture("print(len([sum([1])]), open, exit, pow)").preamble == (
        "from math import pow\n"
    )


def test_a_renamed_logger_and_a_compiled_pattern_are_made_again(notebook):
    notebook.run("import logging, re\nlog = logging.getLogger('a.b')\npat = re.compile('x+', re.I)")
    names = notebook.bound(notebook.capture("log, pat"))
    assert names["log"] is notebook.names["log"]
    assert (names["pat"].pattern, names["pat"].flags) == ("x+", notebook.names["pat"].flags)


def test_what_travels_over_two_gibibytes_is_refused_with_the_way_out(notebook):
    notebook.names["huge"] = np.broadcast_to(np.uint8(0), (3 << 30,))
    with pytest.raises(CaptureError) as caught:
        notebook.capture("huge")
    assert caught.value.code == 1205
    assert "3Gi" in caught.value.what and "--data" in caught.value.fix


def test_nothing_is_written_before_write_and_the_files_are_as_agreed(notebook, tmp_path):
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'a': [1]})\nk = 2")
    captured = notebook.capture("df, k")
    assert list(notebook.folder.glob("*")) == []
    write(captured, tmp_path / "in")
    values = json.loads((tmp_path / "in" / "values.json").read_text())
    assert values == {"df": {"kind": "pandas", "file": "values/0.arrow", "value": None}}
    assert (tmp_path / "in" / "preamble.py").read_text() == "k = 2\n"
    listing = json.loads((tmp_path / "in" / "listing.json").read_text())
    assert [set(one) for one in listing] == [{"name", "kind", "type", "bytes"}] * 2


def test_capturing_imports_nothing_heavy_by_itself(tmp_path):
    import subprocess

    code = (
        "import sys, pathlib; from jupyter_kf.capture import capture_cell\n"
        "capture_cell('x = y', {'y': {'a': (1, 2)}}, bound=(), directory=pathlib.Path('.'))\n"
        "print([m for m in ('numpy', 'pandas', 'polars', 'pyarrow', 'sklearn', 'IPython')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_cell_that_uses_nothing_travels_alone(tmp_path):
    captured = capture_cell("x = 1\n", {}, bound=(), directory=tmp_path)
    assert (captured.preamble, captured.values, captured.listing) == ("", {}, ())
    assert captured.source == "x = 1\n"
