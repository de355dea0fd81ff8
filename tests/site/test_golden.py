# SPDX-License-Identifier: EUPL-1.2
"""What earlier releases issued stays verifiable for ever: frozen files, catalogues and roots, in both verifiers.

An archive in tests/golden is never made anew; `python -m tests.golden` freezes a release. `head-1.zip` was made by
the program as it was before heads of version 2. The clock stands where it stood then.
"""

import importlib.metadata
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.browsers import in_every_browser
from tests.site.conftest import Visit, Visitor

from police2peer.campaign import Language
from police2peer.catalogue import Verdict, Verifier
from police2peer.site import build_site, serve_site

_FROZEN = sorted((Path(__file__).parents[1] / "golden").glob("*.zip"))
pytest_generate_tests = in_every_browser


@dataclass(frozen=True)
class Golden:
    """What one release issued, unpacked, and what it said of it."""

    folder: Path
    asked_at: datetime
    agency: str
    asks: Sequence[Mapping[str, str]]

    @property
    def root(self) -> bytes:
        return (self.folder / "root.json").read_bytes()

    def verdicts(self, now: datetime) -> list[Verdict]:
        verifier = Verifier(self.folder / "catalogue", self.root, lambda: now)
        return [self._verdict(verifier, ask) for ask in self.asks]

    def _verdict(self, verifier: Verifier, ask: Mapping[str, str]) -> Verdict:
        if "file" in ask:
            return verifier.file(self.folder / ask["file"])
        return verifier.code(ask["code"]) if "code" in ask else verifier.link(ask["link"])


@pytest.fixture(scope="module", params=_FROZEN, ids=lambda path: path.stem)
def golden(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Golden:
    folder = tmp_path_factory.mktemp("golden")
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(folder)
    expected = json.loads((folder / "expected.json").read_bytes())
    return Golden(folder, datetime.fromisoformat(expected["asked_at"]), expected["agency"], expected["asks"])


@pytest.fixture(scope="module")
def golden_url(golden: Golden) -> Iterator[str]:
    """Serve the frozen catalogue in the pages of today."""
    out = golden.folder / "site"
    build_site(
        out,
        catalogue=golden.folder / "catalogue",
        root=golden.root,
        agency=golden.agency,
        today=golden.asked_at.date(),
        languages=(Language("en"),),
    )
    with serve_site(out) as server:
        yield server.url


def test_this_release_is_frozen() -> None:
    assert importlib.metadata.version("police2peer") in [path.stem for path in _FROZEN]


def test_the_command_line_says_of_every_release_what_it_said_then(golden: Golden) -> None:
    verdicts = golden.verdicts(golden.asked_at)
    assert [each.outcome.name.lower() for each in verdicts] == [ask["outcome"] for ask in golden.asks]
    found = [each for each in verdicts if each.record]
    assert {each.agency.name for each in found if each.agency} == {golden.agency}
    assert len(found) == sum(ask["outcome"] in {"genuine", "withdrawn"} for ask in golden.asks)


def test_years_later_the_command_line_still_says_what_the_copy_said_on_its_day(golden: Golden) -> None:
    for ask, verdict in zip(golden.asks, golden.verdicts(golden.asked_at + timedelta(days=4_000)), strict=True):
        assert verdict.outcome.name == "CANNOT_TELL"
        if ask["outcome"] in {"genuine", "withdrawn"}:
            assert f"UTC it said: {ask['outcome']}" in verdict.reason


def test_the_page_of_today_says_of_every_release_what_it_said_then(
    golden: Golden, golden_url: str, visit: Visitor
) -> None:
    seen = visit(f"{golden_url}en/index.html", now=golden.asked_at)
    assert [_ask_page(seen, golden, ask) for ask in golden.asks] == [ask["outcome"] for ask in golden.asks]
    assert seen.complaints == []


def _ask_page(seen: Visit, golden: Golden, ask: Mapping[str, str]) -> str:
    if "file" in ask:
        return seen.check_file(golden.folder / ask["file"])
    seen.type_text(ask.get("code") or ask["link"])
    return seen.outcome()
