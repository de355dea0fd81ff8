# SPDX-License-Identifier: EUPL-1.2
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.site.conftest import NOW, World

from police2peer.campaign import Language
from police2peer.site import SITE_LANGUAGES, build_site
from police2peer.site.never import CHECK_COMMAND, never_list
from police2peer.site.texts import complete_texts

_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def _build(own: World, out: Path, key: Ed25519PrivateKey | None) -> None:
    build_site(
        out,
        catalogue=None,
        root=own.root,
        agency="Police Unit A",
        today=NOW.date(),
        languages=(Language("en"), Language("de")),
        never_key=key,
    )


def test_the_list_holds_the_words_of_the_page_in_every_language() -> None:
    texts = complete_texts(SITE_LANGUAGES, agency="Police Unit A")
    value = json.loads(never_list(texts, agency="Police Unit A", today=NOW.date()).content)
    assert value["type"] == "police2peer/never"
    assert list(value["languages"]) == list(SITE_LANGUAGES)
    for each in texts:
        assert tuple(value["languages"][each.tag]["never"]) == each.sections("scam")[0].points


def test_one_changed_byte_breaks_the_signature() -> None:
    texts = complete_texts((Language("en"),), agency="A")
    made = never_list(texts, agency="A", today=NOW.date(), key=_KEY)
    public = _KEY.public_key()
    public.verify(made.signature, made.content)
    for place in range(0, len(made.content), 97):
        changed = bytearray(made.content)
        changed[place] ^= 1
        with pytest.raises(InvalidSignature):
            public.verify(made.signature, bytes(changed))


@pytest.mark.peer("openssl")
def test_the_command_on_the_page_checks_the_published_files(own: World, tmp_path: Path) -> None:
    _build(own, tmp_path, _KEY)
    page = (tmp_path / "de/scam.html").read_text("utf-8")
    assert CHECK_COMMAND in page
    good = subprocess.run(CHECK_COMMAND.split(), cwd=tmp_path, capture_output=True, check=False)
    assert good.returncode == 0, good.stderr
    (tmp_path / "never.json").write_bytes((tmp_path / "never.json").read_bytes() + b" ")
    bad = subprocess.run(CHECK_COMMAND.split(), cwd=tmp_path, capture_output=True, check=False)
    assert bad.returncode != 0


def test_an_unsigned_list_says_so_and_leaves_no_old_signature(own: World, tmp_path: Path) -> None:
    _build(own, tmp_path, _KEY)
    assert "never.json.sig" in (tmp_path / "en/scam.html").read_text("utf-8")
    _build(own, tmp_path, None)
    page = (tmp_path / "en/scam.html").read_text("utf-8")
    assert "On this site it is not signed." in page
    assert "never.json.sig" not in page
    assert (tmp_path / "never.json").is_file()
    assert not (tmp_path / "never.json.sig").exists()
    assert not (tmp_path / "never.pem").exists()
