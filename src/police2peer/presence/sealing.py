# SPDX-License-Identifier: EUPL-1.2
"""The ledger of a node, where the order demands one: opened before anything is offered, closed as the last thing.

Promise: without such an order there is no ledger, not even an empty folder. The private key of the ledger lies beside
it and not in it, so that a copied ledger is not continued elsewhere.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import EvidenceMode, OperationOrder, SignedOrder, new_signing_key, read_signing_key
from police2peer.contacts.ledger import (
    DUE,
    Ledger,
    LedgerSink,
    LedgerTerms,
    RecordMaker,
    build_sha256,
    due_segments,
    erase_segments,
    tool_version,
)
from police2peer.errors import BadInput
from police2peer.fleet import names_of
from police2peer.networks import Offer, OfferId
from police2peer.presence.catalogue_head import CatalogueHead
from police2peer.presence.node import Assignment, Clock
from police2peer.presence.settings import Settings

__all__ = ["erase_from_ledger", "opened_ledger"]


@contextmanager
def opened_ledger(
    settings: Settings,
    order: OperationOrder,
    assignment: Assignment,
    *,
    clock: Clock,
    random_bytes: Callable[[int], bytes],
) -> Iterator[LedgerSink | None]:
    """Give the sink that seals contacts; None when the order does not demand records.

    Raises `NotPermitted` when it does and names no key, `NotAuthentic` for another node's or a damaged ledger,
    `Unavailable` when another program writes to it.
    """
    if order.evidence is not EvidenceMode.ON:
        yield None
        return
    terms = LedgerTerms.under(order, tool_version=tool_version(), build_sha256=build_sha256())
    by_id: Mapping[OfferId, Offer] = {offer.id: offer for offer in assignment.offers}
    maker = RecordMaker(
        order=order,
        campaign_id=assignment.release.campaign_id,
        node=settings.node_name,
        offers=by_id.get,
        network_ids=names_of,
        tool_version=terms.tool_version,
        build_sha256=terms.build_sha256,
        catalogue_head=CatalogueHead(settings.catalogue / "public", settings.root, clock),
    )
    private = _ledger_key(settings.ledger_key)
    with Ledger(settings.ledger, settings.ledger_name, private, terms, random_bytes=random_bytes) as ledger:
        yield LedgerSink(ledger, maker, clock=clock)


def _ledger_key(path: Path) -> Ed25519PrivateKey:
    return read_signing_key(path) if path.exists() else new_signing_key(path)


def erase_from_ledger(
    settings: Settings, segments: Sequence[int], *, why: str | None, by: str, now: datetime
) -> tuple[int, ...]:
    """Destroy the keys of segments, or of all that are due when none is named; give which.

    Works after the order has ended, too: erasing needs no order in force. How the node ended before is recorded, as
    when it starts. Raises `BadInput` where there is no ledger.
    """
    if not settings.ledger.is_dir() or not settings.ledger_key.exists():
        raise BadInput("this unit has no ledger", remedy="give the folder of the node that wrote it")
    order = SignedOrder.from_bytes(settings.order.read_bytes()).order
    terms = LedgerTerms.under(order, tool_version=tool_version(), build_sha256=build_sha256())
    private = read_signing_key(settings.ledger_key)
    with Ledger(settings.ledger, settings.ledger_name, private, terms, random_bytes=os.urandom) as ledger:
        chosen = tuple(segments) or due_segments(ledger, now.date())
        if chosen:
            maker = RecordMaker(
                order=order,
                campaign_id="",
                node=settings.node_name,
                offers=lambda _: None,
                network_ids=lambda _: (),
                tool_version=terms.tool_version,
                build_sha256=terms.build_sha256,
            )
            sink = LedgerSink(ledger, maker, clock=lambda: datetime.now(UTC))
            erase_segments(ledger, chosen, why=why or DUE, by=by, now=now)
            sink.end("the node was stopped while keys were erased", with_rest=True)
        return chosen
