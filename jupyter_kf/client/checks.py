"""``%kf check``: golden rows through an endpoint, a model or a transform, now."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from jupyter_kf.blobs import write_json
from jupyter_kf.checks.parity import as_check, compare_columns
from jupyter_kf.client import endpoints
from jupyter_kf.client.choose import choose_model
from jupyter_kf.client.watch import Watcher
from jupyter_kf.errors import KfError, NotFound, ParityError, did_you_mean
from jupyter_kf.layout import RunFolder
from jupyter_kf.names import versioned
from jupyter_kf.records import Check, plain
from jupyter_kf.serving import routing
from jupyter_kf.store import Store


def run_check(store: Store, name: str, watch: Watcher) -> Check:
    """Checks what `name` means: a running endpoint first, then a model, then a transform.

    Raises:
        NotFound: kf-1113, it is none of these.
        ServeError: kf-2204, the endpoint does not answer.
    """
    if name in endpoints.names(store) and routing.current(store.root, name):
        return _endpoint(store, name, watch)
    if name.partition("@")[0] in store.refs.names("model"):
        return _model(store, name)
    if name.partition("@")[0] in store.refs.names("transform"):
        return _transform(store, name)
    known = {*endpoints.names(store), *store.refs.names("model"), *store.refs.names("transform")}
    raise NotFound(
        1113,
        f"there is nothing called `{name}` to check",
        cause=did_you_mean(name, known),
        fix="give an endpoint, a model or a transform",
    )


def _endpoint(store: Store, name: str, watch: Watcher) -> Check:
    """The proof of before it took traffic, again, through the same wire; it counts as none."""
    from jupyter_kf.serving.client import connect
    from jupyter_kf.serving.proof import prove, subject_of
    from jupyter_kf.worker.model import load

    with endpoints.explained_silence(store, name, watch), connect(store.root, name) as connection:
        _ = connection.metadata  # it answers at all
    now = routing.current(store.root, name)
    assert now is not None, "looked at before"
    subject = subject_of(name, now.version, load(store.blobs, now.model))
    folder = store.runs.folder(now.run)
    own = _not_traffic(folder)
    what = f"endpoint {versioned(name, now.version)}"
    try:
        report = prove(subject, lambda: connect(store.root, name, headers=own))
    except ParityError as error:
        return _kept(folder, Check(what, False, (error.to_dict(),)))
    return _kept(folder, Check(what, True, facts=_told(report)))


def _not_traffic(folder: RunFolder) -> dict[str, str]:
    """The headers by which an endpoint knows its own proof; none for who may not read its key."""
    try:
        return {"jupyter-kf-proof": folder.proof_key.read_text()}
    except OSError:
        return {}


def _kept(folder: RunFolder, found: Check) -> Check:
    """The check, written down for whoever asks when it was made, where that can be written."""
    with contextlib.suppress(KfError, OSError):
        write_json(folder.checked, {"at_s": time.time(), **plain(found)})
    return found


def _model(store: Store, name: str) -> Check:
    from jupyter_kf.worker.model import load

    choice = choose_model(store, name)
    model = load(store.blobs, choice.entry.digest)
    expected, got = model.golden_outputs(), model.predict(model.golden_inputs())
    findings = compare_columns(expected, got, ulp=model.manifest["ulp"])
    facts = {"golden rows": model.manifest["golden"]["rows"], "ulp": model.manifest["ulp"]}
    return as_check(f"model {choice.entry.ref}", findings, facts)


def _transform(store: Store, name: str) -> Check:
    from jupyter_kf.worker.certify import verify

    entry = store.refs.resolve("transform", name)
    found = verify(store.blobs, entry.digest)
    facts = {
        "golden rows": found["rows"],
        "row-wise": found["row_wise"],
        "depends on": ", ".join(found["depends_on"]) or "nothing but its row",
        "changed packages": ", ".join(map(str, found["environment"])) or "none",
    }
    return Check(f"transform {entry.ref}", found["ok"], tuple(found["findings"]), facts)


def _told(report: dict[str, Any]) -> dict[str, Any]:
    """A proof's report in a few words."""
    ways = len(report["paths"])
    return {
        "golden rows": report["rows"],
        "ways": f"{ways} ways through the wire",
        "bound": f"{report['ulp']} ulp" if report["ulp"] else "equal to the bit",
        "changed packages": ", ".join(report["changes"]) or "none",
    }
