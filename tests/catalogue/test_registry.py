# SPDX-License-Identifier: EUPL-1.2
"""The private register: unique codes, no second file under one id, links listed later."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer.catalogue import (
    Outcome,
    Registry,
    init_catalogue,
)
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.public_folder import PublicFolder
from police2peer.catalogue.snapshot import NOTHING, FolderReader
from police2peer.catalogue.tree import Change, apply_changes, levels_of
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("agency", "country"), [("", "NL"), ("A", "NL"), ("Unit\nA", "NL"), ("Unit A", "nl"), ("Unit A", "NLD")]
)
def test_a_name_or_country_that_cannot_be_one_is_refused(tmp_path: Path, agency: str, country: str) -> None:
    with pytest.raises(BadInput):
        init_catalogue(tmp_path / "home", agency=agency, country=country, now=datetime(2026, 11, 23, tzinfo=UTC))
    assert not (tmp_path / "home").exists()


def test_a_code_is_issued_once_only(case: "Case") -> None:
    draws = iter(["AAAA", "AAAA", "BBBB"])
    with Registry(case.folder) as registry:
        assert registry.issue_code(lambda: next(draws)) == "AAAA"
        assert registry.issue_code(lambda: next(draws)) == "BBBB"
        with pytest.raises(BadInput):
            registry.issue_code(lambda: "AAAA")
        with pytest.raises(BadInput):
            registry.issue_code(lambda: case.code(0))


def test_the_same_file_again_changes_nothing_and_another_under_its_id_is_refused(case: "Case") -> None:
    with Registry(case.folder) as registry:
        assert registry.add(case.drafts[:10], now=case.now.date()) == 0
        for change in ({"sha256": "0" * 64}, {"code": case.drafts[1].code}, {"size": 7}):
            with pytest.raises(BadInput):
                registry.add([replace(case.drafts[0], **change)], now=case.now.date())
        with pytest.raises(BadInput):
            registry.add([replace(case.drafts[0], id="W-other")], now=case.now.date())
        assert registry.count() == {"genuine": 40, "withdrawn": 0, "waiting": 0}


def test_network_ids_listed_later_are_found(case: "Case") -> None:
    with Registry(case.folder) as registry:
        registry.add_network_ids([("W-0000", "btih", "ab" * 20)])
        with pytest.raises(BadInput):
            registry.add_network_ids([("W-none", "btih", "ab" * 20)])
        with pytest.raises(BadInput):
            registry.add_network_ids([("W-0000", "btih", "AB" * 20)])
    case.publish()
    assert case.verifier.link("magnet:?xt=urn:btih:" + "ab" * 20).outcome is Outcome.GENUINE
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_what_was_never_entered_cannot_be_withdrawn(case: "Case") -> None:
    with Registry(case.folder) as registry, pytest.raises(BadInput):
        registry.withdraw("W-none", now=case.now.date())


def test_codes_stretched_ahead_are_not_stretched_again(case: "Case", monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry(case.folder) as registry:
        assert registry.not_entered([case.code(0), case.code(40)]) == [case.code(40)]
        registry.stretch_ahead([case.code(40)])
        assert registry.not_entered([case.code(40)]) == []
        with monkeypatch.context() as patch:
            patch.setattr("police2peer.catalogue.lookup.CodeStretch.value", lambda *_: 1 / 0)
            assert registry.add([case.drafts[40]], now=case.now.date()) == 1
    case.publish()
    assert case.outcomes(40) == {Outcome.GENUINE}


def test_a_register_of_the_layout_before_is_taken_over_and_published_anew(case: "Case") -> None:
    with sqlite3.connect(case.home.registry) as database:
        database.executescript(
            "DROP INDEX sent; ALTER TABLE record DROP COLUMN seed; ALTER TABLE record DROP COLUMN sending_seed;"
            "ALTER TABLE alias DROP COLUMN rev; ALTER TABLE alias ADD COLUMN entry BLOB;"
            "ALTER TABLE alias ADD COLUMN sending BLOB; ALTER TABLE code DROP COLUMN value;"
            "CREATE INDEX sent ON alias (sending) WHERE sending IS NOT NULL; PRAGMA user_version = 0;"
        )
    make_narrow(case)
    assert case.outcomes(0) == {Outcome.GENUINE}  # the index of version 1
    case.withdraw(0)
    case.publish(case.now + HOUR)
    later = case.at(case.now + HOUR)
    assert (later.outcomes(0), later.outcomes(1)) == ({Outcome.WITHDRAWN}, {Outcome.GENUINE})
    assert walk_metadata(FolderReader(case.public), case.root, later.now, Versions()).head.entries == 40 * 7


def make_narrow(case: "Case") -> None:
    """Publish the same entries in an index of version 1, three digits deep, each node of one digit."""
    store = PublicFolder(case.public)
    head = walk_metadata(store, case.root, case.now, Versions()).head
    entries = []
    for path in (case.public / "idx").rglob("*"):
        if path.is_file() and not path.stat().st_size % 116:
            content = path.read_bytes()
            entries += [content[at : at + 116] for at in range(0, len(content), 116)]
    changes = [Change(entry[:16], None, entry) for entry in sorted(entries)]
    root, grown = apply_changes(store, NOTHING, levels_of(3, narrow=True), changes)
    assert grown == head.entries
    case.sign_head(replace(head, root=root, depth=3, narrow=True).to_bytes())
