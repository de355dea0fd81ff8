# SPDX-License-Identifier: EUPL-1.2
"""Keys to which records are sealed: made offline, named in the order, and no use for opening them."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import (
    Approver,
    EvidenceKeyKind,
    EvidenceMode,
    EvidencePublicKey,
    NetworkSpace,
    OperationOrder,
    PassPhrases,
    load_campaign,
    new_evidence_key,
    public_bytes,
    read_evidence_key,
    using,
)
from police2peer.cli import main
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready


@pytest.mark.parametrize("kind", EvidenceKeyKind)
def test_what_is_sealed_opens_with_the_private_half_alone(kind: EvidenceKeyKind, tmp_path: Path) -> None:
    made = new_evidence_key(tmp_path / "evidence.key", kind)
    public = EvidencePublicKey.read(tmp_path / "evidence.pub")
    assert public == made.public
    assert (tmp_path / "evidence.key").stat().st_mode & 0o077 == 0
    sealed = public.wrap(b"secret", b"purpose")
    assert read_evidence_key(tmp_path / "evidence.key").unwrap(sealed, b"purpose") == b"secret"
    with pytest.raises(BadInput, match="does not open"):
        made.unwrap(sealed, b"another purpose")
    with pytest.raises(BadInput, match="does not open"):
        new_evidence_key(tmp_path / "other.key", kind).unwrap(sealed, b"purpose")
    with pytest.raises(BadInput, match="does not open"):
        made.unwrap(b"short", b"purpose")


def test_a_locked_key_opens_with_its_pass_phrase_only(tmp_path: Path) -> None:
    made = new_evidence_key(tmp_path / "evidence.key", EvidenceKeyKind.HYBRID, b"six words that nobody guesses")
    assert (tmp_path / "evidence.key").read_bytes().count(b"BEGIN ENCRYPTED PRIVATE KEY") == 2
    for phrase, opens in (("six words that nobody guesses", True), ("six words that somebody guesses", False)):
        file = tmp_path / "phrase"
        file.touch(mode=0o600)
        file.write_text(phrase, encoding="utf-8")
        with using(PassPhrases({"": file})):
            if opens:
                assert read_evidence_key(tmp_path / "evidence.key").public == made.public
            else:
                with pytest.raises(BadInput, match="does not open"):
                    read_evidence_key(tmp_path / "evidence.key")


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    new_evidence_key(tmp_path / "evidence.key")
    with pytest.raises(BadInput, match="already"):
        new_evidence_key(tmp_path / "evidence.key")


@given(st.text(max_size=80) | st.text(max_size=60).map("p2p-evidence-1 x25519 {}".format))
def test_foreign_text_is_no_public_key(text: str) -> None:
    with pytest.raises(BadInput):
        EvidencePublicKey.parse(text)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_private_key(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("key") / "evidence.key"
    path.touch(mode=0o600)
    path.write_bytes(raw + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(BadInput):
        read_evidence_key(path)


def _order(**changes: object) -> OperationOrder:
    keys = [public_bytes(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2)]
    order = OperationOrder(
        id="no-2027-01",
        authority="Example National Police",
        country="NO",
        legal_ground="Example Police Act, section 1",
        spaces=(NetworkSpace("bittorrent", "some swarms", "on file 17"),),
        approvers=(Approver("One", keys[0]), Approver("Two", keys[1])),
        start=datetime(2027, 3, 1, tzinfo=UTC),
        end=datetime(2027, 3, 1, tzinfo=UTC) + timedelta(days=1),
        evidence=EvidenceMode.ON,
        campaign_sha256="ab" * 32,
    )
    return dataclasses.replace(order, **changes)  # type: ignore[arg-type] # the tests name the fields


def test_an_order_carries_its_recipients_and_an_older_one_reads_as_before(tmp_path: Path) -> None:
    public = new_evidence_key(tmp_path / "evidence.key").public
    order = _order(evidence_recipients=(public,))
    assert OperationOrder.from_bytes(order.to_bytes()) == order
    older = _order().to_bytes()
    assert b"evidence_recipients" not in older
    assert OperationOrder.from_bytes(older).evidence_recipients == ()


def test_recipients_without_records_or_one_twice_are_refused(tmp_path: Path) -> None:
    public = new_evidence_key(tmp_path / "evidence.key").public
    with pytest.raises(BadInput, match="evidence is off"):
        _order(evidence=EvidenceMode.OFF, evidence_recipients=(public,))
    with pytest.raises(BadInput, match="named twice"):
        _order(evidence_recipients=(public, public))


def test_a_campaign_that_keeps_records_names_a_key_for_them(ready: "Ready") -> None:
    text = ready.file.read_text(encoding="utf-8")
    asked = text.replace('evidence = "off"', 'evidence = "on"')
    ready.file.write_text(asked, encoding="utf-8")
    with pytest.raises(BadInput, match="no key to seal them to"):
        load_campaign(ready.file)
    named = asked.replace('evidence = "on"', 'evidence = "on"\nevidence_keys = ["evidence.pub"]')
    ready.file.write_text(named, encoding="utf-8")
    with pytest.raises(BadInput, match="there is no such file"):
        load_campaign(ready.file)
    public = new_evidence_key(ready.file.parent / "evidence.key").public
    assert load_campaign(ready.file).order.evidence_recipients == (public,)
    ready.file.write_text(named.replace('evidence = "on"', 'evidence = "off"'), encoding="utf-8")
    with pytest.raises(BadInput, match="evidence is off"):
        load_campaign(ready.file)


@pytest.mark.parametrize(("options", "kind"), [((), "mlkem768-x25519"), (("--classic",), "x25519")])
def test_the_command_makes_a_key(tmp_path: Path, options: tuple[str, ...], kind: str) -> None:
    made = CliRunner().invoke(main, ["key", "evidence", str(tmp_path / "evidence.key"), "--json", *options])
    assert made.exit_code == 0
    told = json.loads(made.output)
    public = EvidencePublicKey.read(tmp_path / "evidence.pub")
    assert (told["kind"], told["id"]) == (kind, public.id)
    again = CliRunner().invoke(main, ["key", "evidence", str(tmp_path / "evidence.key")])
    assert again.exit_code == 2
