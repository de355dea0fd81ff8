# SPDX-License-Identifier: EUPL-1.2
"""How the lab starts its stranger: the downloader is a program of its own, and no module of ours."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

_PROGRAM: Final = "police2peer.lab.downloader"


def downloader_command(arguments: Sequence[str]) -> list[str]:
    """Give the command line of the stand-in downloader."""
    return [sys.executable, "-m", _PROGRAM, *arguments]


def run_downloader(arguments: Sequence[str]) -> int:
    """Run the stand-in downloader to its end; what it prints is printed, its exit code is given."""
    return subprocess.run(downloader_command(arguments), check=False).returncode
