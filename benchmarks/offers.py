# SPDX-License-Identifier: EUPL-1.2
"""Many offers on one file: memory, time to add and idle CPU, beside qbittorrent-nox and transmission-daemon.

Ours announce to one tracker (the lab's own, in another process); the others have no tracker, which flatters them.
Transmission reads every byte of every torrent before it offers it, so its wait is capped and what it reached is told.
Everything runs inside the lab's namespace. `python -m benchmarks.offers [COUNT ...]` runs it.
"""

import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.namespace import NODE_HOST, inside, is_usable
from police2peer.lab.tracker import Tracker
from police2peer.networks import Offer, OfferId
from police2peer.networks.bittorrent import BitTorrent, BitTorrentSettings, infohash, torrent_for
from police2peer.warningfiles import WarningFileId, hash_file

TITLE = "Offers: memory, time to add and idle CPU"

_COUNTS = (1_000, 10_000, 100_000)
_OTHERS_UP_TO = 10_000
_SIZE = 4 << 20
_PORT, _CONTROL_PORT = 6881, 8080
_IDLE_S = 10.0
_CAP_S = 90.0
_SETTLE_S = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)

Row = dict[str, Any]


def run(counts: tuple[int, ...] = _COUNTS) -> str:
    """Measure, and give a table in markdown."""
    if not is_usable():
        return "Not measured: this machine allows no network namespaces.\n"
    rows = []
    for count in counts:
        command = inside([sys.executable, "-m", "benchmarks.offers", "--inside", str(count)])
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        rows += [json.loads(line) for line in done.stdout.splitlines()]
    lines = [
        (
            f"One file of {_SIZE >> 20} MiB under many titles; idle CPU over {_IDLE_S:.0f} s, % of one core; "
            f"waits of the others are cut at {_CAP_S:.0f} s."
        ),
        "",
        "| engine | offers | up | s to add | MiB | KiB per offer | idle CPU % |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += ["| {engine} | {offers} | {up} | {add_s} | {mib} | {kib} | {idle} |".format(**row) for row in rows]
    return "\n".join(lines) + "\n"


def _offers(path: Path, count: int) -> Iterator[Offer]:
    hashes = hash_file(path)
    for number in range(1, count + 1):
        yield Offer(
            id=OfferId(f"bittorrent-{number:06d}"),
            network="bittorrent",
            title_id=TitleId(f"T-{number:06d}"),
            title=Title.parse(f"sample-clip-{number:06d}"),
            extension="mp4",
            path=path,
            hashes=hashes,
            arm=Arm.HELP,
            language=Language("en"),
            warning_file_id=WarningFileId("F-0001"),
        )


def _measure_all(count: int) -> None:
    """Inside the namespace: print one JSON object a row."""
    with _folder() as folder:
        path = folder / "clip.mp4"
        path.write_bytes(random.Random(5).randbytes(_SIZE))  # noqa: S311 - the same bytes each time
        engines: list[tuple[str, str, Callable[[Path, Path, int], Row]]] = [
            ("police2peer, one tracker", "", _ours),
            ("qbittorrent-nox", "qbittorrent-nox", _qbittorrent),
            ("transmission-daemon", "transmission-daemon", _transmission),
        ]
        for name, program, measure in engines:
            if program and (shutil.which(program) is None or count > _OTHERS_UP_TO):
                continue
            row = measure(folder, path, count)
            row["kib"] = round(row["mib"] * 1024 / count, 1)
            print(json.dumps({"engine": name, "offers": count, **row}), flush=True)


def _ours(folder: Path, path: Path, count: int) -> Row:
    (folder / "hashes.txt").write_text("\n".join(infohash(offer).hex() for offer in _offers(path, count)))
    own = [sys.executable, "-m", "benchmarks.offers"]
    with _child([*own, "--tracker", str(folder / "hashes.txt")]) as tracker:
        url = _line(tracker)
        with _child([*own, "--node", str(path), str(count), url]) as node:
            add_s = float(_line(node))
            row = {"up": count, "add_s": round(add_s, 1), **_at_rest(node.pid)}
            row["idle"] = f"{row['idle']} ({_line(node)} announced)"
            return row


async def _node(path: Path, count: int, tracker: str) -> None:
    """Be a node with many offers: print the seconds to add them, then how many are announced."""
    settings = BitTorrentSettings(
        listen_hosts=(NODE_HOST,), listen_port=_PORT, trackers=(tracker,), closed_network=True
    )
    node = BitTorrent(settings)
    await node.start()
    reading = asyncio.create_task(_drain(node))
    began = time.monotonic()
    await node.publish_many(_offers(path, count))
    print(time.monotonic() - began, flush=True)
    await asyncio.sleep(_SETTLE_S + _IDLE_S + 1)
    print((await node.health()).trackers[0].answered, flush=True)
    await reading


async def _drain(node: BitTorrent) -> None:
    async for _ in node.events():
        pass


async def _tracker(hashes: list[bytes]) -> None:
    tracker = Tracker(hashes, host=NODE_HOST, interval_s=1800)
    await tracker.start()
    print(tracker.udp_url, flush=True)
    await asyncio.Event().wait()


def _at_rest(pid: int) -> Row:
    """Let a process settle; give its memory and its CPU while nothing is asked of it."""
    time.sleep(_SETTLE_S)
    before = _cpu_s(pid)
    time.sleep(_IDLE_S)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return {"mib": round(pages * _PAGE_MIB), "idle": round(100 * (_cpu_s(pid) - before) / _IDLE_S, 1)}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _hard_links(folder: Path, path: Path, count: int) -> Path:
    """Other engines want a file of that name for each title; it costs no room."""
    place = folder / "links"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for offer in _offers(path, count):
        os.link(path, place / offer.file_name())
    return place


def _transmission(folder: Path, path: Path, count: int) -> Row:
    home, place = _fresh(folder / "home"), _hard_links(folder, path, count)
    settings = {
        "bind-address-ipv4": NODE_HOST,
        "dht-enabled": False,
        "download-dir": str(place),
        "lpd-enabled": False,
        "peer-port": _PORT,
        "rpc-bind-address": "127.0.0.1",
        "rpc-port": _CONTROL_PORT,
        "rpc-whitelist": "127.0.0.1",
    }
    (home / "settings.json").write_text(json.dumps(settings))
    torrents = _write_torrents(folder, path, count)
    with _child(["transmission-daemon", "--foreground", "--config-dir", str(home), "--log-error"]) as daemon:
        began, up = time.monotonic(), 0
        waiting = list(torrents.iterdir())
        session = b""
        while up < count and time.monotonic() - began < _CAP_S:
            call: Row = {"method": "torrent-get", "arguments": {"fields": ["status"]}}
            if waiting:
                call = {"method": "torrent-add", "arguments": {"filename": str(waiting.pop())}}
            head, body = _post(
                "/transmission/rpc", json.dumps(call).encode(), b"X-Transmission-Session-Id: " + session
            )
            if refused := re.search(rb"X-Transmission-Session-Id: (\w+)", head):
                session = refused[1]
            elif not waiting and body:
                up = sum(one["status"] == 6 for one in json.loads(body)["arguments"].get("torrents", ()))  # seeding
                time.sleep(1)
        return {"up": up, "add_s": round(time.monotonic() - began, 1), **_at_rest(daemon.pid)}


def _qbittorrent(folder: Path, path: Path, count: int) -> Row:
    home, place = _fresh(folder / "home"), _hard_links(folder, path, count)
    config = home / "qBittorrent" / "config"
    config.mkdir(parents=True)
    lines = [
        "[LegalNotice]",
        "Accepted=true",
        "[BitTorrent]",
        "Session\\DHTEnabled=false",
        "Session\\LSDEnabled=false",
    ]
    lines += [f"Session\\Port={_PORT}", "Session\\QueueingSystemEnabled=false", "[Preferences]"]
    lines += ["WebUI\\LocalHostAuth=false", "WebUI\\Address=127.0.0.1", f"WebUI\\Port={_CONTROL_PORT}"]
    (config / "qBittorrent.conf").write_text("\n".join(lines) + "\n")
    torrents = sorted(_write_torrents(folder, path, count).iterdir())
    with _child(["qbittorrent-nox", f"--profile={home}"]) as program:
        _wait_for_port()
        began = time.monotonic()
        for first in range(0, count, 100):
            _post("/api/v2/torrents/add", *_form(torrents[first : first + 100], place))
        up = 0
        while up < count and time.monotonic() - began < _CAP_S:
            time.sleep(0.5)
            _, body = _post("/api/v2/torrents/info", b"", b"Content-Type: application/x-www-form-urlencoded")
            up = body.count(b'"stalledUP"') + body.count(b'"uploading"')
        return {"up": up, "add_s": round(time.monotonic() - began, 1), **_at_rest(program.pid)}


def _form(torrents: list[Path], place: Path) -> tuple[bytes, bytes]:
    """Write the form with which qBittorrent takes torrents, not to be checked; give it with its header."""
    edge = b"----torrents"
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (edge, name, value)
        for name, value in ((b"savepath", str(place).encode()), (b"skip_checking", b"true"))
    ]
    parts += [
        b'--%b\r\nContent-Disposition: form-data; name="torrents"; filename="%b"\r\n'
        b"Content-Type: application/x-bittorrent\r\n\r\n%b\r\n" % (edge, path.name.encode(), path.read_bytes())
        for path in torrents
    ]
    return b"".join(parts) + b"--%b--\r\n" % edge, b"Content-Type: multipart/form-data; boundary=" + edge


def _post(target: str, body: bytes, header: bytes) -> tuple[bytes, bytes]:
    """Make one call of a program's control on loopback; give head and body of the answer."""
    request = b"POST %b HTTP/1.0\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%b\r\nContent-Length: %d\r\n\r\n" % (
        target.encode(), _CONTROL_PORT, header, len(body),
    )  # fmt: skip
    _wait_for_port()
    with socket.create_connection(("127.0.0.1", _CONTROL_PORT), _CAP_S) as door:
        door.sendall(request + body)
        answer = door.makefile("rb")
        head = b"".join(iter(answer.readline, b"\r\n"))
        length = re.search(rb"content-length: (\d+)", head.lower())
        return head, answer.read(int(length[1])) if length else answer.read()


def _wait_for_port() -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", _CONTROL_PORT), 1):
            return
        time.sleep(0.1)


def _write_torrents(folder: Path, path: Path, count: int) -> Path:
    place = _fresh(folder / "torrents")
    for offer in _offers(path, count):
        (place / f"{offer.id}.torrent").write_bytes(torrent_for(offer, ()))
    return place


def _fresh(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@contextlib.contextmanager
def _child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--inside", number]:
            _measure_all(int(number))
        case ["--node", file, number, url]:
            asyncio.run(_node(Path(file), int(number), url))
        case ["--tracker", file]:
            asyncio.run(_tracker([bytes.fromhex(line) for line in Path(file).read_text().split()]))
        case numbers:
            print(run(tuple(map(int, numbers)) or _COUNTS))
