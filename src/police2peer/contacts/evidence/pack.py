# SPDX-License-Identifier: EUPL-1.2
"""Writes an evidence pack: one signed zip file that another country checks offline.

::

    request.json      what was asked, with both signatures          order.json      the operation order
    entries.jsonl     sealed entries, each with its proof and key   checkpoint      the ledger's signed state
    ledger.vkey       the key of the ledger                         confirmed.jsonl states confirmed by others
    catalogue/        proof that the files are ours
    case.jsonld       CASE/UCO 1.5, with ontology.ttl               records.csv     every field as a table
    statement.pdf     in plain words, with known limits             verify_pack.py  the check, in one file
    manifest.json     SHA-256 and size of all others

The last line of the file is a signature over every byte before it. The same input gives the same bytes.
Source: docs/evidence.md.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import SignedOrder, public_bytes
from police2peer.contacts.evidence.approval import SignedRequest
from police2peer.contacts.evidence.case import CaseFrame, Disclosed, case_graph, ontology, write_case
from police2peer.contacts.evidence.case_checks import check_graph
from police2peer.contacts.evidence.encoding import canonical, write_moment
from police2peer.contacts.evidence.statement import set_statement
from police2peer.contacts.evidence.table import write_table
from police2peer.contacts.evidence.verify_pack import COMMENT_BYTES, comment_of, pack_message

__all__ = ["ConfirmedState", "PackEntry", "PackMaker", "PackedLedger", "pack_frame"]

_DAY_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say; the true time is in the manifest
_PLAIN_FILE: Final = 0o644 << 16


@dataclass(frozen=True, slots=True)
class ConfirmedState:
    """A state that a witness (its key) or a time stamp vouches for, and the proof that the ledger began with it."""

    note: bytes
    proof: bytes
    witness: str = ""
    stamp: bytes = b""

    def line(self) -> bytes:
        """Write it for `confirmed.jsonl`."""
        note, proof, stamp = (base64.b64encode(part).decode() for part in (self.note, self.proof, self.stamp))
        return json.dumps([note, proof, self.witness, stamp], separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class PackedLedger:
    """The signed state of a ledger to which the proofs of a pack lead, and earlier ones that others vouch for."""

    origin: str
    key: str
    checkpoint: bytes
    size: int
    root: bytes
    confirmed: tuple[ConfirmedState, ...] = ()


@dataclass(frozen=True, slots=True)
class PackEntry:
    """One entry of the ledger as it lies there, its proof of inclusion, and its own key; a header has none."""

    index: int
    entry: bytes
    proof: bytes
    key: bytes = b""

    def line(self) -> bytes:
        """Write it for `entries.jsonl`."""
        parts = [self.index, *(base64.b64encode(part).decode() for part in (self.entry, self.proof, self.key))]
        return json.dumps(parts, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class PackMaker:
    """What a pack is made under: the request, the order, the state of the ledger, and the program."""

    signed: SignedRequest
    order: SignedOrder
    ledger: PackedLedger
    tool_version: str
    build_sha256: str

    def frame(self) -> CaseFrame:
        """Give what all contacts of the pack have in common."""
        return pack_frame(self.signed, self.order, self.ledger)

    def make(
        self,
        entries: Sequence[PackEntry],
        disclosed: Sequence[Disclosed],
        catalogue: Mapping[str, bytes],
        key: Ed25519PrivateKey,
        at: datetime,
    ) -> bytes:
        """Give the bytes of the pack, signed by who exports it."""
        frame, ledger, vouched = self.frame(), self.ledger, self.ledger.confirmed
        nodes = list(case_graph(frame, disclosed))
        check_graph(nodes)
        hashes = [
            ("Ledger", f"{ledger.origin}, {ledger.size} entries"),
            ("Its root", ledger.root.hex()),
            (
                "Confirmed by",
                ", ".join(each.witness.split("+")[0] for each in vouched if each.witness) or "no witness",
            ),
            ("Time stamps", str(sum(bool(each.stamp) for each in vouched))),
            (
                "Catalogue",
                "the proof that the files are warning files is in the pack" if catalogue else "not in the pack",
            ),
            ("Request", frame.request_sha256),
            ("Exported by", public_bytes(key).hex()),
        ]
        files = {
            "request.json": self.signed.to_bytes(),
            "order.json": self.order.to_bytes(),
            "entries.jsonl": b"".join(each.line() for each in entries),
            "checkpoint": ledger.checkpoint,
            "ledger.vkey": f"{ledger.key}\n".encode(),
            "confirmed.jsonl": b"".join(each.line() for each in vouched),
            "case.jsonld": write_case(nodes),
            "ontology.ttl": ontology(),
            "records.csv": write_table(disclosed),
            "statement.pdf": set_statement(frame, self.signed, disclosed, hashes, at),
            "verify_pack.py": (Path(__file__).parent / "verify_pack.py").read_bytes(),
        }
        files |= {f"catalogue/{name}": content for name, content in catalogue.items()}
        files["manifest.json"] = self._manifest(files, at)
        return _sign(_zip(files), key)

    def _manifest(self, files: Mapping[str, bytes], at: datetime) -> bytes:
        return canonical(
            {
                "format": "p2p-evidence-manifest-1",
                "request_sha256": hashlib.sha256(self.signed.payload).hexdigest(),
                "made_at": write_moment(at),
                "tool_version": self.tool_version,
                "build_sha256": self.build_sha256,
                "files": {name: [hashlib.sha256(raw).hexdigest(), len(raw)] for name, raw in files.items()},
            }
        )


def pack_frame(signed: SignedRequest, order: SignedOrder, ledger: PackedLedger) -> CaseFrame:
    """Give what all contacts of a pack have in common."""
    given = order.order
    return CaseFrame(
        request_id=signed.request.id,
        request_sha256=hashlib.sha256(signed.payload).hexdigest(),
        order_id=given.id,
        authority=given.authority,
        legal_ground=given.legal_ground,
        ledger=ledger.origin,
        ledger_size=ledger.size,
        ledger_root=ledger.root.hex(),
        order_start=given.start,
        order_end=given.end,
    )


def _zip(files: Mapping[str, bytes]) -> bytes:
    """Pack files in the order of their names, without times, with room for the signature at the end."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DAY_OF_ZIP)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _PLAIN_FILE, 3
            archive.writestr(info, files[name], compresslevel=1)
        archive.comment = b"-" * COMMENT_BYTES
    return out.getvalue()


def _sign(raw: bytes, key: Ed25519PrivateKey) -> bytes:
    return raw[:-COMMENT_BYTES] + comment_of(public_bytes(key), key.sign(pack_message(raw)))
