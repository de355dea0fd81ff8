# SPDX-License-Identifier: EUPL-1.2
"""The walls that the decoder builds around itself before it reads the first foreign byte.

1. A network namespace of its own, without even a loopback (needs user namespaces, or root).
2. When started as root: another user, `nobody`, for good.
3. Limits on address space, computing time, and no room at all for files, processes, core dumps.
4. No new descriptor, ever (`RLIMIT_NOFILE` 0): opening a file or a socket fails whatever else is permitted.
5. No new privileges, not readable by others, ended together with its watcher.
6. A list of the system calls that decoding needs (seccomp); all others fail with EPERM.

3 to 5 always hold, or the clip is not read. 1, 2 and 6 hold where the machine permits; `Wall` says which did.
Sources: unshare(2), setrlimit(2), prctl(2), seccomp(2), linux/audit.h, asm/unistd_64.h, asm-generic/unistd.h.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
from enum import IntFlag
from typing import Final

from police2peer.warningfiles.clips.limits import Limits

__all__ = ["Wall", "confine", "leave_network"]

_CLONE_NEWUSER, _CLONE_NEWIPC, _CLONE_NEWNET = 0x10000000, 0x08000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_NOBODY = 65534

# Classic BPF: load a word of seccomp_data, compare, return.
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_AT_CALL, _AT_MACHINE = 0, 4
_ALLOW, _END, _NOT_PERMITTED = 0x7FFF0000, 0x80000000, 0x00050001

# What stands for a call on each machine. Left out on purpose: whatever opens, connects, starts, signals, looks up.
# And sched_getaffinity: where FFmpeg cannot count the processors it takes one, and starts no threads.
_X86_64, _ARM64 = 0xC000003E, 0xC00000B7
_CALLS: Final[dict[str, tuple[int, int]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
_MACHINES: Final = {"x86_64": (_X86_64, 0), "aarch64": (_ARM64, 1)}


class Wall(IntFlag):
    """Which walls stand."""

    NETWORK = 1
    USER = 2
    LIMITS = 4
    CALLS = 8


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> Wall:
    """Build wall 1. Must come before any thread is started, so before the media libraries are loaded."""
    apart = _CLONE_NEWNET | _CLONE_NEWIPC
    tries = (apart, apart | _CLONE_NEWUSER) if os.geteuid() == 0 else (apart | _CLONE_NEWUSER,)
    return Wall.NETWORK if any(_libc.unshare(flags) == 0 for flags in tries) else Wall(0)


def confine(limits: Limits) -> Wall:
    """Build walls 2 to 6; from here on nothing can be opened. Raises `OSError` when 3, 4 or 5 cannot be built."""
    walls = _become_nobody()
    # One second between the signal that says why and the one that cannot be caught.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.computing_s, limits.computing_s + 1))
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    for option, value in ((_PR_SET_PDEATHSIG, signal.SIGKILL), (_PR_SET_DUMPABLE, 0), (_PR_SET_NO_NEW_PRIVS, 1)):
        _control(option, value)
    return walls | Wall.LIMITS | _allow_few_calls()


def _become_nobody() -> Wall:
    if os.geteuid() != 0:
        return Wall.USER
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:  # the only user there is, as in a namespace that maps but one
        return Wall(0)
    return Wall.USER


def _control(option: int, value: int, pointer: object = 0) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _allow_few_calls() -> Wall:
    known = _MACHINES.get(platform.machine())
    if known is None:
        return Wall(0)
    machine, column = known
    steps = [(_LOAD, 0, 0, _AT_MACHINE), (_IF_EQUAL, 1, 0, machine), (_RETURN, 0, 0, _END), (_LOAD, 0, 0, _AT_CALL)]
    for call in (numbers[column] for numbers in _CALLS.values()):
        steps += [(_IF_EQUAL, 0, 1, call), (_RETURN, 0, 0, _ALLOW)]
    steps.append((_RETURN, 0, 0, _NOT_PERMITTED))
    program = _Program(len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps))
    try:
        _control(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))
    except OSError:
        return Wall(0)
    return Wall.CALLS
