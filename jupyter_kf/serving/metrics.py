"""What an endpoint counts, in Prometheus' text format. May import prometheus_client."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

PREDICTS = frozenset({"rows", "infer", "v1"})
"""Protocols of predictions; the others are questions about the endpoint."""
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536)


class Metrics:
    """The counters of one endpoint process.

    Args:
        waiting: how many requests wait or are computed now.
        info: labels of the one `jupyter_kf_model_info` series.

    Attributes:
        counting: requests are counted; not while they are the proof's own.
    """

    counting = True

    def __init__(self, waiting: Callable[[], int], info: dict[str, str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        registry = self.registry
        self._requests = Counter(
            "jupyter_kf_requests", "Requests answered", ["protocol", "code"], registry=registry
        )
        self._latency = Histogram(
            "jupyter_kf_request_seconds",
            "From the request's head to its answer, of those that were not refused",
            ["protocol"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._rows = Counter("jupyter_kf_rows", "Rows predicted", registry=registry)
        self._call_seconds = Histogram(
            "jupyter_kf_predict_seconds",
            "Transform and model, per call",
            buckets=_SECONDS,
            registry=registry,
        )
        self._call_rows = Histogram(
            "jupyter_kf_predict_rows", "Rows per call", buckets=_ROWS, registry=registry
        )
        self._call_requests = Histogram(
            "jupyter_kf_predict_requests",
            "Requests per call",
            buckets=_ROWS[:10],
            registry=registry,
        )
        self.log_dropped = Counter(
            "jupyter_kf_log_dropped", "Sampled requests that could not be logged", registry=registry
        )
        self.logged = Counter("jupyter_kf_logged", "Sampled requests in the log", registry=registry)
        self.transform_share = Gauge(
            "jupyter_kf_transform_share",
            "Share of the transform in a one-row prediction",
            registry=registry,
        )
        self.row_seconds = Gauge(
            "jupyter_kf_row_seconds",
            "Cost of one row, alone or in a batch",
            ["rows"],
            registry=registry,
        )
        Gauge("jupyter_kf_waiting", "Requests waiting or computed", registry=registry).set_function(
            waiting
        )
        Gauge("jupyter_kf_model_info", "Who answers", list(info), registry=registry).labels(
            **info
        ).set(1)
        self._children: dict[tuple[str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def answered(self, protocol: str, code: int, seconds: float) -> None:
        """One request was answered."""
        if not self.counting:
            return
        child = self._children.get((protocol, code))
        if child is None:
            child = self._requests.labels(protocol, str(code))
            self._children[protocol, code] = child
            self._timers.setdefault(protocol, self._latency.labels(protocol))
        child.inc()
        if code < 400:  # what is refused at the door would make the served look faster
            self._timers[protocol].observe(seconds)

    def called(self, requests: int, rows: int, seconds: float) -> None:
        """One call of the model was made, for so many requests."""
        if not self.counting:
            return
        self._rows.inc(rows)
        self._call_seconds.observe(seconds)
        self._call_rows.observe(rows)
        self._call_requests.observe(requests)

    def totals(self) -> dict[str, int]:
        """Predictions asked for, their rows, and those that were refused, from the start on."""
        told = [one for family in self._requests.collect() for one in family.samples]
        asked = [s for s in told if s.name.endswith("_total") and s.labels["protocol"] in PREDICTS]
        (rows,) = (s for s in next(iter(self._rows.collect())).samples if s.name.endswith("_total"))
        return {
            "requests_total": int(sum(one.value for one in asked)),
            "rows_total": int(rows.value),
            "errors_total": int(sum(one.value for one in asked if one.labels["code"] >= "400")),
        }

    def text(self) -> bytes:
        """All of them, as Prometheus scrapes them."""
        return generate_latest(self.registry)
