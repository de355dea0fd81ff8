# SPDX-License-Identifier: EUPL-1.2
import sqlite3
from pathlib import Path

import pytest

from police2peer.contacts import (
    UNKNOWN_COUNTRY,
    CrawlerKey,
    CrawlerReason,
    RegistryCountries,
    Rung,
    TallyRow,
    TallyStore,
)
from police2peer.errors import Unavailable

_ROW = TallyRow("2026-03-01T12", "bittorrent", "NO", "help", "bittorrent-000001", "aria2")


def _asked(count: int) -> tuple[int, ...]:
    return (0, 0, 0, count, 0, 0, 0)


def test_counts_add_up_over_restarts(tmp_path: Path) -> None:
    for _ in range(3):
        with TallyStore(tmp_path / "t.sqlite") as store:
            store.add({_ROW: _asked(2), _ROW._replace(country="SE"): _asked(1)})
            total = store.contacts()
    assert total == 9
    with TallyStore(tmp_path / "t.sqlite") as store:
        assert store.reached(by="country") == {"NO": {Rung.ASKED: 6}, "SE": {Rung.ASKED: 3}}


def test_counts_that_fail_leave_nothing_half_written(tmp_path: Path) -> None:
    with TallyStore(tmp_path / "t.sqlite") as store:
        bad = CrawlerKey("2026-03-01T12", "bittorrent", "NO", "help", CrawlerReason.HANDSHAKE_ONLY, "aria2")
        with pytest.raises(sqlite3.IntegrityError):
            store.add({_ROW: _asked(1)}, {bad._replace(network=None): 1})  # type: ignore[arg-type]
        assert store.tallies() == {}


def test_a_group_that_is_not_a_column_is_refused(tmp_path: Path) -> None:
    with TallyStore(tmp_path / "t.sqlite") as store, pytest.raises(ValueError, match="hour;"):
        store.reached(by="hour; DROP TABLE tally")


@pytest.mark.parametrize("content", [b"this is no database, and longer than a header of one would be" * 9])
def test_a_file_that_is_no_store_is_said_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.sqlite"
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="cannot be used"):
        TallyStore(path)


def test_a_store_of_a_later_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(Unavailable, match="layout is 99"):
        TallyStore(path)


@pytest.mark.parametrize(
    ("host", "country"),
    [
        ("127.0.0.1", UNKNOWN_COUNTRY),
        ("203.0.113.9", UNKNOWN_COUNTRY),
        ("::1", UNKNOWN_COUNTRY),
        ("fe80::1%lo", UNKNOWN_COUNTRY),
        ("no address", UNKNOWN_COUNTRY),
        ("", UNKNOWN_COUNTRY),
        ("193.0.6.139", "NL"),
        ("::ffff:193.0.6.139", "NL"),
        ("2001:67c:2e8:22::c100:68b", "NL"),
    ],
)
def test_the_registry_country_is_looked_up_and_never_raises(host: str, country: str) -> None:
    assert RegistryCountries().country_of(host) == country
