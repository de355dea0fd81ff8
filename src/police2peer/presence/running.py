# SPDX-License-Identifier: EUPL-1.2
"""Runs a node in this process until somebody asks it to stop."""

import asyncio
import signal
from collections.abc import Callable

from police2peer.presence.node import Node


def run_until_signalled(node: Node, *, ready: Callable[[], None] = lambda: None) -> None:
    """Run `node` until Ctrl-C or SIGTERM, or until its order ends; then every offer is withdrawn.

    `ready` is called once everything is offered. Raises what `Node.run` raises.
    """

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, node.stop)
        await node.run(ready=ready)

    asyncio.run(run())
