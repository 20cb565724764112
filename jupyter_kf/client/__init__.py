"""connect() -> Client: every verb once. The magics, the CLI and the REST routes call these.

A verb resolves names to digests, captures code, writes a run folder and hands it to a backend;
what it returns is a record. The client keeps no state of its own: another process with the same
store sees the same runs.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_kf.backends import registry
from jupyter_kf.backends.base import Plan, Resources, resources_of
from jupyter_kf.client import (
    datasets,
    elsewhere,
    endpoints,
    listing,
    orders,
    searching,
    showing,
    studies,
)
from jupyter_kf.client.checks import run_check
from jupyter_kf.client.compare import Comparison, compare
from jupyter_kf.client.doctor import Report, examine
from jupyter_kf.client.launch import Order, dry_run, launch
from jupyter_kf.client.lineage import Lineage, lineage
from jupyter_kf.client.watch import Look, Watcher
from jupyter_kf.config import read_config
from jupyter_kf.errors import KfError
from jupyter_kf.records import (
    Check,
    Dataset,
    Endpoint,
    Metric,
    Model,
    NameList,
    Origin,
    Run,
    RunList,
    State,
    Study,
    Transform,
    Version,
)
from jupyter_kf.specs import (
    BatchSpec,
    DataSpec,
    ServeSpec,
    TrainSpec,
    TransformSpec,
    TuneSpec,
)
from jupyter_kf.specs.queries import CompareQuery, ListQuery, RunsQuery
from jupyter_kf.store import Store

Scope = Mapping[str, Any]


def connect(
    *, store: str | Path | None = None, backend: str | None = None, namespace: str | None = None
) -> Client:
    """A client; what is not given comes from the environment, see `config.read_config`.

    Args:
        store: folder of datasets, models and runs.
        backend: ``local``, or ``kubernetes`` where that is installed.
        namespace: namespace on a cluster.

    Raises:
        StoreError: the store can't be written.
        BackendError: kf-20xx, there is no such backend here.
    """
    config = read_config()
    config = replace(
        config,
        store=Path(store) if store else config.store,
        backend=backend or config.backend,
        namespace=namespace or config.namespace,
    )
    client = Client(Store(config.store), config.backend, config.namespace)
    client.origin = Origin(config.notebook) if config.notebook else None
    return client


class Client:
    """Every verb of the product.

    Attributes:
        store: where everything is kept.
        backend: where new jobs go.
        on_look: is given a run each time it was looked at while somebody waits for it.
        origin: the notebook that its runs are started from, when it is one.
    """

    def __init__(self, store: Store, backend: str = "local", namespace: str = "") -> None:
        self.on_look: Look = None
        self.origin: Origin | None = None
        self._ended: dict[str, Run] = {}
        self.store = store
        self.namespace = namespace
        self.backend = registry.get(backend, store_root=store.root)
        self._watch = Watcher(store, self.backend)

    def data(self, name: str, source: Any, *, time: str | None = None) -> Dataset:
        """Snapshots a frame, a glob of files or a folder; profiles it.

        Args:
            source: pandas or polars frame, Arrow table, or a path as text.
            time: column that orders the rows.

        Raises:
            DataError: kf-14xx, naming the column and row.
        """
        said = source if isinstance(source, str | Path) else type(source).__name__
        spec: DataSpec = DataSpec.of(name=name, source=str(said), time=time)
        return datasets.snapshot(self.store, spec, source)

    def transform(
        self, code: Any, *, scope: Scope | None = None, wait: bool = True, **fields: Any
    ) -> Transform | Run:
        """Fits and certifies a transform in a job.

        Args:
            code: a cell's text that defines ``transform(df)`` or ``fit`` and ``transform``; a
                function; or a fitted object with a transform method.
            scope: the notebook's names, for what the code uses.
            wait: return the certified Transform; otherwise the Run.
            fields: of `TransformSpec`.

        Raises:
            CaptureError: kf-12xx, nothing was submitted.
            TransformError: kf-13xx, it could not be certified.
        """
        spec: TransformSpec = TransformSpec.of(**orders.named(code, fields))
        run = self._start(orders.transform(self.store, spec, code, scope or {}))
        return self.get_transform(self._ended_well(run).outputs["transform"]) if wait else run

    def train(
        self, code: Any, *, scope: Scope | None = None, wait: bool = False, **fields: Any
    ) -> Run:
        """Runs a cell, or a function, as a job that leaves a model behind.

        Args:
            code: a cell's text, or a function whose result is the model.
            scope: the notebook's names, for what the code uses.
            wait: return when it has ended.
            fields: of `TrainSpec`.
        """
        spec: TrainSpec = TrainSpec.of(**orders.named(code, fields))
        run = self._start(orders.train(self.store, spec, code, scope or {}))
        return run.wait() if wait else run

    def tune(self, name: str, *, wait: bool = False, **fields: Any) -> Study:
        """Searches the parameters of the train cell of `name`. `fields` are of `TuneSpec`."""
        spec: TuneSpec = TuneSpec.of(name=name, **studies.with_resumed(self.store, fields))
        run = self._start(studies.order(self.store, spec))
        studies.register(self.store, spec, run.id)
        return self.study((run.wait() if wait else run).id)

    def promote(self, study: str, trial: int | None = None) -> Model:
        """Makes a trial's model the newest version of the study's name; the best by default.

        A name means its newest study; without `trial`, the newest that has a best one. A trial
        that was promoted last is not promoted again: its version says that it is there already.
        """
        which = studies.to_promote if trial is None else studies.run_of
        run_id = self.store.runs.find(which(self.store, study))
        ref, said = studies.promote(self.store, run_id, trial)
        model = self.get_model(ref)
        return replace(model, notes=(*said, *model.notes))

    def serve(
        self, name: str, *, wait: bool = False, version: int | None = None, **fields: Any
    ) -> Endpoint | Run:
        """Starts an endpoint, or goes back to a version of it.

        Returns the Run at once; with `wait` the Endpoint once it is READY or has failed.

        Raises:
            ParityError: kf-21xx, it does not compute what training computed; the version
                before keeps the traffic.
        """
        spec: ServeSpec = ServeSpec.of(name=name, version=version, **fields)
        back = endpoints.roll_back(self.store, spec, self._watch)
        if back:
            return self.endpoint(name)
        run = self._start(endpoints.order(self.store, spec))
        if not wait:
            return run
        ended = run.wait()
        if ended.error:
            raise ended.error
        return self.endpoint(name)

    def stop(self, name: str) -> Run:
        """Ends an endpoint, all versions of it; returns the run that had the traffic."""
        return self._bind(endpoints.stop(self.store, name, self._watch))

    def predict(self, name: str, rows: Any) -> Any:
        """Predictions of an endpoint for a frame, a dict, a list of dicts, or a file's Path."""
        return endpoints.predict(self.store, name, rows, self._watch)

    def ask(self, name: str, rows: Any, timeout_s: float = 60.0) -> builtins.list[dict[str, Any]]:
        """Predictions of an endpoint as plain values, for who has rows as JSON and no frames."""
        return endpoints.ask(self.store, name, rows, self._watch, timeout_s)

    def batch(self, name: str, *, wait: bool = False, **fields: Any) -> Run:
        """Predicts whole files. `fields` are of `BatchSpec`."""
        spec: BatchSpec = BatchSpec.of(name=name, **fields)
        run = self._start(orders.batch(self.store, spec))
        return run.wait() if wait else run

    def check(self, name: str) -> Check:
        """Replays golden rows through an endpoint, a model or a transform, now."""
        return run_check(self.store, name, self._watch)

    def plan(
        self, verb: str, code: Any = None, *, scope: Scope | None = None, **fields: Any
    ) -> Plan:
        """What a verb would start; nothing is started."""
        order = orders.any_order(self.store, verb, code, scope or {}, fields)
        return dry_run(self.backend, elsewhere.told(self.store, order, self.origin))

    def runs(
        self,
        name: str | None = None,
        *,
        kind: str | None = None,
        state: str | None = None,
        search: str = "",
    ) -> RunList:
        """Runs, the newest first; of one name, kind or state, or with all these words, if given."""
        asked = RunsQuery.of(name=name, job=kind, state=state, search=search)
        found = [
            run
            for run in self._watch.runs()
            if (name is None or run.name == name)
            and (kind is None or run.kind == kind)
            and (state is None or run.state == asked.state)
        ]
        return RunList(map(self._bind, searching.search(found, search, searching.words_of)))

    def observe(self, run_ids: Iterable[str]) -> builtins.list[Run]:
        """These runs as they are now, in one call; one that is gone is left out."""
        return [self._bind(run) for run in self._watch.some(run_ids)]

    def run(self, run: str) -> Run:
        """A run by its id, the beginning of it, or the newest of a name."""
        return self._bind(self._watch.run(self.store.runs.find(run)))

    def meant(self, text: str) -> Run:
        """The run that somebody means who wants to see or to end one.

        An id, or the beginning of one; a model's version, for the run that left it; of a name
        the newest that lives, else its newest train run, else its newest run of any kind.
        """
        if "@" in text:
            return self.run(self.get_model(text).run)
        named = [] if text in self.store.runs.ids() else self.runs(text)
        named.sort(key=lambda run: (run.state.ended, run.kind != "train"))
        return named[0] if named else self.run(text)

    def list(self, what: str | None = None) -> NameList:
        """What has a name, each at its newest version; of one kind when given.

        Args:
            what: datasets, transforms, models, studies or endpoints.
        """
        asked = ListQuery.of(what=what).what
        return listing.named(self.store, self._watch, [asked] if asked else list(listing.KINDS))

    def show(self, thing: str) -> Run | Study | Endpoint | Model | Transform | Dataset:
        """What is called `thing`, as it is now: a run id first, then names, the live ones first.

        Args:
            thing: where several things share a name, ``model/delay`` says which is meant.

        Raises:
            NotFound: kf-1116 nothing is, kf-1147 there is no such kind of things.
        """
        return showing.show(self, thing)

    def wait(self, run: str, timeout_s: float | None = None) -> Run:
        """Returns when a run has ended, or, an endpoint, is ready."""
        found = self.store.runs.find(run)
        return self._bind(self._watch.wait(found, timeout_s, self.on_look))

    def logs(self, run: str, follow: bool = False, tail: int | None = None) -> Iterator[str]:
        """A run's output, or its last lines, one by one; `meant` says which run a name means."""
        return self._watch.logs(self.meant(run).id, follow, tail)

    def cancel(self, run: str) -> Run:
        """Ends a run with everything it started; harmless when it has ended."""
        return self._bind(self._watch.cancel(self.meant(run).id))

    def delete(self, run: str) -> None:
        """Cancels a run and removes its folder; what it stored by digest stays."""
        run_id = self.store.runs.find(run)
        ref = self._watch.ref(run_id)
        self._watch.backend_of(ref.backend).delete(ref)
        self.store.runs.delete(run_id)

    def metrics(self, run: str) -> builtins.list[Metric]:
        """Everything that a run reported."""
        return self.store.runs.metrics(self.store.runs.find(run))

    def compare(self, *runs: str) -> Comparison:
        """Two runs or more, side by side."""
        CompareQuery.of(runs=runs)
        found = [self.meant(run) for run in runs]
        asked = [studies.asked(self.store, run) for run in found]
        code = [studies.code_of(self.store, run) for run in found]
        return compare(found, asked, code, [datasets.applied(self.store, run) for run in found])

    def lineage(self, thing: str) -> Lineage:
        """Where a thing came from and what was made of it."""
        return lineage(self.store, thing)

    def resources(self) -> Resources:
        """What the backend has, who uses it, and who waits."""
        return resources_of(self.backend)

    def doctor(self) -> Report:
        """What this installation can do, and what is wrong with it."""
        return examine(self.store, self.backend)

    def study(self, study: str) -> Study:
        """A study by its run id or name, with its trials as they are now."""
        return studies.read(self.store, self.run(self._study_run(study)))

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint as it is now."""
        found = endpoints.read(self.store, name, self._watch)
        return replace(found, run=self._bind(found.run), _verbs=self)

    def get_data(self, text: str) -> Dataset:
        """A dataset by name, name@version or digest."""
        return datasets.read(self.store, text)

    def get_transform(self, text: str) -> Transform:
        """A transform by name, name@version or digest; callable on frames."""
        return datasets.read_transform(self.store, text)

    def get_model(self, text: str) -> Model:
        """A model by name (the best of it), name@version, run id or digest."""
        return datasets.read_model(self.store, text)

    def versions(self, kind: str, name: str) -> builtins.list[Version]:
        """All versions of a named thing, the oldest first."""
        return [
            Version(v.kind, v.name, v.n, v.digest, v.created_s, v.note)
            for v in self.store.refs.versions(kind, name)
        ]

    def bindings(self, spec: TrainSpec) -> dict[str, Any]:
        """The names that a train cell of this spec would find bound, for ``--inline``."""
        return orders.inline_names(self.store, spec)

    def _start(self, order: Order) -> Run:
        order = elsewhere.told(self.store, order, self.origin)
        return self._bind(self._watch.run(launch(self.store, self.backend, order, self.origin)))

    def _ended_well(self, run: Run) -> Run:
        ended = run.wait()
        if ended.state is not State.SUCCEEDED:
            raise ended.error or _unexplained(ended)
        return ended

    def _study_run(self, study: str) -> str:
        return self.store.runs.find(studies.run_of(self.store, study))

    def _bind(self, run: Run) -> Run:
        """The record with this client's verbs; an ended run never changes, so it is kept."""
        if not run.state.ended:
            return replace(run, _verbs=self)
        kept = self._ended.get(run.id)
        if kept is None:
            kept = self._ended[run.id] = replace(run, _verbs=self)
        return kept


def _unexplained(run: Run) -> KfError:
    from jupyter_kf.errors import BackendError

    return BackendError(
        2042,
        f"run {run.id} is {run.state}",
        cause=run.reason or "it ended without saying why",
        fix=f"`%kf logs {run.id}` shows what it printed",
    )


__all__ = ["Callable", "Client", "connect"]
