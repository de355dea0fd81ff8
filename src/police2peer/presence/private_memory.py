# SPDX-License-Identifier: EUPL-1.2
"""Addresses are in the node's memory while a visit lasts; this keeps that memory off every disk.

1. No core file: the limit is zero, for a dump into a file.
2. Not dumpable: the kernel writes no core into a program that collects them either (which ignores the limit), and no
   other program of the same user can read the memory.
3. Locked: no page is swapped out, where the system allows that; where it does not and there is swap, it is said.
4. Wiped: what Python and libtorrent free is overwritten at once (glibc): no address outlives its visit.
   The C library and Python read this from the environment at their start: `up` starts itself anew with it.

Sources: core(5), prctl(2) PR_SET_DUMPABLE, mlockall(2), mallopt(3) M_PERTURB, PYTHONMALLOC of CPython. Children that
are started later begin without 2 and 3.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
# Python's own pools are not wiped, so it is to take its memory from the C library; any byte but 0 and 255 will do.
_WIPES: Final = {"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"}
_SWAPS: Final = Path("/proc/swaps")
_STATUS: Final = Path("/proc/self/status")
_CAP_IPC_LOCK: Final = 14


@dataclass(frozen=True, slots=True)
class PrivateMemory:
    """What holds for the memory of this process; `warning` is empty when nothing is left to do."""

    dumpable: bool
    locked: bool
    swap: bool

    @property
    def warning(self) -> str:
        """Say in one sentence what the operator should change."""
        if self.dumpable:
            return "a crash could write this node's memory into a file: set LimitCORE=0 where it is started"
        if self.swap and not self.locked:
            return (
                "this node's memory could be swapped to a disk: set LimitMEMLOCK=infinity or MemorySwapMax=0 "
                "where it is started"
            )
        return ""


def keep_memory_private() -> PrivateMemory:
    """Keep the memory of this process from cores and swap, as far as the system allows; tell how far that is."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    dumpable, locked = True, False
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        dumpable = libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
        # Locking below the whole need would make later allocations fail, so it is all or nothing.
        if _may_lock_everything():
            locked = libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0
    return PrivateMemory(dumpable=dumpable, locked=locked, swap=_has_swap())


def wiping_environment(environment: Mapping[str, str]) -> dict[str, str] | None:
    """Give the environment in which freed memory is wiped; None when `environment` decides that already."""
    if all(name in environment for name in _WIPES):
        return None
    return {**_WIPES, **environment}


def start_anew_wiping() -> None:
    """Replace this process by itself with freed memory wiped, unless it is; to be called before anything is held."""
    wiping = wiping_environment(os.environ)
    if wiping is not None and sys.platform == "linux":
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wiping)  # noqa: S606 - ourselves, no shell


def _may_lock_everything() -> bool:
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft == resource.RLIM_INFINITY:
        return True
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> _CAP_IPC_LOCK & 1)
    return False


def _has_swap() -> bool:
    try:
        return len(_SWAPS.read_text(encoding="utf-8").splitlines()) > 1
    except OSError:
        return True
