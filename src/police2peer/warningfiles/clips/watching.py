# SPDX-License-Identifier: EUPL-1.2
"""Starts the decoder for one foreign file and watches it: bytes checked, time counted, ended as a whole.

What is decoded is a copy of the file without a name, made while its SHA-256 was taken: the bytes that are read
are the bytes that were compared. The decoder gets that copy read only, an empty folder to stand in, an
environment without a word about this machine, and nothing else.
"""

import errno
import fcntl
import hashlib
import os
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from police2peer.errors import BadInput, NotAuthentic, Unavailable
from police2peer.warningfiles.clips.decoder import task_text
from police2peer.warningfiles.clips.framing import Record, RecordReader, Refused
from police2peer.warningfiles.clips.limits import DecoderTask, Limits
from police2peer.warningfiles.clips.refusals import refuse

__all__ = ["ForeignCopy", "check_same", "copy_of", "decode", "sha256_of"]

_PROGRAM: Final = (sys.executable, "-I", "-B", "-m", "police2peer.warningfiles.clips.decoder")
# One thread, for a second one would not stand behind the walls of the first.
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1"}
_PIECE_BYTES: Final = 1 << 20
_PLAIN: Final = "ask for MP4 (H.264 and AAC), as a telephone or a camera records it"


class ForeignCopy:
    """The bytes of a foreign file, in a file of ours that has no name."""

    def __init__(self, handle: BinaryIO, sha256: str) -> None:
        self._handle = handle
        self.sha256 = sha256

    @contextmanager
    def descriptor(self) -> Iterator[int]:
        """Give a descriptor at the beginning of the copy that can only be read."""
        found = os.open(f"/proc/self/fd/{self._handle.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield found
        finally:
            os.close(found)


def sha256_of(path: Path, limits: Limits) -> str:
    """Give the SHA-256 (hex) of a foreign file. Raises `BadInput` when it is none that is taken."""
    with _opened(path, limits) as source:
        digest = hashlib.sha256()
        for piece in _pieces(source, limits):
            digest.update(piece)
        return digest.hexdigest()


@contextmanager
def copy_of(path: Path, sha256: str, folder: Path, limits: Limits) -> Iterator[ForeignCopy]:
    """Copy a foreign file into `folder` for the length of the block.

    Raises `BadInput` when it cannot be read, is empty or too large, `NotAuthentic` when it is not the file that
    was consented to, `Unavailable` when the disk has no room.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(path, limits) as source, tempfile.TemporaryFile(dir=folder) as copy:
        digest = hashlib.sha256()
        try:
            for piece in _pieces(source, limits):
                digest.update(piece)
                copy.write(piece)
            copy.flush()
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise Unavailable("no room on the disk for the clip", remedy="free some space and try again") from error
        check_same(digest.hexdigest(), sha256)
        yield ForeignCopy(copy, sha256)


def check_same(found: str, sha256: str) -> None:
    """Raise `NotAuthentic` unless the file is the one that is on record."""
    if found != sha256:
        raise NotAuthentic(
            "the clip is not the one on record: its SHA-256 has changed",
            remedy="use the clip to which the person consented, or record consent to this one and correct sha256",
        )


@contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise BadInput(
            f"the clip cannot be read ({error.strerror})", remedy="put the file there, or correct its path"
        ) from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise BadInput("the clip is no file", remedy="give the path of a film or sound file")
        if facts.st_size == 0:
            raise BadInput("the clip is empty (0 bytes)", remedy="ask the sender for the file once more")
        _check_size(facts.st_size, limits)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise BadInput(
            f"the clip has {size:,} bytes; {limits.file_bytes:,} are taken",
            remedy="ask for the spoken part only, or for H.264 instead of an editing format",
        )


def _pieces(descriptor: int, limits: Limits) -> Iterator[bytes]:
    """Read to the end, and no further than the limit when the file grows under our hands."""
    total = 0
    while piece := os.read(descriptor, _PIECE_BYTES):
        total += len(piece)
        _check_size(total, limits)
        yield piece


def decode(copy: ForeignCopy, task: DecoderTask, clock: Callable[[], float] = time.monotonic) -> Iterator[Record]:
    """Decode a copy and give its checked records to the last.

    Raises `BadInput` when the clip is refused, when its decoder had to be ended, and when it answers nonsense.
    """
    reader = RecordReader(task)
    with copy.descriptor() as clip, _running(clip, task) as (process, answers):
        deadline = clock() + task.limits.waiting_s
        while not reader.is_over:
            left_s = deadline - clock()
            if left_s <= 0 or not select.select([answers], [], [], left_s)[0]:
                raise BadInput(
                    f"decoding the clip took longer than {task.limits.waiting_s} s and was ended", remedy=_PLAIN
                )
            received = os.read(answers, _PIECE_BYTES)
            if not received:
                raise _ended(process, task)
            for record in reader.feed(received):
                if isinstance(record, Refused):
                    raise refuse(record.refusal, record.first, record.second)
                yield record
        reader.finish()


@contextmanager
def _running(clip: int, task: DecoderTask) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with tempfile.TemporaryDirectory() as nothing:
        process = subprocess.Popen(
            [*_PROGRAM, task_text(task)],
            stdin=clip,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=nothing,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        try:
            if process.stdout is None:
                raise TypeError(process)
            answers = process.stdout.fileno()
            fcntl.fcntl(answers, fcntl.F_SETPIPE_SZ, _PIECE_BYTES)
            yield process, answers
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the decoder's whole group; its id is ours until the process was waited for."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


def _ended(process: subprocess.Popen[bytes], task: DecoderTask) -> BadInput:
    """Say why the pipe ended before its time; one that has ended already keeps its own reason."""
    _end(process)
    match -process.returncode:
        case signal.SIGXCPU:
            facts = f"decoding the clip took more than {task.limits.computing_s} s of computing and was ended"
        case signal.SIGKILL:
            facts = "decoding the clip was ended by the system, most likely for want of memory"
        case number if number > 0:
            facts = f"the clip broke its decoder (signal {number})"
        case _:
            facts = "the clip broke its decoder"
    return BadInput(facts, remedy=_PLAIN)
