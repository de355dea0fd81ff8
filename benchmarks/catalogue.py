# SPDX-License-Identifier: EUPL-1.2
"""A catalogue of thirty agencies at scale, beside a flat python-tuf repository and one with succinct hash bins.

Each agency enters and seals its records in a folder of its own, and the coordinating body merges what they hand
over. Every step runs in a process of its own, whose greatest memory is told. P2P_BENCH_RECORDS sets the size.
"""

import gzip
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.tuf_repositories import bins_repository, flat_repository

from police2peer.campaign import read_public_key
from police2peer.catalogue import (
    RecordDraft,
    Registry,
    accept_contribution,
    add_agency,
    begin_agency,
    contribute,
    init_catalogue,
    join_catalogue,
    publish_catalogue,
)
from police2peer.catalogue.examination import CodeQuestion, Examination, FileQuestion, LinkQuestion, Question
from police2peer.catalogue.lookup import CODE_ITERATIONS, Alias
from police2peer.catalogue.seen import SeenNothing
from police2peer.catalogue.snapshot import FolderReader
from police2peer.warningfiles import new_code

TITLE = "Catalogue: a million records of thirty agencies"

_RECORDS = int(os.environ.get("P2P_BENCH_RECORDS", "1000000"))
_FLAT_RECORDS = min(_RECORDS, 100_000)  # above, one flat list is hundreds of megabytes to every reader
_AGENCIES = 30
_ADDED = 1_000
_REAL_CODES = 10  # of each agency; the codes of the others stand under random values, which costs all else the same
_ADDING = ("enter", "contribute", "accept", "publish")
_COUNTRIES = ("NL", "FR", "DE", "NO", "PT", "PL")


@dataclass(frozen=True)
class Step:
    """What a step took."""

    seconds: float
    cpu_s: float
    peak_mib: int


def run() -> str:
    """Measure, and give tables in markdown."""
    with tempfile.TemporaryDirectory(prefix="p2p-bench-") as name:
        folder = Path(name)
        now = datetime.now(UTC).replace(microsecond=0)
        roles = _found(folder, now)
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            began = time.perf_counter()
            made = list(pool.map(_fill_agency, [(folder, number, role, now) for number, role in enumerate(roles)]))
            seconds = time.perf_counter() - began
        agencies = Step(seconds, sum(each.cpu_s for each in made), max(each.peak_mib for each in made))
        merged = _apart(_merge, folder, now)
        added, parts = _apart(_add, folder, roles[0], now), json.loads((folder / "parts.json").read_text())
        lookups = _look_up(folder, roles[1], now)
        size_mb = sum(path.stat().st_size for path in (folder / "hub/public").rglob("*") if path.is_file()) / 1e6
        shutil.rmtree(folder / "hub")
        flat = _apart(flat_repository, folder / "flat", _FLAT_RECORDS, _ADDED)
        bins = _apart(bins_repository, folder / "bins", _RECORDS, _ADDED)
        peers = [json.loads((folder / f"{each}.json").read_text()) for each in ("flat", "bins")]
    ours = _our_rows(agencies, merged, added, parts, size_mb)
    return "\n".join([*ours, "", *_lookup_rows(lookups), "", *_peer_rows((flat, bins), peers)]) + "\n"


def _our_rows(agencies: Step, merged: Step, added: Step, parts: dict[str, float], size_mb: float) -> list[str]:
    merging = f"the coordinating body accepts and publishes it ({size_mb:,.0f} MB)"
    steps = [
        (
            "the agencies enter, seal and sign all",
            f"{agencies.seconds:.0f}",
            f"{agencies.cpu_s:.0f}",
            agencies.peak_mib,
        ),
        (merging, f"{merged.seconds:.0f}", f"{merged.cpu_s:.0f}", merged.peak_mib),
        (f"{_ADDED:,} codes stretched ahead", f"{parts['stretch']:.2f}", "", ""),
        (f"{_ADDED:,} records added (goal: 2 s)", f"{parts['all']:.2f}", f"{parts['cpu']:.2f}", added.peak_mib),
        *((f"· of that: {name}", f"{parts[name]:.2f}", "", "") for name in _ADDING),
    ]
    return [
        f"{_RECORDS:,} records of {_AGENCIES} agencies with sha256, code and infohash; two agencies at a time.",
        f"Codes are stretched {CODE_ITERATIONS:,} times: {_REAL_CODES} of each agency and the {_ADDED:,} added;",
        "all others stand under random values, which costs the catalogue the same. Goal of memory: 600 MiB.",
        "",
        "| step | seconds | CPU seconds | peak MiB |",
        "|---|---|---|---|",
        *("| " + " | ".join(map(str, step)) + " |" for step in steps),
    ]


def _lookup_rows(lookups: list[tuple[str, int, int, int]]) -> list[str]:
    return [
        "| one cold lookup | requests | KB | KB gzipped | goal |",
        "|---|---|---|---|---|",
        *(f"| {name} | {n} | {raw / 1e3:.0f} | {packed / 1e3:.0f} | 10, 80 KB |" for name, n, raw, packed in lookups),
    ]


def _peer_rows(steps: tuple[Step, ...], peers: list[dict[str, float]]) -> list[str]:
    columns = f"records | build s | peak MiB | requests | KB | KB gzipped | {_ADDED:,} added, s"
    rows = [
        f"| python-tuf, one signer, by sha256 alone | {columns} |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for title, step, peer in zip(("flat targets", "succinct hash bins"), steps, peers, strict=True):
        lookup = f"{peer['requests']} | {peer['bytes'] / 1e3:,.0f} | {peer['gzipped'] / 1e3:,.0f}"
        built = f"{peer['records']:,} | {peer['build_s']:.0f} | {step.peak_mib}"
        rows.append(f"| {title} | {built} | {lookup} | {peer['add_s']:.2f} |")
    return rows


def _apart(work: Callable[..., None], *arguments: object) -> Step:
    """Do work in a process of its own, and tell what it took."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(sender, work, arguments))
    process.start()
    sender.close()
    found = receiver.recv()
    process.join()
    assert isinstance(found, Step), found
    return found


def _measured(sender: Connection, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    try:
        sender.send(_measure(lambda: work(*arguments)))
    except Exception as error:  # noqa: BLE001 - told to the process that waits
        sender.send(repr(error))


def _measure(work: Callable[[], object]) -> Step:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Step(time.perf_counter() - began, time.process_time() - cpu, peak)


def _found(folder: Path, now: datetime) -> list[str]:
    """Found the catalogue, name thirty agencies, and have them join."""
    hub = folder / "hub"
    init_catalogue(hub, agency="Coordinating Unit", country="NL", now=now)
    roles = []
    for number in range(_AGENCIES):
        key = read_public_key(begin_agency(folder / f"agency-{number}"))
        country = _COUNTRIES[number % len(_COUNTRIES)]
        roles.append(add_agency(hub, key, agency=f"Police Unit {number}", country=country, now=now))
    publish_catalogue(hub, now=now)
    root = (hub / "root.json").read_bytes()
    for number in range(_AGENCIES):
        join_catalogue(folder / f"agency-{number}", hub / "public", root, now=now)
    return roles


def _drafts(role: str, count: int, seed: str) -> Iterator[RecordDraft]:
    draw = random.Random(f"{role} {seed}").randbytes  # noqa: S311 - repeatable stand-ins, not secrets
    for _ in range(count):
        yield RecordDraft(
            id=f"W-{draw(8).hex()}",
            agency=role,
            code=new_code(draw),
            sha256=draw(32).hex(),
            size=1_000_000,
            hashes={
                "sha1": draw(20).hex(),
                "md5": draw(16).hex(),
                "bt2_root": draw(32).hex(),
                "ed2k": draw(16).hex(),
                "aich": draw(16).hex(),
                "tth": draw(20).hex()[:39],
            },
            network_ids=(("btih", draw(20).hex()),),
            format="mp4",
            language="nl",
            issued_on=date(2026, 11, 20),
        )


def _fill_agency(task: tuple[Path, int, str, datetime]) -> Step:
    folder, number, role, now = task
    home = folder / f"agency-{number}"
    count = _RECORDS // _AGENCIES + (number < _RECORDS % _AGENCIES)

    def _fill() -> None:
        with Registry(home) as registry:
            _stand_in(registry, role, count)
            registry.add(_drafts(role, count, "first"), now=now.date())
        assert contribute(home, folder / f"{number}.contribution", now=now)

    return _measure(_fill)


def _stand_in(registry: Registry, role: str, count: int) -> None:
    """Give all codes but a few a random value, as if they had been stretched ahead."""
    draw = random.Random(f"{role} values").randbytes  # noqa: S311 - repeatable stand-ins, not secrets
    codes = (draft.code for draft in _drafts(role, count, "first"))
    rows = ((code, draw(32).hex()) for number, code in enumerate(codes) if number >= _REAL_CODES)
    with registry._db:  # noqa: SLF001 - nothing else may give a code a wrong value
        registry._db.executemany("INSERT INTO code VALUES (?, ?)", rows)  # noqa: SLF001


def _merge(folder: Path, now: datetime) -> None:
    for number in range(_AGENCIES):
        accept_contribution(folder / "hub", folder / f"{number}.contribution")
    publish_catalogue(folder / "hub", now=now)


def _add(folder: Path, role: str, now: datetime) -> None:
    """Add records of one agency, and note what each step takes."""
    home, out = folder / "agency-0", folder / "added.contribution"
    drafts = list(_drafts(role, _ADDED, "added"))
    parts = {}
    with Registry(home) as registry:
        codes = [draft.code for draft in drafts if draft.code]
        parts["stretch"] = _measure(lambda: registry.stretch_ahead(codes)).seconds
    steps: dict[str, Callable[[], object]] = {
        "enter": lambda: _enter(home, drafts, now),
        "contribute": lambda: contribute(home, out, now=now),
        "accept": lambda: accept_contribution(folder / "hub", out),
        "publish": lambda: publish_catalogue(folder / "hub", now=now),
    }
    taken = {name: _measure(work) for name, work in steps.items()}
    parts |= {name: step.seconds for name, step in taken.items()}
    parts["all"] = sum(step.seconds for step in taken.values())
    parts["cpu"] = sum(step.cpu_s for step in taken.values())
    (folder / "parts.json").write_text(json.dumps(parts))


def _enter(home: Path, drafts: list[RecordDraft], now: datetime) -> None:
    with Registry(home) as registry:
        assert registry.add(drafts, now=now.date()) == len(drafts)


@dataclass
class _Counting(FolderReader):
    """Reads a catalogue and counts what a browser would fetch."""

    folder: Path
    fetched: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.folder)

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Read as ever, and note it; what is not there is a request too."""
        content = super().read(name, limit_bytes)
        self.fetched.append(content or b"")
        return content


def _look_up(folder: Path, role: str, now: datetime) -> list[tuple[str, int, int, int]]:
    """Look three records up, each by a reader who has nothing yet, and give requests and bytes."""
    drafts = list(_drafts(role, _REAL_CODES, "first"))
    root = (folder / "hub/root.json").read_bytes()
    questions: dict[str, Question] = {
        "by sha256": FileQuestion(lambda: (drafts[0].sha256, drafts[0].size)),
        "by code": CodeQuestion(str(drafts[1].code)),
        "by infohash": LinkQuestion([Alias(*drafts[2].network_ids[0])]),
        "by sha256, not one of ours": FileQuestion(lambda: (hashlib.sha256(b"another").hexdigest(), 7)),
    }
    found = []
    for name, question in questions.items():
        reader = _Counting(folder / "hub/public")
        verdict = Examination(reader, root, now, SeenNothing()).answer(question)
        assert verdict.outcome.value == ("not one of ours" if "not" in name else "genuine"), verdict
        raw = sum(map(len, reader.fetched))
        packed = sum(min(len(each), len(gzip.compress(each))) for each in reader.fetched)
        found.append((name, len(reader.fetched), raw, packed))
    return found
