# SPDX-License-Identifier: EUPL-1.2
import re
from typing import TYPE_CHECKING

from police2peer.catalogue import KnownFile, Outcome, check_excerpt, take_excerpt

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case


def _files(case: "Case", count: int = 3) -> list[KnownFile]:
    return [KnownFile(draft.sha256, draft.size) for draft in case.drafts[:count]]


def test_an_excerpt_answers_as_the_whole_catalogue_did(built: "Case") -> None:
    files = [*_files(built), KnownFile("00" * 32, 1)]
    excerpt, verdicts = take_excerpt(built.public, built.root, files, built.now)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.GENUINE] * 3 + [Outcome.NOT_OURS]
    assert check_excerpt(excerpt, built.root, files, built.now) == verdicts
    whole = [path for path in built.public.rglob("*") if path.is_file()]
    assert len(excerpt) < len(whole)


def test_a_changed_or_missing_file_of_an_excerpt_is_cannot_tell(built: "Case") -> None:
    files = _files(built, 1)
    excerpt, _ = take_excerpt(built.public, built.root, files, built.now)
    for name, content in excerpt.items():
        without = {other: raw for other, raw in excerpt.items() if other != name}
        flipped = {**excerpt, name: bytes([content[0] ^ 1]) + content[1:]}
        for damaged in (without, flipped):
            (verdict,) = check_excerpt(damaged, built.root, files, built.now)
            assert verdict.outcome is Outcome.CANNOT_TELL, name


def test_an_excerpt_does_not_vouch_for_itself(built: "Case") -> None:
    files = _files(built, 1)
    excerpt, _ = take_excerpt(built.public, built.root, files, built.now)
    other = re.sub(rb'("public": ?")[0-9a-f]{64}', rb"\g<1>" + b"0" * 64, built.root)
    assert other != built.root
    (verdict,) = check_excerpt(excerpt, other, files, built.now)
    assert verdict.outcome is Outcome.CANNOT_TELL
