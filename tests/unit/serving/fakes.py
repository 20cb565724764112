"""A model with LoadedModel's interface, and an endpoint around it on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from jupyter_kf.blobs import write_json
from jupyter_kf.layout import RunFolder
from jupyter_kf.serving import routing
from jupyter_kf.serving.client import Connection
from jupyter_kf.serving.process import Endpoint
from jupyter_kf.serving.settings import read_settings
from jupyter_kf.specs import ServeSpec

PATIENCE_S = 120.0
FLOATS = pa.schema([(f"x{i}", pa.float64()) for i in range(3)])
MIXED = pa.schema(
    [
        pa.field("delay", pa.float64()),
        pa.field("small", pa.float32()),
        pa.field("count", pa.int64()),
        pa.field("day", pa.int8(), nullable=False),
        pa.field("late", pa.bool_()),
        pa.field("carrier", pa.string()),
        pa.field("at", pa.timestamp("us")),
        pa.field("zoned", pa.timestamp("us", tz="UTC")),
        pa.field("date", pa.date32()),
        pa.field("kind", pa.dictionary(pa.int32(), pa.string())),
    ]
)


def rows_of(schema: pa.Schema, n: int, seed: int = 0) -> pa.Table:
    """n valid rows, some of them with nulls where the schema allows it."""
    import datetime as dt

    random = np.random.default_rng(seed)

    def value(name: str, kind: pa.DataType) -> Any:
        if pa.types.is_floating(kind):
            return float(np.float32(random.normal()))
        if pa.types.is_integer(kind):
            return int(random.integers(-100, 100))
        if pa.types.is_boolean(kind):
            return bool(random.integers(2))
        if pa.types.is_timestamp(kind):
            zone = dt.UTC if kind.tz else None
            return dt.datetime(2013, 1, 1, 5, 30, 1, 250, zone) + dt.timedelta(
                hours=int(random.integers(9000))
            )
        if pa.types.is_date(kind):
            return dt.date(2013, 1, 1) + dt.timedelta(days=int(random.integers(365)))
        return str(random.choice(["AA", "", 'Ünï:"code"', "😀"]))

    columns = []
    for one in schema:
        values = [value(one.name, one.type) for _ in range(n)]
        if one.nullable:
            values = [None if random.random() < 0.1 else v for v in values]
        kind = one.type.value_type if pa.types.is_dictionary(one.type) else one.type
        array = pa.array(values, kind)
        columns.append(array.dictionary_encode() if kind is not one.type else array)
    return pa.Table.from_arrays(columns, schema=schema)


@dataclass
class FakeTransform:
    """What an endpoint asks of a LoadedTransform."""

    manifest: dict[str, Any] = field(default_factory=lambda: {"row_wise": True, "frame": "pandas"})

    def transform(self, rows: Any) -> Any:
        return rows


class FakeModel:
    """A checksum of each row as the prediction: any value that changes on its way shows.

    Attributes:
        hook: called with the raw table before each prediction.
        calls: rows of each call.
    """

    def __init__(self, schema: pa.Schema = MIXED, golden: int = 40, **manifest: Any) -> None:
        self.schema_in, self.digest, self.classes = schema, "f" * 64, ["no", "yes"]
        self.transform: Any = None
        self.row_wise = True
        self.changes: dict[str, tuple[str, str]] = {}
        self.manifest = {
            "flavour": "fake",
            "transform": None,
            "ulp": 0,
            "frame": "polars",  # tells NaN from null
            **manifest,
        }
        self.described = [
            {"name": "prediction", "dtype": "int64", "shape": [-1]},
            {"name": "probability", "dtype": "float64", "shape": [-1, 2]},
        ]
        self.calls: list[int] = []
        self.hook: Callable[[pa.Table], None] = lambda _table: None
        self._golden = rows_of(schema, golden, seed=7)
        self.expected = self._outputs(self._golden)

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        table = rows if isinstance(rows, pa.Table) else pa.table(rows, schema=self.schema_in)
        assert table.schema == self.schema_in
        self.calls.append(table.num_rows)
        self.hook(table)
        return self._outputs(table)

    def predict_columns(self, columns: Mapping[str, Any], n: int) -> dict[str, np.ndarray]:
        assert all(len(column) == n for column in columns.values())
        arrays = {name: pa.array(column, from_pandas=True) for name, column in columns.items()}
        return self.predict(pa.table(arrays, schema=self.schema_in))

    def golden_inputs(self) -> pa.Table:
        return self._golden

    def golden_outputs(self) -> dict[str, np.ndarray]:
        return self.expected

    def _outputs(self, table: pa.Table) -> dict[str, np.ndarray]:
        marks = [checksum(row) for row in zip(*(exact(c) for c in table.columns), strict=True)]
        prediction = np.array(marks, dtype=np.int64)
        share = np.array([(m % 1000) / 1000 for m in marks])
        probability = np.stack([1 - share, share], axis=1)
        return {"prediction": prediction, "probability": probability}


def exact(column: pa.ChunkedArray) -> list[Any]:
    """Values in which every bit shows."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if v is None else float(v).hex() for v in values]
    return values


def checksum(row: tuple[Any, ...]) -> int:
    import zlib

    return zlib.crc32(repr(row).encode())


@dataclass
class Running:
    """An endpoint that serves in a thread of this process."""

    endpoint: Endpoint
    model: FakeModel
    folder: RunFolder
    store: Path
    thread: threading.Thread
    name: str = "delay"

    def connection(self, **options: Any) -> Connection:
        return Connection(self.name, self.endpoint.socket, **options)

    def endpoint_waiting(self) -> int:
        return self.endpoint.app.combiner.waiting

    def answers_within(self, seconds: float) -> None:
        """From now on an answer may take so long."""
        combiner = self.endpoint.app.combiner
        combiner.limits = replace(combiner.limits, timeout_s=seconds)

    def bodies_within(self, seconds: float) -> None:
        """From now on the body of a request may take so long."""
        app = self.endpoint.app
        app.limits = replace(app.limits, timeout_s=seconds)

    def endpoint_gone(self) -> None:
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


def settings_of(store: Path, **spec: Any) -> tuple[Any, RunFolder]:
    """Settings of a new version of the endpoint `delay`, and its run folder."""
    n = routing.add_version(store, "delay", {"run": "", "model": "f" * 64})
    run = f"delay-{n}"
    folder = RunFolder(store / "runs" / run)
    folder.path.mkdir(parents=True)
    job = {
        "run": run,
        "store": str(store),
        "name": "delay",
        "model": "f" * 64,
        "version": n,
        "spec": ServeSpec.of(**{"name": "delay", "log_rate": 0.0, **spec}).model_dump(mode="json"),
    }
    write_json(routing.endpoint_folder(store, "delay").versions / f"{n}.json", {**job, "run": run})
    return read_settings(job), folder


@contextlib.contextmanager
def serving(store: Path, model: FakeModel | None = None, **spec: Any) -> Iterator[Running]:
    """A proven endpoint; what it raised is raised here when it does not get that far."""
    model = model or FakeModel()
    settings, folder = settings_of(store, **spec)
    started, failure, held = threading.Event(), [], []

    async def run() -> None:
        endpoint = Endpoint(settings, folder, lambda _blobs, _digest: model)
        held.append((endpoint, asyncio.get_running_loop()))
        await endpoint.run()

    def work() -> None:
        try:
            asyncio.run(run())
        except Exception as error:
            failure.append(error)
        started.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while not folder.ready.exists() and not started.wait(0.01):
            pass
        if failure:
            raise failure[0]
        yield Running(held[0][0], model, folder, store, thread)
    finally:
        if held:
            endpoint, loop = held[0]
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(endpoint.end, "the test is over")
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
