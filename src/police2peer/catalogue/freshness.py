# SPDX-License-Identifier: EUPL-1.2
"""Signs a state of the catalogue with the online key: catalogue, snapshot and timestamp around a head.

Every publication signs all three anew, so that publishing without a change is how freshness is renewed.
Source: docs/catalogue-format.md, "TUF metadata"; docs/keys.md (lives).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined] # no __all__
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp  # type: ignore[attr-defined] # no __all__
from tuf.api.serialization.json import JSONSerializer

from police2peer.campaign import read_signing_key
from police2peer.catalogue.home import Home
from police2peer.catalogue.metadata import Versions
from police2peer.catalogue.packing import RecordKey
from police2peer.catalogue.trust import ONLINE_KEY, key_path, latest, signer_of

__all__ = ["SignedState", "record_keys", "sign_state"]

_CATALOGUE_LIFE = timedelta(days=7)  # catalogue and snapshot
_TIMESTAMP_LIFE = timedelta(hours=24)  # how long an old state can be shown to someone who never saw a newer one
_SERIALIZER = JSONSerializer(compact=True)


@dataclass(frozen=True, slots=True)
class SignedState:
    """The files of a state that never change, by name; and the timestamp that makes it the current one."""

    files: dict[str, bytes]
    timestamp: bytes
    versions: Versions


def record_keys(home: Home) -> dict[str, RecordKey]:
    """Load the record keys that are here and that the trust root names, by the agency's role."""
    targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
    delegations = targets.signed.delegations
    keys = {}
    for name, role in ((delegations and delegations.roles) or {}).items():
        path = key_path(home, name)
        if path.is_file():
            private: Ed25519PrivateKey = read_signing_key(path)
            key_id = signer_of(home, name).public_key.keyid
            if key_id in role.keyids:
                keys[name] = RecordKey(bytes.fromhex(key_id), private)
    return keys


def _meta(version: int, content: bytes) -> MetaFile:
    return MetaFile(version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})


def _signed(
    metadata: "Metadata[Snapshot] | Metadata[Targets] | Metadata[Timestamp]", signers: list[CryptoSigner]
) -> bytes:
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(_SERIALIZER)


def _online_signers(home: Home) -> list[CryptoSigner]:
    """Give the online key and the outgoing ones still here, so that a state holds under the root before as well."""
    outgoing = sorted(path.stem for path in home.keys.glob(f"{ONLINE_KEY}.until-root-*.pem"))
    return [signer_of(home, ONLINE_KEY), *(signer_of(home, name) for name in outgoing)]


def sign_state(home: Home, head: bytes, before: Versions, now: datetime) -> SignedState:
    """Sign the state with this head, one version after `before`, under the newest root and targets.

    Raises `NotPermitted` when the online key is not here.
    """
    online, moment = _online_signers(home), now.replace(microsecond=0)
    root_version, _ = latest(home, "root")
    targets_version, targets = latest(home, "targets")
    versions = Versions(
        root_version, before.timestamp + 1, before.snapshot + 1, targets_version, before.catalogue + 1
    )
    target = TargetFile.from_data("head.json", head, ["sha256"])
    listed = Targets(versions.catalogue, expires=moment + _CATALOGUE_LIFE, targets={"head.json": target})
    catalogue = _signed(Metadata(listed), online)
    meta = {"targets.json": _meta(targets_version, targets), "catalogue.json": _meta(versions.catalogue, catalogue)}
    snapshot = _signed(Metadata(Snapshot(versions.snapshot, expires=moment + _CATALOGUE_LIFE, meta=meta)), online)
    stamp = Timestamp(
        versions.timestamp, expires=moment + _TIMESTAMP_LIFE, snapshot_meta=_meta(versions.snapshot, snapshot)
    )
    files = {f"md/{path.name}": path.read_bytes() for path in home.trust.glob("*.root.json")}
    files |= {
        f"head/{hashlib.sha256(head).hexdigest()}.head.json": head,
        f"md/{targets_version}.targets.json": targets,
        f"md/{versions.catalogue}.catalogue.json": catalogue,
        f"md/{versions.snapshot}.snapshot.json": snapshot,
    }
    return SignedState(files, _signed(Metadata(stamp), online), versions)
