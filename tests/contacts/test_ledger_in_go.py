# SPDX-License-Identifier: EUPL-1.2
"""Signed states, roots and proofs are accepted by Go's golang.org/x/mod/sumdb, which knows nothing of ours."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.contacts.ledger_records import contact_record
from tests.contacts.ledgers import write_ledger

from police2peer.contacts.ledger import LedgerReader

pytestmark = pytest.mark.peer("go")

_SOURCE = Path(__file__).parent / "sumdb_check" / "main.go"


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built from Debian's package of the library; no module is fetched."""
    folder = tmp_path_factory.mktemp("go")
    offline = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOPROXY": "off", "GOFLAGS": ""}
    build = ["go", "build", "-o", str(folder / "check"), str(_SOURCE)]
    env = {**os.environ, **offline, "GOCACHE": str(folder / "cache")}
    done = subprocess.run(build, env=env, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "check"


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything of a ledger that Go is asked about."""
    folder = tmp_path_factory.mktemp("ledger") / "ledger"
    commits = [[contact_record(n).to_bytes() for n in range(i, i + 7)] for i in range(0, 70, 7)]
    write_ledger(folder, commits, segment_records=20)
    reader = LedgerReader(folder)
    states = list(reader.states())
    old, new = states[3], states[-1]
    entries = list(reader.entries())
    return {
        "key": reader.key.text(),
        "old": old.to_bytes().decode(),
        "new": new.to_bytes().decode(),
        "growth": [_b64(each) for each in reader.consistency_proof(old.size, new.size)],
        "inclusions": [
            {
                "index": entry.index,
                "leaf": _b64(entry.leaf),
                "proof": [_b64(each) for each in reader.inclusion_proof(entry.index, new.size)],
            }
            for entry in entries
        ],
        "leaves": [_b64(entry.leaf) for entry in entries],
    }


def _ask(checker: Path, document: dict[str, Any]) -> str:
    done = subprocess.run(
        [str(checker)], input=json.dumps(document), capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip()


def test_go_accepts_every_state_root_and_proof_of_a_ledger(checker: Path, document: dict[str, Any]) -> None:
    assert _ask(checker, document) == "holds"


@pytest.mark.parametrize(
    ("part", "said"), [("new", "note"), ("growth", "growth"), ("inclusions", "inclusion"), ("leaves", "tree")]
)
def test_go_refuses_what_was_changed(checker: Path, document: dict[str, Any], part: str, said: str) -> None:
    changed = json.loads(json.dumps(document))
    match part:
        case "new":
            changed["new"] = changed["new"].replace("\n", "\nx", 1)
        case "growth":
            changed["growth"][0] = _b64(bytes(32))
        case "inclusions":
            changed["inclusions"][5]["leaf"] = _b64(b"another")
        case _:
            changed["leaves"][5] = _b64(b"another")
    assert _ask(checker, changed).startswith(said)
