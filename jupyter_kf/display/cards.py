"""What matters about each noun: one function for each, from a record to a card. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jupyter_kf.backends.base import Plan, Resources
from jupyter_kf.client.compare import Comparison
from jupyter_kf.client.doctor import Report
from jupyter_kf.client.lineage import Lineage
from jupyter_kf.display import trials
from jupyter_kf.display.card import Card, Table
from jupyter_kf.display.difference import code_lines, transform_lines
from jupyter_kf.display.machine import doctor, resources
from jupyter_kf.display.planned import plan
from jupyter_kf.display.values import (
    histogram,
    moment,
    nulls,
    number,
    plain,
    shortened,
    spread,
    type_word,
)
from jupyter_kf.errors import KfError
from jupyter_kf.names import short, versioned
from jupyter_kf.records import (
    Check,
    Dataset,
    Endpoint,
    Model,
    NameList,
    Run,
    RunList,
    State,
    Study,
    Transform,
    state_word,
)
from jupyter_kf.units import format_duration, format_memory

_TONE = {
    State.PENDING: "quiet",
    State.RUNNING: "busy",
    State.READY: "good",
    State.SUCCEEDED: "good",
    State.FAILED: "bad",
    State.CANCELLED: "quiet",
    State.LOST: "bad",
}
_MOST_COLUMNS = 40
_SOURCES = ("data", "transform", "model", "input", "output")


def card_of(thing: Any) -> Card:
    """The card of any record, or of a list of runs.

    Raises:
        TypeError: there is no card for this type.
    """
    for kind, build in CARDS.items():
        if isinstance(thing, kind):
            return build(thing)
    raise TypeError(f"no card for {type(thing).__name__}")


def run(r: Run) -> Card:
    """State and why, what it reported, what it left, how to see more."""
    facts = [("run", r.id)]
    if r.reason and not (r.kind == "batch" and r.state is State.SUCCEEDED):  # facts say it
        facts.append(("why", r.reason))
    facts += _asked(r.spec)
    if r.outputs.get("without_target"):
        rows = r.outputs["without_target"]
        some = "1 row" if rows == 1 else f"{rows:,} rows"
        facts.append(("left out", f"{some} without a target"))
    facts += [(name, number(value)) for name, value in r.metrics.items()]
    facts += _times(r)
    if "skipped" in r.outputs:
        there = f", {r.outputs['skipped']} were there already" if r.outputs["skipped"] else ""
        facts.append(("files", f"{r.outputs['files']} predicted{there}"))
    digests = [k for k in ("model", "transform") if isinstance(r.outputs.get(k), str)]
    facts += [(f"{key} digest", short(r.outputs[key])) for key in digests]
    if r.origin:
        facts.append(("notebook", r.origin.notebook))
    if r.outputs.get("travelled"):
        facts.append(("from the notebook", ", ".join(r.outputs["travelled"])))
    notes = _error_notes(r.error)
    if r.outputs.get("unread") and r.outputs.get("model"):
        notes = [*notes, _unread(r)]
    if r.kind == "batch" and r.state is State.FAILED:
        notes = [*notes, "the files before it are done; the same line again goes on after them"]
    if not r.state.ended:
        end = f"%kf stop {r.name}" if r.kind == "serve" else f"%kf cancel {r.id}"
        notes = [f"%kf show {r.id}", f"%kf logs {r.id} -f", end]
    word = state_word(r.kind, r.state)
    return Card(f"{r.kind} {r.name}", word, _TONE[r.state], _open_progress(r), facts, notes=notes)


def runs(found: Sequence[Run]) -> Card:
    """A line for each run."""
    rows = [
        (
            r.id,
            r.kind,
            state_word(r.kind, r.state),
            moment(r.created_s),
            format_duration(r.ended_s - r.started_s) if r.ended_s and r.started_s else "",
            ", ".join(f"{k} {number(v)}" for k, v in list(r.metrics.items())[:3]),
            r.error.what if r.error else r.reason,
        )
        for r in found
    ]
    headers = ("run", "kind", "state", "begun", "took", "metrics", "why")
    notes = [] if rows else ["no run is like this; the first needs `%kf data NAME FRAME`"]
    total = found.total if isinstance(found, RunList) and found.total else len(rows)
    of = "" if total == len(rows) else f" of {total:,}"
    if of:
        notes.append(f"%kf runs --limit {total} lists them all")
    title = f"{len(rows)}{of} run{'' if total == 1 else 's'}"
    return Card(title, table=Table(headers, rows), notes=notes)


def names(found: NameList) -> Card:
    """A line for each name, at its newest version."""
    rows = [(f.kind, f.ref, moment(f.created_s), f.says, short(f.digest)) for f in found]
    empty = () if rows else ("nothing has a name yet; `%kf data NAME FRAME` gives one",)
    headers = ("kind", "name", "made", "is", "digest")
    title = f"{len(rows)} name{'' if len(rows) == 1 else 's'}"
    return Card(title, table=Table(headers, rows), notes=empty)


def dataset(d: Dataset) -> Card:
    """Shape, and a line for each column: type, nulls, range."""
    if d.manifest["form"] == "folder":
        files = d.manifest["files"]
        size = format_memory(sum(f["bytes"] for f in files.values()))
        facts = [("digest", short(d.digest)), ("files", f"{len(files):,}"), ("size", size)]
        return Card(f"dataset {d.ref}", facts=facts)
    columns = (d.profile or {}).get("columns", {})
    rows = [
        (name, type_word(one["type"]), nulls(one, d.manifest["rows"]), spread(one), histogram(one))
        for name, one in list(columns.items())[:_MOST_COLUMNS]
    ]
    more = len(columns) - len(rows)
    notes = [f"and {more:,} more columns"] if more else []
    if d.version > 1:
        notes.append(
            f"{versioned(d.name, d.version - 1)} is kept; what was made of it stays as it is"
        )
    facts = [
        ("rows", f"{d.manifest['rows']:,}"),
        ("columns", str(len(d.manifest["columns"]))),
        ("digest", short(d.digest)),
    ]
    table = Table(("column", "type", "nulls", "values", "shape"), rows)
    return Card(f"dataset {d.ref}", facts=facts, table=table, notes=notes)


def transform(t: Transform) -> Card:
    """Its identity, and what the certificate proved."""
    certificate, manifest = t.certificate, t.manifest
    fit = manifest.get("fit")
    facts = [
        ("digest", short(t.digest)),
        ("golden rows", str(manifest["golden"]["rows"])),
        ("rows", "one by one or together" if manifest["row_wise"] else "only together"),
        ("bound", f"{manifest['ulp']} ulp" if manifest["ulp"] else "equal to the bit"),
    ]
    if fit:
        facts.append(("fitted on", f"{fit['rows']:,} rows"))
    if certificate.get("unread"):
        facts.append(("does not read", ", ".join(certificate["unread"])))
    notes = [
        str(note.get("why", note)) if isinstance(note, Mapping) else str(note)
        for note in certificate.get("warnings", ())
    ]
    return Card(f"transform {t.ref}", "certified", "good", facts=facts, notes=notes)


def model(m: Model) -> Card:
    """Its identity, transform, parameters and metrics, and the run that made it."""
    facts = [("digest", short(m.digest)), ("flavour", m.manifest["flavour"])]
    if m.manifest.get("transform"):
        facts.append(("transform", short(m.manifest["transform"])))
    if m.run:
        facts.append(("run", m.run if m.trial is None else f"{m.run}, trial {m.trial}"))
    facts += _params(m.params)
    facts += [(name, number(value)) for name, value in m.metrics.items()]
    return Card(f"model {m.ref}", facts=facts, notes=m.notes)


def study(s: Study) -> Card:
    """Progress, the best trials, and how to use them."""
    done = [t for t in s.trials if t.state.ended]
    total = s.total or s.run.spec.get("trials", len(s.trials))
    pruned = sum(1 for t in s.trials if t.reason.startswith("pruned"))
    failed = sum(1 for t in s.trials if t.state is State.FAILED)
    facts = [("run", s.run.id), ("trials", f"{len(done)} of {total}")]
    facts += [("ended early", str(pruned))] if pruned else []
    facts += [("failed", f"{failed}: {trials.why_most_failed(s)}")] if failed else []
    facts.append(("best is", trials.sought(s)))
    facts += _times(s.run)
    notes = _error_notes(s.run.error)
    if s.best and s.run.state.ended:
        notes = [
            *notes,
            f"%kf promote {s.run.name}    makes trial {s.best[0].number} the newest model",
        ]
    if not s.run.state.ended:
        notes = [f"%kf show {s.run.id}", f"%kf cancel {s.run.id}"]
    return Card(
        f"study {s.run.name}",
        s.run.state,
        _TONE[s.run.state],
        _open_progress(s.run),
        facts,
        trials.best_first(s),
        notes,
    )


def endpoint(e: Endpoint) -> Card:
    """Where it answers, with what, and what was proven."""
    facts = [
        ("version", str(e.version)),
        *([("instead of", f"version {e.instead_of}, which died")] if e.instead_of else []),
        ("model", f"{e.run.spec.get('model') or ''} {short(e.model)}".strip()),
        *([("chosen as", e.why)] if e.why else []),
        ("at", e.url),
        ("run", e.run.id),
    ]
    proof = e.parity or {}
    if proof:
        bound = f"within {proof['ulp']} ulp" if proof["ulp"] else "to the bit"
        ways = f"{len(proof['paths'])} ways through the wire"
        facts.append(("proven", f"{proof['rows']} golden rows, {ways}, equal {bound}"))
        facts.append(("proof took", format_duration(proof["seconds"])))
    notes = _error_notes(e.run.error)
    if proof.get("suggestion"):
        notes = [*notes, str(proof["suggestion"])]
    if e.state is State.READY:
        notes = [*notes, f"%kf predict {e.name} ROWS    %kf check {e.name}    %kf stop {e.name}"]
    if e.state.ended:
        others = ", ".join(str(v.n) for v in e.versions if v.n != e.version)
        also = f" (as it does {others})" if others else ""
        notes = [*notes, f"%kf serve {e.name} --version {e.version}    starts it again{also}"]
    word = state_word("serve", e.state)
    return Card(f"endpoint {e.name}", word, _TONE[e.state], facts=facts, notes=notes)


def check(c: Check) -> Card:
    """Equal or not; what differs, line by line."""
    told = [finding for finding in c.findings if "message" in finding]  # an error, whole
    rows = [tuple(plain(f.get(key)) for key in _FINDING) for f in c.findings if f not in told]
    notes = [line for error in told for line in _error_notes(KfError.from_dict(error))]
    facts = [(key, plain(value)) for key, value in c.facts.items() if _is_plain(value)]
    badge, tone = ("equal", "good") if c.ok else ("differs", "bad")
    return Card(
        f"check {c.subject}", badge, tone, facts=facts, table=Table(_FINDING, rows), notes=notes
    )


def comparison(c: Comparison) -> Card:
    """Metrics and what differs, a column for each run."""
    headers = ("", *(r.id for r in c.runs))
    rows: list[tuple[str, ...]] = [("state", *(state_word(r.kind, r.state) for r in c.runs))]
    for name, values in c.metrics.items():
        rows.append((name, *("" if v is None else number(v) for v in values)))
    for name, row in c.settings.items():
        rows.append((name, *(plain(value) for value in row)))
    lines = [*code_lines(c), *transform_lines(c)]
    table = Table(headers, rows)
    return Card("compare", table=table, notes=(_alike(len(c.same)),), code="\n".join(lines))


def graph(g: Lineage) -> Card:
    """The graph as indented lines, from the sources down."""
    label = {node.id: node.label for node in g.nodes}
    makes: dict[str, list[str]] = {}
    for used, made in g.edges:
        makes.setdefault(used, []).append(made)
    roots = [n.id for n in g.nodes if n.id not in {made for _, made in g.edges}]
    lines: list[str] = []

    walked: set[str] = set()

    def walk(node: str, depth: int) -> None:
        digest = f"  {short(node)}" if node != label[node] and len(node) == 64 else ""
        mark = "  <- this" if node == g.subject else ""
        lines.append("  " * depth + label[node] + digest + mark)
        if node in walked and makes.get(node):
            lines[-1] += "  (above)"
            return
        walked.add(node)
        for child in makes.get(node, ()):
            walk(child, depth + 1)

    for root in roots:
        walk(root, 0)
    return Card(f"lineage of {label.get(g.subject, g.subject)}", code="\n".join(lines))


CARDS: dict[type, Callable[[Any], Card]] = {
    Run: run,
    RunList: runs,
    NameList: names,
    Report: doctor,
    Resources: resources,
    Dataset: dataset,
    Transform: transform,
    Model: model,
    Study: study,
    Endpoint: endpoint,
    Check: check,
    Comparison: comparison,
    Lineage: graph,
    Plan: plan,
}

_FINDING = ("path", "column", "row", "expected", "got")


def _unread(r: Run) -> str:
    """Says that a model was not fitted on the rows that its transform prepares."""
    names = " and ".join(r.outputs["unread"])
    return (
        f"look: the cell never reads {names}, so the model was not fitted on what transform "
        f"`{r.spec.get('transform')}` prepared; served, it will be given such rows"
    )


def _asked(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = [(key, str(spec[key])) for key in _SOURCES if spec.get(key)]
    return shown + _params(spec.get("params") or {})


def _params(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = ", ".join(f"{name}={shortened(value)}" for name, value in params.items())
    return [("params", said)] if said else []


def _times(r: Run) -> list[tuple[str, str]]:
    if r.ended_s and r.started_s:
        took = f"{format_duration(r.ended_s - r.started_s)}, until {moment(r.ended_s)}"
        facts = [("took", took)]
        if r.usage.get("max_rss_bytes"):
            facts.append(("memory", format_memory(r.usage["max_rss_bytes"])))
        return facts
    return [("remaining", format_duration(r.remaining_s))] if r.remaining_s else []


def _open_progress(r: Run) -> float | None:
    return None if r.state.ended else r.progress


def _error_notes(error: KfError | None) -> list[str]:
    return str(error).splitlines() if error else []


def _alike(count: int) -> str:
    return "1 setting is the same" if count == 1 else f"{count} settings are the same"


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and value != ""
