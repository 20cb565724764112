"""PyTorch models: exported programs, or TorchScript where torch can't export."""

import numpy as np
import pytest

from jupyter_kf.errors import ModelError
from tests.frameworks.walk import (
    assert_served_as_computed_here,
    batch,
    kept,
    predicted_elsewhere,
    rows,
    served,
)

torch = pytest.importorskip("torch")

CAN_EXPORT = hasattr(torch, "export")


class Net(torch.nn.Module):
    """Defined here and nowhere else, as in a cell; dropout and batch norm differ in training."""

    def __init__(self, width: int = 1):
        super().__init__()
        self.first = torch.nn.Linear(4, 16)
        self.norm = torch.nn.BatchNorm1d(16)
        self.drop = torch.nn.Dropout(0.5)
        self.last = torch.nn.Linear(16, width)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.norm(self.first(x)))))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net()


def expected(net, frame):
    matrix = torch.from_numpy(frame.to_numpy("float32"))
    with torch.no_grad():
        return net.eval()(matrix).numpy()


def test_a_network_of_a_cell_is_saved_served_and_batched_without_its_class(
    net, store_dir, tmp_path
):
    net.train()
    loaded = kept(store_dir, net)
    assert net.training, "saving leaves the model as it was"
    assert loaded.manifest["loader"]["format"] == ("export" if CAN_EXPORT else "torchscript")
    assert loaded.manifest["input"]["dtype"] == "float32"
    want = expected(net, rows())[:, 0]
    got = loaded.predict(rows())["prediction"]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    golden = loaded.golden_outputs()["prediction"][:4]
    np.testing.assert_allclose(predicted_elsewhere(store_dir, loaded.digest), golden, rtol=1e-6)
    found = batch(store_dir, loaded.digest, tmp_path / "batch")
    assert found["d"].tolist() == rows(1000)["d"].tolist()
    np.testing.assert_allclose(found["prediction"], expected(net, rows(1000))[:, 0], atol=1e-5)


def test_several_outputs_of_a_row_become_columns(store_dir, tmp_path):
    loaded = kept(store_dir, Net(3))
    assert loaded.described == [{"name": "prediction", "dtype": "float32", "shape": [-1, 3]}]
    found = batch(store_dir, loaded.digest, tmp_path / "batch")
    assert list(found) == ["d", "prediction_0", "prediction_1", "prediction_2"]


class Named(Net):
    def forward(self, x):
        share = torch.softmax(self.last(torch.relu(self.first(x))), dim=1)
        return {"prediction": torch.argmax(share, dim=1), "probability": share}


def test_outputs_may_have_names(store_dir):
    got = kept(store_dir, Named(3)).predict(rows())
    assert got["prediction"].dtype == np.int64
    assert (got["probability"].argmax(axis=1) == got["prediction"]).all()


def test_torchscript_is_taken_as_it_is(net, store_dir):
    script = torch.jit.script(net.eval())
    loaded = kept(store_dir, script)
    assert loaded.manifest["loader"]["format"] == "torchscript"


class Odd(torch.nn.Module):
    def forward(self, x):
        return torch.from_numpy(x.numpy() * float(np.random.default_rng(0).normal()))


def test_what_neither_format_takes_is_refused_with_what_each_said(store_dir):
    with pytest.raises(ModelError, match="can't be saved by torch") as caught:
        kept(store_dir, Odd())
    assert caught.value.code == 2604
    assert "TorchScript: " in caught.value.cause and "loader" in caught.value.fix


def test_a_state_dict_is_no_model(net, store_dir):
    with pytest.raises(ModelError) as caught:
        kept(store_dir, net.state_dict())
    assert caught.value.code == 2602


CELL = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh(), torch.nn.Linear(8, 1)
        )

    def forward(self, x):
        return torch.sigmoid(self.layers(x))[:, 0]

torch.manual_seed(0)
model = Net()
x = torch.from_numpy(X_train.to_numpy("float32"))
y = torch.from_numpy(y_train.to_numpy("float32"))
steps_taken = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(steps):
    loss = torch.nn.functional.binary_cross_entropy(model(x), y)
    steps_taken.zero_grad()
    loss.backward()
    steps_taken.step()
    kf.report(step=step, loss=float(loss.detach()))
"""


def test_a_network_that_a_cell_trained_is_proven_and_answers_through_an_endpoint():
    with served(CELL) as client:
        assert_served_as_computed_here(client)
