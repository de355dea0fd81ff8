# SPDX-License-Identifier: EUPL-1.2
"""The check outside of its site: a page that was saved, a site on a stick, and the saved copy of the catalogue."""

import base64
import io
import random
import shutil
import zipfile
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.browsers import Script, in_every_browser
from tests.site.conftest import GENUINE, NOW, WITHDRAWN, Visit, Visitor, World

from police2peer.catalogue import Registry, publish_catalogue
from police2peer.errors import BadInput
from police2peer.site import build_site, place_catalogue, serve_site

pytest_generate_tests = in_every_browser


@pytest.fixture
def saved(built: World, url: str, visit: Visitor, tmp_path: Path) -> Path:
    """Save the check as a visitor does, by the link on the page "Check without this page"."""
    seen = visit(f"{url}en/offline.html")
    with seen.page.expect_download() as download:
        seen.page.click("a[download$='.html']")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.read_bytes() == (built.site / "en/index.html").read_bytes()
    return path


def _open(visit: Visitor, path: Path, copy: Path, now: timedelta = timedelta(hours=1)) -> Visit:
    seen = visit(path.as_uri(), now=NOW + now)
    assert not seen.page.is_visible("#ways")
    seen.page.set_input_files("#copy", copy)
    seen.page.wait_for_selector("#ways")
    return seen


def test_a_saved_page_checks_with_a_saved_copy_and_asks_no_network(built: World, saved: Path, visit: Visitor) -> None:
    seen = _open(visit, saved, built.site / "catalogue.zip")
    assert seen.check_file(built.file(GENUINE)) == "genuine"
    assert seen.page.locator("#steps .held").count() == 7
    assert seen.check_file(built.file(WITHDRAWN)) == "withdrawn"
    assert seen.check_file(built.unknown()) == "not_ours"
    seen.type_text(built.code(GENUINE))
    assert seen.outcome() == "genuine"
    assert [each for each in seen.asked if not each.startswith(("file:", "blob:"))] == []
    # The icon of the site is not beside a page that was saved alone.
    assert [each for each in seen.complaints if "ERR_FILE_NOT_FOUND" not in each] == []


def test_a_large_file_is_hashed_in_a_saved_page_too(own: World, saved: Path, visit: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "blank.mp4"
    with path.open("wb") as handle:
        handle.truncate(66 * 1024 * 1024 + 5)
    digest = sha256(path.read_bytes()).hexdigest()
    draft = replace(own.drafts[0], id="W-9000", code=None, sha256=digest, size=path.stat().st_size, network_ids=())
    with Registry(own.home) as registry:
        registry.add([draft], now=NOW.date())
    publish_catalogue(own.home, now=NOW)
    place_catalogue(own.home / "public", own.site)
    assert _open(visit, saved, own.site / "catalogue.zip").check_file(path) == "genuine"


def test_an_old_copy_cannot_tell_and_says_what_it_said_on_its_day(built: World, saved: Path, visit: Visitor) -> None:
    seen = _open(visit, saved, built.site / "catalogue.zip", now=timedelta(days=30))
    assert seen.check_file(built.file(GENUINE)) == "cannot_tell"
    assert seen.reason() == "expired"
    assert seen.page.inner_text("[data-field=was]") == "Genuine"
    assert "2026" in seen.page.inner_text("[data-field=at]")
    assert seen.page.locator("#steps .stopped").get_attribute("data-step") == "2"


def test_the_site_itself_never_repeats_what_an_old_catalogue_said(built: World, url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html", now=NOW + timedelta(days=30))
    assert seen.check_file(built.file(GENUINE)) == "cannot_tell"
    assert not seen.page.is_visible("[data-field=was]")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\5\6" + b"\xff" * 18], ids=["empty", "other", "wild"])
def test_what_is_no_copy_is_cannot_tell(saved: Path, visit: Visitor, tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(content)
    seen = _open(visit, saved, other)
    seen.type_text("FVPA-GSRR-NJ60")
    assert seen.outcome() == "cannot_tell"
    assert seen.reason() == "unreachable"


def test_alone_it_shows_no_link_that_leads_nowhere_and_on_a_stick_all_of_them(
    built: World, saved: Path, visit: Visitor, tmp_path: Path
) -> None:
    page = _open(visit, saved, built.site / "catalogue.zip").page
    assert _links(page) == ["#content"]
    stick = shutil.copytree(built.site, tmp_path / "stick")
    seen = _open(visit, stick / "en/index.html", stick / "catalogue.zip")
    assert seen.check_file(built.file(GENUINE)) == "genuine"
    seen.page.click(".verdict .go a >> nth=0")
    assert seen.page.url.endswith("/en/help.html")


def _links(page: Page) -> list[str]:
    return [str(link.get_attribute("href")) for link in page.locator("a[href]").all() if link.is_visible()]


def test_with_the_address_of_its_site_a_saved_page_asks_there(own: World, visit: Visitor, tmp_path: Path) -> None:
    with serve_site(own.site) as server:
        _build_at(own, server.url)
        alone = tmp_path / "check.html"
        shutil.copyfile(own.site / "en/index.html", alone)
        seen = visit(alone.as_uri())
        assert seen.check_file(own.file(GENUINE)) == "genuine"
        assert not seen.page.is_visible("#saved")
        assert all(each.startswith((f"{server.url}catalogue/", "file:", "blob:")) for each in seen.asked)
        assert set(_links(seen.page)) - {"#content"} == {
            each for each in _links(seen.page) if each.startswith(server.url)
        }


def test_where_its_site_cannot_be_reached_a_saved_page_takes_a_copy(own: World, visit: Visitor) -> None:
    _build_at(own, "http://127.0.0.1:1/")  # nobody listens there
    alone = shutil.copyfile(own.site / "en/index.html", own.site / "check.html")
    seen = visit(alone.as_uri())
    seen.type_text(own.code(GENUINE))
    assert seen.outcome() == "cannot_tell"
    assert seen.reason() == "unreachable"
    seen.page.set_input_files("#copy", own.site / "catalogue.zip")
    seen.page.wait_for_selector("#result", state="hidden")
    assert seen.check_file(own.file(GENUINE)) == "genuine"


def _build_at(world: World, address: str) -> None:
    build_site(
        world.site,
        catalogue=world.home / "public",
        root=world.root,
        agency="Police Unit A",
        today=NOW.date(),
        address=address,
    )


@pytest.mark.parametrize(
    "address",
    ["police.example/check/", "http://police.example/", "https://police.example/?a", "https://a b/; script-src *"],
)
def test_what_is_no_address_of_a_site_is_refused(own: World, address: str) -> None:
    with pytest.raises(BadInput, match="not the address of a site"):
        _build_at(own, address)


_READ_COPY = """
async ([bytes, paths]) => {
  SOURCE
  const raw = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
  const found = [];
  const fetch = await openCopy(new Blob([raw]));
  for (const path of paths) {
    try {
      const content = await fetch(path, 100000);
      found.push(content && await sha256(content));
    } catch (error) {
      found.push(error instanceof Doubt ? "doubt" : String(error));
    }
  }
  return found;
}
"""


def test_any_bytes_as_a_copy_are_read_or_doubted(script: Script, built: World) -> None:
    draw = random.Random(13)
    whole = (built.site / "catalogue.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        contents = {name.removeprefix("catalogue/"): archive.read(name) for name in archive.namelist()}
    names = sorted(contents)[:6]
    assert _read(script, whole, names) == [sha256(contents[name]).hexdigest() for name in names]
    for _ in range(150):
        at = draw.choice((draw.randrange(len(whole)), len(whole) - draw.randrange(1, 3000)))
        changed = draw.choice(
            (whole[:at] + draw.randbytes(4) + whole[at + 4 :], whole[:at], whole[at:], draw.randbytes(at % 4000))
        )
        for each in _read(script, changed, names):
            assert each in {None, "doubt"} or len(str(each)) == 64


def _read(script: Script, content: bytes, names: list[str]) -> list[object]:
    read = script.run(_READ_COPY, [base64.b64encode(content).decode(), names])
    assert isinstance(read, list)
    return read
