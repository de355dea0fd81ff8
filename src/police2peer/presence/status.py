# SPDX-License-Identifier: EUPL-1.2
"""What a node says of itself: one small JSON file, rewritten whole every few seconds.

It holds counts and states; never a title, an address of a peer or anything of a person. A file older than
`STALE_AFTER_S` means that no node is running: the reader says so rather than show old news as new.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from police2peer.errors import BadInput, Unavailable
from police2peer.storage import write_whole

STALE_AFTER_S = 15.0


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """One network as the node sees it: `detail` says what is wrong and what is being done about it."""

    name: str
    ok: bool
    detail: str
    offers_up: int


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node at one moment. `contacts_by_rung` counts what this run reached, by the rung's number as text."""

    node: str
    campaign_id: str
    release_number: int
    order_id: str
    order_ends_at: datetime
    started_at: datetime
    written_at: datetime
    state: str
    networks: tuple[NetworkStatus, ...]
    contacts_by_rung: dict[str, int]
    crawlers: int
    gaps: int
    alarms: tuple[str, ...]


def write_status(path: Path, status: NodeStatus) -> None:
    """Write the status file, whole or not at all."""
    write_whole(path, json.dumps(asdict(status), default=datetime.isoformat, indent=1).encode())


def read_status(path: Path) -> NodeStatus:
    """Read what the node last said.

    Raises `Unavailable` when no node has run here, `BadInput` when the file is not a status.
    """
    try:
        plain: dict[str, Any] = json.loads(path.read_bytes())
        plain["networks"] = tuple(NetworkStatus(**network) for network in plain["networks"])
        plain["alarms"] = tuple(plain["alarms"])
        for name in ("order_ends_at", "started_at", "written_at"):
            plain[name] = _aware(plain[name])
        return NodeStatus(**plain)
    except FileNotFoundError as error:
        raise Unavailable("no node has run in this folder", remedy="start one: `police2peer up`") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"{path.name} is not a node's status", remedy="delete it; a running node writes a new one"
        ) from error


def is_stale(status: NodeStatus, now: datetime) -> bool:
    """Whether the node that wrote this has stopped writing."""
    return (now - status.written_at).total_seconds() > STALE_AFTER_S


def _aware(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("naive time")
    return when
