# SPDX-License-Identifier: EUPL-1.2
import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.browsers import in_every_browser
from tests.site.conftest import GENUINE, NOW, WITHDRAWN, Visitor, World

from police2peer.catalogue import Registry, publish_catalogue
from police2peer.site import place_catalogue, serve_site

pytest_generate_tests = in_every_browser


def test_a_genuine_file_is_said_to_be_genuine_with_its_properties(built: World, url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    assert seen.check_file(built.file(GENUINE)) == "genuine"
    text = seen.page.inner_text(".verdict")
    assert "This is one of our warning files" in text
    assert "Police Unit A (Netherlands)" in text
    assert built.code(GENUINE) in text
    assert seen.page.locator("#steps .held").count() == 7
    assert seen.page.evaluate("document.activeElement.textContent") == "Genuine"


def test_checking_asks_only_this_origin_and_leaves_no_cookie_and_no_complaint(
    built: World, url: str, visit: Visitor
) -> None:
    seen = visit(f"{url}en/index.html")
    seen.check_file(built.file(GENUINE))
    seen.type_text(built.code(GENUINE))
    seen.outcome()
    assert [each for each in seen.asked if not each.startswith((url, f"blob:{url}"))] == []
    assert seen.page.context.cookies() == []
    assert seen.complaints == []
    text = " ".join(seen.asked)
    assert built.code(GENUINE) not in text
    assert built.drafts[GENUINE].sha256 not in text


def test_the_browser_keeps_version_numbers_and_nothing_about_the_file(built: World, url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    seen.check_file(built.file(GENUINE))
    kept = seen.page.evaluate("JSON.stringify(localStorage)")
    assert kept.count("p2p-seen-") == 1
    assert seen.page.evaluate("JSON.parse(Object.values(localStorage)[0])") == {
        "root": 1,
        "timestamp": 1,
        "snapshot": 1,
        "targets": 1,
        "catalogue": 1,
    }


def test_a_withdrawn_file_is_said_to_be_withdrawn(built: World, url: str, visit: Visitor) -> None:
    seen = visit(f"{url}de/index.html")
    assert seen.check_file(built.file(WITHDRAWN)) == "withdrawn"
    assert "Zurückgezogen am" in seen.page.inner_text(".verdict")


@pytest.mark.parametrize("content", [b"nobody issued this", b""], ids=["unknown", "empty"])
def test_an_unknown_or_empty_file_is_not_one_of_ours(
    url: str, visit: Visitor, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "unknown.bin"
    path.write_bytes(content)
    assert visit(f"{url}en/index.html").check_file(path) == "not_ours"


def test_other_bytes_with_a_copied_code_are_not_ours_and_the_page_says_why(
    built: World, url: str, visit: Visitor
) -> None:
    seen = visit(f"{url}en/index.html")
    seen.type_text(built.code(GENUINE))
    assert seen.outcome() == "genuine"
    assert "can be copied by anyone" in seen.page.inner_text(".verdict")
    assert seen.check_file(built.unknown()) == "not_ours"
    assert "someone may have copied the code" in seen.page.inner_text(".verdict")


def test_a_code_with_one_slip_is_a_question_and_never_followed_unasked(
    built: World, url: str, visit: Visitor
) -> None:
    seen = visit(f"{url}en/index.html")
    code = built.code(GENUINE)
    seen.type_text(("0" if code[0] != "0" else "1") + code[1:])
    seen.page.wait_for_selector("#did-you-mean")
    assert seen.page.inner_text("#suggested") == code
    assert seen.page.locator(".verdict").count() == 0
    assert seen.page.get_attribute("#text", "aria-invalid") == "true"
    seen.page.click("#use-suggested")
    assert seen.outcome() == "genuine"


def test_what_is_no_code_is_refused_beside_the_field(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    seen.type_text("hello")
    assert seen.page.is_visible("#not-a-code")
    assert not seen.page.is_visible("#result")


def test_a_code_that_nobody_issued_is_not_one_of_ours(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    seen.type_text("fvpa gsrr nj6o")
    assert seen.outcome() == "not_ours"


def test_a_magnet_link_is_looked_up_and_an_unlisted_one_cannot_be_told(
    built: World, url: str, visit: Visitor
) -> None:
    seen = visit(f"{url}en/index.html")
    seen.type_text(built.magnet(GENUINE))
    assert seen.outcome() == "genuine"
    seen.type_text("magnet:?xt=urn:btih:" + "ab" * 20)
    seen.page.wait_for_selector(".verdict.cannot_tell")
    assert seen.reason() == "unlisted"
    assert "could not be finished" not in seen.page.inner_text(".verdict")


def test_the_code_of_a_qr_address_is_checked_and_goes_with_the_language(
    built: World, url: str, visit: Visitor
) -> None:
    seen = visit(f"{url}#{built.code(GENUINE)}")
    seen.page.click("a[hreflang=pl]")
    assert seen.outcome() == "genuine"
    seen.page.click("header summary")
    seen.page.click("header a[hreflang=ar]")
    assert seen.outcome() == "genuine"
    assert seen.page.evaluate("document.documentElement.lang") == "ar"
    assert all("#" not in each for each in seen.asked if each.startswith(url) and "catalogue" in each)


def test_a_large_file_is_hashed_in_a_worker_and_recognised(own: World, visit: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "blank.mp4"
    with path.open("wb") as handle:
        handle.truncate(66 * 1024 * 1024 + 5)  # above what is hashed in one shot
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    draft = replace(own.drafts[0], id="W-9000", code=None, sha256=digest, size=path.stat().st_size, network_ids=())
    with Registry(own.home) as registry:
        registry.add([draft], now=NOW.date())
    publish_catalogue(own.home, now=NOW)
    place_catalogue(own.home / "public", own.site)
    with serve_site(own.site) as server:
        seen = visit(f"{server.url}en/index.html")
        assert seen.check_file(path) == "genuine"
        assert seen.complaints == []


@pytest.mark.parametrize("days", [3, 400, -3], ids=["three days on", "a year on", "three days behind"])
def test_a_wrong_clock_is_cannot_tell(built: World, url: str, visit: Visitor, days: int) -> None:
    seen = visit(f"{url}en/index.html", now=NOW + timedelta(days=days))
    assert seen.check_file(built.file(GENUINE)) == "cannot_tell"
    assert seen.reason() == "expired"


def test_one_flipped_byte_at_either_end_of_the_path_is_cannot_tell(own: World, visit: Visitor) -> None:
    with serve_site(own.site) as server:
        first = visit(f"{server.url}en/index.html")
        assert first.check_file(own.file(GENUINE)) == "genuine"
        asked = [address.removeprefix(server.url) for address in first.asked if "/catalogue/" in address]
        used = [own.site / name for name in asked if not name.endswith("root.json")]
        assert len(used) == 8  # timestamp, snapshot, targets, catalogue, head, node, shard, pack
        for path in (used[0], used[-1]):  # every other file: tests/catalogue/test_attacks_in_browser.py
            whole = path.read_bytes()
            middle = len(whole) // 2
            path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
            seen = visit(f"{server.url}en/index.html")  # in a new profile, whose cache is empty
            outcome = seen.check_file(own.file(GENUINE))
            path.write_bytes(whole)
            assert outcome == "cannot_tell", path.name
            assert seen.reason() == "broken", path.name


def test_a_missing_catalogue_is_cannot_tell(own: World, visit: Visitor) -> None:
    (own.catalogue / "md/timestamp.json").unlink()
    with serve_site(own.site) as server:
        seen = visit(f"{server.url}en/index.html")
        assert seen.check_file(own.file(GENUINE)) == "cannot_tell"
        assert seen.reason() == "unreachable"


def test_an_older_catalogue_than_the_one_seen_last_is_cannot_tell(own: World, visit: Visitor) -> None:
    old = own.home.parent / "old"
    (own.home / "public").rename(old)
    publish_catalogue(own.home, now=NOW + timedelta(minutes=5))
    place_catalogue(own.home / "public", own.site)
    with serve_site(own.site) as server:
        seen = visit(f"{server.url}en/index.html")
        assert seen.check_file(own.file(GENUINE)) == "genuine"
        place_catalogue(old, own.site)
        seen.page.reload()
        assert seen.check_file(own.file(GENUINE)) == "cannot_tell"
        assert seen.reason() == "rollback"


def test_a_file_dropped_anywhere_is_checked_and_never_replaces_the_page(
    built: World, url: str, visit: Visitor
) -> None:
    seen = visit(f"{url}en/index.html")
    seen.page.evaluate(
        """(bytes) => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(bytes)], "x"));
          const options = { dataTransfer: carried, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent("drop", options));
        }""",
        list(built.contents[GENUINE]),
    )
    assert seen.outcome() == "genuine"


def test_a_folder_dropped_on_the_page_is_refused_beside_the_field(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    # No script can make the entry of a folder; what browsers say of one is given in its place.
    seen.page.evaluate(
        """() => {
          const event = new DragEvent("drop", { bubbles: true, cancelable: true });
          const folder = { webkitGetAsEntry: () => ({ isDirectory: true }) };
          Object.defineProperty(event, "dataTransfer", { value: { items: [folder], files: [new File([], "x")] } });
          document.body.dispatchEvent(event);
        }"""
    )
    assert seen.page.inner_text("#folder") == "This is a folder. Choose one file in it."
    assert seen.page.get_attribute("#file", "aria-invalid") == "true"
    assert not seen.page.is_visible("#result")


def test_the_keyboard_alone_reaches_the_answer(built: World, url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.className") == "skip"
    seen.page.focus("#file")
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.type(built.code(GENUINE).lower().replace("-", " "))
    seen.page.keyboard.press("Enter")
    assert seen.outcome() == "genuine"
