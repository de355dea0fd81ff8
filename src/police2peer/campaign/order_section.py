# SPDX-License-Identifier: EUPL-1.2
"""The [order] table of a campaign file -> `OperationOrder`, every fault noted with its line."""

from collections.abc import Collection
from pathlib import Path

from police2peer.campaign.campaign import UNBOUND
from police2peer.campaign.countries import is_country
from police2peer.campaign.evidence_key import EvidencePublicKey
from police2peer.campaign.formats import NetworkName
from police2peer.campaign.keys import PUBLIC_KEY_BYTES, parse_public_key, read_public_key
from police2peer.campaign.order import (
    KEEP_DAYS,
    MOST_KEEP_DAYS,
    NAME_REMEDY,
    Approver,
    EvidenceMode,
    NetworkSpace,
    OperationOrder,
    check_approvers,
    check_recipients,
    is_name,
)
from police2peer.errors import BadInput
from police2peer.strict_toml import Table

__all__ = ["read_order"]

# Codes that people write for one that ISO 3166-1 assigns.
_OFTEN_MISTAKEN = {"UK": "GB", "EL": "GR"}


def read_order(table: Table, folder: Path, networks: Collection[NetworkName]) -> OperationOrder | None:
    """Read the order; None when something was wrong with it."""
    before = len(table.report.problems)
    order_id = table.text("id")
    if order_id and not is_name(order_id):
        table.problem("id", "this is not a plain name", NAME_REMEDY)
    authority = table.text("authority")
    country = _country(table)
    legal_ground = table.text("legal_ground")
    start, end = table.moment("start"), table.moment("end")
    if {"start", "end"} <= set(table.values) and end <= start:
        table.problem("end", "the order ends before it starts", "correct start or end")
    evidence = table.choice("evidence", EvidenceMode, EvidenceMode.OFF)
    recipients = _recipients(table, folder, evidence)
    keep_days = table.integer("evidence_keep_days", KEEP_DAYS, least=1, most=MOST_KEEP_DAYS)
    spaces = _spaces(table, networks)
    approvers = _approvers(table, folder)
    table.finish()
    if len(table.report.problems) > before:
        return None
    return OperationOrder(
        *(order_id, authority, country, legal_ground, spaces, approvers, start, end, evidence, UNBOUND),
        evidence_recipients=recipients,
        evidence_keep_days=keep_days,
    )


def _country(table: Table) -> str:
    code = table.text("country")
    if code and not is_country(code):
        meant = _OFTEN_MISTAKEN.get(code.upper(), code.upper())
        remedy = f'did you mean "{meant}"?' if is_country(meant) else "write two capital letters, as in NO"
        table.problem("country", "this is no country code of ISO 3166-1", remedy)
    return code


def _recipients(table: Table, folder: Path, evidence: EvidenceMode) -> tuple[EvidencePublicKey, ...]:
    """Take `evidence_keys`: the public key files of those who may open records; needed when records are kept."""
    found = []
    for index, name in enumerate(table.texts("evidence_keys", required=False)):
        path = folder / name
        if not path.is_file():
            private = Path(name).with_suffix(".key")
            table.problem(
                "evidence_keys",
                "there is no such file",
                f"have the evidence officer run `police2peer key evidence {private}`, and give you {path.name}",
                index=index,
            )
            continue
        with table.catch("evidence_keys"):
            found.append(EvidencePublicKey.read(path))
    if evidence is EvidenceMode.ON and "evidence_keys" not in table:
        table.problem(
            "evidence",
            "records are asked for, and no key to seal them to is named",
            'write evidence_keys = ["evidence.pub"], or evidence = "off"',
        )
    with table.catch("evidence_keys"):
        check_recipients(evidence, tuple(found))
    return tuple(found)


def _spaces(table: Table, networks: Collection[NetworkName]) -> tuple[NetworkSpace, ...]:
    spaces = []
    for one in table.tables("spaces"):
        network = one.choice("network", NetworkName)
        if networks and "network" in one and network not in networks:
            one.problem("network", "the campaign is not on this network", "take the space out, or add the network")
        spaces.append(NetworkSpace(network, one.text("description"), one.text("grounds")))
        one.finish()
    covered = {space.network for space in spaces}
    for network in networks:
        if network not in covered:
            table.problem(
                "spaces",
                f"no suspected space is named for {network}",
                "write [[order.spaces]] with network, description and grounds",
            )
    return tuple(spaces)


def _approvers(table: Table, folder: Path) -> tuple[Approver, ...]:
    before = len(table.report.problems)
    approvers = []
    for one in table.tables("approvers"):
        name = one.text("name")
        approvers.append(Approver(name, read_key(one, folder)))
        one.finish()
    if len(table.report.problems) == before:
        with table.catch("approvers"):
            check_approvers(tuple(approvers))
    else:
        _tell_early(table, approvers)
    return tuple(approvers)


def _tell_early(table: Table, approvers: list[Approver]) -> None:
    """Tell a wrong number or a name twice even while a key is still missing."""
    with table.catch("approvers"):
        stand_ins = [bytes([place % 256]) * PUBLIC_KEY_BYTES for place in range(len(approvers))]
        named = zip(approvers, stand_ins, strict=True)
        check_approvers(tuple(Approver(one.name or str(key), key) for one, key in named))


def read_key(table: Table, folder: Path) -> bytes:
    """Take `public_key`: 64 hexadecimal digits, or the path of a file that holds them."""
    value = table.text("public_key")
    if not value:
        return b""
    try:
        return parse_public_key(value)
    except BadInput:
        path = folder / value
    if not path.is_file():
        private = Path(value).with_suffix(".key")
        table.problem(
            "public_key",
            "this is neither a public key nor a file",
            f"have this person run `police2peer key new {private}` and give you {Path(value).name}",
        )
        return b""
    with table.catch("public_key"):
        return read_public_key(path)
    return b""
