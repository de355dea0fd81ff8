# SPDX-License-Identifier: EUPL-1.2
"""Signed notes, checkpoints and cosignatures: published examples of other programs, and any bytes at all."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from police2peer.catalogue.log.checkpoint import Checkpoint, open_checkpoint
from police2peer.catalogue.log.cosignature import cosign, read_cosignatures, witness_key
from police2peer.catalogue.log.note import KeyType, Note, NoteKey, NoteSignature, sign_note
from police2peer.errors import BadInput, NotAuthentic

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

# The example in the documentation of the Go package golang.org/x/mod/sumdb/note.
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of the specification C2SP signed-note.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# A checkpoint of a running log, cosigned by running witnesses; every line was made by somebody else's program.
REAL_CHECKPOINT = (
    "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQ"
    "IgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8E"
    "i59RA23oHP7Ry1k3ZFWwQ=\n"
    "— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4Asc"
    "ylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqm"
    "NWVuE0tgh0XwzdZsDsUAQ==\n"
    "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0"
    "DrAWfBw==\n"
    "— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiO"
    "vKFYe/TmN9DAg==\n"
).encode()
REAL_LOG = NoteKey.parse(
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
REAL_WITNESSES = [
    NoteKey.parse(each)
    for each in (
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
        "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
        "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    )
]


def test_the_example_of_the_go_package_comes_out_byte_for_byte() -> None:
    private = Ed25519PrivateKey.from_private_bytes(GO_SEED)
    made = Note(GO_TEXT, (sign_note(GO_TEXT, "PeterNeumann", private),))
    assert made.to_bytes() == f"{GO_TEXT}\n{GO_LINE}".encode()
    key = NoteKey.parse(GO_KEY)
    assert key == NoteKey("PeterNeumann", KeyType.ED25519, private.public_key().public_bytes_raw())
    assert key.text() == GO_KEY
    Note.parse(made.to_bytes()).check_signed(key, "the note")


def test_the_example_of_the_specification_holds_and_not_with_another_text() -> None:
    key = NoteKey.parse(SPEC_KEY)
    assert key.text() == SPEC_KEY
    Note.parse(SPEC_NOTE.encode()).check_signed(key, "the note")
    for changed in (SPEC_NOTE.replace("an example", "no example"), SPEC_NOTE.replace("/foo", "/fop")):
        with pytest.raises(NotAuthentic):
            Note.parse(changed.encode()).check_signed(key, "the note")


def test_a_running_log_and_its_witnesses_are_understood() -> None:
    opened = open_checkpoint(REAL_CHECKPOINT, REAL_LOG)
    assert (opened.checkpoint.origin, opened.size) == (REAL_LOG.name, 1_432_088_532)
    assert opened.checkpoint.text() == opened.note.text
    assert opened.note.to_bytes() == REAL_CHECKPOINT
    cosignatures = read_cosignatures(opened.note, REAL_WITNESSES)
    assert [each.witness for each in cosignatures] == REAL_WITNESSES
    assert {each.at for each in cosignatures} == {datetime.fromtimestamp(0x6A122120, UTC)}


def test_a_cosignature_is_ours_byte_for_byte() -> None:
    """A golden value of our own: it may never change."""
    text = Checkpoint("example.org/log", 7, bytes(32)).text()
    line = cosign(text, "witness.example/a", WITNESS, AT).text()
    assert line == (
        "— witness.example/a RIc/0wAAAABrBCrA4lZAZ4XaQadJm7laEWR3vCrZZ3KUNOOSI9G/tTW9Bd3vhf55OVs5o5ljyF4NgMlhG2XJPo4"
        "MDiwgJDxFBYclCA==\n"
    )


def _note() -> Note:
    text = Checkpoint("example.org/log", 7, bytes(32)).text()
    return Note(text, (sign_note(text, "example.org/log", KEY), cosign(text, "witness.example/a", WITNESS, AT)))


def _keys() -> tuple[NoteKey, NoteKey]:
    log = NoteKey("example.org/log", KeyType.ED25519, KEY.public_key().public_bytes_raw())
    return log, witness_key("witness.example/a", WITNESS.public_key().public_bytes_raw())


def test_the_latest_cosignature_counts_and_each_witness_once() -> None:
    note, (_, witness) = _note(), _keys()
    later = AT.replace(hour=15)
    twice = note.with_signatures([cosign(note.text, witness.name, WITNESS, later), note.signatures[1]])
    assert len(twice.signatures) == 3
    assert [each.at for each in read_cosignatures(twice, [witness, witness])] == [later]


def test_a_wrong_cosignature_of_a_known_witness_refuses_the_note() -> None:
    note, (_, witness) = _note(), _keys()
    made = note.signatures[1]
    for raw in (made.signature[:-1], made.signature + b"\0", bytes(72), b"\xff" * 8 + made.signature[8:]):
        with pytest.raises(NotAuthentic):
            read_cosignatures(Note(note.text, (NoteSignature(made.name, made.key_id, raw),)), [witness])
    other = witness_key("witness.example/b", WITNESS.public_key().public_bytes_raw())
    assert read_cosignatures(note, [other]) == []


def test_a_key_of_one_kind_does_not_sign_as_the_other() -> None:
    note = _note()
    plain = NoteKey("witness.example/a", KeyType.ED25519, WITNESS.public_key().public_bytes_raw())
    with pytest.raises(NotAuthentic):
        note.check_signed(plain, "the note")
    as_witness = witness_key("example.org/log", KEY.public_key().public_bytes_raw())
    with pytest.raises(NotAuthentic):
        note.check_signed(as_witness, "the note")


def test_a_checkpoint_of_another_log_is_refused() -> None:
    log, _ = _keys()
    text = Checkpoint("example.org/other", 7, bytes(32)).text()
    raw = Note(text, (sign_note(text, "example.org/log", KEY),)).to_bytes()
    with pytest.raises(NotAuthentic, match="another log"):
        open_checkpoint(raw, log)


@pytest.mark.parametrize(
    "text",
    [
        "example.org/log\n7\n",
        "\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "example.org/log\n07\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "example.org/log\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "example.org/log\n\u0667\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "example.org/log\n9999999999999999999\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "example.org/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        "example.org/log\n7\nAAAA\n",
        "example.org/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nmore\n",
        "example.org/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ],
)
def test_a_checkpoint_has_one_spelling(text: str) -> None:
    with pytest.raises(NotAuthentic):
        Checkpoint.parse(text)


def test_lines_after_the_third_are_read_over() -> None:
    text = Checkpoint("example.org/log", 7, bytes(32)).text()
    assert Checkpoint.parse(f"{text}something else\n") == Checkpoint.parse(text)


_RAW = _note().to_bytes()


@given(st.binary(max_size=300) | st.text(alphabet="— \nab=+AZ\x00\r", max_size=80).map(str.encode))
def test_any_bytes_are_a_note_or_refused(raw: bytes) -> None:
    try:
        note = Note.parse(raw)
    except NotAuthentic:
        return
    assert note.to_bytes() == raw


@given(st.integers(0, len(_RAW) - 1), st.integers(1, 255))
def test_a_changed_checkpoint_is_never_taken_for_the_signed_one(at: int, flip: int) -> None:
    raw = bytearray(_RAW)
    raw[at] ^= flip
    log, witness = _keys()
    try:
        opened = open_checkpoint(bytes(raw), log)
        found = read_cosignatures(opened.note, [witness])
    except NotAuthentic:
        return
    assert opened.note.text == _note().text
    assert found == []  # the change made its line somebody else's


@given(
    st.text(max_size=80)
    | st.sampled_from([GO_KEY, SPEC_KEY]).flatmap(lambda key: st.integers(0, 60).map(key.__getitem__))
)
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = NoteKey.parse(text)
    except BadInput:
        return
    assert key.text() == text.strip()


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u2003b"])
def test_a_key_has_a_name_without_blanks(name: str) -> None:
    with pytest.raises(BadInput):
        NoteKey(name, KeyType.ED25519, bytes(32))


def test_too_many_signatures_are_refused_and_sixteen_are_read() -> None:
    line = _note().signatures[0]
    for count, fine in ((16, True), (65, False)):
        raw = Note(_note().text, (line,) * count).to_bytes()
        if fine:
            assert len(Note.parse(raw).signatures) == count
        else:
            with pytest.raises(NotAuthentic):
                Note.parse(raw)
