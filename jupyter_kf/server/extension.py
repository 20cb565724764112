"""What jupyter_server loads: our routes, the schema of our events, and the watcher.

Loading is cheap and can't fail by the store: the client connects when a route first needs it.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float

from jupyter_kf.errors import KfError
from jupyter_kf.server import events, openapi
from jupyter_kf.server.hub import Hub
from jupyter_kf.server.routes import handlers
from jupyter_kf.server.watch import Watch

_ACTIVITY_S = 2.0


class KfExtension(ExtensionApp):
    """The extension; `jupyter server extension list` shows it as jupyter_kf."""

    name = "jupyter_kf"
    load_other_extensions = True
    hub: Hub
    watch: Watch
    endpoint_patience_s = Float(
        35.0, help="Longest that an endpoint may take to begin its answer, in seconds."
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """What handlers find in the application's settings."""
        self.hub = Hub()
        assert self.serverapp is not None
        bus = self.serverapp.event_logger
        events.register(bus)
        self.hub.patience_s = self.endpoint_patience_s
        readers = events.Readers(bus)
        self.hub.send = events.sender(bus, self.hub, readers)
        self.watch = Watch(self.hub, self.hub.send, readers)
        self.settings["jupyter_kf_hub"] = self.hub
        self.settings["jupyter_kf_document"] = openapi.written  # a route can't import the table

    def initialize_handlers(self) -> None:
        """All routes."""
        self.handlers.extend(handlers())

    def current_activity(self) -> bool:
        """Whether a terminal is open, or a run is going that will end by itself: they keep it.

        jupyter_server asks once a minute, when no kernel lives and it is set to stop when idle
        (a spawned server is). An endpoint ends only when somebody stops it, so it doesn't count.
        The terminals' own extension (0.5.4) has the same question to answer, and never says yes:
        what it looks at first is set nowhere.
        """
        assert self.serverapp is not None
        terminals = self.serverapp.web_app.settings.get("terminal_manager")
        if terminals is not None and terminals.terminals:
            return True
        try:
            # In a thread, and not for long: on a home that hangs, a listing never comes back.
            runs = self.hub.within(_ACTIVITY_S, lambda: self.hub.client.runs())
        except TimeoutError:
            return True  # nobody knows what runs there: the server waits
        except (KfError, OSError):  # a store that can't be read has no run to wait for
            return False
        return any(run.kind != "serve" and not run.state.ended for run in runs)

    async def _start_jupyter_server_extension(self, _serverapp: Any) -> None:
        self.watch.start()

    async def stop_extension(self) -> None:
        """Ends the streams, the watcher and the threads."""
        await self.watch.stop()
        self.hub.close()
