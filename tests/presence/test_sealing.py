# SPDX-License-Identifier: EUPL-1.2
"""A node under an order that demands records seals contacts; under any other it has no ledger at all."""

import asyncio
import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.unit_folder import release_again

from police2peer.campaign import (
    SignedOrder,
    load_campaign,
    new_evidence_key,
    read_evidence_key,
    read_signing_key,
    sign_campaign,
    withdraw_order,
)
from police2peer.catalogue import Home, head_sha256_of, init_catalogue, publish_catalogue
from police2peer.cli import main
from police2peer.contacts import Contacts, Country, Demand, DemandStore, TallyStore
from police2peer.contacts.ledger import ContactRecord, GapRecord, LedgerReader, LedgerRecord, read_record
from police2peer.contacts.ledger.frames import EntryKind
from police2peer.contacts.ledger.sink import boot_clock
from police2peer.errors import BadInput, NotAuthentic, NotPermitted
from police2peer.fleet import read_release
from police2peer.networks import Address, DataRequested, DataSent, PeerConnected, PeerLeft, WireEvent
from police2peer.networks.contract import Departure
from police2peer.networks.memory import InMemoryNetwork
from police2peer.presence import Assignment, Node, join_offers, read_settings, read_status
from police2peer.presence.assembly import order_checker
from police2peer.presence.sealing import opened_ledger
from police2peer.warningfiles import read_manifest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class _Nowhere:
    def country_of(self, host: str) -> Country:
        assert host
        return Country("ZZ")


@pytest.fixture
def sealed_unit(unit: Path) -> Path:
    """The unit's folder, with an order that demands records."""
    new_evidence_key(unit / "evidence.key")
    path = unit / "campaign.toml"
    asked = path.read_text().replace('evidence = "off"', 'evidence = "on"\nevidence_keys = ["evidence.pub"]')
    path.write_text(asked)
    campaign = load_campaign(unit)
    sign_campaign(campaign, read_signing_key(unit / "approvers" / "first.key"), anew=True)
    sign_campaign(campaign, read_signing_key(unit / "approvers" / "second.key"))
    release_again(unit, read_manifest(unit / "files"))
    return unit


class _Stage:
    def __init__(self, folder: Path) -> None:
        self.folder, self._started_s = folder, boot_clock()
        self.settings = read_settings(folder)
        release = read_release(self.settings.release, trusted=self.settings.trusted_release_key())
        offers = join_offers(release, read_manifest(self.settings.files), folder / "node" / "offered")
        self.assignment = Assignment(release, offers, order_checker(self.settings, release))
        self.network = InMemoryNetwork("bittorrent")

    @property
    def now(self) -> datetime:
        """A clock that goes on from an invented moment; one that stood still would be told as set back."""
        return NOW + timedelta(seconds=boot_clock() - self._started_s)

    def run(self, during: Callable[["_Stage"], None], *, stop_after_s: float = 0.5) -> str:
        order = self.assignment.check_order(self.now)
        by_id = {offer.id: offer for offer in self.assignment.offers}
        with (
            opened_ledger(
                self.settings, order, self.assignment, clock=lambda: self.now, random_bytes=os.urandom
            ) as sealing,
            TallyStore(self.settings.data / "tallies.sqlite") as tallies,
            DemandStore(self.settings.data / "demand.sqlite") as searches,
        ):
            contacts = Contacts(
                tallies,
                offers=by_id.get,
                countries=_Nowhere(),
                random_bytes=os.urandom,
                sinks=() if sealing is None else (sealing,),
            )
            node = Node(
                *("node-1", self.assignment, {"bittorrent": self.network}, contacts, tallies),
                demand=Demand(searches, countries=_Nowhere()),
                status_path=self.settings.data / "status.json",
                clock=lambda: self.now,
                sealing=sealing,
            )

            async def play() -> None:
                def ready() -> None:
                    during(self)
                    asyncio.get_running_loop().call_later(stop_after_s, node.stop)

                async with asyncio.timeout(20):
                    await node.run(ready=ready)

            asyncio.run(play())
            return node.state

    def visit(self, port: int = 4000, *, leaves: bool = True) -> list[WireEvent]:
        about = (self.now, "bittorrent", self.assignment.offers[0].id, Address("127.3.2.1", port))
        events: list[WireEvent] = [
            PeerConnected(*about, ours=Address("127.0.0.1", 6881)),
            DataRequested(*about, first_byte=0, length_bytes=16_384),
            DataSent(*about, first_byte=0, length_bytes=16_384),
        ]
        return [*events, PeerLeft(*about, departure=Departure.CLOSED)] if leaves else events

    def records(self) -> list[LedgerRecord]:
        reader = LedgerReader(self.settings.ledger)
        private = read_evidence_key(self.folder / "evidence.key")
        sealed = (entry for entry in reader.entries() if entry.kind is EntryKind.RECORD)
        return [read_record(reader.unseal(entry, private)) for entry in sealed]


def _arrive(stage: _Stage) -> None:
    for event in stage.visit():
        stage.network.happen(event)


def test_a_contact_is_sealed_and_the_ledger_closed_when_the_node_stops(sealed_unit: Path) -> None:
    stage = _Stage(sealed_unit)
    stage.run(_arrive)
    began, ended, closing = stage.records()
    assert isinstance(began, ContactRecord)
    assert isinstance(ended, ContactRecord)
    assert (began.event, ended.event) == ("began", "ended")
    assert began.visit_id == ended.visit_id
    assert ended.connections[0].peer_port == 4000
    assert ended.connections[0].our_port == 6881
    assert ended.network_ids[0][0] == "btih"
    assert isinstance(closing, GapRecord)
    assert closing.what == "sealing ended: the node stopped"
    assert read_status(stage.settings.data / "status.json").alarms == ()


def test_a_record_names_the_state_of_the_catalogue_that_stood_here(sealed_unit: Path) -> None:
    stage = _Stage(sealed_unit)
    home = stage.settings.catalogue
    init_catalogue(home, agency="Police Unit A", country="NL", now=NOW, code_iterations=1_000)
    shutil.copyfile(Home(home).pinned_root, stage.settings.root)

    def publish(running: _Stage) -> None:
        for at in (NOW, NOW + timedelta(seconds=2)):
            publish_catalogue(home, now=at)
            heads.append(head_sha256_of(home / "public", running.settings.root.read_bytes(), at))
            for event in running.visit(port=4000 + len(heads), leaves=False):
                running.network.happen(event)
            running.network.happen(*running.visit()[-1:])

    heads: list[str] = []
    stage.run(publish)
    told = [record.catalogue_head for record in stage.records() if isinstance(record, ContactRecord)]
    assert heads[0] != heads[1]
    assert set(told) <= set(heads)
    assert told[-1] == heads[1]


def test_a_catalogue_that_does_not_follow_from_the_pinned_root_is_not_named(sealed_unit: Path) -> None:
    stage = _Stage(sealed_unit)
    home = stage.settings.catalogue
    init_catalogue(home, agency="Police Unit A", country="NL", now=NOW, code_iterations=1_000)
    publish_catalogue(home, now=NOW)
    stage.settings.root.write_bytes(b"{}")
    stage.run(_arrive)
    assert {record.catalogue_head for record in stage.records() if isinstance(record, ContactRecord)} == {""}


def test_an_order_withdrawn_while_contacts_run_ends_the_sealing(sealed_unit: Path) -> None:
    stage = _Stage(sealed_unit)

    def withdraw(running: _Stage) -> None:
        for event in running.visit(leaves=False):
            running.network.happen(event)
        path = running.settings.order
        signed = SignedOrder.from_bytes(path.read_bytes())
        key = read_signing_key(running.folder / "approvers" / "first.key")
        loop = asyncio.get_running_loop()
        loop.call_later(
            0.4, lambda: path.write_bytes(withdraw_order(signed, key, at=NOW, reason="enough").to_bytes())
        )

    state = stage.run(withdraw, stop_after_s=15)
    assert "withdrawn" in state
    began, closing = stage.records()
    assert isinstance(began, ContactRecord)
    assert began.event == "began"
    assert isinstance(closing, GapRecord)
    assert "withdrawn" in closing.what


def test_a_node_under_an_order_for_counts_has_no_ledger(unit: Path) -> None:
    stage = _Stage(unit)
    stage.run(_arrive)
    assert not stage.settings.ledger.exists()
    assert not stage.settings.ledger_key.exists()


def test_a_ledger_of_another_node_is_refused_before_anything_is_offered(sealed_unit: Path) -> None:
    stage = _Stage(sealed_unit)
    stage.run(_arrive)
    stage.settings.ledger_key.unlink()
    with pytest.raises(NotAuthentic, match="another node"):
        _Stage(sealed_unit).run(_arrive)


def test_what_is_due_is_erased_on_the_command_line(sealed_unit: Path) -> None:
    stage = _Stage(sealed_unit)
    stage.run(_arrive)
    words = ["ledger", "erase", str(sealed_unit), "--by", "The data protection officer"]
    assert CliRunner().invoke(main, [*words, "--due"]).output == "nothing is due\n"
    assert CliRunner().invoke(main, words).exit_code == 2
    done = CliRunner().invoke(main, [*words, "--segment", "1", "--why", "a wrong order", "--json"])
    assert json.loads(done.output) == {"erased_segments": [1]}
    with pytest.raises(BadInput, match="not here"):
        stage.records()
    assert CliRunner().invoke(main, ["ledger", "verify", str(sealed_unit)]).exit_code == 0
    reader, private = LedgerReader(stage.settings.ledger), read_evidence_key(sealed_unit / "evidence.key")
    told = [
        read_record(reader.unseal(each, private))
        for each in reader.entries()
        if each.segment == 2 and each.content[1] == 2
    ]
    assert [gap.what for gap in told if isinstance(gap, GapRecord)] == [
        "the node was not running",
        "sealing ended: the node was stopped while keys were erased",
    ]
    assert reader.head().closed


def test_an_order_that_demands_records_and_names_no_key_permits_no_sealing(sealed_unit: Path) -> None:
    stage = _Stage(sealed_unit)
    order = dataclasses.replace(stage.assignment.check_order(NOW), evidence_recipients=())
    with (
        pytest.raises(NotPermitted, match="names no key"),
        opened_ledger(stage.settings, order, stage.assignment, clock=lambda: NOW, random_bytes=os.urandom),
    ):
        pass
