"""Endpoints: lists, pages, what they count. For threads; a row or a page asks no endpoint.

May import `client`, and of `serving` `routing`, `client`, `metrics`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from jupyter_kf.blobs import read_json
from jupyter_kf.client import Client, columns
from jupyter_kf.client.endpoints import names
from jupyter_kf.client.searching import search
from jupyter_kf.errors import NotFound, did_you_mean
from jupyter_kf.names import short
from jupyter_kf.records import Check, Endpoint, State
from jupyter_kf.server import rows
from jupyter_kf.server.answers import (
    At,
    Checked,
    Counted,
    EndpointPage,
    EndpointPaper,
    EndpointRow,
    Latency,
    Proven,
    ProvenColumn,
    Stats,
    Wire,
)
from jupyter_kf.server.asking import StatedAsk
from jupyter_kf.server.things import Things
from jupyter_kf.serving import routing
from jupyter_kf.serving.client import connect
from jupyter_kf.serving.metrics import PREDICTS

ANSWER_S = 5.0
"""Longest that an endpoint's counters may take."""
_WINDOW_S = 60.0


def known(client: Client, name: str) -> str:
    """`name`, when an endpoint has it.

    Raises:
        NotFound: kf-1143; a path that leads elsewhere is no name.
    """
    every = names(client.store)
    if name in every:
        return name
    raise NotFound(
        1143,
        f"no endpoint is called `{name}`",
        cause=did_you_mean(name, every),
        fix="`%kf serve MODEL` starts one",
    )


def address(client: Client, name: str) -> str:
    """The socket of the version that has the traffic.

    Raises:
        NotFound: kf-1121, no version of it was ever proven.
    """
    return connect(client.store.root, known(client, name)).address


class Endpoints:
    """The endpoints of a store.

    Args:
        client: whose store it is.
        things: of the same store, for manifests.
    """

    def __init__(self, client: Client, things: Things) -> None:
        self._client, self._things = client, things
        self._samples = Samples()

    def page(self, at: At, ask: StatedAsk) -> EndpointPage:
        """Some of the endpoints, by name; for one state all that fit the search are looked at."""
        found = search(names(self._client.store), ask.search, str)
        if ask.state:
            fitting = [row for row in self._rows(found) if row.state == ask.state]
            shown = tuple(rows.part(fitting, ask))
            return EndpointPage(at.seq, at.epoch, len(fitting), shown)
        shown = tuple(self._rows(rows.part(found, ask)))
        return EndpointPage(at.seq, at.epoch, len(found), shown)

    def paper(self, at: At, name: str) -> EndpointPaper:
        """All about one, without asking it."""
        endpoint = self._client.endpoint(known(self._client, name))
        now = routing.current(self._client.store.root, name)
        manifest = self._things.manifest(endpoint.model)
        return EndpointPaper(
            at.seq,
            at.epoch,
            endpoint=endpoint,
            schema=columns.of_endpoint(self._client.store, endpoint.model),
            parity=self._proven(endpoint, manifest),
            checked=self._checked(endpoint),
            warm=now.previous if now else None,
            counted=_counted(endpoint),
            starting=tuple(self._starting(endpoint, now)),
            models={
                digest: self._things.label("model", digest)
                for digest in {version.digest for version in endpoint.versions}
            },
        )

    def stats(self, name: str) -> Stats:
        """What an endpoint counted.

        Raises:
            NotFound: kf-1121, it takes no traffic.
            ServeError: kf-2204, it does not answer.
        """
        known(self._client, name)
        with connect(self._client.store.root, name, timeout_s=ANSWER_S) as connection:
            text = connection.request("GET", "/metrics")[1].decode()
        sample = _sample(text)
        return _stats(sample, self._samples.add(name, sample))

    def _rows(self, names: Iterable[str]) -> Iterable[EndpointRow]:
        for name in names:
            try:
                found = self._client.endpoint(name)
            except NotFound:
                continue  # its folder is there, and no version of it yet
            yield EndpointRow(
                name=name,
                state=found.state,
                version=found.version,
                model=str(found.run.spec.get("model") or short(found.model)),
                versions=len(found.versions),
                run=rows.row_of(found.run),
                parity_ok=None if found.parity is None else bool(found.parity["ok"]),
            )

    def _starting(self, endpoint: Endpoint, now: routing.Current | None) -> Iterable[int]:
        """Versions after the newest that ever had the traffic whose runs go on."""
        known = self._client.store.runs.ids()
        for version in endpoint.versions:
            run_id = str(version.note["run"])
            if version.n <= (now.newest if now else 0) or run_id not in known:
                continue
            state = self._client.run(run_id).state
            proven = state is State.READY and now is None  # a cluster gives it the traffic itself
            if not state.ended and not proven:
                yield version.n

    def _checked(self, endpoint: Endpoint) -> Checked | None:
        try:
            told = read_json(self._client.store.runs.folder(endpoint.run.id).checked)
        except ValueError:  # cut short by a full disk
            return None
        if told is None:
            return None
        found = (told["subject"], told["ok"], tuple(told["findings"]), told["facts"])
        return Checked(told["at_s"], Check(*found))

    def _proven(self, endpoint: Endpoint, manifest: Mapping[str, Any]) -> Proven | None:
        told = endpoint.parity
        if told is None:
            return None
        ready = self._client.store.runs.folder(endpoint.run.id).ready
        return Proven(
            ok=bool(told["ok"]),
            ulp=told["ulp"],
            columns=tuple(
                ProvenColumn(one["name"], _worst(one, told["ulp"]), told["rows"], bool(told["ok"]))
                for one in manifest.get("outputs", ())
            ),
            checked_s=ready.stat().st_mtime,
            wires=tuple(
                Wire(one["path"], one["rows"], one.get("of", one["rows"])) for one in told["paths"]
            ),
            suggestion=str(told.get("suggestion") or ""),
        )


def _worst(output: Mapping[str, Any], ulp: int) -> float | None:
    """The largest difference that was let pass: none where a value is equal or is not.

    Of floats within a bound it is not known, since how far they are is not written down.
    """
    return None if ulp and "float" in str(output.get("dtype")) else 0.0


def _counted(endpoint: Endpoint) -> Counted | None:
    """What the version that is over said of itself; one that was killed could say nothing."""
    told = endpoint.run.outputs.get("counted")
    return Counted(**told) if endpoint.run.state.ended and told else None


@dataclass(frozen=True)
class Sample:
    """A version's counters at a moment; buckets are (upper bound, requests up to it)."""

    at_s: float
    requests: int
    errors: int
    rows: int
    buckets: Mapping[float, float]
    version: int = 0


class Samples:
    """The samples of the last minute, of each endpoint; several threads add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, deque[Sample]] = {}

    def add(self, name: str, sample: Sample) -> Sample | None:
        """Keeps one; the oldest that it can be compared with, None when there is none."""
        with self._lock:
            kept = self._kept.setdefault(name, deque())
            other = bool(kept) and kept[-1].version != sample.version
            if kept and sample.at_s < kept[-1].at_s:  # two asked at once, and this one was slower
                return kept[0] if kept[0].at_s < sample.at_s and not other else None
            if kept and (other or kept[-1].requests > sample.requests):
                kept.clear()  # another version answers, or the same one that was started again
            while len(kept) > 1 and sample.at_s - kept[0].at_s > _WINDOW_S:
                kept.popleft()
            first = kept[0] if kept else None
            kept.append(sample)
            return first


def _sample(text: str) -> Sample:
    requests = errors = rows = 0.0
    version = 0
    buckets: dict[float, float] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            if one.name == "jupyter_kf_model_info":
                version = int(one.labels["version"])
            if one.labels.get("protocol", "rows") not in PREDICTS:
                continue
            if one.name == "jupyter_kf_requests_total":
                requests += one.value
                errors += one.value if one.labels["code"] >= "400" else 0
            elif one.name == "jupyter_kf_rows_total":
                rows += one.value
            elif one.name == "jupyter_kf_request_seconds_bucket":
                bound = float(one.labels["le"])
                buckets[bound] = buckets.get(bound, 0.0) + one.value
    return Sample(time.time(), int(requests), int(errors), int(rows), buckets, version)


def _stats(now: Sample, first: Sample | None) -> Stats:
    past = first.buckets if first else {}
    recent = {bound: n - past.get(bound, 0.0) for bound, n in now.buckets.items()}
    counted = recent if any(recent.values()) else now.buckets
    elapsed = now.at_s - first.at_s if first else 0.0
    return Stats(
        requests_total=now.requests,
        rows_total=now.rows,
        errors_total=now.errors,
        latency_s=_latency(counted),
        rate_per_s=(now.requests - first.requests) / elapsed if first and elapsed > 0 else None,
        at_s=now.at_s,
        version=now.version,
    )


def _latency(buckets: Mapping[float, float]) -> Latency | None:
    """Quantiles by linear interpolation within a bucket, as Prometheus has it."""
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if not total:
        return None

    def quantile(share: float) -> float:
        low, below = 0.0, 0.0
        for bound in bounds:
            if buckets[bound] >= share * total:
                if bound == float("inf"):
                    return low
                inside = buckets[bound] - below
                return low + (bound - low) * ((share * total - below) / inside if inside else 1.0)
            low, below = bound, buckets[bound]
        return low

    # Those of one request are one: they would differ by the width of its bucket.
    return Latency(*map(quantile, (0.5, 0.9, 0.99) if total > 1 else (0.5, 0.5, 0.5)))
