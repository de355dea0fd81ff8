# SPDX-License-Identifier: EUPL-1.2
"""The whole way as people type it: request, approve, export, verify, open, custody."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.contacts.evidence_twins import FIRST, NODE_KEY, ORIGIN, SECOND, order, payloads, seeded
from tests.contacts.ledger_records import AT

from police2peer.campaign import EvidenceKey, new_evidence_key, new_key_pair, public_bytes, sign_order
from police2peer.cli import main
from police2peer.contacts.ledger import Ledger, LedgerTerms

_REQUEST = """
[request]
id = "no-2027-01-r1"
requester = "Asking Person"
reason = "an invented case"
legal_ground = "Section 2 of an invented act"

[[recipients]]
agency = "Example Partner Police"
country = "PT"

[selection]
from = 2026-03-01T00:00:00Z
until = 2026-04-01T00:00:00Z
networks = ["bittorrent"]
countries = ["NO"]
"""
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agency") / "agency"
    folder.mkdir()
    agency: EvidenceKey = new_evidence_key(folder / "agency.key")
    for name in ("asker", "approver", "exporter"):
        new_key_pair(folder / f"{name}.key")
    trust = folder / "trust"
    trust.mkdir()
    keys = [(folder / f"{name}.pub").read_text() for name in ("asker", "approver")]
    (trust / "evidence.pub").write_text("".join(keys))
    (trust / "approvers.pub").write_text("".join(f"{public_bytes(key).hex()}\n" for key in (FIRST, SECOND)))
    signed = sign_order(sign_order(order((agency.public,)).to_bytes(), FIRST), SECOND)
    (folder / "order.json").write_bytes(signed.to_bytes())
    (folder / "request.toml").write_text(_REQUEST)
    terms = LedgerTerms.under(signed.order, tool_version="0.1.0", build_sha256="ef" * 32)
    with Ledger(folder / "node" / "ledger", ORIGIN, NODE_KEY, terms, random_bytes=seeded("cli")) as ledger:
        ledger.commit(payloads(6), AT)
    return folder


@pytest.fixture
def agency(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "agency"
    shutil.copytree(made_once, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(agency: Path) -> Run:
    assert agency.is_dir()

    def type_in(*words: str, expect: int = 0) -> Result:
        done = CliRunner().invoke(main, words)
        assert done.exit_code == expect, done.output + repr(done.exception)
        return done

    return type_in


def _exported(run: Run) -> None:
    run("custody", "init", "police.example/custody")
    run("evidence", "request", "request.toml", "--key", "asker.key")
    run("evidence", "approve", "request.json", "--name", "Approving Person", "--key", "approver.key")
    run(*_EXPORT)


_EXPORT = (
    *("evidence", "export", "request.json", "--out", "pack.zip", "--evidence-key", "agency.key"),
    *("--name", "Exporting Person", "--key", "exporter.key"),
)
_LOOK = (
    "--evidence-key",
    "agency.key",
    "--name",
    "Looking Person",
    "--key",
    "asker.key",
    "--why",
    "an invented case",
)


def test_from_a_request_to_a_verified_pack(run: Run, agency: Path) -> None:
    _exported(run)
    assert (agency / "pack.zip").stat().st_mode & 0o077 == 0
    (agency / "keys").write_text(
        "".join((agency / f"{name}.pub").read_text() for name in ("asker", "approver", "exporter"))
    )
    done = run(
        "evidence", "verify", "pack.zip", "--trust", "keys", "--ledger-key", "node/ledger/ledger.vkey", "--json"
    )
    told = json.loads(done.output)
    assert (told["contacts"], told["records"], told["translations_compared"]) == (6, 7, True)
    assert "everything holds" in run("evidence", "verify", "pack.zip").output
    run("evidence", "verify", "pack.zip", "--trust", "trust/approvers.pub", expect=1)
    raw = bytearray((agency / "pack.zip").read_bytes())
    raw[len(raw) // 2] ^= 4
    (agency / "pack.zip").write_bytes(raw)
    assert "does not hold" in run("evidence", "verify", "pack.zip", expect=1).output


def test_nothing_is_exported_before_a_second_person_approved(run: Run, agency: Path) -> None:
    run("custody", "init", "police.example/custody")
    run("evidence", "request", "request.toml", "--key", "asker.key")
    assert "has not been approved" in run(*_EXPORT, expect=1).output
    run("evidence", "approve", "request.json", "--name", "Asking Person", "--key", "approver.key", expect=1)
    assert not (agency / "pack.zip").exists()


def test_a_pack_is_never_overwritten(run: Run) -> None:
    _exported(run)
    assert "is there already" in run(*_EXPORT, expect=2).output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2026-04-01", "2026-09-01", "beyond the period"),
        ('["NO"]', '["SE"]', "contacts of SE"),
        ('["bittorrent"]', '["gnutella"]', "names no space"),
        ('country = "PT"', 'country = "CA"', "no ground for the transfer"),
        ("networks =", "netwroks =", "networks"),
        ("[selection]", "[selection]\nleast_rung = 2", "least_rung"),
    ],
)
def test_a_request_that_cannot_be_is_refused_with_what_to_do(
    run: Run, agency: Path, old: str, new: str, said: str
) -> None:
    (agency / "request.toml").write_text(_REQUEST.replace(old, new, 1))
    assert said in run("evidence", "request", "request.toml", "--key", "asker.key", expect=2).output
    assert not (agency / "request.json").exists()


def test_a_look_at_one_record_is_noted_and_shown_after(run: Run) -> None:
    run("custody", "init", "police.example/custody")
    shown = run("evidence", "open", "3", *_LOOK).output
    assert "sample-clip-02" in shown
    assert "127.1.0.3" in shown
    log = [json.loads(line) for line in run("custody", "show", "--json").output.splitlines()]
    assert [entry["act"] for entry in log] == ["collection", "consultation"]
    assert (log[1]["who"], log[1]["why"], log[1]["subjects"]) == ("Looking Person", "an invented case", "3")
    run("evidence", "open", "0", *_LOOK, expect=2)
    run("evidence", "open", "99", *_LOOK, expect=2)
    assert "consultation" in run("custody", "show").output


def test_a_person_is_told_what_was_done_without_the_names_of_staff(run: Run, agency: Path) -> None:
    _exported(run)
    (agency / "address").write_text("127.1.0.2\n")
    period = ("--from", "2026-03-01T00:00:00Z", "--until", "2026-03-02T00:00:00Z")
    done = run("custody", "report", "--address-file", "address", *period, *_LOOK, "--staff-to", "staff", "--json")
    told = json.loads(done.output)
    assert [each["contact"]["visit_id"] for each in told["records"]] == [f"{1:032x}"]
    assert [act["act"] for act in told["acts"]] == ["collection", "disclosure", "consultation"]
    assert told["acts"][1]["to"] == ["PT Example Partner Police"]
    assert "Person" not in json.dumps(told["acts"])
    assert "Exporting Person" in (agency / "staff").read_text()
    by_visit = json.loads(run("custody", "report", "--visit", f"{1:032x}", *_LOOK, "--json").output)
    assert by_visit["records"] == told["records"]
    assert "sample-clip-01" in run("custody", "report", "--visit", f"{1:032x}", *_LOOK).output
    run("custody", "report", "--address-file", "address", *_LOOK, expect=2)
    run("custody", "report", *_LOOK, expect=2)


def test_the_custody_log_is_verified_and_held_against_an_older_state(run: Run, agency: Path) -> None:
    run("custody", "init", "police.example/custody")
    run("evidence", "open", "3", *_LOOK)
    shutil.copyfile(agency / "custody" / "log" / "checkpoint", agency / "kept")
    run("evidence", "open", "4", *_LOOK)
    told = json.loads(run("custody", "verify", "--since", "kept", "--json").output)
    assert (told["entries"], told["since"]) == (3, 2)
    assert "3 entries" in run("custody", "verify", "--since", "kept").output


def test_a_sealed_pack_is_opened_with_the_recipients_key(run: Run, agency: Path) -> None:
    new_evidence_key(agency / "partner.key")
    text = _REQUEST.replace('country = "PT"', 'country = "PT"\nkey = "partner.pub"')
    (agency / "request.toml").write_text(text)
    _exported(run)
    assert "sealed to its recipients" in run("evidence", "verify", "pack.zip", expect=2).output
    run("evidence", "verify", "pack.zip", "--evidence-key", "agency.key", expect=2)
    run("evidence", "verify", "pack.zip", "--evidence-key", "partner.key")


def test_what_is_due_is_erased_and_noted_and_nobody_opens_it_any_more(run: Run, agency: Path) -> None:
    for path, content in {
        "trust/release.pub": public_bytes(NODE_KEY).hex(),
        "police2peer.toml": f'[evidence]\nname = "{ORIGIN}"\n',
    }.items():
        (agency / path).write_text(content)
    (agency / "node" / "ledger.pem").write_bytes(_PEM)
    (agency / "node" / "ledger.pem").chmod(0o600)
    run("custody", "init", "police.example/custody")
    officer = ("--name", "Keeping Person", "--key", "asker.key")
    assert "collection: 7 entries" in run("custody", "follow", *officer).output
    assert "nothing is new" in run("custody", "follow", *officer).output
    assert "DUE" in run("evidence", "review").output
    told = json.loads(run("evidence", "erase", "--due", *officer, "--json").output)
    # The node had not closed its ledger: that, and that keys were erased while it was stopped, are two new entries.
    assert [(line["act"], line["entries"]) for line in told] == [("collection", 2), ("erasure", 7)]
    assert "the keys are gone" in told[1]["note"]
    assert json.loads(run("evidence", "review", "--json").output.splitlines()[0])["erased"] is True
    run("evidence", "open", "3", *_LOOK, expect=2)
    run("evidence", "request", "request.toml", "--key", "asker.key")
    run("evidence", "approve", "request.json", "--name", "Approving Person", "--key", "approver.key")
    assert "0 contacts in 1 records, gaps among them: 1" in run(*_EXPORT).output
    run("evidence", "erase", *officer, expect=2)
    assert [json.loads(line)["act"] for line in run("custody", "show", "--json").output.splitlines()] == [
        "collection",
        "collection",
        "erasure",
        "disclosure",
    ]
    run("ledger", "verify", "node/ledger")


_PEM = NODE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
