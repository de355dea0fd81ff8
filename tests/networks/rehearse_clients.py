# SPDX-License-Identifier: EUPL-1.2
"""Run inside the namespace by `test_bittorrent_clients`: rehearse clients, print what was seen as JSON."""

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.clients import all_clients
from police2peer.lab.rehearsal import rehearse
from police2peer.networks import Offer, OfferId
from police2peer.warningfiles import hash_file

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId


def main(folder: Path, programs: list[str]) -> None:
    path = folder / "clip.mp4"
    path.write_bytes(random.Random(7).randbytes(1_500_000))
    hashes = hash_file(path)
    offers = [
        Offer(
            id=OfferId(f"bittorrent-{number}"),
            network="bittorrent",
            title_id=TitleId(f"T-{number:04d}"),
            title=Title.parse(f"sample-clip-{number:02d}"),
            extension="mp4",
            path=path,
            hashes=hashes,
            arm=Arm.HELP,
            language=Language("en"),
            warning_file_id=cast("WarningFileId", "F-0001"),
        )
        for number in range(1, 1 + 2 * len(programs))
    ]
    clients = [client for client in all_clients() if client.program in programs]
    for one in asyncio.run(rehearse(clients, offers, folder)):
        contact = one.contact
        seen = contact and {
            "client": contact.client,
            "rung": int(contact.rung),
            "asked": contact.asked_bytes,
            "sent": contact.sent_bytes,
            "size": hashes.size,
        }
        fetched = one.fetched
        line = {"client": fetched.client, "way": fetched.way, "whole": fetched.whole, "seconds": fetched.seconds}
        sys.stdout.write(json.dumps({**line, "contact": seen}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
