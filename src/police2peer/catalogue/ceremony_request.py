# SPDX-License-Identifier: EUPL-1.2
"""What is carried to a keeper and back: a request with the exact bytes to be signed, and a signature for it.

A request holds the root and targets in force, and what is to be signed: the canonical bytes of a new root, of new
targets, or of both. It is read strictly: what a keeper is shown is exactly what the key signs, and a signature names
the SHA-256 of the request's file, so that it counts for this request alone.

1. The file is JSON of this form and size. 2. Root and targets in force hold under themselves. 3. Each part is the
canonical form of what python-tuf reads in it, and has every key that it names. 4. Its version is the next one, and it
expires after it was made.
Sources: TUF specification 1.0, sections 4.3 to 4.5; python-tuf.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from securesystemslib.exceptions import StorageError
from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Root, Targets  # type: ignore[attr-defined] # no __all__
from tuf.api.serialization import DeserializationError, SerializationError
from tuf.api.serialization.json import CanonicalJSONSerializer

from police2peer.errors import BadInput, NotAuthentic

__all__ = ["CeremonyRequest", "CeremonySignature", "canonical_bytes", "keys_of", "sha256_of", "signed_file"]

REQUEST_FORMAT = "police2peer-ceremony-request-1"
SIGNATURE_FORMAT = "police2peer-ceremony-signature-1"
_MOST_REQUEST_BYTES = 6 * 1024 * 1024  # two files of 1 MiB twice, in base64
_MOST_SIGNATURE_BYTES = 16 * 1024
_SIGNATURE_BYTES = 64
_ROLES = ("root", "targets")
_REMEDY = "ask for the file again, as `police2peer catalogue ceremony` made it"
_FOREIGN = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_FROM_TUF = (DeserializationError, SerializationError, RepositoryError, DownloadError, StorageError)


def canonical_bytes(signed: Root | Targets) -> bytes:
    """Give the bytes that a key signs."""
    return bytes(CanonicalJSONSerializer().serialize(signed))


@dataclass(frozen=True, slots=True)
class CeremonyRequest:
    """What is in force (None before the first root), what is to be signed by role, and how the keys are called."""

    made_at: datetime
    root: bytes | None
    targets: bytes | None
    to_sign: Mapping[str, bytes]
    names: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Give the content of request.json."""
        in_force = None
        if self.root is not None and self.targets is not None:
            in_force = {"root": _armour(self.root), "targets": _armour(self.targets)}
        document = {
            "format": REQUEST_FORMAT,
            "made_at": self.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "in_force": in_force,
            "to_sign": {role: _armour(self.to_sign[role]) for role in _ROLES if role in self.to_sign},
            "names": dict(sorted(self.names.items())),
        }
        return (json.dumps(document, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "CeremonyRequest":
        """Read request.json. Raises `BadInput`, and `NotAuthentic` when what it calls in force does not hold."""
        value = _read(content, REQUEST_FORMAT, _MOST_REQUEST_BYTES, {"made_at", "in_force", "to_sign", "names"})
        try:
            request = cls(
                datetime.strptime(value["made_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
                *_in_force(value["in_force"]),
                {role: _bare(text) for role, text in _table(value["to_sign"]).items()},
                {_hex(key, 32): _label(name) for key, name in _table(value["names"]).items()},
            )
            request.check()
        except (*_FOREIGN, *_FROM_TUF) as error:
            raise BadInput("this is not a request for signatures", remedy=_REMEDY) from error
        return request

    def check(self) -> None:
        """Hold the request to steps 2 to 4; what is wrong in form raises as it comes."""
        if not self.to_sign or not self.to_sign.keys() <= set(_ROLES):
            raise ValueError("nothing to sign")
        if self.root is None and self.to_sign.keys() != set(_ROLES):
            raise ValueError("the first root comes with the first targets")
        if self.root is not None and self.targets is not None:
            root, targets = Metadata[Root].from_bytes(self.root), Metadata[Targets].from_bytes(self.targets)
            _hold(root.signed, "root", root)
            _hold(root.signed, "targets", targets)
        for role, payload in self.to_sign.items():
            before, after = self.before(role), self.after(role)
            if canonical_bytes(after) != payload or after.type != role:
                raise ValueError("other bytes than their meaning")
            if after.version != (before.version if before else 0) + 1 or after.expires <= self.made_at:
                raise ValueError("another version than the next, or one that has expired")
            _check_keys(after)

    def before(self, role: str) -> Root | Targets | None:
        """Give what is in force for a role."""
        raw = self.root if role == "root" else self.targets
        return None if raw is None else Metadata[Any].from_bytes(raw).signed

    def after(self, role: str) -> Root | Targets:
        """Give what is to be signed for a role."""
        value = json.loads(self.to_sign[role])
        return Root.from_dict(value) if role == "root" else Targets.from_dict(value)

    @property
    def roots(self) -> list[Root]:
        """Give the root in force and the new one, those that there are."""
        before = self.before("root")
        found = [before, self.after("root") if "root" in self.to_sign else None]
        return [root for root in found if isinstance(root, Root)]

    def may_sign(self, public: bytes) -> list[str]:
        """Give the parts for which this key counts, under the root in force or the new one."""
        return [
            role
            for role in _ROLES
            if role in self.to_sign
            and any(public.hex() == key.keyval["public"] for root in self.roots for key in keys_of(root, role))
        ]


def keys_of(root: Root, role: str) -> list[Any]:
    """Give the keys of a role as a root names them."""
    return [root.keys[key_id] for key_id in root.roles[role].keyids]


def _check_keys(signed: Root | Targets) -> None:
    """Raise unless every key that a role names is there and is an Ed25519 key."""
    if isinstance(signed, Root):
        found = [key for role in signed.roles for key in keys_of(signed, role)]
    elif signed.delegations is None or signed.delegations.roles is None:
        raise ValueError("targets that delegate nothing")
    else:
        table = signed.delegations.keys
        found = [table[key_id] for role in signed.delegations.roles.values() for key_id in role.keyids]
    for key in found:
        if (key.keytype, key.scheme) != ("ed25519", "ed25519"):
            raise ValueError("another kind of key")
        _hex(key.keyval["public"], 32)


def _hold(root: Root, role: str, metadata: "Metadata[Any]") -> None:
    try:
        root.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except RepositoryError as error:
        raise NotAuthentic(
            f"the {role} that this request calls the one in force is not signed by its keys",
            remedy="sign nothing; ask who made this request, and by another way than it came",
        ) from error


@dataclass(frozen=True, slots=True)
class CeremonySignature:
    """One key's signatures for one request, by role."""

    request_sha256: str
    public_key: bytes
    signatures: Mapping[str, bytes]

    def to_bytes(self) -> bytes:
        """Give the content of signature.json."""
        document = {
            "format": SIGNATURE_FORMAT,
            "request_sha256": self.request_sha256,
            "public_key": self.public_key.hex(),
            "signatures": {role: signature.hex() for role, signature in sorted(self.signatures.items())},
        }
        return (json.dumps(document, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "CeremonySignature":
        """Read signature.json; raises `BadInput` on anything else. Nothing in it is proved."""
        fields = {"request_sha256", "public_key", "signatures"}
        value = _read(content, SIGNATURE_FORMAT, _MOST_SIGNATURE_BYTES, fields)
        try:
            given = _table(value["signatures"])
            if not given or not given.keys() <= set(_ROLES):
                raise ValueError("no signature")
            signatures = {role: bytes.fromhex(_hex(text, _SIGNATURE_BYTES)) for role, text in given.items()}
            return cls(_hex(value["request_sha256"], 32), bytes.fromhex(_hex(value["public_key"], 32)), signatures)
        except _FOREIGN as error:
            raise BadInput("this is not a signature for a ceremony", remedy=_REMEDY) from error


def signed_file(payload: bytes, signatures: Mapping[str, bytes]) -> bytes:
    """Give a TUF file of what was signed, with its signatures by key id."""
    listed = [{"keyid": key_id, "sig": signature.hex()} for key_id, signature in sorted(signatures.items())]
    return json.dumps({"signatures": listed, "signed": json.loads(payload)}, separators=(",", ":")).encode()


def sha256_of(content: bytes) -> str:
    """Give the SHA-256 that is read aloud; any other program gives the same for the file."""
    return hashlib.sha256(content).hexdigest()


def _read(content: bytes, kind: str, limit_bytes: int, fields: set[str]) -> dict[str, Any]:
    try:
        value = json.loads(content) if len(content) <= limit_bytes else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.keys() != fields | {"format"} or value["format"] != kind:
        raise BadInput(f"this file is not of the form {kind}", remedy=_REMEDY)
    return value


def _in_force(value: object) -> tuple[bytes | None, bytes | None]:
    if value is None:
        return None, None
    table = _table(value)
    if table.keys() != set(_ROLES):
        raise ValueError("not root and targets")
    return _bare(table["root"]), _bare(table["targets"])


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not a table")
    return value


def _armour(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bare(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError("not text")
    return base64.b64decode(text, validate=True)


def _hex(text: object, count: int) -> str:
    if not isinstance(text, str) or bytes.fromhex(text).hex() != text or len(text) != 2 * count:
        raise ValueError("not lower-case hex of this length")
    return text


def _label(text: object) -> str:
    if not isinstance(text, str) or not text.isascii() or not text.replace("-", "").replace(".", "").isalnum():
        raise ValueError("not a name of a key")
    return text
