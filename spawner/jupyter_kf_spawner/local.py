"""KfLocalSpawner: the catalogue's form on one machine, for development and demonstrations.

The same form, decision and handoff as on Kubernetes; the server is a process of this machine, in
this environment, so image, volumes and GPU are decided but not given. May import jupyterhub.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets import default

from jupyter_kf_spawner.choosing import Choosing
from jupyter_kf_spawner.handoff import VARIABLE, handoff


def idle_arguments(idle_s: int) -> list[str]:
    """What ends a server without use: `images/base/jupyter_server_config.py` as arguments.

    No image has put that file beside a local server. A test holds the two together.
    """
    return [
        f"--MappingKernelManager.cull_idle_timeout={idle_s}",
        f"--MappingKernelManager.cull_interval={max(5, min(60, idle_s // 4))}",
        "--MappingKernelManager.cull_connected=True",
        "--MappingKernelManager.cull_busy=False",
        f"--TerminalManager.cull_inactive_timeout={idle_s}",
        f"--ServerApp.shutdown_no_activity_timeout={idle_s}",
    ]


class KfLocalSpawner(Choosing, SimpleLocalProcessSpawner):
    """Notebook servers as processes of the hub's own user: for one developer, not for a team."""

    @default("options_form")
    def _page(self) -> Any:
        return KfLocalSpawner.options_page

    def notices(self) -> list[str]:
        """What this spawner can't give."""
        return [
            "This hub runs on one machine without Kubernetes: what you choose is checked as there,"
            " and the server is a process here, with this machine's packages."
        ]

    def get_env(self) -> dict[str, str]:
        """The hub's variables, the catalogue's, and the handoff."""
        environment: dict[str, str] = super().get_env()
        catalogue = self.catalogue()
        if catalogue is not None and self.resolved is not None:
            environment.update(catalogue.environment)
            environment[VARIABLE] = handoff(catalogue, self.resolved, namespace="")
        return environment

    def get_args(self) -> list[str]:
        """The hub's arguments, and when the server stops by itself, as the form says it."""
        arguments: list[str] = super().get_args()
        idle_s = self.resolved.size.idle if self.resolved else None
        return arguments + (idle_arguments(idle_s) if idle_s else [])

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Notes of the decision, and one sentence."""
        for note in self.resolved.notes if self.resolved else ():
            yield {"progress": 10, "message": note}
        yield {"progress": 50, "message": "The server's program is starting on this machine."}

    def get_state(self) -> dict[str, Any]:
        """The process, and what the server holds."""
        return self.keep(super().get_state())

    def load_state(self, state: dict[str, Any]) -> None:
        """What `get_state` gave."""
        super().load_state(state)
        self.remember(state)

    async def stop(self, now: bool = False) -> None:
        """Ends the process; the server holds nothing any more."""
        await super().stop(now)
        self.holds = None
