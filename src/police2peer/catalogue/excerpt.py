# SPDX-License-Identifier: EUPL-1.2
"""A part of a catalogue that is enough to answer for some files, as it travels with evidence.

Taking one runs the verifier over the whole catalogue and keeps every file that it read; checking one runs the same
verifier over these files alone, as of the moment when they were taken. What holds then is what held then: a later
withdrawal does not change what a file was on the day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from police2peer.catalogue.examination import Examination, FileQuestion
from police2peer.catalogue.seen import SeenNothing
from police2peer.catalogue.snapshot import FolderReader, Reader
from police2peer.catalogue.verdict import Outcome, Verdict
from police2peer.errors import NotAuthentic, Unavailable

__all__ = ["KnownFile", "check_excerpt", "take_excerpt"]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as a record names it, without its bytes."""

    sha256: str
    size_bytes: int


class _Noting:
    """Reads as another reader does, and keeps what was read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.kept: dict[str, bytes] = {}

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Give what the other reader gives."""
        content = self._reader.read(name, limit_bytes)
        if content is not None:
            self.kept[name] = content
        return content


class _Kept:
    """Reads from files in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Give at most `limit_bytes + 1` bytes of the file called `name`, or None when there is none."""
        content = self._files.get(name)
        return None if content is None else content[: limit_bytes + 1]


def _answer(reader: Reader, root: bytes, files: Sequence[KnownFile], at: datetime) -> list[Verdict]:
    try:
        examination = Examination(reader, root, at, SeenNothing())
        return [examination.answer(_question(file)) for file in files]
    except (NotAuthentic, Unavailable) as error:
        return [Verdict(Outcome.CANNOT_TELL, error.facts, error.remedy) for _ in files]


def _question(file: KnownFile) -> FileQuestion:
    return FileQuestion(lambda: (file.sha256, file.size_bytes))


def take_excerpt(
    snapshot: Path, root: bytes, files: Sequence[KnownFile], at: datetime
) -> tuple[dict[str, bytes], list[Verdict]]:
    """Give the files of a catalogue that answer for these files, by name, and the answers."""
    reader = _Noting(FolderReader(snapshot))
    verdicts = _answer(reader, root, files, at)
    return reader.kept, verdicts


def check_excerpt(
    excerpt: Mapping[str, bytes], root: bytes, files: Sequence[KnownFile], at: datetime
) -> list[Verdict]:
    """Give the answers that an excerpt gives, as of the moment `at`; what it lacks is *cannot tell*."""
    return _answer(_Kept(excerpt), root, files, at)
