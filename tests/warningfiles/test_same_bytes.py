# SPDX-License-Identifier: EUPL-1.2
"""The bytes of files are the same on a processor of 2008 as on this one; programs see it through qemu's emulation.

Films are not rebuilt elsewhere, for their sound may differ: they are coded anew around a base that is in store.
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from police2peer.campaign import Campaign, FileFormat, FormatKind

_LESSER = "Nehalem"  # SSE4.2 and nothing after it; what numpy and others ask for at least
_FILMS = ("mp4", "mkv", "avi", "mpg", "wmv")
_PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy
from police2peer.campaign import FileFormat, Language, load_campaign
from police2peer.warningfiles import BaseStore, Making, Studio, VerifyCode
folder, store, code, formats = Path(sys.argv[1]), Path(sys.argv[2]), VerifyCode(sys.argv[3]), sys.argv[4:]
message = next(one for one in load_campaign(folder).messages if one.id == "combined")
studio = Studio(BaseStore(store), Making(film_seconds=4, blank_bytes=200_000))
print("avx2", numpy._core._multiarray_umath.__cpu_features__["AVX2"])
for name in formats:
    shown = FileFormat(name)
    language = Language("ar") if shown.carries_text else None
    made = studio.make(replace(message, officer=False), language, shown, code)
    print(name, made.hashes.sha256, made.still_sha256)
"""


def _made(campaign: Path, store: Path, code: str, formats: list[str], *emulator: str) -> list[str]:
    command = [*emulator, sys.executable, "-c", _PROGRAM, str(campaign), str(store), code, *formats]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return ended.stdout.splitlines()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the emulated processor runs programs of x86-64 alone")
@pytest.mark.peer("qemu-x86_64")
def test_every_file_is_the_same_bytes_on_a_processor_without_avx(small_campaign: Campaign, tmp_path: Path) -> None:
    emulator = (shutil.which("qemu-x86_64") or "qemu-x86_64", "-cpu", _LESSER)
    folder, here, there = small_campaign.folder, tmp_path / "here", tmp_path / "there"
    _made(folder, here, "FVPA-GSRR-NJ60", list(_FILMS))
    shutil.copytree(here, there)
    # webm is left out: its last seconds are coded anew, which takes the emulator long.
    formats = [one.value for one in FileFormat if one.kind is not FormatKind.FILM] + list(_FILMS)
    ours = _made(folder, here, "BWET-FXGS-21MF", formats)
    theirs = _made(folder, there, "BWET-FXGS-21MF", formats, *emulator)
    assert theirs[0] == "avx2 False"
    assert theirs[1:] == ours[1:]
