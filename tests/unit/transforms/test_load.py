"""A loaded transform meets rows it was made for, and rows it was not."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import DataError, KfError, StoreError, TransformError
from jupyter_kf.worker import prepared, tables
from jupyter_kf.worker.schema import Shape
from jupyter_kf.worker.transform import load
from tests.unit.transforms.conftest import flights_like, transform_job

CODE = """
import pandas as pd

def fit(df):
    return {"mean": df.delay.mean(), "carriers": sorted(df.carrier.unique())}

def transform(df, state):
    out = pd.DataFrame({"delay": df.delay.fillna(state["mean"]), "far": df.distance > 1000})
    for name in state["carriers"]:
        out["is_" + name] = (df.carrier == name).astype("int8")
    return out
"""


@pytest.fixture
def rows():
    return flights_like().drop(columns="late")


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A store and the digest of a transform in it: certified once, in a process, for who loads."""
    root = tmp_path_factory.mktemp("certified")
    (root / "store").mkdir()
    return Blobs(root / "store"), transform_job(root / "store", root / "run", CODE, target="late")[
        "transform"
    ]


@pytest.fixture
def loaded(certified):
    return load(*certified)


def test_every_kind_of_rows_gives_the_same_prepared_rows(loaded, rows):
    want = loaded.transform(rows)
    assert list(want.columns)[:2] == ["delay", "far"]
    ways = [
        loaded.transform(rows.iloc[::-1]).iloc[::-1],
        loaded.transform(rows.assign(more=1)[[*reversed(rows.columns), "more"]]),
        loaded.transform(pa.Table.from_pandas(rows, preserve_index=False)),
        loaded.transform(pl.from_pandas(rows)),
        loaded.transform_columns({n: rows[n].to_numpy() for n in rows if n != "at"}
                                 | {"at": rows["at"]}, len(rows)),
        loaded.transform_columns(
            {n: pa.Array.from_pandas(rows[n]).to_pylist() for n in rows}, len(rows)
        ),
    ]  # fmt: skip
    for got in ways:
        pd.testing.assert_frame_equal(got, want, check_exact=True)


def test_the_callers_index_comes_back_and_the_callers_frame_is_untouched(loaded, rows):
    some = rows[rows.hour > 12]
    before = some.copy(deep=True)
    assert loaded.transform(some).index.equals(some.index)
    pd.testing.assert_frame_equal(some, before)


def test_golden_rows_replay_to_their_outputs(loaded):
    got = loaded.to_table(loaded.transform(loaded.golden_inputs()))
    assert got.equals(loaded.golden_outputs())


def test_no_rows_give_no_rows_with_all_columns(loaded, rows):
    empty = loaded.transform(rows.iloc[:0])
    assert len(empty) == 0
    assert empty.dtypes.tolist() == loaded.transform(rows.iloc[:1]).dtypes.tolist()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda d: d.drop(columns="delay"), 1310, "`delay` is missing"),
        (lambda d: d.rename(columns={"carrier": "carier"}), 1310, "did you mean `carier`?"),
        (lambda d: d.assign(hour=d.hour + 0.5), 1311, "`hour` is float64, expected int64"),
        (lambda d: d.assign(hour=d.hour.astype(str)), 1311, "`hour` is str"),
        (lambda d: d.assign(carrier=1), 1311, "`carrier`"),
        (lambda d: d.assign(at=d["at"].dt.tz_localize(None)), 1311, "`at`"),
        (lambda d: d.assign(hour=[None] * len(d)), 1311, "`hour`"),
        (lambda d: d.assign(distance=True), 1311, "`distance`"),
        (lambda d: pd.concat([d, d[["hour"]]], axis=1), 1314, "two columns are called `hour`"),
    ],
)
def test_rows_it_was_not_made_for_are_refused_by_column(loaded, rows, change, code, words):
    with pytest.raises(TransformError) as caught:
        loaded.transform(change(rows))
    assert caught.value.code == code and words in str(caught.value)


def test_widths_and_whole_floats_are_taken(loaded, rows):
    want = loaded.transform(rows)
    other = rows.assign(
        hour=rows.hour.astype("int16"), distance=rows.distance.astype(float),
        carrier=rows.carrier.astype(object), at=rows["at"].astype("datetime64[ns, UTC]"),
    )  # fmt: skip
    pd.testing.assert_frame_equal(loaded.transform(other), want)


def test_a_column_of_nulls_and_a_new_category_work_as_certified(loaded, rows):
    some = rows.iloc[:3].assign(delay=np.nan, carrier="ZZ", tail=None)
    got = loaded.transform(some)
    assert got.delay.nunique() == 1 and not got.filter(like="is_").to_numpy().any()


def test_a_null_where_the_transform_was_not_proven_with_one_is_refused(make, blobs, rows):
    code = "def transform(df):\n    return df.carrier.map(len).to_frame('n')\n"
    loaded = load(blobs, make(code, target="late")["transform"])
    with pytest.raises(TransformError) as caught:
        loaded.transform(rows.assign(carrier=[None, *rows.carrier[1:]]))
    assert caught.value.code == 1312 and "`carrier` is null in row 0" in caught.value.what


def test_a_category_outside_its_domain_is_refused_with_the_nearest(make, blobs):
    frame = pd.DataFrame({"c": pd.Categorical(["red", "blue"] * 40), "n": range(80)})
    made = make("def transform(df):\n    return df[['n', 'c']]\n", frame)
    loaded = load(blobs, made["transform"])
    assert loaded.transform(pd.DataFrame({"c": ["red"], "n": [1]})).c.cat.categories.size == 2
    with pytest.raises(TransformError) as caught:
        loaded.transform(pd.DataFrame({"c": ["rod"], "n": [1]}))
    assert caught.value.code == 1313 and "did you mean `red`" in caught.value.cause


def test_1200_columns_are_certified_and_applied(make, blobs):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(150, 1200)), columns=[f"c{i}" for i in range(1200)])
    made = make("def transform(df):\n    return df * 2.0\n", frame)
    assert made["rows"] <= 256
    loaded = load(blobs, made["transform"])
    assert loaded.transform(frame).equals(frame * 2.0)
    with pytest.raises(TransformError) as caught:
        loaded.transform(frame.drop(columns="c777"))
    assert "`c777`" in caught.value.what


def test_an_error_of_the_users_names_its_line(make):
    code = "def transform(df):\n    df['x'] = 1\n    return df.nothing\n"
    with pytest.raises(TransformError) as caught:
        make(code)
    assert (
        caught.value.code == 1320
        and "line 3 of transform.py: return df.nothing" in caught.value.cause
    )


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("x = 1\n", 1301),
        ("def transform(df, state):\n    return df\n", 1302),
        ("def fit(df):\n    return 1\n\ndef transform(df):\n    return df\n", 1302),
        ("1 / 0\n\ndef transform(df):\n    return df\n", 1303),
        ("def transform(df):\n    pass\n", 1322),
        ("def fit(df):\n    return open\n\ndef transform(df, s):\n    return df\n", 1330),
        ("def fit(df):\n    1 / 0\n\ndef transform(df, s):\n    return df\n", 1323),
        ("def transform(df):\n    return df.assign(x=[{1}, 'a'] * (len(df) // 2))\n", 1324),
    ],
)
def test_a_transform_of_the_wrong_form_is_refused(make, code, number):
    with pytest.raises(KfError) as caught:
        make(code)
    assert caught.value.code == number, str(caught.value)


def test_local_modules_are_the_stored_ones_whatever_the_process_has(make, blobs, monkeypatch):
    code = "import helpers\n\ndef transform(df):\n    from helpers import later\n"
    code += "    df['x'] = helpers.scale(df.hour) + later.ONE\n    return df\n"
    modules = {
        "helpers/__init__.py": "from .inner import scale\n",
        "helpers/inner.py": "def scale(x):\n    return x * 10\n",
        "helpers/later.py": "ONE = 1\n",
    }
    other = type(sys)("helpers")
    monkeypatch.setitem(sys.modules, "helpers", other)
    path = list(sys.path)
    loaded = load(blobs, make(code, None, modules)["transform"])
    frame = tables.to_frame(loaded.golden_inputs())
    assert (loaded.transform(frame).x == frame.hour * 10 + 1).all()
    assert sys.modules["helpers"] is other and "helpers.later" not in sys.modules
    assert sys.path == path


def test_an_altered_file_is_refused(make, blobs):
    made = make(CODE, target="late")
    digest = blobs.get_json(made["transform"])["files"]["transform.py"]["digest"]
    blobs.path(digest).chmod(0o644)
    blobs.path(digest).write_text("def transform(df, state):\n    return df\n")
    with pytest.raises(StoreError) as caught:
        load(blobs, made["transform"])
    assert caught.value.code == 3003


def test_the_same_code_over_the_same_rows_is_computed_once(make, blobs):
    first = make(CODE, target="late")
    again = make(CODE, target="late")
    assert again["reused"] and again["transform"] == first["transform"]
    assert "reused" not in make(CODE, target="late", seed=1)


def test_two_fits_of_the_same_rows_have_one_identity(make, blobs):
    first = make(CODE, target="late")
    for path in (blobs.root / "cache").rglob("*.json"):
        path.unlink()
    assert make(CODE, target="late")["transform"] == first["transform"]


def test_a_comment_changes_the_identity_and_nothing_else_does(make):
    assert make(CODE)["transform"] != make(CODE + "# more\n")["transform"]


def test_fit_sees_the_training_part_only(make, blobs):
    frame = pd.DataFrame({"a": np.arange(1000.0)})
    code = "def fit(df):\n    return [len(df), df.a.max()]\n\n"
    code += "def transform(df, state):\n    return df + state[1]\n"
    made = make(code, frame, split="0.7/0.3", split_by="a")
    manifest = blobs.get_json(made["transform"])
    assert manifest["fit"]["rows"] == 700
    got = load(blobs, made["transform"]).transform(pd.DataFrame({"a": [0.0]}))
    assert got.a[0] == 699.0


def test_prepared_rows_are_kept_verified_and_made_again_when_altered(make, blobs, rows):
    from jupyter_kf.store import datasets

    made = make(CODE, target="late")
    dataset = blobs.get_json(made["transform"])["fit"]["dataset"]
    table = prepared.apply(blobs, made["transform"], dataset)
    want = load(blobs, made["transform"]).transform(rows)
    pd.testing.assert_frame_equal(tables.to_frame(table), want)
    from jupyter_kf.worker.prepared import recall

    held = recall(blobs, "prepared", [made["transform"], dataset])
    blobs.path(held).chmod(0o644)
    blobs.path(held).write_bytes(b"altered")
    again = prepared.apply(blobs, made["transform"], dataset)
    pd.testing.assert_frame_equal(tables.to_frame(again), want)
    other = datasets.snapshot_frame(blobs, rows.head(10)).digest
    assert prepared.apply(blobs, made["transform"], other).num_rows == 10


def test_a_fitted_object_is_a_transform(make, blobs, rows, tmp_path, monkeypatch):
    from sklearn.preprocessing import StandardScaler

    from jupyter_kf.capture.transform import capture_estimator
    from jupyter_kf.worker import fitting
    from jupyter_kf.worker.state_values import dump_estimator

    scaler = StandardScaler().fit(rows[["hour", "distance"]])
    held = dump_estimator(scaler)
    known = fitting._code_files

    def with_object(folder):
        (folder.inputs / fitting.ESTIMATOR).write_bytes(held)
        return known(folder)

    monkeypatch.setattr(fitting, "_code_files", with_object)
    made = make(capture_estimator("scaler", scaler).code, target="late", ulp=1)
    loaded = load(blobs, made["transform"])
    assert loaded.inputs.names == ["hour", "distance"]
    want = scaler.transform(rows[["hour", "distance"]])
    assert np.array_equal(loaded.transform(rows).to_numpy(), want)


def test_a_dataset_without_rows_is_refused(make, rows):
    with pytest.raises(TransformError) as caught:
        make(CODE, rows.iloc[:0])
    assert caught.value.code == 1305


def test_a_target_that_is_not_there_is_refused(make):
    with pytest.raises(DataError) as caught:
        make(CODE, target="lat")
    assert caught.value.code == 1421 and "`late`" in caught.value.cause


def plain_frame(rows: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "half": np.where(np.arange(rows) % 7 == 0, np.nan, np.arange(rows) / 3),
            "small": np.arange(rows, dtype="float32") / 3,
            "count": np.arange(rows),
            "day": np.arange(rows).astype("int8"),
            "late": np.arange(rows) % 2 == 0,
            "word": pd.Series([None if i % 5 == 0 else f"w{i}" for i in range(rows)], dtype="str"),
        }
    )


@pytest.mark.parametrize("rows", [1, 40])
def test_numbers_and_text_become_the_frame_that_arrow_itself_makes(rows):
    table = tables.to_table(plain_frame()).slice(0, rows)
    shape = Shape(table.schema, "pandas")
    assert shape.is_plain(table.schema)
    got, want = shape.from_table(table), tables.to_frame(table)
    pd.testing.assert_frame_equal(got, want, check_exact=True)
    assert got.dtypes.tolist() == plain_frame().dtypes.tolist()
    for name in got:  # bit for bit, and its own to change
        if isinstance(got[name].dtype, np.dtype):
            assert got[name].to_numpy().tobytes() == want[name].to_numpy().tobytes()
            assert got[name].array._ndarray.flags.writeable


@pytest.mark.parametrize("column", ["count", "day", "late"])
def test_a_null_among_whole_numbers_or_truth_values_is_refused_by_column(column):
    table = tables.to_table(plain_frame())
    shape = Shape(table.schema, "pandas")
    field = table.schema.field(column)
    holes = pa.array([None, *table.column(column).to_pylist()[1:]], field.type)
    with pytest.raises(TransformError, match=f"`{column}`") as caught:
        shape.from_table(table.set_column(table.column_names.index(column), field, holes))
    assert caught.value.code in (1311, 1312)


def test_what_stands_beside_a_table_decides_where_its_columns_are_not_plain():
    rows = pd.DataFrame({"kind": pd.Categorical(["a", "b", "a"]), "what": [None, "x", "y"]})
    table = tables.to_table(rows.astype({"what": object}))
    shape = Shape(table.schema, "pandas")
    assert not shape.is_plain(table.schema)
    assert shape.from_table(table).dtypes.tolist() == rows.astype({"what": object}).dtypes.tolist()


def test_a_wide_table_is_stored_in_few_blocks_so_that_pandas_does_not_warn():
    wide = tables.to_table(pd.DataFrame(np.ones((2, 101)), columns=[f"c{i}" for i in range(101)]))
    frame = Shape(wide.schema, "pandas").from_table(wide)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame["more"] = 1.0
