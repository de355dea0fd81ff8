# SPDX-License-Identifier: EUPL-1.2
"""A request as an officer writes it (TOML) -> `EvidenceRequest`; everything that is wrong is told at once.

Source: docs/evidence.md, "The request".
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from police2peer.campaign import EvidencePublicKey, OperationOrder
from police2peer.contacts.evidence.request import EvidenceRequest, Recipient, Selection, TransferGround
from police2peer.contacts.ladder import FIRST_CONTACT, Rung
from police2peer.errors import BadInput
from police2peer.strict_toml import Table, read_document

__all__ = ["read_request_file"]


class _Ground(StrEnum):
    """The words for a ground of transfer in a request's file."""

    ADEQUACY = "adequacy"
    SAFEGUARDS = "safeguards"
    DEROGATION = "derogation"
    RECIPIENT = "recipient"


_GROUNDS: Final = {
    _Ground.ADEQUACY: TransferGround.ADEQUACY,
    _Ground.SAFEGUARDS: TransferGround.SAFEGUARDS,
    _Ground.DEROGATION: TransferGround.DEROGATION,
    _Ground.RECIPIENT: TransferGround.RECIPIENT,
}


def read_request_file(path: Path, order: OperationOrder, now: datetime) -> EvidenceRequest:
    """Read a request. Raises `Problems`, a `BadInput`."""
    document = read_document(path)
    table = document.table("request")
    texts = {name: table.text(name) for name in ("id", "requester", "reason", "legal_ground")}
    table.finish()
    recipients = [_recipient(each, path.parent) for each in document.tables("recipients")]
    selection = _selection(document.table("selection"))
    document.finish()
    document.report.raise_if_any()
    if selection is None:
        raise BadInput("the request selects nothing", remedy="fill the table [selection]")
    return EvidenceRequest(
        **texts,
        order_id=order.id,
        recipients=tuple(each for each in recipients if each is not None),
        selection=selection,
        made_at=now,
    )


def _recipient(table: Table, folder: Path) -> Recipient | None:
    agency, country = table.text("agency"), table.text("country")
    ground = _GROUNDS[table.choice("transfer_ground", _Ground)] if "transfer_ground" in table else TransferGround.NONE
    text = table.text("transfer_text", "")
    key = None
    if name := table.text("key", ""):
        with table.catch("key"):
            key = EvidencePublicKey.read(folder / name)
    table.finish()
    with table.catch("agency"):
        return Recipient(agency, country, ground, text, key)
    return None


def _selection(table: Table) -> Selection | None:
    start, end = table.moment("from"), table.moment("until")
    lists = {name: table.texts(name, required=name in {"networks", "countries"}) for name in _LISTS}
    rung = table.integer("least_rung", int(FIRST_CONTACT), least=int(FIRST_CONTACT), most=int(Rung.CAME_BACK))
    table.finish()
    with table.catch("from"):
        return Selection(start, end, **lists, least_rung=Rung(rung))
    return None


_LISTS: Final = ("networks", "countries", "offers", "visits")
