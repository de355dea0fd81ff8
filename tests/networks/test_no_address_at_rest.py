# SPDX-License-Identifier: EUPL-1.2
"""After 10,000 real contacts from 10,000 addresses, no byte at rest and no word in a log tells any of them.

The addresses have octets of 150 and more, which neither ASCII text nor SQLite's small numbers contain, so that four
raw bytes in a row are no chance. The scanner is tried on planted addresses first.
"""

import asyncio
import base64
import ipaddress
import logging
import os
import pickle
import sqlite3
import struct
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer.contacts import Contacts, RegistryCountries, Rung, TallyStore
from police2peer.networks import Address, Offer

if TYPE_CHECKING:
    from tests.networks.conftest import Node, Workshop

_COUNT = 100_000 if os.environ.get("P2P_SOAK") == "1" else 10_000
_HOSTS = tuple(
    f"127.{201 + number // 2500}.{150 + number // 50 % 50}.{200 + number % 50}" for number in range(_COUNT)
)

_ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "dotted": lambda host: host.encode(),
    "dotted UTF-16": lambda host: host.encode("utf-16-le"),
    "reversed for DNS": lambda host: ".".join(reversed(host.split("."))).encode(),
    "spaced": lambda host: host.replace(".", ", ").encode(),
    "raw": lambda host: ipaddress.ip_address(host).packed,
    "raw, low byte first": lambda host: ipaddress.ip_address(host).packed[::-1],
    "hex": lambda host: ipaddress.ip_address(host).packed.hex().encode(),
    "HEX": lambda host: ipaddress.ip_address(host).packed.hex().upper().encode(),
    "hex, low byte first": lambda host: ipaddress.ip_address(host).packed[::-1].hex().encode(),
    "hex with colons": lambda host: ipaddress.ip_address(host).packed.hex(":").encode(),
    "one number": lambda host: str(int(ipaddress.ip_address(host))).encode(),
    "one number, low byte first": lambda host: str(
        struct.unpack("<I", ipaddress.ip_address(host).packed)[0]
    ).encode(),
    "base64 of the text": lambda host: base64.b64encode(host.encode()).rstrip(b"=")[:-1],
    "base64 of the bytes": lambda host: base64.b64encode(ipaddress.ip_address(host).packed)[:5],
    "IPv6 mapped": lambda host: "{:x}:{:x}".format(*struct.unpack("!HH", ipaddress.ip_address(host).packed)).encode(),
}


def _patterns(hosts: Iterable[str]) -> dict[int, dict[bytes, str]]:
    """Every encoding of every address, by length."""
    found: dict[int, dict[bytes, str]] = defaultdict(dict)
    for host in hosts:
        for name, encode in _ENCODINGS.items():
            pattern = encode(host)
            found[len(pattern)][pattern] = name
    return found


def _encodings_in(content: bytes, patterns: dict[int, dict[bytes, str]]) -> set[str]:
    """Name the encodings in which an address stands anywhere in `content`."""
    told = set()
    for length, table in patterns.items():
        windows = {content[at : at + length] for at in range(len(content) - length + 1)}
        told |= {table[window] for window in windows & table.keys()}
    return told


@pytest.mark.parametrize("encoding", _ENCODINGS)
def test_the_scanner_finds_an_address_in_every_encoding(encoding: str) -> None:
    planted = b"some text before " + _ENCODINGS[encoding](_HOSTS[4711]) + b" and after"
    assert encoding in _encodings_in(planted, _patterns(_HOSTS[4700:4720]))


def test_an_address_shows_itself_to_nobody_who_does_not_ask() -> None:
    address = Address("127.201.150.200", 51_413)
    for text in (str(address), repr(address), f"{address}", f"{[address]}", f"{address!a}"):
        assert "127" not in text
        assert "51413" not in text
    with pytest.raises(TypeError, match="never stored"):
        pickle.dumps(address)
    try:
        raise ValueError(address)  # noqa: TRY301 - to see its traceback
    except ValueError:
        assert "127.201" not in traceback.format_exc()
    assert address == Address("127.201.150.200", 51_413)
    assert address.reveal() == ("127.201.150.200", 51_413)


@pytest.mark.soak
async def test_no_byte_at_rest_tells_any_of_10_000_addresses(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip(16_384))
    data = workshop.folder / "data"
    data.mkdir()
    handler = logging.FileHandler(data / "log.txt")
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        while_open = await _ten_thousand_contacts(workshop, offer, data)
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)
        handler.close()
    patterns = _patterns(_HOSTS)
    told = {name: _encodings_in(content, patterns) for name, content in {**while_open, **_files(data)}.items()}
    assert any("-wal" in name for name in told)
    assert told == {name: set() for name in told}


async def _ten_thousand_contacts(workshop: "Workshop", offer: Offer, data: Path) -> dict[str, bytes]:
    """Count them all, writing often; give the files as they lie while the store is open, its log among them."""
    with TallyStore(data / "tallies.sqlite") as store:
        contacts = Contacts(
            store,
            offers={offer.id: offer}.get,
            countries=RegistryCountries(),
            random_bytes=os.urandom,
            settle_s=0.0,
        )
        async with workshop.node() as up:
            await up.network.publish(offer)
            await _contact_all(workshop, up, offer, contacts)
        for event in up.events:
            contacts.feed(event)
        contacts.close()
        assert store.contacts() == len(_HOSTS)
        assert store.reached()[""][Rung.ALL] == len(_HOSTS)
        assert {key.country for key in store.tallies()} == {"ZZ"}
        return {f"{name} while open": content for name, content in _files(data).items()}


async def _contact_all(workshop: "Workshop", up: "Node", offer: Offer, contacts: Contacts) -> None:
    slots = asyncio.Semaphore(100)

    async def one(host: str) -> None:
        async with slots:
            peer = await workshop.peer(up, offer, host)
            peer.say(2)
            peer.ask(0, 0, 16_384)
            assert await asyncio.wait_for(peer.hear_pieces(1), 60) == 16_384
            peer.close()

    for first in range(0, len(_HOSTS), 1000):
        await asyncio.gather(*(one(host) for host in _HOSTS[first : first + 1000]))
        events, up.events[:] = list(up.events), []
        for event in events:
            contacts.feed(event)
        contacts.flush(datetime.now(UTC))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_errors_of_the_store_hold_no_address(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip(16_384))
    with TallyStore(workshop.folder / "t.sqlite") as store:
        contacts = Contacts(
            store, offers={offer.id: offer}.get, countries=RegistryCountries(), random_bytes=os.urandom
        )
        async with workshop.node() as up:
            await up.network.publish(offer)
            peer = await workshop.peer(up, offer, _HOSTS[0])
            peer.ask(0, 0, 16_384)
            await asyncio.wait_for(peer.hear_pieces(1), 10)
            peer.close()
        for event in up.events:
            contacts.feed(event)
        store.close()
        with pytest.raises(sqlite3.ProgrammingError) as broken:
            contacts.close()
    text = "".join(traceback.format_exception(broken.value))
    assert not _encodings_in(text.encode(), _patterns(_HOSTS[:1]))
