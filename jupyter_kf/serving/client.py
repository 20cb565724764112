"""Ask an endpoint: rows in, predictions out, errors as they are. Standard library HTTP.

Over the endpoint's Unix socket, or over loopback TCP with its token. Frames and tables travel as
Arrow, dictionaries and lists as JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import KfError, NotFound, RequestError, ServeError, did_you_mean
from jupyter_kf.serving import refusals, routing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True)
class Answer:
    """What an endpoint said of n rows.

    Attributes:
        outputs: name -> array of n rows: ``prediction`` and, of a classifier, ``probability``.
        classes: labels of the columns of ``probability``.
        version: of the endpoint that answered.
    """

    outputs: Mapping[str, np.ndarray[Any, Any]]
    classes: Sequence[Any] | None
    model: str
    version: int

    def frame(self) -> pd.DataFrame:
        """One row per row: `prediction` and `probability_<class>`."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for name, array in self.outputs.items():
            if array.ndim == 1:
                columns[name] = array
                continue
            flat = array.reshape(len(array), -1)
            labels = self.classes if name == "probability" and self.classes else None
            for i in range(flat.shape[1]):
                columns[f"{name}_{labels[i] if labels else i}"] = flat[:, i]
        return pd.DataFrame(columns)


class Connection:
    """A connection to one endpoint; for one thread.

    Args:
        name: the endpoint's.
        address: path of its socket, or ``http://127.0.0.1:port``.
        token: for an http address.
        timeout_s: longest any answer may take.
        headers: sent with every request.

    Attributes:
        timeout_s: as given.
    """

    def __init__(
        self,
        name: str,
        address: str | os.PathLike[str],
        *,
        token: str | None = None,
        timeout_s: float = 60.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.address, self.timeout_s = name, os.fspath(address), timeout_s
        self._headers = dict(headers or {})
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        self._open: http.client.HTTPConnection | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def predict(self, rows: Any) -> Answer:
        """Predictions of rows.

        Args:
            rows: pandas or polars frame or Arrow table, whose further columns are left out; a
                dict (one row, or columns as lists); a list of dicts or of lists.

        Raises:
            KfError: the endpoint's own error; kf-2204 when nobody answers.
        """
        path = f"/v2/models/{self.name}/rows"
        if isinstance(rows, Mapping | list | tuple):
            from jupyter_kf.serving import wire

            body = wire.dump({"rows": rows})
            return self._answer(
                *self.request("POST", path, body, {"content-type": "application/json"})
            )
        from jupyter_kf.serving.rows import stream_bytes

        table = self._wanted(_as_table(rows))
        return self._answer(
            *self.request("POST", path, stream_bytes(table), {"content-type": ARROW})
        )

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The model's metadata, asked once: inputs, outputs, parameters."""
        found: dict[str, Any] = json.loads(self.request("GET", f"/v2/models/{self.name}")[1])
        return found

    def ready(self) -> bool:
        """Whether it answers and is proven."""
        try:
            return bool(json.loads(self.request("GET", "/v2/health/ready")[1])["ready"])
        except ServeError:
            return False

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        """Headers (in lower case) and body of a response with a 2xx code.

        Raises:
            KfError: the endpoint's own error; kf-2204 when nobody answers.
        """
        code, said, content = self.exchange(method, path, body, headers)
        if code < 300:
            return said, content
        raise self.refusal(code, content)

    def refusal(self, code: int, content: bytes) -> KfError:
        """The error in a response whose code is none of 2xx."""
        return _error(self.name, code, content)

    def exchange(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Code, headers and body of any response; asks again once on a connection gone stale.

        Raises:
            ServeError: kf-2204.
        """
        sent = {**self._headers, **(headers or {})}
        for fresh in (self._open is None, True):
            if self._open is None:
                self._open = self._connection()
            try:
                self._open.request(method, path, body or None, sent)
                response = self._open.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if fresh or isinstance(error, TimeoutError):
                    raise self.silent(error) from error
                continue
            return response.status, {k.lower(): v for k, v in response.getheaders()}, content
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Ends the connection; the next request opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _connection(self) -> http.client.HTTPConnection:
        if "://" not in self.address:
            return _UnixConnection(self.address, self.timeout_s)
        parts = urllib.parse.urlsplit(self.address)
        return http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port, timeout=self.timeout_s
        )

    def opened(self) -> socket.socket:
        """A further socket to the same endpoint, which the caller closes.

        Raises:
            ServeError: kf-2204.
        """
        connection = self._connection()
        try:
            connection.connect()
        except OSError as error:
            raise self.silent(error) from error
        found: socket.socket = connection.sock
        return found

    def head(self, method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
        """A request's head, for a body of so many bytes that follows it on an opened socket."""
        sent = {"host": "localhost", **self._headers, **headers, "content-length": str(length)}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        return "\r\n".join([*lines, "\r\n"]).encode("latin-1")

    def silent(self, error: Exception) -> ServeError:
        """The error for an endpoint that does not answer."""
        return ServeError(
            2204,
            f"endpoint `{self.name}` does not answer",
            cause=f"{type(error).__name__}: {error} ({self.address})",
            fix=f"`%kf runs` shows its state; start it again with `%kf serve {self.name}`",
        )

    def _wanted(self, table: pa.Table) -> pa.Table:
        """The columns that the model reads; a frame may have more, such as the target."""
        needed = [tensor["name"] for tensor in self.metadata["inputs"]]
        if not set(needed) <= set(table.column_names):
            raise refusals.missing_columns(needed, table.column_names)
        return table.select(needed)

    def _answer(self, headers: Mapping[str, str], content: bytes) -> Answer:
        from jupyter_kf.serving import encode

        outputs = encode.read_outputs(headers, content)
        return Answer(outputs, *encode.read_identity(headers, content))


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise


def connect(
    store: str | os.PathLike[str],
    name: str,
    *,
    timeout_s: float = 60.0,
    headers: Mapping[str, str] | None = None,
) -> Connection:
    """A connection to the version of an endpoint that has the traffic.

    Args:
        headers: sent with every request.

    Raises:
        NotFound: kf-1121, no version of it was ever proven.
    """
    now = routing.current(store, name)
    if now is None:
        parent = Path(store) / "endpoints"
        known = [p.name for p in parent.iterdir()] if parent.is_dir() else []
        raise NotFound(
            1121,
            f"endpoint `{name}` takes no traffic",
            cause=f"none of its versions is ready; {did_you_mean(name, known)}",
            fix=f"start it with `%kf serve {name}`, or wait until it is READY",
        )
    stable = routing.stable_socket(store, name)
    # a process with another runtime folder finds the version's own socket in the store
    where = stable if stable.exists() else now.socket
    return Connection(name, where, timeout_s=timeout_s, headers=headers)


def _error(name: str, code: int, content: bytes) -> KfError:
    try:
        fields = json.loads(content)
        return KfError.from_dict(fields) if "code" in fields else _odd(name, code, content)
    except (ValueError, TypeError):
        return _odd(name, code, content)


def _odd(name: str, code: int, content: bytes) -> ServeError:
    return ServeError(
        2206,
        f"endpoint `{name}` answered {code}",
        cause=content[:200].decode("utf-8", "replace") or "without a reason",
        fix=f"look at its log: `%kf logs {name}`",
    )


def _as_table(rows: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return rows.replace_schema_metadata(None)
    if isinstance(rows, pa.RecordBatch):
        return pa.Table.from_batches([rows]).replace_schema_metadata(None)
    if hasattr(rows, "to_arrow"):  # polars
        table: pa.Table = rows.to_arrow()
        return table
    if hasattr(rows, "iloc"):
        if rows.ndim == 1:  # one row
            rows = rows.to_frame().T.infer_objects()
        try:
            return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            told = [str(part).split("\n")[0] for part in error.args] or [str(error)]
            raise RequestError(
                2340,
                "the frame has a column of mixed values",
                cause="; ".join(told)[:300],
                fix="give each column one type, as in training",
            ) from error
    raise RequestError(
        2341,
        f"{type(rows).__name__} can't be predicted",
        cause="rows are a frame, a dict, or a list of dicts",
        fix="pass a DataFrame",
    )
