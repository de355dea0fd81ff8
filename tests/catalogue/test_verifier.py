# SPDX-License-Identifier: EUPL-1.2
"""What a genuine, absent, withdrawn or strange thing is answered."""

import base64
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer.catalogue import Outcome, Registry
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case


def test_a_published_file_is_genuine_by_file_code_and_link(built: "Case") -> None:
    for number in (0, 1, 39):
        by_file, by_code, by_link = built.ask_all(number)
        assert {by_file.outcome, by_code.outcome, by_link.outcome} == {Outcome.GENUINE}
        assert by_file.record is not None
        assert by_file.record.draft == built.drafts[number]
        assert by_file.agency is not None
        assert by_file.agency.name == ("Police Unit A", "Police Unit B")[number % 2]
        assert by_file.as_of == built.now


def test_a_code_alone_is_worded_as_proving_nothing(built: "Case") -> None:
    verdict = built.verifier.code(built.code(3))
    assert verdict.reason.startswith(
        "this code belongs to a genuine warning file with these properties; a code alone proves nothing"
    )
    assert "verify FILE" in verdict.what_to_do


def test_a_code_is_read_as_people_type_it(built: "Case") -> None:
    assert built.verifier.code(built.code(3).lower().replace("-", " ")).outcome is Outcome.GENUINE


def test_an_unknown_file_or_code_is_not_one_of_ours(built: "Case") -> None:
    assert built.verifier.file(built.file(40)).outcome is Outcome.NOT_OURS
    assert built.verifier.code(built.code(40)).outcome is Outcome.NOT_OURS


def test_an_unknown_link_is_cannot_tell_because_links_may_be_left_out(built: "Case") -> None:
    verdict = built.verifier.link(built.magnet(40))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "block list" in verdict.reason


def test_a_file_with_a_copied_code_and_other_bytes_is_not_one_of_ours(built: "Case", tmp_path: Path) -> None:
    forged = tmp_path / "clip.mp4"
    forged.write_bytes(built.code(0).encode() + built.contents[0])
    verdict = built.verifier.file(forged)
    assert verdict.outcome is Outcome.NOT_OURS
    assert "code may have been copied" in verdict.what_to_do


def test_a_file_cut_short_or_lengthened_by_a_byte_is_not_one_of_ours(built: "Case", tmp_path: Path) -> None:
    for content in (built.contents[0][:-1], built.contents[0] + b"\0"):
        path = tmp_path / "clip.mp4"
        path.write_bytes(content)
        assert built.verifier.file(path).outcome is Outcome.NOT_OURS


def test_a_withdrawn_file_is_withdrawn_by_file_code_and_link(case: "Case") -> None:
    case.withdraw(2)
    case.publish()
    assert case.outcomes(2) == {Outcome.WITHDRAWN}
    verdict = case.verifier.file(case.file(2))
    assert verdict.record is not None
    assert verdict.record.rev == 2
    assert "23 November 2026" in verdict.reason
    assert case.outcomes(4) == {Outcome.GENUINE}


def test_a_mistyped_code_is_cannot_tell_with_the_nearest_code_as_a_question(built: "Case") -> None:
    code = built.code(0)
    wrong = code[:-1] + ("X" if code[-1] != "X" else "Y")
    verdict = built.verifier.code(wrong)
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert verdict.suggestion == code
    assert f"did you mean {code}?" in verdict.what_to_do


@pytest.mark.parametrize("raw", ["", "hello", "FVPA-GSRR", "x" * 5000, "\0", "\udcff" * 12])
def test_what_is_nothing_like_a_code_is_wrong_use(built: "Case", raw: str) -> None:
    with pytest.raises(BadInput):
        built.verifier.code(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "magnet:?",
        "magnet:?xt=urn:btih:zz",
        "magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C",
        "magnet:?dn=sample-clip-07",
        "magnet:?" + "a=1&" * 300,
        "magnet:?xt=urn:btih:" + "a" * 20_000,
        "https://example.org/",
    ],
)
def test_a_link_without_a_usable_id_is_wrong_use(built: "Case", raw: str) -> None:
    with pytest.raises(BadInput):
        built.verifier.link(raw)


def test_a_link_is_read_in_base32_in_upper_case_and_as_version_2(built: "Case") -> None:
    ids = dict(built.drafts[0].network_ids)
    base32 = base64.b32encode(bytes.fromhex(ids["btih"])).decode()
    for topic in (f"urn:btih:{base32}", f"URN:BTIH:{ids['btih'].upper()}", f"urn:btmh:1220{ids['btmh']}"):
        assert built.verifier.link(f"MAGNET:?dn=x&xt={topic}").outcome is Outcome.GENUINE


def test_an_empty_file_is_not_one_of_ours(built: "Case", tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert built.verifier.file(tmp_path / "empty").outcome is Outcome.NOT_OURS


def test_a_folder_a_pipe_and_nothing_at_all_are_wrong_use(built: "Case", tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing", Path("/dev/zero")):
        with pytest.raises(BadInput):
            built.verifier.file(path)


def test_a_link_to_a_file_is_followed_and_a_dangling_one_is_wrong_use(built: "Case", tmp_path: Path) -> None:
    (tmp_path / "good").symlink_to(built.file(0))
    (tmp_path / "bad").symlink_to(tmp_path / "gone")
    assert built.verifier.file(tmp_path / "good").outcome is Outcome.GENUINE
    with pytest.raises(BadInput):
        built.verifier.file(tmp_path / "bad")


def test_a_file_that_grows_while_it_is_read_cannot_be_told(built: "Case", tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(bytes(8 * 1024 * 1024))
    stop = threading.Event()

    def _grow(_done: int, _total: int) -> None:
        if not stop.is_set():
            stop.set()
            with path.open("ab") as handle:
                handle.write(b"more")

    verdict = built.verifier.file(path, _grow)
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "changed" in verdict.reason


def test_every_answer_says_why_and_what_to_do_and_none_says_tampered(built: "Case", case: "Case") -> None:
    case.withdraw(0)
    case.publish()
    late = built.at(built.now.replace(year=2030))
    verdicts = [*built.ask_all(0), *built.ask_all(40), *case.ask_all(0), *late.ask_all(0)]
    for verdict in verdicts:
        assert verdict.reason
        assert verdict.what_to_do
        words = f"{verdict.reason} {verdict.what_to_do}".lower()
        assert "tamper" not in words
        assert "fake" not in words


def test_two_agencies_that_issued_the_same_file_both_stand_by_it(case: "Case") -> None:
    twin = replace(case.drafts[0], id="W-twin", agency=case.agencies[1], code=None, network_ids=())
    with Registry(case.folder) as registry:
        registry.add([twin], now=case.now.date())
        registry.withdraw("W-0000", now=case.now.date())
    case.publish()
    verdict = case.verifier.file(case.file(0))
    assert verdict.outcome is Outcome.GENUINE
    assert verdict.record is not None
    assert verdict.record.draft.id == "W-twin"
    assert case.verifier.code(case.code(0)).outcome is Outcome.WITHDRAWN
