# SPDX-License-Identifier: EUPL-1.2
"""The key of a counting period: what makes "the same address again" countable and, once destroyed, unanswerable.

A sketch of bare addresses is personal data: all of IPv4 can be tried against it within the hour. So what is counted
is a keyed hash (BLAKE2b, RFC 7693) of the address under a key that is random for each period and destroyed at its
end; only then is a sketch written. The key is never on a disk: it lives in the process, or, where several nodes count
together, in a file of mode 0600 on a file system in memory, put there by the agency and removed by us at the end.
"""

import hashlib
import json
import logging
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from police2peer.errors import BadInput, Unavailable
from police2peer.storage import write_whole

_log = logging.getLogger(__name__)

PERIODS: Final = ("day", "week", "month")
KEY_FILE_TYPE: Final = "police2peer-period-key-1"
_SECRET_BYTES: Final = 32
_ITEM_BYTES: Final = 8
_ID_LETTERS: Final = 16
_MOST_FILE_BYTES: Final = 4096
# f_type of tmpfs and ramfs (statfs(2)); Python does not give it, so the table of mounts is read.
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_MOUNTS: Final = Path("/proc/self/mounts")


@dataclass(frozen=True, slots=True)
class Period:
    """One counting period, from `begins` up to `ends`; `id` is random and says which nodes counted together."""

    id: str
    begins: datetime
    ends: datetime
    shared: bool = False


class PeriodKey:
    """A period and its secret; the secret is gone after `destroy`. Prints without it, and is never pickled."""

    __slots__ = ("_hash", "period")

    def __init__(self, period: Period, secret: bytes) -> None:
        if len(secret) != _SECRET_BYTES:
            raise ValueError(len(secret))
        self.period = period
        self._hash: hashlib.blake2b | None = hashlib.blake2b(key=secret, digest_size=_ITEM_BYTES)

    def item(self, host: str) -> int:
        """Give what stands for a host in this period: 64 bits, signed."""
        if self._hash is None:
            raise ValueError("the key was destroyed")
        keyed = self._hash.copy()
        keyed.update(host.encode())
        return int.from_bytes(keyed.digest(), "big", signed=True)

    def destroy(self) -> None:
        """Forget the secret; Python's BLAKE2 wipes its state when it goes."""
        self._hash = None

    def __repr__(self) -> str:
        return f"<period {self.period.id}>"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("the key of a period is never stored")


class PeriodKeys(Protocol):
    """Where the keys of periods come from."""

    def key_at(self, now: datetime) -> PeriodKey:
        """Give the key of the period in which `now` lies."""
        ...

    def keep(self, period: Period, counted: bytes) -> None:
        """Keep in memory, beside the key of a shared period, what was counted so far."""
        ...

    def kept(self, period: Period) -> bytes | None:
        """Give what was kept of a period before the process began."""
        ...

    def forget(self, period: Period) -> None:
        """Destroy whatever is kept of this period outside the process: it is over."""
        ...


class OwnKeys:
    """Keys that are drawn in this process and die with it: a node that counts for itself."""

    def __init__(self, random_bytes: Callable[[int], bytes], *, period: str = "month") -> None:
        if period not in PERIODS:
            raise ValueError(period)
        self._random_bytes = random_bytes
        self._period = period

    def key_at(self, now: datetime) -> PeriodKey:
        """Draw a new key, for the rest of the period in which `now` lies."""
        period = Period(self._random_bytes(_ID_LETTERS // 2).hex(), now, period_end(now, self._period))
        return PeriodKey(period, self._random_bytes(_SECRET_BYTES))

    def keep(self, period: Period, counted: bytes) -> None:
        """Keep nothing: the key dies with the process."""

    def kept(self, period: Period) -> bytes | None:  # noqa: ARG002
        """Give nothing."""
        return None

    def forget(self, period: Period) -> None:
        """Destroy nothing: nothing is kept outside the process."""


class SharedKeys:
    """A key that the agency put into a file in memory on each of its nodes; keys of our own where there is none.

    When the period of the file is over the file is removed; what is counted then, until the next file comes,
    stands for this node alone and for a day at a time.
    """

    def __init__(self, path: Path, random_bytes: Callable[[int], bytes]) -> None:
        self._path = path
        self._beside = path.with_name(f"{path.name}.counted")
        self._own = OwnKeys(random_bytes, period="day")
        self._first = True

    def key_at(self, now: datetime) -> PeriodKey:
        """Read the key of the file if its period covers `now`.

        At the first call a file that cannot be used raises `BadInput`; later it is logged, for counting must go on.
        """
        first, self._first = self._first, False
        try:
            if self._path.exists():
                key = read_period_key(self._path)
                if key.period.begins <= now < key.period.ends:
                    return key
        except (BadInput, Unavailable) as error:
            if first:
                raise
            _log.error("%s", error)
        return self._own.key_at(now)

    def keep(self, period: Period, counted: bytes) -> None:
        """Write what was counted beside the key, for its owner alone."""
        if period.shared and lies_in_memory(self._beside.parent):
            write_whole(self._beside, period.id.encode() + b"\n" + counted, mode=0o600)

    def kept(self, period: Period) -> bytes | None:
        """Give what an earlier process of this node wrote beside the key in the same period."""
        if not period.shared or not self._beside.exists():
            return None
        id_, _, counted = self._beside.read_bytes().partition(b"\n")
        return counted if id_ == period.id.encode() else None

    def forget(self, period: Period) -> None:
        """Overwrite and remove the files, if they are this period's."""
        if not period.shared:
            return
        with suppress(BadInput, Unavailable):
            if read_period_key(self._path).period.id == period.id:
                _destroy(self._path)
        if self.kept(period) is not None:
            _destroy(self._beside)


def period_end(now: datetime, length: str) -> datetime:
    """Give the end of the UTC day, the ISO week or the calendar month in which `now` lies."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match length:
        case "day":
            return day + timedelta(days=1)
        case "week":
            return day + timedelta(days=7 - day.weekday())
        case _:
            return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def write_period_key(path: Path, begins: datetime, ends: datetime, random_bytes: Callable[[int], bytes]) -> Period:
    """Draw a key for nodes that count together, and write it for its owner alone.

    Raises `BadInput` when the period is none, or when `path` would lie on a disk.
    """
    if ends <= begins:
        raise BadInput("the period ends before it begins", remedy="give an end that lies later")
    if not lies_in_memory(path.parent):
        raise BadInput(
            "the key of a period must never lie on a disk",
            remedy="write it below a folder in memory, such as /run or /dev/shm, and copy it to each node's",
        )
    period = Period(random_bytes(_ID_LETTERS // 2).hex(), begins.astimezone(UTC), ends.astimezone(UTC), shared=True)
    content = {
        "type": KEY_FILE_TYPE,
        "id": period.id,
        "begins": period.begins.isoformat(),
        "ends": period.ends.isoformat(),
        "secret": random_bytes(_SECRET_BYTES).hex(),
    }
    write_whole(path, json.dumps(content, indent=1).encode() + b"\n", mode=0o600)
    return period


def read_period_key(path: Path) -> PeriodKey:
    """Read such a file; raises `BadInput` when others may read it, when it lies on a disk, or is something else."""
    try:
        with path.open("rb") as handle:
            open_to_others = stat.S_IMODE(os.fstat(handle.fileno()).st_mode) & 0o077
            content = handle.read(_MOST_FILE_BYTES + 1)
    except OSError as error:
        raise Unavailable(
            f"the period key {path.name} cannot be read",
            remedy="put it where the settings say, readable for the node",
        ) from error
    if open_to_others:
        raise BadInput(f"others may read the period key {path.name}", remedy="chmod 600, and give out a new key")
    if not lies_in_memory(path):
        raise BadInput(
            f"the period key {path.name} lies on a disk", remedy="put it into memory (/run, /dev/shm), make a new one"
        )
    return parse_period_key(content)


def parse_period_key(content: bytes) -> PeriodKey:
    """Read the content of such a file; raises `BadInput` for anything else."""
    try:
        plain = json.loads(content.decode("ascii"))
        begins, ends = (datetime.fromisoformat(plain[name]) for name in ("begins", "ends"))
        id_, secret = str(plain["id"]), bytes.fromhex(plain["secret"])
        if plain["type"] != KEY_FILE_TYPE or len(bytes.fromhex(id_)) != _ID_LETTERS // 2 or not begins < ends:
            raise ValueError  # noqa: TRY301 - one answer for all that is wrong
        begins, ends = begins.astimezone(UTC), ends.astimezone(UTC)
        return PeriodKey(Period(id_, begins, ends, shared=True), secret)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        # No cause is given along: its text could hold the secret.
        raise BadInput("this is not the key of a period", remedy="make one: `police2peer counting key`") from None


def _destroy(path: Path) -> None:
    """Overwrite a file in memory with zeros and remove it."""
    with path.open("r+b") as handle:
        size = os.fstat(handle.fileno()).st_size
        handle.write(bytes(size))
    path.unlink()


def lies_in_memory(path: Path) -> bool:
    """Whether a path lies on a file system that is kept in memory (tmpfs; swap is the system's to switch off)."""
    real, found, longest = path.resolve(), "", -1
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        _, place, kind, *_ = line.split(" ")
        place = place.encode().decode("unicode_escape")
        if (real == Path(place) or Path(place) in real.parents) and len(place) >= longest:
            found, longest = kind, len(place)
    return found in _IN_MEMORY
