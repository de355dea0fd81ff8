# SPDX-License-Identifier: EUPL-1.2
"""The program that decodes one foreign clip: `python -I -m police2peer.warningfiles.clips.decoder TASK`.

Descriptor 0 is the clip, read only; descriptor 1 takes records (`framing`). It builds its walls (`confinement`)
before the first byte of the clip is read, sends plain pictures and plain sound, and ends. It logs nothing.
"""

import errno
import json
import os
import sys
from pathlib import Path

from police2peer.warningfiles.clips.confinement import confine, leave_network
from police2peer.warningfiles.clips.framing import Record, Refused, record_bytes
from police2peer.warningfiles.clips.limits import DecoderTask, Limits
from police2peer.warningfiles.clips.refusals import Refusal, RefusedError

__all__ = ["main", "task_text"]

_CLIP, _ANSWER = 0, 1
_THREADS = Path("/proc/self/task")


def task_text(task: DecoderTask) -> str:
    """Write a task as the program's one argument."""
    limits = {name: getattr(task.limits, name) for name in Limits.__slots__}
    return json.dumps({"box": [task.box_width, task.box_height], "limits": limits})


def _read_task(text: str) -> DecoderTask:
    told = json.loads(text)
    width, height = told["box"]
    return DecoderTask(width, height, Limits(**told["limits"]))


def _send(record: Record) -> None:
    rest = memoryview(record_bytes(record))
    while rest:
        rest = rest[os.write(_ANSWER, rest) :]


def _check_alone() -> None:
    """Raise `OSError` when there is a second thread: it would stand outside the walls of the first."""
    if len(list(_THREADS.iterdir())) != 1:
        raise OSError(errno.EINVAL, "a second thread")


def main(argument: str) -> None:
    """Decode what lies behind descriptor 0 and send it through descriptor 1."""
    task = _read_task(argument)
    walls = leave_network()
    # Loaded behind the first wall and before the others, since nothing can be loaded later.
    from police2peer.warningfiles.clips import decoding  # noqa: PLC0415 - as said

    try:
        _check_alone()
        walls |= confine(task.limits)
    except OSError:
        _send(Refused(Refusal.NOT_CONFINED, 0, 0))
        return
    try:
        for record in decoding.decoded(_CLIP, task, walls):
            _send(record)
    except RefusedError as reason:
        _send(Refused(reason.refusal, reason.first, reason.second))
    except MemoryError:
        _send(Refused(Refusal.MEMORY, 0, 0))


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # without clearing up, for there is nothing to clear
