# SPDX-License-Identifier: EUPL-1.2
"""Walks the TUF metadata of a catalogue from a pinned root to its head, with `cryptography` and `json` alone.

`tuf` makes the metadata and is not needed to check it: a verifier that starts in a blink can be run by anyone,
and the same hundred lines stand in the browser. The tests hold this walk against python-tuf on good and bad
repositories.

1. root chain from the pinned root; 2. timestamp; 3. snapshot; 4. targets; 5. catalogue; 6. head. Each is signed
by a threshold of keys counted by their public value, is what the file before it named, and is no older than
what was seen.

Expiry is reported, not raised: an expired copy still says truthfully what was so on its day.
Source: TUF specification 1.0, section 5 (detailed client workflow); docs/catalogue-format.md, steps 1 to 3.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from police2peer.catalogue import snapshot as files
from police2peer.catalogue.distrust import FETCH_AGAIN, JsonObject, distrusting, read_object
from police2peer.catalogue.head import Head, read_utc
from police2peer.catalogue.log.policy import LOG_ROLE, LogPolicy
from police2peer.errors import NotAuthentic

__all__ = [
    "AGENCY_PREFIX",
    "Agency",
    "KeyRing",
    "Trusted",
    "Versions",
    "canonical",
    "head_sha256_of",
    "read_agencies",
    "walk_metadata",
]

AGENCY_PREFIX = "agency-"
_ROOT_STEPS = 256
_HEAD_NAME = "head.json"


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one state of the catalogue, kept to notice when an older one is shown."""

    root: int = 0
    timestamp: int = 0
    snapshot: int = 0
    targets: int = 0
    catalogue: int = 0

    def check_not_before(self, seen: "Versions") -> None:
        """Raise `NotAuthentic` when any version is lower than the one seen before."""
        for each in fields(self):
            if getattr(self, each.name) < getattr(seen, each.name):
                raise NotAuthentic(
                    f"this copy of the catalogue is older than one seen here before ({each.name} "
                    f"{getattr(self, each.name)} after {getattr(seen, each.name)})",
                    remedy=FETCH_AGAIN,
                )


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one role by key id, and how many of them must sign."""

    keys: Mapping[str, bytes]
    threshold: int

    def check(self, message: bytes, signatures: Mapping[str, bytes], what: str) -> None:
        """Raise `NotAuthentic` unless a threshold of different keys signed the message."""
        good: set[bytes] = set()
        for key_id, signature in signatures.items():
            public = self.keys.get(key_id)
            if public is not None and _is_signed(public, message, signature):
                good.add(public)
        if len(good) < self.threshold:
            raise NotAuthentic(
                f"{what} is signed by {len(good)} of the {self.threshold} keys that it needs", remedy=FETCH_AGAIN
            )


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency that the programme names: who it is and which keys sign its records."""

    role: str
    name: str
    country: str
    ring: KeyRing


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the walk found, and the first role that had expired, if one had."""

    versions: Versions
    agencies: Mapping[str, Agency]
    head: Head
    head_sha256: str
    expired_role: str | None
    expired_at: datetime | None
    log: LogPolicy | None = None


def canonical(value: object) -> bytes:
    """Give the canonical JSON that TUF signs; to be used inside `distrusting`."""
    match value:
        case bool():
            return b"true" if value else b"false"
        case None:
            return b"null"
        case int():
            return str(value).encode()
        case str():
            return b'"' + value.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
        case list():
            return b"[" + b",".join(map(canonical, value)) + b"]"
        case dict():
            return b"{" + b",".join(canonical(k) + b":" + canonical(value[k]) for k in sorted(value)) + b"}"
        case _:
            raise TypeError("not JSON")


def _is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _object(value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError("not a count")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _hex(value: object) -> bytes:
    """Read lower-case hex without blanks, so that a signature has one spelling."""
    raw = bytes.fromhex(_text(value))
    if raw.hex() != value:
        raise ValueError("not lower-case hex")
    return raw


def _ring(keys: object, role: object) -> KeyRing:
    """Read a role's Ed25519 keys; keys of other kinds are not used here."""
    table, ids = _object(keys), [_text(each) for each in _list(_object(role)["keyids"])]
    known = {}
    for key_id in ids:
        key = _object(table[key_id])
        if key["scheme"] == key["keytype"] == "ed25519":
            known[key_id] = _hex(_object(key["keyval"])["public"])
            Ed25519PublicKey.from_public_bytes(known[key_id])  # a key of another length is no key
    return KeyRing(known, _whole(_object(role)["threshold"]))


class _Signed:
    """One metadata file, read; nothing in it is trusted before `check`."""

    def __init__(self, raw: bytes, kind: str) -> None:
        envelope = read_object(raw)
        self.signed = _object(envelope["signed"])
        self._signatures = {
            _text(_object(each)["keyid"]): _hex(_object(each)["sig"]) for each in _list(envelope["signatures"])
        }
        if self.signed["_type"] != kind or not _text(self.signed["spec_version"]).startswith("1."):
            raise ValueError("another kind of file")
        self.version = _whole(self.signed["version"])
        self.expires = read_utc(self.signed["expires"])

    def check(self, ring: KeyRing, what: str) -> None:
        ring.check(canonical(self.signed), self._signatures, what)

    def ring(self, role: str) -> KeyRing:
        return _ring(self.signed["keys"], _object(self.signed["roles"])[role])


@dataclass(frozen=True, slots=True)
class _Named:
    """What one file says of the next."""

    version: int
    length: int
    sha256: str

    @classmethod
    def of(cls, signed: JsonObject, name: str) -> "_Named":
        meta = _object(_object(signed["meta"])[name])
        return cls(_whole(meta["version"]), _whole(meta["length"]), _text(_object(meta["hashes"])["sha256"]))


class _Walk:
    """The state of one walk: what was read, and which role expired first."""

    def __init__(self, reader: files.Reader, now: datetime) -> None:
        self._reader = reader
        self._now = now
        self.expired: tuple[str, datetime] | None = None

    def note_expiry(self, signed: _Signed, role: str) -> None:
        if self.expired is None and signed.expires <= self._now:
            self.expired = (role, signed.expires)

    def root(self, pinned: bytes) -> _Signed:
        with distrusting("the pinned root"):
            root = _Signed(pinned, "root")
            root.check(root.ring("root"), "the pinned root")
        for _ in range(_ROOT_STEPS):
            raw = self._reader.read(f"md/{root.version + 1}.root.json", files.ROOT_LIMIT_BYTES)
            if raw is None:
                self.note_expiry(root, "root")
                return root
            with distrusting("the root"):
                following = _Signed(raw, "root")
                following.check(root.ring("root"), "the new root, by the old keys,")
                following.check(following.ring("root"), "the new root, by its own keys,")
                if following.version != root.version + 1:
                    raise ValueError("a version is left out")
            root = following
        raise NotAuthentic("this copy of the catalogue has too many roots", remedy=FETCH_AGAIN)

    def timestamp(self, ring: KeyRing) -> _Signed:
        what = "the timestamp"
        raw = files.read_whole(self._reader, "md/timestamp.json", files.TIMESTAMP_LIMIT_BYTES, what)
        with distrusting(what):
            signed = _Signed(raw, "timestamp")
            signed.check(ring, what)
            self.note_expiry(signed, "timestamp")
            return signed

    def named(self, named: _Named, role: str, kind: str, ring: KeyRing, limit_bytes: int) -> _Signed:
        what = f"the file of the role {role}"
        raw = files.read_whole(self._reader, f"md/{named.version}.{role}.json", limit_bytes, what)
        _check_content(raw, named.length, named.sha256, what)
        with distrusting(what):
            signed = _Signed(raw, kind)
            signed.check(ring, what)
            if signed.version != named.version:
                raise ValueError("another version than named")
            self.note_expiry(signed, role)
            return signed

    def head(self, catalogue: _Signed) -> tuple[str, Head]:
        with distrusting("the catalogue's list"):
            target = _object(_object(catalogue.signed["targets"])[_HEAD_NAME])
            length, sha256 = _whole(target["length"]), _text(_object(target["hashes"])["sha256"])
        files.blob_name("head", sha256)
        raw = files.read_whole(self._reader, f"head/{sha256}.{_HEAD_NAME}", files.HEAD_LIMIT_BYTES, "the head")
        _check_content(raw, length, sha256, "the head")
        with distrusting("the head"):
            return sha256, Head.from_bytes(raw)


def _check_content(raw: bytes, length: int, sha256: str, what: str) -> None:
    if len(raw) != length or hashlib.sha256(raw).hexdigest() != sha256:
        raise NotAuthentic(f"{what} in this copy of the catalogue is not the published one", remedy=FETCH_AGAIN)


def _read_delegations(targets: _Signed) -> tuple[KeyRing, dict[str, Agency], LogPolicy | None]:
    """Give the keys of the catalogue role, every agency with its keys, and the log where there is one."""
    delegations = _object(targets.signed["delegations"])
    roles = {_text(_object(each)["name"]): _object(each) for each in _list(delegations["roles"])}
    catalogue = roles["catalogue"]
    if catalogue["paths"] != [_HEAD_NAME]:
        raise ValueError("the catalogue role may name the head alone")
    agencies = {}
    for name, role in roles.items():
        if name.startswith(AGENCY_PREFIX):
            about = _object(role["agency"])
            ring = _ring(delegations["keys"], role)
            agencies[name] = Agency(name, _text(about["name"]), _text(about["country"]), ring)
    log = roles.get(LOG_ROLE)
    policy = LogPolicy.read(log[LOG_ROLE], _ring(delegations["keys"], log).keys) if log else None
    return _ring(delegations["keys"], catalogue), agencies, policy


def read_agencies(targets: bytes) -> dict[str, Agency]:
    """Give the agencies that a signed list names; its signatures are not looked at."""
    with distrusting("the list of agencies"):
        return _read_delegations(_Signed(targets, "targets"))[1]


def walk_metadata(reader: files.Reader, pinned: bytes, now: datetime, seen: Versions) -> Trusted:
    """Walk from the pinned root to the head. Raises `NotAuthentic`; expiry is reported in what is returned."""
    walk = _Walk(reader, now)
    root = walk.root(pinned)
    with distrusting("the root"):
        rings = {role: root.ring(role) for role in ("timestamp", "snapshot", "targets")}
    timestamp = walk.timestamp(rings["timestamp"])
    with distrusting("the timestamp"):
        named = _Named.of(timestamp.signed, "snapshot.json")
    snapshot = walk.named(named, "snapshot", "snapshot", rings["snapshot"], files.SNAPSHOT_LIMIT_BYTES)
    with distrusting("the snapshot"):
        named_targets = _Named.of(snapshot.signed, "targets.json")
        named_catalogue = _Named.of(snapshot.signed, "catalogue.json")
    targets = walk.named(named_targets, "targets", "targets", rings["targets"], files.TARGETS_LIMIT_BYTES)
    with distrusting("the list of agencies"):
        ring, agencies, log = _read_delegations(targets)
    catalogue = walk.named(named_catalogue, "catalogue", "targets", ring, files.CATALOGUE_LIMIT_BYTES)
    head_sha256, head = walk.head(catalogue)
    each = (root, timestamp, snapshot, targets, catalogue)
    versions = Versions(*(signed.version for signed in each))
    versions.check_not_before(seen)
    role, at = walk.expired or (None, None)
    return Trusted(versions, agencies, head, head_sha256, role, at, log)


def head_sha256_of(snapshot: Path, pinned: bytes, now: datetime) -> str:
    """Give the SHA-256 (hex) of the head that a catalogue's folder holds. Raises `NotAuthentic`, `Unavailable`."""
    return walk_metadata(files.FolderReader(snapshot), pinned, now, Versions()).head_sha256
