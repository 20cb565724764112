"""The loopback port of an endpoint, behind its token: open while its version has the traffic.

A port that was asked for by number belongs to the endpoint and not to one version of it: the
version before stays warm, so both share the number (SO_REUSEPORT) for the moment in which one
opens it and the other lets go. With port 0 each version has a number of its own.
"""

from __future__ import annotations

import socket
import time

from jupyter_kf.serving import routing
from jupyter_kf.serving.app import App, Guard
from jupyter_kf.serving.listen import Listener, bind_loopback
from jupyter_kf.serving.settings import Settings

_OVERLAP_S = 3.0  # several looks of the version that takes over


class Port:
    """The TCP listener of one version; does nothing when no port was asked for.

    Attributes:
        url: where it listens or will listen; None when no port was asked for.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._bound: socket.socket | None = None  # held, not listening
        self._listener: Listener | None = None
        self.url: str | None = None

    def check(self) -> None:
        """Takes a free port, or finds that the one asked for can be had, before anything costs.

        Raises:
            ServeError: kf-2201, another program has it.
        """
        if self._settings.port is None:
            return
        self._bound = bind_loopback(self._settings.port)
        self.url = f"http://127.0.0.1:{self._bound.getsockname()[1]}"

    async def open(self) -> None:
        """Listens; harmless when it does."""
        if self.url is None or self._listener is not None:
            return
        guard = Guard(self._app, routing.token(self._settings.store, self._settings.name))
        bound = self._bound or bind_loopback(int(self.url.rpartition(":")[2]))
        self._bound = None
        self._listener = Listener(guard, bound, self._settings.timeout_s)
        await self._listener.start()

    async def follow(self, now: routing.Current | None) -> None:
        """Opens a fixed port with the traffic; closes it once the next version had time to."""
        if now is None or now.version == self._settings.version:
            await self.open()
        elif self._settings.port and time.time() - now.promoted_s > _OVERLAP_S:
            await self.close()

    async def close(self) -> None:
        """Lets go, once what is being answered is answered."""
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.stop()
        if self._bound is not None:
            self._bound.close()
