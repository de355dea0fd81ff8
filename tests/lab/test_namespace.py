# SPDX-License-Identifier: EUPL-1.2
import subprocess
import sys
from pathlib import Path

import pytest

from police2peer.errors import NotPermitted
from police2peer.lab.clients import Aria2, Wanted, fetch
from police2peer.lab.namespace import client_host, inside, is_closed, is_usable, raise_loopback

_LOOK = """
import socket
from police2peer.lab.namespace import client_host, is_closed
assert is_closed()
for host in ("127.0.0.1", "127.9.8.7", "203.0.113.1", client_host(30)):
    with socket.socket() as door, socket.socket() as visitor:
        door.bind((host, 0)); door.listen(); visitor.connect(door.getsockname())
try:
    socket.create_connection(("198.51.100.7", 80), 2)
except OSError as error:
    print(error.strerror)
"""


def test_the_namespace_has_its_addresses_and_no_way_out() -> None:
    if not is_usable():
        pytest.skip("needs network namespaces (unshare -rn), which this machine does not allow")
    done = subprocess.run(
        inside([sys.executable, "-c", _LOOK]), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr) == ("Network is unreachable\n", "")


def test_programs_of_others_are_not_started_where_a_network_can_be_reached(tmp_path: Path) -> None:
    if is_closed():
        pytest.skip("this machine has no network at all")
    with pytest.raises(NotPermitted):
        fetch(Aria2(), Wanted("a.torrent", "a", 1, ""), tmp_path, "127.0.0.1")
    with pytest.raises(NotPermitted):
        raise_loopback()
    assert list(tmp_path.iterdir()) == []


def test_each_client_has_an_address_of_its_own() -> None:
    assert len({client_host(number) for number in range(31)}) == 31
    assert "203.0.113.1" not in {client_host(number) for number in range(100)}
