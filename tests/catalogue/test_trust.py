# SPDX-License-Identifier: EUPL-1.2
"""Keys are renewed and replaced without a gap, and nobody signs with too few."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer import storage
from police2peer.catalogue import (
    Outcome,
    Registry,
    public_folder,
    renew_trust,
)
from police2peer.errors import NotPermitted

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case

HOUR = timedelta(hours=1)


def _enter(case: "Case", *numbers: int) -> None:
    with Registry(case.folder) as registry:
        registry.add([case.drafts[number] for number in numbers], now=case.now.date())


def test_an_expired_root_is_not_published_until_it_is_renewed(case: "Case") -> None:
    later = case.now + timedelta(days=366)
    with pytest.raises(NotPermitted, match="expired"):
        case.publish(later)
    renew_trust(case.folder, now=later)
    case.publish(later)
    assert case.at(later).outcomes(0) == {Outcome.GENUINE}


@pytest.mark.parametrize(
    "names",
    [
        ("root-1",),
        ("root-1", "root-2"),
        ("targets-3",),
        ("targets-1", "targets-2", "targets-3"),
        ("online",),
        ("agency-nl-1",),
        ("root-3", "targets-1", "online", "agency-nl-1", "agency-fr-1"),
    ],
)
def test_replaced_keys_are_followed_from_the_first_root(case: "Case", names: tuple[str, ...]) -> None:
    renew_trust(case.folder, now=case.now, replace=names)
    case.publish()
    assert case.outcomes(0) == case.outcomes(1) == {Outcome.GENUINE}
    for name in names:
        (case.home.keys / f"{name}.until-root-1.pem").unlink()
    _enter(case, 40)
    case.publish(case.now + HOUR)
    assert case.at(case.now + HOUR).outcomes(40) == {Outcome.GENUINE}


def test_a_new_root_is_written_after_the_state_that_holds_under_both(
    case: "Case", monkeypatch: pytest.MonkeyPatch
) -> None:
    renew_trust(case.folder, now=case.now, replace=["online"])
    order: list[str] = []

    def _write(path: Path | str, content: bytes) -> None:
        order.append(Path(path).name)
        storage.write_whole(Path(path), content)
        assert case.outcomes(0) == {Outcome.GENUINE}, order[-1]

    monkeypatch.setattr(public_folder, "write_whole", _write)
    monkeypatch.setattr(public_folder, "write_soon", _write)
    case.publish()
    assert order[-2:] == ["timestamp.json", "2.root.json"]


def test_a_lost_root_key_can_be_replaced_by_the_two_that_are_left(case: "Case") -> None:
    (case.home.keys / "root-2.pem").unlink()
    renew_trust(case.folder, now=case.now, replace=["root-2"])
    (case.home.keys / "root-1.pem").unlink()
    renew_trust(case.folder, now=case.now)
    case.publish()
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_with_one_root_key_nothing_is_signed_and_no_key_is_moved(case: "Case") -> None:
    for name in ("root-1", "root-2"):
        (case.home.keys / f"{name}.pem").unlink()
    before = sorted(case.home.keys.iterdir())
    with pytest.raises(NotPermitted):
        renew_trust(case.folder, now=case.now, replace=["root-3"])
    assert sorted(case.home.keys.iterdir()) == before


def test_an_agency_that_is_no_longer_named_cannot_be_told(case: "Case") -> None:
    renew_trust(case.folder, now=case.now, replace=["agency-fr-1"])
    with Registry(case.folder) as registry:
        registry._db.execute("UPDATE record SET published = rev")  # a record that was never signed again
        registry._db.commit()
    case.publish()
    assert case.outcomes(1) == {Outcome.CANNOT_TELL}
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_private_files_are_the_owners_alone_and_the_public_folder_holds_none(case: "Case") -> None:
    assert case.home.keys.stat().st_mode & 0o777 == 0o700
    for path in case.home.keys.glob("*.pem"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert case.home.registry.stat().st_mode & 0o777 == 0o600
    for content in (path.read_bytes() for path in case.public.rglob("*") if path.is_file()):
        assert b"PRIVATE" not in content
