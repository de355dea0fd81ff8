# SPDX-License-Identifier: EUPL-1.2
"""The private register: unique codes, no second file under one id, links listed later."""

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
