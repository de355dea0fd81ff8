# SPDX-License-Identifier: EUPL-1.2
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from tests.site.conftest import GENUINE, NOW, World

from police2peer.catalogue import Outcome, Verifier, publish_catalogue
from police2peer.errors import BadInput
from police2peer.site import place_catalogue


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_site_has_the_public_files_and_nothing_else(built: World) -> None:
    public = {name for name in _names(built.home / "public") if not Path(name).name.startswith(".")}
    assert _names(built.catalogue) == public
    assert not any("key" in name or "registry" in name for name in _names(built.site))


def test_a_second_state_adds_only_what_is_new_and_what_is_gone_goes(own: World) -> None:
    stale = own.catalogue / "rec" / "ab" / ("ab" * 32)
    stale.parent.mkdir(exist_ok=True)
    stale.write_bytes(b"x")
    publish_catalogue(own.home, now=NOW + timedelta(hours=2))
    assert 0 < place_catalogue(own.home / "public", own.site) < 6
    assert not stale.exists()
    assert place_catalogue(own.home / "public", own.site) == 0


def test_the_saved_copy_verifies_offline(own: World, tmp_path: Path) -> None:
    with zipfile.ZipFile(own.site / "catalogue.zip") as archive:
        archive.extractall(tmp_path)
    verdict = Verifier(tmp_path / "catalogue", own.root, lambda: NOW).file(own.file(GENUINE))
    assert verdict.outcome is Outcome.GENUINE


def test_an_agencys_own_folder_is_refused_with_a_hint(own: World, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        place_catalogue(own.home, tmp_path)
    assert "public" in caught.value.remedy
    assert list(tmp_path.glob("catalogue")) == []


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        place_catalogue(tmp_path, tmp_path / "site")
