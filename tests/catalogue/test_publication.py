# SPDX-License-Identifier: EUPL-1.2
"""Publishing is incremental, whole or not at all, and careful with what others made."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer import storage
from police2peer.catalogue import (
    Outcome,
    Registry,
    Verifier,
    public_folder,
    publish_catalogue,
)
from police2peer.catalogue.head import Head
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.public_folder import lock_folder
from police2peer.catalogue.snapshot import FolderReader
from police2peer.catalogue.tree import Change, find_entries
from police2peer.errors import NotAuthentic, NotPermitted, Unavailable

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case

HOUR = timedelta(hours=1)


def _head(case: "Case") -> Head:
    return walk_metadata(FolderReader(case.public), case.root, case.now, Versions()).head


def _files(case: "Case") -> dict[str, bytes]:
    return {
        str(path.relative_to(case.public)): path.read_bytes() for path in case.public.rglob("*") if path.is_file()
    }


def _enter(case: "Case", *numbers: int) -> None:
    with Registry(case.folder) as registry:
        registry.add([case.drafts[number] for number in numbers], now=case.now.date())


def test_publishing_again_without_a_change_refreshes_and_rewrites_nothing_else(case: "Case") -> None:
    before = _files(case)
    case.publish(case.now + 20 * HOUR)
    after = _files(case)
    new = {name for name in after if before.get(name) != after[name]}
    assert {name.split("/")[0] for name in new} == {"md", "head"}
    assert len(new) == 4
    assert case.at(case.now + 40 * HOUR).outcomes(0) == {Outcome.GENUINE}


def test_a_publication_writes_the_packs_and_the_touched_shards_alone(case: "Case") -> None:
    before = _files(case)
    _enter(case, 40)
    case.publish(case.now + HOUR)
    later = case.at(case.now + HOUR)
    new = [name for name in _files(case) if name not in before]
    assert sum(name.startswith("rec/") for name in new) == 1
    assert sum(name.startswith("idx/") for name in new) <= 8  # seven aliases and the node above them
    assert later.outcomes(40) == later.outcomes(0) == {Outcome.GENUINE}
    assert all(_files(case)[name] == content for name, content in before.items() if name != "md/timestamp.json")


def test_what_nobody_needs_is_removed_after_two_days_and_no_sooner(case: "Case") -> None:
    _enter(case, 40)
    case.publish(case.now + HOUR)
    old = case.public / "md/1.snapshot.json"
    case.publish(case.now + 40 * HOUR)
    assert old.exists()
    case.publish(case.now + 50 * HOUR)
    assert not old.exists()
    later = case.at(case.now + 50 * HOUR)
    for number in range(41):
        assert later.verifier.file(case.file(number)).outcome is Outcome.GENUINE


def test_entries_of_others_stay_byte_for_byte(case: "Case") -> None:
    draw = random.Random(5)
    foreign = sorted(draw.randbytes(116) for _ in range(200))
    case.change_index([Change(entry[:16], None, entry) for entry in foreign])
    case.withdraw(0)
    _enter(case, 40, 41, 42)
    case.publish(case.now + HOUR)
    later, head = case.at(case.now + HOUR), _head(case.at(case.now + HOUR))
    for entry in foreign:
        assert find_entries(FolderReader(case.public), head.root, head.levels, entry[:16]) == [entry]
    assert later.outcomes(0) == {Outcome.WITHDRAWN}
    assert later.outcomes(41) == {Outcome.GENUINE}


class _PowerCutError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("failure", [_PowerCutError(), OSError(28, "No space left on device")])
def test_an_interruption_at_any_write_leaves_the_old_state_and_the_next_run_completes(
    case: "Case", monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    case.withdraw(0)
    _enter(case, 40)
    real = storage.write_soon
    later = case.at(case.now + HOUR)
    writes = 0
    for stop_at in range(50):
        writes = 0

        def _write(path: Path | str, content: bytes, *, _stop_at: int = stop_at) -> None:
            nonlocal writes
            if writes == _stop_at:
                raise failure
            writes += 1
            real(str(path), content)

        with monkeypatch.context() as patch:
            patch.setattr(public_folder, "write_whole", _write)
            patch.setattr(public_folder, "write_soon", _write)
            try:
                publish_catalogue(case.folder, now=case.now + HOUR)
                break
            except type(failure):
                assert later.outcomes(0) == {Outcome.GENUINE}
                assert later.verifier.file(case.file(40)).outcome is Outcome.NOT_OURS
    assert writes > 8
    assert later.outcomes(0) == {Outcome.WITHDRAWN}
    assert later.outcomes(40) == {Outcome.GENUINE}
    assert _head(later).entries == 41 * 7


def test_a_power_cut_just_after_the_timestamp_loses_and_doubles_nothing(
    case: "Case", monkeypatch: pytest.MonkeyPatch
) -> None:
    case.withdraw(0)
    _enter(case, 40)

    def _cut(*_: object) -> None:
        raise _PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "set_published", _cut)
        with pytest.raises(_PowerCutError):
            case.publish(case.now + HOUR)
    assert case.at(case.now + HOUR).outcomes(0) == {Outcome.WITHDRAWN}
    done = publish_catalogue(case.folder, now=case.now + 2 * HOUR)
    assert done.records == 0
    assert done.entries == 41 * 7
    assert case.at(case.now + 2 * HOUR).outcomes(0) == {Outcome.WITHDRAWN}


_PUBLISH = """
import sys, resource, signal
from datetime import datetime, timedelta
from pathlib import Path
from police2peer.catalogue import publish_catalogue
from police2peer.errors import Unavailable
folder, now, limit = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        publish_catalogue(folder, now=now)
    except Unavailable as error:
        print(error)
        sys.exit(1)
for _ in range(10_000):
    now += timedelta(seconds=1)
    publish_catalogue(folder, now=now)
"""


def _run(case: "Case", limit_bytes: int) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-c", _PUBLISH, str(case.folder), case.now.isoformat(), str(limit_bytes)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_full_disk_is_said_and_the_old_state_stays(case: "Case") -> None:
    _enter(case, *range(40, 45))
    with _run(case, 2_000) as process:
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == 1
    assert "disk has room" in said or "no room on the disk" in said
    assert case.outcomes(0) == {Outcome.GENUINE}
    assert not list(case.public.rglob(".*.draft"))
    case.publish()
    assert case.outcomes(44) == {Outcome.GENUINE}


def test_a_publisher_killed_at_any_moment_leaves_a_readable_catalogue(case: "Case") -> None:
    draw = random.Random(11)
    later = case.at(case.now + HOUR)
    for _ in range(4):
        with _run(later, 0) as process:
            time.sleep(0.4 + draw.random() / 5)
            os.kill(process.pid, signal.SIGKILL)
        reader = case.at(case.now + 2 * HOUR)
        assert reader.outcomes(0) == {Outcome.GENUINE}
    case.publish(case.now + 2 * HOUR)
    assert case.at(case.now + 2 * HOUR).outcomes(1) == {Outcome.GENUINE}


def test_readers_during_publications_never_see_a_mixture(case: "Case") -> None:
    stop, outcomes = threading.Event(), set()
    reader = case.at(case.now + HOUR)
    path = case.file(2)

    def _read() -> None:
        while not stop.is_set():
            outcomes.add(reader.verifier.file(path).outcome)

    thread = threading.Thread(target=_read)
    thread.start()
    for number in range(40, 45):
        _enter(case, number)
        case.publish()
    stop.set()
    thread.join()
    assert outcomes == {Outcome.GENUINE}


def test_two_publishers_at_once_are_refused(case: "Case") -> None:
    with lock_folder(case.public), pytest.raises(Unavailable):
        case.publish()
    case.publish()


def test_a_changed_public_folder_is_not_built_upon(case: "Case", flip: Callable[[Path, int], None]) -> None:
    flip(case.public / "md/timestamp.json", 100)
    with pytest.raises(NotAuthentic):
        case.publish()


def test_a_public_folder_put_back_to_an_older_state_is_refused(case: "Case") -> None:
    old = _files(case)
    case.publish(case.now + HOUR)
    (case.public / "md/timestamp.json").write_bytes(old["md/timestamp.json"])
    with pytest.raises(NotAuthentic, match="older"):
        case.publish(case.now + HOUR)


def test_an_empty_folder_gets_everything_again_with_higher_versions(case: "Case", tmp_path: Path) -> None:
    case.withdraw(0)
    done = publish_catalogue(case.folder, tmp_path / "other", now=case.now)
    assert (done.records, done.version) == (40, 2)
    verifier = Verifier(tmp_path / "other", case.root, lambda: case.now)
    assert verifier.file(case.file(0)).outcome is Outcome.WITHDRAWN
    assert verifier.file(case.file(1)).outcome is Outcome.GENUINE


def test_a_missing_agency_key_stops_its_records_and_publishes_nothing(case: "Case") -> None:
    _enter(case, 40)
    (case.home.keys / f"{case.agencies[0]}.pem").unlink()
    with pytest.raises(NotPermitted, match=case.agencies[0]):
        case.publish()
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_the_index_grows_by_a_level_and_loses_nothing(case: "Case") -> None:
    assert _head(case).depth == 1
    foreign = [random.Random(number).randbytes(116) for number in range(4_100)]
    case.change_index([Change(entry[:16], None, entry) for entry in foreign])
    head = _head(case)
    case.sign_head(replace(head, entries=head.entries + len(foreign)).to_bytes())
    _enter(case, 40)
    case.publish(case.now + HOUR)
    later = case.at(case.now + HOUR)
    grown = _head(later)
    assert (grown.depth, grown.entries) == (2, 41 * 7 + 4_100)
    assert later.outcomes(0) == later.outcomes(40) == {Outcome.GENUINE}
    for entry in foreign[::100]:
        assert find_entries(FolderReader(case.public), grown.root, grown.levels, entry[:16]) == [entry]
