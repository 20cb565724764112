"""Does a transform compute the same in a process that knows nothing of this one?

Starts that process, reads what it found, and when something differs, finds out on what it
depends by changing one thing at a time. Standard library only.
"""

from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jupyter_kf
from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import TransformError
from jupyter_kf.layout import scratch
from jupyter_kf.names import short
from jupyter_kf.worker import environment

_BOOT = (
    "import sys, json; r = json.load(open(sys.argv[1])); "
    "sys.path += [p for p in r['paths'] if p not in sys.path]; "
    "from pathlib import Path; from jupyter_kf.worker.replay import main; main(Path(sys.argv[1]))"
)
_KEPT = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TMPDIR", "JUPYTER_KF_RUNTIME_DIR",
         "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # fmt: skip
_ELSEWHERE = {"PYTHONHASHSEED": "20130310", "TZ": "XKF-05:45", "LC_ALL": "C", "LANG": "C"}
_ROW_WISE = ("shuffled", "row by row", "whole dataset")


def verify(blobs: Blobs, digest: str) -> dict[str, Any]:
    """Replays a transform's golden rows in a fresh, different process.

    Returns:
        The certificate: ``ok``, ``row_wise``, ``depends_on`` (what its values depend on besides
        a row), ``findings`` (replay, column, row, expected, got), ``environment`` (packages
        that changed), ``touched`` (files and addresses), ``rows``, ``seconds``, ``python``.
    """
    began = time.monotonic()
    digest = digest.removeprefix("sha256:")
    manifest = blobs.get_json(digest)
    source = _sources(blobs, manifest)
    answer = _replay(blobs, digest, _elsewhere(source), full=True)
    findings = answer["findings"]
    if not findings and _orders_by_hash(source):
        for seed in ("1", "2", "3", "5"):
            once = {**_elsewhere(source), "PYTHONHASHSEED": seed}
            findings += _replay(blobs, digest, once)["findings"]
    depends = _depends_on(blobs, digest, findings, source)
    depends += [touched for touched in answer["touched"] if touched not in depends]
    batch_only = [f for f in findings if f["replay"] in _ROW_WISE]
    row_wise = not batch_only
    changed = answer["environment"]
    ok = not changed and not depends and (row_wise or not manifest["row_wise"])
    if "error" in answer:
        ok, depends = False, [*depends, f"{answer['error']['message']}: {answer['error']['cause']}"]
    return {
        "type": "certificate",
        "format": 1,
        "transform": digest,
        "ok": ok,
        "row_wise": row_wise,
        "depends_on": depends,
        "findings": findings[:50],
        "environment": changed,
        "touched": answer["touched"],
        "rows": manifest["golden"]["rows"],
        "ulp": manifest["ulp"],
        "python": environment.python_version(),
        "seconds": round(time.monotonic() - began, 3),
    }


def refuse(certificate: Mapping[str, Any], *, batch_only: bool) -> None:
    """Lets a good certificate pass.

    Raises:
        TransformError: kf-1340 the environment changed, kf-1341 it depends on something besides
            its rows, kf-1342 a row's values depend on the rest of its batch.
    """
    environment.refuse_changes(list(certificate["environment"]))
    said = [_sentence(finding) for finding in certificate["findings"]]
    name = short(certificate["transform"])
    if certificate["depends_on"]:
        depends = "; ".join(certificate["depends_on"][:4])
        raise TransformError(
            1341,
            f"the transform computes other values in another process: it depends on {depends}",
            cause="; ".join(said[:3])
            or "its golden rows came out equal, but nothing keeps that so",
            fix="compute it in `fit` and return it as state, or pass it as a column; "
            f"the replay was of {certificate['rows']} golden rows of {name}",
        )
    if not certificate["row_wise"] and not batch_only:
        near = [f["ulp_distance"] for f in certificate["findings"]]
        close = all(distance is not None and distance <= 64 for distance in near)
        if close and near:
            ulp = math.ceil(max(near))
            how = f"they are at most {ulp} ulp apart, a library's rounding: say --ulp {ulp}"
        else:
            how = "learn the value in `fit` and use it from the state"
        raise TransformError(
            1342,
            "a row's values depend on the other rows of its batch, so one row alone in production "
            "would get others",
            cause="; ".join(said[:3]),
            fix=f"{how}; or say --batch-only, and it will never be served online",
        )


def elsewhere_findings(expected: Any, got: Any, ulp: int) -> list[dict[str, Any]]:
    """Golden rows against the same rows of the whole dataset's batch."""
    from jupyter_kf.worker.compare import compare_columns
    from jupyter_kf.worker.tables import comparable

    found = compare_columns(comparable(expected), comparable(got), ulp=ulp)
    return [{"replay": "whole dataset", **finding.to_dict()} for finding in found]


def _depends_on(
    blobs: Blobs, digest: str, findings: list[dict[str, Any]], source: str
) -> list[str]:
    """What besides its rows changes the values, in words."""
    ways = {finding["replay"] for finding in findings}
    found = []
    plainly = _plainly_clock(source)
    if "twice" in ways and not plainly:
        found.append("randomness, the clock, or what earlier calls left behind")
    elif "batch" in ways:
        found += _one_change_at_a_time(blobs, digest, source)
    if "twice" not in ways:
        found += [f"the {way}" for way in ("clock", "locale") if way in ways]
    return found + [why for why in plainly if why not in found]


def _one_change_at_a_time(blobs: Blobs, digest: str, source: str) -> list[str]:
    """Replays as in this process, then with one thing changed, until the values change."""
    same = {**os.environ, "PYTHONHASHSEED": "0"}
    elsewhere = _elsewhere(source)
    base = _replay(blobs, digest, same)
    if any("FileNotFoundError" in str(finding["got"]) for finding in base["findings"]):
        return ["a file beside the notebook"]
    trimmed = {**elsewhere, **_of(same, "TZ", "LC_ALL", "LANG"), "PYTHONHASHSEED": "0"}
    changes: list[tuple[str, str, dict[str, str]]] = [
        ("the order of a set, or hash()", "set hash {", {**same, "PYTHONHASHSEED": "20130310"}),
        ("the environment's variables", "environ getenv", trimmed),
        ("the time zone", "time stamp tz", {**same, "TZ": elsewhere["TZ"]}),
        ("the locale", "locale encoding", {**same, "LC_ALL": "C", "LANG": "C"}),
        ("randomness or the clock", "random sample now", same),
    ]
    changes.sort(key=lambda change: not any(hint in source for hint in change[1].split()))
    for why, _, env in changes:
        if _said(_replay(blobs, digest, env)) != _said(base):
            return [why]
    return ["what earlier calls or the notebook's process left behind"]


def _said(answer: dict[str, Any]) -> Any:
    return answer["outputs"], [(f["column"], f["row"], str(f["got"])) for f in answer["findings"]]


def _of(env: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: env[name] for name in names if name in env}


def _elsewhere(source: str) -> dict[str, str]:
    """A trimmed environment that differs from this one in all that must not matter."""
    read = dict.fromkeys(_variables(source), "kf-certificate")
    return {**_of(os.environ, *_KEPT), **read, **_ELSEWHERE}


def _replay(
    blobs: Blobs, digest: str, env: Mapping[str, str], *, full: bool = False
) -> dict[str, Any]:
    """One fresh process in an empty folder; returns its answer."""
    root = Path(jupyter_kf.__file__).parent.parent
    packages = [p for p in sys.path if "site-packages" in p or "dist-packages" in p]
    with tempfile.TemporaryDirectory(prefix="kf-certificate-", dir=scratch()) as temp:
        request, answer, outputs = (Path(temp) / name for name in ("request", "answer", "outputs"))
        empty = Path(temp) / "empty"
        empty.mkdir()
        asked = {
            "store": str(Path(blobs.root).absolute()),
            "digest": digest,
            "full": full,
            "answer": str(answer),
            "outputs": None if full else str(outputs),
            "paths": [*packages, str(root)],
        }
        request.write_text(json.dumps(asked))
        command = [sys.executable, "-s", "-P", "-c", _BOOT, str(request)]
        env = {**env, "HOME": str(empty), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own code
            command, cwd=empty, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if not answer.exists():
            raise TransformError(
                1343,
                f"the process that certifies the transform ended with code {done.returncode}",
                cause=done.stderr.decode(errors="replace").strip()[-800:] or "it said nothing",
                fix="the transform may crash its process or end it; run it on few rows by hand",
            )
        found: dict[str, Any] = json.loads(answer.read_text())
        found["outputs"] = outputs.read_bytes() if outputs.exists() else None
        return found


def _sources(blobs: Blobs, manifest: Mapping[str, Any]) -> str:
    texts = [
        blobs.get(entry["digest"]).decode(errors="replace")
        for name, entry in sorted(manifest["files"].items())
        if name.endswith(".py")
    ]
    return "\n\n".join(texts)


def _nodes(source: str) -> Iterable[ast.AST]:
    try:
        return list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return []


def _orders_by_hash(source: str) -> bool:
    """Whether sets or hashes appear: their order shows under some seeds only."""
    for node in _nodes(source):
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Name) and node.id in ("set", "frozenset", "hash", "id"):
            return True
    return False


def _variables(source: str) -> set[str]:
    """Names of environment variables that the source reads by a literal name."""
    found = set()
    for node in _nodes(source):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            spelled = ast.unparse(node.func)
            if spelled.endswith(("getenv", "environ.get")):
                found.add(str(node.args[0].value))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            found |= {str(n.value) for n in ast.walk(node.slice) if isinstance(n, ast.Constant)}
    return {name for name in found if name and "=" not in name and "\0" not in name}


def _plainly_clock(source: str) -> list[str]:
    """Clock readings that no replay can move: "now" and "today" as text for numpy and pandas."""
    for node in _nodes(source):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            spelled = ast.unparse(node.func).rpartition(".")[2]
            if spelled in ("datetime64", "to_datetime", "Timestamp") and node.args[0].value in (
                "now",
                "today",
            ):
                return ["the clock"]
    return []


def _sentence(finding: Mapping[str, Any]) -> str:
    row = "" if finding["row"] is None else f"golden row {finding['row']}"
    column = f"column `{finding['column']}`" if finding["column"] else ""
    place = ", ".join(part for part in (column, row) if part)
    how = _HOW.get(finding["replay"], finding["replay"])
    first = f"{finding['expected']} among the golden rows"
    return f"{place or 'all rows'}: {first}, {finding['got']} {how}"


_HOW = {
    "twice": "when called again with the same rows",
    "clock": "with another date and time",
    "locale": "in another locale",
    "batch": "in a fresh process elsewhere",
    "shuffled": "with the rows in another order",
    "row by row": "when the row came alone",
    "whole dataset": "among all rows of the dataset",
}
"""What each replay changed, as the end of a sentence."""
