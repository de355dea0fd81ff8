# SPDX-License-Identifier: EUPL-1.2
"""Run inside the namespace by `test_ncdc`: ncdc browses our list and fetches from it; what was seen, as JSON."""

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.namespace import client_host
from police2peer.lab.ncdc import Ncdc, NcdcWay
from police2peer.lab.rigs.directconnect import NICK, TLS_HUB, DirectConnectRig, hub_url
from police2peer.networks import Limits, Offer, OfferId, WireEvent
from police2peer.warningfiles import hash_file

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId

_THIRD_TAB, _OPEN_MARKED = "\x1b3", "l"


def _offer(path: Path) -> Offer:
    return Offer(
        id=OfferId("directconnect-1"),
        network="directconnect",
        title_id=TitleId("T-0001"),
        title=Title.parse("sample-clip-01"),
        extension="mp4",
        path=path,
        hashes=hash_file(path),
        arm=Arm.HELP,
        language=Language("en"),
        warning_file_id=cast("WarningFileId", "F-0001"),
    )


def _browse(folder: Path, name: str) -> tuple[bool, bytes]:
    """Open the list, look into its folder, fetch the file; give whether the name was shown, and the bytes."""
    ncdc = Ncdc(folder / "ncdc", client_host(0), NcdcWay(active_port=5111, tls_policy="prefer"))
    try:
        assert ncdc.open_hub(hub_url(TLS_HUB)), ncdc.text()
        ncdc.until(lambda: False, 1.0)
        ncdc.type(f"/browse {NICK}")
        assert ncdc.until(lambda: f"/{NICK} ]" in ncdc.text(), 20), ncdc.text()[-500:]
        ncdc.press(_THIRD_TAB)
        ncdc.until(lambda: "files" in ncdc.text(), 5)
        ncdc.press(_OPEN_MARKED)
        shown = ncdc.until(lambda: name in ncdc.text(), 5)
        ncdc.press("d")
        got = ncdc.got(name)
        ncdc.until(got.exists, 20)
        return shown, got.read_bytes() if got.exists() else b""
    finally:
        ncdc.close()


async def _main(folder: Path) -> None:
    path = folder / "clip.mp4"
    path.write_bytes(random.Random(7).randbytes(1_500_000))
    offer, rig = _offer(path), DirectConnectRig()
    await rig.open(folder / "place", [offer])
    events: list[WireEvent] = []
    try:
        engine = rig.engine(Limits())
        await engine.start()

        async def read() -> None:
            events.extend([event async for event in engine.events()])

        reading = asyncio.create_task(read())
        await engine.publish(offer)
        await rig.settled(engine, [offer])
        shown, got = await asyncio.to_thread(_browse, folder, offer.file_name())
        lists = (await engine.health()).counters["lists.sent"]
        await engine.stop()
        await reading
    finally:
        await rig.close()
    kinds = [type(event).__name__ for event in events]
    seen = {"shown": shown, "equal": got == path.read_bytes(), "lists": lists, "kinds": kinds}
    sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
