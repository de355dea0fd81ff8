# SPDX-License-Identifier: EUPL-1.2
"""Agencies with folders of their own, and the body that merges what they hand over without being able to read it."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from tests.catalogue.conftest import ITERATIONS
from tests.catalogue.programme import HOUR, NOW, Programme

from police2peer.campaign import read_public_key
from police2peer.catalogue import (
    Outcome,
    Registry,
    Verifier,
    accept_contribution,
    add_agency,
    begin_agency,
    contribute,
    contribute_again,
    init_catalogue,
    join_catalogue,
    publish_catalogue,
    renew_trust,
)
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import BadInput, NotAuthentic, NotPermitted


def test_files_of_every_agency_are_genuine_once_merged(built_programme: Programme) -> None:
    assert built_programme.role("a") == "agency-nl-2"
    for who in ("hub", "a", "b"):
        assert built_programme.outcome(who, 0) is built_programme.outcome(who, 3) is Outcome.GENUINE
        assert built_programme.outcome(who, 4) is Outcome.NOT_OURS


def test_an_agency_holds_no_key_of_the_coordinating_body_nor_it_theirs(built_programme: Programme) -> None:
    home = built_programme.home("a")
    assert [path.name for path in (home / "keys").iterdir() if path.suffix == ".pem"] == ["agency.pem"]
    assert not (home / "trust").exists()
    own = (home / "keys/agency.pem").read_bytes()
    assert own not in [path.read_bytes() for path in (built_programme.hub / "keys").iterdir()]
    for verb in (publish_catalogue, renew_trust):
        with pytest.raises(BadInput, match="agency's"):
            verb(home, now=NOW)


def test_who_merges_learns_no_hash_code_or_link(built_programme: Programme) -> None:
    kept = b"".join(
        path.read_bytes() for path in built_programme.hub.rglob("*") if path.is_file() and "registry" not in path.name
    )
    for draft in built_programme.drafts["a"][:4]:
        for value in (
            draft.id,
            draft.sha256,
            str(draft.code),
            str(draft.code).replace("-", ""),
            draft.network_ids[0][1],
        ):
            assert value.encode() not in kept
        assert bytes.fromhex(draft.sha256) not in kept
        assert bytes.fromhex(draft.network_ids[0][1]) not in kept


def test_new_files_withdrawals_and_later_links_arrive_with_the_next_contribution(programme: Programme) -> None:
    programme.enter("a", 4)
    with Registry(programme.home("a")) as registry:
        registry.withdraw(programme.drafts["a"][0].id, now=NOW.date())
        registry.add_network_ids([(programme.drafts["a"][1].id, "btih", "ab" * 20)])
    before = walk_metadata(FolderReader(programme.hub / "public"), programme.root, NOW, Versions()).head.entries
    programme.hand_over("a")
    assert programme.outcome("a", 0) is Outcome.GENUINE  # accepted, not yet published
    programme.publish(1)
    head = walk_metadata(FolderReader(programme.hub / "public"), programme.root, NOW + HOUR, Versions()).head
    assert head.entries == before + 7 + 1
    assert programme.outcome("a", 0) is Outcome.WITHDRAWN
    assert programme.outcome("a", 4) is programme.outcome("b", 0) is programme.outcome("hub", 0) is Outcome.GENUINE
    verifier = Verifier(programme.hub / "public", programme.root, lambda: NOW + HOUR)
    assert verifier.link("magnet:?xt=urn:btih:" + "ab" * 20).outcome is Outcome.GENUINE


def test_several_contributions_of_one_agency_are_merged_in_their_order(programme: Programme) -> None:
    programme.enter("a", 4)
    programme.hand_over("a")
    with Registry(programme.home("a")) as registry:
        registry.withdraw(programme.drafts["a"][4].id, now=NOW.date())
    programme.hand_over("a")
    programme.publish(1)
    assert programme.outcome("a", 4) is Outcome.WITHDRAWN


def test_nothing_new_makes_no_contribution(programme: Programme) -> None:
    assert contribute(programme.home("a"), programme.folder / "none", now=NOW) is None
    assert not (programme.folder / "none").exists()


def test_a_replayed_contribution_is_refused(programme: Programme) -> None:
    contribute_again(programme.home("a"), 1, programme.folder / "again")
    with pytest.raises(BadInput, match="does not follow"):
        accept_contribution(programme.hub, programme.folder / "again")


def test_a_replayed_contribution_of_everything_is_refused(programme: Programme) -> None:
    programme.hand_over("a", everything=True)
    with Registry(programme.home("a")) as registry:
        registry.withdraw(programme.drafts["a"][0].id, now=NOW.date())
    programme.hand_over("a")
    contribute_again(programme.home("a"), 2, programme.folder / "again")
    with pytest.raises(BadInput, match="does not follow"):
        accept_contribution(programme.hub, programme.folder / "again")
    programme.publish(1)
    assert programme.outcome("a", 0) is Outcome.WITHDRAWN


def test_a_lost_contribution_leaves_a_gap_that_is_noticed_and_can_be_filled(programme: Programme) -> None:
    home, lost, later = programme.home("a"), programme.folder / "lost", programme.folder / "later"
    programme.enter("a", 4)
    contribute(home, lost, now=NOW)
    programme.enter("a", 5)
    contribute(home, later, now=NOW)
    lost.unlink()
    with pytest.raises(BadInput, match="does not follow"):
        accept_contribution(programme.hub, later)
    contribute_again(home, 2, lost)
    accept_contribution(programme.hub, lost)
    accept_contribution(programme.hub, later)
    programme.publish(1)
    assert programme.outcome("a", 4) is programme.outcome("a", 5) is Outcome.GENUINE


def test_an_agency_whose_folder_was_put_back_hands_over_everything_anew(programme: Programme) -> None:
    old = programme.folder / "backup"
    shutil.copytree(programme.home("a"), old)
    programme.enter("a", 4)
    programme.hand_over("a")
    shutil.rmtree(programme.home("a"))
    old.rename(programme.home("a"))
    programme.enter("a", 5)
    out = programme.folder / "out"
    contribute(programme.home("a"), out, now=NOW)
    with pytest.raises(BadInput, match="does not follow the last one accepted, 2"):
        accept_contribution(programme.hub, out)
    contribute(programme.home("a"), out, now=NOW, everything=True, after=2)
    accept_contribution(programme.hub, out)
    programme.publish(1)
    assert programme.outcome("a", 5) is programme.outcome("a", 0) is Outcome.GENUINE
    assert programme.outcome("a", 4) is Outcome.NOT_OURS  # what is no longer in its register
    head = walk_metadata(FolderReader(programme.hub / "public"), programme.root, NOW + HOUR, Versions()).head
    assert head.entries == (4 + 5 + 4) * 7


def test_a_contribution_for_another_catalogue_is_refused(programme: Programme, tmp_path: Path) -> None:
    other = tmp_path / "other"
    init_catalogue(other, agency="Another Unit", country="NL", now=NOW, code_iterations=ITERATIONS)
    key = read_public_key(programme.home("a") / "keys/agency.pub")
    assert add_agency(other, key, agency="Police Unit a", country="NL", now=NOW) == "agency-nl-2"
    contribute_again(programme.home("a"), 1, tmp_path / "c")
    with pytest.raises(BadInput, match="another catalogue"):
        accept_contribution(other, tmp_path / "c")


def test_an_agency_that_is_not_named_cannot_join_and_what_it_signs_is_refused(
    programme: Programme, tmp_path: Path
) -> None:
    begin_agency(tmp_path / "c")
    with pytest.raises(BadInput, match="does not name"):
        join_catalogue(tmp_path / "c", programme.hub / "public", programme.root, now=NOW)
    with pytest.raises(NotPermitted):
        join_catalogue(programme.home("a"), programme.hub / "public", programme.root, now=NOW + timedelta(days=2))
    for name in ("agency.pem", "agency.pub"):  # the thief of a folder, with a key of his own
        shutil.copyfile(tmp_path / "c/keys" / name, programme.home("a") / "keys" / name)
    programme.enter("a", 4)
    contribute(programme.home("a"), tmp_path / "forged", now=NOW)
    with pytest.raises(NotAuthentic, match="0 of the 1"):
        accept_contribution(programme.hub, tmp_path / "forged")
