# SPDX-License-Identifier: EUPL-1.2
"""docs/campaign.md names each key that the reader knows, and no other."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer import campaign as face
from police2peer.campaign import SHIPPED_LANGUAGES, SHIPPED_MESSAGES, FileFormat, NetworkName, ScamKind, Texts
from police2peer.campaign.campaign_file import read_campaign
from police2peer.strict_toml import Problems, read_document

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready

_PAGE = (Path(__file__).resolve().parents[2] / "docs/campaign.md").read_text(encoding="utf-8")
_MESSAGE_FILE = _PAGE.partition("### A message file of your own")[2]


def _rows(text: str) -> set[str]:
    return set(re.findall(r"(?m)^\| `([A-Za-z0-9_.]+)` \|", text))


def test_each_key_of_a_campaign_file_stands_in_the_document_and_no_other(ready: "Ready") -> None:
    text = (
        ready.file.read_text(encoding="utf-8")
        + "\n[[messages.clips]]\n[[messages.audio]]\n[[reviewers]]\n[sizes]\nmp4 = 1\n[credentials]\n"
    )
    ready.file.write_text(text, encoding="utf-8")
    table = read_document(ready.file)
    with pytest.raises(Problems):
        read_campaign(table)
    known = {re.sub(r"^issuer\.[a-z]+$", "issuer.LANGUAGE", key) for key in table.report.known_keys}
    known = {"sizes.FORMAT" if key == "sizes.mp4" else key for key in known}
    assert _rows(_PAGE.partition("### A message file of your own")[0]) == known


def test_each_text_of_a_message_stands_in_the_document_and_no_other() -> None:
    fields = {field.name for field in dataclasses.fields(Texts)} - {"language", "issuer", "review"}
    assert _rows(_MESSAGE_FILE) == fields | {"id", "version", "arm"}


@pytest.mark.parametrize("word", [*FileFormat, *NetworkName, *SHIPPED_LANGUAGES, *SHIPPED_MESSAGES])
def test_each_word_of_a_closed_set_stands_in_the_document(word: str) -> None:
    assert f"`{word}`" in _PAGE


@pytest.mark.parametrize("kind", list(ScamKind))
def test_each_kind_of_swindle_stands_in_the_document(kind: ScamKind) -> None:
    assert f"**{kind}**" in _PAGE


def test_the_face_of_the_package_gives_every_name_and_loads_what_is_heavy_on_demand() -> None:
    assert all(getattr(face, name) is not None for name in face.__all__)
    with pytest.raises(AttributeError):
        _ = face.nothing
    script = "import sys, police2peer.campaign; print('cryptography' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
