# SPDX-License-Identifier: EUPL-1.2
"""One client of Direct Connect that searches on the hub, asks to be let in, and fetches a whole file (ADC 1.0)."""

import asyncio
import os
from base64 import b32encode

from police2peer.lab.rigs.directconnect import NICK, PLAIN_HUB
from police2peer.networks import Offer
from police2peer.warningfiles import tiger_many


def _base32(raw: bytes) -> str:
    return b32encode(raw).decode().rstrip("=")


async def take(where: tuple[str, int], offer: Offer, bind: str) -> bytes:
    pid = os.urandom(24)
    cid = _base32(tiger_many(b"", pid, len(pid)))
    token = os.urandom(6).hex()
    reader, writer = await asyncio.open_connection(*PLAIN_HUB, local_addr=(bind, 0))
    sid = node = ""
    writer.write(b"HSUP ADBASE ADTIGR\n")
    while True:
        words = (await reader.readline()).decode().split()
        if words[0] == "ISID":
            sid = words[1]
            nick = f"crowd-{token}"
            writer.write(f"BINF {sid} ID{cid} PD{_base32(pid)} NI{nick} SL1 SS0 SF0 I40.0.0.0 SU\n".encode())
        elif words[0] == "BINF" and f"NI{NICK}" in words:
            node = words[1]
        elif words[0] == "BINF" and words[1] == sid:
            writer.write(f"BSCH {sid} AN{offer.title.reveal()} TO{token}\n".encode())
        elif words[0] == "DRES" and words[1] == node:
            assert {f"FN/files/{offer.file_name()}", f"TR{offer.hashes.tth}", f"TO{token}"} <= set(words)
            writer.write(f"DRCM {sid} {node} ADC/1.0 {token}\n".encode())
        elif words[0] == "DCTM":
            assert words[3:] == ["ADC/1.0", str(where[1]), token]
            break
    got = await _fetch(where, offer, bind, f"CINF ID{cid} TO{token}\n".encode())
    writer.close()
    return got


async def _fetch(where: tuple[str, int], offer: Offer, bind: str, who: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*where, local_addr=(bind, 0))
    writer.write(b"CSUP ADBASE ADTIGR\n")
    assert (await reader.readline()).startswith(b"CSUP ")
    writer.write(who)
    assert (await reader.readline()).startswith(b"CINF ")
    writer.write(f"CGET file TTH/{offer.hashes.tth} 0 -1\n".encode())
    assert await reader.readline() == f"CSND file TTH/{offer.hashes.tth} 0 {offer.hashes.size}\n".encode()
    got = await reader.readexactly(offer.hashes.size)
    writer.close()
    return got
