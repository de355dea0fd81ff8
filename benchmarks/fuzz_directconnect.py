# SPDX-License-Identifier: EUPL-1.2
"""Messages for the codec and the sessions of Direct Connect: true ones, spoilt in some way, seeded.

One message goes the whole way: cut from a stream, parsed, given to a session that is where such a message belongs,
and what the session says is read back. Only `BadInput` may come out.
"""

import contextlib
import random
from collections.abc import Callable
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.directconnect.hub_session import Credentials, HubSession, Say
from police2peer.networks.directconnect.message import Cid, LineBuffer, parse
from police2peer.networks.directconnect.peer_session import PeerFault, PeerSession, SayToPeer

_CID: Final = Cid("A" * 39)
_TTH: Final = "LBUNJ2VTGHJ5BISUKZ33DVUYNSBDJCH2AN4NVKA"
_LOGIN: Final = (b"ISUP ADBASE ADTIGR", b"ISID NODE", b"BINF NODE ID" + _CID.encode())
_PEER: Final = (b"CSUP ADBASE ADTIGR", b"CINF ID" + _CID.encode() + b" TOtok")
_FROM_HUBS: Final = tuple(
    line.encode()
    for line in (
        "ISUP ADBASE ADTIGR ADPING",
        "ISID AAAB",
        r"IINF CT32 NIlab DEa\splace VEuhub/0.4.1",
        f"BINF PEER ID{_TTH} NIsomebody APncdc VE1.23.1 SS1 SF2 I4127.0.0.1 U41209 SUTCP4,UDP4,ADC0 SL3",
        "BINF PEER NI U4 I4",
        "IGPA JJWEPPPLCA3PF2ZCRRYO3333",
        "BSCH PEER ANsample ANclip TOauto",
        f"FSCH PEER +TCP4-NAT0 TR{_TTH} TO1",
        "BSCH PEER ANsample NOother EXmp4 EXavi GE1 LE99999999 TY1 TO77",
        "DCTM PEER NODE ADCS/0.10 5112 123456",
        "DRCM PEER NODE ADC/1.0 123456",
        r"BMSG PEER hello\sall",
        r"DMSG PEER NODE \\o/ PMPEER",
        "ISTA 243 not\\senough FMSS",
        "ISTA 232 TL60 later",
        "IQUI PEER",
        "IQUI NODE TL-1 MSbye DI1",
        "ICMD a TTHMSG CT3",
        "DRES PEER NODE FN/x SI1 TO1",
        "",
    )
)
_FROM_PEERS: Final = tuple(
    line.encode()
    for line in (
        "CSUP ADBASE ADTIGR ADZLIG ADBZIP",
        f"CINF ID{_TTH} TO123",
        f"CGET file TTH/{_TTH} 0 -1",
        f"CGET file TTH/{_TTH} 1048576 65536 ZL1",
        f"CGET tthl TTH/{_TTH} 0 -1",
        "CGET file files.xml.bz2 0 -1",
        "CGET list /files/ 0 -1 RE1",
        f"CGFI file TTH/{_TTH}",
        r"CSTA 151 File\snot\savailable",
        f"CSND file TTH/{_TTH} 0 10",
        "CQUI AAAA",
        r"CMSG a\nb",
    )
)
_PIECES: Final = (
    b" ",
    b"\\",
    b"\\s",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b"-1",
    b"9" * 30,
    b"A" * 300,
    b"ID",
    b"+",
    "é".encode(),
)
_ANEW_EVERY: Final = 1000


def run(seed: int, count: int) -> tuple[int, int]:
    """Feed `count` messages; give how many were good and how many bad. Any other exception comes out."""
    random_source = random.Random(seed)  # noqa: S311 - repeatable on purpose
    bad = 0
    receive: Callable[[bytes], None] = _hub()
    lines = _FROM_HUBS
    for number in range(count):
        if number % _ANEW_EVERY == 0:
            of_hubs = random_source.random() < 0.5
            lines, receive = (_FROM_HUBS, _hub()) if of_hubs else (_FROM_PEERS, _peer())
        try:
            receive(spoil(random_source, random_source.choice(lines)) + b"\n")
        except BadInput:
            bad += 1
    return count - bad, bad


def spoil(random_source: random.Random, line: bytes) -> bytes:
    """Spoil a line in one of several ways, or leave it as it is."""
    draw = random_source.random()
    at = int(random_source.random() * (len(line) + 1))
    if draw < 0.3:
        return line
    if draw < 0.5:
        return line[:at] + bytes((int(random_source.random() * 256),)) + line[at + 1 :]
    if draw < 0.7:
        return line[:at] + random_source.choice(_PIECES) + line[at:]
    if draw < 0.85:
        return line[:at] + random_source.choice(_FROM_HUBS)[at:]
    return line[:at] if draw < 0.95 else random_source.randbytes(at)


def _hub() -> Callable[[bytes], None]:
    """Give a session on a hub, logged in or not, that takes bytes."""
    session, buffer = HubSession(Credentials("unit", bytes(24), b"secret"), _CID, {"SS": 1}), LineBuffer()
    for line in _LOGIN:
        list(session.receive(parse(line)))

    def receive(data: bytes) -> None:
        for line in buffer.feed(data):
            for outcome in session.receive(parse(line)):
                if isinstance(outcome, Say):
                    parse(outcome.line.rstrip(b"\n"))

    return receive


def _peer() -> Callable[[bytes], None]:
    session, buffer = PeerSession(_CID, is_server=True), LineBuffer()
    for line in _PEER:
        list(session.receive(parse(line)))

    def receive(data: bytes) -> None:
        for line in buffer.feed(data):
            for outcome in session.receive(parse(line)):
                if isinstance(outcome, SayToPeer | PeerFault):
                    parse(outcome.line.rstrip(b"\n"))

    return receive


def one(data: bytes) -> None:
    """Take any bytes as a hub's stream and as a peer's; for a fuzzer that chooses them itself."""
    for receive in (_hub(), _peer()):
        for piece in data.splitlines(keepends=True):
            with contextlib.suppress(BadInput):
                receive(piece)
