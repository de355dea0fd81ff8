# SPDX-License-Identifier: EUPL-1.2
"""Agencies with folders of their own, and the body that merges what they hand over without being able to read it."""

import hashlib
import io
import random
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.catalogue.conftest import ITERATIONS, make_draft

from police2peer.campaign import read_public_key
from police2peer.catalogue import (
    Outcome,
    RecordDraft,
    Registry,
    Verifier,
    accept_contribution,
    add_agency,
    begin_agency,
    contribute,
    contribute_again,
    init_catalogue,
    join_catalogue,
    leave_agency,
    public_folder,
    publish_catalogue,
    renew_trust,
    replace_own_key,
    set_agency_keys,
)
from police2peer.catalogue.contributing import _write_contribution
from police2peer.catalogue.contribution import Contribution, ContributionReader, change_bytes, pack_bytes
from police2peer.catalogue.home import Home
from police2peer.catalogue.lookup import Alias, lookup_key
from police2peer.catalogue.membership import own_record_key
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.snapshot import FolderReader
from police2peer.catalogue.tree import find_entries
from police2peer.errors import BadInput, NotAuthentic, NotPermitted

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
_FILES = 6  # of each agency


@dataclass(frozen=True)
class Programme:
    """A coordinating body (`hub`) with files of its own, and the agencies `a` and `b`."""

    folder: Path
    drafts: dict[str, tuple[RecordDraft, ...]]
    contents: dict[str, bytes]
    root: bytes

    @property
    def hub(self) -> Path:
        return self.folder / "hub"

    def home(self, who: str) -> Path:
        return self.folder / who

    def enter(self, who: str, *numbers: int) -> None:
        with Registry(self.home(who)) as registry:
            registry.add([self.drafts[who][number] for number in numbers], now=NOW.date())

    def hand_over(self, who: str, *, everything: bool = False) -> None:
        out = self.folder / f"{who}.contribution"
        assert contribute(self.home(who), out, now=NOW, everything=everything)
        accept_contribution(self.hub, out)

    def publish(self, hours: int = 0, out: Path | None = None) -> None:
        publish_catalogue(self.hub, out, now=NOW + hours * HOUR)

    def outcome(self, who: str, number: int, *, public: Path | None = None) -> Outcome:
        """Ask by file, by code and by link: all have to say the same."""
        draft = self.drafts[who][number]
        path = self.folder / "asked.bin"
        path.write_bytes(self.contents[draft.id])
        verifier = Verifier(public or self.hub / "public", self.root, lambda: NOW + 5 * HOUR)
        link = f"magnet:?xt=urn:btih:{draft.network_ids[0][1]}"
        outcomes = {verifier.file(path).outcome, verifier.code(str(draft.code)).outcome}
        if draft.network_ids and outcomes != {Outcome.NOT_OURS}:
            outcomes.add(verifier.link(link).outcome)
        assert len(outcomes) == 1
        return outcomes.pop()

    def role(self, who: str) -> str:
        return self.drafts[who][0].agency


def _build(folder: Path) -> Programme:
    draw = random.Random(17)
    hub = folder / "hub"
    roles = {
        "hub": init_catalogue(hub, agency="Coordinating Unit", country="NL", now=NOW, code_iterations=ITERATIONS)
    }
    for who, country in (("a", "NL"), ("b", "FR")):
        key = read_public_key(begin_agency(folder / who))
        roles[who] = add_agency(hub, key, agency=f"Police Unit {who}", country=country, now=NOW)
    publish_catalogue(hub, now=NOW)
    root = (hub / "root.json").read_bytes()
    contents, drafts = {}, {}
    for who, role in roles.items():
        made = []
        for number in range(_FILES):
            content = draw.randbytes(60)
            draft = replace(make_draft(number, role, draw, content), id=f"{who}-{number}")
            contents[draft.id] = content
            made.append(draft)
        drafts[who] = tuple(made)
        if who != "hub":
            assert join_catalogue(folder / who, hub / "public", root, now=NOW).role == role
    programme = Programme(folder, drafts, contents, root)
    for who in roles:
        programme.enter(who, 0, 1, 2, 3)
    programme.hand_over("a")
    programme.hand_over("b")
    programme.publish()
    return programme


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """Files 0 to 3 of each are published, 4 and 5 are not even entered. Not to be changed by a test."""
    return _build(tmp_path_factory.mktemp("programme"))


@pytest.fixture
def programme(built: Programme, tmp_path: Path) -> Programme:
    """Give a copy that the test may change."""
    shutil.copytree(built.folder, tmp_path / "p")
    return replace(built, folder=tmp_path / "p")


def test_files_of_every_agency_are_genuine_once_merged(built: Programme) -> None:
    assert built.role("a") == "agency-nl-2"
    for who in ("hub", "a", "b"):
        assert built.outcome(who, 0) is built.outcome(who, 3) is Outcome.GENUINE
        assert built.outcome(who, 4) is Outcome.NOT_OURS


def test_an_agency_holds_no_key_of_the_coordinating_body_nor_it_theirs(built: Programme) -> None:
    assert [path.name for path in (built.home("a") / "keys").iterdir() if path.suffix == ".pem"] == ["agency.pem"]
    assert not (built.home("a") / "trust").exists()
    own = (built.home("a") / "keys/agency.pem").read_bytes()
    assert own not in [path.read_bytes() for path in (built.hub / "keys").iterdir()]
    for verb in (lambda: publish_catalogue(built.home("a"), now=NOW), lambda: renew_trust(built.home("a"), now=NOW)):
        with pytest.raises(BadInput, match="agency's"):
            verb()


def test_who_merges_learns_no_hash_code_or_link(built: Programme) -> None:
    kept = b"".join(
        path.read_bytes() for path in built.hub.rglob("*") if path.is_file() and "registry" not in path.name
    )
    for draft in built.drafts["a"][:4]:
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


# What one agency hands over can touch nothing of another.


def _forge(programme: Programme, who: str, agency: str, changes: Sequence[tuple[bytes | None, bytes]]) -> Path:
    """Sign any changes with the key of `who`, in the name of `agency`."""
    home = Home(programme.home(who))
    out = programme.folder / "forged"
    source = home.outbox / "000001.contribution"
    with ContributionReader(source) as reader:
        sound, manifest = reader.contribution, reader.manifest
    content = pack_bytes(b"x" * 40, [40])
    content += b"".join(change_bytes(old, new) for old, new in sorted(changes, key=lambda each: each[1]))
    forged: Contribution = replace(
        sound,
        agency=agency,
        sequence=2,
        previous=hashlib.sha256(manifest).hexdigest(),
        records=1,
        packs=1,
        changes=len(changes),
        body_bytes=len(content),
        body_sha256=hashlib.sha256(content).hexdigest(),
    )

    class _Body:
        handle = io.BytesIO(content)

    _write_contribution(out, forged.to_bytes(), own_record_key(home), _Body())  # type: ignore[arg-type]
    return out


def _entries_of(programme: Programme, who: str, number: int) -> list[bytes]:
    reader = FolderReader(programme.hub / "public")
    head = walk_metadata(reader, programme.root, NOW, Versions()).head
    draft = programme.drafts[who][number]
    return find_entries(reader, head.root, head.levels, lookup_key(Alias("sha256", draft.sha256)))


@pytest.mark.parametrize("other", ["a", "hub"])
def test_an_agency_cannot_remove_or_replace_anothers_entries(programme: Programme, other: str) -> None:
    theirs = _entries_of(programme, other, 0)[0]
    forged = _forge(programme, "b", programme.role("b"), [(theirs[:28], theirs[:16] + bytes(100))])
    accept_contribution(programme.hub, forged)
    programme.publish(1)
    assert programme.outcome(other, 0) is Outcome.GENUINE
    assert theirs in _entries_of(programme, other, 0)


@pytest.mark.parametrize("other", ["a", "hub"])
def test_an_agency_cannot_first_claim_anothers_entries_and_then_remove_them(programme: Programme, other: str) -> None:
    theirs = _entries_of(programme, other, 0)[0]
    mine = theirs[:16] + bytes(range(100))
    accept_contribution(programme.hub, _forge(programme, "b", programme.role("b"), [(None, theirs)]))
    programme.publish(1)
    with sqlite3.connect(programme.hub / "contributions.sqlite") as database:
        database.execute("DELETE FROM contribution WHERE sequence = 2")
    accept_contribution(programme.hub, _forge(programme, "b", programme.role("b"), [(theirs[:28], mine)]))
    programme.publish(2)
    assert programme.outcome(other, 0) is Outcome.GENUINE
    assert set(_entries_of(programme, other, 0)) == {theirs, mine}


def test_entries_of_another_agency_that_lead_nowhere_hide_no_genuine_file(programme: Programme) -> None:
    draft = programme.drafts["a"][0]
    under = [lookup_key(Alias(*pair)) for pair in (("sha256", draft.sha256), draft.network_ids[0])]
    forged = _forge(programme, "b", programme.role("b"), [(None, key + bytes(100)) for key in under])
    accept_contribution(programme.hub, forged)
    programme.publish(1)
    assert programme.outcome("a", 0) is Outcome.GENUINE


def test_an_agency_cannot_speak_in_anothers_name(programme: Programme) -> None:
    forged = _forge(programme, "b", programme.role("a"), [(None, bytes(116))])
    with pytest.raises(NotAuthentic, match="0 of the 1"):
        accept_contribution(programme.hub, forged)


def test_entries_out_of_order_twice_or_too_many_under_one_key_are_refused(programme: Programme) -> None:
    for changes in (
        [(None, bytes(116)), (None, bytes(116))],
        [(None, bytes(16) + bytes([number]) + bytes(99)) for number in range(65)],
    ):
        with pytest.raises(NotAuthentic, match="no contribution"):
            accept_contribution(programme.hub, _forge(programme, "b", programme.role("b"), changes))


# Parting, and new keys


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


# Interruptions


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
    theirs = _entries_of(programme, "hub", 4)[0]  # published in the run that was cut, and nobody else's to take
    forged = _forge(programme, "b", programme.role("b"), [(None, theirs)])
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
