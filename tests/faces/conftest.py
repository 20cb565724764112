"""A notebook's shell with our magics, for all faces."""

from __future__ import annotations

import atexit

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_kf.magics import load
from tests.faces.server.scene import points


@pytest.fixture
def shell():
    """IPython with `%kf`, and a frame called `points`."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    load(shell)
    shell.push({"points": points()})
    yield shell
    shell.history_manager.enabled = False
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()
