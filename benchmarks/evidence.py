# SPDX-License-Identifier: EUPL-1.2
"""Evidence packs: from an approved request to a pack, out of a large ledger, and the receiver's check.

Beside it stands the stock validator of CASE, which is too slow to run over a whole pack.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from tests.contacts.evidence_twins import (
    END,
    NODE_KEY,
    NOW,
    ORIGIN,
    START,
    approved,
    export,
    request,
    seeded,
    selection,
    signed_order,
)
from tests.contacts.ledger_records import AT, contact_record

from police2peer.contacts.evidence import (
    CaseFrame,
    Disclosed,
    begin_custody,
    case_graph,
    check_received,
    export_pack,
    ontology,
    write_case,
)
from police2peer.contacts.evidence.case_checks import check_graph
from police2peer.contacts.ledger import Ledger, LedgerTerms

TITLE = "Evidence packs: making and checking"

_LEDGERS = (10_000, 1_000_000)
_ASKED = 10_000
_COMMIT = 500
_VALIDATED = 100
Done = TypeVar("Done")


def _timed(work: Callable[[], Done]) -> tuple[Done, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def _fill(folder: Path, count: int) -> None:
    """Write a ledger of contacts a second apart, all different, as a node would: 500 a commit, 20,000 a segment."""
    terms = LedgerTerms.under(signed_order().order, tool_version="0.1.0", build_sha256="ef" * 32)
    raw = contact_record(1).to_bytes()
    visit, moment = f"{1:032x}".encode(), b"2026-03-01T14:00:01.250000Z"
    assert visit in raw
    assert moment in raw
    with Ledger(folder, ORIGIN, NODE_KEY, terms, random_bytes=seeded("bench"), segment_records=20_000) as ledger:
        for start in range(0, count, _COMMIT):
            at = AT + timedelta(seconds=start)
            text = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
            numbers = range(start, start + _COMMIT)
            batch = [raw.replace(visit, f"{number:032x}".encode()).replace(moment, text) for number in numbers]
            ledger.commit(batch, at)


def _pack(count: int) -> str:
    """Ask for 10,000 records out of a ledger; give a line of the table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _fill(folder / "ledger", count)
        begin_custody(folder / "custody", "police.example/custody")
        chosen = selection(start=AT, end=AT + timedelta(seconds=_ASKED))
        given = export(folder, approved(request(selection=chosen)))
        made, wall, cpu = _timed(lambda: export_pack(given, NOW))
        assert made.entries == _ASKED
        received, checked, checked_cpu = _timed(lambda: check_received(made.content, tool_version="0.1.0"))
        assert len(received.records) == _ASKED
        size = len(made.content) / 1e6
        return f"| {count:,} | {wall:.1f} ({cpu:.1f}) | {checked:.1f} ({checked_cpu:.1f}) | {size:.1f} MB |"


def _validators() -> list[str]:
    """Validate the same graph of 100 contacts with our checks and with the stock validator."""
    frame = CaseFrame("r", "ab" * 32, "o", "Example", "Law", ORIGIN, 1, "cd" * 32, START, END)
    records = [Disclosed(number, contact_record(number)) for number in range(_VALIDATED)]
    _, wall, _ = _timed(lambda: check_graph(case_graph(frame, records)))
    with tempfile.TemporaryDirectory() as place:
        case, shapes = Path(place) / "case.jsonld", Path(place) / "ontology.ttl"
        case.write_bytes(write_case(case_graph(frame, records)))
        shapes.write_bytes(ontology())
        command: list[str | Path] = [Path(sys.executable).parent / "case_validate", "--ontology-graph", shapes, case]
        done, stock, _ = _timed(lambda: subprocess.run(command, capture_output=True, check=False))
    assert done.returncode == 0
    return [
        f"| making and checking the graph here | {wall:.3f} |",
        f"| `case_validate` over the same graph: conforms | {stock:.1f} |",
    ]


def run() -> str:
    """Measure, and give tables in markdown."""
    head = [
        f"A request for {_ASKED:,} records, out of two ledgers; seconds of wall time (of CPU in brackets, one core).",
        "",
        "| Records in the ledger | Approved request to signed pack | Receiver checks it | Pack |",
        "|---|---|---|---|",
    ]
    peers = ["", f"CASE/UCO of {_VALIDATED} contacts:", "", "| | Seconds |", "|---|---|", *_validators()]
    return "\n".join([*head, *map(_pack, _LEDGERS), *peers]) + "\n"
