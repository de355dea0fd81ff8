# SPDX-License-Identifier: EUPL-1.2
"""What holds for every test: no socket beyond loopback, a home of its own, nothing skipped in silence.

The guard sees what Python opens. A program or a library in C that a test starts is bound to 127.0.0.1 by that
test, or runs in a network namespace without routes (`unshare -rn`).
"""

import ipaddress
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.unit_folder", "tests.browsers", "tests.contacts.stamping"]

# The same examples on every machine and in every run, so that a failure is a failure for everybody.
settings.register_profile("house", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("house")

_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
# TEST-NET-3 (RFC 5737), for tests that need addresses which look public; harmless where nothing is routed.
_LOOKS_PUBLIC = ipaddress.ip_network("203.0.113.0/24")
_ROUTES = Path("/proc/self/net/route")
_LEAVES = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
_ASKS_FOR_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_NAMES_OF_HERE = (None, "", b"", "localhost", b"localhost")

_refused: list[str] = []


class OutsideLoopbackError(AssertionError):
    """A test tried to reach beyond this machine."""


def _has_no_routes() -> bool:
    lines = _ROUTES.read_text(encoding="ascii").splitlines()[1:] if _ROUTES.exists() else ["unknown"]
    return all(line.split()[0] == "lo" for line in lines)


def _stays_here(host: object) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text == "localhost":
        return True
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if any(address in network for network in _LOOPBACK):
        return True
    return address in _LOOKS_PUBLIC and _has_no_routes()


def _refuse(what: str) -> None:
    _refused.append(what)
    raise OutsideLoopbackError(f"{what}: tests stay on 127.0.0.0/8, ::1 and unix sockets")


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what would leave the machine; the refusal fails the test even where the code catches it."""
    if event in _LEAVES:
        endpoint, address = arguments[0], arguments[1]
        family = getattr(endpoint, "family", None)
        if address is None or family in (socket.AF_UNIX, getattr(socket, "AF_NETLINK", socket.AF_UNIX)):
            return
        if not (isinstance(address, tuple) and _stays_here(address[0])):
            _refuse(event)
    elif event in _ASKS_FOR_NAMES:
        host = arguments[0]
        if host not in _NAMES_OF_HERE and not _is_number(host):
            _refuse(event)


def _is_number(host: object) -> bool:
    """Whether the host is an address already, so that nobody is asked for it."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _skips_are_failures() -> bool:
    return os.environ.get("P2P_NO_SKIP") == "1"


_HOME = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with an empty home and no proxy that could carry a loopback request elsewhere."""
    home = Path(tempfile.mkdtemp(prefix="p2p-home-"))
    config.stash[_HOME] = home
    os.environ["HOME"] = str(home)
    for name in list(os.environ):
        if name.startswith("XDG_") or name.lower() in {"http_proxy", "https_proxy", "all_proxy", "ftp_proxy"}:
            del os.environ[name]
    sys.addaudithook(_guard)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the home; what a test left there was nobody's."""
    shutil.rmtree(config.stash[_HOME], ignore_errors=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, by name, a test whose peer is not installed."""
    for marker in item.iter_markers("peer"):
        for program in marker.args:
            if shutil.which(program) is None:
                pytest.skip(f"needs {program}, which is not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a refused socket, and under P2P_NO_SKIP=1 a skip, into a failure."""
    report = yield
    if _refused:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} tried to leave the machine in {call.when}: {', '.join(_refused)}"
        _refused.clear()
    elif report.skipped and not hasattr(report, "wasxfail") and _skips_are_failures():
        report.outcome = "failed"
        report.longrepr = f"P2P_NO_SKIP=1 and still skipped: {report.longreprtext}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Hold a module's import to the same rules as a test."""
    report = yield
    if _refused:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} tried to leave the machine: {', '.join(_refused)}"
        _refused.clear()
    elif report.skipped and _skips_are_failures():
        report.outcome = "failed"
        report.longrepr = f"P2P_NO_SKIP=1 and still skipped: {report.longreprtext}"
    return report
