# SPDX-License-Identifier: EUPL-1.2
"""Checks an evidence pack: `python3 verify_pack.py PACK`. Needs Python 3.11 and `cryptography`, and nothing else.

This file travels inside every pack, and `police2peer evidence verify` runs the very same code.

1. the file is whole: the signature at its end covers every byte before it;
2. it holds the files that its manifest lists, byte for byte, and no others;
3. the request bears the signatures of two people with two keys, the pack is the answer to that request, and the order
   bears the signatures of both its approvers;
4. the checkpoint is signed by the key of the ledger; each state that a witness or a time-stamping service vouches for
   is too, covers every entry of the pack, and is how the ledger of the checkpoint began;
5. every entry leads by its proof to the root of that checkpoint; an entry stands once;
6. every key opens its entry, is the key that the entry commits to, and what is inside is a record;
7. the records are under the order of the pack, and inside what was asked for.

What it cannot know: whose keys these are. It prints them, or compares them with those given by --trust, --ledger and
--witness. Steps 4 to 6 follow RFC 6962, C2SP tlog-checkpoint and tlog-cosignature, and docs/ledger.md.
"""

import argparse
import base64
import hashlib
import hmac
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = [
    "COMMENT_BYTES",
    "PACK_MAGIC",
    "Checked",
    "OpenedEntry",
    "PackError",
    "check_pack",
    "comment_of",
    "is_selected",
    "pack_message",
    "read_files",
    "summary",
    "unknown_keys",
]

PACK_MAGIC = "p2p-evidence-pack-1"
COMMENT_BYTES = len(PACK_MAGIC) + 1 + 64 + 1 + 128
_PACK_PREFIX = b"p2p-evidence-pack-v1\n"
_ORDER_PREFIX = b"p2p-order-v1\n"
_REQUEST_PREFIX = b"p2p-evidence-request-v1\n"
_APPROVAL_PREFIX = b"p2p-evidence-approval-v1\n"
_MOST_BYTES = 8 * 1024**3
_MOST_FILES = 20_000
_HEADER, _RECORD = 1, 2
_CAME_BACK = 6  # stands beside the rungs
_COMMIT_BYTES = 32
_RECORD_COMMIT = b"p2p-record-key-commit-v1"
_DASH = "\N{EM DASH} "
_VKEY = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_ED25519, _COSIGNATURE = 1, 4


class PackError(Exception):
    """A step does not hold; the text says which and why."""


@dataclass(frozen=True)
class OpenedEntry:
    """One entry of the ledger, opened with its own key: the exact bytes of the record."""

    index: int
    record: bytes


@dataclass(frozen=True)
class Checked:
    """What held, and by whose keys; whether these are the right keys is the reader's to compare."""

    manifest: dict[str, Any]
    request: dict[str, Any]
    order: dict[str, Any]
    entries: tuple[OpenedEntry, ...]
    origin: str
    size: int
    root: bytes
    exporter: str
    requester: str
    approver: str
    ledger_key: str
    witnesses: tuple[tuple[str, int], ...]  # key, and the second in which it confirmed


def _need(holds: object, what: str) -> None:
    if not holds:
        raise PackError(what)


def _verify(public: bytes, signature: bytes, message: bytes, what: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise PackError(f"the signature of {what} does not hold") from error


def comment_of(public: bytes, signature: bytes) -> bytes:
    """Write the line that ends a pack."""
    return f"{PACK_MAGIC} {public.hex()} {signature.hex()}".encode()


def pack_message(raw: bytes) -> bytes:
    """Give what the signature at the end of a pack covers: all before it, by SHA-256."""
    return _PACK_PREFIX + hashlib.sha256(memoryview(raw)[:-COMMENT_BYTES]).digest()


def _check_container(raw: bytes) -> str:
    """Step 1: give the key (hex) that signed the whole file."""
    comment = raw[-COMMENT_BYTES:].decode("ascii", "replace").split(" ")
    _need(len(comment) == 3 and comment[0] == PACK_MAGIC, "this is not an evidence pack, or it was cut off")  # noqa: PLR2004 - magic, key, signature
    try:
        public, signature = bytes.fromhex(comment[1]), bytes.fromhex(comment[2])
    except ValueError as error:
        raise PackError("the signature at the end of the pack cannot be read") from error
    _need(comment_of(public, signature) == raw[-COMMENT_BYTES:], "the signature at the end has another spelling")
    _verify(public, signature, pack_message(raw), "the whole pack")
    return public.hex()


def read_files(raw: bytes) -> dict[str, bytes]:
    """Step 2: give the files of the pack, held against its manifest."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        listed = archive.infolist()
        _need(len(listed) <= _MOST_FILES, "the pack holds too many files")
        _need(sum(each.file_size for each in listed) <= _MOST_BYTES, "the pack unpacks to far too much")
        files = {each.filename: archive.read(each) for each in listed}
    _need(len(files) == len(listed) and "manifest.json" in files, "the pack names a file twice, or has no manifest")
    named = json.loads(files["manifest.json"])["files"]
    _need(
        named.keys() | {"manifest.json"} == files.keys(), "the pack does not hold the files that its manifest lists"
    )
    for name, (digest, size) in named.items():
        found = files[name]
        _need(len(found) == size and hashlib.sha256(found).hexdigest() == digest, f"{name} is not the listed file")
    return files


def _check_request(raw: bytes) -> tuple[dict[str, Any], str, str, str]:
    """Step 3: give the request, its SHA-256, and the keys of the two people."""
    signed = json.loads(raw)
    payload, approval = base64.b64decode(signed["payload"], validate=True), signed["approval"]
    _need(approval, "the request has not been approved")
    request, digest = json.loads(payload), hashlib.sha256(payload).hexdigest()
    one, two = signed["public_key"], approval["public_key"]
    _need(
        one != two and request["requester"].casefold() != approval["name"].casefold(), "one person asked and approved"
    )
    _verify(bytes.fromhex(one), bytes.fromhex(signed["signature"]), _REQUEST_PREFIX + payload, "the request")
    told = {"at": approval["at"], "name": approval["name"], "request_sha256": digest}
    message = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    _verify(bytes.fromhex(two), bytes.fromhex(approval["signature"]), _APPROVAL_PREFIX + message, "the approval")
    return request, digest, one, two


def _check_order(raw: bytes) -> tuple[dict[str, Any], str]:
    """Do step 3 for the order: give it, and its SHA-256."""
    signed = json.loads(raw)
    payload = base64.b64decode(signed["payload"], validate=True)
    order = json.loads(payload)
    by_key = {each["public_key"]: each["signature"] for each in signed["signatures"]}
    for approver in order["approvers"]:
        key = approver["public_key"]
        _need(key in by_key, "the order is not signed by both its approvers")
        _verify(bytes.fromhex(key), bytes.fromhex(by_key[key]), _ORDER_PREFIX + payload, "the order")
    _need(len({each["public_key"] for each in order["approvers"]}) == 2, "the order has not two approvers")  # noqa: PLR2004 - two people
    return order, hashlib.sha256(payload).hexdigest()


def read_vkey(text: str) -> tuple[str, bytes, int, bytes]:
    """Read `NAME+ID+KEY`: name, id, kind, 32 bytes."""
    found = _VKEY.fullmatch(text.strip())
    _need(found, "a key of a log cannot be read")
    if found is None:
        raise PackError("a key of a log cannot be read")
    raw = base64.b64decode(found[3], validate=True)
    key_id = hashlib.sha256(found[1].encode() + b"\n" + raw).digest()[:4]
    _need(key_id.hex() == found[2] and len(raw) == 33, "the id of a key of a log is another key's")  # noqa: PLR2004 - kind and key
    return found[1], key_id, raw[0], raw[1:]


def _read_state(note: str, ledger: str) -> tuple[str, int, bytes, dict[tuple[str, bytes], bytes], str]:
    """Give origin, size and root of a state that the ledger signed, with all signature lines and the text."""
    text, blank, below = note.rpartition("\n\n")
    text += "\n"
    signatures: dict[tuple[str, bytes], bytes] = {}
    for line in below.splitlines():
        dash, name, encoded = line[: len(_DASH)], *line[len(_DASH) :].split(" ")
        raw = base64.b64decode(encoded, validate=True)
        _need(dash == _DASH and len(raw) > 4, "a state of the ledger cannot be read")  # noqa: PLR2004 - the id of its key
        signatures[name, raw[:4]] = raw[4:]
    origin, size, root = text.split("\n")[:3]
    name, key_id, kind, public = read_vkey(ledger)
    _need(blank and name == origin and kind == _ED25519, "the checkpoint is another ledger's")
    _need((name, key_id) in signatures, "the checkpoint is not signed by the key of the ledger")
    _verify(public, signatures[name, key_id], text.encode(), "the checkpoint")
    return origin, int(size), base64.b64decode(root, validate=True), signatures, text


def _check_earlier(lines: bytes, ledger: str, size: int, root: bytes, last: int) -> list[tuple[str, int]]:
    """Do step 4 for states that somebody else vouches for: each covers all entries and is how the ledger began.

    Give the witnesses, and the second in which each confirmed. That a time stamp holds only its service can say; here
    it is about this very state, or it is refused.
    """
    confirmed = []
    for line in lines.splitlines():
        note, proof, witness, stamp = json.loads(line)
        _, old, old_root, signatures, text = _read_state(base64.b64decode(note, validate=True).decode(), ledger)
        _need(last < old <= size, "a state that was confirmed does not cover the entries of the pack")
        _check_growth(old, old_root, size, root, base64.b64decode(proof, validate=True))
        digest = hashlib.sha256(text.encode()).digest()
        _need(not stamp or digest in base64.b64decode(stamp, validate=True), "a time stamp is about another state")
        if witness:
            name, key_id, kind, public = read_vkey(witness)
            raw = signatures.get((name, key_id), b"")
            _need(kind == _COSIGNATURE and len(raw) == 72, f"a state is not confirmed by {name}")  # noqa: PLR2004 - time and signature
            second = int.from_bytes(raw[:8], "big")
            _verify(public, raw[8:], f"cosignature/v1\ntime {second}\n{text}".encode(), f"the witness {name}")
            confirmed.append((witness, second))
    return confirmed


def _check_growth(old: int, old_root: bytes, size: int, root: bytes, proof: bytes) -> None:
    """Follow a proof of consistency (RFC 9162, 2.1.4.2): the larger tree begins with the smaller one."""
    hashes = [proof[at : at + 32] for at in range(0, len(proof), 32)]
    if old == size:
        _need(not hashes and old_root == root, "the ledger has two roots for one size")
        return
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    _need(hashes and len(proof) % 32 == 0, "a proof that the ledger only grew is too short")
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    one = two = hashes[0]
    for sibling in hashes[1:]:
        _need(last, "a proof that the ledger only grew is too long")
        if node & 1 or node == last:
            one, two = (hashlib.sha256(b"\x01" + sibling + each).digest() for each in (one, two))
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            two = hashlib.sha256(b"\x01" + two + sibling).digest()
        node, last = node >> 1, last >> 1
    _need(not last and (one, two) == (old_root, root), "the ledger does not begin with a state that was confirmed")


def _root_from(leaf: bytes, index: int, size: int, proof: bytes) -> bytes:
    """Follow a proof of inclusion (RFC 9162, 2.1.3.2) from a leaf's hash to a root."""
    _need(0 <= index < size and len(proof) % 32 == 0, "an entry has no place in the ledger")
    node, last, reached = index, size - 1, leaf
    for at in range(0, len(proof), 32):
        _need(last, "a proof is too long")
        sibling = proof[at : at + 32]
        if node & 1 or node == last:
            reached = hashlib.sha256(b"\x01" + sibling + reached).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = hashlib.sha256(b"\x01" + reached + sibling).digest()
        node, last = node >> 1, last >> 1
    _need(not last, "a proof is too short")
    return reached


def _open_entry(entry: bytes, key: bytes) -> bytes:
    """Step 6: open an entry with its own key, which the entry commits to."""
    commitment, sealed = entry[1 : 1 + _COMMIT_BYTES], entry[1 + _COMMIT_BYTES :]
    expected = hashlib.sha256(_RECORD_COMMIT + key).digest()
    _need(entry[:1] == bytes([_RECORD]) and hmac.compare_digest(commitment, expected), "a key is not its entry's key")
    try:
        return AESGCM(key).decrypt(bytes(12), sealed, None)
    except (InvalidTag, ValueError) as error:
        raise PackError("a sealed entry does not open with its own key") from error


def _check_entries(lines: bytes, size: int, root: bytes, order_sha256: str) -> tuple[OpenedEntry, ...]:
    """Do steps 5 and 6, and of step 7 that each segment was written under the order."""
    opened, last, headers = [], -1, 0
    for line in lines.splitlines():
        index, entry, proof, key = json.loads(line)
        raw = base64.b64decode(entry, validate=True)
        _need(isinstance(index, int) and index > last, "the entries of the pack are not in order")
        last = index
        leaf = hashlib.sha256(b"\x00" + raw).digest()
        _need(
            _root_from(leaf, index, size, base64.b64decode(proof, validate=True)) == root,
            f"entry {index} is not in the ledger",
        )
        if raw[0] == _HEADER:
            headers += 1
            _need(json.loads(raw[1:])["order_sha256"] == order_sha256, f"entry {index} is under another order")
            continue
        opened.append(OpenedEntry(index, _open_entry(raw, base64.b64decode(key, validate=True))))
    _need(headers or not opened, "the pack lacks the headers of its entries")
    return tuple(opened)


def is_selected(value: dict[str, Any], chosen: dict[str, Any], order_id: str) -> bool:
    """Whether a record (as JSON) is one that a selection (as JSON) asks for; gaps of the same time belong to it."""
    start, end = _sortable(chosen["from"]), _sortable(chosen["until"])
    if value["format"] == "p2p-gap-1":
        overlaps = value["from_at"] < end and (value["until_at"] is None or value["until_at"] >= start)
        return value["order_id"] == order_id and overlaps and value["network"] in {"", *chosen["networks"]}
    contact, offered = value["contact"], value["offered"]
    least = chosen["least_rung"]
    return bool(
        value["format"] == "p2p-contact-1"
        and offered["order_id"] == order_id
        and start <= contact["started_at"] < end
        and offered["network"] in chosen["networks"]
        and contact["registry_country"] in chosen["countries"]
        and (contact["rung"] >= max(least, 3) or (least == _CAME_BACK and contact["came_back"]))
        and (not chosen["offers"] or offered["offer_id"] in chosen["offers"])
        and (not chosen["visits"] or contact["visit_id"] in chosen["visits"])
    )


def _check_selected(entries: Iterable[OpenedEntry], request: dict[str, Any], order: dict[str, Any]) -> None:
    """Do step 7: every record is one that was asked for."""
    _need(request["order_id"] == order["id"], "the request is under another order")
    for each in entries:
        asked = is_selected(json.loads(each.record), request["selection"], order["id"])
        _need(asked, f"entry {each.index} was not asked for")


def _sortable(moment: str) -> str:
    """Write a moment of a request as records write theirs, so that texts compare as times."""
    return moment if "." in moment else f"{moment[:-1]}.000000Z"


def check_pack(raw: bytes) -> Checked:
    """Run all steps. Raises `PackError` at the first that does not hold."""
    try:
        exporter = _check_container(raw)  # 1
        files = read_files(raw)  # 2
        manifest = json.loads(files["manifest.json"])
        request, digest, requester, approver = _check_request(files["request.json"])  # 3
        _need(manifest["request_sha256"] == digest, "the pack is the answer to another request")
        order, order_sha256 = _check_order(files["order.json"])
        ledger = files["ledger.vkey"].decode().strip()
        origin, size, root, _, _ = _read_state(files["checkpoint"].decode(), ledger)  # 4
        entries = _check_entries(files["entries.jsonl"], size, root, order_sha256)  # 5, 6
        last = entries[-1].index if entries else -1
        confirmed = _check_earlier(files["confirmed.jsonl"], ledger, size, root, last)  # 4
        _check_selected(entries, request, order)  # 7
    except PackError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise PackError("a part of the pack cannot be read") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise PackError("the pack is damaged") from error
    return Checked(
        *(manifest, request, order, entries, origin, size, root),
        *(exporter, requester, approver, ledger, tuple(confirmed)),
    )


def summary(checked: Checked) -> list[str]:
    """Say what held, for a terminal; nothing of a person is in it."""
    contacts = [json.loads(each.record) for each in checked.entries]
    visits = {each["contact"]["visit_id"] for each in contacts if each["format"] == "p2p-contact-1"}
    lines = [
        "everything holds",
        f"  request    {checked.request['id']} under order {checked.order['id']} of {checked.order['authority']}",
        f"  records    {len(checked.entries)} of the {checked.size} entries of the ledger {checked.origin}",
        f"  contacts   {len(visits)}",
        f"  root       {checked.root.hex()}",
        f"  made at    {checked.manifest['made_at']} by police2peer {checked.manifest['tool_version']}",
        "  whose keys these are is for you to compare:",
        f"    exported by   {checked.exporter}",
        f"    asked by      {checked.requester}",
        f"    approved by   {checked.approver}",
        f"    ledger        {checked.ledger_key}",
    ]
    return lines + [
        f"    witness       {key} (confirmed at {second} s of Unix time)" for key, second in checked.witnesses
    ]


def unknown_keys(
    checked: Checked, trust: Iterable[str], ledgers: Iterable[str], witnesses: Iterable[str]
) -> list[str]:
    """Name the roles whose keys are not among those given; an empty list of a kind is not asked about."""
    trusted, logs, seen = set(trust), set(ledgers), set(witnesses)
    people = {"exporter": checked.exporter, "requester": checked.requester, "approver": checked.approver}
    found = [role for role, key in people.items() if trusted and key not in trusted]
    found += ["ledger"] if logs and checked.ledger_key not in logs else []
    return found + (["witness"] if seen - {key for key, _ in checked.witnesses} else [])


def _lines(paths: Iterable[Path]) -> list[str]:
    lines = [line.partition("#")[0].strip() for path in paths for line in path.read_text("utf-8").splitlines()]
    return [line for line in lines if line]


def main(argv: Sequence[str] | None = None) -> int:
    """Check a pack; 0 when all holds, 1 when it does not, 2 for wrong use."""
    parser = argparse.ArgumentParser(description="Checks an evidence pack, offline.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[], help="keys of people, one a line")
    parser.add_argument("--ledger", type=Path, action="append", default=[], help="the ledger's .vkey")
    parser.add_argument("--witness", type=Path, action="append", default=[], help="a witness's .vkey")
    parser.add_argument("--records", action="store_true", help="print every record, one a line")
    asked = parser.parse_args(argv)
    try:
        checked = check_pack(asked.pack.read_bytes())
        unknown = unknown_keys(checked, _lines(asked.trust), _lines(asked.ledger), _lines(asked.witness))
    except OSError as error:
        sys.stderr.write(f"{error.strerror}: {error.filename}\n")
        return 2
    except PackError as error:
        sys.stderr.write(f"refused: {error}\n")
        return 1
    lines = [json.dumps(json.loads(each.record)) for each in checked.entries] if asked.records else summary(checked)
    sys.stdout.write("\n".join(lines) + "\n")
    for role in unknown:
        sys.stderr.write(f"refused: the key of the {role} is not one that you trust\n")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
