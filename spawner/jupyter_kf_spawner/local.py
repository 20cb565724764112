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
