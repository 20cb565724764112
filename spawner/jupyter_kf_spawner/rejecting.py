"""A start that is not made: its user is told why, the hub counts nothing and logs one line.

`SpawnException` is the hub's own word for a start that was rejected: it does not count towards the
hub's limit of consecutive failures. The hub logs such a start four times, twice with a traceback; a
filter of its loggers leaves one line. May import jupyterhub and tornado.
"""

from __future__ import annotations

import logging
import weakref
from collections import deque
from typing import Any

from jupyterhub.spawner import SpawnException
from tornado.log import app_log, gen_log

# Those whose lines may still come; a start is logged within its request. An exception holds its
# frames, and so a spawner: it is not kept alive here.
_recent: deque[weakref.ref[SpawnException]] = deque(maxlen=256)


def rejected(
    text: str, reason: str, *, whose: str, status: int = 400, log: str = ""
) -> SpawnException:
    """A start that is not made for a reason to be read by its user; the hub does not count it.

    Args:
        text: all that the user reads, on the page, in the progress and over REST.
        reason: a label of a fixed set, for the hub's metrics.
        whose: the server, as the hub's log names it.
        status: HTTP status. log: what the hub's log says instead of `text`; it is then the
            admin's to mend.
    """
    error = SpawnException(text, reason=reason, log_message=log or text, status_code=status)
    # The hub shows this attribute as it is, and the exception's class and label otherwise.
    error.jupyterhub_message = text
    # A user's mistake, the cluster's word, an admin's mistake.
    error.level = logging.INFO if status == 400 else logging.WARNING
    if log:
        error.level = logging.ERROR if status >= 500 or status == 400 else logging.WARNING
    error.whose, error.logged = whose, False
    _recent.append(weakref.ref(error))
    return error


def keep_short(log: Any) -> None:
    """From now on a rejected start is one line of the hub's log, without a traceback."""
    # A user's and the API's lines come by tornado's logs, which end in the hub's own.
    for one in (log, app_log, gen_log):
        if isinstance(one, logging.Logger) and _one_line not in one.filters:
            one.addFilter(_one_line)


class _OneLine(logging.Filter):
    """Lets the first record of each rejection pass, as one line of the rejection's level."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        error = _of(record)
        if error is None:
            return True
        if error.logged:
            return False
        error.logged = True
        record.msg, record.args = "Not starting %s: %s", (error.whose, error.log_message)
        record.exc_info = record.exc_text = None
        record.levelno = error.level
        record.levelname = logging.getLevelName(error.level)
        return True


_one_line = _OneLine()


def _of(record: logging.LogRecord) -> Any:
    """The rejection that a record tells of; of several with one text, one not logged yet."""
    alive: list[Any] = [error for one in _recent if (error := one()) is not None]
    raised = record.exc_info[1] if record.exc_info else None
    if raised is not None:
        return next((error for error in alive if error is raised), None)
    text = record.getMessage()
    told = [error for error in alive if text.endswith((str(error), error.log_message))]
    return min(told, key=lambda error: error.logged, default=None)
