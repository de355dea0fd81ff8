# SPDX-License-Identifier: EUPL-1.2
"""What a thief of some keys, or an agency, could put into a catalogue that is not theirs to say."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined] # no __all__
from tuf.api.metadata import Metadata, Root  # type: ignore[attr-defined] # no __all__

from police2peer.catalogue import Registry, publication, publish_catalogue
from police2peer.catalogue.packing import RecordKey

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case


def forge_root(case: "Case", signers: list[CryptoSigner]) -> None:
    """Write root 2 with the attacker's keys in every role, signed by these."""
    attacker = SSlibKey.from_crypto(Ed25519PrivateKey.generate().public_key())
    metadata: Metadata[Root] = Metadata.from_bytes(case.root)
    metadata.signed.version = 2
    for role in ("root", "targets", "snapshot", "timestamp"):
        metadata.signed.roles[role].threshold = 1
        metadata.signed.add_key(attacker, role)
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    (case.public / "md/2.root.json").write_bytes(metadata.to_bytes())


def publish_with(case: "Case", monkeypatch: pytest.MonkeyPatch, number: int, agency: str, key: RecordKey) -> None:
    """Publish a fresh record that names one agency and is signed with another's key."""
    with Registry(case.folder) as registry:
        registry.add([replace(case.drafts[number], agency=agency)], now=case.now.date())
    with monkeypatch.context() as patch:
        patch.setattr(publication, "record_keys", lambda _home: {agency: key})
        publish_catalogue(case.folder, now=case.now)
