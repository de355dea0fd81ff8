# SPDX-License-Identifier: EUPL-1.2
"""Agencies part, and every key of a programme changes, without a gap for who verifies."""

from pathlib import Path

import pytest
from tests.catalogue.programme import HOUR, NOW, Programme

from police2peer.campaign import read_public_key
from police2peer.catalogue import (
    Outcome,
    accept_contribution,
    add_agency,
    begin_agency,
    contribute,
    init_catalogue,
    leave_agency,
    renew_trust,
    replace_own_key,
    set_agency_keys,
)
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import BadInput, NotAuthentic


def test_files_of_an_agency_that_left_cannot_be_told_and_absence_stays_certain(programme: Programme) -> None:
    programme.enter("b", 4)
    programme.hand_over("b")  # accepted, and left out
    leave_agency(programme.hub, programme.role("b"), now=NOW)
    programme.publish(1)
    assert programme.outcome("b", 0) is Outcome.CANNOT_TELL
    assert programme.outcome("b", 4) is programme.outcome("a", 4) is Outcome.NOT_OURS
    assert programme.outcome("a", 0) is programme.outcome("hub", 0) is Outcome.GENUINE
    programme.enter("b", 5)
    contribute(programme.home("b"), programme.folder / "late", now=NOW)
    with pytest.raises(NotAuthentic, match="does not name"):
        accept_contribution(programme.hub, programme.folder / "late")


def test_an_agency_of_the_same_folder_that_left_stops_nobody(programme: Programme) -> None:
    programme.enter("hub", 4)
    leave_agency(programme.hub, programme.role("hub"), now=NOW)
    programme.publish(1)
    assert programme.outcome("hub", 0) is Outcome.CANNOT_TELL
    assert programme.outcome("a", 0) is Outcome.GENUINE


def test_a_role_is_never_given_to_a_second_agency(programme: Programme, tmp_path: Path) -> None:
    leave_agency(programme.hub, "agency-nl-2", now=NOW)
    key = read_public_key(begin_agency(tmp_path / "c"))
    assert add_agency(programme.hub, key, agency="Police Unit C", country="NL", now=NOW) == "agency-nl-3"
    with pytest.raises(BadInput, match="another role"):
        add_agency(programme.hub, key, agency="Police Unit D", country="NL", now=NOW)
    assert init_catalogue(programme.hub, agency="Unit E", country="NL", now=NOW) == "agency-nl-4"


def test_an_agency_changes_its_key_without_a_gap(programme: Programme) -> None:
    home, role = programme.home("a"), programme.role("a")
    old = read_public_key(home / "keys/agency.pub")
    new = read_public_key(replace_own_key(home, now=NOW))
    set_agency_keys(programme.hub, role, [old, new], now=NOW)
    programme.publish(1)
    assert programme.outcome("a", 0) is Outcome.GENUINE
    programme.hand_over("a")
    set_agency_keys(programme.hub, role, [new], now=NOW)
    programme.publish(2)
    assert programme.outcome("a", 0) is programme.outcome("b", 0) is Outcome.GENUINE


def test_what_a_stolen_agency_key_signed_is_refused_once_it_is_replaced(programme: Programme) -> None:
    new = read_public_key(replace_own_key(programme.home("a"), now=NOW))
    set_agency_keys(programme.hub, programme.role("a"), [new], now=NOW)
    programme.publish(1)
    assert programme.outcome("a", 0) is Outcome.CANNOT_TELL  # until the agency hands over everything signed anew
    programme.hand_over("a")
    programme.publish(2)
    assert programme.outcome("a", 0) is Outcome.GENUINE


def test_every_key_is_changed_and_verifiers_of_the_first_root_follow(programme: Programme) -> None:
    for hours, names in enumerate(
        (["root-1", "root-2"], ["root-3", "targets-1", "targets-2"], ["targets-3", "online"])
    ):
        renew_trust(programme.hub, now=NOW, replace=names)
        programme.publish(hours)
        for path in (programme.hub / "keys").glob("*.until-*"):
            path.unlink()
    renew_trust(programme.hub, now=NOW, replace=[programme.role("hub")])
    for who in ("a", "b"):
        new = read_public_key(replace_own_key(programme.home(who), now=NOW))
        old = read_public_key(next((programme.home(who) / "keys").glob("agency.until-*.pub")))
        set_agency_keys(programme.hub, programme.role(who), [old, new], now=NOW)
        programme.hand_over(who)
        set_agency_keys(programme.hub, programme.role(who), [new], now=NOW)
    programme.publish(4)
    assert {programme.outcome(who, number) for who in ("hub", "a", "b") for number in range(4)} == {Outcome.GENUINE}
    trusted = walk_metadata(FolderReader(programme.hub / "public"), programme.root, NOW + 5 * HOUR, Versions())
    first = walk_metadata(FolderReader(programme.hub / "public"), programme.root, NOW, Versions())
    assert trusted.versions.root == first.versions.root == 5
