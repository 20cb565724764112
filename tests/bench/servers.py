"""What ours is compared with: a bare uvicorn + orjson server, and KServe's own ModelServer.

    servers.py bare FOLDER SOCKET        on a Unix socket
    servers.py kserve FOLDER PORT        on a loopback port, in the peers' environment

Both call `scene.Direct` once per request. Neither checks anything.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def bare(folder: Path, path: str) -> None:
    """The least that can answer: read, parse, call, answer."""
    import orjson
    import uvicorn

    from tests.bench.scene import Direct

    direct = Direct(folder)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        found = direct.predict(orjson.loads(body)["rows"])
        answer = {"prediction": found.argmax(axis=1), "probability": found}
        content = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        length = (b"content-length", str(len(content)).encode())
        headers = [(b"content-type", b"application/json"), length]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    uvicorn.run(app, uds=path, http="httptools", loop="uvloop", log_level="warning")


def kserve(folder: Path, port: str) -> None:
    """KServe's Python server as its documentation shows it, V1 protocol."""
    sys.argv = [sys.argv[0], "--http_port", port, "--enable_grpc", "false"]
    from kserve import Model, ModelServer

    from tests.bench.scene import Direct

    class Served(Model):
        def __init__(self) -> None:
            super().__init__("scene")
            self.direct = Direct(folder)
            self.ready = True

        def predict(self, payload: Any, headers: Any = None, **_: Any) -> Any:
            return {"predictions": self.direct.predict(payload["instances"]).tolist()}

    ModelServer().start([Served()])


if __name__ == "__main__":
    {"bare": bare, "kserve": kserve}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
