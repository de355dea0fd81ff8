# SPDX-License-Identifier: EUPL-1.2
"""eD2k: uploads beside aMule as the server, aMule as the downloader; ten thousand offers; a file of seventy parts.

Everything runs inside the lab's namespace, payload and downloads in memory where there is a /dev/shm. Rate and bytes
are those that crossed the loopback between the first 100 kB and the end; CPU is that of the server's process alone.
aMule serves without a limit and with slots of 50 MB/s; 45 s are enough to see what it gives.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.amule import Amule
from police2peer.lab.clients import Wanted, is_whole
from police2peer.lab.ed2k_server import Ed2kLabServer
from police2peer.lab.namespace import NODE_HOST, client_host, inside, is_usable
from police2peer.networks import Offer, OfferId
from police2peer.networks.ed2k import Ed2k, Ed2kServer, Ed2kSettings
from police2peer.warningfiles import FileHashes, WarningFileId, hash_file

TITLE = "eD2k: uploads beside aMule, ten thousand offers, seventy parts"

_SIZE = 32 << 20
_OFFERS = 10_000
_SERVER_HOST, _SERVER_PORT = "203.0.113.31", 4661
_LIMIT_S = 45.0
_FIRST_BYTES = 100_000
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
_NAME = "sample-clip-01.avi"
_SEVENTY = "seventy parts, blank"

Row = dict[str, Any]


def run() -> str:
    """Measure, and give tables in markdown."""
    if not is_usable():
        return "Not measured: this machine allows no network namespaces.\n"
    done = subprocess.run(
        inside([sys.executable, "-m", "benchmarks.ed2k", "--inside"]), stdout=subprocess.PIPE, check=True
    )
    *uploads, offers, seventy = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [
        f"One file of {_SIZE >> 20} MiB that does not deflate, to one aMule; at most {_LIMIT_S:.0f} s.",
        "aMule as the server had no limit and slots of 50 MB/s, and stayed far below; mind that in the ratio.",
        "",
        "| server | whole | MB carried | s | kB/s | CPU s per GiB served |",
        "|---|---|---|---|---|---|",
    ]
    lines += ["| {server} | {whole} | {mb} | {seconds} | {kb_s} | {cpu_s_gib} |".format(**row) for row in uploads]
    lines += [
        "",
        f"{_OFFERS:,} offers, each a file of its own, on one node and one server.",
        "",
        "| MiB before | MiB with offers | s to publish | s until the server lists all |",
        "|---|---|---|---|",
        "| {before} | {after} | {publish_s} | {listed_s} |".format(**offers),
        "",
        "A blank of seventy parts, found by search and fetched by aMule: whole {whole}, {mb} MB told as sent, "
        "{sending_s} s of sending.".format(
            whole=seventy["whole"], mb=seventy["sent"] // 1_000_000, sending_s=seventy["sending_s"]
        ),
    ]
    return "\n".join(lines) + "\n"


async def _measure_all() -> None:
    """Inside the namespace: print one JSON object a row."""
    with _folder() as folder:
        payload = folder / "share" / _NAME
        payload.parent.mkdir()
        payload.write_bytes(random.Random(5).randbytes(_SIZE))  # noqa: S311 - the same bytes each time
        for number, (name, serve) in enumerate((("police2peer", _ours), ("aMule", _amule))):
            place = folder / name
            place.mkdir()
            server = Ed2kLabServer(host=_SERVER_HOST, port=_SERVER_PORT)
            await server.start()
            async with serve(place, payload) as pid:
                row = await _fetch(place, payload, pid, server, number)
            await server.stop()
            _print({"server": name, **row})
    _print(await _offers())
    with _folder() as folder:
        module = "tests.networks.ed2k.rehearse_amule"
        command = [sys.executable, "-m", module, str(folder), _SEVENTY]
        done = await asyncio.to_thread(subprocess.run, command, stdout=subprocess.PIPE, check=True)
        _print(json.loads(done.stdout))


def _print(row: Row) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


async def _fetch(place: Path, payload: Path, pid: int, server: Ed2kLabServer, number: int) -> Row:
    """Let an aMule fetch the file; give what crossed the loopback meanwhile and what it cost the server."""
    await _until(lambda: server.index.lists(_NAME), 90.0)
    amule = Amule(place / "downloader", client_host(3 + number), number=1)
    up = amule.up()
    await asyncio.to_thread(up.__enter__)
    try:
        await asyncio.to_thread(amule.connect, f"{_SERVER_HOST}:{_SERVER_PORT}")
        await asyncio.to_thread(amule.search, _NAME.removesuffix(".avi"))
        await asyncio.sleep(1.0)
        numbers = await asyncio.to_thread(amule.results)
        await asyncio.to_thread(amule.download, numbers[_NAME])
        before = _crossed()
        await _until(lambda: _crossed() > before + _FIRST_BYTES, 60.0)
        began, crossed, cpu_s = time.monotonic(), _crossed(), _cpu_s(pid)
        got = amule.got / _NAME
        with contextlib.suppress(TimeoutError):
            await _until(got.exists, _LIMIT_S)
        seconds, crossed, cpu_s = time.monotonic() - began, _crossed() - crossed, _cpu_s(pid) - cpu_s
        sha256 = (await asyncio.to_thread(hash_file, payload)).sha256
        await asyncio.sleep(1.0)
        whole = await asyncio.to_thread(is_whole, got, Wanted("", _NAME, _SIZE, sha256))
    finally:
        await asyncio.to_thread(up.__exit__, None, None, None)
    return {
        "whole": "yes" if whole else "no",
        "mb": round(crossed / 1e6, 1),
        "seconds": round(seconds, 1),
        "kb_s": round(crossed / 1000 / seconds),
        "cpu_s_gib": round(cpu_s / crossed * (1 << 30), 1),
    }


@contextlib.asynccontextmanager
async def _ours(place: Path, payload: Path) -> AsyncIterator[int]:
    del place
    command = [sys.executable, "-m", "benchmarks.ed2k", "--seed", str(payload)]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def _amule(place: Path, payload: Path) -> AsyncIterator[int]:
    amule = Amule(place / "server", NODE_HOST)
    up = amule.up()
    await asyncio.to_thread(up.__enter__)
    try:
        await asyncio.to_thread(amule.share, payload.parent)
        await asyncio.to_thread(amule.connect, f"{_SERVER_HOST}:{_SERVER_PORT}")
        yield amule.pid
    finally:
        await asyncio.to_thread(up.__exit__, None, None, None)


async def _seed(payload: Path) -> None:
    """Be our engine as a program: publish one file, read every event, until ended."""
    node = _node()
    await node.start()
    await node.publish(_offer(1, payload, hash_file(payload)))
    async for _ in node.events():
        pass


def _node() -> Ed2k:
    server = Ed2kServer(_SERVER_HOST, _SERVER_PORT)
    return Ed2k(Ed2kSettings(listen_hosts=(NODE_HOST,), servers=(server,), closed_network=True))


async def _offers() -> Row:
    """Publish ten thousand files: what they take of memory, and how long until all are listed."""
    with _folder() as folder:
        path = folder / _NAME
        path.write_bytes(bytes(1000))
        hashes = hash_file(path)
        offers = [
            _offer(n, path, dataclasses.replace(hashes, ed2k=f"{n:032x}", ed2k_parts=n.to_bytes(16)))
            for n in range(1, _OFFERS + 1)
        ]
        server = Ed2kLabServer(host=_SERVER_HOST, port=_SERVER_PORT)
        node = _node()
        await node.start()
        before, began = _rss_mib(), time.monotonic()
        await node.publish_many(offers)
        published_s, after = time.monotonic() - began, _rss_mib()
        began = time.monotonic()
        await server.start()
        await _until(lambda: server.index.files == _OFFERS, 60.0)
        listed_s = time.monotonic() - began
        await node.stop()
        await server.stop()
    return {
        "before": round(before),
        "after": round(after),
        "publish_s": round(published_s, 2),
        "listed_s": round(listed_s, 2),
    }


def _offer(number: int, path: Path, hashes: FileHashes) -> Offer:
    return Offer(
        id=OfferId(f"ed2k-{number:06d}"),
        network="ed2k",
        title_id=TitleId(f"T-{number:04d}"),
        title=Title.parse(f"sample-clip-{number:02d}"),
        extension="avi",
        path=path,
        hashes=hashes,
        arm=Arm.HELP,
        language=Language("en"),
        warning_file_id=WarningFileId("F-0001"),
    )


async def _until(true: Callable[[], bool], limit_s: float) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110 - a counter of the system's has no event
            await asyncio.sleep(0.02)


def _crossed() -> int:
    """Give the bytes that crossed this namespace's loopback so far."""
    line = next(one for one in Path("/proc/net/dev").read_text().splitlines() if one.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[0])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MIB


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


if __name__ == "__main__":
    if "--inside" in sys.argv:
        asyncio.run(_measure_all())
    elif "--seed" in sys.argv:
        asyncio.run(_seed(Path(sys.argv[2])))
    else:
        print(run())
