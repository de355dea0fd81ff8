# SPDX-License-Identifier: EUPL-1.2
"""Addresses are in the node's memory while a visit lasts; this keeps that memory off every disk.

1. No core file: the limit is zero, for a dump into a file.
2. Not dumpable: the kernel writes no core into a program that collects them either (which ignores the limit), and no
   other program of the same user can read the memory.
3. Locked: no page is swapped out, where the system allows that; where it does not and there is swap, it is said.

Sources: core(5), prctl(2) PR_SET_DUMPABLE, mlockall(2). Children that are started later begin without 2 and 3.
"""

import ctypes
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
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
