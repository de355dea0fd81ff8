# SPDX-License-Identifier: EUPL-1.2
"""Searches are counted by term, network, hour and country, and nothing of who asked or what was typed is kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from police2peer.campaign import TermId
from police2peer.contacts import (
    FOLDED,
    Asked,
    Bounds,
    Country,
    Demand,
    DemandRow,
    DemandStore,
    searches_in_hour_of_day,
)
from police2peer.errors import Unavailable
from police2peer.networks import Address, SearchMatched

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
_ASKER = Address("127.44.55.66", 4000)


class _Somewhere:
    def country_of(self, host: str) -> Country:
        return Country("NO" if host == "127.44.55.66" else "DK")


def _search(
    term: str = "S-0001", at: datetime = NOW, *, answered: int = 1, asker: Address | None = _ASKER
) -> SearchMatched:
    return SearchMatched(at, "directconnect", TermId(term), answered, asker)


def _counted(store: DemandStore, *searches: SearchMatched, now: datetime = NOW) -> None:
    demand = Demand(store, countries=_Somewhere())
    for search in searches:
        demand.feed(search)
    demand.flush(now)


def test_searches_are_counted_with_those_that_found_a_title(tmp_path: Path) -> None:
    with DemandStore(tmp_path / "demand.sqlite") as store:
        _counted(store, _search(), _search(answered=0), _search("S-0002", asker=None))
        _counted(store, _search())
        assert store.by("term", "country") == {
            ("S-0001", "NO"): Asked(3, 2),
            ("S-0002", "ZZ"): Asked(1, 1),
        }
        assert store.by() == {("",): Asked(4, 3)}


def test_no_address_of_an_asker_reaches_the_disk(tmp_path: Path) -> None:
    with DemandStore(tmp_path / "demand.sqlite") as store:
        _counted(store, *(_search(asker=Address("127.44.55.66", port)) for port in range(1, 300)))
        for path in tmp_path.iterdir():
            content = path.read_bytes()
            assert b"127.44.55.66" not in content
            assert bytes((127, 44, 55, 66)) not in content
            assert bytes((66, 55, 44, 127)) not in content


def test_the_file_stays_small_however_many_countries_are_invented(tmp_path: Path) -> None:
    with DemandStore(tmp_path / "demand.sqlite", bounds=Bounds(most_rows=10)) as store:
        counts = {DemandRow("2026-11-23T12", "directconnect", "S-0001", f"C{n}"): Asked(1, 1) for n in range(100)}
        store.add(counts)
        store.add(counts)
        rows = store.by("country")
        assert len(rows) == 11
        assert rows[(FOLDED,)] == Asked(180, 180)
        assert sum(asked.searches for asked in rows.values()) == 200


def test_old_hours_become_days_and_old_days_months_and_nothing_is_lost(tmp_path: Path) -> None:
    with DemandStore(tmp_path / "demand.sqlite") as store:
        long_ago, lately = NOW - timedelta(days=500), NOW - timedelta(days=60)
        searches = [_search(at=at + timedelta(hours=hour)) for at in (long_ago, lately, NOW) for hour in range(3)]
        _counted(store, *searches)
        store.fold(NOW)  # an hour that is very old becomes a day first
        assert [hour for (hour,) in store.by("hour")] == [
            "2025-07",
            "2026-09-24",
            "2026-11-23T12",
            "2026-11-23T13",
            "2026-11-23T14",
        ]
        assert store.by() == {("",): Asked(9, 9)}


def test_the_demand_of_an_hour_of_the_day_is_that_of_the_same_hour_on_other_days(tmp_path: Path) -> None:
    with DemandStore(tmp_path / "demand.sqlite") as store:
        days = [_search(at=NOW - timedelta(days=day)) for day in (1, 2, 27, 29)]
        _counted(store, *days, _search(at=NOW - timedelta(hours=2)))
        assert searches_in_hour_of_day(store, NOW, days=28) == {("directconnect", "S-0001"): 3}


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "demand.sqlite").write_bytes(b"x" * 4096)
    with pytest.raises(Unavailable, match="move the file aside"):
        DemandStore(tmp_path / "demand.sqlite")
