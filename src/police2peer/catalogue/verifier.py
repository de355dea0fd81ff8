# SPDX-License-Identifier: EUPL-1.2
"""Tells whether a file, a code or a link is a genuine warning file, from a copy of the catalogue and a root.

Works without any network. A file is read once, in large pieces, and not kept; while it is hashed in one thread
the catalogue is walked in the other, so that checking costs little more than `sha256sum`. What cannot be
established is *cannot tell*, never an exception; only wrong use raises (`BadInput`).

Source: docs/catalogue-format.md, "The verifier, step by step".
"""

import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from police2peer.errors import BadInput, NotAuthentic, Unavailable

if TYPE_CHECKING:
    from police2peer.catalogue.examination import Question
    from police2peer.catalogue.seen import Memory
    from police2peer.catalogue.verdict import Verdict

__all__ = ["Verifier"]

_READ_BYTES = 1024 * 1024
Clock = Callable[[], datetime]
Progress = Callable[[int, int], None]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Digest:
    """Hashes a file in a thread of its own and gives the result, or its failure, when asked."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self._handle = _open_regular(path)
        self._progress = progress
        self._result: tuple[str, int] | None = None
        self._failure: OSError | Unavailable | None = None
        self._thread = threading.Thread(target=self._run, name="hash a file", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._handle as handle:
                self._result = _hash_settled(handle, self._progress)
        except (OSError, Unavailable) as error:
            self._failure = error

    def __call__(self) -> tuple[str, int]:
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        if self._result is None:
            raise Unavailable("the file was not read to its end", remedy="check it again")
        return self._result


def _hash_settled(handle: io.FileIO, progress: Progress) -> tuple[str, int]:
    """Hash a file that does not change meanwhile. Raises `Unavailable` when it does."""
    before = os.fstat(handle.fileno())
    os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
    digest = hashlib.sha256()
    view = memoryview(bytearray(_READ_BYTES))
    size = 0
    while count := handle.readinto(view):
        digest.update(view[:count])
        size += count
        progress(size, before.st_size)
    after = os.fstat(handle.fileno())
    if (before.st_size, before.st_mtime_ns, size) != (after.st_size, after.st_mtime_ns, after.st_size):
        raise Unavailable("the file changed while it was read", remedy="wait until it is complete, then check again")
    return digest.hexdigest(), size


def _open_regular(path: Path) -> io.FileIO:
    """Open a plain file without waiting on pipes or devices. Raises `BadInput`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise BadInput("there is no such file", remedy="give a file, a code or a link") from error
    except OSError as error:
        raise BadInput(
            f"the file cannot be opened: {error.strerror}", remedy="check its permissions, or copy it first"
        ) from error
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return io.FileIO(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise BadInput("this is a folder", remedy="give one file of it at a time")
    raise BadInput("this is not a plain file", remedy="give a file, a code or a link")


class Verifier:
    """Answers from a folder with a copy of the catalogue, against the bytes of a pinned root."""

    def __init__(self, snapshot: Path, root: bytes, now: Clock = _utc_now, memory: "Memory | None" = None) -> None:
        self._snapshot = snapshot
        self._root = root
        self._now = now
        self._memory = memory

    def file(self, path: Path, progress: Progress = lambda _done, _total: None) -> "Verdict":
        """Check a file, telling how many of its bytes are read. Raises `BadInput` when it is none."""
        digest = _Digest(path, progress)
        from police2peer.catalogue.examination import FileQuestion  # noqa: PLC0415 - loads while the file is hashed

        return _say_empty(self._examine(FileQuestion(digest)), path)

    def code(self, raw: str) -> "Verdict":
        """Check a code as a person typed it, or scanned it in an address. Raises `BadInput` when it is none."""
        from police2peer.catalogue.examination import CodeQuestion  # noqa: PLC0415 - a file needs no codes
        from police2peer.catalogue.link import take_code_from_address  # noqa: PLC0415
        from police2peer.catalogue.verdict import Outcome, Verdict  # noqa: PLC0415
        from police2peer.warningfiles import nearest_code, parse_code  # noqa: PLC0415

        text = take_code_from_address(raw)
        try:
            code = parse_code(text)
        except BadInput as error:
            if _counts_twelve(text):
                nearest = nearest_code(text)
                ask = f"did you mean {nearest}? " if nearest else ""
                return Verdict(
                    Outcome.CANNOT_TELL, error.facts, ask + "compare it with the file once more", suggestion=nearest
                )
            raise
        return self._examine(CodeQuestion(code))

    def link(self, raw: str) -> "Verdict":
        """Check a magnet or ed2k link by the ids in it; nothing is fetched. Raises `BadInput`."""
        from police2peer.catalogue.examination import LinkQuestion  # noqa: PLC0415
        from police2peer.catalogue.link import parse_link  # noqa: PLC0415

        return self._examine(LinkQuestion(parse_link(raw)))

    def _examine(self, question: "Question") -> "Verdict":
        from police2peer.catalogue.examination import Examination  # noqa: PLC0415
        from police2peer.catalogue.seen import SeenNothing  # noqa: PLC0415
        from police2peer.catalogue.snapshot import FolderReader  # noqa: PLC0415
        from police2peer.catalogue.verdict import Outcome, Verdict  # noqa: PLC0415

        try:
            memory = self._memory or SeenNothing()
            return Examination(FolderReader(self._snapshot), self._root, self._now(), memory).answer(question)
        except (NotAuthentic, Unavailable) as error:
            return Verdict(Outcome.CANNOT_TELL, error.facts, error.remedy)
        except OSError as error:
            facts = f"the file or the catalogue cannot be read: {error.strerror}"
            return Verdict(Outcome.CANNOT_TELL, facts, "check the disk and the permissions, then try again")


def _say_empty(verdict: "Verdict", path: Path) -> "Verdict":
    """Give the reason that an empty file can have."""
    if verdict.exit_code != 1 or path.stat().st_size:
        return verdict
    return replace(verdict, reason="this file is empty, and no warning file is", what_to_do="check another file")


def _counts_twelve(raw: str) -> bool:
    """Whether a text has the twelve letters and digits of a code, so that a slip of the finger is likely."""
    symbols = sum(char.isascii() and char.isalnum() for char in raw)
    return symbols == 12 and len(raw) < 40  # noqa: PLR2004 - the length of a code, and room for dashes
