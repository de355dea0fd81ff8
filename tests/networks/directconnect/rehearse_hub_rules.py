# SPDX-License-Identifier: EUPL-1.2
"""Run inside the namespace by `test_uhub`: a real hub with rules, and how our engine fares, a JSON line each."""

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.namespace import NODE_HOST
from police2peer.lab.uhub import HubRules, run_hub
from police2peer.networks import Health, Offer, OfferId
from police2peer.networks.directconnect import DirectConnect, DirectConnectSettings, HubAddress, HubSettings
from police2peer.warningfiles import hash_file

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId

_PORT = 1511


def _offer(folder: Path, number: int, size: int) -> Offer:
    path = folder / f"{number}.mp4"
    path.write_bytes(random.Random(number).randbytes(1000))
    with path.open("r+b") as handle:
        handle.truncate(size)  # padding with zeros: nothing on the disk, and truly there for who asks
    return Offer(
        id=OfferId(f"directconnect-{number}"),
        network="directconnect",
        title_id=TitleId(f"T-{number:04d}"),
        title=Title.parse(f"sample-clip-{number:02d}"),
        extension="mp4",
        path=path,
        hashes=hash_file(path),
        arm=Arm.HELP,
        language=Language("en"),
        warning_file_id=cast("WarningFileId", "F-0001"),
    )


async def _meet(
    folder: Path, case: str, rules: HubRules, offer: Offer, *, keyprint: str = "", secret: str = ""
) -> None:
    path = folder / "password"
    path.write_text(secret)
    scheme = "adcs" if rules.tls else "adc"
    address = HubAddress.parse(f"{scheme}://{NODE_HOST}:{_PORT}/{keyprint}")
    hub = HubSettings(address, "unit", path if secret else None)
    network = DirectConnect(DirectConnectSettings(folder / "state", (hub,), NODE_HOST, 4111, 4112))
    with run_hub(folder / case.replace(", ", "-").replace(" ", "-"), NODE_HOST, _PORT, rules):
        await network.start()
        await network.publish(offer)
        health = await _settled(network)
        await network.stop()
    sys.stdout.write(
        json.dumps({"case": case, "ok": health.ok, "detail": health.detail, "alarms": health.alarms}) + "\n"
    )


async def _settled(network: DirectConnect) -> Health:
    for _ in range(100):
        health = await network.health()
        if health.ok or "tried" in health.detail.replace("not tried yet", "") or health.alarms:
            return health
        await asyncio.sleep(0.1)
    return health


async def _main(folder: Path) -> None:
    small, large = _offer(folder, 1, 500_000), _offer(folder, 2, 2 << 20)
    members = HubRules(registered_only=True, users=[("unit", "correct horse")])
    await _meet(folder, "open", HubRules(), small)
    await _meet(folder, "too small", HubRules(least_share_mib=1), small)
    await _meet(folder, "padded", HubRules(least_share_mib=1), large)
    await _meet(folder, "members, stranger", members, small)
    await _meet(folder, "members, wrong password", members, small, secret="battery staple")  # noqa: S106 - guards nothing
    await _meet(folder, "members, member", members, small, secret="correct horse")  # noqa: S106 - guards nothing
    await _meet(folder, "tls, first", HubRules(tls=True), small)
    await _meet(folder, "tls, another certificate", HubRules(tls=True), small)
    await _meet(folder, "tls, pinned", HubRules(tls=True), small, keyprint=f"?kp=SHA256/{'A' * 52}")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
