"""The life of an endpoint: load, listen, prove, take the traffic, serve, drain.

Nothing else needs to be alive: it promotes itself once it is proven, ends itself when two newer
versions have been, and leaves outcome.json whatever happens, short of being killed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa

from jupyter_kf.blobs import Blobs, write_json
from jupyter_kf.layout import RunFolder
from jupyter_kf.serving import batch, proof, routing, v2, wire
from jupyter_kf.serving.app import App, AppLimits
from jupyter_kf.serving.client import Connection
from jupyter_kf.serving.combine import Combiner, Limits
from jupyter_kf.serving.listen import Listener, bind_unix
from jupyter_kf.serving.metrics import Metrics
from jupyter_kf.serving.port import Port
from jupyter_kf.serving.predictions import LogLimits, PredictionLog
from jupyter_kf.serving.schema import RawSchema
from jupyter_kf.serving.settings import Settings

_WATCH_S = 0.5
_SLOW_TRANSFORM_S = 0.002
_SLOW_SHARE = 0.5


class Endpoint:
    """One version of an endpoint, in this process.

    Args:
        load: (blobs, digest) -> LoadedModel.

    Attributes:
        socket: where it listens.
        app: what answers there, once it runs.
    """

    app: App

    def __init__(
        self, settings: Settings, folder: RunFolder, load: Callable[[Blobs, str], Any]
    ) -> None:
        self.settings, self.folder = settings, folder
        self.model = load(Blobs(settings.store), settings.model)
        proof.refuse_batch_dependent(settings.name, self.model)
        self.pandas = _frame(self.model) == "pandas"
        self.schema = RawSchema(self.model.schema_in, block=self.pandas)
        self.identity = wire.Identity(
            settings.name,
            settings.version,
            self.model.digest,
            {one["name"]: (_datatype(one["dtype"]), one["shape"]) for one in self.model.described},
            self.model.classes,
        )
        self.socket = routing.version_socket(settings.store, settings.name, settings.run)
        self._key = secrets.token_urlsafe(24)
        self._ended = asyncio.Event()
        self._reason = ""

    async def run(self) -> dict[str, Any]:
        """Serves until it is asked to end; returns the outputs for outcome.json.

        Raises:
            KfError: it can't listen, or is not what it was in training.
        """
        app = self.app = self._app()
        local = Listener(app, bind_unix(self.socket), self.settings.timeout_s)
        self._port = Port(app, self.settings)
        try:
            self._port.check()
            await local.start()
            report = await self._prove(app)
            if report is not None and await self._promote(app, report):
                await self._watch(app)
        except BaseException:
            routing.hand_back(self.settings.store, self.settings.name, self.settings.version)
            raise
        finally:
            app.proven = False
            await self._close(app, local)
        counted = app.metrics.totals()  # nobody can ask it any more
        return {"version": self.settings.version, "reason": self._reason, "counted": counted}

    def end(self, reason: str) -> None:
        """Asks it to end, once; idempotent."""
        self._reason = self._reason or reason
        self._ended.set()

    def _app(self) -> App:
        settings = self.settings
        waiting: list[Combiner] = []
        metrics = Metrics(
            lambda: waiting[0].waiting if waiting else 0,
            {
                "name": settings.name,
                "version": str(settings.version),
                "model": self.model.digest[:12],
            },
        )
        metrics.counting = False
        combiner = Combiner(
            batch.predictor(self.model, self.schema),
            Limits(timeout_s=settings.timeout_s, combine=settings.combine and self.model.row_wise),
            metrics.called,
        )
        waiting.append(combiner)
        limits = AppLimits(settings.max_body, settings.max_rows, settings.timeout_s)
        app = App(self.identity, self.schema, combiner, metrics, limits=limits, proof_key=self._key)
        app.facts = {
            "flavour": self.model.manifest["flavour"],
            "transform": self.model.manifest["transform"] or "",
            "combined": combiner.limits.combine,
            "run": settings.run,
        }
        return app

    async def _prove(self, app: App) -> dict[str, Any] | None:
        """The report; None when it was asked to end meanwhile."""
        inputs = self.model.golden_inputs()
        subject = proof.Subject(
            name=self.settings.name,
            version=self.settings.version,
            schema=self.schema,
            inputs=pa.Table.from_arrays(inputs.columns, schema=self.schema.arrow),
            expected=self.model.golden_outputs(),
            ulp=self.model.manifest["ulp"],
            row_wise=self.model.row_wise,
            nan_is_null=self.pandas,
            changes=self.model.changes,
        )
        connect = partial(
            Connection, self.settings.name, self.socket, headers={"jupyter-kf-proof": self._key}
        )
        proving = asyncio.create_task(asyncio.to_thread(proof.prove, subject, connect))
        ended = asyncio.create_task(self._ended.wait())
        await asyncio.wait({proving, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not proving.done():
            return None
        report = await proving
        await asyncio.to_thread(self._measure, app, subject)
        print(f"proven: {report['rows']} golden rows in {report['seconds']} s", flush=True)  # noqa: T201
        return report

    def _measure(self, app: App, subject: proof.Subject) -> None:
        """Cost of one row, alone and in a batch, and the transform's share of it."""
        one, many = subject.inputs.slice(0, 1), subject.inputs
        alone_s = _seconds(lambda: self.model.predict(one))
        together_s = _seconds(lambda: self.model.predict(many)) / max(1, many.num_rows)
        app.metrics.row_seconds.labels("1").set(alone_s)
        app.metrics.row_seconds.labels(str(many.num_rows)).set(together_s)
        app.facts["row_seconds"] = {"1": alone_s, str(many.num_rows): together_s}
        if self.model.transform is None:
            return
        transform_s = min(alone_s, _seconds(lambda: self.model.transform.transform(one)))
        share = min(1.0, transform_s / alone_s) if alone_s else 0.0
        app.metrics.transform_share.set(share)
        app.facts["transform_share"] = round(share, 3)
        if share > _SLOW_SHARE and transform_s > _SLOW_TRANSFORM_S and self.pandas:
            app.facts["suggestion"] = (
                f"the transform takes {transform_s * 1e3:.1f} ms of {alone_s * 1e3:.1f} ms for one "
                "row, nearly all of it pandas' own cost per call; written with numpy "
                "(df.to_numpy()) or polars (--frame polars) it is several times faster"
            )

    async def _promote(self, app: App, report: dict[str, Any]) -> bool:
        settings = self.settings
        app.log = self._log(app)
        app.last_asked = time.monotonic()
        app.metrics.counting = True
        app.proven = True
        mine = routing.Current(
            version=settings.version,
            run=settings.run,
            model=self.model.digest,
            socket=str(self.socket),
            url=self._port.url,
        )
        routing.write_secret(self.folder.proof_key, self._key)  # before anybody finds it ready
        if not routing.promote(settings.store, settings.name, mine):
            self.end("a newer version was ready first")
            return False
        await self._port.open()
        ready = {
            "socket": str(self.socket),
            "url": self._port.url,
            "pid": os.getpid(),
            "proof": {**report, **{k: v for k, v in app.facts.items() if k != "run"}},
            "ready_s": time.time(),
        }
        write_json(self.folder.ready, ready, durable=True)
        return True

    def _log(self, app: App) -> PredictionLog:
        settings = self.settings
        who = {
            "model": self.model.digest,
            "endpoint": settings.name,
            "version": str(settings.version),
            "run": settings.run,
        }

        def count(written: int, dropped: int) -> None:
            app.metrics.logged.inc(written)
            app.metrics.log_dropped.inc(dropped)

        folder = routing.endpoint_folder(settings.store, settings.name).predictions
        return PredictionLog(folder, self.schema, who, LogLimits(rate=settings.log_rate), count)

    async def _watch(self, app: App) -> None:
        """Until a signal, idleness, or two newer versions; takes over when the current one dies."""
        settings = self.settings
        while not self._ended.is_set():
            now = routing.current(settings.store, settings.name)
            if now is not None and now.previous == settings.version:
                taken = routing.fail_over(settings.store, settings.name)
                now, app.last_asked = taken or now, time.monotonic() if taken else app.last_asked
            if now is not None and settings.version not in (now.version, now.previous):
                self.end(f"version {now.version} has the traffic")
            await self._port.follow(now)
            idle_s = time.monotonic() - app.last_asked
            if settings.idle_s is not None and idle_s > settings.idle_s and not app.busy:
                self.end(f"nobody asked for {idle_s:.0f} s")
            try:
                await asyncio.wait_for(self._ended.wait(), _WATCH_S)
            except TimeoutError:
                continue

    async def _close(self, app: App, local: Listener) -> None:
        routing.retire(self.settings.store, self.settings.name, str(self.socket))
        await self._port.close()
        await local.stop()
        app.combiner.close()
        await asyncio.to_thread(app.combiner.join, 1.0)
        if app.log is not None:
            await asyncio.to_thread(app.log.close)
        app.close()


def _frame(model: Any) -> str:
    manifest = model.manifest if model.transform is None else model.transform.manifest
    return str(manifest.get("frame", "pandas"))


def _datatype(dtype: str) -> str:
    import numpy as np

    return "BYTES" if dtype == "str" else v2.datatype_of(np.dtype(dtype))


def _seconds(call: Callable[[], Any]) -> float:
    """Median of three calls."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
