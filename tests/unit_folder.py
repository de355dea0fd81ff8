# SPDX-License-Identifier: EUPL-1.2
"""A unit's folder with a small campaign: signed by two, files made, released. Made once, copied for each test."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from police2peer.campaign import (
    load_campaign,
    new_campaign,
    new_key_pair,
    read_signed_order,
    read_signing_key,
    sign_campaign,
)
from police2peer.fleet import plan_release, write_release
from police2peer.warningfiles import Manifest, make_campaign, new_code

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _smaller(text: str) -> str:
    """Turn the sample into one picture, one blank and a few titles, quick to make."""
    text = text.replace(
        'formats = ["mp4", "jpg", "png", "pdf", "zip", "blank-mp4"]', 'formats = ["png", "blank-mp4"]'
    )
    text = text.replace('languages = ["en", "de", "fr", "es", "pl", "ar"]', 'languages = ["en"]')
    text = text.replace("size_bytes = 700_000_000", "size_bytes = 4_000_000").replace("offers_per_title = 2\n", "")
    head, _, rest = text.partition('[[messages]]\nmessage = "traceability"')
    return head + '[[messages]]\nmessage = "blank"\n' if rest else text


@pytest.fixture(scope="session")
def unit_made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unit") / "unit"
    path = new_campaign(folder, now=NOW)
    path.write_text(_smaller(path.read_text()))
    (folder / "titles.txt").write_text("".join(f"sample-clip-{number:02d}\n" for number in range(1, 7)))
    keys = [new_key_pair(folder / "approvers" / f"{name}.key") for name in ("first", "second")]
    assert len(keys) == 2
    new_key_pair(folder / "release.key")
    trust = folder / "trust"
    trust.mkdir()
    (trust / "approvers.pub").write_text(
        "".join((folder / "approvers" / f"{name}.pub").read_text() for name in ("first", "second"))
    )
    shutil.copyfile(folder / "release.pub", trust / "release.pub")
    campaign = load_campaign(folder)
    for name in ("first", "second"):
        sign_campaign(campaign, read_signing_key(folder / "approvers" / f"{name}.key"))
    manifest = make_campaign(campaign, folder / "files", new_code=lambda: new_code(_bytes))
    release_again(folder, manifest)
    return folder


@pytest.fixture
def unit(unit_made_once: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "unit"
    shutil.copytree(unit_made_once, folder)
    return folder


def release_again(folder: Path, manifest: Manifest) -> None:
    campaign = load_campaign(folder)
    release = plan_release(campaign, manifest, read_signed_order(campaign), now=NOW, previous=None)
    write_release(folder / "release.json", release, read_signing_key(folder / "release.key"))


_counter = iter(range(1, 1000))


def _bytes(count: int) -> bytes:
    return next(_counter).to_bytes(count, "big")
