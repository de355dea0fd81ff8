# SPDX-License-Identifier: EUPL-1.2
"""The table of docs/networks.md: network x client x check, as the rehearsals saw it.

`python -m tests.networks.conformance.table` (`make conformance`) runs them all and writes it; every client must be
installed. A test holds the table on the disk against what it saw itself.
"""

import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.networks.conformance.rehearsing import CLIENT_CHECKS, EVERY_PEER, NETWORK_CHECKS, Seen
from tests.networks.conformance.seeing import Rehearsals

from police2peer.lab.rigs import make_rig, rig_names
from police2peer.storage import write_whole

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "networks.md"
_PLACE: Final = re.compile(r"(<!-- conformance begins -->\n).*?(<!-- conformance ends -->)", re.DOTALL)
_CELLS: Final = {True: "yes", False: "**no**", None: "n/a"}


def draw(seen: Iterable[Seen]) -> str:
    """Draw both tables: what each client was asked, and what every peer together was."""
    ok = {(one.network, one.client, one.check): one.ok for one in seen}
    rows = [
        (rig.network, stranger.name, rig.found_by)
        for rig in map(make_rig, rig_names())
        for stranger in rig.strangers()
    ]
    clients = [
        [network, client, found_by, *(_CELLS[ok.get((network, client, check))] for check in CLIENT_CHECKS)]
        for network, client, found_by in rows
    ]
    networks = [
        [network, *(_CELLS[ok.get((network, EVERY_PEER, check))] for check in NETWORK_CHECKS)]
        for network in rig_names()
    ]
    head = ["Network", "Client", "Found by", *CLIENT_CHECKS]
    return _lines(head, clients) + "\n" + _lines(["Network", *NETWORK_CHECKS], networks)


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def on_disk() -> str:
    """Give the tables as they stand in the document."""
    found = _PLACE.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    return found.group(0).partition("\n")[2].rpartition("<!--")[0]


def main() -> None:
    """Rehearse everything and write the document."""
    with tempfile.TemporaryDirectory() as folder:
        rehearsals = Rehearsals(Path(folder))
        try:
            seen = [one for network in rig_names() for one in rehearsals.of(network)]
        finally:
            rehearsals.end()
    text = DOCUMENT.read_text(encoding="utf-8")
    drawn = draw(seen)
    write_whole(DOCUMENT, _PLACE.sub(lambda place: place[1] + drawn + place[2], text).encode())
    sys.stdout.write(drawn)
    for one in seen:
        if not one.ok:
            sys.stdout.write(f"{one.network}, {one.client}: {one.check} FAILED {one.note}\n")


if __name__ == "__main__":
    main()
