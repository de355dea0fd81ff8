# SPDX-License-Identifier: EUPL-1.2
"""The guard of the root conftest, seen from outside: a test run of its own in an empty folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_CONFTEST = Path(__file__).parents[1] / "conftest.py"

_INNER = """
import asyncio, os, socket, pathlib
import pytest

def test_loopback_is_open():
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.7.7.7", 0)); server.listen()
        client.connect(server.getsockname())

def test_unix_is_open(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))

def test_asyncio_on_localhost_is_open():
    async def serve():
        server = await asyncio.start_server(lambda r, w: None, "localhost", 0)
        server.close()
    asyncio.run(serve())

def test_connect_outside():
    with socket.socket() as client:
        client.connect(("192.0.2.1", 9))

def test_connect_outside_and_swallow():
    with socket.socket() as client:
        try:
            client.connect(("198.51.100.1", 9))
        except BaseException:
            pass

def test_send_outside():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.sendto(b"", ("2001:db8::1", 9))

def test_bind_to_every_interface():
    with socket.socket() as server:
        server.bind(("", 0))

def test_ask_for_a_name():
    socket.getaddrinfo("example.invalid", 80)

def test_home_is_empty():
    assert list(pathlib.Path.home().iterdir()) == []
    assert pathlib.Path.home().name.startswith("p2p-home-")

@pytest.mark.peer("sh")
def test_with_a_peer():
    pass

@pytest.mark.peer("sh", "no-such-peer")
def test_without_its_peer():
    raise AssertionError

@pytest.mark.skip(reason="no time")
def test_that_skips():
    raise AssertionError

@pytest.mark.xfail(strict=True, reason="known")
def test_that_is_known_to_fail():
    raise AssertionError
"""
_STAYED_OUT = {
    "test_connect_outside",
    "test_connect_outside_and_swallow",
    "test_send_outside",
    "test_bind_to_every_interface",
    "test_ask_for_a_name",
}


def _outcomes(folder: Path, *, no_skip: bool) -> tuple[dict[str, set[str]], str]:
    shutil.copy(_CONFTEST, folder / "conftest.py")
    (folder / "test_inner.py").write_text(_INNER, encoding="utf-8")
    (folder / "test_module.py").write_text('import pytest\npytest.importorskip("no_such_module")\n', encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = peer(program): needs it\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["P2P_NO_SKIP"] = "1" if no_skip else "0"
    environment["PYTHONPATH"] = str(_CONFTEST.parents[1])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        "--continue-on-collection-errors",
        ".",
    ]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    found: dict[str, set[str]] = {}
    for line in run.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in {"PASSED", "FAILED", "XFAIL", "ERROR"}:
            found.setdefault(word, set()).add(rest.partition(" ")[0].rpartition("::")[2])
    return found, run.stdout


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, set[str]], str]:
    return _outcomes(tmp_path_factory.mktemp("usual"), no_skip=False)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, set[str]], str]:
    return _outcomes(tmp_path_factory.mktemp("strict"), no_skip=True)


def test_a_socket_beyond_loopback_fails_the_test_even_when_the_code_swallows_it(
    usual: tuple[dict[str, set[str]], str],
) -> None:
    assert usual[0]["FAILED"] == _STAYED_OUT


def test_loopback_unix_sockets_and_a_home_of_its_own_are_there(
    usual: tuple[dict[str, set[str]], str],
) -> None:
    assert usual[0]["PASSED"] == {
        "test_loopback_is_open",
        "test_unix_is_open",
        "test_asyncio_on_localhost_is_open",
        "test_home_is_empty",
        "test_with_a_peer",
    }


def test_a_missing_peer_is_skipped_by_name(usual: tuple[dict[str, set[str]], str]) -> None:
    assert "needs no-such-peer, which is not installed" in usual[1]


def test_where_nothing_may_be_skipped_every_skip_is_a_failure(
    strict: tuple[dict[str, set[str]], str],
) -> None:
    assert strict[0]["FAILED"] == _STAYED_OUT
    assert strict[0]["ERROR"] == {"test_module.py", "test_without_its_peer", "test_that_skips"}
    assert strict[0]["XFAIL"] == {"test_that_is_known_to_fail"}
