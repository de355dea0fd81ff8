# SPDX-License-Identifier: EUPL-1.2
"""What one agency hands over can touch nothing of another; an interruption loses and doubles nothing."""

import sqlite3
from pathlib import Path

import pytest
from tests.catalogue.programme import HOUR, NOW, Programme, entries_of, forge

from police2peer.catalogue import (
    Outcome,
    Registry,
    accept_contribution,
    contribute,
    public_folder,
    publish_catalogue,
)
from police2peer.catalogue.lookup import Alias, lookup_key
from police2peer.errors import NotAuthentic


@pytest.mark.parametrize("other", ["a", "hub"])
def test_an_agency_cannot_remove_or_replace_anothers_entries(programme: Programme, other: str) -> None:
    theirs = entries_of(programme, other, 0)[0]
    forged = forge(programme, "b", programme.role("b"), [(theirs[:28], theirs[:16] + bytes(100))])
    accept_contribution(programme.hub, forged)
    programme.publish(1)
    assert programme.outcome(other, 0) is Outcome.GENUINE
    assert theirs in entries_of(programme, other, 0)


@pytest.mark.parametrize("other", ["a", "hub"])
def test_an_agency_cannot_first_claim_anothers_entries_and_then_remove_them(programme: Programme, other: str) -> None:
    theirs = entries_of(programme, other, 0)[0]
    mine = theirs[:16] + bytes(range(100))
    accept_contribution(programme.hub, forge(programme, "b", programme.role("b"), [(None, theirs)]))
    programme.publish(1)
    with sqlite3.connect(programme.hub / "contributions.sqlite") as database:
        database.execute("DELETE FROM contribution WHERE sequence = 2")
    accept_contribution(programme.hub, forge(programme, "b", programme.role("b"), [(theirs[:28], mine)]))
    programme.publish(2)
    assert programme.outcome(other, 0) is Outcome.GENUINE
    assert set(entries_of(programme, other, 0)) == {theirs, mine}


def test_entries_of_another_agency_that_lead_nowhere_hide_no_genuine_file(programme: Programme) -> None:
    draft = programme.drafts["a"][0]
    under = [lookup_key(Alias(*pair)) for pair in (("sha256", draft.sha256), draft.network_ids[0])]
    forged = forge(programme, "b", programme.role("b"), [(None, key + bytes(100)) for key in under])
    accept_contribution(programme.hub, forged)
    programme.publish(1)
    assert programme.outcome("a", 0) is Outcome.GENUINE


def test_an_agency_cannot_speak_in_anothers_name(programme: Programme) -> None:
    forged = forge(programme, "b", programme.role("a"), [(None, bytes(116))])
    with pytest.raises(NotAuthentic, match="0 of the 1"):
        accept_contribution(programme.hub, forged)


def test_entries_out_of_order_twice_or_too_many_under_one_key_are_refused(programme: Programme) -> None:
    for changes in (
        [(None, bytes(116)), (None, bytes(116))],
        [(None, bytes(16) + bytes([number]) + bytes(99)) for number in range(65)],
    ):
        with pytest.raises(NotAuthentic, match="no contribution"):
            accept_contribution(programme.hub, forge(programme, "b", programme.role("b"), changes))


class _PowerCutError(Exception):
    """The process ends here."""


def test_a_merge_cut_at_any_write_is_completed_by_the_next(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme.enter("a", 4)
    programme.enter("hub", 4)
    with Registry(programme.home("a")) as registry:
        registry.withdraw(programme.drafts["a"][0].id, now=NOW.date())
    programme.hand_over("a")
    real = {name: getattr(public_folder, name) for name in ("write_soon", "write_whole")}
    for stop_at in range(60):
        left = [stop_at]

        def _cut(name: str, *arguments: object, _left: list[int] = left) -> None:
            if not _left[0]:
                raise _PowerCutError
            _left[0] -= 1
            real[name](*arguments)

        with monkeypatch.context() as patch:
            for name in real:
                patch.setattr(public_folder, name, lambda *words, _name=name: _cut(_name, *words))
            try:
                programme.publish(1)
                break
            except _PowerCutError:
                assert programme.outcome("a", 0) is Outcome.GENUINE
    assert stop_at > 5
    assert programme.outcome("a", 0) is Outcome.WITHDRAWN
    assert programme.outcome("a", 4) is programme.outcome("hub", 4) is Outcome.GENUINE


def test_a_power_cut_just_after_the_timestamp_loses_and_doubles_nothing(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Registry(programme.home("a")) as registry:
        registry.withdraw(programme.drafts["a"][0].id, now=NOW.date())
    programme.enter("a", 4)
    programme.enter("hub", 4)
    programme.hand_over("a")

    def _cut(*_: object) -> None:
        raise _PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr("police2peer.catalogue.intake.Intake.set_published", _cut)
        with pytest.raises(_PowerCutError):
            programme.publish(1)
    done = publish_catalogue(programme.hub, now=NOW + 2 * HOUR)
    assert done.entries == (5 + 5 + 4) * 7
    assert programme.outcome("a", 0) is Outcome.WITHDRAWN
    theirs = entries_of(programme, "hub", 4)[0]  # published in the run that was cut, and nobody else's to take
    forged = forge(programme, "b", programme.role("b"), [(None, theirs)])
    accept_contribution(programme.hub, forged)
    programme.publish(3)
    with sqlite3.connect(programme.hub / "contributions.sqlite") as database:
        owner = database.execute("SELECT agency FROM entry WHERE start = ?", (theirs[:28],)).fetchone()
    assert owner == ("",)


def test_an_interrupted_contribution_is_made_again_under_its_number(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme.enter("a", 4)
    out = programme.folder / "out"
    with monkeypatch.context() as patch:
        patch.setattr("police2peer.catalogue.outgoing.Outgoing.mark_sending", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            contribute(programme.home("a"), out, now=NOW)
    assert not out.exists()
    done = contribute(programme.home("a"), out, now=NOW)
    assert done
    assert (done.sequence, done.records) == (2, 1)
    accept_contribution(programme.hub, out)
    programme.publish(1)
    assert programme.outcome("a", 4) is Outcome.GENUINE


def test_an_empty_public_folder_gets_everything_of_everybody_again(programme: Programme, tmp_path: Path) -> None:
    with Registry(programme.home("a")) as registry:
        registry.withdraw(programme.drafts["a"][0].id, now=NOW.date())
    programme.hand_over("a")
    programme.publish(1)
    programme.enter("b", 4)
    programme.hand_over("b")
    programme.publish(2, tmp_path / "empty")
    public = tmp_path / "empty"
    assert programme.outcome("a", 0, public=public) is Outcome.WITHDRAWN
    for who, number in (("a", 1), ("b", 0), ("b", 4), ("hub", 0)):
        assert programme.outcome(who, number, public=public) is Outcome.GENUINE
