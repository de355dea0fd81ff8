# SPDX-License-Identifier: EUPL-1.2
"""Runs a node in this process until somebody asks it to stop."""

import asyncio
import logging
import signal
from collections.abc import Callable

from police2peer.presence.node import Node
from police2peer.presence.private_memory import keep_memory_private

_log = logging.getLogger(__name__)


def run_until_signalled(node: Node, *, ready: Callable[[], None] = lambda: None) -> None:
    """Run `node` until Ctrl-C or SIGTERM, or until its order ends; then every offer is withdrawn.

    The memory of the process is kept from cores and swap first. `ready` is called once everything is offered.
    Raises what `Node.run` raises.
    """
    if warning := keep_memory_private().warning:
        _log.warning("%s", warning)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, node.stop)
        await node.run(ready=ready)

    asyncio.run(run())
