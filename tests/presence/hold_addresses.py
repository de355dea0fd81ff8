# SPDX-License-Identifier: EUPL-1.2
"""Run by `test_private_memory`: counts contacts of many addresses in default mode, then looks into its own memory.

Prints one JSON object: how many of the addresses stand in memory while their visits last, and how many after.
The addresses are of 240.0.0.0/4, which no host has; no socket is opened.
"""

import gc
import json
import os
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from tests.contacts.conftest import Desk, Peer

from police2peer.contacts import Contacts, RegistryCountries

_Number = Callable[[bytes], bytes]


def host_of(number: int) -> str:
    return f"247.{201 + number // 2500}.{150 + number // 50 % 50}.{200 + number % 50}"


def _number_of(octets: bytes) -> int:
    """Give the number of an address, -1 for one that is none of ours."""
    first, second, third, fourth = octets
    if first != 247 or not (second >= 201 and 150 <= third < 200 and 200 <= fourth < 250):
        return -1
    return (second - 201) * 2500 + (third - 150) * 50 + fourth - 200


def _of_text(found: bytes) -> bytes:
    return bytes(min(int(octet), 255) for octet in found.replace(b"\0", b"").split(b"."))


# How an address may stand in memory: where to look, and which four bytes that would be.
_ENCODINGS: dict[str, tuple[re.Pattern[bytes], _Number]] = {
    "dotted": (re.compile(rb"247\.2\d\d\.1\d\d\.2\d\d"), _of_text),
    "dotted UTF-16": (re.compile(rb"2\x004\x007\x00(?:\.\x00(?:\d\x00){3}){3}"), _of_text),
    "raw": (re.compile(rb"\xf7[\xc9-\xf8][\x96-\xc7][\xc8-\xf9]"), bytes),
    "raw, low byte first": (re.compile(rb"[\xc8-\xf9][\x96-\xc7][\xc9-\xf8]\xf7"), lambda found: found[::-1]),
    "hex": (
        re.compile(rb"(?i)f7[c-f][0-9a-f][9a-c][0-9a-f][c-f][0-9a-f]"),
        lambda found: bytes.fromhex(found.decode()),
    ),
    "one number": (re.compile(rb"415[6-9]\d{6}|416\d{7}"), lambda found: struct.pack("!I", int(found))),
}


def found_in_memory(count: int) -> dict[str, int]:
    """Count the addresses that stand anywhere in the memory of this process that can be written, by encoding.

    No address is written out for it, so that the search finds none of its own.
    """
    found: dict[str, set[int]] = {name: set() for name in _ENCODINGS}
    areas = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for line in areas:
            area, rights = line.split()[:2]
            if "rw" not in rights or "[v" in line:
                continue
            first, last = (int(end, 16) for end in area.split("-"))
            try:
                memory.seek(first)
                content = memory.read(last - first)
            except OSError:  # an area that is gone by now
                continue
            for name, (pattern, octets_of) in _ENCODINGS.items():
                numbers = (_number_of(octets_of(match.group())) for match in pattern.finditer(content))
                found[name].update(number for number in numbers if 0 <= number < count)
    return {name: len(there) for name, there in found.items()}


def _count(folder: Path, count: int) -> dict[str, int]:
    """Count contacts; give how many addresses stand in memory while the visits last."""
    desk = Desk(folder)
    contacts = Contacts(
        desk.store, offers=desk.offers.get, countries=RegistryCountries(), random_bytes=os.urandom, settle_s=0.0
    )
    contacts.begin(Peer.when(0))
    for number in range(count):
        one, at = Peer(host_of(number), port=1024 + number % 60_000), number / 100
        for event in (one.connects(at), one.is_named(at=at), one.asks(at=at), one.gets(at=at), one.leaves(at)):
            contacts.feed(event)
        if number % 100 == 0:
            contacts.flush(one.when(at))
    before = found_in_memory(count)
    contacts.close(Peer.when(count))
    assert desk.store.contacts() == count
    desk.store.close()
    return before


def main() -> None:
    """Count in the folder given as many contacts as said."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    before = _count(folder, count)
    gc.collect()
    after = found_in_memory(count)
    swapped = sum(
        int(line.split()[1])
        for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines()
        if line.startswith("Swap:")
    )
    print(json.dumps({"before": before, "after": after, "swapped_kb": swapped}))  # noqa: T201


if __name__ == "__main__":
    main()
