# SPDX-License-Identifier: EUPL-1.2
"""campaign.toml: good ones give a Campaign, and of bad ones everything is told at once, with line and remedy."""

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import babel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import (
    COUNTRIES,
    SHIPPED_LANGUAGES,
    Arm,
    Campaign,
    EvidenceMode,
    FileFormat,
    FreeSide,
    load_campaign,
    new_campaign,
)
from police2peer.errors import BadInput
from police2peer.strict_toml import Problems

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def campaign(ready: "Ready") -> Campaign:
    return load_campaign(ready.folder)


def test_the_example_is_in_order_once_it_has_keys(campaign: Campaign) -> None:
    assert campaign.order.country == "NO"
    assert campaign.order.start == datetime(2027, 3, 1, tzinfo=UTC)
    assert campaign.order.evidence is EvidenceMode.OFF
    assert set(campaign.languages) <= set(SHIPPED_LANGUAGES)
    assert {message.arm for message in campaign.messages} == set(Arm)
    assert not campaign.production
    assert campaign.networks == ("bittorrent",)
    assert len(campaign.titles) == 40
    assert len(campaign.drafts()) == 24


def test_the_example_in_the_folder_of_examples_is_the_one_that_is_copied(tmp_path: Path) -> None:
    new_campaign(tmp_path / "new", now=datetime(2026, 11, 1, 15, tzinfo=UTC))
    for path in (_ROOT / "examples/sample").iterdir():
        shown, copied = path.read_bytes(), (tmp_path / "new" / path.name).read_bytes()
        if path.name == "campaign.toml":
            copied = copied.replace(b"2027-04-30", b"2027-10-31")
        assert copied == shown


def test_a_new_campaign_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(BadInput, match="not empty"):
            new_campaign(folder, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert (tmp_path / "file").read_text() == "mine"


def test_the_example_gives_at_least_200_offers(campaign: Campaign) -> None:
    offers = campaign.planned_offers()
    assert len(offers) == campaign.offer_count == 240
    assert len(campaign.recipes()) == 4 * 6 * 5 + 1


def test_every_title_carries_every_arm_and_no_file_twice(campaign: Campaign) -> None:
    offers = campaign.planned_offers()
    assert len(set(offers)) == len(offers)
    for title in campaign.titles:
        arms = Counter(offer.recipe.arm for offer in offers if offer.title_id == title.id)
        assert arms == {Arm.COMBINED: 2, Arm.TRACEABILITY: 1, Arm.LEGALITY: 1, Arm.HELP: 1, Arm.BLANK: 1}


def test_every_file_of_a_message_is_offered_as_often_as_any_other_within_one(campaign: Campaign) -> None:
    uses = Counter(offer.recipe for offer in campaign.planned_offers())
    for arm in Arm:
        counts = {uses[recipe] for recipe in campaign.recipes() if recipe.arm is arm}
        assert max(counts) - min(counts) <= 1


def test_offers_are_drawn_the_same_everywhere_and_differently_for_another_campaign(ready: "Ready") -> None:
    first = load_campaign(ready.folder).planned_offers()
    assert load_campaign(ready.file).planned_offers() == first
    ready.change('id = "sample-campaign"', 'id = "other-campaign"')
    other = load_campaign(ready.folder).planned_offers()
    assert other != first
    assert len(other) == len(first)


def test_a_title_that_carries_more_files_than_there_are_gets_variants(ready: "Ready") -> None:
    ready.change('message = "blank"', 'message = "blank"\noffers_per_title = 3')
    campaign = load_campaign(ready.folder)
    blanks = [recipe for recipe in campaign.recipes() if recipe.arm is Arm.BLANK]
    assert [(one.variant, one.language, one.format) for one in blanks] == [
        (variant, None, FileFormat.BLANK_MP4) for variant in range(3)
    ]
    assert len({recipe.name for recipe in campaign.recipes()}) == len(campaign.recipes())
    offers = campaign.planned_offers()
    assert len(set(offers)) == len(offers) == 320


# What is changed in the example, where the problem is, and what its facts or remedy say.
_FAULTS = [
    ('country = "NO"', 'country = "UK"', "order.country", 'did you mean "GB"?'),
    ('country = "NO"', 'country = "no"', "order.country", 'did you mean "NO"?'),
    ('country = "NO"', 'country = "XX"', "order.country", "as in NO"),
    ("start = 2027", "start = 2028", "order.end", "ends before it starts"),
    ("start = 2027-03-01T00:00:00Z", "start = 2027-03-01", "order.start", "a date and time"),
    ("start = 2027-03-01T00:00:00Z", "start = 2027-03-01T00:00:00", "order.start", "no offset"),
    ("Second Approver", "first  approver", "order.approvers", "named twice"),
    ("approvers/second.pub", "approvers/first.pub", "order.approvers", "same key"),
    ("approvers/second.pub", "approvers/third.pub", "order.approvers[2].public_key", "key new approvers/third.key"),
    ("approvers/second.pub", "approvers/second.key", "order.approvers[2].public_key", "not a public key"),
    ('legal_ground = "', 'legal_ground = "" # ', "order.legal_ground", "blank"),
    ('grounds = "', 'grounds = " " # ', "order.spaces[1].grounds", "blank"),
    ('evidence = "off"', 'evidence = "offf"', "order.evidence", 'did you mean "off"?'),
    ('id = "sample-order"', 'id = "sample/order"', "order.id", "plain name"),
    ('id = "sample-campaign"', 'id = "../campaign"', "id", "plain name"),
    ('"pdf"', '"pdff"', "formats", 'did you mean "pdf"?'),
    ('"pdf"', '"jpg"', "formats", "there twice"),
    (', "blank-mp4"]', "]", "formats", "blank message has no format"),
    ('["mp4", "jpg", "png", "pdf", "zip", "blank-mp4"]', '["blank-mp4"]', "formats", "no format can show"),
    ('[[messages]]\nmessage = "blank"', "", "formats", "no message is blank"),
    ('"pl"', '"xx"', "languages", "no rules"),
    ('pl = "Przykładowa', '# pl = "Przykładowa', "issuer.pl", "missing"),
    ('en = "Example National Police"', 'en = "Pay us"', "issuer.en", "swindler"),
    ('en = "Example National Police"', 'en = "Example {police}"', "issuer.en", "cannot be shown"),
    ('networks = ["bittorrent"]', 'networks = ["bittorent"]', "networks", 'did you mean "bittorrent"?'),
    ("replication = 1", "replication = 0", "replication", "out of bounds"),
    ("replication = 1", "replication = true", "replication", "a whole number"),
    ("size_bytes = 700_000_000", "size_bytes = 5_000_000_000", "blank.size_bytes", "out of bounds"),
    ('message = "help"', 'message = "hepl"', "messages[4].message", 'did you mean "help"?'),
    ('message = "help"', 'message = "legality"', "messages[4].message", "there twice"),
    ('message = "help"', 'message = "help"\nfile = "a.toml"', "messages[4].message", "either message or file"),
    ('message = "help"', 'file = "none.toml"', "", "cannot be read"),
    ("publish_network_ids = true", 'publish_network_ids = "yes"', "publish_network_ids", "true or false"),
    ('titles = "titles.txt"', 'titles = "none.txt"', "", "cannot be read"),
    ('badge = "badge.svg"', 'badge = "none.svg"', "badge", "cannot be read"),
    ('badge = "badge.svg"', 'badge = "titles.txt"', "badge", "no SVG"),
    ("https://p2p.police.example/verify", "http://p2p.police.example/verify", "addresses.verify", "not https"),
    ("https://p2p.police.example/verify", "https://p2p.police.example/verify#a", "addresses.verify", "fragment"),
    ("https://p2p.police.example/verify", "https://p2p.police.example/?a=1", "addresses.verify", "query"),
    ("https://p2p.police.example/verify", "p2p.police.example", "addresses.verify", "no web address"),
    ("https://p2p.police.example/verify", "https://[::1", "addresses.verify", "no web address"),
    ("https://p2p.police.example/verify", "https://p2p.police.example/" + "a" * 90, "addresses.verify", "characters"),
]


@pytest.mark.parametrize(("old", "new", "where", "told"), _FAULTS)
def test_a_fault_is_told_with_its_line_and_a_remedy(
    ready: "Ready", old: str, new: str, where: str, told: str
) -> None:
    ready.change(old, new)
    problem = ready.problem(where)
    assert told in f"{problem.facts}; {problem.remedy}"
    if problem.path is None:
        assert problem.line is not None
        written = ready.file.read_text(encoding="utf-8").splitlines()[problem.line - 1]
        key = where.rpartition(".")[2].partition("[")[0]
        assert key in written or "[[" in written or "[" in written


def test_everything_that_is_wrong_is_told_at_once(ready: "Ready") -> None:
    for old, new in (
        ('country = "NO"', 'contry = "XX"'),
        ('name = "Second Approver"', 'name = "First Approver"'),
        ("start = 2027", "start = 2028"),
        ('"pl"', '"xx"'),
        ('message = "help"', 'message = "hepl"'),
    ):
        ready.change(old, new)
    (ready.folder / "titles.txt").write_text("a/b\n" + "x" * 1000 + "\nsample-clip-01\n", encoding="utf-8")
    told = "\n".join(str(one.line) + one.where for one in ready.problems())
    for where in (
        "order.country",
        "order.contry",
        "order.approvers",
        "order.end",
        "languages",
        "T-0001",
        "T-0002",
    ):
        assert where in told
    assert len(ready.problems()) == 8


def test_a_key_with_a_slip_of_the_pen_is_missing_and_unknown(ready: "Ready") -> None:
    ready.change('country = "NO"', 'contry = "NO"')
    missing, unknown = sorted(ready.problems(), key=lambda one: one.facts)
    assert (missing.where, missing.facts) == ("order.country", "missing")
    assert (unknown.where, unknown.remedy) == ("order.contry", 'did you mean "country"?')
    assert unknown.line == ready.line_of("contry")


def test_one_approver_is_too_few(ready: "Ready") -> None:
    ready.change('[[order.approvers]]\nname = "Second Approver"\npublic_key = "approvers/second.pub"\n', "")
    problem = ready.problem("order.approvers")
    assert problem.facts == "1 approver is named"
    assert problem.line == ready.line_of("[[order.approvers]]")


def test_one_approver_without_a_key_is_two_problems(ready: "Ready") -> None:
    ready.change('[[order.approvers]]\nname = "Second Approver"\npublic_key = "approvers/second.pub"\n', "")
    ready.change("approvers/first.pub", "approvers/none.pub")
    assert [one.where for one in ready.problems()] == ["order.approvers", "order.approvers[1].public_key"]


def test_a_network_without_a_suspected_space_is_refused(ready: "Ready") -> None:
    text = ready.file.read_text(encoding="utf-8")
    start, end = text.index("[[order.spaces]]"), text.index("# Two different people")
    ready.file.write_text(text[:start] + text[end:], encoding="utf-8")
    problem = ready.problem("order.spaces")
    assert "bittorrent" in problem.facts


def test_an_empty_file_tells_all_that_is_missing(ready: "Ready") -> None:
    ready.file.write_text("", encoding="utf-8")
    assert {"id", "formats", "languages", "networks", "titles", "order", "messages", "addresses", "issuer"} <= {
        one.where for one in ready.problems()
    }


_CLIP = """
[[messages.clips]]
language = "en"
file = "clips/officer.mp4"
sha256 = "{sha256}"
consent_reference = "consent 2027/1"
free_side = "left"
"""


def _with_clip(ready: "Ready", text: str) -> None:
    (ready.folder / "clips").mkdir(exist_ok=True)
    (ready.folder / "clips/officer.mp4").write_bytes(b"a clip")
    ready.change('message = "help"\n', f'message = "help"\n{text}')


def _clip_text() -> str:
    return _CLIP.format(sha256=hashlib.sha256(b"a clip").hexdigest())


def test_a_clip_comes_with_its_digest_and_consent(ready: "Ready") -> None:
    before = load_campaign(ready.folder).sha256
    _with_clip(ready, _clip_text())
    campaign = load_campaign(ready.folder)
    (clip,) = (clip for message in campaign.messages for clip in message.clips.values())
    assert (clip.path.name, clip.consent_reference, clip.free_side) == (
        "officer.mp4",
        "consent 2027/1",
        FreeSide.LEFT,
    )
    assert campaign.sha256 != before


def test_a_missing_clip_is_told(ready: "Ready") -> None:
    _with_clip(ready, _clip_text())
    (ready.folder / "clips/officer.mp4").unlink()
    problem = ready.problem("messages[4].clips[1].file")
    assert "No such file" in problem.facts
    assert problem.line == ready.line_of("file = ")


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        (hashlib.sha256(b"a clip").hexdigest(), "0" * 64, "file", "another SHA-256"),
        (hashlib.sha256(b"a clip").hexdigest(), "abc", "file", "64 hexadecimal"),
        ('language = "en"', 'language = "it"', "language", "does not speak"),
        ("consent 2027/1", "", "consent_reference", "blank"),
        ('free_side = "left"', 'free_side = "lef"', "free_side", 'did you mean "left"?'),
    ],
)
def test_a_clip_that_is_not_as_recorded_is_told(ready: "Ready", old: str, new: str, where: str, told: str) -> None:
    _with_clip(ready, _clip_text().replace(old, new))
    problem = ready.problem(f"messages[4].clips[1].{where}")
    assert told in f"{problem.facts}; {problem.remedy}"


def test_two_clips_in_one_language_are_one_too_many(ready: "Ready") -> None:
    _with_clip(ready, _clip_text() * 2)
    assert "two recordings" in ready.problem("messages[4].clips[2].language").facts


def test_a_blank_shows_no_clip(ready: "Ready") -> None:
    _with_clip(ready, "")
    ready.change('message = "blank"\n', f'message = "blank"\n{_clip_text()}')
    assert "shows and says nothing" in ready.problem("messages[5].clips").facts


def test_loopback_addresses_are_for_a_trial(ready: "Ready") -> None:
    ready.change("https://p2p.police.example/verify", "http://127.0.0.1:8080/verify")
    verify_urls = {message.verify_url for message in load_campaign(ready.folder).messages}
    assert verify_urls == {"http://127.0.0.1:8080/verify"}


def test_production_refuses_drafts_loopback_and_names_that_nobody_owns(ready: "Ready") -> None:
    ready.change("production = false", "production = true")
    problems = ready.problems()
    drafts = [one for one in problems if "draft" in one.facts]
    assert len(drafts) == 24
    assert {one.where for one in problems} - {one.where for one in drafts} == {"addresses.help", "addresses.verify"}
    assert all("police2peer message review" in one.remedy for one in drafts)
    assert len(load_problems_for_review(ready)) == 2


def load_problems_for_review(ready: "Ready") -> tuple[object, ...]:
    with pytest.raises(Problems) as caught:
        load_campaign(ready.folder, for_review=True)
    return caught.value.problems


def test_a_campaign_is_production_unless_it_says_otherwise(ready: "Ready") -> None:
    ready.change("production = false", "")
    assert any("production campaign" in one.facts for one in ready.problems())


@pytest.mark.parametrize(
    "svg",
    [
        b"<svg><script>1</script></svg>",
        b'<!DOCTYPE svg [<!ENTITY x "y">]><svg/>',
        b'<svg><image xlink:href="file:///etc/passwd"/></svg>',
        b"<svg>" + b" " * 300_000 + b"</svg>",
    ],
)
def test_a_badge_with_active_content_or_links_is_refused(ready: "Ready", svg: bytes) -> None:
    (ready.folder / "badge.svg").write_bytes(svg)
    ready.problem("badge")


def test_the_countries_are_those_of_the_standard() -> None:
    # CLDR lists regions beyond ISO 3166-1: groupings and reserved codes.
    known = {code for code in map(str, babel.Locale("en").territories) if len(code) == 2 and code.isalpha()}
    beyond = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
    assert known - beyond == COUNTRIES
    assert len(COUNTRIES) == 249


_TEXT = (_ROOT / "examples/sample/campaign.toml").read_text(encoding="utf-8")
_LINES = _TEXT.splitlines(keepends=True)


@given(
    st.lists(st.integers(0, len(_LINES) - 1), max_size=6),
    st.lists(st.integers(0, len(_TEXT) - 1), max_size=3),
)
def test_a_damaged_campaign_file_gives_problems_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, dropped: list[int], emptied: list[int]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    text = "".join(line for place, line in enumerate(_LINES) if place not in dropped)
    for place in emptied:
        text = text[:place] + text[place + 1 :]
    (folder / "campaign.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Problems) as caught:
        load_campaign(folder)
    assert str(caught.value)


def test_a_folder_without_a_campaign_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="cannot be read"):
        load_campaign(tmp_path)


def test_no_error_of_a_campaign_repeats_a_title(ready: "Ready", make_ready: Callable[[str], "Ready"]) -> None:
    del make_ready
    (ready.folder / "titles.txt").write_text("sample-clip-x\nsample-clip-x\nsample-clip-x/y\n", encoding="utf-8")
    assert "sample-clip-x" not in str([ready.problems()])
