# SPDX-License-Identifier: EUPL-1.2
"""A hub for the lab: uhub, with a folder of its own, in the lab's namespace only."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, run
from typing import Final

from police2peer.errors import Unavailable
from police2peer.lab.clients import running
from police2peer.lab.namespace import check_closed

PROGRAM: Final = "uhub"
_READY_S: Final = 15.0
_PLUGIN: Final = "/usr/lib/uhub/mod_auth_sqlite.so"


@dataclass(frozen=True, slots=True)
class HubRules:
    """What a hub asks of those who come. `least_share_mib` is counted in MiB; `users` are nicks with passwords."""

    tls: bool = False
    least_share_mib: int = 0
    registered_only: bool = False
    users: Sequence[tuple[str, str]] = ()


@contextlib.contextmanager
def run_hub(folder: Path, host: str, port: int, rules: HubRules) -> Iterator[None]:
    """Run a hub at an address of the namespace until the block ends; raises `Unavailable` when it does not start."""
    check_closed()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "uhub.conf"
    config.write_text("\n".join(_lines(folder, host, port, rules)) + "\n")
    with running([PROGRAM, "-c", str(config), "-l", str(folder / "hub.log")], folder):
        _wait(host, port)
        yield


def _lines(folder: Path, host: str, port: int, rules: HubRules) -> Iterator[str]:
    plugins = folder / "plugins.conf"
    plugins.write_text(_plugin(folder, rules.users))
    yield f"server_bind_addr={host}"
    yield f"server_port={port}"
    yield "max_users=1000"
    yield "hub_name=lab"
    yield f"file_plugins={plugins}"
    yield f"limit_min_share={rules.least_share_mib}"
    yield f"registered_users_only={int(rules.registered_only)}"
    # The lab's searchers come all at once; the limits of a public hub would drop them.
    yield "flood_ctl_interval=1"
    yield from (f"flood_ctl_{kind}=10000" for kind in ("chat", "connect", "search", "update", "extras"))
    if rules.tls:
        key, certificate = folder / "hub.key", folder / "hub.crt"
        _make_certificate(key, certificate)
        yield "tls_enable=yes"
        yield "tls_require=yes"
        yield f"tls_private_key={key}"
        yield f"tls_certificate={certificate}"


def _plugin(folder: Path, users: Sequence[tuple[str, str]]) -> str:
    if not users:
        return ""
    database = folder / "users.db"
    _call(["uhub-passwd", str(database), "create"])
    for nick, password in users:
        _call(["uhub-passwd", str(database), "add", nick, password])
    return f'plugin {_PLUGIN} "file={database}"\n'


def _make_certificate(key: Path, certificate: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lab", "-days", "30"]
    _call([*command, "-keyout", str(key), "-out", str(certificate)])


def _call(command: Sequence[str]) -> None:
    run(command, check=True, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, timeout=60)


def _wait(host: str, port: int) -> None:
    give_up_at = time.monotonic() + _READY_S
    while time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
            return
        time.sleep(0.05)
    raise Unavailable("the hub does not take connections", remedy="look at hub.log in the lab's folder")
