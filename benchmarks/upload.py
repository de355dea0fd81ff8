# SPDX-License-Identifier: EUPL-1.2
"""Upload throughput and CPU of our engine beside transmission-daemon and aria2, with the same leechers.

Everything runs inside the lab's namespace on loopback, payload and downloads in memory where there is a /dev/shm.
Each leecher is the lab's stand-in downloader with an address of its own, dialling the seed. CPU is that of the seed's
process alone; leechers and seed share the machine, so throughput is a floor. `python -m benchmarks.upload` runs it.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libtorrent as lt

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.namespace import NODE_HOST, client_host, inside, is_usable
from police2peer.lab.stranger import downloader_command
from police2peer.networks import Offer, OfferId
from police2peer.networks.bittorrent import BitTorrent, BitTorrentSettings, infohash, torrent_for, upload_only
from police2peer.warningfiles import WarningFileId, hash_file

TITLE = "Upload: throughput and CPU beside other seeds"

_SIZE = 128 << 20
_PORT = 6881
_LIMIT_S = 150
_TICKS = os.sysconf("SC_CLK_TCK")


def run() -> str:
    """Measure, and give a table in markdown."""
    if not is_usable():
        return "Not measured: this machine allows no network namespaces.\n"
    done = subprocess.run(
        inside([sys.executable, "-m", "benchmarks.upload", "--inside"]), stdout=subprocess.PIPE, check=True
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [
        f"One file of {_SIZE >> 20} MiB, N leechers at once over TCP, {os.cpu_count()} cores shared by all.",
        "",
        "| seed | N | finished | MiB/s together | CPU s per GiB served |",
        "|---|---|---|---|---|",
    ]
    lines += [
        "| {seed} | {leechers} | {finished} of {leechers} | {mib_s} | {cpu_s_gib} |".format(**row) for row in rows
    ]
    return "\n".join(lines) + "\n"


def _measure_all() -> None:
    """Inside the namespace: print one JSON object a row."""
    with _folder() as folder:
        payload = folder / "seed" / "sample-clip-01.mp4"
        payload.parent.mkdir()
        payload.write_bytes(random.Random(5).randbytes(_SIZE))  # noqa: S311 - the same bytes each time
        torrent, offer = folder / "clip.torrent", _offer(payload)
        torrent.write_bytes(torrent_for(offer, ()))
        (folder / "allow.txt").write_text(infohash(offer).hex())
        seeds: list[tuple[str, Callable[..., Any], tuple[str, ...]]] = [
            ("police2peer", _ours, ("",)),
            ("police2peer without `incoming_request`", _ours, ("incoming_request",)),
            ("transmission-daemon", _transmission, ()),
            ("aria2c", _aria2, ()),
        ]
        for name, start, more in seeds:
            if start is not _ours and shutil.which(name) is None:
                continue
            for leechers in (1, 8):
                with start(folder, payload, torrent, *more) as seed:
                    row = _serve(folder, torrent, seed, leechers)
                sys.stdout.write(json.dumps({"seed": name, "leechers": leechers, **row}) + "\n")
                sys.stdout.flush()


def _serve(folder: Path, torrent: Path, seed: subprocess.Popen[bytes], leechers: int) -> dict[str, Any]:
    before, began, running = _cpu_s(seed.pid), time.monotonic(), []
    for number in range(leechers):
        into = folder / f"got-{number}"
        arguments = [str(torrent), "--allow", str(folder / "allow.txt"), "--into", str(into)]
        arguments += [
            "--bind",
            client_host(number),
            "--peer",
            f"{NODE_HOST}:{_PORT}",
            "--limit-s",
            str(_LIMIT_S),
            "--tcp-only",
        ]
        running.append(subprocess.Popen(downloader_command(arguments), stdout=subprocess.PIPE))
    ended = [json.loads(process.communicate()[0]) for process in running]
    cpu_s = _cpu_s(seed.pid) - before
    wall_s = max(one["seconds"] for one in ended) if ended else time.monotonic() - began
    received = sum(one["bytes_received"] for one in ended)
    for number in range(leechers):
        shutil.rmtree(folder / f"got-{number}", ignore_errors=True)
    return {
        "finished": sum(one["whole"] for one in ended),
        "mib_s": round(received / wall_s / (1 << 20)),
        "cpu_s_gib": round(cpu_s / max(received, 1) * (1 << 30), 2),
    }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def _offer(payload: Path) -> Offer:
    return Offer(
        id=OfferId("bittorrent-000001"),
        network="bittorrent",
        title_id=TitleId("T-0001"),
        title=Title.parse("sample-clip-01"),
        extension="mp4",
        path=payload,
        hashes=hash_file(payload),
        arm=Arm.HELP,
        language=Language("en"),
        warning_file_id=WarningFileId("F-0001"),
    )


async def _seed(payload: Path, without: str) -> None:
    """Be our engine as a program: publish one file, read every event, until ended."""
    if without:
        upload_only.ALERT_MASK &= ~getattr(lt.alert_category, without)  # type: ignore[misc]
    node = BitTorrent(BitTorrentSettings(listen_hosts=(NODE_HOST,), listen_port=_PORT, closed_network=True))
    await node.start()
    await node.publish(_offer(payload))
    print("ready", flush=True)
    async for _ in node.events():
        pass


@contextlib.contextmanager
def _program(command: list[str], folder: Path, *, ready_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """Run a seed; `ready_s` is how long it may need before it serves."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(home)}
    )
    try:
        time.sleep(ready_s)
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


@contextlib.contextmanager
def _ours(folder: Path, payload: Path, torrent: Path, without: str) -> Iterator[subprocess.Popen[bytes]]:
    del folder, torrent
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.upload", "--seed", str(payload), without], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _transmission(
    folder: Path, payload: Path, torrent: Path
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    config, watched = folder / "transmission", folder / "watched"
    for place in (config, watched):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    shutil.copy(torrent, watched / "a.torrent")
    settings = {
        "bind-address-ipv4": NODE_HOST,
        "dht-enabled": False,
        "download-dir": str(payload.parent),
        "lpd-enabled": False,
        "peer-port": _PORT,
        "rpc-enabled": False,
        "upload-slots-per-torrent": 100,
        "watch-dir": str(watched),
        "watch-dir-enabled": True,
    }
    (config / "settings.json").write_text(json.dumps(settings))
    command = ["transmission-daemon", "--foreground", "--config-dir", str(config)]
    return _program(command, folder, ready_s=8.0)


def _aria2(folder: Path, payload: Path, torrent: Path) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    command = ["aria2c", "--no-conf", f"--dir={payload.parent}", f"--interface={NODE_HOST}", f"--listen-port={_PORT}"]
    command += [
        "--enable-dht=false",
        "--bt-enable-lpd=false",
        "--seed-ratio=0.0",
        "--check-integrity=true",
        "--quiet",
    ]
    return _program([*command, "--bt-max-peers=0", "--bt-seed-unverified=false", str(torrent)], folder, ready_s=6.0)


if __name__ == "__main__":
    if "--inside" in sys.argv:
        _measure_all()
    elif "--seed" in sys.argv:
        asyncio.run(_seed(Path(sys.argv[2]), sys.argv[3]))
    else:
        print(run())
