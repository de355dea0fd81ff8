# SPDX-License-Identifier: EUPL-1.2
"""Whatever is handed over as a contribution is read as one, or is not authentic; nothing else happens."""

import hashlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from police2peer.catalogue.contribution import (
    CONTRIBUTION_PREFIX,
    Contribution,
    ContributionReader,
    change_bytes,
    header_bytes,
    pack_bytes,
)
from police2peer.catalogue.lookup import CodeStretch
from police2peer.catalogue.metadata import Agency, KeyRing
from police2peer.catalogue.seal import Signature
from police2peer.errors import NotAuthentic

_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_AGENCY = Agency(
    "agency-nl-1", "Police Unit A", "NL", KeyRing({"ab" * 32: _KEY.public_key().public_bytes_raw()}, threshold=1)
)
_DRAW = random.Random(1)
_ENTRIES = sorted(_DRAW.randbytes(116) for _ in range(3))
_BODY = pack_bytes(b"y" * 300, [100, 200]) + b"".join(change_bytes(None, entry) for entry in _ENTRIES)
_SOUND = Contribution(
    agency=_AGENCY.role,
    catalogue="0" * 64,
    stretch=CodeStretch(1_000, bytes(16)),
    sequence=1,
    previous="0" * 64,
    complete=False,
    at=datetime(2026, 11, 23, tzinfo=UTC),
    records=2,
    packs=1,
    changes=3,
    body_bytes=len(_BODY),
    body_sha256=hashlib.sha256(_BODY).hexdigest(),
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_settings = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def _signed(manifest: bytes, body: bytes) -> bytes:
    signature = Signature(b"\xab" * 32, _KEY.sign(CONTRIBUTION_PREFIX + manifest))
    return header_bytes(manifest, (signature,)) + body


def _read(folder: Path, content: bytes) -> list[bytes]:
    """Read everything as accepting and merging do, and give the new entries."""
    path = folder / "contribution"
    path.write_bytes(content)
    with ContributionReader(path) as reader:
        reader.check(_AGENCY)
        assert [len(pack) for pack, _ in reader.packs()]
        return [new for _, new in reader.changes()]


def _body_of(body: bytes, packs: int = 1, changes: int = 3, records: int = 2) -> bytes:
    counted = replace(_SOUND, packs=packs, changes=changes, records=records)
    found = replace(counted, body_bytes=len(body), body_sha256=hashlib.sha256(body).hexdigest())
    return _signed(found.to_bytes(), body)


def test_a_sound_contribution_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path, _signed(_SOUND.to_bytes(), _BODY)) == _ENTRIES
    assert Contribution.from_bytes(_SOUND.to_bytes()) == _SOUND


def test_a_flipped_byte_anywhere_or_a_cut_is_not_authentic(tmp_path: Path) -> None:
    sound = _signed(_SOUND.to_bytes(), _BODY)
    for position in range(0, len(sound), 3):
        changed = bytearray(sound)
        changed[position] ^= 1
        with pytest.raises(NotAuthentic):
            _read(tmp_path, bytes(changed))
        with pytest.raises(NotAuthentic):
            _read(tmp_path, sound[:position])
    with pytest.raises(NotAuthentic):
        _read(tmp_path, sound + b"\n")


def test_a_contribution_without_signature_or_with_one_of_its_key_for_other_bytes_is_refused(tmp_path: Path) -> None:
    manifest = _SOUND.to_bytes()
    for signatures in (
        (),
        (Signature(b"\xab" * 32, _KEY.sign(manifest)),),
        (Signature(b"\xac" * 32, bytes(64)),) * 16,
    ):
        with pytest.raises(NotAuthentic):
            _read(tmp_path, header_bytes(manifest, signatures) + _BODY)


@_settings
@given(content=st.binary(max_size=300), after=st.booleans())
def test_any_bytes_are_not_authentic(tmp_path: Path, content: bytes, *, after: bool) -> None:
    with pytest.raises(NotAuthentic):
        _read(tmp_path, CONTRIBUTION_PREFIX + content if after else content)


@_settings
@given(manifest=_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=100))
def test_any_manifest_though_well_signed_is_not_authentic(tmp_path: Path, manifest: bytes) -> None:
    with pytest.raises(NotAuthentic):
        _read(tmp_path, _signed(manifest, _BODY))


@_settings
@given(field=st.sampled_from(sorted(json.loads(_SOUND.to_bytes()))), new=_JSON)
def test_a_manifest_with_any_value_in_any_field_is_read_or_not_authentic(
    tmp_path: Path, field: str, new: object
) -> None:
    value = json.loads(_SOUND.to_bytes()) | {field: new}
    try:
        assert _read(tmp_path, _signed(json.dumps(value).encode(), _BODY)) == _ENTRIES
    except NotAuthentic:
        return


@_settings
@given(
    body=st.binary(max_size=400),
    packs=st.integers(0, 3),
    changes=st.integers(0, 3),
    records=st.integers(0, 5),
)
def test_any_body_though_well_signed_is_read_or_not_authentic(
    tmp_path: Path, body: bytes, packs: int, changes: int, records: int
) -> None:
    path = tmp_path / "contribution"
    path.write_bytes(_body_of(body, packs=packs, changes=changes, records=records))
    try:
        with ContributionReader(path) as reader:
            reader.check(_AGENCY)
            assert sum(len(lengths) for _, lengths in reader.packs()) == records
            assert len(list(reader.changes())) == changes
    except NotAuthentic:
        return


def test_packs_and_numbers_out_of_bounds_are_not_authentic(tmp_path: Path) -> None:
    far_too_large = pack_bytes(b"y" * (1024 * 1024 + 1), [1024 * 1024 + 1])
    far_too_many = pack_bytes(b"y" * 5_000, [1] * 5_000)
    for body, numbers in (
        (far_too_large, {"packs": 1, "changes": 0, "records": 1}),
        (far_too_many, {"packs": 1, "changes": 0, "records": 5_000}),
        (pack_bytes(b"", [0]), {"packs": 1, "changes": 0, "records": 1}),
        (_BODY, {"records": 3}),
        (_BODY, {"changes": 2}),
        (_BODY, {"packs": 0}),
        (_BODY, {"packs": 2}),
    ):
        with pytest.raises(NotAuthentic):
            _read(tmp_path, _body_of(body, **numbers))
