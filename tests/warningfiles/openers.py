# SPDX-License-Identifier: EUPL-1.2
"""Opens files with the readers that `padding.READERS` names, and fails where one finds a fault."""

import subprocess
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import av
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from police2peer.warningfiles.padding import READERS

# The readers in which a test of this module starts a program; Chromium has its own test.
_PROGRAMS = frozenset({"ffmpeg", "mpv", "7z", "bsdtar", "unar", "unzip", "exiftool"})


def _run(*command: str) -> str:
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, (command[0], ended.stdout[-2000:], ended.stderr[-2000:])
    return ended.stdout + ended.stderr


def _ffmpeg(path: Path) -> None:
    command = ("ffmpeg", "-v", "warning", "-xerror", "-err_detect", "explode", "-i", str(path), "-f", "null", "-")
    assert _run(*command) == ""


def _mpv(path: Path) -> None:
    said = _run("mpv", "--no-config", "--vo=null", "--ao=null", "--untimed", "--no-terminal", str(path))
    assert said == ""


def _pyav(path: Path) -> None:
    with av.open(str(path), options={"err_detect": "explode"}) as film:
        assert sum(1 for _ in film.decode(video=0)) >= 25


def _pillow(path: Path) -> None:
    with Image.open(path) as picture:
        picture.load()
        assert picture.width >= 640


def _exiftool(path: Path) -> None:
    assert _run("exiftool", "-validate", "-s3", str(path)).strip() == "OK"


def _pdfium(path: Path) -> None:
    document = pypdfium2.PdfDocument(path)
    assert len(document) == 1
    document[0].render()
    document.close()


def _seven_zip(path: Path) -> None:
    said = _run("7z", "t", str(path))
    assert "Everything is Ok" in said
    assert "WARNING" not in said


def _bsdtar(path: Path) -> None:
    _run("bsdtar", "-xf", str(path), "-C", str(path.parent))


def _unar(path: Path) -> None:
    said = _run("lsar", "-t", str(path))
    assert "0 failed" in said


def _unzip(path: Path) -> None:
    assert "No errors detected" in _run("unzip", "-t", str(path))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


OPENERS: Mapping[str, Callable[[Path], None]] = {
    "ffmpeg": _ffmpeg,
    "mpv": _mpv,
    "PyAV": _pyav,
    "Pillow": _pillow,
    "exiftool": _exiftool,
    "pdfium": _pdfium,
    "7z": _seven_zip,
    "bsdtar": _bsdtar,
    "unar": _unar,
    "unzip": _unzip,
}


def each_reader(*kinds: str, readers: Collection[str] = OPENERS) -> list[object]:
    """Give every kind with every reader that opens it here, marked with the program it needs."""
    return [
        pytest.param(
            kind, reader, id=f"{kind}-{reader}", marks=[pytest.mark.peer(reader)] if reader in _PROGRAMS else []
        )
        for kind in kinds or READERS
        for reader in READERS[kind]
        if reader in OPENERS and reader in readers
    ]
