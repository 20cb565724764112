"""Where a thing came from and where it went: dataset, transform, run, model, endpoint.

Every step is by digest, read from manifests and notes; nothing is guessed from names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_kf.blobs import read_json
from jupyter_kf.client import endpoints, studies
from jupyter_kf.errors import NotFound
from jupyter_kf.names import is_digest, is_short_digest, versioned
from jupyter_kf.refs import Entry
from jupyter_kf.serving import routing
from jupyter_kf.store import Store


@dataclass(frozen=True)
class Node:
    """One thing in the graph; `id` is its digest, run id or endpoint name@version."""

    id: str
    kind: str
    label: str


@dataclass(frozen=True)
class Lineage:
    """The graph around one thing: edges point from what was used to what was made."""

    subject: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]


def lineage(store: Store, text: str) -> Lineage:
    """Everything upstream and downstream of a dataset, transform, run, model or endpoint.

    Args:
        text: a name, name@version, run id or digest.

    Raises:
        NotFound: kf-1108.
    """
    graph = _whole(store)
    subject = _subject(graph, text)
    if graph.nodes[subject].kind == "run":
        _add_run(store, graph, subject)
    keep = _reach(graph.edges, subject, 0) | _reach(graph.edges, subject, 1)
    return Lineage(
        subject,
        tuple(node for node in graph.nodes.values() if node.id in keep),
        tuple(e for e in graph.edges if e[0] in keep and e[1] in keep),
    )


class _Graph:
    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[tuple[str, str]] = []
        self.names: dict[str, str] = {}  # what a person may type -> node id

    def node(self, node_id: str, kind: str, label: str, *names: str) -> None:
        self.nodes.setdefault(node_id, Node(node_id, kind, label))
        for name in (node_id, label, *names):
            self.names[name] = node_id

    def edge(self, used: str | None, made: str | None) -> None:
        if used and made and (used, made) not in self.edges:
            self.edges.append((used, made))


def _whole(store: Store) -> _Graph:
    graph = _Graph()
    for kind in ("dataset", "transform", "model"):
        named = [e for name in store.refs.names(kind) for e in store.refs.versions(kind, name)]
        for entry in sorted(named, key=lambda entry: entry.created_s):  # the first names it
            _add_version(store, graph, entry)
    for name in endpoints.names(store):
        for n, fields in routing.versions(store.root, name):
            node_id = f"endpoint {versioned(name, n)}"
            graph.node(node_id, "endpoint", node_id, name)
            graph.edge(fields.get("model"), node_id)
    for run_id in store.runs.ids() - graph.nodes.keys():
        graph.node(run_id, "run", f"run {run_id}")  # it made nothing that has a name
    for edge in graph.edges:
        for end in edge:
            if end not in graph.nodes:
                graph.node(end, "unnamed", end[:19])
    return graph


def _add_version(store: Store, graph: _Graph, entry: Entry) -> None:
    label = f"{entry.kind} {entry.ref}"
    graph.node(entry.digest, entry.kind, label, entry.name, entry.ref)
    if entry.kind == "dataset":
        return
    manifest: dict[str, Any] = store.blobs.get_json(entry.digest)
    run = entry.note.get("run")
    used = [(manifest.get("fit") or {}).get("dataset"), entry.note.get("dataset")]
    used.append(manifest.get("transform") if entry.kind == "model" else None)
    if run:
        graph.node(run, "run", f"run {run}")
        graph.edge(run, entry.digest)
    for digest in filter(None, used):
        graph.edge(digest, run or entry.digest)


def _add_run(store: Store, graph: _Graph, run_id: str) -> None:
    """What a run was given, and the best that a study has found, whether or not it was promoted.

    Of the run that is asked about alone: that of all would have to be read from each one's folder.
    """
    given = read_json(store.runs.folder(run_id).job) or {}
    for digest in (given.get(key) for key in ("dataset", "transform", "model")):
        if digest in graph.nodes:
            graph.edge(digest, run_id)
    run = store.runs.read(run_id)
    for trial in studies.read(store, run).best if run.kind == "tune" else ():
        if trial.model:
            graph.node(trial.model, "trial", f"trial {trial.number}, the best")
            graph.edge(run_id, trial.model)


def _subject(graph: _Graph, text: str) -> str:
    if text in graph.names:
        return graph.names[text]
    if is_short_digest(text):
        hits = [i for i in graph.nodes if i.startswith(text.removeprefix("sha256:"))]
        if len(hits) == 1:
            return hits[0]
    raise NotFound(
        1108,
        f"nothing is called `{text}`",
        cause=endpoints.why_nothing(
            text, [n for n in graph.names if not is_digest(n) and " " not in n]
        ),
        fix="give a dataset, transform, model, endpoint, run id or digest",
    )


def _reach(edges: list[tuple[str, str]], start: str, side: int) -> set[str]:
    """All nodes from `start` downstream (side 0) or upstream (side 1)."""
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for edge in edges:
            there = edge[1 - side]
            if edge[side] == here and there not in found:
                found.add(there)
                todo.append(there)
    return found
