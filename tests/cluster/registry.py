"""A registry that says no, run as a program on the node's own loopback address.

There containerd asks without TLS. Every image is unknown, but for those under `private/`, which
want a password. Standard library only.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 5001
UNKNOWN = f"localhost:{PORT}/team/gone:1"
PRIVATE = f"localhost:{PORT}/private/notes:1"
UP = "the registry is up"


class Refusals(BaseHTTPRequestHandler):
    """Answers of the distribution specification to what is not there or not allowed."""

    def do_GET(self) -> None:
        if self.path.rstrip("/") == "/v2":
            self._say(200, b"{}")
        elif self.path.startswith("/v2/private/"):
            self._say(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"log in"}]}')
        else:
            self._say(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')

    do_HEAD = do_GET

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="the test bed"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Refusals)
    print(UP, flush=True)
    server.serve_forever()
