# SPDX-License-Identifier: EUPL-1.2
import base64
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import load_campaign, new_signing_key, public_bytes, read_public_key, read_signing_key
from police2peer.catalogue.lookup import parse_network_id
from police2peer.errors import BadInput, NotAuthentic
from police2peer.fleet import Release, network_ids, parse_release, plan_offers, read_release, write_release
from police2peer.warningfiles import Manifest, read_manifest


def _read(unit: Path) -> Release:
    return read_release(unit / "release.json", trusted=read_public_key(unit / "release.pub"))


def test_a_release_reads_back_with_every_planned_offer(unit: Path) -> None:
    campaign, manifest = load_campaign(unit), read_manifest(unit / "files")
    release = _read(unit)
    assert release.offers == plan_offers(campaign, manifest)
    assert release.terms == campaign.terms
    assert len(release.terms) == 3
    assert len(release.offers) == campaign.offer_count
    assert release.campaign_sha256 == campaign.sha256
    assert len({offer.id for offer in release.offers}) == len(release.offers)


def test_every_title_carries_every_arm(unit: Path) -> None:
    arms = Counter((offer.title_id, offer.arm) for offer in _read(unit).offers)
    assert set(arms.values()) == {1}
    assert len(arms) == 6 * 2


def test_no_two_offers_share_a_swarm(unit: Path) -> None:
    ids = [one for ids in network_ids(_read(unit), read_manifest(unit / "files")).values() for one in ids]
    assert len(set(ids)) == len(ids) == len(_read(unit).offers)
    assert all(kind == "btih" and len(value) == 40 for kind, value in ids)


def test_each_network_names_a_file_in_its_own_way_and_offers_that_share_a_name_give_it_once(unit: Path) -> None:
    release, manifest = _read(unit), read_manifest(unit / "files")
    hashes = manifest.files[0].hashes
    of_file = [offer for offer in release.offers if offer.file_id == manifest.files[0].id]

    def ids_on(network: str) -> list[tuple[str, str]]:
        offers = tuple(replace(offer, network=network) for offer in of_file * 2)
        return network_ids(replace(release, offers=offers), manifest).get(hashes.sha256, [])

    assert ids_on("ed2k") == [("ed2k", hashes.ed2k), ("aich", hashes.aich)]
    assert ids_on("directconnect") == ids_on("gnutella") == [("tth", hashes.tth)]
    assert {kind for kind, _ in ids_on("bittorrent")} == {"btih"}
    assert ids_on("another") == []
    for network in ("ed2k", "directconnect"):
        assert all(parse_network_id(*pair) for pair in ids_on(network))


def test_a_release_signed_by_another_key_is_not_authentic(unit: Path, tmp_path: Path) -> None:
    other = new_signing_key(tmp_path / "other.key")
    write_release(unit / "forged.json", _read(unit), other)
    with pytest.raises(NotAuthentic, match="pinned key"):
        read_release(unit / "forged.json", trusted=read_public_key(unit / "release.pub"))


@pytest.mark.parametrize("place", [0.1, 0.4, 0.7, 0.95])
def test_a_flipped_byte_is_not_authentic(unit: Path, place: float) -> None:
    raw = bytearray((unit / "release.json").read_bytes())
    raw[int(len(raw) * place)] ^= 1
    with pytest.raises(NotAuthentic):
        parse_release(bytes(raw), trusted=read_public_key(unit / "release.pub"))


def test_a_file_that_was_not_made_is_told_by_its_recipe(unit: Path) -> None:
    manifest = read_manifest(unit / "files")
    less = Manifest(manifest.campaign_id, manifest.campaign_sha256, manifest.made_with, manifest.files[1:])
    with pytest.raises(BadInput, match="was not made"):
        plan_offers(load_campaign(unit), less)


def test_a_release_holds_titles_so_only_its_owner_reads_it(unit: Path) -> None:
    write_release(unit / "again.json", _read(unit), read_signing_key(unit / "release.key"))
    assert (unit / "again.json").stat().st_mode & 0o077 == 0


@given(st.binary(max_size=300))
def test_any_bytes_are_not_authentic(content: bytes) -> None:
    with pytest.raises(NotAuthentic):
        parse_release(content, trusted=bytes(32))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["payload", "offers"]), inner),
        max_leaves=8,
    )
)
def test_a_signed_payload_of_another_form_is_not_authentic(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    key = new_signing_key(tmp_path_factory.mktemp("key") / "release.key")
    payload = json.dumps(value).encode()
    signature = key.sign(b"p2p-release-v1\n" + payload)
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "signature": base64.b64encode(signature).decode(),
    }
    with pytest.raises(NotAuthentic):
        parse_release(json.dumps(envelope).encode(), trusted=public_bytes(key))
