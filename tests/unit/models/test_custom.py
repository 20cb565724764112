"""Any other framework: files, and a loader that travels as source."""

import importlib
import json
import linecache
import subprocess
import sys
import textwrap

import pandas as pd
import pytest

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import ModelError
from jupyter_kf.worker.flavours.sources import capture
from jupyter_kf.worker.model import SaveContext, load, save
from jupyter_kf.worker.tables import to_table

SCALE = 2.0


class Line:
    """Something a framework might return."""

    def __init__(self, slope):
        self.slope = slope

    def predict(self, rows):
        return rows["x"].to_numpy() * self.slope * SCALE


def slope_in(folder):
    return json.loads((folder / "line.json").read_text())["slope"]


def read_line(folder):
    return Line(slope_in(folder))


@pytest.fixture
def line(tmp_path):
    path = tmp_path / "line.json"
    path.write_text('{"slope": 3.0}')
    return path


@pytest.fixture
def rows():
    return pd.DataFrame({"x": [1.0, 2.0, 5.0], "name": ["a", "b", None]})


def test_a_loader_travels_with_its_helpers_and_runs_in_a_process_without_them(
    line, rows, store_dir
):
    digest = save(Blobs(store_dir), line, SaveContext(rows=to_table(rows), loader=read_line))
    code = f"""
    import pandas as pd
    from jupyter_kf.blobs import Blobs
    from jupyter_kf.worker.model import load
    print(load(Blobs({str(store_dir)!r}), {digest!r}).predict(
        pd.DataFrame({{"x": [2.0], "name": ["z"]}}))["prediction"].tolist())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[12.0]"


def test_a_loader_may_return_a_function_and_several_outputs(tmp_path, rows, store_dir):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "line.json").write_text('{"slope": 1.0}')
    blobs = Blobs(store_dir)
    made = load(blobs, save(blobs, folder, SaveContext(rows=to_table(rows), loader=read_two)))
    assert {k: v.tolist() for k, v in made.predict(rows).items()} == {
        "twice": [2.0, 4.0, 10.0],
        "label": ["x1.0", "x2.0", "x5.0"],
    }


def read_two(folder):
    slope = slope_in(folder)

    def both(frame):
        return {"twice": frame.x * 2 * slope, "label": [f"x{x}" for x in frame.x]}

    return both


def test_local_modules_travel_and_packages_are_recorded(
    tmp_path, line, rows, store_dir, monkeypatch
):
    (tmp_path / "my_lines_module.py").write_text("def times(x):\n    return x * 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    space = {"__name__": "__main__"}
    source = textwrap.dedent("""
        import numpy as np
        from my_lines_module import times
        def read(folder):
            return lambda frame: np.asarray(times(frame.x))
        """)
    shown = str(tmp_path / "cell.py")
    (tmp_path / "cell.py").write_text(source)
    exec(compile(source, shown, "exec"), space)
    captured = capture(space["read"])
    assert list(captured.modules) == ["my_lines_module.py"]
    assert captured.needs == ["numpy"]
    blobs = Blobs(store_dir)
    made = load(blobs, save(blobs, line, SaveContext(rows=to_table(rows), loader=space["read"])))
    assert made.predict(rows)["prediction"].tolist() == [7.0, 14.0, 35.0]
    assert "numpy" in made.manifest["packages"]


def test_a_loader_takes_a_class_of_its_cell_along(line, rows, store_dir):
    source = textwrap.dedent("""
        class Line:
            slope = 2.0
            def predict(self, frame):
                return (frame.x * self.slope).to_numpy()

        def read(folder):
            return Line()
        """)
    shown = "<inputs cell>"
    linecache.cache[shown] = (len(source), None, source.splitlines(True), shown)
    space = {"__name__": "__main__"}
    exec(compile(source, shown, "exec"), space)
    assert "class Line:" in capture(space["read"]).source
    blobs = Blobs(store_dir)
    made = load(blobs, save(blobs, line, SaveContext(rows=to_table(rows), loader=space["read"])))
    assert made.predict(rows)["prediction"].tolist() == (rows.x * 2.0).tolist()


def test_a_loader_that_holds_a_live_object_is_refused(line, rows, store_dir):
    with pytest.raises(ModelError, match="`STREAM`") as caught:
        save(Blobs(store_dir), line, SaveContext(rows=to_table(rows), loader=read_stream))
    assert caught.value.code == 2607


STREAM = sys.stdout


def read_stream(folder):
    STREAM.write(str(folder))


LIMIT = float("inf")
LIMITS = {"low": [-LIMIT, 0.5], "all": (LIMIT,), "at": {complex(LIMIT, -0.0)}}
model = sys.stdout


class Wrap:
    """A wrapper whose attribute has the name of a live object of the cell."""

    def __init__(self, model):
        self.model = model

    def predict(self, rows):
        return self.model.predict(rows).clip(-LIMIT, LIMITS["all"][0])


def read_wrapped(folder):
    return Wrap(Line(slope_in(folder)))


def test_an_attribute_is_no_global_and_infinity_is_written_as_python_reads_it(
    line, rows, store_dir
):
    source = capture(read_wrapped).source
    assert "STREAM" not in source and "stdout" not in source
    space = {}
    exec(source, space)
    assert space["LIMIT"] == LIMIT and space["LIMITS"] == LIMITS
    blobs = Blobs(store_dir)
    made = load(blobs, save(blobs, line, SaveContext(rows=to_table(rows), loader=read_wrapped)))
    assert made.predict(rows)["prediction"].tolist() == [6.0, 12.0, 30.0]


@pytest.mark.parametrize("loader", [lambda _folder: None, len])
def test_a_lambda_or_builtin_is_no_loader(line, rows, store_dir, loader):
    with pytest.raises(ModelError) as caught:
        save(Blobs(store_dir), line, SaveContext(rows=to_table(rows), loader=loader))
    assert caught.value.code == 2607


def test_a_loader_beside_a_live_object_or_a_missing_path_is_refused(rows, store_dir, tmp_path):
    for model in ({"weights": 1}, tmp_path / "nowhere"):
        with pytest.raises(ModelError) as caught:
            save(Blobs(store_dir), model, SaveContext(rows=to_table(rows), loader=read_line))
        assert caught.value.code == 2606 and "kf.artifact" in caught.value.fix


def test_a_loader_that_fails_or_returns_nothing_is_explained(line, rows, store_dir):
    for loader, said in ((read_wrong, "FileNotFoundError"), (read_nothing, "NoneType")):
        with pytest.raises(ModelError) as caught:
            save(Blobs(store_dir), line, SaveContext(rows=to_table(rows), loader=loader))
        assert caught.value.code == 2608 and said in caught.value.cause


def read_wrong(folder):
    return (folder / "other.json").read_text()


def read_nothing(folder):
    return None
