# SPDX-License-Identifier: EUPL-1.2
"""What the receiver learns of a pack: all that its own verifier checks, and what takes the rest of this program.

1. all steps of `verify_pack`; 2. the records read as records, each in its one spelling; 3. where the pack was made by
this version, its graph and its table are made again and must be the same; 4. the catalogue says of every file, on the
day of the pack, whether it was a warning file (needs the pinned root, received by another way); 5. a time-stamping
service that the receiver trusts says when a state of the ledger that covers every entry was there (needs its root
certificate).
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from police2peer.campaign import SignedOrder
from police2peer.catalogue import KnownFile, Outcome, Verdict, check_excerpt
from police2peer.catalogue.log import NoteKey
from police2peer.contacts.evidence.approval import SignedRequest
from police2peer.contacts.evidence.case import Disclosed, case_graph, write_case
from police2peer.contacts.evidence.encoding import read_moment
from police2peer.contacts.evidence.pack import PackedLedger, pack_frame
from police2peer.contacts.evidence.table import write_table
from police2peer.contacts.evidence.verify_pack import Checked, PackError, check_pack, read_files, unknown_keys
from police2peer.contacts.ledger import ContactRecord, Stamp, check_stamp, open_state, read_record
from police2peer.errors import BadInput, NotAuthentic

__all__ = ["ReceivedPack", "as_json", "check_received", "warning_files"]

_REMEDY: Final = "do not use it; ask the sending agency for the pack again, and compare the keys with them in person"


@dataclass(frozen=True, slots=True)
class ReceivedPack:
    """A pack in which everything held; `catalogue` and `stamps` are empty where they were not asked about."""

    checked: Checked
    records: tuple[Disclosed, ...]
    is_made_again: bool
    catalogue: tuple[tuple[KnownFile, Verdict], ...]
    stamps: tuple[Stamp, ...] = ()

    @property
    def is_proved_ours(self) -> bool:
        """Whether the catalogue stands by every warning file of the pack."""
        return bool(self.catalogue) and all(
            verdict.outcome in {Outcome.GENUINE, Outcome.WITHDRAWN} for _, verdict in self.catalogue
        )


def check_received(
    raw: bytes,
    *,
    tool_version: str,
    root: bytes | None = None,
    trust: Iterable[str] = (),
    ledgers: Iterable[str] = (),
    witnesses: Iterable[str] = (),
    authorities: Sequence[x509.Certificate] = (),
) -> ReceivedPack:
    """Check a pack. Raises `NotAuthentic` at the first step that does not hold, or for a key that is not known."""
    try:
        checked = check_pack(raw)  # 1
        files = read_files(raw)
    except PackError as error:
        raise NotAuthentic(str(error), remedy=_REMEDY) from error
    if unknown := unknown_keys(checked, trust, ledgers, witnesses):
        raise NotAuthentic(f"the key of the {' and the '.join(unknown)} is not one that you trust", remedy=_REMEDY)
    try:
        records = tuple(Disclosed(each.index, read_record(each.record)) for each in checked.entries)  # 2
        same_version = checked.manifest["tool_version"] == tool_version
        if same_version and not _is_translated(checked, files, records):  # 3
            raise NotAuthentic("a translation in the pack is not what its entries say", remedy=_REMEDY)
        catalogue = () if root is None else tuple(_ask_catalogue(checked, files, records, root))  # 4
        stamps = tuple(_check_stamps(checked, files, authorities)) if authorities else ()  # 5
    except BadInput as error:
        raise NotAuthentic(error.facts, remedy=_REMEDY) from error
    if authorities and not stamps:
        raise NotAuthentic(
            "the pack has no time stamp over these entries",
            remedy="ask the sending agency to have the ledger stamped, and for the pack again, or leave --tsa out",
        )
    return ReceivedPack(checked, records, same_version, catalogue, stamps)


def _is_translated(checked: Checked, files: Mapping[str, bytes], records: tuple[Disclosed, ...]) -> bool:
    ledger = PackedLedger(checked.origin, checked.ledger_key, b"", checked.size, checked.root)
    signed, order = SignedRequest.from_bytes(files["request.json"]), SignedOrder.from_bytes(files["order.json"])
    case = write_case(case_graph(pack_frame(signed, order, ledger), records))
    return files["case.jsonld"] == case and files["records.csv"] == write_table(records)


def _check_stamps(
    checked: Checked, files: Mapping[str, bytes], authorities: Sequence[x509.Certificate]
) -> Iterator[Stamp]:
    """Give every time stamp of the pack. Raises `NotAuthentic` for one that none of these services made."""
    key = NoteKey.parse(checked.ledger_key)
    for line in files["confirmed.jsonl"].splitlines():
        note, _, _, stamp = json.loads(line)
        if stamp:
            yield check_stamp(base64.b64decode(stamp), open_state(base64.b64decode(note), key), authorities)


def warning_files(records: Iterable[Disclosed]) -> list[KnownFile]:
    """Name each warning file in these records once."""
    contacts = (each.record for each in records)
    named = {(each.file_sha256, each.file_size_bytes) for each in contacts if isinstance(each, ContactRecord)}
    return [KnownFile(sha256, size) for sha256, size in sorted(named)]


def _ask_catalogue(
    checked: Checked, files: Mapping[str, bytes], records: tuple[Disclosed, ...], root: bytes
) -> list[tuple[KnownFile, Verdict]]:
    start = "catalogue/"
    excerpt = {name.removeprefix(start): content for name, content in files.items() if name.startswith(start)}
    known = warning_files(records)
    at = read_moment(checked.manifest["made_at"])
    return list(zip(known, check_excerpt(excerpt, root, known, at), strict=True))


def as_json(received: ReceivedPack) -> dict[str, object]:
    """Give what was found, without any record."""
    checked = received.checked
    return {
        "holds": True,
        "request": checked.request["id"],
        "order": checked.order["id"],
        "authority": checked.order["authority"],
        "made_at": checked.manifest["made_at"],
        "tool_version": checked.manifest["tool_version"],
        "build_sha256": checked.manifest["build_sha256"],
        "records": len(received.records),
        "contacts": len(
            {each.record.visit_id for each in received.records if isinstance(each.record, ContactRecord)}
        ),
        "ledger": {"origin": checked.origin, "size": checked.size, "root": checked.root.hex()},
        "keys": {
            "exporter": checked.exporter,
            "requester": checked.requester,
            "approver": checked.approver,
            "ledger": checked.ledger_key,
            "witnesses": [key for key, _ in checked.witnesses],
        },
        "translations_compared": received.is_made_again,
        "time_stamps": [[stamp.size, stamp.at.isoformat()] for stamp in received.stamps],
        "catalogue": [[file.sha256, verdict.outcome.value] for file, verdict in received.catalogue],
    }
