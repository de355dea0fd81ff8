# SPDX-License-Identifier: EUPL-1.2
"""Whether our own door opens: a connection to a port of ours, closed again without a word."""

import asyncio
import contextlib
import ipaddress
from typing import Final

_LIMIT_S: Final = 2.0


async def opens(host: str, port: int, *, limit_s: float = _LIMIT_S) -> bool:
    """Connect to our own listener as a stranger would, say nothing, and leave.

    It shows that the program accepts; whether a firewall or a router stands before it, only the outside can tell.
    """
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1" if ipaddress.ip_address(host).version == 4 else "::1"  # noqa: PLR2004 - IPv4
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return True
    return False
