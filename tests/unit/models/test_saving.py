"""Models saved, read back and proven: scikit-learn and XGBoost, with no transform before them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import ModelError, ParityError, StoreError
from jupyter_kf.worker.model import SaveContext, load, save
from jupyter_kf.worker.tables import to_table

xgboost = pytest.importorskip("xgboost")


@pytest.fixture(scope="module")
def rows():
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(chance.normal(size=(200, 4)), columns=["a", "b", "c", "d"])
    frame["k"] = chance.integers(0, 9, 200)
    frame["flag"] = frame.a > 0
    return frame


@pytest.fixture(scope="module")
def late(rows):
    return (rows.a + rows.c > 0).astype(int)


@pytest.fixture
def blobs(store_dir):
    return Blobs(store_dir)


def kept(blobs, model, rows, **context):
    return load(blobs, save(blobs, model, SaveContext(rows=to_table(rows), **context)))


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        LinearRegression(),
        SVC(),
        KNeighborsClassifier(),
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingClassifier(max_iter=3),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(
            ColumnTransformer([("s", StandardScaler(), ["a", "k"])]), LogisticRegression()
        ),
        StackingClassifier([("a", LogisticRegression())], cv=2),
        xgboost.XGBClassifier(n_estimators=3, n_jobs=1),
        xgboost.XGBRegressor(n_estimators=3, n_jobs=1),
        make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=3, n_jobs=1)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_read_back_predicts_what_it_predicted(model, rows, late, blobs):
    model.fit(rows, late)
    loaded = kept(blobs, model, rows)
    got = loaded.predict(rows)
    within = 0 if loaded.ulp == 0 else 1e-9
    np.testing.assert_allclose(got["prediction"], model.predict(rows), rtol=within, atol=within)
    if hasattr(model, "predict_proba"):
        want = model.predict_proba(rows)
        np.testing.assert_allclose(got["probability"], want, rtol=within, atol=within)
        assert loaded.classes == [0, 1]
    assert all(array.flags.c_contiguous for array in got.values())
    assert loaded.prove() == loaded.manifest["golden"]["rows"] >= 96
    assert loaded.row_wise


def test_trees_are_held_to_equal_bits_and_blas_to_what_was_measured(rows, late, blobs):
    forest = kept(blobs, RandomForestClassifier(5).fit(rows, late), rows)
    line = kept(blobs, LogisticRegression().fit(rows, late), rows)
    assert (forest.ulp, forest.manifest["measured_ulp"]) == (0, 0)
    assert line.ulp >= max(4, line.manifest["measured_ulp"])


@pytest.mark.filterwarnings("error::UserWarning")
def test_feature_names_raise_no_warning_in_either_form(rows, late, blobs):
    framed = make_pipeline(
        ColumnTransformer([("s", StandardScaler(), ["a"])]), LogisticRegression()
    )
    for model, form in ((framed, "frame"), (LogisticRegression(), "matrix")):
        loaded = kept(blobs, model.fit(rows, late), rows)
        assert loaded.manifest["input"]["form"] == form
        loaded.predict(rows.head(3))


def test_a_model_trained_on_some_columns_is_given_those(rows, late, blobs):
    model = LogisticRegression().fit(rows[["c", "a"]], late)
    loaded = kept(blobs, model, rows)
    assert list(loaded.columns) == ["c", "a"]
    want = model.predict_proba(rows[["c", "a"]])
    np.testing.assert_allclose(loaded.predict(rows)["probability"], want, rtol=1e-9)


def test_a_model_trained_on_a_matrix_is_given_a_matrix(rows, late, blobs):
    loaded = kept(blobs, LogisticRegression().fit(rows.to_numpy(float), late), rows)
    assert loaded.manifest["input"] == {
        "form": "matrix",
        "columns": list(rows.columns),
        "dtype": "float64",
    }


def test_a_model_trained_on_columns_made_in_the_cell_is_refused(rows, late, blobs):
    made = rows.assign(ratio=rows.a / rows.b)
    with pytest.raises(ModelError, match="`ratio`") as caught:
        kept(blobs, LogisticRegression().fit(made, late), rows)
    assert caught.value.code == 2609
    with pytest.raises(ModelError, match="7 columns"):
        kept(blobs, LogisticRegression().fit(made.to_numpy(float), late), rows)


def test_text_labels_and_text_columns_come_back_as_text(rows, late, blobs):
    frame = rows[["a"]].assign(city=np.where(rows.b > 0, "Zürich", "東京"))
    labels = np.where(late > 0, "late", "in time")
    encode = ColumnTransformer([("c", OneHotEncoder(), ["city"])], remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(frame, labels)
    loaded = kept(blobs, model, frame)
    got = loaded.predict(frame)["prediction"]
    assert got.dtype.kind == "U" and (got == model.predict(frame)).all()
    assert loaded.classes == ["in time", "late"]
    assert loaded.described[0] == {"name": "prediction", "dtype": "str", "shape": [-1]}
    golden = loaded.golden_outputs()["prediction"]
    assert set(golden) <= {"late", "in time"} and golden.dtype.kind == "U"


def test_no_rows_give_no_predictions(rows, late, blobs):
    loaded = kept(blobs, RandomForestClassifier(3).fit(rows, late), rows)
    got = loaded.predict(rows.head(0))
    assert got["prediction"].shape == (0,) and got["probability"].shape == (0, 2)


def test_golden_rows_the_model_refuses_are_left_out_and_counted(rows, late, blobs):
    holes = rows.copy()
    holes.loc[:9, "a"] = np.nan
    loaded = kept(blobs, LogisticRegression().fit(rows, late), holes)
    golden = loaded.manifest["golden"]
    assert golden["refused"] > 0 and "NaN" in golden["reason"]
    assert golden["rows"] > golden["refused"]


def test_a_model_that_can_predict_no_golden_row_is_refused(rows, late, blobs):
    holes = rows.assign(a=np.nan)
    with pytest.raises(ModelError, match="any of the golden rows") as caught:
        kept(blobs, LogisticRegression().fit(rows, late), holes)
    assert caught.value.code == 2618


class Counting(ClassifierMixin, BaseEstimator):
    """A user's own estimator, which skops can't know."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


def test_a_users_own_estimator_is_refused_by_name_with_the_ways_out(rows, late, blobs):
    with pytest.raises(ModelError, match="Counting") as caught:
        kept(blobs, Counting().fit(rows, late), rows)
    assert caught.value.code == 2601
    assert "Counting" in caught.value.cause
    assert "--pickle model" in caught.value.fix and "loader" in caught.value.fix


def test_a_pickle_is_taken_when_it_is_asked_for_and_marked(rows, late, blobs):
    loaded = kept(blobs, Counting().fit(rows, late), rows, pickle=True)
    assert loaded.manifest["flavour"] == "pickled" and loaded.manifest["safe"] is False
    assert (loaded.predict(rows)["prediction"] == 0).all()


def test_a_plain_function_is_refused_with_the_way_out(rows, blobs):
    with pytest.raises(ModelError, match="plain function") as caught:
        kept(blobs, lambda frame: frame.a, rows)
    assert caught.value.code == 2603 and "loader" in caught.value.fix


def test_an_object_of_no_flavour_and_a_misspelt_flavour_are_refused(rows, blobs):
    with pytest.raises(ModelError, match="no flavour knows") as caught:
        kept(blobs, {"weights": [1, 2]}, rows)
    assert caught.value.code == 2602
    with pytest.raises(ModelError, match="'sklear'") as caught:
        kept(blobs, LinearRegression(), rows, flavour="sklear")
    assert caught.value.code == 2613 and "`sklearn`" in caught.value.cause


def test_a_step_that_only_transforms_is_no_model(rows, blobs):
    with pytest.raises(ModelError, match="no predict") as caught:
        kept(blobs, StandardScaler().fit(rows), rows)
    assert caught.value.code == 2605


class Forgetful(Counting):
    """Predicts something else once it was stored."""

    def __getstate__(self):
        return {**vars(self), "stored": True}

    def predict(self, X):
        return np.full(len(X), 1 if hasattr(self, "stored") else 0)


def test_a_model_that_predicts_otherwise_once_stored_is_refused(rows, late, blobs):
    with pytest.raises(ParityError, match="does not predict what the trained one does") as caught:
        kept(blobs, Forgetful().fit(rows, late), rows, pickle=True)
    assert caught.value.code == 2160 and "expected 0, got 1" in caught.value.cause


class Ranking(Counting):
    """A value that depends on the rest of its batch."""

    def predict(self, X):
        return np.asarray(X.a.rank(pct=True))


def test_a_model_that_looks_at_its_batch_is_not_row_wise(rows, late, blobs):
    loaded = kept(blobs, Ranking().fit(rows, late), rows, pickle=True)
    assert not loaded.row_wise


def test_an_altered_file_is_refused_by_its_digest(rows, late, blobs):
    digest = save(
        blobs, RandomForestClassifier(3).fit(rows, late), SaveContext(rows=to_table(rows))
    )
    path = blobs.path(blobs.get_json(digest)["files"]["model.skops"]["digest"])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(StoreError) as caught:
        load(blobs, digest)
    assert caught.value.code == 3003


def test_a_digest_of_something_else_is_no_model(blobs):
    with pytest.raises(ModelError) as caught:
        load(blobs, blobs.put_json({"type": "dataset"}))
    assert caught.value.code == 2610


def test_a_booster_needs_no_wrapper(rows, late, blobs):
    data = xgboost.DMatrix(rows, late)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 3)
    got = kept(blobs, booster, rows).predict(rows)
    assert list(got) == ["prediction"]
    assert (got["prediction"] == booster.predict(data)).all()


def test_xgboost_takes_categories_from_the_frame(rows, late, blobs):
    frame = rows[["a"]].assign(kind=pd.Categorical(np.where(rows.k > 4, "x", "y")))
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, enable_categorical=True)
    model.fit(frame, late)
    loaded = kept(blobs, model, frame)
    assert loaded.manifest["input"]["form"] == "frame"
    assert (loaded.predict(frame)["probability"] == model.predict_proba(frame)).all()


def test_a_polars_frame_is_taken_as_training_saw_it(rows, late, blobs):
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(rows)
    loaded = kept(blobs, RandomForestClassifier(3).fit(frame, late), frame, frame="polars")
    want = loaded.predict(frame)["probability"]
    assert (loaded.predict(rows)["probability"] == want).all()
