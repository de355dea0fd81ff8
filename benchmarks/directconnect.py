# SPDX-License-Identifier: EUPL-1.2
"""Direct Connect: uploads beside ncdc as the server, ncdc as the downloader; and ten thousand offers on one node.

Everything runs inside the lab's namespace, payload and downloads in memory where there is a /dev/shm. CPU is that of
the server's process alone. The downloader hashes what it gets, which bounds how fast anybody can serve it.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from police2peer.campaign import ApprovedTerm, Arm, Language, Term, TermId, Title, TitleId
from police2peer.lab.namespace import NODE_HOST, client_host, inside, is_usable
from police2peer.lab.ncdc import Ncdc, NcdcWay
from police2peer.lab.uhub import HubRules, run_hub
from police2peer.networks import Limits, Offer, OfferId
from police2peer.networks.directconnect import DirectConnect, DirectConnectSettings, HubAddress, HubSettings
from police2peer.networks.search import Search, SearchIndex
from police2peer.warningfiles import FileHashes, WarningFileId, hash_file

TITLE = "Direct Connect: uploads beside ncdc, and ten thousand offers"

_SIZE = 256 << 20
_RUNS = 3
_PORT = 1511
_OFFERS = 10_000
_SEARCHES_PER_S = 200
_SEARCH_S = 15
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
_LIMIT_S = 90.0
_NAME = "sample-clip-01"

Row = dict[str, Any]


def run() -> str:
    """Measure, and give tables in markdown."""
    if not is_usable():
        return "Not measured: this machine allows no network namespaces.\n"
    command = inside([sys.executable, "-m", "benchmarks.directconnect", "--inside"])
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    uploads, (offers,) = rows[:-1], rows[-1:]
    lines = [
        f"One file of {_SIZE >> 20} MiB to one ncdc; the middle of {_RUNS} runs.",
        "",
        "| server | between clients | MiB/s | CPU s per GiB served |",
        "|---|---|---|---|",
    ]
    lines += ["| {server} | {way} | {mib_s} | {cpu_s_gib} |".format(**row) for row in uploads]
    lines += [
        "",
        f"{_OFFERS:,} offers, each a file of its own, on one node and one hub; {_SEARCHES_PER_S} searches a second",
        f"for {_SEARCH_S} s: a third for one title, a third for the term alone, a third for what no title has.",
        "",
        "Milliseconds from the hub's search to the first answer; beside it the CPU time of finding the titles alone.",
        "",
        "| MiB before | after | s to publish | searches | answered | ms, middle | ms, p99 | finding p99 | CPU % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    names = ("before", "after", "publish_s", "searches", "answered", "middle", "p99", "find_p99", "cpu")
    lines.append(f"| {' | '.join(str(offers[name]) for name in names)} |")
    return "\n".join(lines) + "\n"


def _measure_all() -> None:
    """Inside the namespace: print one JSON object a row."""
    with _folder() as folder:
        payload = folder / "share" / f"{_NAME}.mp4"
        payload.parent.mkdir()
        payload.write_bytes(random.Random(5).randbytes(_SIZE // 4) * 4)  # noqa: S311 - the same bytes each time
        for way, policy in (("plain", "disabled"), ("TLS", "prefer")):
            for server, start in (("police2peer", _ours), ("ncdc", _ncdc)):
                row = {"server": server, "way": way, **_serve(folder, payload, policy, start)}
                print(json.dumps(row), flush=True)
        shutil.rmtree(payload.parent)
        print(json.dumps(asyncio.run(_many(folder))), flush=True)


def _serve(folder: Path, payload: Path, policy: str, start: Callable[..., Any]) -> Row:
    """Let a new downloader fetch the file from a server, several times."""
    rates, costs = [], []
    with run_hub(folder / "hub", NODE_HOST, _PORT, HubRules(tls=True)), start(folder, payload, policy) as process_id:
        for number in range(_RUNS):
            place = folder / f"down-{number}"
            downloader = Ncdc(place, client_host(number), NcdcWay(tls_policy=policy), f"visitor-{number}")
            try:
                _find(downloader)
                before, began = _cpu_s(process_id), time.monotonic()
                downloader.press("d")
                got = downloader.got(payload.name)
                assert downloader.until(got.exists, _LIMIT_S), downloader.text()[-500:]
                seconds, cpu_s = time.monotonic() - began, _cpu_s(process_id) - before
                assert got.stat().st_size == _SIZE
            finally:
                downloader.close()
                shutil.rmtree(place)
            rates.append((_SIZE >> 20) / seconds)
            costs.append(cpu_s * (1 << 30) / _SIZE)
    shutil.rmtree(folder / "hub")
    return {"mib_s": round(statistics.median(rates)), "cpu_s_gib": round(statistics.median(costs), 2)}


def _find(downloader: Ncdc) -> None:
    """Search until the server has the file: ncdc hashes it first."""
    assert downloader.open_hub(f"adcs://{NODE_HOST}:{_PORT}")
    for _ in range(20):
        downloader.forget()
        downloader.type(f"/search {_NAME}")
        if downloader.until(lambda: f"{_NAME}.mp4" in downloader.text(), 3):
            return
        downloader.press("\x1bc")
    raise AssertionError("the server was not found")


@contextlib.contextmanager
def _ours(folder: Path, payload: Path, policy: str) -> Iterator[int]:
    del policy
    with _node("--node", str(folder), str(payload)) as process:
        yield process.pid


@contextlib.contextmanager
def _ncdc(folder: Path, payload: Path, policy: str) -> Iterator[int]:
    server = Ncdc(folder / "server", NODE_HOST, NcdcWay(active_port=4111, tls_policy=policy), "server")
    try:
        server.type(f"/share files {payload.parent}")
        assert server.open_hub(f"adcs://{NODE_HOST}:{_PORT}")
        yield server.process_id
    finally:
        server.close()
        shutil.rmtree(folder / "server")


@contextlib.contextmanager
def _node(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.directconnect", *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def _be_node(folder: Path, payload: Path) -> None:
    """Be our engine as a program: publish one file, read every event, until ended."""
    network = _network(folder, f"adcs://{NODE_HOST}:{_PORT}")
    await network.start()
    await network.publish(_offer(1, _NAME, payload, hash_file(payload)))
    print("ready", flush=True)
    async for _ in network.events():
        pass


def _network(folder: Path, hub: str) -> DirectConnect:
    settings = DirectConnectSettings(
        state=folder / "hub" / "state",  # goes with the hub, whose certificate is new each time
        hubs=(HubSettings(HubAddress.parse(hub), "unit"),),
        listen_host=NODE_HOST,
        listen_port=4111,
        tls_port=4112,
        limits=Limits(),
    )
    return DirectConnect(settings, terms=[ApprovedTerm(TermId("S-0001"), Term.parse("sample clip"))])


def _offer(number: int, title: str, path: Path, hashes: FileHashes) -> Offer:
    return Offer(
        id=OfferId(f"directconnect-{number:06d}"),
        network="directconnect",
        title_id=TitleId(f"T-{number:04d}"),
        title=Title.parse(title),
        extension="mp4",
        path=path,
        hashes=hashes,
        arm=Arm.HELP,
        language=Language("en"),
        warning_file_id=WarningFileId("F-0001"),
    )


async def _many(folder: Path) -> Row:
    """Be the hub of a node with ten thousand offers, search on behalf of a user, and time the answers."""
    hub = _SearchingHub()
    server = await asyncio.start_server(hub.came, NODE_HOST, _PORT, limit=1 << 20)
    command = [sys.executable, "-m", "benchmarks.directconnect", "--many", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = json.loads(await asyncio.wait_for(process.stdout.readline(), _LIMIT_S))
    try:
        await asyncio.wait_for(hub.ready.wait(), _LIMIT_S)
        await asyncio.sleep(2)
        cpu_s = _cpu_s(process.pid)
        await hub.search()
        cpu = (_cpu_s(process.pid) - cpu_s) / _SEARCH_S * 100
    finally:
        process.kill()
        await process.wait()
        server.close()
    times = sorted(hub.times_ms)
    return {
        **told,
        "searches": _SEARCHES_PER_S * _SEARCH_S,
        "answered": len(times),
        "middle": round(times[len(times) // 2], 2),
        "p99": round(times[len(times) * 99 // 100], 2),
        "cpu": round(cpu),
    }


class _SearchingHub:
    """A hub with one user, who searches; the first answer to each search is timed."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.times_ms: list[float] = []
        self._asked: dict[str, float] = {}
        self._writer: asyncio.StreamWriter | None = None

    async def came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while line := (await reader.readline()).decode():
            if line.startswith("HSUP"):
                writer.write(b"ISUP ADBASE ADTIGR\nISID NODE\n")
            elif line.startswith("BINF NODE ID"):
                writer.write(b"BINF PEER ID" + b"A" * 39 + b" NIuser I4127.0.0.1\n" + line.encode())
                self.ready.set()
            elif line.startswith("DRES"):
                began = self._asked.pop(line.rstrip().rpartition(" TO")[2], None)
                if began is not None:
                    self.times_ms.append((time.perf_counter() - began) * 1000)

    async def search(self) -> None:
        assert self._writer is not None
        draw, loop = random.Random(3), asyncio.get_running_loop()  # noqa: S311 - the same searches each time
        began_s = loop.time()
        for number in range(_SEARCHES_PER_S * _SEARCH_S):
            await asyncio.sleep(max(0.0, began_s + number / _SEARCHES_PER_S - loop.time()))
            words = " ".join(f"AN{word}" for word in _words(draw, number))
            self._asked[str(number)] = time.perf_counter()
            self._writer.write(f"BSCH PEER {words} TO{number}\n".encode())
        await asyncio.sleep(1)


def _words(draw: random.Random, number: int) -> tuple[str, ...]:
    title = f"sample-clip-{draw.randrange(_OFFERS):06d}"
    return ((title, "sample", "clip"), ("sample", "clip"), ("sample", "clip", "x9x"))[number % 3]


def _find_p99_ms(made: list[Offer]) -> float:
    """Give the CPU time in which 99 of 100 searches find their titles."""
    index = SearchIndex([ApprovedTerm(TermId("S-0001"), Term.parse("sample clip"))])
    for offer in made:
        index.add(offer)
    draw, times_s = random.Random(4), []  # noqa: S311 - the same searches each time
    for number in range(3000):
        search = Search(_words(draw, number))
        began_s = time.thread_time()
        index.answer(search, 10)
        times_s.append(time.thread_time() - began_s)
    return sorted(times_s)[2970] * 1000


async def _be_many(folder: Path) -> None:
    """Be a node with ten thousand offers, tell what they took, and serve."""
    made = []
    for number in range(_OFFERS):
        path = folder / f"{number}.mp4"
        path.write_bytes(number.to_bytes(4, "big") * 256)
        made.append(_offer(number, f"sample-clip-{number:06d}", path, hash_file(path)))
    network = _network(folder, f"adc://{NODE_HOST}:{_PORT}")
    await network.start()
    before, began = _mib(), time.monotonic()
    await network.publish_many(made)
    publish_s = time.monotonic() - began
    told = {
        "before": round(before),
        "after": round(_mib()),
        "publish_s": round(publish_s, 2),
        "find_p99": round(_find_p99_ms(made), 2),
    }
    print(json.dumps(told), flush=True)
    async for _ in network.events():
        pass


def _mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MIB


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--inside"]:
            _measure_all()
        case ["--node", folder, payload]:
            asyncio.run(_be_node(Path(folder), Path(payload)))
        case ["--many", folder]:
            asyncio.run(_be_many(Path(folder)))
        case _:
            print(run())
