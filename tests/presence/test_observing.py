# SPDX-License-Identifier: EUPL-1.2
"""A unit observes: list in, sealed; sources asked under the order; counts out, and nothing of the list anywhere."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.networks.announcers import Announcer, answering, nodes_of
from tests.unit_folder import NOW

from police2peer.cli import main
from police2peer.contacts import DHT, Observation, ObservationStore
from police2peer.errors import NotPermitted
from police2peer.lab.dht import DhtRing
from police2peer.networks.observation import open_list
from police2peer.presence import OBSERVED_FILE, observe, permitted_canaries, read_settings

_HASHES = [hashlib.sha1(f"sample-file-{n}".encode(), usedforsecurity=False).digest() for n in range(12)]
_PHRASE = b"six words that nobody would guess"


def _forms(one: bytes) -> list[bytes]:
    """Every way in which a hash is commonly written."""
    return [one, one.hex().encode(), one.hex().upper().encode(), base64.b32encode(one), base64.b64encode(one)[:26]]


def _imported(unit: Path, tmp_path: Path) -> Path:
    phrase = tmp_path / "phrase"
    phrase.write_bytes(_PHRASE + b"\n")
    phrase.chmod(0o600)
    text = "".join(f"{one.hex()}\n" for one in _HASHES)
    done = CliRunner().invoke(
        main, ["observe", "import", "-", str(unit), "--passphrase-file", str(phrase)], input=text
    )
    assert done.exit_code == 0, done.output
    assert "12 hashes are sealed" in done.output
    assert not any(form.decode("latin-1") in done.output for one in _HASHES for form in _forms(one))
    return phrase


def test_the_list_stands_nowhere_on_the_disk_and_counts_come_out(
    unit: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _imported(unit, tmp_path)
    ring, announcer = DhtRing(), Announcer("127.8.0.1")
    ring.start()
    try:
        (unit / "police2peer.toml").write_text(
            f"[node]\nclosed_network = true\ndht_bootstrap = {list(ring.bootstrap[:2])}\n"
            '[observation]\ntrackers = ["udp://127.0.0.1:9"]\n'
        )
        settings = read_settings(unit)
        canaries = permitted_canaries(settings, NOW)
        for node in nodes_of(ring):
            for one in (canaries[0], _HASHES[0], _HASHES[7]):
                announcer.announce(node, one)
        with answering([announcer]):
            found = observe(
                settings,
                open_list(settings.observed_list, _PHRASE),
                canaries,
                country_of=lambda _: "NO",
                clock=lambda: NOW,
                lookup_s=1.0,
            )
        touched = announcer.touched()
    finally:
        ring.stop()
        announcer.close()
    dht, tracker = found
    assert dht == Observation(NOW, DHT, known=True, hashes=12, alive=2, peers=2, by_country={"NO": 2})
    assert (tracker.known, tracker.note) == (False, "a tracker does not answer")
    assert touched == 0
    with ObservationStore(settings.data / OBSERVED_FILE) as store:
        store.add(found)
    for path in (path for path in unit.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not any(form in content for one in _HASHES for form in _forms(one)), path.name
    assert not any(form.decode("latin-1") in caplog.text for one in _HASHES for form in _forms(one))


def test_without_an_order_in_force_nothing_is_observed(unit: Path) -> None:
    with pytest.raises(NotPermitted):
        permitted_canaries(read_settings(unit), NOW + timedelta(days=400))


def _one(at: datetime, peers: int, *, known: bool = True) -> Observation:
    return Observation(at, DHT, known, 12, peers // 2, peers, {"NO": peers}, "" if known else "silence")


def test_a_day_is_the_mean_of_what_is_known_and_an_unknown_run_is_no_zero(unit: Path) -> None:
    with ObservationStore(unit / "node" / OBSERVED_FILE) as store:
        store.add([_one(NOW, 10)])
        store.add([_one(NOW + timedelta(hours=6), 20)])
        store.add([_one(NOW + timedelta(hours=8), 0, known=False)])
        store.add([_one(NOW + timedelta(days=1), 0, known=False)])
    shown = CliRunner().invoke(main, ["observe", "show", str(unit), "--json"])
    first, second = json.loads(shown.output)
    assert (first["peers"], first["runs"], first["unknown"], first["by_country"]) == (15.0, 3, 1, {"NO": 15.0})
    assert (second["peers"], second["unknown"]) == (None, 1)
    plain = CliRunner().invoke(main, ["observe", "show", str(unit), "--countries"]).output
    assert "15.0" in plain
    assert "unknown" in plain


def test_a_short_pass_phrase_seals_nothing(unit: Path, tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_bytes(b"short\n")
    phrase.chmod(0o600)
    given = ["observe", "import", "-", str(unit), "--passphrase-file", str(phrase)]
    done = CliRunner().invoke(main, given, input=_HASHES[0].hex())
    assert done.exit_code == 2
    assert not (unit / "observed.list").exists()
