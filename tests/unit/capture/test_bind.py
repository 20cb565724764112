from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_kf.capture import write
from jupyter_kf.errors import CaptureError
from jupyter_kf.worker.bind import display, load_inputs


def test_an_empty_or_missing_folder_binds_nothing_but_display(tmp_path):
    names = load_inputs(tmp_path / "none")
    assert set(names) == {"__name__", "__builtins__", "display"}


def test_display_prints_frames_whole(capsys):
    import pandas as pd

    display(pd.DataFrame({"a": range(100)}), 1.5, kind="ignored")
    lines = capsys.readouterr().out.splitlines()
    assert (len(lines), lines[-1]) == (102, "1.5")


def test_a_traceback_through_a_helper_shows_its_source(notebook, tmp_path):
    import traceback

    notebook.run("def fails():\n    raise ValueError('no')  # the line")
    write(notebook.capture("fails()"), tmp_path / "in")
    names = load_inputs(tmp_path / "in")
    with pytest.raises(ValueError, match="no") as caught:
        names["fails"]()
    assert "# the line" in "".join(traceback.format_exception(caught.value))


def test_a_package_that_is_missing_in_the_job_is_named(tmp_path):
    (tmp_path / "preamble.py").write_text("import numpy_nowhere.linalg as n\n")
    with pytest.raises(CaptureError) as caught:
        load_inputs(tmp_path)
    assert (caught.value.code, "`numpy_nowhere`" in caught.value.what) == (1215, True)


def test_a_damaged_value_is_named(tmp_path):
    (tmp_path / "values.json").write_text('{"df": {"kind": "npy", "file": "x.npy", "value": null}}')
    (tmp_path / "x.npy").write_bytes(b"not an array")
    with pytest.raises(CaptureError) as caught:
        load_inputs(tmp_path)
    assert (caught.value.code, "`df`" in caught.value.what) == (1216, True)


def test_binding_text_needs_no_installed_package(notebook, tmp_path):
    notebook.run("import math\nK = {'a': [1, 2]}\ndef f(): return math.floor(K['a'][1])")
    write(notebook.capture("f()"), tmp_path / "in")
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from jupyter_kf.worker.bind import load_inputs\n"
        "print(load_inputs(sys.argv[1])['f']())"
    )
    from jupyter_kf import __file__ as package

    root = package.rpartition("/jupyter_kf/")[0]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(tmp_path / "in"), root],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("2\n", "")
