from __future__ import annotations

import pytest

from jupyter_kf.capture import capture_function
from jupyter_kf.errors import CaptureError

BOUND = {"X_train", "y_train", "kf", "model", "depth"}


def test_a_function_becomes_a_cell_that_leaves_its_result_as_the_model(notebook):
    notebook.run(
        "import math\nBASE = 2",
        "def train(X_train, y_train, *, depth=1, rate=0.5):\n"
        "    # says why\n    return math.log(BASE) * 0 + X_train + y_train + depth + rate",
    )
    captured = capture_function(notebook.names["train"], bound=BOUND, directory=notebook.folder)
    assert captured.source.startswith(
        "def train(X_train, y_train, *, depth=1, rate=0.5):\n    # says"
    )
    assert captured.source.endswith(
        "model = train(X_train=X_train, y_train=y_train, depth=depth)\n"
    )
    names = {"X_train": 1, "y_train": 2, "depth": 3}
    exec(captured.preamble + captured.source, names)
    assert names["model"] == 6.5


def test_a_function_that_returns_nothing_leaves_model_alone(notebook):
    notebook.run("def train(kf):\n    def inner(): return 1\n    kf.save(inner())")
    captured = capture_function(notebook.names["train"], bound=BOUND, directory=notebook.folder)
    assert captured.source.endswith("\ntrain(kf=kf)\n")


def test_a_function_of_a_local_module_is_imported_and_its_module_travels(notebook):
    (notebook.folder / "kfa_train.py").write_text(
        "import kfa_deep\ndef fit(X_train): return kfa_deep.N\n"
    )
    (notebook.folder / "kfa_deep.py").write_text("N = 7\n")
    notebook.run("import kfa_train")
    captured = capture_function(
        notebook.names["kfa_train"].fit, bound=BOUND, directory=notebook.folder
    )
    assert set(captured.modules) == {"kfa_train.py", "kfa_deep.py"}
    assert captured.source == "model = fit(X_train=X_train)\n"


def test_a_parameter_that_nobody_binds_is_refused_with_what_there_is(notebook):
    notebook.run("def train(X_train, wings): return 1")
    with pytest.raises(CaptureError) as caught:
        capture_function(notebook.names["train"], bound=BOUND, directory=notebook.folder)
    assert caught.value.code == 1207
    assert "`wings`" in caught.value.cause and "X_train" in caught.value.cause


@pytest.mark.parametrize(
    "source",
    [
        "async def train(): return 1",
        "def train(): yield 1",
        "def make(k):\n    def train(): return k\n    return train\ntrain = make(1)",
        "train = 3",
    ],
)
def test_what_is_no_plain_function_is_refused(notebook, source):
    notebook.run(source)
    with pytest.raises(CaptureError) as caught:
        capture_function(notebook.names["train"], bound=BOUND, directory=notebook.folder)
    assert caught.value.code == 1207


def test_a_function_from_inside_a_script_is_taken_too_when_it_holds_nothing(notebook):
    notebook.run(
        "def make():\n    def train(X_train):\n        return X_train\n    return train\nt = make()"
    )
    captured = capture_function(notebook.names["t"], bound=BOUND, directory=notebook.folder)
    names = {"X_train": 4}
    exec(captured.source, names)
    assert names["model"] == 4
