# SPDX-License-Identifier: EUPL-1.2
import base64
import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import cryptography
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.evidence_twins import (
    ASKER,
    EXPORTER,
    NODE_KEY,
    NOW,
    ORIGIN,
    TRUSTED,
    agency_key,
    approved,
    export,
    payloads,
    request,
    seeded,
    selection,
    signed_order,
    write_ledger,
)
from tests.contacts.ledger_records import AT, contact_record
from tests.contacts.stamping import stamp_reply

from police2peer.campaign import public_bytes
from police2peer.catalogue import Witness, begin_witness
from police2peer.catalogue.log import witness_key
from police2peer.contacts.evidence import (
    Act,
    Export,
    Exported,
    OpenedLedger,
    Recipient,
    as_json,
    begin_custody,
    check_received,
    export_pack,
    is_sealed,
    open_envelope,
)
from police2peer.contacts.evidence.encoding import canonical
from police2peer.contacts.evidence.pack import _sign, _zip
from police2peer.contacts.evidence.verify_pack import COMMENT_BYTES, PackError, check_pack
from police2peer.contacts.ledger import (
    Ledger,
    LedgerReader,
    LedgerTerms,
    add_confirmation,
    add_stamp,
    ask_stamp,
    ask_witness,
    open_with_record_key,
    read_authorities,
)
from police2peer.errors import BadInput, NotAuthentic, NotPermitted

_VISITS = tuple(f"{number:032x}" for number in (3, 4, 17))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Exported]:
    folder = tmp_path_factory.mktemp("evidence")
    asked = approved(request(selection=selection(visits=_VISITS)))
    return folder, export_pack(export(folder, asked), NOW)


@pytest.fixture
def pack(made: tuple[Path, Exported]) -> bytes:
    return made[1].content


def _check(raw: bytes) -> dict[str, object]:
    return as_json(check_received(raw, tool_version="0.1.0"))


def _files(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_pack_holds_what_was_asked_for_and_the_gaps_of_that_time(made: tuple[Path, Exported]) -> None:
    folder, exported = made
    assert (exported.entries, exported.contacts, exported.gaps) == (4, 3, 1)
    received = check_received(exported.content, tool_version="0.1.0")
    given = payloads()
    opened = [each.record.to_bytes() for each in received.records]
    assert opened == [given[3], given[4], given[17], given[24]]
    assert received.is_made_again
    assert received.checked.size == len(LedgerReader(folder / "ledger"))


def test_the_same_request_gives_the_same_bytes(made: tuple[Path, Exported]) -> None:
    folder, exported = made
    asked = approved(request(selection=selection(visits=_VISITS)))
    assert export_pack(export(folder, asked), NOW).content == exported.content


def test_the_rest_stays_sealed(made: tuple[Path, Exported]) -> None:
    folder, exported = made
    keys = [line[3] for line in map(json.loads, _files(exported.content)["entries.jsonl"].splitlines()) if line[3]]
    reader, opened = LedgerReader(folder / "ledger"), OpenedLedger(LedgerReader(folder / "ledger"), agency_key())
    own = {entry.index: entry.key for entry in opened.records(AT)}
    assert len(keys) == 4
    assert len(set(own.values())) == 25, "each record has a key of its own"
    for index, key in own.items():
        for other in own.keys() - {index}:
            with pytest.raises(NotAuthentic):
                open_with_record_key(reader.entry(other), key)
        break


def test_every_step_is_in_the_custody_log_before_the_pack_is_given_out(made: tuple[Path, Exported]) -> None:
    custody = export(made[0]).custody
    collection, disclosure, *_ = custody.entries()
    assert (collection.act, collection.count) == (Act.COLLECTION, 25)
    assert (disclosure.act, disclosure.to) == (Act.DISCLOSURE, ("PT Example Partner Police",))
    assert disclosure.who == EXPORTER.name
    assert disclosure.why == request().reason
    assert disclosure.public_key == public_bytes(EXPORTER.key)
    assert len(custody.subjects_of(disclosure)) == 4


def test_one_flipped_bit_anywhere_is_refused(pack: bytes) -> None:
    places = {*range(80), *range(len(pack) - COMMENT_BYTES - 30, len(pack))}
    places |= set(random.Random(5).sample(range(len(pack)), 400))
    for place in sorted(places):
        changed = bytearray(pack)
        changed[place] ^= 1 << place % 8
        with pytest.raises(PackError):
            check_pack(bytes(changed))


@pytest.mark.parametrize("cut", [0, 1, 100, COMMENT_BYTES, -1])
def test_a_pack_that_was_cut_or_lengthened_is_refused(pack: bytes, cut: int) -> None:
    raw = pack + b"\x00" if cut == 0 else pack[:-cut] if cut > 0 else pack[1:]
    with pytest.raises(NotAuthentic):
        _check(raw)


def _resigned(files: dict[str, bytes]) -> bytes:
    """Make a pack of changed files, as a dishonest exporter could: with a manifest and a signature that hold."""
    manifest = json.loads(files["manifest.json"])
    rest = {name: raw for name, raw in files.items() if name != "manifest.json"}
    manifest["files"] = {name: [hashlib.sha256(raw).hexdigest(), len(raw)] for name, raw in rest.items()}
    return _sign(_zip({**rest, "manifest.json": canonical(manifest)}), EXPORTER.key)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("case.jsonld", b"aria2", b"aria3", "translation"),
        ("records.csv", b"131072", b"131073", "translation"),
        ("checkpoint", b"time 2026", b"time 2025", "checkpoint"),
        ("order.json", b'"signature": "', b'"signature": "00', "the order"),
        ("order.json", b'"payload": "ey', b'"payload": "eY', "."),
        ("request.json", b'"approval":', b'"approved":', "cannot be read"),
        ("request.json", b'"signature":"', b'"signature":"00', "approval"),
        ("ledger.vkey", b"node-1", b"node-2", "another key"),
    ],
)
def test_even_the_exporter_cannot_change_what_the_pack_says(
    pack: bytes, name: str, old: bytes, new: bytes, said: str
) -> None:
    files = _files(pack)
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)
    with pytest.raises(NotAuthentic, match=said):
        _check(_resigned(files))


@pytest.mark.parametrize("attack", ["drop header", "swap", "twice", "other key", "other proof", "later entry"])
def test_even_the_exporter_cannot_change_the_entries(pack: bytes, attack: str) -> None:
    files = _files(pack)
    lines = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
    records = [number for number, line in enumerate(lines) if line[3]]
    one, two = records[0], records[1]
    match attack:
        case "drop header":
            lines = [line for line in lines if line[3]]
        case "swap":
            lines[one], lines[two] = lines[two], lines[one]
        case "twice":
            lines.insert(one, lines[one])
        case "other key":
            lines[one][3] = lines[two][3]
        case "other proof":
            lines[one][2] = lines[two][2]
        case "later entry":
            lines[one][0] += 1
    files["entries.jsonl"] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with pytest.raises(NotAuthentic):
        _check(_resigned(files))


def test_records_that_were_not_asked_for_make_a_pack_refused(made: tuple[Path, Exported]) -> None:
    narrow = approved(request(selection=selection(visits=_VISITS[:1])))
    wide = _files(made[1].content)
    wide["request.json"] = narrow.to_bytes()
    manifest = json.loads(wide["manifest.json"])
    manifest["request_sha256"] = hashlib.sha256(narrow.payload).hexdigest()
    wide["manifest.json"] = json.dumps(manifest).encode()
    with pytest.raises(NotAuthentic, match="was not asked for"):
        _check(_resigned(wide))


def test_the_verifier_inside_the_pack_runs_alone_and_says_the_same(pack: bytes, tmp_path: Path) -> None:
    (tmp_path / "verify_pack.py").write_bytes(_files(pack)["verify_pack.py"])
    (tmp_path / "pack.zip").write_bytes(pack)
    (tmp_path / "keys").write_text("".join(f"{key.hex()}\n" for key in (*TRUSTED, public_bytes(EXPORTER.key))))
    (tmp_path / "stranger").write_text("00" * 32)
    command = [sys.executable, "-I", "-S", "-c", _ALONE, str(tmp_path / "verify_pack.py")]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("pack.zip", "--trust", "keys")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("everything holds\n")
    assert run("pack.zip", "--trust", "stranger").returncode == 1
    assert run("pack.zip", "--records").stdout.count("p2p-contact-1") == 3
    (tmp_path / "pack.zip").write_bytes(pack[:-1] + bytes([pack[-1] ^ 1]))
    done = run("pack.zip")
    assert (done.returncode, done.stdout) == (1, "")
    assert run("nothing.zip").returncode == 2


# Runs the file with nothing but the standard library and `cryptography` in reach: our own package raises.
_ALONE = f"""
import runpy, site, sys
sys.path.append({str(Path(cryptography.__path__[0]).parent)!r})
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "police2peer":
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_keys_that_the_receiver_does_not_know_are_refused(pack: bytes) -> None:
    known = [key.hex() for key in (*TRUSTED, public_bytes(EXPORTER.key))]
    check_received(pack, tool_version="0.1.0", trust=known)
    for missing in known:
        with pytest.raises(NotAuthentic, match="not one that you trust"):
            check_received(pack, tool_version="0.1.0", trust=[key for key in known if key != missing])
    with pytest.raises(NotAuthentic, match="key of the ledger"):
        check_received(pack, tool_version="0.1.0", ledgers=["another+00000000+AAAA"])
    with pytest.raises(NotAuthentic, match="key of the witness"):
        check_received(pack, tool_version="0.1.0", witnesses=["another+00000000+AAAA"])


@pytest.fixture
def confirmed(tmp_path: Path) -> Export:
    """Give an export of a ledger that a witness confirmed when it had 28 entries, and that grew since."""
    given = export(tmp_path)
    reader = LedgerReader(tmp_path / "ledger")
    begin_witness(tmp_path / "witness", "partner.example/witness", reader.key)
    witness = Witness(tmp_path / "witness")
    asked = ask_witness(reader, witness.public)
    add_confirmation(reader, witness.answer(asked, NOW).note.to_bytes(), [witness.public])
    terms = LedgerTerms.under(signed_order().order, tool_version="0.1.0", build_sha256="ef" * 32)
    with Ledger(tmp_path / "ledger", ORIGIN, NODE_KEY, terms, random_bytes=seeded("more")) as ledger:
        ledger.commit([contact_record(90).to_bytes()], AT)
    return replace(given, ledger=OpenedLedger(LedgerReader(tmp_path / "ledger"), agency_key(), [witness.public]))


def test_what_a_witness_confirmed_travels_with_the_proof_that_the_ledger_only_grew(confirmed: Export) -> None:
    early = replace(confirmed, signed=approved(request(selection=selection(visits=_VISITS))))
    (key,) = (each.text() for each in early.ledger.witnesses)
    received = check_received(export_pack(early, NOW).content, tool_version="0.1.0", witnesses=[key])
    assert received.checked.witnesses == ((key, int(NOW.timestamp())),)
    assert received.checked.size == 30
    late = replace(confirmed, signed=approved(request(selection=selection(visits=(f"{90:032x}",)))))
    pack = export_pack(late, NOW).content
    assert check_received(pack, tool_version="0.1.0").checked.witnesses == (), "nobody confirmed the newest entry yet"
    with pytest.raises(NotAuthentic, match="key of the witness"):
        check_received(pack, tool_version="0.1.0", witnesses=[key])


@pytest.mark.parametrize("attack", ["other proof", "no proof", "other witness", "other stamp", "later state"])
def test_even_the_exporter_cannot_change_what_others_vouch_for(confirmed: Export, attack: str) -> None:
    early = replace(confirmed, signed=approved(request(selection=selection(visits=_VISITS))))
    files = _files(export_pack(early, NOW).content)
    note, proof, witness, stamp = json.loads(files["confirmed.jsonl"])
    match attack:
        case "other proof":
            proof = base64.b64encode(bytes(32) + base64.b64decode(proof)[32:]).decode()
        case "no proof":
            proof = ""
        case "other witness":
            witness = witness_key("stranger.example/witness", public_bytes(ASKER)).text()
        case "other stamp":
            stamp = base64.b64encode(bytes(300)).decode()
        case _:
            note = base64.b64encode(base64.b64decode(note).replace(b"\n28\n", b"\n29\n")).decode()
    files["confirmed.jsonl"] = json.dumps([note, proof, witness, stamp]).encode()
    with pytest.raises(NotAuthentic):
        _check(_resigned(files))


@pytest.mark.peer("openssl")
def test_the_receiver_learns_from_a_service_of_trust_when_the_entries_were_there(
    confirmed: Export, authority: Path, tmp_path: Path
) -> None:
    trusted = read_authorities(authority / "root.pem")
    early = replace(confirmed, signed=approved(request(selection=selection(visits=_VISITS))))
    unstamped = export_pack(early, NOW).content
    with pytest.raises(NotAuthentic, match="no time stamp"):
        check_received(unstamped, tool_version="0.1.0", authorities=trusted)
    reader = LedgerReader(tmp_path / "ledger")
    _, wanted = ask_stamp(reader)
    reply = stamp_reply(authority, wanted, tmp_path)
    add_stamp(reader, reply, trusted)
    pack = export_pack(early, NOW).content
    (stamp,) = check_received(pack, tool_version="0.1.0", authorities=trusted).stamps
    assert stamp.size == len(reader)
    files = _files(pack)
    *others, stamped = map(json.loads, files["confirmed.jsonl"].splitlines())
    assert len(others) == 1, "what the witness confirmed travels too"
    at = len(reply) - 5  # inside the service's signature
    stamped[3] = base64.b64encode(reply[:at] + bytes([reply[at] ^ 1]) + reply[at + 1 :]).decode()
    files["confirmed.jsonl"] = b"\n".join(json.dumps(line).encode() for line in (*others, stamped))
    with pytest.raises(NotAuthentic, match="time stamp"):
        check_received(_resigned(files), tool_version="0.1.0", authorities=trusted)


def test_a_sealed_pack_opens_for_its_recipient_alone(tmp_path: Path) -> None:
    theirs, others = agency_key(b"p"), agency_key(b"q")
    asked = approved(request(recipients=(Recipient("Example Partner Police", "PT", key=theirs.public),)))
    sealed = export_pack(export(tmp_path, asked), NOW)
    assert sealed.is_sealed
    assert is_sealed(sealed.content)
    assert b"aria2" not in sealed.content
    assert _check(open_envelope(sealed.content, theirs))["contacts"] == 24
    with pytest.raises(BadInput, match="was not sealed to this"):
        open_envelope(sealed.content, others)
    with pytest.raises(BadInput):
        open_envelope(sealed.content[:-1], theirs)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_pack_and_no_envelope(raw: bytes) -> None:
    with pytest.raises(NotAuthentic):
        _check(raw)
    with pytest.raises(BadInput):
        open_envelope(b"p2p-sealed-pack-1\n" + raw, agency_key())


def test_an_unapproved_request_opens_nothing_and_leaves_no_line(tmp_path: Path) -> None:
    given = export(tmp_path)
    with pytest.raises(NotPermitted):
        export_pack(replace(given, trusted=frozenset({public_bytes(ASKER)})), NOW)
    with pytest.raises(NotPermitted):
        export_pack(replace(given, approvers=frozenset()), NOW)
    assert list(given.custody.entries()) == []


def test_a_request_outside_the_order_is_refused_at_the_export_too(tmp_path: Path) -> None:
    given = export(tmp_path, approved(request(selection=selection(countries=("SE",)))))
    with pytest.raises(BadInput, match="contacts of SE"):
        export_pack(given, NOW)


def test_a_request_that_finds_nothing_discloses_nothing(tmp_path: Path) -> None:
    given = export(tmp_path, approved(request(selection=selection(start=AT.replace(month=5)))))
    with pytest.raises(BadInput, match="no record"):
        export_pack(given, NOW)
    assert [each.act for each in given.custody.entries()] == [Act.COLLECTION]


def test_the_wrong_agency_key_opens_nothing(tmp_path: Path) -> None:
    given = export(tmp_path)
    wrong = OpenedLedger(LedgerReader(tmp_path / "ledger"), agency_key(b"x"))
    with pytest.raises(BadInput, match="sealed to this evidence key"):
        export_pack(replace(given, ledger=wrong), NOW)


def test_garbage_names_travel_through_a_whole_pack(tmp_path: Path) -> None:
    nasty = "=cmd\u202e\x00\x1b[2J中文\U0001f680,\"'\r\n</x>"
    record = replace(contact_record(1), client_name=nasty, file_name=nasty, title=nasty)
    write_ledger(tmp_path / "ledger", [record.to_bytes()])
    begin_custody(tmp_path / "custody", "police.example/custody")
    files = _files(export_pack(export(tmp_path), NOW).content)
    for name in ("case.jsonld", "records.csv"):
        assert not {"\u202e", "\x00", "\x1b"} & set(files[name].decode())
    assert "'=cmd\\u{202E}" in files["records.csv"].decode()
    assert files["statement.pdf"].startswith(b"%PDF")
