# SPDX-License-Identifier: EUPL-1.2
"""One door for background tasks: each has a name, and a failure is logged and stops the node."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

_log = logging.getLogger(__name__)


def spawn(name: str, work: Coroutine[object, object, None], *, on_failure: Callable[[], None]) -> asyncio.Task[None]:
    """Start `work` as a task; when it fails, log its kind of error (never its text) and call `on_failure`."""
    task = asyncio.get_running_loop().create_task(work, name=name)

    def done(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (error := ended.exception()) is not None:
            _log.error("task %s failed with %s", name, type(error).__name__)
            on_failure()

    task.add_done_callback(done)
    return task
