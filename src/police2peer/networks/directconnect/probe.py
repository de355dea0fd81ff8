# SPDX-License-Identifier: EUPL-1.2
"""Does the node answer at its own ports? It greets itself as another client would, and asks nobody else anything."""

import asyncio
import contextlib
import ssl
from typing import Final

from police2peer.networks.directconnect.message import Message
from police2peer.networks.directconnect.settings import DirectConnectSettings
from police2peer.networks.directconnect.wire import FEATURES_TO_PEER

_EVERY_S: Final = 30.0
_LIMIT_S: Final = 3.0
_LOOPBACK: Final = "127.0.0.1"


class Probe:
    """Looks at most every half minute, and remembers."""

    def __init__(self, settings: DirectConnectSettings) -> None:
        self._host = _LOOPBACK if settings.listen_host in ("", "0.0.0.0") else settings.listen_host  # noqa: S104
        self._ports = [(settings.listen_port, None), (settings.tls_port, _any_certificate())]
        self._next_s = 0.0
        self._well = True
        self._looking = asyncio.Lock()

    async def is_well(self) -> bool:
        """Whether every open port greeted back when it was last looked at."""
        loop = asyncio.get_running_loop()
        async with self._looking:
            if loop.time() >= self._next_s:
                answers = [await self._greets(port, context) for port, context in self._ports if port]
                self._well = all(answers)
                self._next_s = loop.time() + _EVERY_S
            return self._well

    async def _greets(self, port: int, context: ssl.SSLContext | None) -> bool:
        hello = Message("C", "SUP", parameters=tuple(f"AD{feature}" for feature in FEATURES_TO_PEER)).line()
        with contextlib.suppress(OSError, TimeoutError, EOFError):
            async with asyncio.timeout(_LIMIT_S):
                reader, writer = await asyncio.open_connection(self._host, port, ssl=context)
                try:
                    writer.write(hello)
                    return (await reader.readline()).startswith(b"CSUP ")
                finally:
                    writer.transport.abort()
        return False


def _any_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
