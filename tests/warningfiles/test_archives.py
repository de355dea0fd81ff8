# SPDX-License-Identifier: EUPL-1.2
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.warningfiles.openers import OPENERS, each_reader

from police2peer.campaign import FileFormat, FormatKind, Language, WarningMessage
from police2peer.warningfiles import Studio, VerifyCode, verify_address
from police2peer.warningfiles.formats.archive import zip_bytes
from police2peer.warningfiles.formats.rar import member_header, rar_bytes
from police2peer.warningfiles.formats.seven_zip import _number, seven_zip_bytes

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_ARCHIVES = {"zip": zip_bytes, "7z": seven_zip_bytes, "rar": rar_bytes}


@pytest.mark.parametrize(("kind", "reader"), each_reader("zip", "7z", "rar"))
def test_an_archive_of_each_kind_is_whole(
    studio: Studio, message: WarningMessage, tmp_path: Path, kind: str, reader: str
) -> None:
    path = tmp_path / f"archive.{kind}"
    studio.make(message, Language("ar"), FileFormat(kind), _CODE).plan.write(path)
    assert FileFormat(kind).kind is FormatKind.ARCHIVE
    OPENERS[reader](path)


def _members(program: str, path: Path) -> dict[str, bytes]:
    """Take an archive apart and give what came out."""
    out = path.parent / f"out-{program}"
    out.mkdir()
    command = {
        "7z": ["7z", "x", f"-o{out}", str(path)],
        "bsdtar": ["bsdtar", "-xf", str(path), "-C", str(out)],
        "unar": ["unar", "-q", "-D", "-o", str(out), str(path)],
    }[program]
    subprocess.run(command, check=True, capture_output=True)
    return {one.name: one.read_bytes() for one in out.iterdir()}


@pytest.mark.parametrize(
    "program", [pytest.param(one, marks=pytest.mark.peer(one)) for one in ("7z", "bsdtar", "unar")]
)
@pytest.mark.parametrize("kind", _ARCHIVES)
def test_every_reader_gets_the_same_members_out(
    studio: Studio, message: WarningMessage, tmp_path: Path, kind: str, program: str
) -> None:
    path = tmp_path / f"archive.{kind}"
    studio.make(message, Language("en"), FileFormat(kind), _CODE).plan.write(path)
    found = _members(program, path)
    assert set(found) == {"README.txt", "message.pdf", "message.jpg"}
    assert verify_address(message.verify_url, _CODE) in found["README.txt"].decode("utf-8-sig")
    assert found["message.pdf"].startswith(b"%PDF")
    assert found["message.jpg"].startswith(b"\xff\xd8")


@pytest.mark.peer("7z")
@pytest.mark.parametrize("kind", _ARCHIVES)
@given(contents=st.lists(st.binary(max_size=300), min_size=1, max_size=12))
@settings(max_examples=8)
def test_members_of_any_content_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, kind: str, contents: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("archive") / f"archive.{kind}"
    members = {f"clip-{number:02} ä": content for number, content in enumerate(contents)}
    path.write_bytes(_ARCHIVES[kind](list(members.items())))
    assert _members("7z", path) == members


def test_a_rar_member_begins_the_same_distance_before_its_content_whatever_its_length() -> None:
    lengths = {len(member_header("padding.bin", length, 0)) for length in (0, 127, 128, 1 << 21, (1 << 42) - 1)}
    assert len(lengths) == 1


# Golden bytes worked out by hand from 7zFormat.txt, "NUMBER".
@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "00"),
        (0x7F, "7f"),
        (0x80, "8080"),
        (0x3FFF, "bfff"),
        (0x4000, "c00040"),
        (700_000_000, "f00027b929"),
        (1 << 56, "ff0000000000000001"),
    ],
)
def test_a_number_in_a_7z_is_written_as_its_format_says(value: int, written: str) -> None:
    assert _number(value).hex() == written
