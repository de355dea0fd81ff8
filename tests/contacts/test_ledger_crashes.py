# SPDX-License-Identifier: EUPL-1.2
"""Killed at any moment, cut at any byte, with a full disk: at most the open commit is lost, and the gap is known."""

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.contacts.ledger_records import AT
from tests.contacts.ledgers import evidence_key, open_ledger, write_ledger

from police2peer.contacts.ledger import LedgerReader
from police2peer.contacts.ledger.frames import EntryKind, read_frames
from police2peer.errors import NotAuthentic, Unavailable

_BATCH = 3
_KILLS = 200
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system; what is killed here is a process, not a disk


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that flushes at once, so that hundreds of crashes take seconds."""
    where = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as made:
        yield Path(made)


def _numbers(reader: LedgerReader) -> list[int]:
    sealed = [entry for entry in reader.entries() if entry.kind is EntryKind.RECORD]
    return [int(reader.unseal(entry, evidence_key())) for entry in sealed]


def _write_until_killed(folder: Path, first: int, told: int) -> None:
    """Commit batch after batch, and say so after each; never returns."""
    try:
        ledger = open_ledger(folder, segment_records=20)
        for number in range(first, first + 10**6, _BATCH):
            ledger.commit([b"%d" % (number + place) for place in range(_BATCH)], AT + timedelta(seconds=number))
            os.write(told, b".")
    finally:
        os._exit(1)


def _killed_after(folder: Path, first: int, delay_s: float) -> int:
    """Run a writer, kill it -9 some time after its first commit, and give how many commits it said were done."""
    read_end, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _write_until_killed(folder, first, told)
    os.close(told)
    try:
        done = len(os.read(read_end, 1))
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(read_end, 65_536):
            done += len(more)
    finally:
        os.close(read_end)
    return done


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_writer_killed_at_two_hundred_moments_loses_its_open_commit_at_most(folder: Path) -> None:
    chosen = random.Random(11)
    kept = 0
    improper = 0
    for _ in range(_KILLS):
        done = _killed_after(folder, kept, chosen.uniform(0, 0.006))
        assert done, "it was killed at work"
        with open_ledger(folder, segment_records=20) as ledger:
            assert ledger.recovered.alive_at is not None
            improper += not ledger.recovered.closed
        # What was said to be committed is there; of what was under way, all of one commit or nothing.
        total = len(ledger) - len(ledger.folder.segment_numbers())
        assert total in (kept + done * _BATCH, kept + (done + 1) * _BATCH)
        kept = total
    assert improper == _KILLS
    assert _numbers(LedgerReader(folder)) == list(range(kept))


def test_a_power_cut_at_every_byte_of_the_last_commit_leaves_what_was_committed(folder: Path) -> None:
    made = folder / "made"
    write_ledger(made, [[b"0", b"1"], [b"2", b"3"]])
    segment = made / "segments" / "00000001"
    whole = segment.read_bytes()
    begin = next(frame.end for frame in read_frames(whole) if not frame.is_entry)
    (made / "checkpoint").unlink()  # never flushed: a power cut leaves it or not
    for size in range(begin, len(whole)):
        for tail in (
            b"",
            bytes(len(whole) - size),
        ):  # a file that ends there, and one that has its length but not its bytes
            segment.write_bytes(whole[:size] + tail)
            with open_ledger(made) as ledger:
                assert len(ledger) == 3
                assert ledger.recovered.closed is False
                assert segment.stat().st_size == begin
    with open_ledger(made) as ledger:
        ledger.commit([b"2"], AT)
    assert _numbers(LedgerReader(made)) == [0, 1, 2]


def test_a_power_cut_at_every_byte_of_a_segment_s_first_commit_takes_the_segment_back(folder: Path) -> None:
    made = folder / "made"
    write_ledger(made, [[b"0"], [b"1"]], segment_records=1)
    (made / "checkpoint").unlink()
    segment, keys = made / "segments" / "00000002", made / "keys" / "00000002"
    whole, wrapped = segment.read_bytes(), keys.read_bytes()
    for size in range(len(whole)):
        segment.write_bytes(whole[:size])
        keys.write_bytes(wrapped)
        with open_ledger(made) as ledger:
            assert len(ledger) == 2
        assert not segment.exists()
        assert not keys.exists()


def test_the_first_commit_of_all_may_be_cut_as_well(tmp_path: Path) -> None:
    made = tmp_path / "made"
    write_ledger(made, [[b"0"]])
    (made / "checkpoint").unlink()
    segment = made / "segments" / "00000001"
    segment.write_bytes(segment.read_bytes()[:-1])
    with open_ledger(made) as ledger:
        assert len(ledger) == 0
        assert ledger.recovered.alive_at is None
        ledger.commit([b"0"], AT)
    assert _numbers(LedgerReader(made)) == [0]


def test_damage_to_what_was_committed_is_never_taken_for_a_torn_end(tmp_path: Path) -> None:
    made = tmp_path / "made"
    write_ledger(made, [[b"0", b"1"], [b"2"], [b"3"], [b"4"]])
    segment = made / "segments" / "00000001"
    whole = segment.read_bytes()
    second = [frame for frame in read_frames(whole) if frame.is_entry][2]
    for with_state in (True, False):
        if not with_state:
            (made / "checkpoint").unlink()
        changed = bytearray(whole)
        changed[second.begin + 20] ^= 1
        segment.write_bytes(changed)
        with pytest.raises(NotAuthentic, match="missing or damaged"):
            open_ledger(made)
        assert segment.read_bytes() == changed, "nothing was touched"


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_full_disk_costs_no_committed_record_and_the_ledger_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """A limit on file size stands in for a full disk: the kernel writes up to it, and refuses the rest."""
    folder = tmp_path / "ledger"
    child = os.fork()
    if child == 0:
        _fill(folder)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    numbers = _numbers(LedgerReader(folder))
    assert numbers == [*range(len(numbers) - 1), 999_999]


def _fill(folder: Path) -> None:
    import resource  # noqa: PLC0415 - in the child only

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    ledger = open_ledger(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    number = 0
    status = 1
    try:
        while True:
            ledger.commit([b"%d" % number], AT)
            number += 1
    except Unavailable as error:
        told = "could not be written" in error.facts
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        ledger.commit([b"999999"], AT)
        status = 0 if told and number > 10 else 2
    finally:
        os._exit(status)


def test_a_copy_taken_in_the_middle_of_a_commit_can_be_read_up_to_the_commit_before(tmp_path: Path) -> None:
    write_ledger(tmp_path / "made", [[b"0"], [b"1"]])
    shutil.copytree(tmp_path / "made", tmp_path / "copy")
    segment = tmp_path / "copy" / "segments" / "00000001"
    os.truncate(segment, segment.stat().st_size - 5)
    reader = LedgerReader(tmp_path / "copy")
    assert _numbers(reader) == [0]
    assert reader.rest_bytes > 0


def test_a_ledger_can_be_read_at_any_time_while_it_is_written(folder: Path) -> None:
    done = threading.Event()

    def write() -> None:
        try:
            with open_ledger(folder / "ledger", segment_records=15) as ledger:
                for first in range(0, 400, 2):
                    ledger.commit([b"%d" % first, b"%d" % (first + 1)], AT + timedelta(seconds=first))
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    sizes = set()
    while not done.is_set():
        if not (folder / "ledger" / "segments" / "00000001").exists():
            continue
        reader = LedgerReader(folder / "ledger")
        sealed = [entry.index for entry in reader.entries() if entry.kind is EntryKind.RECORD]
        sizes.add(len(sealed))
    writer.join()
    assert len(sizes) > 1
    assert all(size % 2 == 0 for size in sizes), "whole commits only"
    assert _numbers(LedgerReader(folder / "ledger")) == list(range(400))
