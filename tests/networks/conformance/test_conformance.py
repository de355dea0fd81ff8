# SPDX-License-Identifier: EUPL-1.2
"""Every network keeps the contract, with every real client: one test a network, client and check."""

import functools
from collections.abc import Iterator

import pytest
from tests.networks.conformance import table
from tests.networks.conformance.rehearsing import CLIENT_CHECKS, EVERY_PEER, NETWORK_CHECKS
from tests.networks.conformance.seeing import NEEDS_NO_NAMESPACE, Rehearsals

from police2peer.lab.namespace import is_usable
from police2peer.lab.rigs import make_rig, rig_names


@functools.cache
def _namespaces() -> bool:
    return is_usable()


def _clients() -> Iterator[object]:
    for network in rig_names():
        for one in make_rig(network).strangers():
            marks = [pytest.mark.peer(one.program)] if one.program else []
            yield pytest.param(network, one.name, id=f"{network}-{one.name}", marks=marks)


@pytest.fixture(scope="module")
def rehearsals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsals]:
    networks = rig_names() if _namespaces() else tuple(NEEDS_NO_NAMESPACE)
    started = Rehearsals(tmp_path_factory.mktemp("rehearsals"), networks)
    yield started
    started.end()


def _check(rehearsals: Rehearsals, network: str, client: str, check: str) -> None:
    if network not in NEEDS_NO_NAMESPACE and not _namespaces():
        pytest.skip("needs network namespaces (unshare -rn), which this machine does not allow")
    (one,) = [one for one in rehearsals.of(network) if (one.client, one.check) == (client, check)]
    assert one.ok, one.note


@pytest.mark.parametrize("check", CLIENT_CHECKS)
@pytest.mark.parametrize(("network", "client"), list(_clients()))
def test_a_client_is_served_and_recorded_as_the_contract_says(
    network: str, client: str, check: str, rehearsals: Rehearsals
) -> None:
    _check(rehearsals, network, client, check)


@pytest.mark.parametrize("check", NETWORK_CHECKS)
@pytest.mark.parametrize("network", [network for network in rig_names() if network not in NEEDS_NO_NAMESPACE])
def test_a_network_stands_whatever_all_peers_do(network: str, check: str, rehearsals: Rehearsals) -> None:
    _check(rehearsals, network, EVERY_PEER, check)


@pytest.mark.parametrize("network", rig_names())
def test_the_table_in_the_document_says_what_was_seen(network: str, rehearsals: Rehearsals) -> None:
    if network not in NEEDS_NO_NAMESPACE and not _namespaces():
        pytest.skip("needs network namespaces (unshare -rn), which this machine does not allow")
    seen = rehearsals.of(network)
    told = {client for one in seen if (client := one.client)}
    for drawn, written in zip(table.draw(seen).splitlines(), table.on_disk().splitlines(), strict=True):
        cells = [cell.strip() for cell in drawn.split("|")]
        if cells[1:2] == [network] and (cells[2] in told or cells[2] in {"yes", "**no**"}):
            assert written == drawn
